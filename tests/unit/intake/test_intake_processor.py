"""Intake's processor of a partition: what a batch sends, in a thread or not, and what it counts."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from models.events import REPORT, UPDATE
from models.inbox import UNLOCATED, Heard, InboxUpdate, Sighting, decode_items
from models.times import DAY_MS, MINUTE_MS
from streams.control.models_in_force import LiveModels
from streams.intake import processor
from streams.intake.drafts import Keys
from streams.intake.processor import IntakeProcessor
from streams.intake.reading.ways import ANY, Way
from streams.kafka.sending import partition_of
from streams.kafka.topics import Names
from streams.stage.processing import StageError
from streams.stage.same_time import SameTime
from tests.support.cities import tiny_city
from tests.support.messages import NOW, ORDER, detection, raw, report, update
from tests.support.one_city import one_city
from tests.unit.intake.test_intake import Echo

AREAS = ("south-w", "south-e", "north-w", "north-e")


def intake(model: Any = None, way: Way = ANY) -> IntakeProcessor:
    """Intake of the tiny city with a model."""
    models = cast(LiveModels, SimpleNamespace(active=model, shadow=None))
    return IntakeProcessor(Names("t"), one_city(tiny_city()), models, Keys(b"k"), 4, SameTime(5 * MINUTE_MS), way)


@pytest.fixture(autouse=True)
def _it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the records."""
    monkeypatch.setattr(processor, "now_ms", lambda: NOW)


def counted(name: str, **labels: str) -> float:
    """The value of a counter now."""
    return REGISTRY.get_sample_value(f"{name}_total", labels) or 0.0


@pytest.mark.parametrize(("bytes_", "texts"), [(0, 0), (500_000, 40)])
async def test_a_thread_changes_nothing_but_where_it_is_done(
    monkeypatch: pytest.MonkeyPatch, bytes_: int, texts: int
) -> None:
    """A large batch is taken in beside the event loop, with the same outcome."""
    monkeypatch.setattr(processor, "INLINE_BYTES", bytes_)
    monkeypatch.setattr(processor, "INLINE_TEXTS", texts)
    records = [report("梧桐路有坑", event={"id": "1"}), report(" "), detection(event={"id": "2"})]
    outcome = await intake(Echo()).decide(records)
    assert [send.topic for send in outcome.sends] == ["t.inbox", "t.dead-letters"]
    assert outcome.sends[0].key == b"south-w"
    first, second = decode_items(outcome.sends[0].value or b"")
    assert isinstance(first, Sighting)
    assert first.guess is not None
    assert isinstance(second, Sighting)
    assert second.category == "pothole"


async def test_only_a_committed_batch_is_counted() -> None:
    """An aborted one will come again."""
    batch = [report(" "), detection(confidence=0.1)]
    tried = intake()
    before = counted("paidan_dead_letters", error="invalid"), counted("paidan_detections_ignored", category="pothole")
    outcome = await tried.decide(batch)
    assert before[0] == counted("paidan_dead_letters", error="invalid")
    tried.settle(outcome)
    assert before[0] + 1 == counted("paidan_dead_letters", error="invalid")
    assert before[1] + 1 == counted("paidan_detections_ignored", category="pothole")


async def test_an_unlisted_label_is_counted_once_it_is_committed() -> None:
    """In the metric, and in the topic beside what else the batch leads to; senders cannot make series without end."""
    tried = intake()
    name = {"vendor": "acme", "algorithm": "", "label": "car"}
    before, others = counted("paidan_detections_unlisted", **name), dict.fromkeys(name, "other")

    outcome = await tried.decide([detection(label="car", vendor="acme"), detection()])

    assert [send.topic for send in outcome.sends] == ["t.inbox", "t.unlisted", "t.inbox"]
    assert counted("paidan_detections_unlisted", **name) == before
    tried.settle(outcome)
    assert counted("paidan_detections_unlisted", **name) == before + 1
    tried.settle(await tried.decide([detection(label=f"new {n}") for n in range(150)]))
    assert counted("paidan_detections_unlisted", **others) >= 50


async def test_the_desk_hears_of_a_camera_that_tells_of_what_opens_nothing() -> None:
    """Once in a twelfth of its heartbeat time, however much it tells; again when the batch was aborted."""
    tried = intake()
    batch = [detection("cam-se-1", "car"), detection("cam-se-1", "car"), detection("cam-nw-1", confidence=0.1)]

    aborted, committed = await tried.decide(batch), await tried.decide(batch)
    tried.settle(committed)
    later = await tried.decide(batch)

    told = [decode_items(send.value or b"") for send in committed.sends if send.topic == "t.inbox"]
    assert told == [(Heard("cam-se-1", "south-e"),), (Heard("cam-nw-1", "north-w"),)]
    assert [send for send in aborted.sends if send.topic == "t.inbox"] == [
        send for send in committed.sends if send.topic == "t.inbox"
    ]
    assert [send.topic for send in later.sends] == ["t.unlisted"]


