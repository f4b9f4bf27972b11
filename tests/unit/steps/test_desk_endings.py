"""How orders end and come back: checks, reopening, feedback, appeals, force, archive; and what is refused or fails."""

from typing import Any

import pytest

from dispatcher.arrivals import due
from dispatcher.desk import DeskState, UnknownPack, decide
from dispatcher.order import facts
from dispatcher.order.lifecycle import ACTIONS, REFUSALS
from dispatcher.order.row import Order
from dispatcher.steps import dispatching
from models.events.vocabulary import RETURN_CODES
from models.inbox import Actor, InboxRecord, PackChange, Sighting, Tick
from tests.support.cities import FILES
from tests.support.desks import (
    DAY,
    DISPATCHER,
    HOUR,
    INSPECTOR,
    MINUTE,
    OPERATOR,
    T0,
    Desk,
    assert_laws,
    facts_of,
    quiet_city,
    report,
)

ROADS = Actor("department", "roads", "ren")
CITIZEN = Actor("reporter", "", "hash-1")


@pytest.fixture
def desk() -> Desk:
    """A desk with one pothole, assigned to the roads bureau."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    return desk


def close(desk: Desk, at: int = T0 + 3 * HOUR, by: Actor = ROADS) -> None:
    """Handle and pass the only order."""
    desk.update("accept", by, at - 2 * HOUR)
    desk.update("handle", by, at - HOUR, evidence_urls=("e",))
    desk.update("check-pass", INSPECTOR, at)


def test_handling_takes_evidence_and_the_handler_is_not_the_checker(desk: Desk) -> None:
    """Neither the department, unless it has handed the order down, nor the same person checks; a citizen must be one of
    the order's."""
    desk.update("accept", ROADS, T0 + HOUR)
    assert desk.update("handle", ROADS, T0 + HOUR) == "missing-evidence"
    desk.update("handle", ROADS, T0 + HOUR, evidence_urls=("e",))

    assert desk.update("check-pass", ROADS, T0 + HOUR) == "not-accountable"
    assert desk.update("check-pass", Actor("inspector", "roads", "i"), T0 + HOUR) == "handler-is-checker"
    assert desk.update("check-pass", Actor("inspector", "", "ren"), T0 + HOUR) == "handler-is-checker"
    assert desk.update("check-pass", Actor("reporter", "", "hash-9"), T0 + HOUR) == "not-its-reporter"
    assert desk.update("check-pass", CITIZEN, T0 + HOUR) == ""
    order = desk.only()
    assert (order.state, order.label, order.label_department, order.label_by) == (
        "closed", "pothole", "roads", "handled",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "own", "decided"),
    [
        ("return", {"code": "unclear"}, "approve-return"),
        ("return", {"code": "unclear"}, "refuse-return"),
        ("request-extension", {}, "approve-extension"),
        ("request-extension", {}, "refuse-extension"),
        ("request-suspension", {"until": T0 + 2 * DAY}, "approve-suspension"),
        ("request-suspension", {"until": T0 + 2 * DAY}, "refuse-suspension"),
    ],
)
def test_who_asks_never_decides(desk: Desk, asked: str, own: dict[str, Any], decided: str) -> None:
    """Not the clerk as a dispatcher, not another of the department or of an assist; a dispatcher of elsewhere does."""
    desk.update("accept", ROADS, T0 + HOUR)
    assert desk.update(asked, ROADS, T0 + HOUR, reason="r", **own) == ""

    for by in (Actor("dispatcher", "", "ren"), Actor("dispatcher", "roads", "rui"), Actor("dispatcher", "police", "p")):
        assert desk.update(decided, by, T0 + HOUR, reason="r") == "asker-is-approver"
    assert desk.update(decided, Actor("dispatcher"), T0 + HOUR, reason="r") == "missing-name"
    assert desk.update(decided, DISPATCHER, T0 + HOUR, reason="r") == ""
    assert_laws(desk)


def test_an_appeal_is_reviewed_by_two_people_outside_the_department(desk: Desk) -> None:
    """Neither the appellant nor another of the department judges it."""
    close(desk)
    late = T0 + 4 * HOUR
    assert desk.update("appeal", ROADS, late, reason="storm") == ""

    for by in (Actor("reviewer", "", "ren"), Actor("reviewer", "roads", "one"), Actor("reviewer", "police", "two")):
        assert desk.update("approve-appeal", by, late) == "asker-is-approver"
        assert desk.update("refuse-appeal", by, late) == "asker-is-approver"
    assert desk.only().appeal_reviewers == ()


