"""What the desk tells others: departments get assignments and withdrawals, parties get notices."""

from typing import Any

import msgspec
import pytest

from dispatcher.partition.decision import Outgoing
from dispatcher.partition.telling.notices import AUDIENCES
from models.envelope import event_type
from models.events import ASSIGNMENT, REWORK, WITHDRAWAL
from models.inbox import Actor, InboxRecord
from streams.gateway.orders.order_document import document
from tests.properties.desk.test_desk_laws import random_inbox, run
from tests.support.desks import DISPATCHER, HOUR, INSPECTOR, OPERATOR, T0, Desk, detection, guess, report

ROADS = Actor("department", "roads", "ren")


def to(sent: list[Outgoing], topic: str) -> list[tuple[str, dict[str, Any]]]:
    """The CloudEvents type and the data of each event on a topic."""
    events = [(event_type(out.headers), out.value) for out in sent if out.topic == topic]
    return [(kind, msgspec.json.decode(value)) for kind, value in events]


def test_an_assignment_says_all_that_a_department_needs() -> None:
    """What, where, by when, why and with whom; instants as text, the assist's copy marked."""
    desk = Desk()
    sent = desk.feed(report("1", T0, title="大坑", media_urls=("https://pictures.example/1.jpg",)), at=T0)

    ((kind, lead),) = to(sent, "assignments/roads")
    assert kind == ASSIGNMENT
    assert lead["order_id"] == desk.only().id
    assert (lead["role"], lead["lead"], lead["assists"]) == ("lead", "roads", ["police"])
    assert (lead["seq"], lead["attempt"], lead["category"], lead["title"]) == (3, 1, "pothole", "大坑")
    assert lead["location"] == {"lat": 30.05, "lon": 114.05, "area": "south-w"}
    assert lead["due"] == {"accept_by": "2026-03-02T03:00:00.000Z", "handle_by": "2026-03-03T01:00:00.000Z"}
    assert lead["evidence"][0]["media_urls"] == ["https://pictures.example/1.jpg"]
    assert lead["evidence"][0]["at"] == "2026-03-02T01:00:00.000Z"
    assert (lead["why"]["by"], lead["why"]["model"], lead["why"]["table_row"]) == ("table", "model-1", 2)
    assert len(lead["why"]["alternatives"]) == 3
    ((_, assist),) = to(sent, "assignments/police")
    assert assist == lead | {"role": "assist"}


def test_an_assignment_says_where_in_the_picture_it_is() -> None:
    """The box of a detection stays with the evidence."""
    desk = Desk()
    sent = desk.feed(detection("d", T0, bbox=(0.1, 0.2, 0.3, 0.4)), at=T0)

    ((_, lead),) = to(sent, "assignments/roads")
    assert lead["evidence"][0]["bbox"] == [0.1, 0.2, 0.3, 0.4]


def test_the_department_that_loses_an_order_is_told() -> None:
    """Lead and assists of the old turn, except those that the new one has as well."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.update("return", ROADS, T0 + HOUR, code="unclear", reason="r")
    sent = len(desk.sent)
    desk.update("approve-return", DISPATCHER, T0 + HOUR, department="works", category="water-leak")

    assert [kind for kind, _ in to(desk.sent[sent:], "assignments/roads")] == [WITHDRAWAL]
    assert [kind for kind, _ in to(desk.sent[sent:], "assignments/police")] == [WITHDRAWAL]
    sent = len(desk.sent)
    desk.update("reject", OPERATOR, T0 + HOUR, reason="nothing there")
    ((kind, data),) = to(desk.sent[sent:], "assignments/works")
    assert (kind, data["reason"], data["attempt"]) == (WITHDRAWAL, "rejected", 2)


def test_a_department_is_told_of_the_second_matter_in_the_words() -> None:
    """So that a person who reads the order may split it."""
    desk = Desk()
    desk.feed(report("1", T0, guess=guess("pothole", second="street-light")), at=T0)

    ((_, assigned),) = to(desk.sent, "assignments/roads")
    assert (assigned["why"]["second"], assigned["category"]) == ("street-light", "pothole")


def test_a_failed_check_tells_the_departments_their_new_attempt() -> None:
    """Lead and assists, on their own topics, with what the check found; the notice says the attempt as well."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.update("accept", ROADS, T0 + HOUR)
    desk.update("handle", ROADS, T0 + 2 * HOUR, attempt=1, evidence_urls=("https://pictures.example/1.jpg",))
    sent = len(desk.sent)
    photo = "https://pictures.example/2.jpg"
    desk.update("check-fail", INSPECTOR, T0 + 3 * HOUR, reason="still loose", evidence_urls=(photo,))

    ((kind, lead),) = to(desk.sent[sent:], "assignments/roads")
    assert (kind, lead["attempt"], lead["reworks"], lead["role"]) == (REWORK, 2, 1, "lead")
    assert (lead["reason"], lead["evidence_urls"]) == ("still loose", [photo])
    assert lead["due"] == {"accept_by": "2026-03-02T03:00:00.000Z", "handle_by": "2026-03-03T01:00:00.000Z"}
    assert to(desk.sent[sent:], "assignments/police") == [(REWORK, lead | {"role": "assist"})]
    assert [data["attempt"] for _, data in to(desk.sent[sent:], "notices")] == [2]
    assert desk.update("handle", ROADS, T0 + 4 * HOUR, attempt=lead["attempt"], evidence_urls=("e",)) == ""


