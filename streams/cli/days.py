"""Days of a window as several commands take them: the first and the last one, by the city's calendar."""

from datetime import date

from models.errors import UsageError
from models.times import day_of_text

Bound = tuple[str, str]  # an option and what was given with it


def days_between(first: Bound, last: Bound) -> tuple[date | None, date | None]:
    """The days that two options give; None for no bound. Raises UsageError, also for a last one before the first."""
    begin, end = first_or_last(*first), first_or_last(*last)
    if begin is not None and end is not None and end < begin:
        raise UsageError(f"{last[0]} lies before {first[0]}")
    return begin, end


def first_or_last(option: str, given: str) -> date | None:
    """A day of a window as an option gives it; None for no end: without it, or with `all`. Raises UsageError."""
    if given in ("", "all"):
        return None
    try:
        return day_of_text(given)
    except ValueError as error:
        raise UsageError(f"{option} {given!r}: give a day like 2026-03-01, or all") from error
