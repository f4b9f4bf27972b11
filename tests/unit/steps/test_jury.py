"""Citizens as supervisors 市民监督员: who is asked to judge a closed order, who may, and what comes of it."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from dispatcher.figures.figure_row import FigureRow
from dispatcher.figures.indicators import Window, indicators, total
from dispatcher.order import facts
from models.city import CityError
from models.inbox import Actor, InboxRecord, InboxUpdate
from tests.support.desks import (
    DAY,
    HOUR,
    INSPECTOR,
    MINUTE,
    OPERATOR,
    T0,
    Desk,
    assert_laws,
    facts_of,
    guess,
    quiet_city,
    report,
)
from tests.unit.steps.test_desk_returns import ROADS

A, B, C, D = (digit * 32 for digit in "abcd")
POOL = f"id,areas\n{A},south-w\n{B},south\n{C},*\n{D},north\n"
CLOSED = T0 + 2 * HOUR


def desk_with(settings: str = "judged_share = 1.0", pool: str = POOL, **files: str) -> Desk:
    """A desk of a city with this pool of citizens."""
    return Desk(quiet_city(settings + "\n", **{"citizens.csv": pool}, **files))


def handled(desk: Desk, number: int = 1, reporter: str = "r1", by: Actor = ROADS) -> str:
    """One more pothole, far from the others, that a department has handled; its order's id."""
    known, at = set(desk.state.orders), desk.clock
    there: dict[str, Any] = {"lat": 30.01 + number / 1000, "text": "坑" * number, "reporter": reporter}
    desk.feed(report(str(number), at, guess=guess("pothole"), **there), at=at)
    [order_id] = set(desk.state.orders) - known
    desk.update("accept", by, at, order=order_id)
    desk.update("handle", by, at + HOUR, order=order_id, evidence_urls=("https://pictures.example/1.jpg",))
    return order_id


def closed(desk: Desk, number: int = 1, reporter: str = "r1", by: Actor = ROADS) -> str:
    """The same, and an inspector's check has passed."""
    order_id = handled(desk, number, reporter, by)
    assert desk.update("check-pass", INSPECTOR, desk.clock + HOUR, order=order_id) == ""
    return order_id


def asked(desk: Desk) -> list[tuple[str, ...]]:
    """Who was asked, each time."""
    return [fact.citizens for fact in facts_of(desk.sent) if isinstance(fact, facts.JudgementRequested)]


def citizen(hash_: str) -> Actor:
    """One of the pool."""
    return Actor("citizen", "", hash_)


def test_citizens_of_its_area_are_asked_when_an_order_has_passed_its_check() -> None:
    """Those of the town, of its district and of the whole city, not another district's; each gets a notice, by hash."""
    desk = desk_with()

    closed(desk)

    [jury] = asked(desk)
    assert sorted(jury) == [A, B, C]
    notices = [msgspec.json.decode(out.value) for out in desk.sent if out.topic == "notices"]
    told = [each for each in notices if each["audience"] == "citizen"]
    assert [(each["to"], each["kind"], each["state"]) for each in told] == [
        (one, "judgement-requested", "closed") for one in jury
    ]
    assert desk.only().judge_by == CLOSED + 7 * DAY
    assert_laws(desk)


def test_whoever_reported_handled_or_checks_for_the_city_is_not_asked() -> None:
    """A reporter of the order, the person who handled it, and an inspector, though they are in the pool."""
    desk = desk_with(**{"inspectors.csv": f"id,areas\n{C},north\n"})

    closed(desk, reporter=A, by=Actor("department", "roads", B))

    assert asked(desk) == []


def test_nobody_is_asked_where_no_check_has_passed() -> None:
    """An order that is closed by force has nothing that a citizen could agree with."""
    desk = desk_with()
    order_id = handled(desk)

    assert desk.update("force-close", OPERATOR, CLOSED, order=order_id, reason="r") == ""

    assert asked(desk) == []


def test_nobody_is_asked_about_history_that_is_replayed() -> None:
    """It was over long ago, and no notice goes out."""
    desk = desk_with()
    order_id = handled(desk)
    passed = InboxUpdate(
        source="t", id="x", at=CLOSED, action="check-pass", by=INSPECTOR, area="south-w", order_id=order_id
    )

    desk.batch([InboxRecord(3, desk.offset, CLOSED, (passed,), replayed=True)])

    assert desk.only().state == "closed"
    assert asked(desk) == []


def test_the_share_and_the_number_of_citizens_are_the_city_s() -> None:
    """Of many orders about the share is judged, by as many as are set; the draw spreads over the pool."""
    desk = desk_with("judged_share = 0.5\njudged_by = 1")

    for number in range(1, 41):
        closed(desk, number)

    drawn = asked(desk)
    assert 10 <= len(drawn) <= 30
    assert {len(jury) for jury in drawn} == {1}
    assert len(Counter(drawn)) == 3
    assert asked(desk_with("judged_share = 0.0")) == []


def test_the_same_inbox_asks_the_same_citizens_in_whatever_order_the_pool_stands() -> None:
    """The draw goes by digests, not by lines."""
    one, other = (
        desk_with("judged_share = 1.0\njudged_by = 2", pool) for pool in (POOL, f"id,areas\n{C},*\n{B},*\n{A},*\n")
    )

    for desk in (one, other):
        for number in range(1, 9):
            closed(desk, number)

    assert asked(one) == asked(other)


