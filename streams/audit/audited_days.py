"""The days of which figures are computed anew: a window of them, or all that there are."""

from datetime import date

from dispatcher.figures.indicators import Window
from models.times import day_number

_AFTER_ALL = 99991231
ALL_DAYS = Window(last=_AFTER_ALL)


def audited_days(first: date | None, last: date | None) -> Window:
    """The window from one city-local day to another; None: from the first one, to the last."""
    begin, end = (None if day is None else day_number(day) for day in (first, last))
    return Window(last=end or _AFTER_ALL, first=begin)
