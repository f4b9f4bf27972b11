"""Cross references of a pack: every name that one file uses must stand in the file that defines it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import get_args

import shapely

from models.city.categories import FILE as CATEGORIES
from models.city.city import City
from models.city.files.cells import DROPPED, FOR_A_PERSON
from models.city.files.errors import Problems
from models.city.geojson import FILE as AREAS
from models.city.ground.assets import Asset, is_telling, spelling
from models.city.lookups import label_key
from models.city.places import NAME_LEAST, Place
from models.city.rules import FILE as RULES
from models.city.values import Camera, Category, Department, Responsibility
from models.events.incoming import Action
from models.masking import masked_term

_TELLING = "letters, digits and hyphens, at least four with a digit among them, or six digits"


def check_references(
    city: City,
    categories: Sequence[Category],
    departments: Sequence[Department],
    cameras: Sequence[Camera],
    problems: Problems,
) -> None:
    """Note every name that is used but not defined, defined twice, or out of its place.

    Names from a file that could not be read at all are taken as given: its own mistake is enough.
    """
    _check_twice(CATEGORIES, "code", [(row.code, row.row) for row in categories], problems)
    _check_twice("departments.csv", "id", [(row.id, row.row) for row in departments], problems)
    if len(city.cameras) < len(cameras):
        _check_twice("cameras.csv", "id", [(row.id, row.row) for row in cameras], problems)
    _check_twice("assets.csv", "id", [(spelling(row.id), row.row) for row in city.assets.rows], problems)
    limits = [
        ((row.category, row.condition, *((row.priority,) if row.priority else ()), row.stage), row.row)
        for row in city.limits.rows
    ]
    _check_twice("limits.csv", "category", limits, problems)
    raises = [((row.category, row.seen_by), row.row) for row in city.raises.rows]
    _check_twice("priorities.csv", "category", raises, problems)
    _check_twice("retention.csv", "category", [(row.category, row.row) for row in city.retention.rows], problems)
    _check_twice("inspectors.csv", "id", [(row.id, row.row) for row in city.inspectors.rows], problems)
    _check_twice("citizens.csv", "id", [(row.id, row.row) for row in city.citizens.rows], problems)
    _check_twice("units.csv", "id", [(row.id, row.row) for row in city.units.rows], problems)
    _check_twice("labels.csv", "label", [(label_key(row), row.row) for row in city.labels.rows], problems)
    _check_twice("plans.csv", "part", [((row.plan, row.part), row.row) for row in city.plan_parts], problems)
    references = _References(city, problems)
    references.check_categories()
    references.check_departments()
    references.check_places()
    references.check_cameras()
    references.check_assets()
    references.check_responsibility()
    references.check_tables()
    references.check_inspectors()
    references.check_citizens()
    references.check_units()
    references.check_plans()
    references.check_rules()


def _check_twice(file: str, field: str, keys: Iterable[tuple[object, int]], problems: Problems) -> None:
    first: dict[object, int] = {}
    for key, line in keys:
        if key in first:
            name = " ".join(str(part) or "-" for part in key) if isinstance(key, tuple) else key
            problems.add(file, line, field, f"{name} stands already in line {first[key]}")
        first.setdefault(key, line)


class _References:
    def __init__(self, city: City, problems: Problems) -> None:
        self.city = city
        self.note = problems.add
        self.unread = problems.unread
        self.excused = problems.excused

    # The kinds of names

    def category(self, file: str, line: int, field: str, code: str, kinds: str = "category") -> None:
        """A category; with kinds "group" a group too, with "any" `*` too."""
        if CATEGORIES in self.unread or (kinds == "any" and code == "*"):
            return
        known = self.city.categories.get(code)
        if known is None and code not in self.excused:
            self.note(file, line, field, f"{code!r} is not a category")
        elif known is not None and kinds == "category" and not known.parent:
            self.note(file, line, field, f"{code} is a group; name one of its categories")

    def department(self, file: str, line: int, field: str, id: str) -> None:
        if id not in self.city.departments and id not in self.excused and "departments.csv" not in self.unread:
            self.note(file, line, field, f"{id!r} is not a department")

    def condition(self, file: str, line: int, field: str, name: str) -> None:
        known = any(row.condition == name for row in self.city.limits.rows)
        if not known and name not in self.excused and "limits.csv" not in self.unread:
            self.note(file, line, field, f"{name!r} is not a condition of limits.csv")

    def area(self, file: str, line: int, id: str, field: str = "area") -> None:
        if id != "*" and id not in self.city.areas and id not in self.excused and AREAS not in self.unread:
            self.note(file, line, field, f"{id!r} is not an area")

    def spots(self, file: str, things: Iterable[Camera | Place | Asset]) -> None:
        """Of each thing a merge-level area and a point, if there is one, within it."""
        if AREAS in self.unread:
            return
        areas = {area.id: area for area in self.city.areas.at_level(self.city.merge_level)}
        stand: list[Camera | Place | Asset] = []
        for each in things:
            if each.area in areas:
                stand.append(each)
            elif each.area not in self.excused or each.area in self.city.areas:
                self.note(file, each.row, "area", f"{each.area!r} is not a {self.city.merge_level}")
        points = [(each, each.lat, each.lon) for each in stand if each.lat is not None and each.lon is not None]
        found = self.city.areas.locate_many([lat for _, lat, _ in points], [lon for _, _, lon in points])
        for (each, lat, lon), there in zip(points, found, strict=True):
            # A point on the border of its area may be located in the neighbour.
            if there is not areas[each.area] and not self.city.areas.shape(each.area).intersects(
                shapely.Point(lon, lat)
            ):
                where = f"in {there.id}" if there is not None else "outside the city"
                self.note(file, each.row, "lat", f"{lat}, {lon} is {where}, not in {each.area}")

    # The files that use them

    def check_categories(self) -> None:
        file = CATEGORIES
        for row in self.city.categories.values():
            parent = self.city.categories.get(row.parent)
            if row.parent and parent is None and row.parent not in self.excused:
                self.note(file, row.row, "parent", f"{row.parent!r} is not a category")
            elif parent is not None and parent.parent:
                self.note(file, row.row, "parent", f"{row.parent} has a parent itself; there are two levels")
        if not any(row.parent for row in self.city.categories.values()) and file not in self.unread:
            self.note(file, 1, "parent", "there is no category within a group")

    def check_departments(self) -> None:
        file = "departments.csv"
        for row in self.city.departments.values():
            parent = self.city.departments.get(row.parent)
            if row.parent:
                self.department(file, row.row, "parent", row.parent)
            if parent is not None and parent.level >= row.level:
                self.note(file, row.row, "level", f"{row.id} does not stand below its parent {row.parent}")
            if row.webhook and not row.webhook.startswith(("http://", "https://")):
                self.note(file, row.row, "webhook", f"{row.webhook!r} is not a web address")

    def check_places(self) -> None:
        file = "places.csv"
        for row in self.city.places.all:
            if min(map(len, row.names), default=0) < NAME_LEAST:
                self.note(file, row.row, "name_zh", "a place needs a name of two characters or more")
            if (row.lat is None) != (row.lon is None):
                self.note(file, row.row, "lat", "lat and lon are given together or not at all")
        self.spots(file, self.city.places.all)

    def check_cameras(self) -> None:
        for row in self.city.cameras.values():
            if row.owner not in self.city.departments:
                self.department("cameras.csv", row.row, "owner", row.owner)
        self.spots("cameras.csv", self.city.cameras.values())

    def check_assets(self) -> None:
        file, kinds = "assets.csv", {row.kind for row in self.city.assets.rows}
        for row in self.city.assets.rows:
            if row.owner not in self.city.departments:
                self.department(file, row.row, "owner", row.owner)
            if not is_telling(row.id):
                self.note(file, row.row, "id", f"{row.id!r} cannot be told from other words of a text ({_TELLING})")
        self.spots(file, self.city.assets.rows)
        for category in self.city.categories.values():
            for kind in category.assets:
                if kind not in kinds and file not in self.unread:
                    self.note(CATEGORIES, category.row, "assets", f"{kind!r} is not a kind of assets.csv")

    def check_responsibility(self) -> None:
        file = "responsibility.csv"
        by_key: dict[tuple[str, str, str], list[Responsibility]] = {}
        for row in self.city.responsibility.rows:
            self.category(file, row.row, "category", row.category, "any")
            self.area(file, row.row, row.area)
            self.department(file, row.row, "lead", row.lead)
            for assisting in row.assists:
                self.department(file, row.row, "assists", assisting)
            if row.above:
                self.department(file, row.row, "above", row.above)
                if row.above in self.city.departments and row.lead not in self.city.hierarchy.below(row.above):
                    self.note(file, row.row, "lead", f"{row.lead} does not stand below {row.above}")
            if row.lead in row.assists:
                self.note(file, row.row, "assists", f"{row.lead} leads already")
            if row.valid_from is not None and row.valid_to is not None and row.valid_to < row.valid_from:
                self.note(file, row.row, "valid_to", f"{row.valid_to} lies before {row.valid_from}")
            for other in by_key.setdefault((row.above, row.category, row.area), []):
                if _overlap(row, other):
                    text = f"{row.category} in {row.area}: line {other.row} gives the same days"
                    self.note(file, row.row, "category", text)
            by_key[row.above, row.category, row.area].append(row)

    def check_tables(self) -> None:
        for limit in self.city.limits.rows:
            self.category("limits.csv", limit.row, "category", limit.category, "any")
        for each in self.city.raises.rows:
            self.category("priorities.csv", each.row, "category", each.category, "any")
        archived = self.city.settings.archive_days
        for kept in self.city.retention.rows:
            self.category("retention.csv", kept.row, "category", kept.category, "any")
            if kept.days < archived:
                self.note("retention.csv", kept.row, "days", f"is less than archive_days ({archived:g})")
        for offered in self.city.standard_texts.rows:
            self.category("standard_texts.csv", offered.row, "category", offered.category, "any")
            if offered.action not in get_args(Action):
                problem = f"{offered.action!r} is not an action of an update"
                self.note("standard_texts.csv", offered.row, "action", problem)
        for label in self.city.labels.rows:
            if label.category not in (DROPPED, FOR_A_PERSON):
                self.category("labels.csv", label.row, "category", label.category)
        for inhibition in self.city.inhibitions:
            self.category("inhibitions.csv", inhibition.row, "parent", inhibition.parent)
            self.category("inhibitions.csv", inhibition.row, "child", inhibition.child, "group")
        for silence in self.city.silences:
            self.category("silences.csv", silence.row, "category", silence.category, "any")
            self.area("silences.csv", silence.row, silence.area)
            if silence.to_local <= silence.from_local:
                self.note("silences.csv", silence.row, "to", "lies not after from")

    def check_plans(self) -> None:
        """A part comes after parts that stand above it, so no two wait for each other."""
        file, seen = "plans.csv", set[tuple[str, str]]()
        for row in self.city.plan_parts:
            self.category(file, row.row, "category", row.category)
            if row.condition:
                self.condition(file, row.row, "condition", row.condition)
            for field, departments in (("department", (row.department,)), ("assists", row.assists)):
                for department in filter(None, departments):
                    self.department(file, row.row, field, department)
            for before in row.after:
                if (row.plan, before) not in seen:
                    self.note(file, row.row, "after", f"{before} is no part of {row.plan} that stands above")
            seen.add((row.plan, row.part))

    def check_inspectors(self) -> None:
        for inspector in self.city.inspectors.rows:
            for area in inspector.areas:
                self.area("inspectors.csv", inspector.row, area, "areas")
            if masked_term(inspector.id) != inspector.id:
                self.note("inspectors.csv", inspector.row, "id", "holds something personal, which orders would keep")
            if (inspector.lat is None) != (inspector.lon is None):
                self.note("inspectors.csv", inspector.row, "lat", "lat and lon are given together or not at all")

    def check_citizens(self) -> None:
        for citizen in self.city.citizens.rows:
            for area in citizen.areas:
                self.area("citizens.csv", citizen.row, area, "areas")

    def check_units(self) -> None:
        for unit in self.city.units.rows:
            for area in unit.areas:
                self.area("units.csv", unit.row, area, "areas")
            if unit.department:
                self.department("units.csv", unit.row, "department", unit.department)
            for skill in unit.skills:
                self.category("units.csv", unit.row, "skills", skill, "group")

    def check_rules(self) -> None:
        for rule in self.city.rules:
            then = rule.outcome
            if then.department:
                self.department(RULES, rule.row, "then.department", then.department)
            for assisting in then.assists or ():
                self.department(RULES, rule.row, "then.assists", assisting)
            if then.category is not None:
                self.category(RULES, rule.row, "then.category", then.category)
            if then.condition is not None:
                self.condition(RULES, rule.row, "then.condition", then.condition)


def _overlap(one: Responsibility, other: Responsibility) -> bool:
    start = max(one.valid_from or date.min, other.valid_from or date.min)
    return start <= min(one.valid_to or date.max, other.valid_to or date.max)