def test_a_reporter_reopens_within_fourteen_days(desk: Desk) -> None:
    """To the last handler with a new attempt; later it is too late for citizens, not for operators."""
    close(desk)
    assert desk.update("reopen", CITIZEN, T0 + 15 * DAY) == "reopen-window-over"
    assert desk.update("reopen", OPERATOR, T0 + 15 * DAY) == "missing-reason"
    assert desk.update("reopen", OPERATOR, T0 + 15 * DAY, reason="still there") == ""

    order = desk.only()
    assert (order.state, order.department, order.attempt) == ("assigned", "roads", 2)
    assert order.assignments[1].accept_due == T0 + 15 * DAY + 2 * HOUR
    assert desk.count("closed") == 0
    assert_laws(desk)


def test_what_a_department_had_that_the_city_has_no_more_is_reopened_for_a_person() -> None:
    """Nobody reads what is sent to it: the order lay there until its limits were up."""
    desk = Desk()
    desk.feed(report("1", T0, category="street-vendor", area="north-w", lat=30.15), at=T0)
    close(desk, by=Actor("department", "north-office", "nan"))
    without = quiet_city(**_without("north-office", "departments.csv", "responsibility.csv", "cameras.csv"))
    desk.cities[without.digest] = without
    desk.feed(PackChange(without.digest, 1), at=T0 + DAY)

    assert desk.update("reopen", CITIZEN, T0 + DAY, reason="still there") == ""

    order = desk.only()
    assert (order.state, order.department, order.timeline[-1].note) == ("review", "", "reopened")
    assert_laws(desk)


def _without(department: str, *names: str) -> dict[str, str]:
    return {name: "\n".join(x for x in FILES[name].splitlines() if department not in x) for name in names}


def test_feedback_is_kept(desk: Desk) -> None:
    """Satisfied or not, within the window."""
    close(desk)
    assert desk.update("feedback", CITIZEN, T0 + DAY) == "missing-satisfied"
    assert desk.update("feedback", CITIZEN, T0 + DAY, satisfied=False, reason="rough") == ""
    assert [(answer.by, answer.satisfied) for answer in desk.only().answers] == [("hash-1", False)]
    assert desk.update("feedback", CITIZEN, T0 + 20 * DAY, satisfied=True) == "feedback-window-over"


@pytest.mark.parametrize("named", [True, False])
def test_who_may_not_check_later_says_who_they_are_where_the_city_wants_it(named: bool) -> None:
    """Handling, returning, asking and appealing; without the setting a department's word is enough, as it was."""
    desk = Desk(quiet_city(settings=f"named_steps = {str(named).lower()}"))
    nobody, refusal = Actor("department", "roads"), "missing-name" if named else ""
    desk.feed(report("1", T0), at=T0)

    for action, said in (
        ("accept", {}),
        ("request-extension", {"reason": "rain"}),
        ("handle", {"evidence_urls": ("e",)}),
    ):
        wanted = "" if action == "accept" else refusal
        assert desk.update(action, nobody, T0 + HOUR, **said) == wanted
    assert desk.only().state == ("accepted" if named else "handled")
    if named:
        assert desk.update("return", nobody, T0 + HOUR, reason="r", code="unclear") == refusal
        assert desk.update("request-suspension", nobody, T0 + HOUR, reason="r", until=T0 + 3 * DAY) == refusal
        assert desk.update("handle", ROADS, T0 + HOUR, evidence_urls=("e",)) == ""


def test_an_appeal_takes_two_different_reviewers(desk: Desk) -> None:
    """Granted, it exempts the closing in the adjusted figures; the raw ones stay."""
    desk.update("accept", ROADS, T0 + HOUR)
    late = T0 + 8 * DAY
    desk.update("handle", ROADS, late, evidence_urls=("e",))
    desk.update("check-pass", INSPECTOR, late)
    one, two = Actor("reviewer", "", "one"), Actor("reviewer", "", "two")
    assert desk.update("approve-appeal", one, late) == "not-appealed"
    assert desk.update("appeal", ROADS, late, reason="storm") == ""
    assert desk.update("appeal", ROADS, late, reason="storm") == "already-appealed"
    assert desk.update("approve-appeal", Actor("reviewer"), late) == "missing-name"
    desk.update("approve-appeal", one, late)
    assert desk.only().appeal == "asked"
    assert desk.update("approve-appeal", one, late) == "same-reviewer"
    desk.update("approve-appeal", two, late)

    order = desk.only()
    assert (order.appeal, order.closings[0].exempt, order.seq) == ("granted", True, desk.only().seq)
    assert desk.count("closed_limited") == 0
    assert desk.count("closed_limited_raw") == 1
    assert_laws(desk)


