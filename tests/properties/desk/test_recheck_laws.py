"""Laws of re-checks under whatever cameras see, people do and time brings, in any order."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.order import facts
from models.inbox import Actor, InboxUpdate, Item, Tick
from tests.properties.desk.test_desk_laws import CITY
from tests.support.desks import DAY, HOUR, MINUTE, Desk, assert_laws, detection, facts_of
from tests.support.examples import examples

LIGHT = "street-light"
STEPS = ("accept", "handle", "check-pass", "check-fail", "give-check", "reopen", "force-close", "merge", "take-back")
Move = tuple[str, int, int]
MOVES = st.tuples(
    st.sampled_from(("seen", "end", "wait", "camera-pass", "camera-fail", "accept", "handle", "handle", *STEPS)),
    st.integers(0, 2),
    st.sampled_from((0, 1, 5, 30, 700)),
)


def item(desk: Desk, n: int, move: Move) -> Item:
    """What one move puts into the inbox: of an order where it is a step, of a camera where one looks."""
    what, which, _ = move
    if what == "wait":
        return Tick()
    if what in ("seen", "end") or not desk.state.orders:
        phase = "end" if what == "end" else ""
        place: dict[str, Any] = {"lat": 30.05 + which / 10, "object_id": f"lamp-{which}"}
        return detection(f"d{n}", desk.clock, LIGHT, f"cam-sw-{1 + which % 2}", phase=phase, **place)
    order = sorted(desk.state.orders.values(), key=lambda each: each.id)[which % len(desk.state.orders)]
    camera = Actor("camera", "", order.recheck.camera if order.recheck is not None else "cam-sw-1")
    people = {
        "camera-pass": camera,
        "camera-fail": camera,
        "check-pass": Actor("inspector", "", "p1"),
        "check-fail": Actor("inspector", "", "p1"),
        "give-check": Actor("dispatcher", "", "dora"),
        **dict.fromkeys(("reopen", "force-close", "merge"), Actor("operator", "", "olga")),
    }
    by = people.get(what, Actor("department", order.department, "x"))
    return InboxUpdate(
        source="cams", id=f"u{n}", at=desk.clock, action=what.replace("camera", "check"), by=by, area="south-w",
        order_id=order.id, reason="r", inspector="p3", evidence_urls=("https://pictures.example/1.jpg",),
        other_order_id=min(desk.state.orders), sender=by if by.role == "camera" else None,
    )  # fmt: skip


def played(moves: list[Move]) -> Desk:
    """A desk after these moves."""
    desk = Desk(CITY)
    for n, move in enumerate(moves):
        desk.feed(item(desk, n, move), at=desk.clock + move[2] * MINUTE)
    return desk


@settings(max_examples=examples(60))
@given(st.lists(MOVES, min_size=5, max_size=60))
def test_a_handled_order_has_one_open_recheck_at_most_and_each_of_them_ends(moves: list[Move]) -> None:
    """None is asked for while another is open, and none is left when its deadline is over."""
    desk = played(moves)
    desk.tick(desk.clock + 2 * DAY)

    open_ones: dict[str, bool] = {}
    for fact in facts_of(desk.sent):
        if isinstance(fact, facts.RecheckRequested):
            assert not open_ones.get(fact.order_id)
            assert fact.at < fact.due <= fact.at + 10 * HOUR
            open_ones[fact.order_id] = True
        elif isinstance(fact, facts.RecheckAnswered) or (isinstance(fact, facts.Fact) and fact.state != "handled"):
            open_ones[fact.order_id] = False
    assert not any(open_ones.values())
    assert all(order.recheck is None or order.recheck.found for order in desk.state.orders.values())
    assert sum(out.topic == "rechecks" for out in desk.sent) == desk.names().count("recheck-requested")
    assert_laws(desk)


@settings(max_examples=examples(30))
@given(st.lists(MOVES, min_size=5, max_size=40), st.integers(0, 2**32))
def test_replaying_asks_cameras_for_the_same(moves: list[Move], seed: int) -> None:
    """Byte for byte, wherever batches end and desks are restored."""
    desk = played(moves)
    sent = desk.sent

    desk.replay(list(desk.inbox), Random(seed), restarts=True)

    assert desk.sent == sent
