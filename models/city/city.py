"""A city: everything that decides differently in one city than in another, as one frozen value."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

from models.city.areas import Areas
from models.city.calendar import Calendar
from models.city.ground.assets import Asset, AssetTable
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
from models.city.places import Places
from models.city.rules import Rule, RuleInput, RuleTable
from models.city.silences import SilenceTable
from models.city.tunables import CitySettings
from models.city.values import (
    Camera,
    Category,
    Citizen,
    Department,
    Inhibition,
    Inspector,
    Limit,
    PlanPart,
    Responsibility,
    Silence,
)


@dataclass(frozen=True, eq=False, slots=True, repr=False, kw_only=True)
class City:
    """One city pack, checked. Two are equal when their files are: compare `digest`.

    `files` are the bytes it was made of, so that a pack can travel as one record and be made again by `read_city`.
    """

    id: str
    name_zh: str
    name_en: str
    zone: ZoneInfo
    languages: tuple[str, ...]
    levels: tuple[str, ...]
    merge_level: str
    settings: CitySettings
    departments: Mapping[str, Department]
    hierarchy: Hierarchy
    categories: Mapping[str, Category]
    areas: Areas
    places: Places
    cameras: Mapping[str, Camera]
    cameras_by_area: Mapping[str, tuple[Camera, ...]]
    camera_algorithms: Mapping[str, frozenset[str]]
    assets: AssetTable
    inspectors: AreaTable[Inspector]
    citizens: AreaTable[Citizen]
    units: UnitTable
    plan_parts: tuple[PlanPart, ...]
    labels: LabelTable
    responsibility: ResponsibilityTable
    limits: LimitTable
    raises: RaiseTable
    calendar: Calendar
    rules: RuleTable
    inhibitions: tuple[Inhibition, ...]
    silences: SilenceTable
    retention: RetentionTable
    standard_texts: StandardTexts
    files: Mapping[str, bytes]
    digest: str

    def __repr__(self) -> str:
        return f"City({self.id!r}, digest={self.digest!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, City) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def responsible(self, category: str, area: str, day: date) -> Responsibility | None:
        """Who is responsible on a local day, or None.

        The smallest area with a row decides, up to the whole city and then `*`; within an area the category's own row
        goes before its group's and that before `*`. So a town that keeps its own roads is not overruled by the
        bureau's row for potholes.
        """
        return self.responsibility.find(category, area, day)

    def responsible_below(self, above: str, category: str, area: str, day: date) -> Responsibility | None:
        """Who is responsible on a local day for what a department hands down 转办, or None.

        Its own rows decide, else those of the departments above it and at last dispatching's: what a level has no rows
        for is as the level above says. Only a row counts whose lead stands below the department.
        """
        below = self.hierarchy.below(above)
        for whose in (above, *self.hierarchy.above(above), ""):
            row = self.responsibility.find(category, area, day, whose)
            if row is not None and row.lead in below:
                return row
        return None

    def plan(self, name: str) -> tuple[PlanPart, ...]:
        """The parts of a plan of joint orders, in the order of the file; none where there is no such plan."""
        return tuple(row for row in self.plan_parts if row.plan == name)

    def limit(self, category: str, condition: str | None, priority: int, stage: str) -> Limit | None:
        """How long a stage may take: the category's row, else its group's, else that of `*`; None is no limit."""
        return self.limits.find(category, condition, priority, stage)

    def conditions(self, category: str) -> tuple[str, ...]:
        """The conditions that limits.csv distinguishes for a category."""
        return self.limits.conditions(category)

    def is_hub(self, department: str) -> bool:
        """Whether a department is a platform of its own 下级平台."""
        known = self.departments.get(department)
        return known is not None and known.hub

    @property
    def hubs(self) -> tuple[str, ...]:
        """The ids of the departments that are platforms of their own, in the order of the file."""
        return tuple(one for one, department in self.departments.items() if department.hub)

    def members(self, group: str) -> tuple[str, ...]:
        """The codes of the categories in a group, in the order of the file."""
        return tuple(code for code, category in self.categories.items() if category.parent == group)

    def merge_group(self, category: str) -> str:
        """The group within which sightings of a category may be one incident; empty for an unknown category."""
        kind = self.categories.get(category)
        return "" if kind is None else kind.group or kind.parent or kind.code

    def merging_kinds(self, group: str) -> Mapping[str, Category]:
        """The categories of a merge group that merge, by code."""
        return _merging_kinds(self, group)

    def cameras_of(self, area: str) -> tuple[Camera, ...]:
        """The cameras of a merge-level area, in the order of the registry."""
        return self.cameras_by_area.get(area, ())

    def runs(self, camera: str, algorithm: str) -> bool:
        """Whether an algorithm is one of a camera's, as far as the registry says: of a camera whose row lists none, and
        where none is named, it may be. Upper and lower case are the same."""
        listed = self.camera_algorithms.get(camera)
        return not listed or not algorithm or algorithm.casefold() in listed

    def is_about(self, category: str, asset: Asset) -> bool:
        """Whether incidents of a category, or of one of a group's categories, are faults of such an asset 部件."""
        return asset.kind in _asset_kinds(self, category)

    def asset_at_fault(self, category: str, named: str, lat: float | None, lon: float | None) -> Asset | None:
        """The asset 部件 that an incident of a category is at: the one that is `named` by its id, if the category is
        about such; where none of the city's is named, the only one of such within the category's radius of a place."""
        if not self.assets or (own := self.categories.get(category)) is None:
            return None
        if (known := self.assets.get(named)) is not None:
            return known if self.is_about(category, known) else None
        kinds = _asset_kinds(self, category)
        if lat is None or lon is None or not kinds:
            return None
        near = [each for _, each in self.assets.around(lat, lon, own.merge_radius_m) if each.kind in kinds]
        return near[0] if len(near) == 1 else None

    def inhibitors(self, category: str) -> tuple[Inhibition, ...]:
        """The rows that say whose open orders cover sightings of this category in the same area."""
        own = self.categories.get(category)
        covered = {category, own.parent} if own is not None else {category}
        return tuple(row for row in self.inhibitions if row.child in covered and row.parent != category)

    def silenced(self, category: str, area: str, at: int, lifted: Collection[str] = ()) -> Silence | None:
        """The control zone that suppresses a sighting at this instant (ms UTC), or None; `lifted` are the zones that
        suppress nothing now."""
        return self.silences.find(category, area, at, lifted)

    def first_rule(self, subject: RuleInput) -> Rule | None:
        """The first rule whose condition holds, or None."""
        return self.rules.first(subject)


@lru_cache(maxsize=1024)  # asked for each order that is opened
def _merging_kinds(city: City, group: str) -> Mapping[str, Category]:
    every = city.categories.items()
    return {code: kind for code, kind in every if kind.merge and city.merge_group(code) == group}


@lru_cache(maxsize=1024)  # few categories are about any, and it is asked several times for each order
def _asset_kinds(city: City, category: str) -> frozenset[str]:
    """The kinds of assets that incidents of a category, or of one of a group's categories, are faults of."""
    if category not in city.categories:
        return frozenset()
    codes = (category, *city.members(category))
    return frozenset(kind for code in codes for kind in city.categories[code].assets)
