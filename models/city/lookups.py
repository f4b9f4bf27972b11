"""The tables that the desk asks for every order: dictionaries built once, a few look-ups each."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from models.city.areas import Areas
from models.city.values import (
    Category,
    Citizen,
    Department,
    Inspector,
    LabelRule,
    Limit,
    MobileUnit,
    Raise,
    Responsibility,
    Retention,
    StandardText,
)

R = TypeVar("R", Citizen, Inspector, MobileUnit)


class Hierarchy:
    """Which departments stand above and below which 层级."""

    def __init__(self, departments: Mapping[str, Department]) -> None:
        self._above: dict[str, tuple[str, ...]] = {}
        below: dict[str, list[str]] = {code: [] for code in departments}
        for code in departments:
            line: list[str] = []
            parent = departments[code].parent
            while parent in departments and parent not in line:  # a pack that is being checked may hold a circle
                line.append(parent)
                below[parent].append(code)
                parent = departments[parent].parent
            self._above[code] = tuple(line)
        self._below = {code: frozenset(found) for code, found in below.items()}

    def above(self, department: str) -> tuple[str, ...]:
        """The departments above one, its parent first; none of an unknown one."""
        return self._above.get(department, ())

    def below(self, department: str) -> frozenset[str]:
        """The departments below one, on all levels; none of an unknown one."""
        return self._below.get(department, frozenset())


class ResponsibilityTable:
    """Who is responsible for a category in an area on a day: for dispatching, and for each department that hands
    orders down."""

    def __init__(self, rows: Iterable[Responsibility], areas: Areas, categories: Mapping[str, Category]) -> None:
        self.rows = tuple(rows)
        self._areas = areas
        self._lines = _lines_of(categories)
        self._by_key: dict[tuple[str, str, str], tuple[Responsibility, ...]] = {}
        for row in self.rows:
            key = (row.above, row.category, row.area)
            self._by_key[key] = (*self._by_key.get(key, ()), row)
        self._found = lru_cache(maxsize=16384)(self._find)  # the rows never change: one search for a day's orders

    def find(self, category: str, area: str, day: date, above: str = "") -> Responsibility | None:
        """The row of the smallest area that has one; within an area the category goes before its group and `*`.
        `above` is whose rows are asked: a department's that hands orders down, else dispatching's."""
        return self._found(category, area, day, above)

    def _find(self, category: str, area: str, day: date, above: str) -> Responsibility | None:
        line = self._lines.get(category, (category, "*"))
        for place in (*self._areas.ancestors(area), "*"):
            for name in line:
                for row in self._by_key.get((above, name, place), ()):
                    if (row.valid_from is None or row.valid_from <= day) and (
                        row.valid_to is None or day <= row.valid_to
                    ):
                        return row
        return None


class CalledCondition(NamedTuple):
    """What a condition is called in both languages; empty where no row says so."""

    name_zh: str = ""
    name_en: str = ""


class LimitTable:
    """How long each stage may take."""

    def __init__(self, rows: Iterable[Limit], categories: Mapping[str, Category]) -> None:
        self.rows = tuple(rows)
        self._lines = _lines_of(categories)
        self._by_key: dict[tuple[str, str, int | None, str], Limit] = {
            (row.category, row.condition, row.priority, row.stage): row for row in self.rows
        }
        self._conditions: dict[str, tuple[str, ...]] = {}
        for category, line in self._lines.items():
            named = {row.condition: None for name in line for row in self.rows if row.category == name}
            self._conditions[category] = tuple(condition for condition in named if condition)
        self._called: dict[str, CalledCondition] = {}
        for row in self.rows:
            known = self._called.get(row.condition, CalledCondition())
            names = known.name_zh or row.condition_zh, known.name_en or row.condition_en
            self._called[row.condition] = CalledCondition(*names)
        self._found = lru_cache(maxsize=4096)(self._find)  # the rows never change

    def called(self, condition: str) -> CalledCondition | None:
        """What a condition is called; None for one that the table does not have."""
        return self._called.get(condition)

    def find(self, category: str, condition: str | None, priority: int, stage: str) -> Limit | None:
        """The limit of the category, else of its group, else of `*`; in each, that of the condition goes first, then
        that of the priority."""
        return self._found(category, condition, priority, stage)

    def _find(self, category: str, condition: str | None, priority: int, stage: str) -> Limit | None:
        for name in self._lines.get(category, (category, "*")):
            for which in dict.fromkeys((condition or "", "")):
                for urgency in (priority, None):
                    if (limit := self._by_key.get((name, which, urgency, stage))) is not None:
                        return limit
        return None

    def conditions(self, category: str) -> tuple[str, ...]:
        """The conditions that a reviewer can choose for a category, in the order of the table."""
        return self._conditions.get(category, ())


class RaiseTable:
    """How urgent an order becomes by being seen by many."""

    def __init__(self, rows: Iterable[Raise], categories: Mapping[str, Category]) -> None:
        self.rows = tuple(rows)
        self._lines = _lines_of(categories)
        self._by_category: dict[str, tuple[Raise, ...]] = {}
        for row in self.rows:
            self._by_category[row.category] = (*self._by_category.get(row.category, ()), row)

    def find(self, category: str, seen_by: int) -> int | None:
        """The priority that so many different reporters and cameras give it at least; None where they give none. The
        category's rows decide, else its group's, else those of `*`."""
        for name in self._lines.get(category, (category, "*")):
            if rows := self._by_category.get(name):
                return min((row.priority for row in rows if row.seen_by <= seen_by), default=None)
        return None


class RetentionTable:
    """How long the words of reports are kept after their order's end."""

    def __init__(self, rows: Iterable[Retention], categories: Mapping[str, Category]) -> None:
        self.rows = tuple(rows)
        self._lines = _lines_of(categories)
        self._days = {row.category: row.days for row in self.rows}

    def find(self, category: str) -> int | None:
        """The days of the category, else of its group, else of `*`, which is also that of orders without a category;
        None: for ever."""
        line = self._lines.get(category, ("*",))
        return next((self._days[name] for name in line if name in self._days), None)


