"""Reports of whose category nobody is sure meet by place, time, words and likely categories."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from dispatcher.partition.state import DeskState
from dispatcher.steps.opening import NAMED, NAMED_BY
from models.inbox import UNLOCATED, Sighting
from tests.support.desks import DAY, HOUR, OPERATOR, REVIEWER, T0, Desk, assert_laws, detection, guess, report

TEXT = "小区门口路灯不亮没人修"
LIKELY = (("street-light", 0.5), ("guardrail", 0.3), ("water-leak", 0.05))


def unsure(id: str, at: int, text: str = TEXT, alternatives: Any = LIKELY, **own: Any) -> Sighting:
    """A report that the classifier sends to a person."""
    (category, probability), *_ = alternatives
    said = guess(category, probability, outcome="abstain", reason="unsure", alternatives=alternatives)
    return report(id, at, text, category, guess=said, **own)


def test_the_same_words_at_one_point_are_one_order() -> None:
    """The second reporter joins the order in review and is told of its steps; a person decides once."""
    desk = Desk()

    desk.feed(unsure("1", T0), at=T0)
    desk.feed(unsure("2", T0 + 1000, f"{TEXT}！", lat=30.05001), at=T0 + 1000)

    order = desk.only()
    assert (order.state, order.evidence_count, order.reporters) == ("review", 2, ("hash-1", "hash-2"))
    assert order.evidence_first[1].rule == "alike"
    assert_laws(desk)


@pytest.mark.parametrize(
    ("kind", "offered"), [("thanks", True), ("already-repaired", True), ("withdrawal", True), ("question", False)]
)
def test_a_thanks_or_a_withdrawal_is_offered_to_the_open_order_that_it_names(kind: str, offered: bool) -> None:
    """By place and by what comes next to none, however unlikely; it never joins by itself. A question names none."""
    desk = Desk()
    desk.feed(report("1", T0, TEXT, "street-light"), at=T0)

    likely = (("none", 0.98), ("street-light", 0.01), ("guardrail", 0.005))
    said = guess("none", 0.98, alternatives=likely, kind=kind)
    desk.feed(report("2", T0 + HOUR, TEXT, guess=said), at=T0 + HOUR)

    first, second = desk.state.orders.values()
    assert (second.state, second.category, second.evidence_count) == ("review", "", 1)
    assert second.candidates == ((first.id,) if offered else ())
    assert_laws(desk)


def test_a_thanks_without_a_place_is_offered_to_no_order() -> None:
    """Not even to that of its own reporter: it has no area, in which alone orders are compared."""
    desk = Desk()
    desk.feed(report("1", T0, TEXT, "street-light", reporter="hash-1"), at=T0)

    said = guess("none", 0.98, alternatives=(("none", 0.98), ("street-light", 0.01)), kind="thanks")
    nowhere: dict[str, Any] = {"area": UNLOCATED, "lat": None, "lon": None}
    desk.feed(report("2", T0 + HOUR, TEXT, guess=said, reporter="hash-1", **nowhere), at=T0 + HOUR)

    assert [(order.area, order.candidates) for order in desk.state.orders.values()] == [
        ("south-w", ()),
        (UNLOCATED, ()),
    ]
    assert_laws(desk)


@pytest.mark.parametrize(
    "other",
    [
        {"text": "Dark at the gate again"},
        {"text": f"3号楼{TEXT}"},
        {"alternatives": (("guardrail", 0.5), ("street-light", 0.3))},
    ],
    ids=["other words", "another house", "another category first"],
)
def test_what_may_be_the_same_is_a_candidate_on_both(other: dict[str, Any]) -> None:
    """Each order names the other, and a person merges them with one update."""
    desk = Desk()
    desk.feed(unsure("1", T0, f"5号楼{TEXT}"), at=T0)

    desk.feed(unsure("2", T0 + HOUR, **other), at=T0 + HOUR)

    first, second = desk.state.orders.values()
    assert (first.candidates, second.candidates) == ((second.id,), (first.id,))
    assert (first.state, second.state) == ("review", "review")
    merge = {"reason": "same lamp", "other_order_id": first.id}
    assert desk.update("merge", OPERATOR, T0 + HOUR, second.id, **merge) == ""
    assert_laws(desk)


@pytest.mark.parametrize(
    "other",
    [
        {"lat": 30.058},
        {"lat": None, "lon": None},
        {"at": T0 + 9 * DAY},
        {"alternatives": (("water-leak", 0.5), ("guardrail", 0.05))},
        {"alternatives": (("unheard-of", 0.5), ("street-light", 0.05))},
    ],
    ids=["far", "place not known", "long after", "no likely category shared", "a category that the city has not"],
)
def test_what_is_apart_in_place_time_or_category_does_not_meet(other: dict[str, Any]) -> None:
    """Two orders that know nothing of each other, whatever their words."""
    desk = Desk()
    desk.feed(unsure("1", T0), at=T0)
    at = other.pop("at", T0 + HOUR)

    desk.feed(unsure("2", at, **other), at=at)

    assert [order.candidates for order in desk.state.orders.values()] == [(), ()]


def test_one_of_whom_the_classifier_is_sure_does_not_wait_for_a_person() -> None:
    """It has an order of its own, dispatched at once, and the one in review names it."""
    desk = Desk()
    desk.feed(unsure("1", T0), at=T0)

    desk.feed(report("2", T0 + HOUR, TEXT, "street-light"), at=T0 + HOUR)
    desk.feed(detection("3", T0 + HOUR, "street-light", phase="start", lat=30.0501), at=T0 + HOUR)

    first, second = desk.state.orders.values()
    assert (first.state, second.state) == ("review", "assigned")
    assert (first.candidates, second.candidates) == ((second.id,), (first.id,))
    assert second.evidence_count == 2


def test_an_unsure_report_joins_the_assigned_order_with_its_words() -> None:
    """What a department has already need not wait for a person either; other words are a candidate."""
    desk = Desk()
    desk.feed(report("1", T0, TEXT, "street-light"), at=T0)

    desk.feed(unsure("2", T0 + HOUR), at=T0 + HOUR)
    assert desk.only().evidence_count == 2

    desk.feed(unsure("3", T0 + HOUR, "Dark at the gate again"), at=T0 + HOUR)
    first, second = desk.state.orders.values()
    assert (first.candidates, second.candidates) == ((second.id,), (first.id,))


def test_what_a_person_has_decided_is_met_under_its_category() -> None:
    """An order in review that becomes a street light takes in what surely is one."""
    desk = Desk()
    desk.feed(unsure("1", T0), at=T0)
    desk.update("decide", REVIEWER, T0 + HOUR, desk.only().id, category="street-light")

    desk.feed(report("2", T0 + HOUR, TEXT, "street-light"), at=T0 + HOUR)
    assert desk.only().evidence_count == 2

    desk.update("reject", OPERATOR, T0 + HOUR, desk.only().id, reason="gone")
    desk.feed(unsure("3", T0 + 2 * HOUR), at=T0 + 2 * HOUR)
    assert len(desk.state.orders) == 2
    assert desk.order(list(desk.state.orders)[1]).candidates == ()


def test_what_a_person_has_kept_apart_is_not_offered_again() -> None:
    """When it is said what an order is, those near it are looked at anew."""
    desk = Desk()
    desk.feed(unsure("1", T0, f"1号楼{TEXT}"), unsure("2", T0, f"2号楼{TEXT}"), at=T0)
    first, second = list(desk.state.orders)
    assert desk.order(first).candidates == (second,)
    desk.update("keep-apart", REVIEWER, T0 + HOUR, first, other_order_id=second)

    for order_id in (first, second):
        assert desk.update("decide", REVIEWER, T0 + HOUR, order_id, category="street-light") == ""

    assert [order.candidates for order in desk.state.orders.values()] == [(), ()]
    assert_laws(desk)


@pytest.mark.parametrize("last", [0, 1])
def test_that_two_are_kept_apart_counts_also_where_it_stands_with_one_of_them(last: int) -> None:
    """As in older logs, in which one that had ended was not told; whichever of them is decided later."""
    desk = Desk()
    desk.feed(unsure("1", T0, f"1号楼{TEXT}"), unsure("2", T0, f"2号楼{TEXT}"), at=T0)
    first, second = list(desk.state.orders)
    desk.update("keep-apart", REVIEWER, T0 + HOUR, first, other_order_id=second)
    desk.rows[second] = msgspec.json.encode(replace(desk.order(second), apart=()))
    desk.state = DeskState.restore(3, list(desk.rows.items()), list(desk.figure_rows.items()))

    for order_id in sorted((first, second), key=(first, second).index, reverse=last == 0):
        assert desk.update("decide", REVIEWER, T0 + HOUR, order_id, category="street-light") == ""

    assert [order.candidates for order in desk.state.orders.values()] == [(), ()]


def test_an_order_names_only_so_many_candidates() -> None:
    """A new one names the nearest few, and what is named by many gathers no more: each stands in its row."""
    desk = Desk()
    texts = [f"{number}号楼{TEXT}" for number in range(1, NAMED_BY + 5)]

    for number, text in enumerate(texts):
        desk.feed(unsure(str(number), T0 + number, text, lat=30.05 + number / 1e6), at=T0 + number)

    orders = list(desk.state.orders.values())
    assert len(orders) == len(texts)
    assert orders[-1].candidates == tuple(order.id for order in orders[-2 : -2 - NAMED : -1])
    assert max(len(order.candidates) for order in orders) <= NAMED_BY
    assert_laws(desk)


def test_a_restored_desk_meets_the_same_orders() -> None:
    """What has no group yet is found by its place after a restart as before; a repeated event changes nothing."""
    desk = Desk()
    desk.feed(unsure("1", T0), at=T0)
    desk.state = DeskState.restore(3, list(desk.rows.items()), list(desk.figure_rows.items()))

    desk.feed(unsure("2", T0 + HOUR), at=T0 + HOUR)
    desk.feed(unsure("2", T0 + HOUR), at=T0 + HOUR)

    assert desk.only().evidence_count == 2