def test_force_closing_takes_a_reason_and_a_name(desk: Desk) -> None:
    """From any open state; nothing was handled, so it is never on time."""
    assert desk.update("force-close", OPERATOR, T0 + HOUR) == "missing-reason"
    assert desk.update("force-close", Actor("operator"), T0 + HOUR, reason="r") == "missing-name"
    assert desk.update("force-close", OPERATOR, T0 + HOUR, reason="demolished") == ""

    closing = desk.only().closings[0]
    assert (closing.forced, closing.handled_at, closing.by) == (True, None, OPERATOR)
    assert desk.only().label == ""
    assert_laws(desk)


def test_an_order_is_archived_with_what_was_merged_into_it(desk: Desk) -> None:
    """The rows leave the desk for the archive; the figures stay; updates are refused by name."""
    desk.feed(report("2", T0 + HOUR, "井边砖头松动危险请修理"), at=T0 + HOUR)
    first, second = list(desk.state.orders)
    desk.update("merge", OPERATOR, T0 + HOUR, second, reason="same", other_order_id=first)
    desk.update("accept", ROADS, T0 + HOUR, first)
    desk.update("handle", ROADS, T0 + HOUR, first, evidence_urls=("e",))
    desk.update("check-pass", INSPECTOR, T0 + HOUR, first)
    closed = desk.count("closed")
    desk.tick(T0 + 40 * DAY)

    assert desk.state.orders == {}
    assert desk.state.index == {}
    assert {out.key for out in desk.sent if out.topic == "archive"} == {first, second}
    assert [fact.at for fact in facts_of(desk.sent) if isinstance(fact, facts.Archived)] == [T0 + HOUR + 30 * DAY] * 2
    assert desk.count("closed") == closed == 1
    assert desk.update("accept", ROADS, T0 + 41 * DAY, first) == "archived"
    assert_laws(desk)


def archived(desk: Desk) -> str:
    """The id of an order that was closed and archived; the clock is 41 days on."""
    first = desk.only().id
    desk.update("force-close", OPERATOR, T0 + HOUR, reason="gone")
    desk.tick(T0 + 41 * DAY)
    assert desk.state.orders == {}
    return first


def test_an_operator_reopens_an_archived_order_as_a_new_one_that_is_linked(desk: Desk) -> None:
    """The archived one stays as it is; the reviewer finds it under the link."""
    first = archived(desk)

    assert desk.update("reopen", OPERATOR, T0 + 41 * DAY, first, reason="it is back") == ""

    order = desk.only()
    assert (order.state, order.linked, order.text) == ("review", (first,), "it is back")
    assert order.id.startswith("south-w-20260412-")
    assert desk.names(order.id) == ["opened", "sent-to-review"]
    assert desk.count("opened") == 2
    assert_laws(desk)


@pytest.mark.parametrize(
    ("by", "asked", "refusal"),
    [
        (Actor("reporter", "", "hash-1"), {"reason": "r"}, "archived"),
        (OPERATOR, {"reason": " "}, "missing-reason"),
        (OPERATOR, {"reason": "r", "order_id": "south-w-20260302-aaaaaaaaaa"}, "unknown-order"),
    ],
)
def test_nobody_else_reopens_an_archived_order(desk: Desk, by: Actor, asked: dict[str, str], refusal: str) -> None:
    """Nor an operator without a reason, nor one that never was."""
    first = archived(desk)

    assert desk.update("reopen", by, T0 + 41 * DAY, first, **asked) == refusal
    assert desk.state.orders == {}
    assert_laws(desk)


