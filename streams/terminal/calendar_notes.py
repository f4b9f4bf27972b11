"""What is said of a calendar by the commands that count its days. It imports little: they start with it."""

from collections.abc import Sequence

from streams.terminal.harmless import say


def tell_bare_years(years: Sequence[int]) -> None:
    """Say of which of the years whose days are counted the calendar names no holidays; nothing where there is none."""
    if years:
        named = ", ".join(map(str, years))
        say(f"calendar.csv names no holidays of {named}: the days of then count as those of any week", err=True)
