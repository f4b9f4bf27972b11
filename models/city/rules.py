"""Ordered rules 派遣规则: a condition and an outcome, for what tables cannot say. The first that matches decides."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Annotated

import msgspec
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from models.city.areas import Areas
from models.city.categories import FILE as CATEGORIES
from models.city.files.cells import Code, Codes, WordList
from models.city.files.errors import Problems
from models.city.files.toml import Toml
from models.city.values import Category
from models.guess import NO_FAULT_KINDS
from models.plain_words import fold

FILE = "rules.toml"
_HOURS = re.compile(r"(\d{1,2})-(\d{1,2})")


class RuleInput(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule may look at; what is not known stays empty. `no_fault` is the kind of what surely is no fault (see
    `NO_FAULT_KINDS`); `hour` is that of the city's local time, 0 to 23. `phrases` are those of the rules' words that
    the text holds; None: they are looked for in the text."""

    category: str = ""
    group: str = ""
    hint: str = ""
    area: str = ""
    text: str = ""
    source: str = ""
    channel: str = ""
    hour: int | None = None
    label: str = ""
    no_fault: str = ""
    phrases: frozenset[str] | None = None


def _folded(words: tuple[str, ...]) -> tuple[str, ...]:
    folded = tuple(map(fold, words))
    if not folded or "" in folded:  # which would hold for everything
        raise ValueError("is empty")
    return folded


Patterns = Annotated[WordList, AfterValidator(_folded)]


def _hours(value: object) -> tuple[int, int] | None:
    match = _HOURS.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"{value!r} is not a range of hours (22-6: from 22:00 up to 06:00)")
    start, end = map(int, match.groups())
    if start > 23 or end > 24 or start == end:
        raise ValueError(f"{value!r} is not a range of hours between 0 and 24")
    return start, end


class RuleOutcome(BaseModel):
    """What a rule decides; what it leaves out is decided as without it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    category: Code | None = None
    department: Code | None = None
    assists: Codes | None = None
    priority: int | None = Field(default=None, ge=1, le=5)
    condition: str | None = None
    review: bool = False
    reject: bool = False

    @model_validator(mode="after")
    def _decides_something(self) -> "RuleOutcome":
        if not self.model_dump(exclude_defaults=True):
            raise ValueError("a rule that decides nothing has no use")
        if self.reject and (self.review or self.department):
            raise ValueError("reject goes neither with review nor with a department")
        return self


class Condition(BaseModel):
    """When a rule applies: all that is given must hold; of several alternatives in one field, one.

    `category`, `group`, `hint`, `source`, `channel`, `label` and `no_fault` take texts with `|` between alternatives
    and `*` at the end for any rest. `area` covers all areas within it. `text_any` and `text_all` look for words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    category: Patterns = ()
    group: Patterns = ()
    hint: Patterns = ()
    area: Patterns = ()
    text_any: Patterns = ()
    text_all: Patterns = ()
    source: Patterns = ()
    channel: Patterns = ()
    label: Patterns = ()
    no_fault: Patterns = ()
    hours: Annotated[tuple[int, int] | None, BeforeValidator(_hours)] = None


class Rule(BaseModel):
    """One rule with its id and, for the people who read the assignment, its reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Code
    reason: str = Field(min_length=1)
    when: Condition
    outcome: RuleOutcome = Field(alias="then")
    row: int = 0
    # The areas of `when.area` with all that lies within them; None: everywhere.
    covered: frozenset[str] | None = None

    @cached_property
    def _asked(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Those of the remaining text fields that the rule names, with their patterns."""
        names = ("hint", "source", "channel", "label", "no_fault")
        return tuple((name, patterns) for name in names if (patterns := getattr(self.when, name)))

    def matches(self, subject: RuleInput) -> bool:
        """True when every condition holds. Never raises, whatever the input's texts."""
        concerned = self.concerns(subject.category, subject.group, subject.area)
        return concerned and self.rest_holds(subject, _said(subject))

    def concerns(self, category: str, group: str, area: str) -> bool:
        """Whether the conditions on these three hold."""
        when = self.when
        if self.covered is not None and area not in self.covered:
            return False
        return (not when.category or _fits(when.category, category)) and (not when.group or _fits(when.group, group))

    @property
    def phrases(self) -> tuple[str, ...]:
        """The words that the rule looks for in texts, folded."""
        return (*self.when.text_any, *self.when.text_all)

    def rest_holds(self, subject: RuleInput, said: str | frozenset[str]) -> bool:
        """Whether all other conditions hold; `said` is the subject's text, folded, or those phrases that it holds."""
        when = self.when
        if when.hours is not None and not _in_hours(when.hours, subject.hour):
            return False
        for name, patterns in self._asked:
            if not _fits(patterns, getattr(subject, name)):
                return False
        if when.text_all and not all(word in said for word in when.text_all):
            return False
        return not when.text_any or any(word in said for word in when.text_any)


