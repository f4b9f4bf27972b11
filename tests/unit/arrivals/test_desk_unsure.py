"""Reports of whose category nobody is sure meet by place, time, words and likely categories."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from dispatcher.arrivals.worded.gists import gist_of
from dispatcher.partition.state import DeskState
from dispatcher.steps.opening import NAMED, NAMED_BY
from models.guess import GuessOutcome
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
    ("kind", "offered"),
    [("thanks", True), ("already-repaired", True), ("withdrawal", True), ("reminder", True), ("question", False)],
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


NOWHERE: dict[str, Any] = {"lat": None, "lon": None}
MAY_MEAN = (("none", 0.98), ("street-light", 0.01), ("guardrail", 0.005))


def thanks(
    desk: Desk, text: str = "谢谢，已经好了", kind: str = "thanks", outcome: GuessOutcome = "confident", **own: Any
) -> tuple[str, ...]:
    """What a desk offers a thanks of an hour later to."""
    said = guess("none", 0.98, alternatives=MAY_MEAN, kind=kind, outcome=outcome)
    desk.feed(report("thanks", T0 + HOUR, text, guess=said, **{"reporter": "hash-9", **NOWHERE, **own}), at=T0 + HOUR)
    order = list(desk.state.orders.values())[-1]
    assert (order.state, order.evidence_count) == ("review", 1)  # it joins nothing by itself
    for name in order.candidates:
        assert order.id in desk.order(name).candidates
    assert_laws(desk)
    return order.candidates


@pytest.mark.parametrize("kind", ["thanks", "already-repaired", "withdrawal"])
@pytest.mark.parametrize("category", ["street-light", "water-leak"])
def test_a_thanks_without_a_place_is_offered_to_its_reporters_open_order(kind: str, category: str) -> None:
    """Whatever that is of, and to nobody else's. A question speaks of no order."""
    desk = Desk()
    desk.feed(report("1", T0, TEXT, category, reporter="hash-1"), at=T0)
    desk.feed(report("2", T0, TEXT, "guardrail", reporter="hash-2"), at=T0)
    own = next(iter(desk.state.orders))

    assert thanks(desk, kind=kind, reporter="hash-1") == (own,)


def test_a_thanks_without_a_place_is_offered_to_no_others_order() -> None:
    """Nor to a closed one, or one that was opened later; and without a reporter to none at all."""
    desk = Desk()
    desk.feed(report("1", T0, TEXT, "street-light", reporter="hash-1"), at=T0)
    desk.feed(report("2", T0 + 2 * HOUR, TEXT, "guardrail", reporter="hash-9", lat=30.054), at=T0 + 2 * HOUR)
    assert len(desk.state.orders) == 2

    assert thanks(desk) == ()


def test_a_reminder_that_names_nothing_is_offered_to_its_reporters_open_order() -> None:
    """A model guesses at what is still not done, and is not sure; whose it is may be told."""
    desk = Desk()
    desk.feed(report("1", T0, TEXT, "street-light", reporter="hash-1"), at=T0)
    said = guess("water-leak", 0.39, alternatives=(("water-leak", 0.39),), kind="reminder", outcome="abstain")

    words = report("2", T0 + HOUR, "还是没修好", guess=said, **{"reporter": "hash-1", **NOWHERE})
    desk.feed(words, at=T0 + HOUR)

    first, second = desk.state.orders.values()
    assert (second.state, second.candidates) == ("review", (first.id,))
    assert_laws(desk)


def test_what_is_doubtfully_a_thanks_is_offered_too() -> None:
    """A person looks at it in any case, and it joins nothing."""
    desk = Desk()
    desk.feed(report("1", T0, TEXT, "street-light", reporter="hash-1"), at=T0)

    assert thanks(desk, outcome="abstain", reporter="hash-1") == (next(iter(desk.state.orders)),)


def test_a_question_of_a_reporter_is_offered_to_none_of_their_orders() -> None:
    """It may be of anything."""
    desk = Desk()
    desk.feed(report("1", T0, TEXT, "street-light", reporter="hash-1"), at=T0)

    assert thanks(desk, kind="question", reporter="hash-1") == ()


