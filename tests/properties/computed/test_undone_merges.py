"""Laws of merges 并案 that are undone: an order counts for what it would have counted for without them."""

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatcher.figures.booking import Bookings, bookings
from dispatcher.order.row import Order
from models.inbox import Actor
from tests.support.desks import DAY, DISPATCHER, HOUR, INSPECTOR, OPERATOR, T0, Desk, assert_laws, report
from tests.support.examples import examples

END = 35 * DAY
STEPS = (
    "accept", "accept", "accept", "handle", "handle", "handle", "check-fail", "check-fail", "check-pass", "check-pass",
    "re-assign", "re-assign", "force-close", "reopen", "reopen", "reject",
)  # fmt: skip

# When, what, on which order: 0 is the one that goes on, the others are those that are merged into it for a while.
Event = tuple[int, str, int]


def random_events(rng: random.Random) -> tuple[list[Event], list[Event]]:
    """What happens to an order, and to some others that are merged into it; and the same without what is undone."""
    hours = END // HOUR
    others = range(1, rng.choice((1, 2, 3)) + 1)
    opened = {order: rng.randrange(hours * 2 // 3) for order in (0, *others)}
    events = [(at, "open", order) for order, at in opened.items()]
    events += [(rng.randrange(opened[0] + 1, hours), rng.choice(STEPS), 0) for _ in range(rng.randrange(8))]
    undone: list[Event] = []
    for order in others:
        begin = max(opened[0], opened[order]) + 1
        times = sorted(rng.sample(range(begin, hours), rng.choice((1, 2, 2, 2, 4))))
        spans = [(at, ("merge", "unmerge")[n % 2], order) for n, at in enumerate(times)]
        events += spans
        undone += spans if len(times) > 1 else []
    events.sort()
    return events, [event for event in events if event not in undone]


def lived(events: Sequence[Event]) -> tuple[Desk, Order | None, list[str]]:
    """A desk to which all that has happened, the order that went on, and what was refused of its own steps."""
    desk, ids, refused = Desk(), dict[int, str](), list[str]()
    for hour, action, number in events:
        at = T0 + hour * HOUR
        desk.tick(at)
        if action == "open":
            before = set(desk.state.orders)
            place: dict[str, Any] = {"lat": 30.01 + number / 100, "lon": 114.02}
            desk.feed(report(str(number), at, f"第{number}处路面有坑", reporter=f"r{number}", **place), at=at)
            [ids[number]] = set(desk.state.orders) - before
            continue
        order = desk.state.orders.get(ids[number])
        into = desk.state.orders.get(ids[0])
        if order is None or (action == "merge" and into is not None and into.state == "handled"):
            continue  # what is merged into one that waits for its check leaves its limit alone until it is given anew
        by = {"check-fail": INSPECTOR, "check-pass": INSPECTOR, "re-assign": DISPATCHER}.get(action, OPERATOR)
        if action in ("accept", "handle"):
            by = Actor("department", order.department, "dan")
        department = "works" if order.department == "roads" else "roads"
        urls = ("https://pictures.example/1.jpg",)
        given: dict[str, Any] = {"department": department, "evidence_urls": urls, "other_order_id": ids[0]}
        reason = desk.update(action, by, at, order.id, reason="because", **given)
        if number == 0:
            refused.append(reason)
    desk.tick(T0 + END)
    return desk, desk.state.orders.get(ids[0]), refused


def counted(desk: Desk, order: Order) -> Bookings:
    """All that it counts for."""
    return bookings(order, desk.city.zone)


@given(st.integers(0, 2**32))
@settings(max_examples=examples(60))
@example(174)  # given to another department while it is overdue by the clock of what is taken out later
def test_a_merge_that_is_undone_changes_nothing_that_an_order_counts_for(seed: int) -> None:
    """Whatever happens to it meanwhile, and whatever else is merged into it."""
    events, without = random_events(random.Random(seed))
    desk, order, refused = lived(events)
    other_desk, other, also_refused = lived(without)

    assert refused == also_refused
    assert_laws(desk)
    if order is None or other is None:
        return
    assert (order.due, order.overdue_at, order.overdue_past) == (other.due, other.overdue_at, other.overdue_past)
    assert counted(desk, order) == counted(other_desk, other)
