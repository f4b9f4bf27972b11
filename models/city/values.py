"""The rows of a pack's tables as frozen values. Every value knows the line it came from (`row`)."""

from typing import Literal

import msgspec
from pydantic import Field, model_validator

from models.city.files.cells import (
    DAY_MINUTES,
    Bilingual,
    Code,
    CodeOrAny,
    Codes,
    CodesOrAny,
    Day,
    Days,
    Flag,
    Hash,
    Id,
    Latitude,
    LocalTime,
    Longitude,
    Meaning,
    Minutes,
    Number,
    Row,
    Share,
    Times,
    Whole,
    WordList,
)

_YEARS_MAX = 10  # longer limits and windows are slips of the pen: with larger ones the calendar ends
_DAYS_MAX = _YEARS_MAX * 365
URGENT = 1  # the priority of what is a matter of life and limb 紧急
ORDINARY = 3  # the priority of what nothing says another one of
LimitStage = Literal["review", "accept", "handle", "check", "return", "arbitration", "whole"]
Unit = Literal["hour24", "work-hour", "work-day", "day"]
_AMOUNT_MAX: dict[Unit, int] = {
    "hour24": _DAYS_MAX * 24,
    "work-hour": _YEARS_MAX * 2_000,
    "work-day": _YEARS_MAX * 250,
    "day": _DAYS_MAX,
}


class Department(Row, Bilingual):
    """A department 部门; its id is also the suffix of its assignments topic. Level 1: city bureaus; below them stand
    streets, communities, grid officers (市→镇街→社区→网格). `parent` is the department that it stands below. A `hub`
    下级平台 is a platform of its own: its orders go there by `paidan bridge`."""

    id: Code
    level: Whole = Field(default=1, ge=1, le=20)
    parent: Code = ""
    webhook: str = ""
    hub: Flag = False


class Category(Row, Bilingual):
    """A category of incidents 事件类别, or, without `parent`, a group of them.

    Sightings of one merge `group` within `merge_radius_m` metres and `merge_hours` hours may be one incident, unless
    `merge` is off; detections become an order at `min_sightings`, of priority 1 at the first. Where `file_at` is given
    it is instead how sure they are together, 0 to 1, that decides; from `verify_at` on a person is asked, from
    `urgent_at` on it is of priority 1.
    `priority` runs from 1 (most urgent) to 5; `cost` weighs a wrong dispatch. `assets` are the kinds of assets that it
    is about 部件.
    """

    code: Code
    parent: Code = ""
    group: Code = ""
    keywords: WordList = ()
    merge_radius_m: Number = Field(default=50.0, ge=0, le=100_000)
    merge_hours: Number = Field(default=24.0, ge=0, le=_DAYS_MAX * 24)
    min_sightings: Whole = Field(default=1, ge=1, le=1_000)
    verify_at: Share | None = None
    file_at: Share | None = None
    urgent_at: Share | None = None
    priority: Whole = Field(default=ORDINARY, ge=1, le=5)
    cost: Number = Field(default=1.0, gt=0, le=1_000_000)
    merge: Flag = True
    assets: WordList = ()

    @model_validator(mode="after")
    def _rising(self) -> "Category":
        given = [share for share in (self.verify_at, self.file_at, self.urgent_at) if share is not None]
        if given != sorted(given):
            raise ValueError("verify_at: verify_at, file_at and urgent_at must not fall, in this order")
        return self


class Responsibility(Row):
    """Who leads and who assists 责任主体: a category or group (`*`: all) in an area (`*`: everywhere).

    Valid from and to the end of the given local days; None is open-ended. `row` is part of an assignment's reason.
    `above` is the department that hands orders down by this row; without it the row is dispatching's.
    """

    category: CodeOrAny
    area: CodeOrAny = "*"
    above: Code = ""
    lead: Code
    assists: Codes = ()
    valid_from: Day | None = None
    valid_to: Day | None = None


class Limit(Row):
    """How long a stage may take 时限: `amount` of hour24 (round the clock), work-hour, work-day or day; with
    `priority`, for orders of that priority alone. `condition_zh` and `condition_en` are what the condition is called;
    they may stand in any of its rows."""

    category: CodeOrAny
    condition: str = ""
    condition_zh: str = ""
    condition_en: str = ""
    priority: Whole | None = Field(default=None, ge=1, le=5)
    stage: LimitStage
    amount: Whole = Field(gt=0)
    unit: Unit

    @model_validator(mode="after")
    def _bounded(self) -> "Limit":
        most = _AMOUNT_MAX[self.unit]
        if self.amount > most:
            raise ValueError(f"amount: {self.amount} {self.unit} is longer than {_YEARS_MAX} years (at most {most})")
        return self


