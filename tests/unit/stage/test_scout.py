"""The scout: when it goes out, on and home, what it leaves to the turn of a record, and what intake sends ahead."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from prometheus_client import REGISTRY

from models.inbox import Sighting, decode_items
from models.times import MINUTE_MS
from streams.control.models_in_force import LiveModels
from streams.intake import processor
from streams.intake.batch import prepare
from streams.intake.drafts import DraftReader, Keys
from streams.intake.processor import IntakeProcessor
from streams.intake.sent_ahead import SentAhead
from streams.kafka.sending import Send
from streams.kafka.topics import Names
from streams.stage.processing import Glance
from streams.stage.same_time import SameTime
from streams.stage.scout import Scout, Waits, course_of
from tests.support.cities import tiny_city
from tests.support.messages import NOW, detection, report, update
from tests.support.one_city import one_city

PART = TopicPartition("t.detections", 0)
MOST = 100
A_CYCLE = 50


def at(*offsets: int) -> list[ConsumerRecord]:
    """Records at these offsets."""
    return [detection(event={"id": str(offset), "offset": offset}) for offset in offsets]


@pytest.mark.parametrize(
    ("next_offset", "end", "here", "course"),
    [
        (0, 400, 0, None),
        (0, 401, 0, 301),  # with the latest of what came before anybody knew that it would have to wait
        (0, 401, 350, 350),  # where it was before
        (0, 401, 500, 401),  # the log is another one
        (350, 801, 0, 701),
    ],
)
def test_a_scout_goes_out_when_more_waits_than_a_few_cycles_take(
    next_offset: int, end: int, here: int, course: int | None
) -> None:
    """Eight of them."""
    assert course_of(Waits(next_offset, A_CYCLE, end), here, False, MOST) == course


@pytest.mark.parametrize(
    ("next_offset", "end", "course"),
    [
        (800, 1_000, 900),  # later than it went out, so that it does not come and go
        (801, 1_000, None),
        (100, 1_100, 900),
        (100, 1_101, 1_101),  # it reads not what it has no room for
    ],
)
def test_a_scout_that_is_out_goes_on_or_jumps_or_comes_home(next_offset: int, end: int, course: int | None) -> None:
    """It stands at 900."""
    assert course_of(Waits(next_offset, A_CYCLE, end), 900, True, MOST) == course


class Noting:
    """Notes the offsets of the records that it is shown."""

    def __init__(self) -> None:
        self.shown: list[list[int]] = []

    async def look(self, records: Sequence[ConsumerRecord]) -> Glance:
        """Find nothing urgent."""
        self.shown.append([record.offset for record in records])
        return Glance((), lambda: None)


async def test_a_scout_looks_at_the_newest_first_and_again_after_a_failure() -> None:
    """What has come behind what it has no time for comes before that; what was looked at counts once it is committed,
    and what has its turn in the same cycle is not looked at: it would be sent twice in one transaction."""
    noting = Noting()
    scout = Scout(PART, "t-intake", noting.look, 2)
    scout.inlet.take(at(10, 11, 12))
    await scout.look(0, 0.05)
    scout.inlet.take(at(13))

    for behind in (0, 0, 12, 13):
        scouted = await scout.look(behind, 60.0)
        assert scouted is not None
        if behind:
            scout.committed(scouted)
            scout.inlet.take(at(behind + 2))

    assert noting.shown == [[11, 12], [12, 13], [12, 13], [12, 13], [14]]


async def test_a_scout_counts_what_it_has_no_time_for() -> None:
    """Of more than it keeps at hand it lets go of the oldest, which wait for their turn."""
    scout = Scout(PART, "t-missing", Noting().look, 2)
    scout.inlet.take(at(*range(10)))

    scouted = await scout.look(0, 0.05)

    assert scouted is not None
    assert [record.offset for record in scouted.records] == [8, 9]
    assert REGISTRY.get_sample_value("paidan_stage_scout_missed_total", {"group": "t-missing"}) == 8


# What intake makes of it


@pytest.fixture(autouse=True)
def _it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the records."""
    monkeypatch.setattr(processor, "now_ms", lambda: NOW)


