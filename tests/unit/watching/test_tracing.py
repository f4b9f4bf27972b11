"""Traces: what carries them, which spans each role keeps, and that nothing that is decided knows of them."""

import asyncio
import sys
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from starlette.types import Message, Receive, Scope, Send

from dispatcher.order import wire
from models.envelope import Event, header_map, to_binary
from models.errors import UsageError
from models.events import UPWARD_STEP
from models.inbox import Actor, InboxUpdate, Item, decode_items, encode_items
from models.times import MINUTE_MS
from streams.bridge.crossing import Side
from streams.bridge.role import Carrier
from streams.control.models_in_force import LiveModels
from streams.control.packs import Packs
from streams.desk import processor as desk_processor
from streams.desk.processor import DeskOutcome, DeskProcessor
from streams.intake import processor as intake_processor
from streams.intake.drafts import Keys
from streams.intake.processor import IntakeProcessor
from streams.kafka.topics import Names
from streams.settings import load_settings
from streams.stage.same_time import SameTime
from streams.tracing.request_spans import RequestSpans
from streams.tracing.trace_context import items_traced_by, traceparent_of, traceparents_of_items, valid_traceparent
from streams.tracing.tracer import Tracer, current_traceparent, open_tracer
from tests.support import desks, messages
from tests.support.cities import tiny_city
from tests.support.one_city import one_city
from tests.support.web.spans import TRACE, TRACEPARENT, RememberingTracer
from tests.unit.answers.test_bridge import BANKS, hub_city, step
from tests.unit.stage.test_desk_processor import OnePack

CITY = desks.quiet_city()
HEADER = ("traceparent", TRACEPARENT.encode())
OTHER = TRACEPARENT.replace(TRACE, "a" * 32)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (TRACEPARENT, TRACEPARENT),
        (f"01{TRACEPARENT[2:]}-more", f"01{TRACEPARENT[2:]}"),
        (f"{TRACEPARENT}-more", ""),
        (f"01{TRACEPARENT[2:]}more", ""),
        (f"ff{TRACEPARENT[2:]}", ""),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", ""),
        (f"00-{TRACE}-{'0' * 16}-01", ""),
        (TRACEPARENT.upper(), ""),
        ("13800138000", ""),
        ("", ""),
    ],
)
def test_a_traceparent_is_what_the_standard_says(text: str, valid: str) -> None:
    """Of later versions what this one knows; nothing else goes on, whatever somebody has written there."""
    assert valid_traceparent(text) == valid


def test_a_trace_that_is_not_kept_goes_no_further() -> None:
    """Nor does what is none."""
    unsampled = f"{TRACEPARENT[:-2]}00"
    assert traceparent_of([HEADER]) == TRACEPARENT
    assert traceparent_of([("traceparent", unsampled.encode())]) == ""
    assert traceparent_of([("traceparent", b"\xff"), ("ce_id", b"1")]) == ""
    assert traceparents_of_items(items_traced_by({0: unsampled, 3: TRACEPARENT, 4: "x"})) == {3: TRACEPARENT}
    assert traceparents_of_items([("traceparents", b"[1")]) == {}


async def request(method: str, headers: Mapping[str, str], tracer: Tracer, status: int = 202) -> str:
    """What goes on from a request to an app that answers with a status."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(current_traceparent())
        scope["route"] = SimpleNamespace(path="/orders/{order_id}/updates")
        await send({"type": "http.response.start", "status": status, "headers": []})

    async def nothing(*_: Message) -> Message:
        return {}

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await RequestSpans(app, tracer)({"type": "http", "method": method, "headers": raw}, nothing, cast(Send, nothing))
    return seen[0]


async def test_a_request_that_writes_continues_its_trace_or_begins_one() -> None:
    """What reads is part of one only where it says so. The span holds the route's pattern, not the address."""
    tracer = RememberingTracer("gateway")

    continued = await request("POST", {"traceparent": TRACEPARENT}, tracer)
    begun = await request("POST", {"traceparent": "nonsense"}, tracer, 503)
    read = await request("GET", {}, tracer)
    asked = await request("GET", {"traceparent": TRACEPARENT}, tracer)
    unsampled = await request("POST", {"traceparent": f"{TRACEPARENT[:-2]}00"}, tracer)

    assert continued.startswith(f"00-{TRACE}-")
    assert continued != TRACEPARENT
    assert valid_traceparent(begun)
    assert TRACE not in begun
    assert (read, unsampled, current_traceparent()) == ("", "", "")
    assert asked.startswith(f"00-{TRACE}-")
    assert [trace == TRACE for _, trace, _ in tracer.ended] == [True, False, True]
    assert tracer.ended[0][2] == {
        "http.request.method": "POST",
        "http.response.status_code": 202,
        "http.route": "/orders/{order_id}/updates",
    }


