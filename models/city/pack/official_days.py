"""The official Chinese holidays and make-up working days as rows of calendar.csv, from the package chinesecalendar."""

from chinese_calendar.constants import Holiday, holidays, workdays

from models.errors import UsageError

_NAMES = {holiday.value: holiday.chinese for holiday in Holiday}


def official_days(year: int) -> list[tuple[str, str, str]]:
    """The rows (date, kind, name) of one year, by date. Raises UsageError for a year that the package does not know."""
    known = sorted({day.year for day in holidays})
    if year not in known:
        raise UsageError(
            f"the official holidays of {year} are not known, only those of {known[0]} to {known[-1]}; "
            "a newer version of the package chinesecalendar may know more"
        )
    days = [(day, "holiday", name) for day, name in holidays.items() if day.year == year]
    days += [(day, "make-up", name) for day, name in workdays.items() if day.year == year]
    return [(day.isoformat(), kind, _NAMES.get(name, name)) for day, kind, name in sorted(days)]
