"""The demo's made-up people act like people of the field, and its counts are counts of facts."""

import json
from collections import Counter
from typing import Any

import pytest

from dispatcher.order import facts
from models.city import load_city
from models.events import ASSIGNMENT, UPDATE, WITHDRAWAL, Evidence, RecheckAnswer, UnitReport, Update, Why, parse
from models.guess import Guess
from models.inbox import Actor
from streams.demo.counts import DemoCounts
from streams.demo.fleet import DemoFleet
from streams.demo.habits import Habits
from streams.demo.people import DemoPeople
from streams.demo.waits import DemoError, DemoWait
from streams.settings import DEMO_CITY

_ORDER = "gulou-20260301-aaaaaaaaaa"
_DESK = Actor("desk")
_ASSIGNMENT = {"order_id": _ORDER, "attempt": 1, "role": "lead", "binding": True, "priority": 3}


def _fact(kind: type[facts.Fact], at: int = 1_000, actor: Actor = _DESK, **fields: Any) -> Any:
    return kind(order_id=_ORDER, seq=1, state="review", at=at, recorded_at=at, actor=actor, **fields)


def _guess() -> Guess:
    return Guess("pothole", 0.4, "m", 0.9, outcome="abstain", alternatives=(("pothole", 0.4), ("litter", 0.3)))


def test_what_people_send_is_a_valid_update() -> None:
    """The event of a reply passes the contract of updates."""
    people = DemoPeople(seed=1)
    [reply] = people.on_assignment("roads", ASSIGNMENT, _ASSIGNMENT)
    event = people.event(reply, 1_000)
    update = parse(event.type, event.data)
    assert event.type == UPDATE
    assert isinstance(update, Update)
    assert (update.action, update.by.department, update.order_id, update.attempt) == ("accept", "roads", _ORDER, 1)


def test_the_same_seed_gives_the_same_people() -> None:
    """Two runs with one seed reply alike, delays included."""
    loose = _ASSIGNMENT | {"binding": False}
    first, second = (
        [reply for _ in range(200) for reply in people.on_assignment("roads", ASSIGNMENT, loose)]
        for people in (DemoPeople(seed=7), DemoPeople(seed=7))
    )
    assert first == second
    assert {reply.data["action"] for reply in first} == {"accept", "return"}


def test_only_the_lead_acts_and_only_on_what_it_holds() -> None:
    """An assist does nothing, nor does a department whose order was withdrawn."""
    people = DemoPeople(seed=1)
    assert list(people.on_assignment("parks", ASSIGNMENT, _ASSIGNMENT | {"role": "assist"})) == []
    assert list(people.on_assignment("roads", WITHDRAWAL, _ASSIGNMENT)) == []


def test_what_a_visitor_has_reported_is_left_to_the_visitor() -> None:
    """Whoever tries the demo wants to take the steps of their own order; those of the sample day go on."""
    actions: dict[str, list[str]] = {}
    for source in ("app", "gateway"):
        people = DemoPeople(seed=1, senders={"app"})
        seen = Evidence(kind="report", source=source, id="1", at=1_000)
        told = _ASSIGNMENT | {"evidence": [{"source": source}]}
        replies = [
            *people.on_fact(_fact(facts.Opened, area="gulou", day=20260301, pack="p", evidence=seen)),
            *people.on_fact(_fact(facts.SentToReview, reason="uncertain")),
            *people.on_assignment("roads", ASSIGNMENT, told),
            *people.on_fact(_fact(facts.Accepted, actor=Actor("department", "roads"))),
        ]
        actions[source] = [reply.data["action"] for reply in replies]

    assert actions == {"app": ["reject", "accept", "handle"], "gateway": []}


def test_a_reviewer_decides_on_the_best_guess() -> None:
    """An order in review gets the category that the classifier thought most likely; without any it is rejected."""
    people = DemoPeople(seed=1)
    assert list(people.on_fact(_fact(facts.Classified, guess=_guess()))) == []
    [known] = people.on_fact(_fact(facts.SentToReview, reason="below-threshold"))
    [unknown] = DemoPeople(seed=1).on_fact(_fact(facts.SentToReview, reason="no-text"))
    assert (known.data["action"], known.data["category"]) == ("decide", "pothole")
    assert (unknown.data["action"], bool(unknown.data["reason"])) == ("reject", True)


