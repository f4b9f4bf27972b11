"""What mobile units say of themselves, on its way to the desks: bounded in rate, to each partition of their areas."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord

from models.city import City
from models.events import UNIT
from models.inbox import Actor, InboxUpdate, UnitHeard, decode_items
from models.times import MINUTE_MS
from streams.control.models_in_force import LiveModels
from streams.intake import processor
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from streams.intake.processor import IntakeProcessor
from streams.intake.reading.ways import ANY, way_of
from streams.kafka.sending import partition_of
from streams.kafka.topics import Names
from streams.stage.same_time import SameTime
from tests.support.messages import NOW, detection, record, report, update
from tests.support.one_city import one_city
from tests.unit.outside.test_units import unit_city

PARTITIONS = 4
UNITS = way_of(Names("t"), "t.units")


def said(unit: str = "car-1", state: str = "free", at: int = NOW, lat: float = 30.05, **more: Any) -> ConsumerRecord:
    """A unit's report as it stands on Kafka."""
    data = {"unit": unit, "state": state, "location": {"lat": lat, "lon": 114.05}} | more
    return record(UNIT, data, time=at, timestamp=at)


def intake(city: City) -> IntakeProcessor:
    """Intake of a city without models."""
    models = cast(LiveModels, SimpleNamespace(active=None, shadow=None))
    same_time = SameTime(5 * MINUTE_MS)
    return IntakeProcessor(Names("t"), one_city(city), models, Keys(b"k"), PARTITIONS, same_time, UNITS)


def told(tried: IntakeProcessor, *records: ConsumerRecord) -> list[tuple[int | None, UnitHeard]]:
    """Partition and item of what the inbox gets of a batch that is committed."""
    outcome = asyncio.run(tried.decide(records))
    tried.settle(outcome)
    sent = [send for send in outcome.sends if send.topic == "t.inbox"]
    return [(send.partition, cast(UnitHeard, item)) for send in sent for item in decode_items(send.value or b"")]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The time of the machine, which the test sets."""
    now = [NOW]
    monkeypatch.setattr(processor, "now_ms", lambda: now[0])
    return now


def test_a_report_goes_once_to_each_partition_that_has_areas_of_the_unit(clock: list[int]) -> None:
    """Each desk knows all who may be sent in its areas."""
    city = unit_city()

    found = told(intake(city), said("car-2", load=2))

    areas = city.areas.at_level(city.merge_level)
    assert {partition for partition, _ in found} == {partition_of(area.id, PARTITIONS) for area in areas}
    assert len(found) == len({partition for partition, _ in found})
    heard = found[0][1]
    assert (heard.unit, heard.at, heard.state, heard.lat, heard.lon, heard.load) == (
        "car-2", NOW, "free", 30.05, 114.05, 2,
    )  # fmt: skip


def test_the_desk_hears_of_a_unit_once_in_a_step_unless_it_is_in_another_state(clock: list[int]) -> None:
    """A twelfth of 15 minutes; of a batch it hears the last that was said."""
    tried = intake(unit_city())

    first = told(tried, said(lat=30.01), said(lat=30.02))
    again = told(tried, said(lat=30.03))
    busy = told(tried, said(state="busy"), said())
    clock[0] += 15 * MINUTE_MS // 12
    later = told(tried, said(lat=30.04, at=clock[0]))

    assert {heard.lat for _, heard in first} == {30.02}
    assert again == []
    assert {heard.state for _, heard in busy} == {"busy"}
    assert {heard.lat for _, heard in later} == {30.04}


def test_a_batch_that_was_not_committed_is_told_again(clock: list[int]) -> None:
    """Intake remembers what the inbox has."""
    tried = intake(unit_city())

    asyncio.run(tried.decide([said()]))

    assert len(told(tried, said())) > 0


@pytest.mark.parametrize(
    ("broken", "error", "field"),
    [
        (said("stranger"), "unknown-unit", "unit"),
        (said(state="asleep"), "invalid", "state"),
        (said(load=-1), "invalid", "load"),
        (said(location={"lat": 91.0, "lon": 0.0}), "invalid", "location.lat"),
        (record(UNIT, b"[]"), "invalid", "data"),
    ],
)
def test_what_is_no_report_of_a_unit_of_the_city_is_a_dead_letter(
    broken: ConsumerRecord, error: str, field: str
) -> None:
    """It names the field; the unit beside it is heard of."""
    taken = take_in([broken, said()], unit_city(), None, NOW, Keys(b"k"), way=UNITS)

    assert [(dead.error, dead.field) for dead in taken.dead] == [(error, field)]
    assert [heard.unit for heard in taken.units] == ["car-1"]


def of(records: Sequence[ConsumerRecord]) -> list[str]:
    """What comes by the topic of the units is taken: the errors of what is not."""
    return [dead.error for dead in take_in(records, unit_city(), None, NOW, Keys(b"k"), way=UNITS).dead]


def test_the_topic_of_the_units_speaks_for_units_alone() -> None:
    """Whoever may write there is a unit to the desk, whomever it names; other events are taken elsewhere."""
    by_unit = update("accept-task", by={"role": "unit", "id": "car-1"})
    taken = take_in([by_unit], unit_city(), None, NOW, Keys(b"k"), way=UNITS)

    (item,) = (one for items in taken.items.values() for one in items if isinstance(one, InboxUpdate))
    assert (item.by, item.sender) == (Actor("unit", "", "car-1"), Actor("unit"))
    assert of([report(), detection()]) == ["wrong-topic", "wrong-topic"]
    for topic in ("t.reports", "t.detections", "t.updates", "t.updates.roads"):
        elsewhere = take_in([said()], unit_city(), None, NOW, Keys(b"k"), way=way_of(Names("t"), topic))
        assert [dead.error for dead in elsewhere.dead] == ["wrong-topic"]
    assert len(take_in([said()], unit_city(), None, NOW, Keys(b"k"), way=ANY).units) == 1
