"""A list of orders as a table 台账, for whoever goes on with it in a spreadsheet."""

import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from models.city import City
from streams.gateway.orders.order_document import STATE_NAMES
from streams.tables.protocol import Brief, shortened
from streams.terminal.safe_csv import write_safe_csv

MOST_ROWS = 5_000
_COLUMNS = (
    "id", "state", "state_zh", "title", "category", "category_zh", "category_en", "area", "area_zh", "area_en",
    "department", "department_zh", "department_en", "priority", "address", "lat", "lon", "opened_at", "last_at", "due",
    "overdue_at", "supervision", "evidence_count", "marks",
)  # fmt: skip


def as_csv(lines: Iterable[Brief], city: City) -> bytes:
    """CSV as spreadsheets read it: UTF-8 behind a byte-order mark, no text a formula; codes with their names, times by
    the city's clocks as in the tables of its pack."""
    file = io.StringIO()
    write_safe_csv(_COLUMNS, (tuple(_cells(line, city)) for line in lines), file)
    return file.getvalue().encode("utf-8-sig")


def _cells(line: Brief, city: City) -> Iterator[object]:
    yield from (line.id, line.state, STATE_NAMES[line.state][0], shortened(line.title))
    names = (
        (line.category, city.categories.get(line.category)),
        (line.area, city.areas.get(line.area)),
        (line.department, city.departments.get(line.department)),
    )
    for code, known in names:
        yield from (code, "", "") if known is None else (code, known.name_zh, known.name_en)
    yield from (line.priority, line.address, line.lat, line.lon)
    for instant in (line.opened_at, line.last_at, line.due, line.overdue_at):
        yield _local(instant, city.zone)
    yield from (line.supervision, line.evidence_count, "|".join(line.marks))


def _local(instant: int | None, zone: ZoneInfo) -> str:
    return "" if instant is None else f"{datetime.fromtimestamp(instant // 1000, zone):%Y-%m-%d %H:%M:%S}"
