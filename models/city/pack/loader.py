"""A folder of files, or their bytes, to a checked city."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

from models.city import calendar as calendar_file
from models.city import geojson as areas_file
from models.city import rules as rules_file
from models.city.areas import Areas
from models.city.calendar import CalendarRow, read_calendar
from models.city.categories import FILE as CATEGORIES
from models.city.categories import read_categories
from models.city.city import City
from models.city.files.cells import Bilingual, Code, Codes, Row
from models.city.files.csv_table import read_registry, read_table
from models.city.files.errors import CityError, Problems
from models.city.files.toml import Toml
from models.city.geojson import read_areas
from models.city.ground.assets import Asset, AssetRow, AssetTable
from models.city.lookups import (
    AreaTable,
    Hierarchy,
    LabelTable,
    LimitTable,
    RaiseTable,
    ResponsibilityTable,
    RetentionTable,
    StandardTexts,
    UnitTable,
)
from models.city.pack.camera_registry import FILE as CAMERAS
from models.city.pack.camera_registry import CameraRegistry, read_cameras
from models.city.pack.check import check_references
from models.city.places import Place, PlaceRow, Places
from models.city.rules import read_rules
from models.city.silences import SilenceTable
from models.city.tunables import CitySettings
from models.city.values import (
    Camera,
    Citizen,
    Department,
    Inhibition,
    Inspector,
    LabelRule,
    Limit,
    MobileUnit,
    PlanPart,
    Raise,
    Responsibility,
    Retention,
    Silence,
    StandardText,
)

CITY = "city.toml"
REQUIRED = (
    CITY,
    areas_file.FILE,
    calendar_file.FILE,
    CATEGORIES,
    "departments.csv",
    "limits.csv",
    "responsibility.csv",
)
OPTIONAL = (
    "assets.csv",
    "cameras.csv",
    "citizens.csv",
    "inhibitions.csv",
    "inspectors.csv",
    "plans.csv",
    "labels.csv",
    "places.csv",
    "priorities.csv",
    "retention.csv",
    rules_file.FILE,
    "silences.csv",
    "standard_texts.csv",
    "units.csv",
)
_PACK_ENDINGS = (".csv", ".toml", ".geojson")
_LEVELS = ("city", "district", "town")  # where city.toml names none

R = TypeVar("R", bound=Row)
T = TypeVar("T")


def load_city(path: Path) -> City:
    """The city of a pack folder. Raises CityError with all mistakes, each with file, line and field."""
    try:
        if not path.is_dir():
            raise CityError([f"{path}: is not a folder with a city pack"])
        files = {file.name: file.read_bytes() for file in sorted(path.iterdir()) if is_pack_file(file)}
    except OSError as error:
        raise CityError([f"{error.filename}: cannot be read: {error.strerror}"]) from error
    return read_city(files)


def is_pack_file(file: Path) -> bool:
    """True for the files of a pack folder that belong to the pack; notes and sample data beside them do not."""
    return file.is_file() and file.suffix in _PACK_ENDINGS and not file.name.startswith((".", "~"))


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):  # unknown, malformed, or the name of a folder
        raise ValueError(f"{value!r} is not an IANA time zone (Asia/Shanghai)") from None


class _CityTable(Bilingual):
    """The head of city.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    id: Code
    zone: Annotated[ZoneInfo, BeforeValidator(_zone)]
    languages: Codes = ("zh", "en")
    levels: Codes = Field(default=_LEVELS, min_length=1)
    merge_level: Code = "town"
    settings: CitySettings = CitySettings()


def read_city(files: Mapping[str, bytes]) -> City:
    """The city of a pack's files by name. Raises CityError with all mistakes."""
    city, problems = read_as_far_as_possible(files)
    problems.raise_if_any()
    return city