def intake(tracer: Tracer | None) -> IntakeProcessor:
    """Intake of the tiny city."""
    models = cast(LiveModels, SimpleNamespace(active=None, shadow=None))
    same_time = SameTime(5 * MINUTE_MS)
    return IntakeProcessor(Names("t"), one_city(tiny_city()), models, Keys(b"k"), 4, same_time, tracer=tracer)


def traced(record: ConsumerRecord, traceparent: str = TRACEPARENT) -> ConsumerRecord:
    """The same record as part of a trace."""
    return messages.raw(record.value, [*record.headers, ("traceparent", traceparent.encode())], record.topic)


async def test_intake_hands_each_items_trace_on_and_keeps_its_span_once_it_is_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A batch of 70 reports becomes two inbox records: the header of each names its own. What is dead has failed."""
    monkeypatch.setattr(intake_processor, "now_ms", lambda: messages.NOW)
    records = [messages.report(f"梧桐路有坑 {n}", event={"id": f"r-{n}"}) for n in range(70)]
    records[3], records[66] = traced(records[3]), traced(records[66], OTHER)
    records.append(traced(messages.report(" ")))
    tracer = RememberingTracer("intake")
    tried, plain = intake(tracer), await intake(None).decide(records)

    outcome = await tried.decide(records)
    undone = tracer.ended
    tried.settle(outcome)

    sent = [send for send in outcome.sends if send.topic == "t.inbox"]
    names = [[cast(Any, item).id for item in decode_items(send.value or b"")] for send in sent]
    carried = [traceparents_of_items(send.headers) for send in sent]
    found = {names[n][index]: text for n, each in enumerate(carried) for index, text in each.items()}
    assert len(sent) == 2
    assert sorted(found) == ["r-3", "r-66"]
    assert found["r-3"].startswith(f"00-{TRACE}-")
    assert found["r-66"].startswith(f"00-{'a' * 32}-")
    assert undone == []
    assert [trace for _, trace, _ in tracer.ended] == [TRACE, "a" * 32, TRACE]
    assert [(send.topic, send.value) for send in plain.sends if send.topic == "t.inbox"] == [
        (send.topic, send.value) for send in sent
    ]
    assert all("traceparents" not in header_map(send.headers) for send in plain.sends)


async def decided(monkeypatch: pytest.MonkeyPatch, tracer: Tracer | None, *items: Item, index: int) -> DeskOutcome:
    """What a desk makes of an inbox record with these items, of which one is traced; it is settled."""
    monkeypatch.setattr(desk_processor, "now_ms", lambda: desks.T0)
    packs = cast(Packs, OnePack(own=CITY, first=CITY.digest))
    desk = DeskProcessor(Names("t"), 0, 1, packs, SameTime(MINUTE_MS), tracer=tracer)
    value, headers = encode_items(items), items_traced_by({index: TRACEPARENT, 99: TRACEPARENT})
    record = ConsumerRecord("t.inbox", 0, 0, desks.T0, 0, b"", value, None, 0, len(value), headers)
    outcome = await desk.decide([record])
    desk.settle(outcome)
    return outcome


async def test_the_desk_marks_what_a_traced_item_leads_to_and_no_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    """The assignment, the notices and the order's row carry the desk's span; its neighbour's carry none, and all bytes
    are those of a desk that is not traced."""
    items = (
        desks.report("1", desks.T0, lat=30.02),
        desks.report("2", desks.T0, text="路灯不亮", category="street-light", lat=30.08),
    )
    tracer = RememberingTracer("desk")

    plain = await decided(monkeypatch, None, *items, index=1)
    outcome = await decided(monkeypatch, tracer, *items, index=1)

    assert [(each.topic, each.key, each.value) for each in outcome.sends] == [
        (each.topic, each.key, each.value) for each in plain.sends
    ]
    [(name, trace, said)] = tracer.ended
    [order] = cast(tuple[str, ...], said["paidan.orders"])
    marked = {send.topic for send in outcome.sends if traceparent_of(send.headers)}
    rows = [send.key for send in outcome.sends if send.topic == "t.desk" and traceparent_of(send.headers)]
    assert (name, trace) == ("desk", TRACE)
    assert cast(tuple[str, ...], said["paidan.facts"])[0] == "city.order.opened.v1"
    assert marked == {"t.assignments.roads", "t.assignments.police", "t.notices", "t.desk"}
    assert rows == [order.encode()]
    assert not any(traceparent_of(send.headers) for send in plain.sends)
    others = [send for send in outcome.sends if order.encode() not in (send.key or b"") + (send.value or b"")]
    assert not any(traceparent_of(send.headers) for send in others)


async def test_a_step_is_of_the_trace_that_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is refused."""
    tracer = RememberingTracer("desk")
    step = InboxUpdate(
        source="u", id="1", at=desks.T0, action="accept", by=Actor("department", "roads"), area="south-w",
        order_id=messages.ORDER,
    )  # fmt: skip

    await decided(monkeypatch, tracer, step, index=0)

    [(_, trace, said)] = tracer.ended
    assert (trace, said["paidan.facts"]) == (TRACE, ("city.order.update-refused.v1",))


