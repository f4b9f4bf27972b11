"""What crosses a bridge 一网同联: from the messages of two desks, each what the other side takes."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast, get_args
from unittest.mock import AsyncMock

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndTimestamp
from prometheus_client import REGISTRY

from dispatcher.order import facts, wire
from dispatcher.order.lifecycle import ACTIONS, permit
from dispatcher.order.row import State
from dispatcher.order.upward import STAGES
from dispatcher.partition.decision import Outgoing
from models.envelope import MAX_ATTRIBUTE, Event, decode, header_map
from models.errors import UsageError
from models.events import (
    DEAD_LETTER,
    REPORT,
    UPDATE,
    UPWARD_STEP,
    DeadLetter,
    Report,
    Update,
    UpwardStage,
    UpwardStepMessage,
    parse,
)
from models.sealed_words import ReportKey, seal, seal_links
from models.times import now_ms
from streams.bridge.crossing import Banks, Crossing, Stays, update
from streams.bridge.down import down
from streams.bridge.role import Carrier, ends
from streams.bridge.up import MOVES, REQUESTS, actions, up
from streams.kafka.connection import Connection
from streams.notify.finisher import FinishingConsumer
from streams.settings import load_settings
from streams.stage.processing import StageError
from tests.support.cities import FILES, tiny_city
from tests.support.desks import DAY, DISPATCHER, HOUR, INSPECTOR, OFFICER, T0, Desk, quiet_city, report
from tests.support.messages import raw
from tests.unit.steps.test_desk_hubs import PARENT, PICTURE
from tests.unit.steps.test_desk_returns import ROADS

BANKS = Banks("city", "district", "roads")
STAGES_OF = get_args(UpwardStage)


def hub_city() -> Desk:
    """The desk above, whose roads bureau is the hub."""
    first, *rows = FILES["departments.csv"].splitlines()
    marked = [f"{row},{'on' if row.startswith('roads,') else ''}" for row in rows]
    return Desk(quiet_city(**{"departments.csv": "\n".join([f"{first},hub", *marked])}))


def event_of(out: Outgoing) -> Event:
    """What a desk has sent, as a bridge reads it."""
    return decode(out.value, header_map(out.headers))


def carried_down(desk: Desk, banks: Banks = BANKS) -> list[Crossing | Stays]:
    """What all that lies on the hub's topic becomes."""
    return [down(banks, event_of(out)) for out in desk.sent if out.topic == "assignments/roads"]


def step(before: UpwardStage | None, now: UpwardStage, kind: str = "progressed", **own: Any) -> UpwardStepMessage:
    """A step of an order below."""
    usual: dict[str, Any] = {
        "source": "hub:city",
        "id": f"{PARENT}/3",
        "order_id": "south-w-20260302-abcdefghij",
        "seq": 7,
        "at": T0,
        "kind": kind,
        "state": "accepted",
        "department": "works",
        "note": "",
        "evidence_urls": PICTURE,
        "until": None,
    }
    return UpwardStepMessage(before=before, stage=now, **usual | own)


def carried_up(message: UpwardStepMessage, banks: Banks = BANKS) -> list[Update]:
    """The updates above that a step becomes."""
    crossings = up(banks, Event("1", "paidan/desk", UPWARD_STEP, wire.encode(message)))
    assert not isinstance(crossings, Stays)
    found = [parse(UPDATE, each.event.data) for each in crossings]
    return [each for each in found if isinstance(each, Update)]


def test_an_order_goes_down_as_a_report_that_intake_takes() -> None:
    """Words, place, limit, pictures and category; twice the same bytes."""
    desk = hub_city()
    desk.feed(report("1", T0, title="坑", address="梧桐路1号", media_urls=PICTURE), at=T0)

    once, twice = (carried_down(desk) for _ in range(2))

    (crossing,) = once
    assert isinstance(crossing, Crossing)
    order, said = desk.only(), parse(REPORT, crossing.event.data)
    assert isinstance(said, Report)
    assert once == twice
    assert (crossing.side, crossing.key) == ("below", order.id)
    assert (crossing.event.source, crossing.event.id, crossing.event.time) == ("hub:city", f"{order.id}/1", None)
    assert (said.text, said.title, said.category, said.channel) == ("路上有个大坑", "坑", "pothole", "city")
    assert (said.media_urls, said.due_at) == (PICTURE, order.assignments[-1].handle_due)
    assert said.location is not None
    assert (said.location.lat, said.location.area, said.location.address) == (30.05, "south-w", "梧桐路1号")


