"""The spellings of a time that devices use."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from models.times import DAY_MS, MINUTE_MS, to_ms

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
_EPOCH = re.compile(r"([1-7]\d{9})(\d{0,9})(?:\.(\d*))?")  # 2001 to 2223
_UNTIL_2033 = "1"  # so they begin: whatever begins so is no date of our days
_STAMP_DIGITS = len("yyyymmddhhmmss")
_SKEW_MS = MINUTE_MS  # so far a device's clock may be ahead of Kafka's
_MAX_CHARS = 100  # a longer text could keep the patterns busy for hours
# As C's asctime and ctime write it, with a zone or without.
_ASCTIME = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d{1,2}:\d\d:\d\d) (?:(UTC|GMT|[A-Z]{3,4}) )?(\d{4})")

_SIXTY = re.compile(r"(?<=\d\d:\d\d:)60(?!\d)", re.ASCII)


def read(text: str, zone: ZoneInfo, received: int | None = None) -> int:
    """Milliseconds UTC of ISO 8601, `yyyymmddhhmmss`, `yyyy-m-d h:mm:ss`, asctime, the date of a mail, or seconds,
    milli- or microseconds since 1970; local where it names no zone. The second 60 is the next one. Raises
    ValueError.

    When it was `received` (ms UTC) decides where that leaves two times open: in the hour that a zone's clocks have
    twice, and where a number may be a date or count from 1970 on. Without it the first one is meant, and the date.
    """
    if len(text) > _MAX_CHARS:
        raise ValueError("no time is that long")
    text = unicodedata.normalize("NFKC", text)
    epoch = _EPOCH.fullmatch(text)
    if epoch is not None and len(epoch[1] + epoch[2]) != _STAMP_DIGITS:
        counted = int(epoch[1]) * 1000 + int(f"{epoch[2] or epoch[3] or ''}000"[:3])
        if text.startswith(_UNTIL_2033) or (received is not None and _is_count(counted, text, zone, received)):
            return counted
    if (stamp := _COMPACT.fullmatch(text) or _STAMP.fullmatch(text)) is not None:
        return _of_stamp(stamp, zone, received)
    sixty = _SIXTY.search(text)
    if sixty is not None:  # neither of what is left has a leap second
        return read(f"{text[: sixty.start()]}59{text[sixty.end() :]}", zone, received) + 1_000
    if (words := _ASCTIME.fullmatch(text)) is not None:
        when = datetime.strptime(" ".join(words.group(1, 2, 3, 5)) + " +0000", "%b %d %H:%M:%S %Y %z")
        return to_ms(when) if words[4] in ("UTC", "GMT") else _of_local(when, zone, received)
    if len(text) <= len("2026-03-01"):
        raise ValueError("a day alone is no time")
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = _of_mail(text)
    return to_ms(when) if when.tzinfo else _of_local(when, zone, received)


def _is_count(counted: int, text: str, zone: ZoneInfo, received: int) -> bool:
    """Whether a number of so many digits counts from 1970 on, rather than being a date: by what lies nearer to when it
    was received, and nothing that was yet to come by a day."""
    if counted > received + DAY_MS:
        return False
    stamp = _COMPACT.fullmatch(text)
    try:
        return stamp is None or abs(received - counted) < abs(received - _of_stamp(stamp, zone, received))
    except ValueError:  # no such month, day or hour
        return True


def _of_local(when: datetime, zone: ZoneInfo, received: int | None) -> int:
    """The instant at which a zone's clocks show a time. Of two the second one, where it had come when that was
    received: the other one would be an hour old."""
    first, second = (to_ms(when.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    return second if received is not None and first < second <= received + _SKEW_MS else first


def _of_mail(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text)
    except (TypeError, IndexError) as error:  # how the library says that it is none
        raise ValueError("no date of a mail") from error


def _of_stamp(stamp: re.Match[str], zone: ZoneInfo, received: int | None) -> int:
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
    begun = datetime(year, month, day, 0 if ends_its_day else hour, minute)  # noqa: DTZ001 - as the device shows it
    when = begun + timedelta(days=ends_its_day, seconds=second, microseconds=micros)
    own = _own_zone(stamp)
    return _of_local(when, zone, received) if own is None else to_ms(when.replace(tzinfo=own))


def _own_zone(stamp: re.Match[str]) -> timezone | None:
    if stamp["utc"]:
        return UTC
    if not stamp["sign"]:
        return None
    away = timedelta(hours=int(stamp["away"]), minutes=int(stamp["minutes_away"] or 0))
    return timezone(-away if stamp["sign"] == "-" else away)
