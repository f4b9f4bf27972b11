"""What a scout has sent ahead is decided once, whichever way it comes first, however both ways are interleaved."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from random import Random
from types import SimpleNamespace
from typing import cast
from unittest.mock import patch

from aiokafka import ConsumerRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from models.inbox import Item, Sighting, decode_items
from models.times import MINUTE_MS
from streams.control.models_in_force import LiveModels
from streams.intake import processor
from streams.intake.drafts import Keys
from streams.intake.processor import IntakeProcessor
from streams.kafka.sending import Send
from streams.kafka.topics import Names
from streams.stage.same_time import SameTime
from tests.properties.desk.test_urgent_lane import differences
from tests.support.cities import tiny_city
from tests.support.desks import T0, Desk, assert_laws, quiet_city
from tests.support.examples import examples
from tests.support.messages import NOW, detection, report
from tests.support.one_city import one_city

CITY = tiny_city()
Sent = list[tuple[bool, tuple[Item, ...]]]  # whether by the urgent lane, and what


def intake() -> IntakeProcessor:
    """Intake that remembers nothing of a former one."""
    models = cast(LiveModels, SimpleNamespace(active=None, shadow=None))
    return IntakeProcessor(Names("t"), one_city(CITY), models, Keys(b"k"), 4, SameTime(5 * MINUTE_MS))


def arrivals(rng: Random) -> list[ConsumerRecord]:
    """Detections of one area of which a third is urgent, some said twice, and what is no detection at all."""
    found = []
    for offset in range(rng.randrange(1, 40)):
        event = {"id": str(rng.randrange(60)), "offset": offset, "time": NOW - rng.randrange(3_600_000)}
        label = rng.choice(["waterlogging", "pothole", "lamp_off"])
        kind = rng.random()
        if kind < 0.1:
            found.append(report(" ", event=event))
        else:
            found.append(detection(rng.choice(["cam-sw-1", "cam-sw-2"]), label, event=event, confidence=0.9))
    return found


def taken(sends: Sequence[Send]) -> Sent:
    """What goes to the desk."""
    ways = {"t.urgent": True, "t.inbox": False}
    return [(ways[send.topic], decode_items(send.value or b"")) for send in sends if send.topic in ways]


async def work(records: list[ConsumerRecord], rng: Random, *, restarts: bool) -> tuple[Sent, Counter[str]]:
    """Take all in, in their order, with looks ahead at any time at any of what is still to come; what fails is tried
    again. With how many letters were written of which error."""
    at_work, sent, letters = intake(), Sent(), Counter[str]()
    done = 0
    while done < len(records):
        if rng.random() < 0.5:
            begin = rng.randrange(done, len(records))
            glance = await at_work.lookout(records[begin : begin + rng.randrange(1, 10)])
            if rng.random() < 0.8:
                sent += taken(glance.sends)
                glance.settle()
            continue
        if restarts and rng.random() < 0.2:
            at_work = intake()
        outcome = await at_work.decide(records[done : done + rng.randrange(1, 8)])
        if rng.random() < 0.8:
            sent += taken(outcome.sends)
            letters.update(dead.error for dead in outcome.taken.dead)
            at_work.settle(outcome)
            done = outcome.behind
    return sent, letters


def sightings(sent: Sent) -> Counter[str]:
    """How often each was sent."""
    return Counter(item.id for _, items in sent for item in items if isinstance(item, Sighting))


def tried(seed: int, *, restarts: bool) -> tuple[Sent, Counter[str], list[ConsumerRecord]]:
    """What intake makes of arrivals, and these."""
    rng = Random(seed)
    records = arrivals(rng)
    with patch.object(processor, "now_ms", lambda: NOW):
        return *asyncio.run(work(records, rng, restarts=restarts)), records


def plainly(records: list[ConsumerRecord]) -> tuple[Counter[str], Counter[str]]:
    """What intake sends that never looks ahead: sightings, and letters."""
    with patch.object(processor, "now_ms", lambda: NOW):
        outcome = asyncio.run(intake().decide(records))
    return sightings(taken(outcome.sends)), Counter(dead.error for dead in outcome.taken.dead)


@given(st.integers(0, 10**6))
@settings(max_examples=examples(40))
def test_what_was_sent_ahead_is_sent_once(seed: int) -> None:
    """As long as intake runs, all that comes is sent as often as it would be without a scout, dead letters too."""
    sent, letters, records = tried(seed, restarts=False)

    assert (sightings(sent), letters) == plainly(records)


@given(st.integers(0, 10**6))
@settings(max_examples=examples(40))
def test_a_new_intake_sends_again_only_what_is_urgent(seed: int) -> None:
    """It does not know what a former one has sent ahead. Nothing is lost, and no letter is written twice."""
    sent, letters, records = tried(seed, restarts=True)
    expected, wanted = plainly(records)
    more = sightings(sent) - expected

    assert not expected - sightings(sent)
    assert letters == wanted
    assert set(more) <= {item.id for ahead, items in sent if ahead for item in items if isinstance(item, Sighting)}


@given(st.integers(0, 10**6))
@settings(max_examples=examples(40))
def test_the_desk_takes_each_once_whichever_way_it_comes_first(seed: int) -> None:
    """Each sighting counts once, all others are repeats; orders are opened once, and the audit of both lanes agrees."""
    sent, _, _ = tried(seed, restarts=True)
    rng = Random(seed)
    desk = Desk(quiet_city())
    ways = {way: [items for urgent, items in sent if urgent == way] for way in (True, False)}
    while any(ways.values()):
        way = rng.choice([way for way, waiting in ways.items() if waiting])
        items = ways[way].pop(0)
        if way:
            desk.urgent(*items, at=T0)
        else:
            desk.feed(*items, at=T0)

    sightings_sent = sightings(sent)
    assert desk.count("detections") == len(sightings_sent)
    assert desk.count("duplicates") == sightings_sent.total() - len(sightings_sent)
    opened = [out.key for out in desk.sent if b'"seq":1,' in out.value and out.topic == "orders"]
    assert len(opened) == len(set(opened))
    assert_laws(desk)
    assert differences(desk) == []
