"""An order as its reporter is shown it: how it stands, in words that name nobody."""

from collections.abc import Sequence
from typing import Any

from dispatcher.arrivals.covered.silencing import is_suppressed
from dispatcher.clocks.answer_windows import feedback_until, reopen_until
from dispatcher.order.facts import KINDS
from dispatcher.order.lifecycle import allowed
from dispatcher.order.row import Entry, Order
from dispatcher.partition.telling.notices import AUDIENCES
from dispatcher.steps.guards.callers import is_reporter
from dispatcher.steps.guards.time_windows import too_often
from models.city import City
from models.inbox import Actor
from models.times import day_number, local_day, now_ms, to_text
from streams.gateway.http.responses import named

# What a reporter may do by a link; whether the desk takes it, the table of the lifecycle says.
STEPS = ("feedback", "reopen", "remind", "comment")
# The steps that reporters are told of.
TOLD = frozenset(name for name, kind in KINDS.items() if "reporter" in AUDIENCES.get(kind, ()))


def public_state(order: Order, reporter: str, city: City) -> dict[str, Any]:
    """No word that anybody has written, no address and no person: only what the city's tables call it, and the steps
    that reporters are told of. `may` is what the desk would take from this reporter now, `until` how long."""
    now, without = now_ms(), is_without(order, reporter)
    answer = next((each for each in order.answers if each.by == reporter), None)
    return {
        "id": order.id,
        "state": order.state,
        "split_off": without,
        "suppressed": order.state == "rejected"
        and any(entry.fact == "rejected" and is_suppressed(entry.note) for entry in order.timeline),
        "category": named(city.categories.get(order.category), order.category),
        "area": named(city.areas.get(order.area), order.area),
        "department": named(city.departments.get(order.department), order.department),
        "city": named(city, city.id),
        "opened_at": to_text(order.opened_at),
        "due": None if order.due is None or without else to_text(order.due),
        "steps": [] if without else [_step(entry) for entry in order.timeline if entry.fact in TOLD],
        "answered": None if answer is None else {"satisfied": answer.satisfied, "satisfaction": answer.satisfaction},
        "may": [] if without else may(order, reporter, city, now),
        "until": {action: to_text(last) for action, last in _until(order, city).items() if now <= last and not without},
        "zone": city.zone.key,
    }


def is_without(order: Order, reporter: str) -> bool:
    """Whether nothing of this reporter is part of an order any more: what they had reported was split off 拆分, or is
    no longer merged into it. Where others still are, and where nobody has given a name, it is not known."""
    return not order.children and not is_reporter(reporter, (order,))


def goes_on_as(order: Order, reporter: str, others: Sequence[Order]) -> Order | None:
    """Which of a reporter's orders, given newest first, what they had reported of this one has become."""
    released = {(entry.at, entry.actor) for entry in order.timeline if entry.fact == "released"}
    with_it = (each for each in others if any((entry.at, entry.actor) in released for entry in each.timeline))
    # It had been split off before, or that was long ago. Among those that are linked are also what is related.
    begun = (each for each in others if each.id in order.linked and each.evidence_first[0].reporter == reporter)
    return next(with_it, None) or next(begun, None)


def _step(entry: Entry) -> dict[str, str]:
    return {"fact": entry.fact, "at": to_text(entry.at)}


def may(order: Order, reporter: str, city: City, now: int) -> list[str]:
    """What the desk takes from a reporter at an instant (ms UTC), as far as the order says."""
    today, until = day_number(local_day(now, city.zone)), _until(order, city)
    often = too_often(order, Actor("reporter", "", reporter))
    not_now = {
        "feedback": often or now > until.get("feedback", now),
        "reopen": now > until.get("reopen", now),
        "remind": today in order.reminded_on,
        "comment": often,
    }
    return [action for action in allowed(order.state, "reporter") if action in STEPS and not not_now[action]]


def _until(order: Order, city: City) -> dict[str, int]:
    if order.state != "closed":
        return {}
    closed_at = order.closings[-1].at
    return {
        "feedback": feedback_until(closed_at, city.settings),
        "reopen": reopen_until(closed_at, city.settings),
    }
