"""Instants: integer milliseconds since 1970-01-01T00:00:00Z inside, RFC 3339 text in UTC on the wire.

Days of a city stand as the number yyyymmdd in facts, figures and order ids. A city's *wall clock* is counted like
instants: milliseconds since 1970-01-01T00:00 as the clocks on its walls show it.
"""

import re
import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_QUARTER_MS = 15 * MINUTE_MS
# How far from a change of the clocks `from_wall` trusts one offset. The wall clock lies at most 14 hours from UTC, and
# a change moves it by a day at most (Samoa left out the 30th of December 2011).
_STEADY_HOURS = 40

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WALL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of no zone: it is where the wall clock is counted from
_FIRST_DAY = _EPOCH.toordinal()
_MILLISECOND = timedelta(milliseconds=1)
_MINUTES = tuple(f"T{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60))
_SECONDS = tuple(f"{n:02d}." for n in range(60))
# RFC 3339, 5.6: fromisoformat takes all of ISO 8601, such as 20260301T080000Z or 2026-W09-7T08:00Z.
_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_SECOND = slice(17, 19)  # where the seconds stand in such a text
_DAY_SECONDS = DAY_MS // 1_000
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MILLISECONDS = tuple(f"{n:03d}Z" for n in range(1000))


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
    return _minute_text(instant // MINUTE_MS) + _SECONDS[instant // 1000 % 60] + _MILLISECONDS[instant % 1000]


@lru_cache(maxsize=16384)
def _minute_text(minute: int) -> str:
    """The text of an instant up to its minute, "2026-03-01T08:00:": UTC's minutes all have sixty seconds."""
    day, minute = divmod(minute, len(_MINUTES))
    return _day(day).isoformat() + _MINUTES[minute]


def from_text(text: str) -> int:
    """The instant of an RFC 3339 text; a leap second, 23:59:60 of UTC, is the second after it, as computers have none.
    Raises ValueError when it is not one or has no zone."""
    if _RFC_3339.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no RFC 3339 time")
    if text[_SECOND] != "60":
        return to_ms(datetime.fromisoformat(text.upper()))
    second_before = to_ms(datetime.fromisoformat(f"{text[: _SECOND.start]}59{text[_SECOND.stop :]}".upper()))
    if second_before // 1_000 % _DAY_SECONDS != _DAY_SECONDS - 1:
        raise ValueError(f"{text!r} has a leap second where UTC has none")
    return second_before + 1_000


def day_of_text(text: str) -> date:
    """The calendar day of a text such as 2026-03-01. Raises ValueError for every other spelling, and for no day."""
    if _DAY.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no day such as 2026-03-01")
    return date.fromisoformat(text)


def local_day(instant: int, zone: ZoneInfo) -> date:
    """The calendar day on which an instant falls in a city's zone."""
    quarter = _quarter(instant // _QUARTER_MS, zone)
    return from_ms(instant).astimezone(zone).date() if quarter is None else quarter.day


def local_hour(instant: int, zone: ZoneInfo) -> int:
    """The hour of the day, 0 to 23, in which an instant falls in a city's zone."""
    quarter = _quarter(instant // _QUARTER_MS, zone)
    return from_ms(instant).astimezone(zone).hour if quarter is None else quarter.hour


def to_wall(instant: int, zone: ZoneInfo) -> int:
    """What the wall clock shows at an instant. Where the clocks are set back, two instants show the same."""
    quarter = _quarter(instant // _QUARTER_MS, zone)
    return instant + (_offset(instant, zone) if quarter is None else quarter.offset)


def from_wall(wall: int, zone: ZoneInfo) -> int:
    """The instant at which the wall clock shows this: the first of two; of a time that is skipped, the instant at which
    it would have come without the change."""
    offset = _steady_offset(wall // HOUR_MS, zone)
    if offset is None:
        return to_ms((_WALL_EPOCH + wall * _MILLISECOND).replace(tzinfo=zone))
    return wall - offset


def wall_midnight(day: date) -> int:
    """The wall clock as a calendar day begins."""
    return (day.toordinal() - _FIRST_DAY) * DAY_MS


def wall_day(wall: int) -> date:
    """The calendar day that the wall clock stands in."""
    return _day(wall // DAY_MS)


@lru_cache(maxsize=4096)
def _day(number: int) -> date:
    """The calendar day with this number, counted from 1970-01-01."""
    return date.fromordinal(number + _FIRST_DAY)


def _offset(instant: int, zone: ZoneInfo) -> int:
    offset = from_ms(instant).astimezone(zone).utcoffset()
    assert offset is not None  # an aware datetime has one
    return offset // _MILLISECOND


class _Quarter(NamedTuple):
    """A quarter of an hour in a city: what its wall clock is ahead of UTC (ms), the day and the hour on it."""

    offset: int
    day: date
    hour: int


@lru_cache(maxsize=16384)
def _quarter(number: int, zone: ZoneInfo) -> _Quarter | None:
    """The quarter of an hour with this number since 1970; None where its ends differ.

    It holds for every instant of it: no zone since 1970 has changed its clocks and changed them back within days, so
    what offset, day and hour are at both ends they are between.
    """
    first, last = number * _QUARTER_MS, (number + 1) * _QUARTER_MS - 1
    offset = _day_s_offset(first // DAY_MS, zone)
    offsets = (_offset(first, zone), _offset(last, zone)) if offset is None else (offset, offset)
    begin, end = (_in_quarter(at, own) for at, own in zip((first, last), offsets, strict=True))
    return begin if begin == end else None


def _in_quarter(instant: int, offset: int) -> _Quarter:
    wall = instant + offset
    return _Quarter(offset, wall_day(wall), wall // HOUR_MS % 24)


@lru_cache(maxsize=4096)
def _day_s_offset(number: int, zone: ZoneInfo) -> int | None:
    """The zone's offset (ms) all through a day of UTC, counted from 1970; None where the clocks change on it."""
    begin, end = _offset(number * DAY_MS, zone), _offset((number + 1) * DAY_MS - 1, zone)
    return begin if begin == end else None


@lru_cache(maxsize=16384)
def _steady_offset(hour: int, zone: ZoneInfo) -> int | None:
    """The zone's offset (ms) around an hour that is counted on its wall clock; None where the clocks change nearby.

    Far from any change there is one offset only to take from the wall clock, and one instant that shows it.
    """
    first, *others = (
        _offset((hour + distance) * HOUR_MS, zone) for distance in (-_STEADY_HOURS, 0, 1, _STEADY_HOURS + 1)
    )
    return first if all(other == first for other in others) else None


def day_number(day: date) -> int:
    """A calendar day as the number yyyymmdd."""
    return day.year * 10_000 + day.month * 100 + day.day


def numbered_day(number: int) -> date:
    """The calendar day of a number yyyymmdd. Raises ValueError when it is none."""
    return date(number // 10_000, number // 100 % 100, number % 100)