class RuleTable:
    """All rules of a city, in their order."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._phrases = tuple(sorted({phrase for rule in self._rules for phrase in rule.phrases}))
        self._concerning = lru_cache(maxsize=4096)(self._select)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def first(self, subject: RuleInput) -> Rule | None:
        """The first rule whose condition holds, or None."""
        rules = self._concerning(subject.category, subject.group, subject.area)
        said = _said(subject) if rules else ""
        for rule in rules:
            if rule.rest_holds(subject, said):
                return rule
        return None

    def phrases_in(self, text: str) -> tuple[str, ...]:
        """Those of the words that any rule looks for which a text holds."""
        folded = fold(text) if self._phrases else ""
        return tuple(filter(folded.__contains__, self._phrases))

    def _select(self, category: str, group: str, area: str) -> tuple[Rule, ...]:
        """The rules that are left for a category in an area: found once, as nothing else of a subject is asked for."""
        return tuple(rule for rule in self._rules if rule.concerns(category, group, area))


def _said(subject: RuleInput) -> str | frozenset[str]:
    return fold(subject.text) if subject.phrases is None else subject.phrases


def _fits(patterns: tuple[str, ...], value: str) -> bool:
    folded = fold(value)
    return any(folded.startswith(pattern[:-1]) if pattern.endswith("*") else folded == pattern for pattern in patterns)


def _in_hours(hours: tuple[int, int], hour: int | None) -> bool:
    start, end = hours
    if hour is None:
        return False
    return start <= hour < end if start < end else hour >= start or hour < end


def read_rules(content: bytes, areas: Areas, categories: Mapping[str, Category], problems: Problems) -> RuleTable:
    """The rules of rules.toml, in order; mistakes go to `problems`."""
    source = Toml(FILE, content, problems)
    tables = source.document.pop("rules", [])
    for name in source.document:
        problems.add(FILE, source.line(name), name, "is not known here; a rule begins with [[rules]]")
    if not isinstance(tables, list):
        problems.add(FILE, source.line("rules"), "rules", "a rule begins with [[rules]]")
        return RuleTable(())
    # Rules written as an inline array have no lines of their own; a text may look like a beginning.
    starts = (source.starts("rules") + [1] * len(tables))[: len(tables)]
    rules: list[Rule] = []
    for table, start, end in zip(tables, starts, [*starts, None][1:], strict=True):
        try:
            rule = Rule.model_validate(table)
        except ValidationError as error:
            for detail in error.errors():
                problems.add_detail(FILE, source.line(str(detail["loc"][-1]), start, end), detail)
            continue
        if any(rule.id == other.id for other in rules):
            problems.add(FILE, source.line("id", start, end), "id", f"{rule.id} appears twice")
        rules.append(rule.model_copy(update={"row": start, "covered": _covered(rule, areas)}))
        for field, message in _unknown(rule, areas, categories, problems):
            problems.add(FILE, source.line(field, start, end), f"when.{field}", message)
    return RuleTable(rules)


def _covered(rule: Rule, areas: Areas) -> frozenset[str] | None:
    if not rule.when.area:
        return None
    wanted = set(rule.when.area)
    return frozenset(area.id for area in areas if wanted.intersection(areas.ancestors(area.id)))


def _unknown(
    rule: Rule, areas: Areas, categories: Mapping[str, Category], problems: Problems
) -> Iterator[tuple[str, str]]:
    """Names that nothing bears, by field: a condition on them could never hold."""
    for name in rule.when.area:
        if name not in areas and name not in problems.excused and len(areas):
            yield "area", f"{name!r} is not an area"
    for pattern in rule.when.no_fault:
        if not any(_fits((pattern,), kind) for kind in NO_FAULT_KINDS):
            yield "no_fault", f"{pattern!r} is not a kind of no fault; these are: {', '.join(NO_FAULT_KINDS)}"
    rows = [] if CATEGORIES in problems.unread else list(categories.values())
    for field, codes in (
        ("category", [category.code for category in rows]),
        ("group", [category.code for category in rows if not category.parent]),
    ):
        for pattern in getattr(rule.when, field):
            if codes and not any(_fits((pattern,), code) for code in (*codes, *problems.excused)):
                yield field, f"{pattern!r} is not a {field}"