def test_a_judgement_is_kept_and_counts_and_the_order_stays_closed() -> None:
    """Two of three agree with the check."""
    desk = desk_with()
    order_id = closed(desk)

    for who, settled in ((A, True), (B, False), (C, True)):
        assert (
            desk.update(
                "judge",
                citizen(who),
                CLOSED + HOUR,
                order=order_id,
                satisfied=settled,
                reason="yes" if settled else "no",
            )
            == ""
        )

    order = desk.only()
    assert order.state == "closed"
    assert [(each.by, each.settled) for each in order.judgements] == [(A, True), (B, False), (C, True)]
    assert (desk.count("citizen_judged"), desk.count("citizen_agreed")) == (3, 2)
    told = [msgspec.json.decode(out.value) for out in desk.sent if out.topic == "notices"]
    assert [(each["audience"], each["note"]) for each in told if each["kind"] == "judgement-given"] == [
        ("supervisor", "no")
    ]
    rows = [(int(key.split("/")[2]), row) for key, row in desk.state.figures.items() if key.startswith("area/south-w/")]
    assert indicators(total(rows, Window(20260310)))["citizen_agreement"] == pytest.approx(2 / 3)
    assert_laws(desk)


def test_a_citizen_judges_once_and_in_time_and_only_who_was_asked() -> None:
    """Each refusal has its name."""
    desk = desk_with("judged_share = 1.0\njudged_days = 2.0")
    order_id = closed(desk)

    def judge(who: Actor, at: int = CLOSED + HOUR, **own: bool) -> str:
        return desk.update("judge", who, at, order=order_id, **own)

    assert judge(citizen(D), satisfied=True) == "not-in-jury"
    assert judge(citizen(""), satisfied=True) == "not-in-jury"
    assert judge(citizen(A)) == "missing-judgement"
    assert judge(Actor("reporter", "", A), satisfied=True) == "wrong-role"
    assert judge(citizen(A), satisfied=True) == ""
    assert judge(citizen(A), satisfied=False) == "judged-already"
    assert judge(citizen(B), CLOSED + 2 * DAY + MINUTE, satisfied=True) == "judging-over"
    assert desk.count("citizen_judged") == 1


def test_a_citizen_who_has_come_to_report_the_order_judges_it_no_more() -> None:
    """The report may have joined it since the citizen was asked."""
    desk = desk_with()
    order_id = closed(desk)
    row = msgspec.structs.replace(desk.only(), reporters=("r1", A))
    desk.state.orders[order_id] = row

    assert desk.update("judge", citizen(A), CLOSED + HOUR, order=order_id, satisfied=True) == "not-in-jury"
    assert desk.update("judge", citizen(B), CLOSED + HOUR, order=order_id, satisfied=True) == ""


def test_an_order_that_is_reopened_is_judged_anew_by_others() -> None:
    """Whoever judged it before is not drawn again; what they said still counts on its day."""
    desk = desk_with("judged_share = 1.0\njudged_by = 2")
    order_id = closed(desk)
    first = desk.only().jury
    assert desk.update("judge", citizen(first[0]), CLOSED, order=order_id, satisfied=False) == ""
    assert desk.update("reopen", Actor("reporter", "", "r1"), CLOSED + HOUR, order=order_id, reason="r") == ""
    assert (desk.only().jury, desk.only().judge_by) == ((), None)
    assert desk.update("judge", citizen(first[1]), CLOSED + HOUR, order=order_id, satisfied=True) == "wrong-state"

    desk.update("accept", ROADS, CLOSED + HOUR, order=order_id)
    desk.update("handle", ROADS, CLOSED + HOUR, order=order_id, evidence_urls=("https://pictures.example/2.jpg",))
    assert desk.update("check-pass", INSPECTOR, CLOSED + 2 * HOUR, order=order_id) == ""

    assert sorted(desk.only().jury) == sorted({A, B, C} - {first[0]})
    assert desk.count("citizen_judged") == 1
    assert_laws(desk)


def test_the_time_for_judging_ends_with_the_order_s_archive() -> None:
    """Afterwards there is nothing to judge."""
    desk = desk_with("judged_share = 1.0\njudged_days = 60.0\narchive_days = 3.0\nfeedback_days = 1.0")

    closed(desk)

    order = desk.only()
    assert order.judge_by == order.archive_at != CLOSED + 60 * DAY


def test_without_judgements_there_is_no_rate() -> None:
    """Nothing, not nought."""
    assert indicators(FigureRow())["citizen_agreement"] is None


@pytest.mark.parametrize(
    ("pool", "mistake"),
    [
        ("id,areas\n13800138000,*\n", "is no reporter's hash"),
        (f"id,areas\n{A},nowhere\n", "nowhere"),
        (f"id,areas\n{A},*\n{A},south\n", "stands already in line 2"),
    ],
)
def test_a_pool_with_a_mistake_is_no_pack(pool: str, mistake: str) -> None:
    """Above all no telephone number stands in it."""
    with pytest.raises(CityError, match=mistake):
        quiet_city("", **{"citizens.csv": pool})