@pytest.mark.parametrize(
    ("action", "by", "own", "refusal"),
    [
        ("dance", ROADS, {}, "unknown-action"),
        ("accept", OPERATOR, {}, "wrong-role"),
        ("handle", ROADS, {"evidence_urls": ("e",)}, "wrong-state"),
        ("accept", Actor("department", "police", "p"), {}, "wrong-department"),
        ("accept", Actor("department"), {}, "wrong-department"),
        ("accept", ROADS, {"order": "south-w-20260302-aaaaaaaaaa"}, "unknown-order"),
        ("accept", ROADS, {"report": ("app", "999")}, "unknown-order"),
        ("accept", ROADS, {"attempt": 0}, "stale-attempt"),
        ("accept", ROADS, {"attempt": 2}, "future-attempt"),
        ("handle", ROADS, {"attempt": 1_000_000}, "future-attempt"),
        ("return", ROADS, {"reason": "r"}, "missing-code"),
        ("return", ROADS, {"reason": "r", "code": "no-such"}, "bad-code"),
        ("accept", ROADS, {"at": T0 + HOUR + 10 * MINUTE}, "from-the-future"),
        ("accept", ROADS, {"at": T0 + HOUR - 20 * MINUTE}, "backdated"),
        ("accept", ROADS, {"at": T0 - 3 * DAY}, "backdated"),
        ("reject", OPERATOR, {}, "missing-reason"),
        ("merge", OPERATOR, {"reason": "r", "other_order_id": "south-w-20260302-aaaaaaaaaa"}, "not-mergeable"),
    ],
)
def test_each_bad_update_has_its_named_refusal_and_changes_nothing(
    desk: Desk, action: str, by: Actor, own: dict[str, Any], refusal: str
) -> None:
    """The refusal is a fact with the seq it met and no seq of its own; the row stays as it was."""
    desk.feed(Tick(), at=T0 + HOUR)
    before, figures = desk.only(), dict(desk.state.figures)
    sent = len(desk.sent)
    at = own.pop("at", T0 + HOUR)
    order = own.pop("order", None if "report" in own else before.id)
    named = desk.update_at(action, by, at, order, **own)

    assert named == refusal
    assert refusal in REFUSALS
    assert desk.only() == before
    assert desk.state.figures == figures
    (out,) = desk.sent[sent:]
    (fact,) = facts_of([out])
    assert isinstance(fact, facts.UpdateRefused)
    assert fact.order_seq == (0 if refusal == "unknown-order" else before.seq)
    assert b'"seq"' not in out.value


OF_A_DEPARTMENT = (
    "accept", "return", "forward", "take-back", "report-up", "request-extension", "divide", "comment",
)  # fmt: skip


@pytest.mark.parametrize(
    ("action", "by", "own", "allowed", "choices"),
    [
        ("handle", ROADS, {}, OF_A_DEPARTMENT, ()),
        ("return", ROADS, {}, OF_A_DEPARTMENT, tuple(RETURN_CODES)),
        (
            "return",
            ROADS,
            {"code": "no-such"},
            OF_A_DEPARTMENT,
            tuple(RETURN_CODES),
        ),
        ("accept", ROADS, {"attempt": 7}, OF_A_DEPARTMENT, ()),
        (
            "accept",
            OPERATOR,
            {},
            ("comment", "force-close", "reject", "merge", "keep-apart", "perhaps-same", "relate", "split"),
            ("department",),
        ),
        ("dance", INSPECTOR, {}, ("comment",), tuple(ACTIONS)),
    ],
)
def test_a_refusal_says_how_the_order_stands_and_what_would_be_taken(
    desk: Desk, action: str, by: Actor, own: dict[str, Any], allowed: tuple[str, ...], choices: tuple[str, ...]
) -> None:
    """State and attempt of the order, the actions of this role in it, and the words of which one is asked for."""
    desk.update("return", ROADS, T0, code="unclear", reason="r")
    desk.update("refuse-return", DISPATCHER, T0, reason="listed")
    sent = len(desk.sent)
    desk.update(action, by, T0 + HOUR, **{"reason": "r"} | own)

    refused = [each for each in facts_of(desk.sent[sent:]) if isinstance(each, facts.UpdateRefused)]
    assert [(each.state, each.attempt, each.allowed, each.choices) for each in refused] == [
        ("assigned", 1, allowed, choices)
    ]


def test_an_operator_learns_that_an_archived_order_can_be_reopened(desk: Desk) -> None:
    """Whatever else was asked for; nobody else can do anything with it."""
    first = archived(desk)
    sent = len(desk.sent)
    desk.update("reject", OPERATOR, T0 + 41 * DAY, first, reason="r")
    desk.update("accept", ROADS, T0 + 41 * DAY, first)

    refused = [each for each in facts_of(desk.sent[sent:]) if isinstance(each, facts.UpdateRefused)]
    assert [(each.reason, each.allowed) for each in refused] == [("archived", ("reopen",)), ("archived", ())]