def read_as_far_as_possible(files: Mapping[str, bytes]) -> tuple[City, Problems]:
    """What the files say where they can be read, and all mistakes. Where there are any, rows are missing: the city is
    for comparing with, and decides nothing."""
    problems = Problems()
    for name in files:
        if name not in REQUIRED and name not in OPTIONAL:
            problems.add(name, 1, "", f"is not a file of a city pack (known: {', '.join((*REQUIRED, *OPTIONAL))})")
    for name in REQUIRED:
        if name not in files:
            problems.add(name, 1, "", "the file is missing")
            problems.unread.add(name)
    head = _read_head(files[CITY], problems) if CITY in files else _fallback({})

    def rows(name: str, row_type: type[R]) -> list[R]:
        return read_table(name, files[name], row_type, problems) if name in files else []

    def registered(name: str, row_type: type[Row], make: Callable[..., T]) -> list[T]:
        return read_registry(name, files[name], row_type, make, problems) if name in files else []

    areas = (
        read_areas(files[areas_file.FILE], head.levels, head.merge_level, problems)
        if areas_file.FILE in files
        else Areas((), {}, head.merge_level)
    )
    category_rows = read_categories(files[CATEGORIES], problems) if CATEGORIES in files else []
    categories = MappingProxyType({row.code: row for row in category_rows})
    department_rows = rows("departments.csv", Department)
    departments = MappingProxyType({row.id: row for row in department_rows})
    cameras = read_cameras(files[CAMERAS], problems) if CAMERAS in files else CameraRegistry([], {})
    place_rows = registered("places.csv", PlaceRow, Place)
    calendar_rows = rows(calendar_file.FILE, CalendarRow)
    calendar = read_calendar(calendar_rows, head.zone, problems)
    contents = {name: bytes(files[name]) for name in sorted(files)}
    city = City(
        id=head.id,
        name_zh=head.name_zh,
        name_en=head.name_en,
        zone=head.zone,
        languages=head.languages,
        levels=head.levels,
        merge_level=head.merge_level,
        settings=head.settings,
        departments=departments,
        hierarchy=Hierarchy(departments),
        categories=categories,
        areas=areas,
        places=Places(place_rows, areas, head.merge_level),
        cameras=MappingProxyType({row.id: row for row in cameras.rows}),
        cameras_by_area=_by_area(cameras.rows),
        camera_algorithms=MappingProxyType(cameras.algorithms),
        assets=AssetTable(registered("assets.csv", AssetRow, Asset)),
        inspectors=AreaTable(rows("inspectors.csv", Inspector), areas),
        citizens=AreaTable(rows("citizens.csv", Citizen), areas),
        units=UnitTable(rows("units.csv", MobileUnit), areas, head.merge_level),
        plan_parts=tuple(rows("plans.csv", PlanPart)),
        labels=LabelTable(rows("labels.csv", LabelRule)),
        responsibility=ResponsibilityTable(rows("responsibility.csv", Responsibility), areas, categories),
        limits=LimitTable(rows("limits.csv", Limit), categories),
        raises=RaiseTable(rows("priorities.csv", Raise), categories),
        calendar=calendar,
        rules=read_rules(files.get(rules_file.FILE, b""), areas, categories, problems),
        inhibitions=tuple(rows("inhibitions.csv", Inhibition)),
        silences=SilenceTable(rows("silences.csv", Silence), areas, categories, calendar),
        retention=RetentionTable(rows("retention.csv", Retention), categories),
        standard_texts=StandardTexts(rows("standard_texts.csv", StandardText), categories),
        files=MappingProxyType(contents),
        digest=digest_of(contents),
    )
    check_references(city, category_rows, department_rows, cameras.rows, problems)
    return city, problems


def _by_area(cameras: Iterable[Camera]) -> Mapping[str, tuple[Camera, ...]]:
    found: dict[str, list[Camera]] = {}
    for camera in cameras:
        found.setdefault(camera.area, []).append(camera)
    return MappingProxyType({area: tuple(there) for area, there in found.items()})


def digest_of(files: Mapping[str, bytes]) -> str:
    """16 hex characters of SHA-256 over the names and bytes of the files, in the order of their names."""
    total = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()[:16]


def _read_head(content: bytes, problems: Problems) -> _CityTable:
    source = Toml(CITY, content, problems)
    if not source.is_read:
        return _fallback({})
    try:
        head = _CityTable.model_validate(source.document)
    except ValidationError as error:
        for detail in error.errors():
            problems.add_detail(CITY, source.line(str(detail["loc"][-1])), detail)
        return _fallback(source.document)
    if head.merge_level not in head.levels:
        text = f"{head.merge_level!r} is not one of levels ({', '.join(head.levels)})"
        problems.add(CITY, source.line("merge_level"), "merge_level", text)
        return _fallback(source.document)
    return head


def _fallback(document: Mapping[str, Any]) -> _CityTable:
    """A head to check the other files against when city.toml itself has mistakes; the id, the zone, and the levels if
    they are texts are kept, so that they cause no mistakes elsewhere, and nobody takes it for another city's."""
    levels = document.get("levels")
    names = tuple(level for level in levels if isinstance(level, str)) if isinstance(levels, list) else ()
    names = names or _LEVELS
    merge_level = document.get("merge_level")
    try:
        zone = _zone(document.get("zone"))
    except ValueError:
        zone = ZoneInfo("UTC")
    return _CityTable.model_construct(
        id=str(document.get("id", "unknown")),
        name_zh="",
        name_en="",
        zone=zone,
        levels=names,
        merge_level=merge_level if merge_level in names else names[-1],
    )
