"""Routing 派单: from what is known of an order to the department that is responsible, with the reason.

The first matching rule decides, else the owner of the asset that it is at, else the responsibility table under the
category, else a person. Routing never raises: what it cannot decide is an outcome with a reason.
"""

from datetime import date

import msgspec

from dispatcher.order.row import Order
from models.city import ORDINARY, URGENT, City, Rule, RuleInput, RuleOutcome
from models.city.rules import RuleTable
from models.events import Evidence, Why
from models.guess import NO_FAULT, Guess
from models.inbox import Sighting
from models.plain_words import fold
from models.times import local_day, local_hour
from models.words import whole_text


class Spot(msgspec.Struct, frozen=True):
    """Where it is: the id of the asset that was named 部件 (empty: none), and the coordinates, where they are known."""

    asset: str = ""
    lat: float | None = None
    lon: float | None = None


NOWHERE = Spot()

NO_MATTER = "no-fault"  # why a person decides on what surely is no fault
_LIKELIEST = 0.5  # more likely than not
LIKELY = 0.1  # alternatives that are less probable are not looked at; the first always is
_KNOWN = 50_000


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order goes.

    `department` is empty when a person must decide (`review` says why) or when a rule rejects the order outright
    (`reject` says why). `category` is empty while it is not settled; it is a group's code when only the group is sure.
    `priority_stays` where a rule has set the priority, or how sure cameras are, and not the category.
    """

    category: str = ""
    condition: str = ""
    department: str = ""
    assists: tuple[str, ...] = ()
    priority: int = ORDINARY
    priority_stays: bool = False
    why: Why
    review: str = ""
    reject: str = ""


def spot_of(seen: Sighting | Order) -> Spot:
    """Where a sighting or an order is."""
    asset = seen.asset if isinstance(seen.asset, str) else "" if seen.asset is None else seen.asset.id
    return Spot(asset, seen.lat, seen.lon)


def subject_of(city: City, seen: Sighting | Order, at: int, first: Sighting | Evidence | None) -> RuleInput:
    """What rules look at in a sighting, or an order with its `first` one, that opens or was opened at `at`, ms UTC."""
    gist = None if first is None else first.gist
    return RuleInput(
        category=seen.category,
        hint=seen.hint,
        area=seen.area,
        text=whole_text(seen.title, seen.text),
        source=seen.source,
        channel=seen.channel,
        hour=local_hour(at, city.zone),
        label="" if first is None else first.label,
        phrases=None if gist is None else frozenset(gist.phrases),
    )


def routed(city: City, sighting: Sighting, at: int) -> Route:
    """Where the rules and tables send a sighting that opens an order at `at`, ms UTC."""
    return _routed(city, subject_of(city, sighting, at, sighting), sighting, at)


def _routed(city: City, subject: RuleInput, sighting: Sighting, at: int) -> Route:
    return route(city, subject, sighting.guess, local_day(at, city.zone), spot_of(sighting))


class Urgency:
    """Tells what a city takes for urgent 紧急, a matter of life and limb, from all the rest."""

    def __init__(self, city: City) -> None:
        urgent = [kind for kind in city.categories.values() if kind.priority == URGENT]
        self._codes = frozenset(code for kind in urgent for code in (kind.code, kind.parent) if code)
        # Those that may make urgent what is of no such category: most sightings are told by these few.
        self._rules = RuleTable(
            rule for rule in city.rules if rule.outcome.priority == URGENT or rule.outcome.category in self._codes
        )
        self._wordless = RuleTable(rule for rule in self._rules if not rule.phrases)
        self._city = city
        self._known: dict[RuleInput, bool] = {}  # of what cameras see without words, again and again

    def of(self, sighting: Sighting) -> bool:
        """Whether an order that the sighting opened would be urgent by rules and tables. What makes one urgent later
        is not known yet: how many see it, how sure they are together, what a person says."""
        guess = sighting.guess
        codes = {sighting.category}
        if guess is not None:
            codes |= {guess.group, *_likely(guess)}
        wordless = guess is None and sighting.gist is None and not (sighting.text or sighting.title)
        ordinary = self._codes.isdisjoint(codes)
        if ordinary and not (self._wordless if wordless else self._rules):
            return False
        subject = subject_of(self._city, sighting, sighting.at, sighting)
        if not wordless:
            return self._is_urgent(sighting, subject, ordinary)
        known = self._known.get(subject)
        if known is None:
            if len(self._known) == _KNOWN:
                self._known.clear()
            known = self._known[subject] = self._is_urgent(sighting, subject, ordinary)
        return known

    def _is_urgent(self, sighting: Sighting, subject: RuleInput, ordinary: bool) -> bool:
        city = self._city
        if ordinary and self._rules.first(_for_rules(city, subject, sighting.guess)) is None:
            return False
        return _routed(city, subject, sighting, sighting.at).priority == URGENT


def is_no_fault(city: City, sighting: Sighting) -> bool:
    """Whether what words say surely is no fault, and no rule of the city's makes something of it."""
    guess = sighting.guess
    if guess is None or guess.outcome != "confident" or guess.category != NO_FAULT:
        return False
    target = routed(city, sighting, sighting.at)
    return target.review == NO_MATTER or bool(target.reject)