async def test_a_large_batch_does_not_hold_the_event_loop() -> None:
    """While it is classified other tasks go on."""

    class Slow(Echo):
        def classify(self, texts: Any, contexts: Any = None) -> Any:
            loop.call_soon_threadsafe(went_on.set)
            assert done.wait(10)
            return super().classify(texts, contexts)

    loop, went_on, done = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    deciding = asyncio.create_task(intake(Slow()).decide([report(f"坑{n}") for n in range(100)]))
    await asyncio.wait_for(went_on.wait(), 10)
    assert not deciding.done()
    done.set()
    assert len((await deciding).taken.guesses) == 100


async def test_intake_that_lives_in_the_past_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take all that comes for too early, and make dead letters of it; a little may be the clocks' own."""
    for behind, stops in ((5 * MINUTE_MS, False), (5 * MINUTE_MS + 1, True)):
        monkeypatch.setattr(processor, "now_ms", lambda behind=behind: NOW - behind)
        if stops:
            with pytest.raises(StageError, match="by Kafka's clock"):
                await intake().decide([report(event={"timestamp": NOW - behind}), report()])
        else:
            assert (await intake().decide([report()])).taken.dead == []


async def test_intake_goes_on_at_a_record_of_a_time_that_no_clock_shows() -> None:
    """Its sender has said so: that is no word on Kafka's clock."""
    taken = (await intake().decide([report(event={"timestamp": 2**62}), report()])).taken

    assert (taken.dead, sum(map(len, taken.items.values()))) == ([], 2)


async def test_intake_goes_on_at_a_record_that_its_sender_has_dated_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a topic that left the time to senders: it has come now, of which what it says of itself is held to."""
    monkeypatch.setattr(processor, "now_ms", lambda: NOW)
    sent = raw(report().value, report().headers, timestamp=NOW + DAY_MS, timestamp_type=0)
    ahead = report(event={"id": "e-2", "time": NOW + DAY_MS})
    dated = raw(ahead.value, ahead.headers, timestamp=NOW + DAY_MS, timestamp_type=0)

    taken = (await intake().decide([sent, dated])).taken

    [[sighting]] = taken.items.values()
    assert isinstance(sighting, Sighting)
    assert (sighting.at, [dead.error for dead in taken.dead]) == (NOW, ["ahead-of-time"])


@pytest.mark.parametrize("area", [*AREAS, "nowhere"])
async def test_a_step_that_relates_orders_of_two_partitions_reaches_both(area: str) -> None:
    """In one transaction, each of its own order; where one desk has both, once."""
    other = f"{area}-20260301-abcdefgh24"
    said: dict[str, Any] = {
        "by": {"role": "dispatcher", "id": "dora"},
        "other_order_id": other,
        "attempt": 1,
        "reason": "one hole",
    }

    outcome = await intake().decide([update("relate", **said)])

    own, *beyond = (item for send in outcome.sends for item in decode_items(send.value or b""))
    assert isinstance(own, InboxUpdate)
    assert (own.order_id, own.other_order_id, own.reason) == (ORDER, other, "one hole")
    if area == "nowhere" or partition_of(area, 4) == partition_of("south-w", 4):
        assert beyond == []
    else:
        (told,) = beyond
        assert isinstance(told, InboxUpdate)
        assert (told.order_id, told.other_order_id, told.area, told.by) == (other, ORDER, area, own.by)
        assert (told.attempt, told.reason, told.source) == (None, "", own.source)
        assert told.id != own.id
        assert {send.partition for send in outcome.sends} == {partition_of(one, 4) for one in (area, "south-w")}


async def test_what_a_platform_above_takes_back_reaches_every_partition() -> None:
    """Once each: where its report was found by its words, nobody else knows in which one that is."""
    source, name = "hub:city", "gulou-20260302-abcdefghij/1"
    said: dict[str, Any] = {"order_id": None, "by": {"role": "operator", "id": source}, "location": {"area": "gulou"}}
    event = {"source": source, "id": f"{name}/withdrawn"}
    taking = intake(way=Way((REPORT, UPDATE), above=True))

    outcome = await taking.decide([update("reject", **said, report={"source": source, "id": name}, event=event)])

    found = [item for send in outcome.sends for item in decode_items(send.value or b"")]
    partitions = [send.partition for send in outcome.sends]
    assert len(partitions) == len(set(partitions))
    assert set(partitions) == {partition_of(area, 4) for area in (*AREAS, UNLOCATED)}
    assert len(partitions) > 1
    assert {(each.source, each.id, each.report) for each in found if isinstance(each, InboxUpdate)} == {
        (source, f"{name}/withdrawn", (source, name))
    }


def test_tests_of_related_orders_meet_two_partitions() -> None:
    """Or they would say nothing."""
    assert len({partition_of(area, 4) for area in AREAS}) > 1
