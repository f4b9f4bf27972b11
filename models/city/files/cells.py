"""The kinds of cells in a pack's tables: each turns the text of a cell into a value or says in words why not."""

import math
import re
import unicodedata
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

# What float() takes beyond this is no number of a table: 1_0, 1e308, inf. Full-width digits are (`_plain`), 4² is not.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
AS_DATE = re.compile(r"\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{2}|\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}月\d{1,2}日")
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HASH = re.compile(r"[0-9a-f]{32}")
_SPLIT = re.compile(r"\s*[|｜]\s*")
_YES = frozenset({"on", "yes", "true", "1", "是"})
_NO = frozenset({"off", "no", "false", "0", "否"})


WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKDAY, DAY_OFF = "workday", "day-off"  # by the city's calendar
_SLOT = re.compile(r"(\d{1,2}):([0-5]\d)-(\d{1,2}):([0-5]\d)")
DAY_MINUTES = 24 * 60
DROPPED = "-"
FOR_A_PERSON = "?"


class Bilingual(BaseModel):
    """What has a name in Chinese or English or in both: in the language in which it has none it is called as in the
    other."""

    name_zh: str
    name_en: str

    @model_validator(mode="before")
    @classmethod
    def _in_both(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        zh, en = given.get("name_zh"), given.get("name_en")
        return given | {"name_zh": zh or en, "name_en": en or zh} if zh or en else given


class Row(BaseModel):
    """One row of a table: frozen, without unknown columns; `row` is its line in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: int = 0


def _normal(value: object) -> str:
    # Spreadsheets and Chinese input methods produce full-width digits and signs.
    return unicodedata.normalize("NFKC", str(value)).strip()


def _plain(value: object) -> str:
    text = str(value).strip()
    # 4² would be read as 42, ① as 1.
    if not text.isascii() and any(unicodedata.category(sign) == "No" for sign in text):
        raise ValueError(f"{text!r} holds a raised or circled digit")
    return _normal(text)


def _number(value: object) -> float:
    text = _plain(value)
    number = float(text) if _NUMBER.fullmatch(text) or isinstance(value, float) else math.nan
    if not math.isfinite(number):  # of hundreds of digits neither
        raise ValueError(f"{str(value).strip()!r} is not a number")
    return number


def _whole(value: object) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError(f"{_plain(value)!r} is not a whole number")
    return int(number)


def _within(low: float, high: float, what: str) -> BeforeValidator:
    def check(value: object) -> float:
        number = _number(value)
        if not low <= number <= high:
            raise ValueError(f"{number:g} is not {what} ({low:g} to {high:g})")
        return number

    return BeforeValidator(check)


def _code(value: object) -> str:
    text = _plain(value)
    if not CODE.fullmatch(text):
        raise ValueError(f"{text!r} is not a code (a-z, 0-9 and single hyphens)")
    return text


def _id(value: object) -> str:
    text = str(value).strip()
    if not text:
        raise ValueError("is empty")
    if text != _normal(text):
        raise ValueError(
            f"{text!r} holds full-width characters or other look-alikes; as plain text it is {_normal(text)!r}"
        )
    if AS_DATE.fullmatch(text):
        raise ValueError(f"{text!r} is a date that a spreadsheet made of an id; format the column as text")
    return text


def _hash(value: object) -> str:
    text = _plain(value).lower()
    if not _HASH.fullmatch(text):
        raise ValueError(f"{text!r} is no reporter's hash (32 characters 0-9, a-f)")
    return text


def _code_or_any(value: object) -> str:
    return "*" if _plain(value) == "*" else _code(value)


def _meaning(value: object) -> str:
    return text if (text := _plain(value)) in (DROPPED, FOR_A_PERSON) else _code(value)


def _flag(value: object) -> bool:
    text = _plain(value).lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise ValueError(f"{text!r} is neither on nor off")


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    text = _plain(value)
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day has no zone
        except ValueError:
            continue
    raise ValueError(f"{text!r} is not a date (2026-05-01)")


def _moment(value: object) -> datetime:
    text = _plain(value).replace("T", " ")
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d"):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - local time, the pack's zone is added by the loader
        except ValueError:
            continue
    raise ValueError(f"{text!r} is not a local time (2026-05-01 08:00)")


def word_list(value: object) -> tuple[str, ...]:
    """The words of a cell, parted by bars, each once. Raises ValueError."""
    parts = value if isinstance(value, list | tuple) else _SPLIT.split(str(value))
    words: dict[str, None] = {}
    for part in parts:
        if not isinstance(part, str):
            raise ValueError(f"{part!r} is not a text")
        if part.strip():
            words[part.strip()] = None
    return tuple(words)


def _days(value: object) -> tuple[str, ...]:
    days = tuple(word.lower() for word in word_list(_plain(value) if isinstance(value, str) else value))
    for day in days:
        if day not in (*WEEK, WORKDAY, DAY_OFF):
            raise ValueError(f"{day!r} is none of {', '.join((*WEEK, WORKDAY, DAY_OFF))}")
    return days


def slot(text: str) -> tuple[int, int]:
    """From which and up to which minute of a day a slot lasts, `17:00-23:00`. Raises ValueError for what is none."""
    match = _SLOT.fullmatch(text)
    ends = [int(match[hour]) * 60 + int(match[hour + 1]) for hour in (1, 3)] if match else []
    if not ends or max(ends) > DAY_MINUTES:
        raise ValueError(f"{text!r} is not a slot (08:30-12:00)")
    return ends[0], ends[1]


def _times(value: object) -> tuple[tuple[int, int], ...]:
    if isinstance(value, tuple):
        return value
    times: list[tuple[int, int]] = []
    for start, end in map(slot, word_list(_plain(value))):
        if start % DAY_MINUTES == end % DAY_MINUTES:
            raise ValueError("a slot does not end when it begins; the whole day needs none")
        times.append((start, end if end > start else end + DAY_MINUTES))
    return tuple(times)


def corners(value: object) -> tuple[tuple[float, float], ...]:
    """The corners of an area in a cell, `lat lon` of each, parted by bars: three at least. Raises ValueError."""
    parts = value if isinstance(value, tuple) else [part.split() for part in _SPLIT.split(str(value).strip("|｜ "))]
    found = []
    for part in parts:
        if len(part) != 2:
            raise ValueError(f"{' '.join(map(str, part))!r} is no corner: its latitude and longitude, with a blank")
        lat, lon = map(_number, part)
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            raise ValueError(f"{lat:g} {lon:g} is no place: latitude first, then longitude")
        found.append((lat, lon))
    if len(found) < 3:
        raise ValueError("an area has three corners at least, with bars between them")
    return tuple(found)


def _codes_or_any(value: object) -> tuple[str, ...]:
    codes = tuple(_code_or_any(word) for word in word_list(value))
    if not codes:
        raise ValueError("is empty")
    return codes


def _codes(value: object) -> tuple[str, ...]:
    return tuple(_code(word) for word in word_list(value))


Number = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_whole)]
Latitude = Annotated[float, _within(-90, 90, "a latitude")]
Longitude = Annotated[float, _within(-180, 180, "a longitude")]
Minutes = Annotated[float, _within(0, 525_600, "a number of minutes")]  # up to a year
Share = Annotated[float, _within(0, 1, "a share")]
Code = Annotated[str, BeforeValidator(_code)]
# The name of a thing in another system, which keeps its capitals and signs.
Id = Annotated[str, BeforeValidator(_id)]
# What stands for a reporter (models.redact.reporter_hash): nobody can tell from it who it is.
Hash = Annotated[str, BeforeValidator(_hash)]
# What a camera's label means: a category, nothing that anybody has to do, or what a person must look at.
Meaning = Annotated[str, BeforeValidator(_meaning)]
CodeOrAny = Annotated[str, BeforeValidator(_code_or_any)]
Codes = Annotated[tuple[str, ...], BeforeValidator(_codes)]
CodesOrAny = Annotated[tuple[str, ...], BeforeValidator(_codes_or_any)]
WordList = Annotated[tuple[str, ...], BeforeValidator(word_list)]
Corners = Annotated[tuple[tuple[float, float], ...], BeforeValidator(corners)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Day = Annotated[date, BeforeValidator(_day)]
# Days of the week, working days and days off; of none given: every day.
Days = Annotated[tuple[str, ...], BeforeValidator(_days)]
# Slots of a day in minutes from its beginning; the end of one that goes on past midnight lies beyond 24 hours.
Times = Annotated[tuple[tuple[int, int], ...], BeforeValidator(_times)]
LocalTime = Annotated[datetime, BeforeValidator(_moment)]
