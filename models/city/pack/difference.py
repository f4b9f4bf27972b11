"""What differs between two packs of a city, row by row; where a row stands in its file says nothing but for rules."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import shapely
from msgspec.structs import replace

from models.city.city import City
from models.city.files.cells import Row

Key = tuple[str, ...]
Rows = Mapping[Key, object]


class TableDifference(NamedTuple):
    """The rows of one file that are added, changed and removed, each by the words that name it."""

    file: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def differences(old: City, new: City) -> tuple[TableDifference, ...]:
    """What is different in the new pack, file by file; files without any difference are left out."""
    found = (_difference(file, rows(old), rows(new)) for file, rows in _FILES.items())
    return tuple(each for each in found if each.added or each.changed or each.removed)


def unchangeable(old: City, new: City) -> tuple[str, ...]:
    """The fields of city.toml that differ although identities, partitions or figures hang on them."""
    names = ("id", "zone", "levels", "merge_level")
    return tuple(name for name in names if str(getattr(old, name)) != str(getattr(new, name)))


def _difference(file: str, old: Rows, new: Rows) -> TableDifference:
    def named(keys: Iterable[Key]) -> tuple[str, ...]:
        return tuple(" ".join(part for part in key if part) for key in keys)

    return TableDifference(
        file,
        named(key for key in new if key not in old),
        named(key for key, row in new.items() if key in old and old[key] != row),
        named(key for key in old if key not in new),
    )


def _by(rows: Iterable[Row], *names: str) -> Rows:
    """The rows of a table by their fields of these names."""
    return {
        tuple("" if (value := getattr(row, name)) is None else str(value) for name in names): row.model_dump(
            exclude={"row"}
        )
        for row in rows
    }


def _cameras(city: City) -> Rows:
    algorithms = city.camera_algorithms
    return {(one.id,): (replace(one, row=0), algorithms.get(one.id)) for one in city.cameras.values()}


def _areas(city: City) -> Rows:
    return {(area.id,): (area, shapely.to_wkb(city.areas.shape(area.id))) for area in city.areas}


def _calendar(city: City) -> Rows:
    days = city.calendar
    rows: dict[Key, object] = {(str(day), "holiday"): True for day in sorted(days.holidays)}
    rows |= {(str(day), "make-up"): True for day in sorted(days.make_up)}
    rows |= {(str(day), "short-day"): slots for day, slots in sorted(days.short_days.items())}
    rows |= {(str(each.since), "slots", str(each.weekday)): each.slots for each in days.hours}
    return rows | {("slots",): days.slots, ("weekend",): days.weekend}


def _head(city: City) -> Rows:
    names = ("id", "name_zh", "name_en", "zone", "languages", "levels", "merge_level")
    rows: dict[Key, object] = {(name,): str(getattr(city, name)) for name in names}
    return rows | {("settings", name): value for name, value in city.settings.model_dump().items()}


# By file, how its rows are named.
_FILES: Mapping[str, Callable[[City], Rows]] = {
    "city.toml": _head,
    "departments.csv": lambda city: _by(city.departments.values(), "id"),
    "categories.csv": lambda city: _by(city.categories.values(), "code"),
    "areas.geojson": _areas,
    "responsibility.csv": lambda city: _by(city.responsibility.rows, "category", "area", "above", "valid_from"),
    "limits.csv": lambda city: _by(city.limits.rows, "category", "condition", "priority", "stage"),
    "priorities.csv": lambda city: _by(city.raises.rows, "category", "seen_by"),
    "standard_texts.csv": lambda city: _by(city.standard_texts.rows, "action", "category", "text"),
    "retention.csv": lambda city: _by(city.retention.rows, "category"),
    "calendar.csv": _calendar,
    "places.csv": lambda city: {(one.name_zh, one.name_en, one.area): replace(one, row=0) for one in city.places.all},
    "cameras.csv": _cameras,
    "assets.csv": lambda city: {(one.id,): replace(one, row=0) for one in city.assets.rows},
    "plans.csv": lambda city: _by(city.plan_parts, "plan", "part"),
    "inspectors.csv": lambda city: _by(city.inspectors.rows, "id"),
    "citizens.csv": lambda city: _by(city.citizens.rows, "id"),
    "units.csv": lambda city: _by(city.units.rows, "id"),
    "labels.csv": lambda city: _by(city.labels.rows, "vendor", "algorithm", "label"),
    "rules.toml": lambda city: (
        {(rule.id,): rule.model_dump(exclude={"row", "covered"}) for rule in city.rules}
        | {("the order of rules",): [rule.id for rule in city.rules]}
    ),
    "inhibitions.csv": lambda city: _by(city.inhibitions, "parent", "child"),
    "silences.csv": lambda city: _by(city.silences, "zone"),
}