def test_a_rework_goes_down_as_a_report_of_the_next_attempt() -> None:
    """With what the check has found below the words."""
    desk = hub_city()
    desk.feed(report("1", T0), at=T0)
    desk.update("accept", ROADS, T0 + HOUR)
    desk.update("handle", ROADS, T0 + 2 * HOUR, evidence_urls=PICTURE)
    desk.update("check-fail", INSPECTOR, T0 + 3 * HOUR, reason="still there")

    again = carried_down(desk)[-1]

    assert isinstance(again, Crossing)
    assert again.event.id == f"{desk.only().id}/2"
    assert json.loads(again.event.data)["text"] == "路上有个大坑\nstill there"


def test_why_a_hub_was_chosen_stays_above() -> None:
    """It is no word of what is the matter; only what is to be done otherwise goes down."""
    desk = hub_city()
    desk.feed(report("1", T0), at=T0)
    desk.update("re-assign", DISPATCHER, T0 + HOUR, department="police", reason="theirs")
    desk.update("re-assign", DISPATCHER, T0 + 2 * HOUR, department="roads", reason="theirs after all")

    again = carried_down(desk)[-1]

    assert isinstance(again, Crossing)
    assert desk.only().assignments[-1].why is not None
    assert "theirs after all" in str(desk.only().assignments[-1].why)
    assert json.loads(again.event.data)["text"] == "路上有个大坑"


def test_an_order_that_is_taken_from_a_hub_is_rejected_below() -> None:
    """It is found by its report and the place of that."""
    desk = hub_city()
    desk.feed(report("1", T0), at=T0)
    desk.update("re-assign", DISPATCHER, T0 + HOUR, department="police", reason="theirs")

    given, taken = carried_down(desk)

    assert isinstance(given, Crossing)
    assert isinstance(taken, Crossing)
    assert taken.event.id != given.event.id
    said = parse(UPDATE, taken.event.data)
    assert isinstance(said, Update)
    assert (taken.side, said.action, said.by.role, taken.event.source) == ("below", "reject", "operator", "hub:city")
    assert said.report is not None
    assert said.location is not None
    assert (said.report.source, said.report.id) == ("hub:city", f"{desk.only().id}/1")
    assert (said.location.lat, said.location.lon) == (30.05, 114.05)
    assert permit(said.action, "assigned", said.by.role) != "wrong-role"


@pytest.mark.parametrize("channel", ["district", "district/town", "province/district/town"])
def test_an_order_that_has_come_through_the_city_below_is_returned(channel: str) -> None:
    """It would go in a circle: the duty officer above decides."""
    desk = hub_city()
    desk.feed(report("town-20260302-abcdefghij/1", T0, source="hub:town", channel=channel), at=T0)

    (crossing,) = carried_down(desk)

    assert isinstance(crossing, Crossing)
    said = parse(UPDATE, crossing.event.data)
    assert isinstance(said, Update)
    assert (crossing.side, said.action, said.by.department) == ("above", "return", "roads")
    taken = desk.update("return", ROADS, T0 + HOUR, code=said.code, reason=said.reason)
    assert (taken, desk.only().state) == ("", "arbitration")


def test_an_order_goes_further_down_with_the_cities_it_has_come_through() -> None:
    """From the province by the city to the district."""
    desk = hub_city()
    desk.feed(report("cities-20260302-abcdefghij/1", T0, source="hub:province", channel="province"), at=T0)

    (crossing,) = carried_down(desk)

    assert isinstance(crossing, Crossing)
    assert json.loads(crossing.event.data)["channel"] == "province/city"
    assert crossing.event.source == "hub:city"


def test_what_a_hub_has_returned_goes_down_as_another_report_with_the_officers_word() -> None:
    """The former one has ended there, and its name would be a repeat's."""
    desk = hub_city()
    desk.feed(report("1", T0), at=T0)
    desk.update("return", ROADS, T0 + HOUR, code="not-my-function", reason="not ours")
    desk.update("arbitrate", OFFICER, T0 + 2 * HOUR, department="roads", reason="it is yours")

    first, again = carried_down(desk)

    assert isinstance(first, Crossing)
    assert isinstance(again, Crossing)
    assert [each.event.id for each in (first, again)] == [f"{desk.only().id}/{attempt}" for attempt in (1, 2)]
    said = parse(REPORT, again.event.data)
    assert isinstance(said, Report)
    assert said.text == "路上有个大坑\nit is yours"


