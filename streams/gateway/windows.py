"""City-local days in questions, RFC 3339 in answers."""

from datetime import date

from dispatcher.figures.indicators import Window
from models.city import City
from models.times import day_number, day_of_text, local_day, now_ms
from streams.gateway.http.problems import Problem


def window(city: City, first: str | None, last: str | None) -> Window:
    """City-local days, both included, from `YYYY-MM-DD` texts.

    Without `last` up to today, without `first` from the first of that month on; `first` may be `all`. Raises Problem.
    """
    end = _day("to", last) if last is not None else local_day(now_ms(), city.zone)
    if first == "all":
        return Window(last=day_number(end))
    begin = _day("from", first) if first is not None else end.replace(day=1)
    if begin > end:
        raise Problem(422, "invalid", "from must not be later than to", field="from", rule="must not be later than to")
    return Window(last=day_number(end), first=day_number(begin))


def _day(field: str, text: str) -> date:
    try:
        return day_of_text(text)
    except ValueError:
        raise Problem(
            422, "invalid", f"{field} must be a day such as 2026-03-01", field=field, rule="must be a day"
        ) from None