def test_people_find_a_guess_wrong_as_often_as_it_doubts_itself() -> None:
    """Or the figures of a city in which nobody contradicts would say that the classifier knows too little of itself."""
    people = DemoPeople(seed=1, habits=Habits(disagrees=1.0))
    decided, found = Counter[str](), Counter[str]()
    for _ in range(1000):
        list(people.on_fact(_fact(facts.Classified, guess=_guess())))
        [reply] = people.on_fact(_fact(facts.SentToReview, reason="uncertain"))
        decided[reply.data["category"]] += 1
        assert [each.data["action"] for each in people.on_fact(_accepted())] == ["handle"]  # it is as decided

        list(people.on_fact(_fact(facts.Classified, guess=_guess())))
        found.update(each.data.get("category", "as guessed") for each in people.on_fact(_accepted()))

    assert decided == {"pothole": pytest.approx(400, abs=50), "litter": pytest.approx(600, abs=50)}
    assert found["litter"] == pytest.approx(600, abs=50)


def _accepted() -> Any:
    return _fact(facts.Accepted, actor=Actor("department", "roads"))


def test_one_thing_is_divided_by_its_plan_and_ends_with_its_parts() -> None:
    """Its lead keeps and accepts it; neither the lead nor an inspector says that the whole is done."""
    people, why = DemoPeople(seed=1, habits=Habits(returns=1.0)), Why(by="rule", rule="open-a-restaurant")
    [taken] = people.on_assignment("market", ASSIGNMENT, _ASSIGNMENT | {"binding": False, "why": {"rule": why.rule}})
    assigned = _fact(facts.Assigned, attempt=1, department="market", why=why)

    [divided] = people.on_fact(assigned)

    assert taken.data["action"] == "accept"
    assert [divided.data[name] for name in ("action", "plan")] == ["divide", "restaurant"]
    handled = _fact(facts.Handled, handled_ms=0, handled_work_ms=0)
    assert [list(people.on_fact(fact)) for fact in (assigned, _accepted(), handled)] == [[], [], []]


def test_a_check_is_made_by_whom_it_was_given_to() -> None:
    """Where the city gives it to nobody, by any inspector."""
    people = DemoPeople(seed=1)
    [check] = people.on_fact(_fact(facts.Handled, handled_ms=0, handled_work_ms=0))
    anybody = people.event(check, 1_000)
    assert list(people.on_fact(_fact(facts.CheckGiven, inspector="inspector-5"))) == []

    made = [json.loads(event.data)["by"]["id"] for event in (anybody, people.event(check, 2_000))]

    assert made == ["inspector-1", "inspector-5"]


def test_who_accepted_handles_and_handles_again_after_a_failed_check() -> None:
    """The department of the acceptance deals with the order, also in rework, with a picture as evidence."""
    people = DemoPeople(seed=1)
    [first] = people.on_fact(_fact(facts.Accepted, actor=Actor("department", "roads")))
    [again] = people.on_fact(_fact(facts.Checked, actor=Actor("inspector"), passed=False, attempt=2))
    assert [reply.data["action"] for reply in (first, again)] == ["handle", "handle"]
    assert [reply.data["by"]["department"] for reply in (first, again)] == ["roads", "roads"]
    assert all(reply.data["evidence_urls"] for reply in (first, again))


def test_latency_is_measured_from_the_report_to_its_assignment() -> None:
    """The latency is the assignment's record time less the time of sending; an order that a person saw has none."""
    counts = DemoCounts(began_ms=1_000)
    opened = _fact(
        facts.Opened,
        area="gulou",
        day=20260301,
        pack="p",
        evidence=Evidence(kind="report", source="app", id="1", at=1_000),
    )
    counts.add(opened, 1_010)
    counts.add(_fact(facts.Assigned, attempt=1, department="roads", why=Why(by="table")), 1_042)
    counts.add(_fact(facts.Closed), 5_000)
    assert counts.latencies == [42]
    assert counts.latency_ms(0.99) == 42
    assert (counts.assigned["roads"], counts.closed["roads"]) == (1, 1)
    assert counts.facts == {"opened": 1, "assigned": 1, "closed": 1}