def test_what_is_none_of_a_hubs_affairs_stays() -> None:
    """Another event, a second acceptance, what tells of progress while the city has it suspended; what else was refused
    above is told."""
    refusing = hub_city()
    refusing.feed(report("1", T0), at=T0)
    refused = refusing.update("handle", ROADS, T0, evidence_urls=PICTURE, sender=ROADS)

    assert refused == "wrong-state"
    assert carried_down(refusing)[-1] == Stays(
        "refused", f"{refusing.only().id}: handle was refused above: wrong-state"
    )
    assert refusing.update("accept", ROADS, T0) == ""
    assert refusing.update("accept", ROADS, T0, sender=ROADS) == "wrong-state"
    assert carried_down(refusing)[-1] == Stays("moot")
    assert refusing.update("resume", ROADS, T0, sender=ROADS) == "wrong-state"
    assert carried_down(refusing)[-1] == Stays("moot")
    refusing.update("request-suspension", ROADS, T0, reason="frost", until=T0 + DAY)
    refusing.update("approve-suspension", DISPATCHER, T0)
    assert refusing.update("progress", ROADS, T0, sender=ROADS) == "wrong-state"
    assert carried_down(refusing)[-1] == Stays("moot")
    assert down(BANKS, Event("1", "paidan/desk", "city.else.v1", b"{}")) == Stays("other")
    assert up(BANKS, Event("1", "paidan/desk", "city.else.v1", b"{}")) == Stays("other")


@pytest.mark.parametrize(("committed", "age_days", "begins"), [(None, 6, 3), (None, 8, None), (9, 8, 9)])
async def test_a_bridge_never_hands_down_again_what_the_platform_below_has_forgotten(
    committed: int | None, age_days: int, begins: int | None
) -> None:
    """Kafka forgets the offsets of a group that is away for a week: nobody can tell it from a new one."""
    part, noted = TopicPartition("paidan.assignments.roads", 0), []
    written = now_ms() - age_days * DAY

    class Log(SimpleNamespace):
        async def committed(self, _: TopicPartition) -> int | None:
            return committed

        async def commit(self, offsets: dict[TopicPartition, int]) -> None:
            noted.append(offsets[part])

        async def end_offsets(self, _: Any) -> dict[TopicPartition, int]:
            return {part: 12}

        async def beginning_offsets(self, _: Any) -> dict[TopicPartition, int]:
            return {part: 3}

        async def offsets_for_times(self, _: Any) -> dict[TopicPartition, OffsetAndTimestamp]:
            return {part: OffsetAndTimestamp(3, written)}

    consumer = FinishingConsumer(load_settings(), "g", [part.topic], cast(Carrier, None), complete=True, repeats_days=7)
    consumer._consumer = cast(AIOKafkaConsumer, Log())

    if begins is None:
        with pytest.raises(StageError, match=r"docs/hubs\.md says how"):
            await consumer._position(part)
        assert noted == []
    else:
        assert await consumer._position(part) == begins
        assert noted == ([begins] if committed is None else [])


async def test_who_wants_all_that_there_is_gets_it_from_its_first_record_on(caplog: pytest.LogCaptureFixture) -> None:
    """So many hours that they go back beyond the first instant that Kafka can be asked about. What lies before that is
    told: Kafka may have forgotten where a target was that has not run for a week."""
    part = TopicPartition("paidan.notices", 0)
    log = SimpleNamespace(
        committed=AsyncMock(return_value=None),
        commit=AsyncMock(),
        end_offsets=AsyncMock(return_value={part: 12}),
        beginning_offsets=AsyncMock(return_value={part: 0}),
        offsets_for_times=AsyncMock(return_value={part: OffsetAndTimestamp(3, 1)}),
    )
    settings = load_settings(notify_first_hours=876_600)
    consumer = FinishingConsumer(settings, "g", [part.topic], cast(Carrier, None), complete=False)
    consumer._consumer = cast(AIOKafkaConsumer, log)

    assert await consumer._position(part) == 3
    log.offsets_for_times.assert_awaited_once_with({part: 0})
    assert "the records 0 to 2 are not sent" in caplog.text