class Written:
    """A producer that keeps the headers of what it is given."""

    def __init__(self) -> None:
        self.kept: list[list[tuple[str, bytes]]] = []

    async def send_and_wait(self, topic: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]) -> None:
        """Take a record."""
        self.kept.append(headers)


async def crossed(side: Side, record: ConsumerRecord, tracer: Tracer | None) -> list[list[tuple[str, bytes]]]:
    """The headers of what a record becomes on the other side of a bridge."""
    other = Written()
    writers = cast(dict[Side, AIOKafkaProducer], {"above": other, "below": other})
    topics: dict[Side, str] = {"above": "city.updates.roads", "below": "district.above"}
    await Carrier(side, BANKS, topics, writers, tracer).finish(record, asyncio.Event())
    return other.kept


async def test_a_trace_goes_on_over_a_bridge() -> None:
    """That of the city's order in the hub, and that of a step there in the city; without a tracer it ends there."""
    desk = hub_city()
    desk.feed(desks.report("1", desks.T0), at=desks.T0)
    [order] = [out for out in desk.sent if out.topic == "assignments/roads"]
    down, plain = messages.raw(order.value, [*order.headers, HEADER]), messages.raw(order.value, order.headers)
    event = Event("1", "paidan/desk", UPWARD_STEP, wire.encode(step("waiting", "done", "closed")))
    headers, value = to_binary(event)
    tracer = RememberingTracer("bridge")

    carried = [
        *await crossed("above", down, tracer),
        *await crossed("below", messages.raw(value, [*headers, HEADER]), tracer),
    ]

    assert [traceparent_of(each)[3:35] for each in carried] == [TRACE, TRACE, TRACE]
    assert TRACEPARENT not in map(traceparent_of, carried)
    assert [(name, trace) for name, trace, _ in tracer.ended] == [("bridge", TRACE)] * 2
    assert await crossed("above", plain, tracer) == await crossed("above", down, None)
    assert len(tracer.ended) == 2


async def test_traces_need_a_setting_and_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the one there is no tracer, without the other a sentence."""
    async with open_tracer(load_settings(), "desk") as tracer:
        assert tracer is None
    monkeypatch.setitem(sys.modules, "streams.tracing.otlp", None)
    with pytest.raises(UsageError, match=r"paidan\[traces\]"):
        async with open_tracer(load_settings(traces="http://127.0.0.1:4318"), "desk"):
            pass
