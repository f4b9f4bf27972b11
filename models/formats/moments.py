"""The spellings of a time that devices use."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from models.times import to_ms

_ZONE = (
    r"(?:(?:UTC|GMT)?(?P<sign>[+-])(?P<away>\d{1,2})(?::?(?P<minutes_away>[0-5]\d))?|(?P<utc>[Zz]|UTC|GMT))?"
    r"(?:\[[\w/+-]+\])?"  # the name that Java's ZonedDateTime adds
)
# Without leading zeros, with one of several separators, with or without seconds, half of the day and zone.
_STAMP = re.compile(
    r"(?P<year>\d{4})(?:[-/.]|年)(?P<month>\d{1,2})(?:[-/.]|月)(?P<day>\d{1,2})日?[Tt ]?\s*"
    r"(?P<hour>\d{1,2})[:时](?P<minute>\d{1,2})(?:[:分](?P<second>\d{1,2})秒?(?:[.,:](?P<fraction>\d{0,9}))?)?"
    r"\s*(?P<half>[AaPp][Mm])?\s*" + _ZONE
)
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)[Tt]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?"
    r"(?:\.?(?P<fraction>\d{1,9}))?(?P<half>)" + _ZONE
)
_EPOCH = re.compile(r"(1\d{9})(\d{0,9})(?:\.(\d*))?")  # until 2033
_STAMP_DIGITS = len("yyyymmddhhmmss")
_MAX_CHARS = 100  # a longer text could keep the patterns busy for hours
# As C's asctime and ctime write it, with a zone or without.
_ASCTIME = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d{1,2}:\d\d:\d\d) (?:(UTC|GMT|[A-Z]{3,4}) )?(\d{4})")

_SIXTY = re.compile(r"(?<=\d\d:\d\d:)60(?!\d)", re.ASCII)


def read(text: str, zone: ZoneInfo) -> int:
    """Milliseconds UTC of ISO 8601, `yyyymmddhhmmss`, `yyyy-m-d h:mm:ss`, asctime, the date of a mail, or seconds,
    milli- or microseconds since 1970; local where it names no zone. The second 60 is the next one. Raises
    ValueError."""
    if len(text) > _MAX_CHARS:
        raise ValueError("no time is that long")
    text = unicodedata.normalize("NFKC", text)
    epoch = _EPOCH.fullmatch(text)
    if epoch is not None and len(epoch[1] + epoch[2]) != _STAMP_DIGITS:
        return int(epoch[1]) * 1000 + int(f"{epoch[2] or epoch[3] or ''}000"[:3])
    if (stamp := _COMPACT.fullmatch(text) or _STAMP.fullmatch(text)) is not None:
        return _of_stamp(stamp, zone)
    sixty = _SIXTY.search(text)
    if sixty is not None:  # neither of what is left has a leap second
        return read(f"{text[: sixty.start()]}59{text[sixty.end() :]}", zone) + 1_000
    if (words := _ASCTIME.fullmatch(text)) is not None:
        when = datetime.strptime(" ".join(words.group(1, 2, 3, 5)) + " +0000", "%b %d %H:%M:%S %Y %z")
        return to_ms(when if words[4] in ("UTC", "GMT") else when.replace(tzinfo=zone))
    if len(text) <= len("2026-03-01"):
        raise ValueError("a day alone is no time")
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = _of_mail(text)
    return to_ms(when if when.tzinfo else when.replace(tzinfo=zone))


def _of_mail(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text)
    except (TypeError, IndexError) as error:  # how the library says that it is none
        raise ValueError("no date of a mail") from error


def _of_stamp(stamp: re.Match[str], zone: ZoneInfo) -> int:
    year, month, day, hour, minute, second = (
        int(stamp[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    if stamp["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(f"there is no {hour} o'clock {stamp['half']}")
        hour = hour % 12 + (12 if stamp["half"].lower() == "pm" else 0)
    ends_its_day = hour == 24 and minute == second == 0
    if second > 60:
        raise ValueError(f"there is no second {second}")
    micros = int((stamp["fraction"] or "0")[:6].ljust(6, "0"))
    begun = datetime(year, month, day, 0 if ends_its_day else hour, minute, tzinfo=_zone(stamp, zone))
    return to_ms(begun + timedelta(days=ends_its_day, seconds=second, microseconds=micros))


def _zone(stamp: re.Match[str], zone: ZoneInfo) -> timezone | ZoneInfo:
    if stamp["utc"]:
        return UTC
    if not stamp["sign"]:
        return zone
    away = timedelta(hours=int(stamp["away"]), minutes=int(stamp["minutes_away"] or 0))
    return timezone(-away if stamp["sign"] == "-" else away)