def is_named(city: City, guess: Guess | None, text: str) -> bool:
    """Whether a text surely names a matter of the city's: the guess is sure of a category, or of a group, and that is
    urgent, or one of its keywords stands in the text."""
    sure = "" if guess is None else guess.sure
    if sure not in city.categories:
        return False
    kinds = (city.categories[sure], *(city.categories[member] for member in city.members(sure)))
    words = fold(text)
    return any(kind.priority == URGENT or any(fold(word) in words for word in kind.keywords) for kind in kinds)


def route(city: City, subject: RuleInput, guess: Guess | None, day: date, spot: Spot = NOWHERE) -> Route:
    """Decide for an order that nobody has looked at yet.

    `subject` carries what rules may ask for, with `category` set where it is certain without a classifier (a camera's
    label); otherwise the category is that of a confident `guess`, and rules see it too. `day` is the city-local day
    of opening, on which the responsibility row must be valid; `spot` is where it is. What surely is no fault has no
    category; rules see its kind, and where none of them says otherwise a person decides. What is urgent waits for
    nobody where one department has its whole group.
    """
    why = Why(by="label", note=subject.label) if subject.category else because(guess, "table")
    subject = _for_rules(city, subject, guess)
    category, kind = subject.category, subject.no_fault
    rule = city.first_rule(subject)
    if rule is not None:
        why = msgspec.structs.replace(why, by="rule", rule=rule.id, note=rule.reason)
        return _by_rule(city, rule, category, subject.area, day, why, spot)
    if category:
        return responsible(city, category, subject.area, day, why, spot)
    if guess is None:
        return Route(why=why, review="not-classified")
    if kind:
        return Route(why=why, review=NO_MATTER)
    if guess.outcome == "group" or _urgent(city, guess):
        return _by_group(city, guess, subject.area, day, why, spot)
    return _in_doubt(city, guess, why)


def _for_rules(city: City, subject: RuleInput, guess: Guess | None) -> RuleInput:
    """The subject with the category that is certain, its group, or the kind of what surely is no fault."""
    category, kind = subject.category, ""
    if not category and guess is not None and guess.outcome == "confident":
        category, kind = ("", guess.kind or NO_FAULT) if guess.category == NO_FAULT else (guess.category, "")
    return msgspec.structs.replace(subject, category=category, group=_group(city, category), no_fault=kind)


def responsible(city: City, category: str, area: str, day: date, why: Why, spot: Spot = NOWHERE) -> Route:
    """Who is responsible for a category that is settled: the owner of the asset that it is at, else whom the table
    names; or the reason for a review."""
    kind = city.categories.get(category)
    if kind is None:
        return Route(category=category, why=why, review="unknown-category")
    owned = _by_owner(city, category, spot, kind.priority, why)
    if owned is not None:
        return owned
    row = city.responsible(category, area, day)
    if row is None or row.lead not in city.departments:
        reason = "nobody-responsible" if row is None else "unknown-department"
        return Route(category=category, priority=kind.priority, why=why, review=reason)
    return Route(
        category=category,
        department=row.lead,
        assists=row.assists,
        priority=kind.priority,
        why=msgspec.structs.replace(why, table_row=row.row),
    )