def test_after_a_refused_return_the_limit_for_accepting_that_runs_is_told() -> None:
    """Also where the one before was missed: what would be told is past already."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.update("return", ROADS, T0 + 4 * HOUR, code="unclear", reason="r", evidence_urls=("e",))
    sent = len(desk.sent)
    desk.update("refuse-return", DISPATCHER, T0 + 5 * HOUR, reason="it is yours")

    told = [data for topic in ("roads", "police") for _, data in to(desk.sent[sent:], f"assignments/{topic}")]
    assert [each["due"]["accept_by"] for each in told] == ["2026-03-02T08:00:00.000Z"] * 2
    shown = document(desk.only(), None, desk.city, T0 + 6 * HOUR)
    assert [turn["accept_by"] for turn in shown["held_by"]] == ["2026-03-02T08:00:00.000Z"]


@pytest.mark.parametrize("seed", [12, 26, 64, 184])
def test_a_department_always_knows_the_attempt_of_its_order(seed: int) -> None:
    """In random lives: whatever raises `attempt`, the lead gets an event that says so on its own topic."""
    lives = run(random_inbox(seed))
    said = {
        (data["order_id"], data["attempt"])
        for department in lives.city.departments
        for kind, data in to(lives.sent, f"assignments/{department}")
        if kind != WITHDRAWAL
    }

    raised = {(order.id, n) for order in lives.state.orders.values() for n in range(1, order.attempt + 1)}
    assert raised
    assert raised <= said


def test_nobody_is_told_of_history() -> None:
    """What is replayed gives assignments, as what is still open is to be done, and no notices."""
    desk = Desk()
    history = InboxRecord(3, desk.offset, T0, (report("1", T0), report("2", T0)), replayed=True)
    sent = desk.batch([history])

    assert desk.only().evidence_count == 2
    assert [kind for kind, _ in to(sent, "assignments/roads")] == [ASSIGNMENT]
    assert to(sent, "notices") == []
    assert to(desk.feed(report("3", T0)), "notices") != []


def test_every_reporter_is_told_of_every_step_that_matters_to_them() -> None:
    """Also the reporters of an order that was merged into this one."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.feed(report("2", T0), at=T0)
    desk.feed(report("3", T0, "井边砖头松动危险请修理"), at=T0)
    first, second = list(desk.state.orders)
    desk.update("merge", OPERATOR, T0, second, reason="same", other_order_id=first)
    sent = len(desk.sent)
    desk.update("accept", ROADS, T0 + HOUR, first)

    told = [data for _, data in to(desk.sent[sent:], "notices")]
    assert [(data["audience"], data["to"], data["kind"]) for data in told] == [
        ("reporter", "hash-1", "accepted"),
        ("reporter", "hash-2", "accepted"),
        ("reporter", "hash-3", "accepted"),
    ]
    assert told[0]["at"] == "2026-03-02T02:00:00.000Z"


def test_every_event_has_an_identity_of_its_own() -> None:
    """No two records carry the same ce_id on one topic."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.tick(T0 + 100 * HOUR)
    ids = [(out.topic, dict(out.headers)["ce_id"]) for out in desk.sent]

    assert len(ids) == len(set(ids))
    told = {one for parties in AUDIENCES.values() for one in parties}
    assert told == {"reporter", "citizen", "department", "inspector", "supervisor"}
