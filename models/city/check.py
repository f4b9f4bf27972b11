"""Cross references of a pack: every name that one file uses must stand in the file that defines it."""

from collections.abc import Iterable, Sequence
from datetime import date

import shapely

from models.city.city import City
from models.city.errors import Problems
from models.city.lookups import label_key
from models.city.rules import FILE as RULES
from models.city.values import Camera, Category, Department, Responsibility


def check_references(
    city: City,
    categories: Sequence[Category],
    departments: Sequence[Department],
    cameras: Sequence[Camera],
    problems: Problems,
) -> None:
    """Note every name that is used but not defined, defined twice, or out of its place."""
    _check_twice("categories.csv", "code", [(row.code, row.row) for row in categories], problems)
    _check_twice("departments.csv", "id", [(row.id, row.row) for row in departments], problems)
    _check_twice("cameras.csv", "id", [(row.id, row.row) for row in cameras], problems)
    limits = [((row.category, row.condition, row.stage), row.row) for row in city.limits.rows]
    _check_twice("limits.csv", "category", limits, problems)
    _check_twice("labels.csv", "label", [(label_key(row), row.row) for row in city.labels.rows], problems)
    _check_categories(city, problems)
    _check_departments(city, problems)
    _check_places(city, problems)
    _check_cameras(city, problems)
    _check_responsibility(city, problems)
    _check_tables(city, problems)
    _check_rules(city, problems)


def _check_twice(file: str, field: str, keys: Iterable[tuple[object, int]], problems: Problems) -> None:
    seen: dict[object, int] = {}
    for key, line in keys:
        if key in seen:
            name = " ".join(str(part) or "-" for part in key) if isinstance(key, tuple) else key
            problems.add(file, line, field, f"{name} stands already in line {seen[key]}")
        seen.setdefault(key, line)


def _check_categories(city: City, problems: Problems) -> None:
    for row in city.categories.values():
        parent = city.categories.get(row.parent)
        if row.parent and parent is None:
            problems.add("categories.csv", row.row, "parent", f"{row.parent!r} is not a category")
        elif parent is not None and parent.parent:
            problems.add("categories.csv", row.row, "parent", f"{row.parent} has a parent itself; there are two levels")
        for field, name in (("name_zh", row.name_zh), ("name_en", row.name_en)):
            if not name:
                problems.add("categories.csv", row.row, field, "must not be empty")
    if not any(row.parent for row in city.categories.values()):
        problems.add("categories.csv", 1, "parent", "there is no category within a group")


def _check_departments(city: City, problems: Problems) -> None:
    for row in city.departments.values():
        parent = city.departments.get(row.parent)
        if row.parent and parent is None:
            problems.add("departments.csv", row.row, "parent", f"{row.parent!r} is not a department")
        elif parent is not None and parent.level >= row.level:
            problems.add("departments.csv", row.row, "level", f"{row.id} does not stand below its parent {row.parent}")
        if row.webhook and not row.webhook.startswith(("http://", "https://")):
            problems.add("departments.csv", row.row, "webhook", f"{row.webhook!r} is not a web address")


def _check_places(city: City, problems: Problems) -> None:
    for row in city.places.all:
        area = city.areas.get(row.area)
        if area is None or area.level != city.merge_level:
            problems.add("places.csv", row.row, "area", f"{row.area!r} is not a {city.merge_level}")
        if not row.names or any(len(name) < 2 for name in row.names):
            problems.add("places.csv", row.row, "name_zh", "a place needs a name of two characters or more")
        if (row.lat is None) != (row.lon is None):
            problems.add("places.csv", row.row, "lat", "lat and lon are given together or not at all")
        elif area is not None and row.lat is not None and row.lon is not None:
            _check_inside(city, "places.csv", row.row, row.area, row.lat, row.lon, problems)