class Raise(Row):
    """An order of `category` that at least `seen_by` different reporters and cameras have seen is at least as urgent
    as `priority` 升级."""

    category: CodeOrAny
    seen_by: Whole = Field(ge=2, le=1_000)
    priority: Whole = Field(ge=1, le=5)


class PlanPart(Row, Bilingual):
    """One part of a joint order 联办/一件事: every order that goes by `plan` has a part of `category` for `department`
    (empty: the one that is responsible), which begins when the parts named in `after` are settled (empty: at once)."""

    plan: Code
    part: Code
    category: Code
    condition: str = ""
    department: Code = ""
    assists: Codes = ()
    after: Codes = ()


class Retention(Row):
    """The words of reports of `category` are destroyed so many days after their order's end 保存期限."""

    category: CodeOrAny
    days: Whole = Field(ge=1, le=100 * 365)


class StandardText(Row):
    """A sentence that is offered as its reason 常用语 to whoever takes an `action` with an order of `category`."""

    action: str
    category: CodeOrAny = "*"
    text: str = Field(min_length=1, max_length=1_000)


class Inspector(Row):
    """An inspector 核查员 who is given checks in `areas` (`*`: everywhere): where they set out from, if known, and how
    many checks the desk gives them at most at a time (None: any number). `id` is the person's, as a token names it."""

    id: Id
    areas: CodesOrAny
    lat: Latitude | None = None
    lon: Longitude | None = None
    checks_max: Whole | None = Field(default=None, ge=0, le=1_000)


class Citizen(Row):
    """A citizen of the pool 市民监督员 who has agreed to judge closed orders in `areas` (`*`: everywhere). `id` is the
    hash under which their reports are kept, so a pack names nobody."""

    id: Hash
    areas: CodesOrAny


class MobileUnit(Row):
    """A mobile unit 移动单元 (两车一机): a car, an officer or a drone that is sent to look at what happens in `areas`
    (`*`: everywhere). `skills` are the categories and groups that it is sent for (none: all), `department` whose it is,
    so that it never checks what that has handled. `id` is also the suffix of its topic of tasks."""

    id: Code
    kind: Literal["car", "officer", "drone"]
    areas: CodesOrAny
    department: Code = ""
    skills: Codes = ()


class Camera(msgspec.Struct, frozen=True, gc=False):
    """A camera 摄像头 and the department that keeps it running (`owner`); a city has hundreds of thousands.

    It is missed when it has been silent for `heartbeat_minutes` (None: as long as the city says; 0: never). `link` is
    what it hangs on with others, a switch or a site.
    """

    row: int
    id: str
    lat: float
    lon: float
    area: str
    name: str
    owner: str
    heartbeat_minutes: float | None = None
    link: str = ""


class CameraRow(Row):
    """A row of cameras.csv."""

    id: Id
    lat: Latitude
    lon: Longitude
    area: Code
    name: str
    owner: Code
    heartbeat_minutes: Minutes | None = None
    link: str = ""


class LabelRule(Row):
    """What a detection with this label is, from `min_confidence` on; `*` stands for any vendor, algorithm or label.

    `category` is `-` for what opens no order on purpose, and `?` for what a person is to look at.
    """

    vendor: str = "*"
    algorithm: str = "*"
    label: str
    category: Meaning
    min_confidence: Share = 0.0


class Inhibition(Row):
    """While an order of category `parent` is open, sightings of `child` (a category or group) in its area and within
    `radius_m` metres of it are its evidence and open no order of their own 抑制."""

    parent: Code
    child: Code
    reason: str = ""
    radius_m: Number = Field(default=1_000.0, ge=0, le=100_000)


class Silence(Row):
    """A control zone 管控区域: sightings of `category` in `area` count as suppressed from `from` up to, not
    including, `to`, local times of the city; where `days` or `times` are given, on these days and in these slots
    alone 分时管控. A slot that goes on past midnight is one of the day on which it begins."""

    model_config = Row.model_config | {"populate_by_name": True}

    area: CodeOrAny
    category: CodeOrAny
    from_local: LocalTime = Field(alias="from")
    to_local: LocalTime = Field(alias="to")
    owner: str
    reason: str
    days: Days = ()
    times: Times = ()

    @property
    def zone(self) -> str:
        """What it is called where it is lifted while the city runs: the same in each pack that has the row. One place
        may have several from one day on, such as on working days and on days off: their days and slots tell them apart.
        """
        return " ".join((self.area, self.category, f"{self.from_local:%Y-%m-%dT%H:%M}", *self.days, *self.slots))

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots in which it holds, as the table has them: `17:00-23:00`."""
        return tuple(f"{_clock(start)}-{_clock(end)}" for start, end in self.times)


def _clock(minute: int) -> str:
    """A time of day; of the next one where it lies beyond 24:00."""
    hour, minute = divmod(minute if minute <= DAY_MINUTES else minute - DAY_MINUTES, 60)
    return f"{hour:02}:{minute:02}"
