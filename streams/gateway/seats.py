"""Seats 席位: what somebody at the operations desk works through, and what they may do with an order now.

Both follow from the role: the lists stand in `LISTS`, the moves in the table of the lifecycle.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from dispatcher.order.chain import accountable, answered, confirmer, dispatched_by, holders
from dispatcher.order.forms import Field, form
from dispatcher.order.lifecycle import TABLE, Transition
from dispatcher.order.row import Order, extendable, kept_evidence, unanswered, unroutable
from dispatcher.partition.identity import area_of, kept_reports
from dispatcher.steps.two_people import same_person
from models.access import ACCESS, Holder, actor
from models.city import City
from models.events.vocabulary import CODES, ROLES, Names
from models.inbox import Actor
from streams.gateway.http.responses import named
from streams.kafka.sending import partition_of
from streams.tables.marks import MARKS, perhaps_same
from streams.tables.protocol import Sort


class WorkList(msgspec.Struct, frozen=True):
    """One list of a seat: its names and the query of `GET /orders` that gives it, in which `{person}` is who sits
    there and `{department}` their department. What is only `watched` others take off it; of all other lists the seat
    has a move that does."""

    names: Names
    query: str
    watched: bool = False


def _marked(mark: str, sort: Sort = "urgent", *, watched: bool = False) -> WorkList:
    return WorkList(MARKS[mark].names, f"mark={mark}&sort={sort}", watched)


_PERSON, _DEPARTMENT = "{person}", "{department}"
_OVERDUE = WorkList(("超期", "overdue"), "overdue=true&sort=urgent", watched=True)
_CLOSED = WorkList(("结案", "closed"), "state=closed", watched=True)
# The lists of each role of the lifecycle that works at the desk, the one that it works through first.
LISTS: Mapping[str, tuple[WorkList, ...]] = {
    "reviewer": (
        WorkList(("待研判", "in review"), "sort=surest"),
        _marked("candidates"),
        _marked("appeal", "newest"),
        _CLOSED,
    ),
    "dispatcher": (
        WorkList(("退单待审", "returned"), "state=returned&sort=urgent"),
        _marked("extension-request"),
        _marked("suspension-request"),
        _marked("unroutable"),
        WorkList(("争议裁定", "arbitration"), "state=arbitration&sort=urgent"),
        _marked("candidates"),
        WorkList(("处置中", "with departments"), "state=assigned,accepted,suspended&sort=urgent", watched=True),
        WorkList(("待核查", "to be checked"), "state=handled&sort=urgent", watched=True),
        _marked("call-back", "newest"),
        _OVERDUE,
    ),
    "duty-officer": (
        WorkList(("争议裁定", "arbitration"), "state=arbitration&sort=urgent"),
        _marked("urgent"),
        _OVERDUE,
        _marked("unanswered", watched=True),
        WorkList(("在办", "open"), "state=open&sort=urgent", watched=True),
    ),
    "department": (
        WorkList(("待签收", "to accept"), "state=assigned&sort=urgent"),
        WorkList(("处置中", "to handle"), "state=accepted,suspended&sort=urgent"),
        WorkList(("待核实", "to confirm"), "confirmer={department}&state=handled&sort=urgent"),
        WorkList(("待核查", "to be checked"), "state=handled&sort=urgent", watched=True),
        _CLOSED,
    ),
    "inspector": (
        WorkList(("我的核查", "my checks"), "state=handled&inspector={person}&sort=urgent"),
        WorkList(("待核查", "to be checked"), "state=handled&sort=urgent"),
    ),
    "unit": (WorkList(("我的任务", "my tasks"), "state=open&unit={person}&sort=urgent"),),
    "operator": (
        WorkList(("隔离", "set aside"), "quarantined=true"),
        _marked("candidates"),
        WorkList(("在办", "open"), "state=open&sort=urgent"),
        WorkList(("全部", "all"), "", watched=True),
    ),
}


def seat(holder: Holder | None, city: City) -> dict[str, Any]:
    """Who sits there, the lists of that role, and the words of the city that forms take. Without tokens: those of all
    roles, in which `{person}` and `{department}` stay open, for nobody is known, and the city's inspectors and mobile
    units, of whom one can be tried. `zone` is the city's, in which times are said."""
    roles = list(LISTS) if holder is None else [ACCESS[holder.role].acts_as]
    person = _PERSON if holder is None else quote(holder.person, safe="")
    department = _DEPARTMENT if holder is None else quote(holder.department, safe="")
    # Only who hands orders down has something to confirm.
    confirms = holder is None or bool(city.hierarchy.below(holder.department))
    return {
        "open": holder is None,
        "zone": city.zone.key,
        "person": "" if holder is None else holder.person,
        "department": "" if holder is None else holder.department,
        "seats": [
            {
                "role": role,
                "name_zh": ROLES[role][0],
                "name_en": ROLES[role][1],
                "lists": [
                    {
                        "name_zh": each.names[0],
                        "name_en": each.names[1],
                        "query": each.query.format(person=person, department=department),
                        "watched": each.watched,
                    }
                    for each in LISTS[role]
                    if (person or _PERSON not in each.query) and (confirms or _DEPARTMENT not in each.query)
                ],
            }
            for role in roles
            if role in LISTS
        ],
        "departments": [named(department, code) for code, department in city.departments.items()],
        "categories": [
            {
                **(named(category, code) or {}),
                "conditions": [named(city.limits.called(each), each) for each in city.conditions(code)],
            }
            for code, category in city.categories.items()
            if category.parent
        ],
        "groups": [named(category, code) for code, category in city.categories.items() if not category.parent],
        "areas": [named(area, area.id) for area in city.areas.at_level(city.merge_level)],
        "levels": city.settings.supervision_levels,
        "inspectors": sorted({row.id for row in city.inspectors.rows}) if holder is None else [],
        "units": sorted(city.units.by_id) if holder is None else [],
    }