def test_a_unit_that_is_sent_goes_there_and_says_what_it_has_found() -> None:
    """The reviewer leaves the order to it meanwhile; what it finds is a valid update of its own."""
    people = DemoPeople(seed=1)
    [decision] = people.on_fact(_fact(facts.SentToReview, reason="unverified"))
    assert not people.is_moot(decision)

    replies = [
        *people.on_fact(_fact(facts.TaskGiven, unit="car-1", what="verify", due=2_000, distance_m=90.0)),
        *people.on_fact(_fact(facts.TaskAccepted, actor=Actor("unit", "", "car-1"), due=3_000)),
        *people.on_fact(_fact(facts.UnitArrived, actor=Actor("unit", "", "car-1"), due=4_000)),
    ]

    assert people.is_moot(decision)
    assert [reply.data["action"] for reply in replies] == ["accept-task", "arrive", "verify-pass"]
    assert {reply.data["by"]["id"] for reply in replies} == {"car-1"}
    update = parse(UPDATE, people.event(replies[-1], 1_000).data)
    assert isinstance(update, Update)
    assert update.evidence_urls
    list(people.on_fact(_fact(facts.Verified, passed=True)))
    assert not people.is_moot(decision)


def test_a_camera_answers_and_where_it_does_not_decide_an_inspector_goes() -> None:
    """Its answer comes under the source that had seen it; nobody is sent there before."""
    people = DemoPeople(seed=1, habits=Habits(looks=1.0, still_there=0.0))
    [check] = people.on_fact(_fact(facts.Handled, handled_ms=1, handled_work_ms=1))
    [look] = people.on_fact(_fact(facts.RecheckRequested, camera="gulou-001", source="vision://a", due=2_000))

    answer = people.event(look, 1_000)

    found = parse(answer.type, answer.data)
    assert isinstance(found, RecheckAnswer)
    assert (answer.source, found.camera_id, found.result) == ("vision://a", "gulou-001", "gone")
    assert people.is_moot(check)
    [again] = people.on_fact(_fact(facts.RecheckAnswered, outcome="passed"))
    assert again.data["by"]["role"] == "inspector"
    assert not people.is_moot(again)


def test_a_department_may_find_nothing_where_a_camera_has_seen_something() -> None:
    """The dispatcher approves it: a false alarm. What citizens report is none."""
    people = DemoPeople(seed=1, habits=Habits(false_alarms=1.0, returns=0.0))
    loose = _ASSIGNMENT | {"binding": False}
    [seen] = people.on_assignment("roads", ASSIGNMENT, loose | {"evidence": [{"camera": "gulou-001"}]})
    [told] = people.on_assignment("roads", ASSIGNMENT, loose | {"evidence": [{"camera": ""}]})
    [approved] = people.on_fact(_fact(facts.Returned, code="not-a-problem", reason="r"))

    assert (seen.data["action"], seen.data["code"]) == ("return", "not-a-problem")
    assert told.data["action"] == "accept"
    assert (approved.data["action"], approved.data["code"]) == ("approve-return", "not-a-problem")


def test_units_drive_about_and_say_whether_they_are_free() -> None:
    """Within the city, by reports that pass the contract; a unit that has a task is busy until it has looked."""
    city = load_city(DEMO_CITY)
    fleet = DemoFleet(city, seed=1)
    unit = city.units.rows[0].id
    fleet.on_fact(_fact(facts.TaskGiven, unit=unit, what="verify", due=2_000, distance_m=90.0))

    def said(now: int) -> list[UnitReport]:
        found = [parse(event.type, event.data) for event in fleet.reports(now)]
        return [each for each in found if isinstance(each, UnitReport)]

    first, second = said(1_000), said(21_000)

    assert [report.unit for report in first] == [row.id for row in city.units.rows]
    assert [report.state for report in first] == ["busy", *["free"] * (len(first) - 1)]
    assert [report.location for report in first] != [report.location for report in second]
    for place in (report.location for report in (*first, *second)):
        assert place is not None
        assert place.lat is not None
        assert place.lon is not None
        assert city.areas.locate(place.lat, place.lon) is not None
    fleet.on_fact(_fact(facts.Verified, passed=True))
    assert {report.state for report in said(41_000)} == {"free"}


def test_a_wait_lasts_as_long_as_something_goes_on() -> None:
    """However long that is on a busy machine; when for so many seconds no less is left, it ends and says for what."""
    now = iter([0, 100, 150, 250, 310, 411])
    waiting = DemoWait(100, "deciding the month before", lambda: next(now))

    for left in (5_000, None, 4_999, 6_000):
        waiting.see(left)

    with pytest.raises(DemoError, match="deciding the month before has not gone on for 100 s"):
        waiting.see(4_999)
