"""Instants: integer milliseconds since 1970-01-01T00:00:00Z inside, RFC 3339 text in UTC on the wire.

Days of a city stand as the number yyyymmdd in facts, figures and order ids.
"""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def now_ms() -> int:
    """The wall clock, in milliseconds UTC. Not for the dispatcher: what it decides, it decides by the inbox's clock."""
    return time.time_ns() // 1_000_000


def to_ms(moment: datetime) -> int:
    """The instant of an aware datetime in milliseconds, rounded down. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone names no instant")
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(instant: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + instant * _MILLISECOND


def to_text(instant: int) -> str:
    """RFC 3339 with milliseconds, e.g. 2026-03-01T08:00:00.000Z."""
    return from_ms(instant).isoformat(timespec="milliseconds")[:23] + "Z"


def from_text(text: str) -> int:
    """The instant of an RFC 3339 text. Raises ValueError when it is not one or has no zone."""
    return to_ms(datetime.fromisoformat(text))


def local_day(instant: int, zone: ZoneInfo) -> date:
    """The calendar day on which an instant falls in a city's zone."""
    return from_ms(instant).astimezone(zone).date()


def day_number(day: date) -> int:
    """A calendar day as the number yyyymmdd."""
    return day.year * 10_000 + day.month * 100 + day.day


def numbered_day(number: int) -> date:
    """The calendar day of a number yyyymmdd. Raises ValueError when it is none."""
    return date(number // 10_000, number // 100 % 100, number % 100)