def moves(
    holder: Holder | None, order: Order, city: City, *, let_out: bool = True, partitions: int = 1
) -> list[dict[str, Any]]:
    """The actions that the lifecycle's table has for an order as it stands, each with its form: of a holder those that
    it may take, without tokens those of all roles; `let_out`: whether one that was merged may be taken out again, which
    the order says with which it goes on; which other orders its desk has follows from how many `partitions` there are.
    Whether the desk takes one depends on what is given with it."""
    return [
        {
            "action": row.action,
            "term": row.term,
            "roles": roles,
            "fields": [_field(row, field, order, city, partitions) for field in form(row)],
            "note": row.note,
        }
        for row, roles in _rows(holder, order, city, let_out)
    ]


def _rows(
    holder: Holder | None, order: Order, city: City, let_out: bool
) -> Iterator[tuple[Transition, tuple[str, ...]]]:
    holding = {**_holding(order, city), "parent-stands": let_out}
    for row in TABLE:
        if order.state not in row.sources or not _fits(row, holding):
            continue
        if holder is None:
            yield row, tuple(role for role in row.roles if role in LISTS)
        elif _may(actor(holder), row, order):
            yield row, (ACCESS[holder.role].acts_as,)


def _fits(row: Transition, holding: Mapping[str, bool]) -> bool:
    """Whether the guards that are known to hold or not let a row's step be taken."""
    requested = holding["extension-requested" if row.action == "request-extension" else "suspension-requested"]
    return all(not requested if guard == "nothing-requested" else holding.get(guard, True) for guard in row.guards)