def test_of_a_reporters_open_orders_those_that_the_thanks_may_mean_are_offered() -> None:
    """The newest first; the others only where it can mean none of these. Another thanks is no order to thank for."""
    desk = Desk()
    for number, category in enumerate(("street-light", "guardrail", "water-leak", "pothole"), 1):
        own: dict[str, Any] = {"reporter": "hash-1", "lat": 30.05 + number / 250}
        desk.feed(report(str(number), T0 + number, TEXT, category, **own), at=T0 + number)
    light, rail, leak, hole = desk.state.orders

    assert thanks(desk, reporter="hash-1") == (rail, light)
    assert desk.update("force-close", OPERATOR, T0 + HOUR, light, reason="done") == ""
    assert desk.update("force-close", OPERATOR, T0 + HOUR, rail, reason="done") == ""

    said = guess("none", 0.98, alternatives=MAY_MEAN, kind="thanks")
    desk.feed(report("again", T0 + HOUR, "多谢", guess=said, reporter="hash-1", **NOWHERE), at=T0 + HOUR)
    assert list(desk.state.orders.values())[-1].candidates == (hole, leak)


def test_a_thanks_is_offered_to_its_reporters_order_however_many_others_are_newer() -> None:
    """A busy district opens hundreds of a category between a report and its thanks."""
    desk = Desk()
    desk.feed(report("own", T0, TEXT, "street-light", reporter="hash-1"), at=T0)
    others = [report(str(n), T0 + n, TEXT, "street-light", reporter=f"other-{n}", **NOWHERE) for n in range(300)]
    desk.feed(*(replace(one, address=f"{one.id}号") for one in others), at=T0 + 300)
    own = next(iter(desk.state.orders))

    assert thanks(desk, reporter="hash-1") == (own,)


def test_a_thanks_is_offered_to_the_order_into_which_its_reporters_was_merged() -> None:
    """There their matter goes on."""
    desk = Desk()
    desk.feed(report("1", T0, TEXT, "street-light", reporter="hash-1"), at=T0)
    desk.feed(report("2", T0, "Dark", "street-light", reporter="hash-2", lat=30.058), at=T0)
    own, other = desk.state.orders
    assert desk.update("merge", OPERATOR, T0 + 1, own, reason="same", other_order_id=other) == ""

    assert thanks(desk, reporter="hash-1") == (other,)


@pytest.mark.parametrize("named", ["words", "joins", "an order that was merged into it", "sealed words"])
def test_a_thanks_that_names_an_order_is_offered_to_that_alone(named: str) -> None:
    """By its number in the words, or as what the report is about; its reporter's own are not asked."""
    desk = Desk()
    desk.feed(report("1", T0, TEXT, "street-light"), at=T0)
    desk.feed(report("2", T0, "Dark", "street-light", lat=30.058), at=T0)
    desk.feed(report("3", T0, TEXT, "street-light", reporter="hash-9", lat=30.054), at=T0)
    first, second, _ = desk.state.orders
    if named == "joins":
        assert thanks(desk, joins=second) == (second,)
        return
    if named == "an order that was merged into it":
        assert desk.update("merge", OPERATOR, T0 + 1, first, reason="same", other_order_id=second) == ""
        assert thanks(desk, f"谢谢，{first}修好了") == (second,)
        return
    text = f"谢谢，工单{second.upper()}已经修好了"
    sealed: dict[str, Any] = (
        {"gist": gist_of("", text), "text": "sealed"} if named == "sealed words" else {"text": text}
    )
    assert thanks(desk, **sealed) == (second,)


def test_a_thanks_is_offered_to_the_order_of_the_place_that_it_names() -> None:
    """By the same address, of a category that it may mean."""
    desk = Desk()
    desk.feed(report("1", T0, TEXT, "street-light", address="幸福路5号", **NOWHERE), at=T0)
    desk.feed(report("2", T0, TEXT, "water-leak", address="幸福路5号", **NOWHERE), at=T0)
    desk.feed(report("3", T0, "Dark", "street-light", address="别处", **NOWHERE), at=T0)

    assert thanks(desk, address="幸福路5号") == (next(iter(desk.state.orders)),)


def test_a_thanks_from_nowhere_is_offered_to_what_its_reporter_had_reported_from_nowhere() -> None:
    """Both have no area, and are compared there as in any other; those of areas are not known there."""
    desk = Desk()
    desk.feed(report("1", T0, TEXT, "street-light", reporter="hash-1", area=UNLOCATED, **NOWHERE), at=T0)
    desk.feed(report("2", T0, TEXT, "street-light", reporter="hash-1"), at=T0)
    own = next(iter(desk.state.orders))

    assert thanks(desk, reporter="hash-1", area=UNLOCATED) == (own,)


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