def test_a_department_that_is_no_hub_in_the_pack_above_is_noticed() -> None:
    """What it gets says too little to cross."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.update("re-assign", DISPATCHER, T0 + HOUR, department="police", reason="theirs")

    last = carried_down(desk)[-1]

    assert isinstance(last, Stays)
    assert (last.reason, "no `hub`" in last.told) == ("no-hub", True)


def test_every_move_below_is_something_above() -> None:
    """From every stage to every stage; and every request is of a fact that there is."""
    assert set(MOVES) == {(one, other) for one in STAGES_OF for other in STAGES_OF}
    assert {action for moves in (*MOVES.values(), REQUESTS.values()) for action in moves} <= set(ACTIONS)
    assert set(REQUESTS) <= set(facts.KINDS)


@pytest.mark.parametrize("state", get_args(State))
def test_the_way_to_every_state_leads_to_a_state_above(state: State) -> None:
    """An order that comes to a state below at once, joined or from its opening, is in the fitting one above."""
    fitting = {"under-way": "accepted", "done": "handled", "refused": "arbitration"}
    desk = hub_city()
    desk.feed(report("1", T0), at=T0)

    for n, said in enumerate(carried_up(step(None, STAGES[state]))):
        own: dict[str, Any] = {"reason": said.reason, "code": said.code, "evidence_urls": said.evidence_urls}
        assert desk.update(said.action, ROADS, T0 + n * HOUR, **own) == ""

    assert desk.only().state == fitting.get(STAGES[state], "assigned")


def test_what_moves_an_order_below_moves_it_above() -> None:
    """Accepted once, handled with the pictures of it; what was begun again below is told."""
    assert actions(step(None, "waiting", "opened")) == ("comment",)
    assert actions(step("waiting", "under-way", "accepted")) == ("accept",)
    assert actions(step("under-way", "done", "closed")) == ("handle",)
    assert actions(step("elsewhere", "done", "absorbed")) == ("accept", "handle")
    assert actions(step("done", "under-way", "reopened")) == ("comment",)
    assert actions(step("under-way", "refused", "rejected")) == ("return",)
    assert actions(step("under-way", "done", "closed", evidence_urls=())) == ("return",)


def test_what_a_hub_ends_without_a_picture_is_told_the_duty_officer_as_often_as_it_does() -> None:
    """Also when the officer has bound it: else the city would wait for what is over there."""
    desk = hub_city()
    desk.feed(report("1", T0), at=T0)

    for attempt in (1, 2):
        (said,) = carried_up(step("waiting", "done", "closed", id=f"{PARENT}/{attempt}", evidence_urls=()))
        own: dict[str, Any] = {"code": said.code, "reason": said.reason, "attempt": said.attempt}
        assert desk.update(said.action, ROADS, T0 + attempt * DAY, **own) == ""
        assert desk.only().state == "arbitration"
        desk.update("arbitrate", OFFICER, T0 + attempt * DAY + HOUR, department="roads", reason="with a picture")

    assert (desk.only().state, desk.only().attempt) == ("assigned", 3)


def test_what_asks_for_time_below_asks_for_it_above() -> None:
    """Each platform grants its own; a suspension says until when."""
    (asked,) = carried_up(step("under-way", "under-way", "suspended", until=T0 + HOUR, note="frost"))

    assert (asked.action, asked.until, asked.attempt) == ("request-suspension", T0 + HOUR, 3)
    assert "frost" in asked.reason
    assert actions(step("under-way", "under-way", "extension-approved")) == ("request-extension",)
    assert actions(step("under-way", "under-way", "resumed")) == ("resume",)


@pytest.mark.parametrize(("end", "state"), [("done", "handled"), ("refused", "arbitration")])
@pytest.mark.parametrize("approved", [True, False])
def test_what_was_suspended_below_ends_above_whenever_it_was_suspended_there(
    end: UpwardStage, state: State, approved: bool
) -> None:
    """The city grants a suspension when it pleases, perhaps when the hub has gone on; a step of one that was never
    suspended has nothing to resume."""
    desk = hub_city()
    desk.feed(report("1", T0), at=T0)
    desk.update("accept", ROADS, T0)
    desk.update("request-suspension", ROADS, T0, reason="frost", until=T0 + 9 * DAY)
    if approved:
        assert desk.update("approve-suspension", DISPATCHER, T0 + HOUR) == ""

    refused = [
        desk.update(said.action, ROADS, T0 + 2 * HOUR, code=said.code, reason="r", evidence_urls=said.evidence_urls)
        for said in carried_up(step("under-way", end, was_suspended=True))
    ]

    assert refused == ["" if approved else "wrong-state", ""]
    assert desk.only().state == state
    assert actions(step("under-way", "under-way", was_suspended=True)) == ("progress",)


def test_a_step_goes_up_once_under_a_name_of_its_own() -> None:
    """Twice the same bytes; dated where the city above takes late steps from here; no name is too long."""
    message = step("waiting", "done", "closed")
    event = Event("1", "paidan/desk", UPWARD_STEP, wire.encode(message))
    once, twice, dated = up(BANKS, event), up(BANKS, event), up(Banks("city", "district", "roads", True), event)

    assert not isinstance(once, Stays)
    assert not isinstance(dated, Stays)
    assert once == twice
    assert len({each.event.id for each in once}) == len(once) == 2
    assert {each.key for each in once} == {PARENT}
    assert ([each.event.time for each in once], [each.event.time for each in dated]) == ([None] * 2, [T0] * 2)
    assert len(update("above", "k", "s", "x" * 400, {}).event.id) <= MAX_ATTRIBUTE


def test_no_two_things_that_cross_have_one_name() -> None:
    """The second would be taken for a repeat of the first, and dropped."""
    own: list[dict[str, Any]] = [
        {},
        {"seq": 8},
        {"order_id": "south-w-20260302-abcdefghik"},  # of two parts of a report
        {"id": f"{PARENT}/4"},
        {"kind": "suspended"},
    ]
    crossings = [
        up(BANKS, Event("1", "paidan/desk", UPWARD_STEP, wire.encode(step("under-way", "under-way", **each))))
        for each in own
    ]
    long = [update("above", "k", "s", "x" * MAX_ATTRIBUTE + end, {}).event.id for end in "ab"]

    names = [each.event.id for those in crossings if not isinstance(those, Stays) for each in those] + long
    assert len(set(names)) == len(names) == len(own) + len(long)


def test_what_is_sealed_below_stays_below() -> None:
    """Words and pictures that a reporter there has sent later: nobody above could open them, and none is an address."""
    key = ReportKey.new()
    sealed = seal(key, {"text": "call me"})["text"]
    pictures = (*seal_links(key, PICTURE), "erased", *PICTURE)

    (said,) = carried_up(step("under-way", "under-way", "commented", note=sealed, evidence_urls=pictures))

    assert said.evidence_urls == PICTURE
    assert "sealed" not in said.reason


def test_a_step_of_another_city_above_stays() -> None:
    """Each bridge tells its own; what names no order and attempt cannot be told."""
    other = Event("1", "paidan/desk", UPWARD_STEP, wire.encode(step(None, "waiting", source="hub:province")))
    strange = Event("1", "paidan/desk", UPWARD_STEP, wire.encode(step(None, "waiting", id="strange")))

    assert up(BANKS, other) == Stays("other")
    with pytest.raises(ValueError, match="names no order"):
        up(BANKS, strange)


@pytest.mark.parametrize(
    ("source", "name", "carried"),
    [("hub:city", f"{PARENT}/2", 1), ("app", f"{PARENT}/2", 0), ("hub:city", f"{PARENT}/2/withdrawn", 0)],
)
@pytest.mark.parametrize(
    ("topic", "stage", "theirs"),
    [("paidan.above", "intake", 1), ("paidan.inbox", "desk", 1), ("paidan.reports", "intake", 0), ("f", "history", 0)],
)
def test_an_order_that_intake_below_cannot_take_is_returned(
    source: str, name: str, carried: int, topic: str, stage: str, theirs: int
) -> None:
    """As one whose place lies outside the district, or at which the desk failed; other dead letters are nobody's above,
    nor is what somebody has written elsewhere under its name."""
    letter = DeadLetter(
        topic=topic, partition=0, offset=1, at="2026-03-02T01:00:00Z", stage=stage, error="outside-city",
        message="location must lie inside the city", event_source=source, event_id=name,
    )  # fmt: skip

    found = up(BANKS, Event("1", "paidan", DEAD_LETTER, msgspec.json.encode(letter)))

    if carried and theirs:
        assert not isinstance(found, Stays)
        said = parse(UPDATE, found[0].event.data)
        assert isinstance(said, Update)
        assert (said.action, said.order_id, said.attempt, said.code) == ("return", PARENT, 2, "unclear")
    else:
        assert found == Stays("other")


def test_a_bridge_needs_to_know_both_ends() -> None:
    """The platform above is reached by settings of its own; the rest is as for this one."""
    given = {"bridge_kafka": "above:9092", "bridge_city": "city", "bridge_hub": "roads", "bridge_namespace": "up"}
    banks, upper = ends(load_settings(kafka="below:9092", **given), tiny_city())

    assert (banks.above, banks.hub, banks.source) == ("city", "roads", "bridge:tiny")
    assert banks.landing == "paidan.above"
    assert (upper.bootstrap, upper.namespace) == ("above:9092", "up")
    for name in ("bridge_kafka", "bridge_city", "bridge_hub"):
        with pytest.raises(UsageError, match=name.upper()):
            ends(load_settings(kafka="below:9092", **given | {name: ""}), tiny_city())
    with pytest.raises(UsageError, match="this city"):
        ends(load_settings(kafka="below:9092", **given | {"bridge_city": "tiny"}), tiny_city())


def test_each_end_of_a_bridge_is_spoken_to_in_its_own_way() -> None:
    """TLS and SCRAM on both sides, with another user, password and authority on each."""
    below = {"kafka": "below:9093", "kafka_protocol": "SASL_SSL", "kafka_user": "paidan-bridge"}
    below |= {"kafka_password_file": "/run/below", "kafka_ca": "/ca/below.pem"}
    above = {"bridge_kafka": "above:9093", "bridge_kafka_protocol": "SASL_SSL", "bridge_kafka_user": "paidan-roads"}
    above |= {"bridge_kafka_mechanism": "SCRAM-SHA-256", "bridge_kafka_password_file": "/run/above"}
    above |= {"bridge_kafka_ca": "/ca/above.pem", "bridge_city": "city", "bridge_hub": "roads"}
    settings = load_settings(**below | above)

    _, upper = ends(settings, tiny_city())

    assert Connection.of(settings) == Connection(
        "below:9093", "SASL_SSL", "SCRAM-SHA-512", "/ca/below.pem", "", "", "paidan-bridge", "/run/below"
    )
    assert Connection.of(upper) == Connection(
        "above:9093", "SASL_SSL", "SCRAM-SHA-256", "/ca/above.pem", "", "", "paidan-roads", "/run/above"
    )
    for missing in ("bridge_kafka_user", "bridge_kafka_password_file"):
        with pytest.raises(UsageError, match=f"PAIDAN_{missing.upper()} must be set"):
            ends(load_settings(**below | above | {missing: ""}), tiny_city())
    with pytest.raises(UsageError, match="PAIDAN_BRIDGE_KAFKA_PROTOCOL is PLAINTEXT"):
        ends(load_settings(**below | above | {"bridge_kafka_protocol": "PLAINTEXT"}), tiny_city())


async def test_a_bridge_that_is_cut_off_in_the_middle_stands_no_more() -> None:
    """The record is another process's then: here it would be at hand, and alarm, for ever."""

    class Away(SimpleNamespace):
        async def send_and_wait(self, *_: Any, **__: Any) -> None:
            await asyncio.Event().wait()

    def at_work_on() -> float | None:
        return REGISTRY.get_sample_value("paidan_bridge_at_work_on_seconds", {"side": "above"})

    desk = hub_city()
    desk.feed(report("1", T0), at=T0)
    [out] = [out for out in desk.sent if out.topic == "assignments/roads"]
    writer = cast(AIOKafkaProducer, Away())
    carrier = Carrier("above", BANKS, {"above": "up", "below": "down"}, {"above": writer, "below": writer})
    carrying = asyncio.create_task(carrier.finish(raw(out.value, list(out.headers), timestamp=T0), asyncio.Event()))
    while not at_work_on():
        await asyncio.sleep(0)
    carrying.cancel()
    await asyncio.gather(carrying, return_exceptions=True)

    await FinishingConsumer(load_settings(), "g", ["t"], carrier).on_partitions_assigned([])

    assert at_work_on() == 0