def _holding(order: Order, city: City) -> dict[str, bool]:
    """Of the guards that an order by itself decides whether each holds: there is a level to which a step would lead,
    nobody there has to act first, it is for this role to say, of a mobile unit's task the next step, and of what was
    requested or appealed against an answer. What the desk would refuse whatever is given with it is nobody's to try."""
    task, evidence = order.task, kept_evidence(order)
    return {
        "below": bool(city.hierarchy.below(order.department)),
        "level-above": bool(order.held_for or city.hierarchy.above(order.department)),
        "accountable": bool(order.held_for),
        "confirms": confirmer(order) != "",
        "confirmed-above": answered(order),
        "unroutable": unroutable(order),
        "its-task": task is not None,
        "not-yet-accepted": task is not None and task.stage == "given",
        "not-yet-there": task is not None and task.stage != "arrived",
        "no-unit-yet": task is None,
        "unit-free": bool(city.units.serving(order.area)),
        "kept-apart": bool(order.apart),
        "extension-requested": order.extension_asked,
        "suspension-requested": order.suspension_asked_until is not None,
        "extensions-left": bool(extendable(order)) and order.extensions < city.settings.extensions_max,
        "suspensions-left": order.suspensions < city.settings.suspensions_max,
        "appealed": order.appeal == "asked",
        "not-appealed": not order.appeal,
        "somebody-to-call": bool(order.closings and unanswered(order)),
        "joined-report": bool(kept_reports(order.kind, order.report_keys, evidence)),
    }


def _may(by: Actor, row: Transition, order: Order) -> bool:
    if by.role not in row.roles or same_person(order, row, by):
        return False
    if by.role == "dispatcher" and "another-dispatcher" in row.guards and by.id in dispatched_by(order):
        return False
    if "its-task" in row.guards and (order.task is None or order.task.unit != by.id):
        return False
    if by.role != "department" or not order.assignments:
        return by.role != "department"
    if "confirms" in row.guards:
        return by.department == confirmer(order)
    if "accountable" in row.guards:
        return accountable(order, by.department) is not None
    above = len(order.held_for) if "holder-if-department" not in row.guards else 0
    return by.department in holders(order)[: len(holders(order)) - above]


def _field(row: Transition, field: Field, order: Order, city: City, partitions: int) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": field.name, "kind": field.kind, "needed": field.needed}
    if field.kind == "code":
        shown["choices"] = [
            {"id": code, "name_zh": names[0], "name_en": names[1]} for code, names in CODES[row.action].items()
        ]
    if field.kind == "plan":
        shown["choices"] = [_plan(plan, city) for plan in dict.fromkeys(row.plan for row in city.plan_parts)]
    if field.name == "reason" and (texts := city.standard_texts.find(row.action, order.category)):
        shown["texts"] = list(texts)
    # A second matter in the same words is told by the classifier: a person decides whether it is one.
    if row.action == "divide" and field.kind == "category" and order.guess is not None and order.guess.second:
        shown["suggested"] = order.guess.second
    if field.kind == "order":
        shown["likely"] = _likely(row, order, partitions)
    if field.kind == "inspector":
        shown["choices"] = [
            named(None, row.id) for row in city.inspectors.find(order.area) if row.id != order.inspector
        ]
    return shown


def _likely(row: Transition, order: Order, partitions: int) -> tuple[str, ...]:
    """The orders that are likely to be meant, of those that the desk would take: it has only those of its partition,
    which the area in an order's id decides. What lies beyond a border no row names that is not related already."""
    if "kept-apart" in row.guards:
        return order.apart
    if "beyond-a-border" in row.guards:
        return ()
    own = partition_of(area_of(order.id), partitions)
    named = dict.fromkeys((*perhaps_same(order), *order.linked))
    return tuple(each for each in named if each != order.part_of and partition_of(area_of(each), partitions) == own)


def _plan(plan: str, city: City) -> dict[str, str]:
    """A plan of the city, called what its parts are called: it has no other words."""
    parts = [row for row in city.plan_parts if row.plan == plan]
    names = {"name_zh": "、".join(row.name_zh for row in parts), "name_en": ", ".join(row.name_en for row in parts)}
    return {"id": plan} | names