def because(guess: Guess | None, by: str) -> Why:
    """The classifier's part of a reason; empty when nothing was classified."""
    if guess is None:
        return Why(by=by)
    return Why(
        by=by,
        model=guess.model,
        probability=guess.probability,
        threshold=guess.threshold,
        outcome=guess.outcome,
        alternatives=guess.alternatives,
        terms=guess.terms,
        beside=guess.beside,
        second=guess.second,
    )


def _by_owner(city: City, category: str, spot: Spot, priority: int, why: Why) -> Route | None:
    """The owner of the asset that what is of a category, or of one of a group's, is at; None where there is none."""
    asset = city.asset_at_fault(category, spot.asset, spot.lat, spot.lon)
    if asset is None or asset.owner not in city.departments:
        return None
    why = msgspec.structs.replace(why, asset=asset.id)
    return Route(category=category, department=asset.owner, priority=priority, why=why)


def _by_rule(city: City, rule: Rule, category: str, area: str, day: date, why: Why, spot: Spot) -> Route:
    """What the rule says; what it leaves out is decided as without it."""
    then: RuleOutcome = rule.outcome
    category = then.category or category
    if then.reject:
        return Route(category=category, why=why, reject=rule.id)
    if then.department is None:
        target = responsible(city, category, area, day, why, spot) if category else Route(why=why, review="uncertain")
    elif then.department in city.departments:
        target = Route(category=category, department=then.department, priority=_priority(city, category), why=why)
    else:
        target = Route(category=category, why=why, review="unknown-department")
    changes: dict[str, object] = {"condition": then.condition or ""}
    if then.assists is not None:
        changes["assists"] = then.assists
    if then.priority is not None:
        changes |= {"priority": then.priority, "priority_stays": True}
    if then.review:
        changes |= {"department": "", "assists": (), "review": rule.id}
    return msgspec.structs.replace(target, **changes)


def _by_group(city: City, guess: Guess, area: str, day: date, why: Why, spot: Spot) -> Route:
    """Dispatch on the group when all its categories have one lead here, or names an asset that the group is about;
    its name then is the order's category."""
    priority = min((_priority(city, member) for member in city.members(guess.group)), default=ORDINARY)
    owned = _by_owner(city, guess.group, Spot(spot.asset), priority, why)
    if owned is not None:
        return owned
    rows = [city.responsible(member, area, day) for member in city.members(guess.group)]
    leads = {"" if row is None else row.lead for row in rows}
    if len(leads) != 1 or not leads <= city.departments.keys():
        return _in_doubt(city, guess, why)
    return Route(category=guess.group, department=leads.pop(), priority=priority, why=why)


def _in_doubt(city: City, guess: Guess, why: Why) -> Route:
    """To a person. Of what may be a matter of life and limb whoever looks is told at once."""
    priority = URGENT if may_be_urgent(city, guess) else ORDINARY
    return Route(why=why, review=guess.reason or "uncertain", priority=priority)


def may_be_urgent(city: City, guess: Guess) -> bool:
    """Whether something urgent is what it most likely is, or likely enough beside that to be compared."""
    return any(_priority(city, name) == URGENT for name in _likely(guess))


def _likely(guess: Guess) -> set[str]:
    if not guess.probability:  # it has no word of a matter
        return set()
    return {guess.category, guess.second, *(name for name, share in guess.alternatives if share >= LIKELY)}


def _urgent(city: City, guess: Guess) -> bool:
    """Whether it is likely something urgent, or something else of that group. Whoever is sent in vain loses less than
    is lost while it waits for a person."""
    return _priority(city, guess.category) == URGENT and guess.group_probability >= _LIKELIEST


def _group(city: City, category: str) -> str:
    kind = city.categories.get(category)
    return "" if kind is None else kind.parent or kind.code


def _priority(city: City, category: str) -> int:
    kind = city.categories.get(category)
    return ORDINARY if kind is None else kind.priority