def test_of_two_racing_updates_the_log_decides(desk: Desk) -> None:
    """The second acceptance is refused; a repeated one is dropped without a word."""
    assert desk.update("accept", ROADS, T0 + HOUR) == ""
    assert desk.update("accept", ROADS, T0 + HOUR) == "wrong-state"
    before = len(desk.sent)
    assert desk.update("accept", ROADS, T0 + HOUR, id="2") == ""
    assert len(desk.sent) == before


def test_an_item_at_which_the_core_raises_is_dropped_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its neighbours go on, nothing of it remains, and it may come again."""
    real = dispatching.dispatch

    def broken(work: Any, order: Order, seen: Sighting, target: Any) -> Order:
        if seen.id == "bad":
            raise ZeroDivisionError("a bug")
        return real(work, order, seen, target)

    far: dict[str, Any] = {"lat": 30.01, "lon": 114.01}
    with monkeypatch.context() as patched:
        patched.setattr(dispatching, "dispatch", broken)
        desk.feed(report("a", T0, **far), report("bad", T0, lat=30.03), report("b", T0, lat=30.09), at=T0)

    assert desk.failures == ["ZeroDivisionError: a bug"]
    assert len(desk.state.orders) == 3
    assert_laws(desk)
    desk.feed(report("bad", T0, category="property-fees"), at=T0)
    assert len(desk.state.orders) == 4


def test_a_timer_that_raises_quarantines_its_order(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The district goes on, the order's timers stand still until a person has taken a step."""
    desk.feed(report("2", T0, category="street-vendor", lat=30.09), at=T0)
    first, second = list(desk.state.orders)
    real = due._fire

    def broken(work: Any, order: Order, due: int, kind: str) -> None:
        if order.id == first:
            raise KeyError("a bug")
        real(work, order, due, kind)

    with monkeypatch.context() as patched:
        patched.setattr(due, "_fire", broken)
        desk.tick(T0 + 3 * HOUR)

    assert desk.order(first).quarantined.startswith("warn/accept: KeyError")
    assert desk.names(first)[-1] == "quarantined"
    assert "breached" in desk.names(second)
    desk.tick(T0 + DAY)
    assert desk.names(first)[-1] == "quarantined"
    desk.update("accept", ROADS, T0 + DAY, first)
    assert desk.order(first).quarantined == ""
    desk.tick(T0 + 2 * DAY)
    assert "breached" in desk.names(first)
    assert_laws(desk)


def test_a_timer_that_raises_before_an_update_quarantines_the_order_and_the_update_is_taken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While others' timers wait, an update fires those of its own order: their failure is not the update's."""

    def broken(work: Any, order: Order, due: int, kind: str) -> None:
        raise KeyError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(due, "_fire", broken)
        patched.setattr("dispatcher.desk.FIRED_PER_RECORD", 0)
        assert desk.update("accept", ROADS, T0 + 3 * HOUR) == ""

    assert desk.failures == []
    assert desk.names(desk.only().id)[-2:] == ["quarantined", "accepted"]
    assert desk.only().quarantined == ""
    assert_laws(desk)


def test_a_pack_takes_effect_where_the_log_says_so(desk: Desk) -> None:
    """The pack's record stands in the inbox; what comes after it is decided by it."""
    other = quiet_city("reopen_days = 3.0")
    desk.cities[other.digest] = other
    desk.feed(PackChange(other.digest), report("2", T0, category="street-vendor"), at=T0)

    assert [order.pack for order in desk.state.orders.values()] == [desk.city.digest, other.digest]
    assert desk.state.meta.pack == other.digest


def test_without_its_pack_nothing_is_decided() -> None:
    """An inbox that begins without a pack, or names one that is not at hand, stops the desk."""
    state = DeskState(0)
    with pytest.raises(UnknownPack, match="none yet"):
        decide(state, [InboxRecord(0, 0, T0, (report("1", T0),))], {})
    with pytest.raises(UnknownPack, match="feed"):
        decide(state, [InboxRecord(0, 0, T0, (PackChange("feed"),))], {})


def test_nothing_lies_before_the_order_s_previous_step(desk: Desk) -> None:
    """An update from before the acceptance is moved to it."""
    desk.update("accept", ROADS, T0 + 2 * HOUR)
    desk.update_at("handle", ROADS, T0 + 2 * HOUR - MINUTE, desk.only().id, evidence_urls=("e",))

    assert desk.only().assignments[0].handled_at == T0 + 2 * HOUR