def intake() -> IntakeProcessor:
    """Intake of the tiny city, without a model."""
    models = cast(LiveModels, SimpleNamespace(active=None, shadow=None))
    return IntakeProcessor(Names("t"), one_city(tiny_city()), models, Keys(b"k"), 4, SameTime(5 * MINUTE_MS))


def flood(id: str, offset: int, **more: Any) -> ConsumerRecord:
    """A camera sees something urgent."""
    return detection(label="waterlogging", event={"id": id, "offset": offset}, **more)


def ids(sends: Sequence[Send]) -> dict[str, list[str]]:
    """The ids of the sightings that go to each topic."""
    found: dict[str, list[str]] = {}
    for send in sends:
        items = decode_items(send.value or b"")
        found.setdefault(send.topic, []).extend(item.id for item in items if isinstance(item, Sighting))
    return found


async def test_only_what_is_urgent_is_sent_ahead() -> None:
    """No dead letter, no sign of life, no step and no other sighting: all that has its turn."""
    ahead = [detection(event={"id": "1"}), flood("2", 1), report(" "), update(), detection(label="car")]

    glance = await intake().lookout(ahead)

    assert ids(glance.sends) == {"t.urgent": ["2"]}


async def test_nothing_of_a_record_that_is_dead_as_a_whole_is_sent_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """It will be a dead letter in its turn: of two things that it says one lies outside the city."""
    real, outside = DraftReader.read, report("路灯坏了", location={"lat": 48.2, "lon": 16.4})
    monkeypatch.setattr(DraftReader, "read", lambda self, record: [*real(self, record), *real(self, outside)])

    assert ids((await intake().lookout([flood("2", 1)])).sends) == {}


async def test_what_was_sent_ahead_is_left_out_in_its_turn() -> None:
    """Once that is committed. Another record of the same source and id is not: what it says may differ."""
    tried = intake()
    glance = await tried.lookout([flood("2", 5)])
    records = [flood("2", 4), flood("2", 5), detection(event={"id": "3", "offset": 6})]

    before = ids((await tried.decide(records)).sends)
    glance.settle()
    outcome = await tried.decide(records)

    assert before == {"t.urgent": ["2", "2"], "t.inbox": ["3"]}
    assert ids(outcome.sends) == {"t.urgent": ["2"], "t.inbox": ["3"]}
    assert ids((await tried.lookout([flood("2", 5), flood("4", 7)])).sends) == {"t.urgent": ["4"]}


async def test_the_rest_of_a_record_of_which_a_part_was_sent_ahead_has_its_turn() -> None:
    """Of a message with several detections only the urgent ones go ahead."""
    tried = intake()
    records = [detection(event={"id": "1", "offset": 7}), flood("2", 7)]  # as one record's, by their offset
    (await tried.lookout(records)).settle()

    assert ids((await tried.decide(records)).sends) == {"t.inbox": ["1"]}


async def test_what_has_had_its_turn_is_forgotten() -> None:
    """And of more than there is room for nothing is known: the desk drops what it has met."""
    sent = SentAhead(most=2)
    sent.add({offset: frozenset({("test", str(offset))}) for offset in (5, 6, 7)})
    prepared = prepare([flood(str(n), n) for n in (5, 6, 7)], tiny_city(), NOW, Keys(b"k"))

    assert sent.positions(prepared) == {0, 1}
    sent.forget(6)
    assert sent.positions(prepared) == {1}


async def test_what_has_had_its_turn_is_forgotten_though_the_newest_were_looked_at_first() -> None:
    """It makes room for others; what is found of a record later is known beside what was found before."""
    sent = SentAhead(most=2)
    for offset, id in ((7, "7"), (5, "5"), (7, "8")):
        sent.add({offset: frozenset({("test", id)})})
    sent.forget(6)
    sent.add({6: frozenset({("test", "6")})})
    prepared = prepare([flood(id, min(int(id), 7)) for id in "5678"], tiny_city(), NOW, Keys(b"k"))

    assert sent.positions(prepared) == {1, 2, 3}