class StandardTexts:
    """The sentences that are offered to whoever takes a step 常用语."""

    def __init__(self, rows: Iterable[StandardText], categories: Mapping[str, Category]) -> None:
        self.rows = tuple(rows)
        self._lines = _lines_of(categories)

    def find(self, action: str, category: str) -> tuple[str, ...]:
        """Those of an action: the category's first, then its group's, then those of `*`, each in the file's order."""
        line = self._lines.get(category, ("*",))
        wanted = [row for row in self.rows if row.action == action and row.category in line]
        return tuple(dict.fromkeys(row.text for row in sorted(wanted, key=lambda row: line.index(row.category))))


class AreaTable(Generic[R]):
    """Rows that each name areas: who is given checks there, who may be asked to judge closed orders, who is sent."""

    def __init__(self, rows: Iterable[R], areas: Areas) -> None:
        self.rows: tuple[R, ...] = tuple(rows)
        self._areas = areas
        # The rows never change.
        self._found: Callable[[str], tuple[R, ...]] = lru_cache(maxsize=1024)(self._find)

    def find(self, area: str) -> tuple[R, ...]:
        """The rows of an area and of those above it, in the order of the table."""
        return self._found(area)

    def _find(self, area: str) -> tuple[R, ...]:
        within = {"*", area, *self._areas.ancestors(area)}
        return tuple(row for row in self.rows if not within.isdisjoint(row.areas))


class UnitTable:
    """The mobile units of a city, and who of them is sent in an area."""

    def __init__(self, rows: Iterable[MobileUnit], areas: Areas, merge_level: str) -> None:
        self._table = AreaTable(rows, areas)
        self.rows = self._table.rows
        self.by_id = {row.id: row for row in self.rows}
        self._areas, self._merge_level = areas, merge_level
        self._serving = lru_cache(maxsize=1024)(self._find)  # the rows never change

    def serving(self, area: str) -> Mapping[str, MobileUnit]:
        """The units of an area and of those above it, by id."""
        return self._serving(area)

    def areas_of(self, unit: str) -> tuple[str, ...]:
        """The merge-level areas in which a unit is sent, by id; none where there is no such unit."""
        row = self.by_id.get(unit)
        within = () if row is None else self._areas.at_level(self._merge_level)
        return tuple(area.id for area in within if unit in self.serving(area.id))

    def _find(self, area: str) -> Mapping[str, MobileUnit]:
        return {row.id: row for row in self._table.find(area)}


class LabelTable:
    """What a camera algorithm's label means."""

    def __init__(self, rows: Iterable[LabelRule]) -> None:
        self.rows = tuple(rows)
        self._by_key = {label_key(row): row for row in self.rows}
        # A city's algorithms say the same few words all day; the bound is for those that say something new each time.
        self._found = lru_cache(maxsize=4_096)(self._find)

    def find(self, vendor: str, algorithm: str, label: str) -> LabelRule | None:
        """The row that fits best: fewest wildcards, then its own label, algorithm, vendor. Case does not count."""
        return self._found(vendor, algorithm, label)

    def _find(self, vendor: str, algorithm: str, label: str) -> LabelRule | None:
        v, a, n = vendor.casefold(), algorithm.casefold(), label.casefold()
        keys = ((v, a, n), ("*", a, n), (v, "*", n), (v, a, "*"), ("*", "*", n), ("*", a, "*"), (v, "*", "*"))
        for key in keys:
            row = self._by_key.get(key)
            if row is not None:
                return row
        return self._by_key.get(("*", "*", "*"))


def label_key(row: LabelRule) -> tuple[str, str, str]:
    """The key under which a label row is found."""
    return row.vendor.casefold(), row.algorithm.casefold(), row.label.casefold()


def _lines_of(categories: Mapping[str, Category]) -> dict[str, tuple[str, ...]]:
    """Each category with its own code, its group's or parent's, and `*`, in the order in which tables are asked."""
    return {
        code: tuple(dict.fromkeys(name for name in (code, category.group, category.parent, "*") if name))
        for code, category in categories.items()
    }