def _check_cameras(city: City, problems: Problems) -> None:
    for row in city.cameras.values():
        if row.owner not in city.departments:
            problems.add("cameras.csv", row.row, "owner", f"{row.owner!r} is not a department")
        area = city.areas.get(row.area)
        if area is None or area.level != city.merge_level:
            problems.add("cameras.csv", row.row, "area", f"{row.area!r} is not a {city.merge_level}")
        else:
            _check_inside(city, "cameras.csv", row.row, row.area, row.lat, row.lon, problems)


def _check_inside(city: City, file: str, line: int, area: str, lat: float, lon: float, problems: Problems) -> None:
    if not city.areas.shape(area).intersects(shapely.Point(lon, lat)):
        found = city.areas.locate(lat, lon)
        where = f"in {found.id}" if found is not None else "outside the city"
        problems.add(file, line, "lat", f"{lat}, {lon} is {where}, not in {area}")


def _check_responsibility(city: City, problems: Problems) -> None:
    file = "responsibility.csv"
    by_key: dict[tuple[str, str], list[Responsibility]] = {}
    for row in city.responsibility.rows:
        _check_scope(city, file, row.row, row.category, row.area, problems)
        for department in (row.lead, *row.assists):
            if department not in city.departments:
                field = "lead" if department == row.lead else "assists"
                problems.add(file, row.row, field, f"{department!r} is not a department")
        if row.lead in row.assists:
            problems.add(file, row.row, "assists", f"{row.lead} leads already")
        if row.valid_from is not None and row.valid_to is not None and row.valid_to < row.valid_from:
            problems.add(file, row.row, "valid_to", f"{row.valid_to} lies before {row.valid_from}")
        for other in by_key.setdefault((row.category, row.area), []):
            if _overlap(row, other):
                problems.add(
                    file,
                    row.row,
                    "category",
                    f"{row.category} in {row.area}: line {other.row} gives the same days",
                )
        by_key[row.category, row.area].append(row)


def _overlap(one: Responsibility, other: Responsibility) -> bool:
    start = max(one.valid_from or date.min, other.valid_from or date.min)
    return start <= min(one.valid_to or date.max, other.valid_to or date.max)


def _check_scope(city: City, file: str, line: int, category: str, area: str, problems: Problems) -> None:
    if category != "*" and category not in city.categories:
        problems.add(file, line, "category", f"{category!r} is not a category")
    if area != "*" and area not in city.areas:
        problems.add(file, line, "area", f"{area!r} is not an area")


def _check_tables(city: City, problems: Problems) -> None:
    for limit in city.limits.rows:
        _check_scope(city, "limits.csv", limit.row, limit.category, "*", problems)
    for label in city.labels.rows:
        _check_category(city, "labels.csv", label.row, "category", label.category, problems)
    for inhibition in city.inhibitions:
        _check_category(city, "inhibitions.csv", inhibition.row, "parent", inhibition.parent, problems)
        if inhibition.child not in city.categories:
            problems.add("inhibitions.csv", inhibition.row, "child", f"{inhibition.child!r} is not a category")
    for silence in city.silences:
        _check_scope(city, "silences.csv", silence.row, silence.category, silence.area, problems)
        if silence.to_local <= silence.from_local:
            problems.add("silences.csv", silence.row, "to", "lies not after from")


def _check_category(city: City, file: str, line: int, field: str, code: str, problems: Problems) -> None:
    category = city.categories.get(code)
    if category is None:
        problems.add(file, line, field, f"{code!r} is not a category")
    elif not category.parent:
        problems.add(file, line, field, f"{code} is a group; name one of its categories")


def _check_rules(city: City, problems: Problems) -> None:
    for rule in city.rules:
        then = rule.then
        for department in (*((then.department,) if then.department else ()), *(then.assists or ())):
            if department not in city.departments:
                problems.add(RULES, rule.row, "then.department", f"{department!r} is not a department")
        if then.category is not None:
            _check_category(city, RULES, rule.row, "then.category", then.category, problems)
        if then.condition is not None and not any(row.condition == then.condition for row in city.limits.rows):
            problems.add(RULES, rule.row, "then.condition", f"{then.condition!r} is not a condition of limits.csv")
