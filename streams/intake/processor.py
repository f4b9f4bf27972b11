"""Intake on the transactional stage: records of the input topics in; inbox records, urgent ones and dead letters out.

Where a partition goes on is the offset that its last transaction committed; besides it remembers only how often each
label has come that the city has not listed, of which cameras and mobile units it has told the desk, and what urgent
things it has sent ahead of the turn of their records, which it then leaves out.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from aiokafka import ConsumerRecord
from msgspec.structs import replace

from dispatcher.arrivals.cameras import step_of
from dispatcher.partition.identity import area_of
from dispatcher.units.reports import unit_step
from models.city import City
from models.events.above import is_from_above
from models.guess import Guess
from models.inbox import (
    UNLOCATED,
    Heard,
    InboxUpdate,
    Item,
    Sighting,
    UnitHeard,
    UnitMode,
    packed_items,
    taken_in_under,
)
from models.times import now_ms
from streams import metrics
from streams.control.city_in_force import CityInForce
from streams.control.models_in_force import LiveModels
from streams.erasure.sealer import Items, Sealer
from streams.intake.batch import Prepared, Taken, finish, guess_all, parted, prepare, urgent_of
from streams.intake.dead_records import letter_of
from streams.intake.drafts import Keys
from streams.intake.meanings import Unlisted
from streams.intake.personal.contacts import contacts_of
from streams.intake.reading.too_late import as_taken_in, taken_in_at
from streams.intake.reading.ways import ANY, Way
from streams.intake.sent_ahead import SentAhead
from streams.intake.unlisted import UnlistedCount, UnlistedTally, series
from streams.kafka.log_reading import Row
from streams.kafka.sending import Send, partition_of
from streams.kafka.topics import Names
from streams.stage.processing import Glance, Lookout
from streams.stage.same_time import SameTime
from streams.tracing.record_spans import NO_RECORD_SPANS, RecordSpans, begin_record_spans
from streams.tracing.tracer import Tracer

# More than this is worked on in a thread: the event loop must never stand still for 100 ms.
INLINE_BYTES = 500_000
INLINE_TEXTS = 40


@dataclass(frozen=True, slots=True)
class IntakeOutcome:
    """What a batch came to and the records that make it true, with what is remembered once they are committed: how
    often each label has come that is not listed; in which step the desk was told that a camera is alive, or where a
    unit is and in which mode; and the offset after the batch."""

    taken: Taken
    unlisted: Mapping[Unlisted, UnlistedCount]
    told_alive: Mapping[str, int]
    told_units: Mapping[tuple[str, UnitMode], int]
    sends: list[Send]
    traced: RecordSpans
    behind: int


class IntakeProcessor:
    """Intake's work on one input partition."""

    changelogs: tuple[str, ...] = ()
    urgent_offset = 0
    patient = False

    def __init__(
        self,
        names: Names,
        cities: CityInForce,
        models: LiveModels,
        keys: Keys,
        partitions: int,
        same_time: SameTime,
        way: Way = ANY,
        sealer: Sealer | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._tracer = tracer
        self._names, self._cities, self._models, self._keys = names, cities, models, keys
        self._partitions, self._same_time, self._way, self._sealer = partitions, same_time, way, sealer
        self._tally = UnlistedTally()
        self._sent_ahead = SentAhead()
        # In which step the desk was told last: of a camera that it is alive, of a unit and its mode where it is.
        self._told_alive: dict[str, int] = {}
        self._told_units: dict[tuple[str, UnitMode], int] = {}

    def held(self, key: str, row: bytes) -> bytes:
        """The row as it is; there are none without a changelog."""
        return row

    async def load(self, rows: Mapping[str, list[Row]]) -> int | None:
        """There is no state to load."""
        return None

    async def decide(self, records: Sequence[ConsumerRecord]) -> IntakeOutcome:
        """Take in a batch under the city pack in force; where that cannot be had, wait for it. Never raises for what a
        record holds. Raises StageError when Kafka's clock is ahead of this machine's."""
        city = await self._cities.ready()
        now = now_ms()
        records = as_taken_in(records, now)
        traced = NO_RECORD_SPANS if self._tracer is None else begin_record_spans(self._tracer, records)
        self._same_time.taken_in(max(taken_in_at(record, now) for record in records), now)
        prepared = await self._prepared(records, city, now)
        taken = finish(prepared, *await self._guesses(prepared), self._sent_ahead.positions(prepared))
        if traced.spans:
            traced.come_to(prepared.placed, {n: dead.error for n, dead in prepared.dead.items()})
        items, sends = await self._sealed(taken.items, city, len(prepared.texts))
        taken = replace(taken, items=items)
        urgent, rest = parted(taken.items, city)
        inbox = self._names.inbox
        sends += self._in_lane(self._names.urgent, urgent, city, traced)
        sends += self._in_lane(inbox, rest, city, traced)
        sends += [letter_of(dead, self._names, "intake", self._keys.hmac) for dead in taken.dead]
        updates = [item for item in chain.from_iterable(taken.items.values()) if isinstance(item, InboxUpdate)]
        for one in chain(self._beyond(updates, city), self._everywhere(updates, city)):
            sends += self._in_lane(inbox, {one.area: [one]}, city)
        unlisted = self._tally.raised(taken.unlisted, now)
        sends += self._tally.sends(self._names, unlisted)
        alive = self._news_of_cameras(taken.heard, now, city)
        sends += self._in_lane(inbox, _signs_of_life(alive, taken.heard), city)
        units = self._news_of_units(taken.units, now, city)
        sends += self._in_lane(inbox, self._in_partitions(units.values(), city), city)
        told_units = dict.fromkeys(units, unit_step(city, now))
        return IntakeOutcome(taken, unlisted, alive, told_units, sends, traced, records[-1].offset + 1)

    @property
    def lookout(self) -> Lookout:
        """What is urgent goes to the lane before its turn; with all the rest, and with what cannot be taken in, nothing
        is done before that has come."""
        return self._glance

    async def _glance(self, records: Sequence[ConsumerRecord]) -> Glance:
        """What is urgent in records whose turn has still to come, as records of the urgent lane. Once these are
        committed, it is remembered which sightings they hold."""
        city = await self._cities.ready()
        now = now_ms()
        records = as_taken_in(records, now)
        prepared = await self._prepared(records, city, now)
        urgent = urgent_of(prepared, *await self._guesses(prepared), self._sent_ahead.positions(prepared))
        items = defaultdict[str, list[Sighting | InboxUpdate]](list)
        found = defaultdict[int, set[tuple[str, str]]](set)
        for n, sighting in urgent:
            items[sighting.area].append(sighting)
            found[records[n].offset].add((sighting.source, sighting.id))
        traced = NO_RECORD_SPANS
        if self._tracer is not None and urgent:
            of = {n: place for place, n in enumerate(dict.fromkeys(n for n, _ in urgent))}
            traced = begin_record_spans(self._tracer, [records[n] for n in of])
            traced.come_to(((of[n], sighting) for n, sighting in urgent), {})
        sealed, sends = await self._sealed(items, city, len(urgent))
        sends += self._in_lane(self._names.urgent, sealed, city, traced)

        def settle() -> None:
            self._sent_ahead.add({offset: frozenset(those) for offset, those in found.items()})
            traced.end()

        return Glance(sends, settle)

    async def _prepared(self, records: Sequence[ConsumerRecord], city: City, now: int) -> Prepared:
        """The batch without its guesses, prepared in a thread where it is large."""
        if sum(len(record.value or b"") for record in records) > INLINE_BYTES:
            return await asyncio.to_thread(prepare, records, city, now, self._keys, self._way)
        return prepare(records, city, now, self._keys, self._way)

    async def _guesses(self, prepared: Prepared) -> tuple[list[Guess | None], list[Guess | None]]:
        """Those of the model in force and of the one that is tried beside it."""
        active, shadow = self._models.active, self._models.shadow
        started = time.perf_counter()
        if len(prepared.texts) > INLINE_TEXTS:
            guesses = await asyncio.to_thread(guess_all, prepared, active)
            shadows = await asyncio.to_thread(guess_all, prepared, shadow)
        else:
            guesses, shadows = guess_all(prepared, active), guess_all(prepared, shadow)
        if prepared.texts:
            metrics.CLASSIFY_SECONDS.observe(time.perf_counter() - started)
        return guesses, shadows

    async def _sealed(self, items: Items, city: City, texts: int) -> tuple[Items, list[Send]]:
        """The items as they may be kept, and the records of their keys and of the contacts in them."""
        sends: list[Send] = []
        if self._sealer is not None:
            if texts > INLINE_TEXTS:
                items, sends = await asyncio.to_thread(self._sealer.sealed, items, city)
            else:
                items, sends = self._sealer.sealed(items, city)
        return items, sends + contacts_of(items.values(), self._names)

    def _in_lane(
        self, topic: str, lane: Mapping[str, Sequence[Item]], city: City, traced: RecordSpans = NO_RECORD_SPANS
    ) -> Iterator[Send]:
        """Items by area as records of the inbox or the urgent lane, each in the partition of its area."""
        for area, some in lane.items():
            values = packed_items(some)
            for value, more in zip(values, traced.headers(some, values), strict=True):
                partition = partition_of(area, self._partitions)
                yield Send(topic, area.encode(), value, partition, (*taken_in_under(city.digest), *more))

    def _news_of_cameras(self, cameras: Iterable[str], now: int, city: City) -> dict[str, int]:
        """Those that the desk does not know yet to be alive in this step of their heartbeat time, with the step."""
        steps = ((camera, step_of(city, city.cameras[camera], now)) for camera in cameras)
        return {camera: step for camera, step in steps if step and self._told_alive.get(camera) != step}

    def _news_of_units(self, units: Iterable[UnitHeard], now: int, city: City) -> dict[tuple[str, UnitMode], UnitHeard]:
        """What units say that the desk has not been told in this step, each once: where they are, free, busy or off."""
        step = unit_step(city, now)
        news: dict[tuple[str, UnitMode], UnitHeard] = {}
        for heard in units:
            named = heard.unit, heard.state
            if self._told_units.get(named) != step:
                news.pop(named, None)  # what is said last comes last
                news[named] = heard
        return news

    def _in_partitions(self, units: Iterable[UnitHeard], city: City) -> dict[str, list[UnitHeard]]:
        """By area, once for each partition that holds areas in which a unit is sent."""
        found = defaultdict[str, list[UnitHeard]](list)
        for heard in units:
            served = {partition_of(area, self._partitions): area for area in city.units.areas_of(heard.unit)}
            for area in served.values():
                found[area].append(replace(heard, area=area))
        return found

    def _beyond(self, updates: Iterable[InboxUpdate], city: City) -> Iterator[InboxUpdate]:
        """Of each step that relates an order to one of another partition 关联, the same step of that other order: its
        desk hears of it in the same transaction. It has an id of its own, so that nobody who waits for the one is
        answered with the other; its words stay with the order of which they were said, and end with that."""
        for item in updates:
            if item.action != "relate" or not item.order_id:
                continue
            area = area_of(item.other_order_id)
            if area in city.areas and partition_of(area, self._partitions) != partition_of(item.area, self._partitions):
                yield replace(
                    item,
                    id=f"{item.id} {item.order_id}",
                    area=area,
                    order_id=item.other_order_id,
                    other_order_id=item.order_id,
                    attempt=None,
                    reason="",
                )

    def _everywhere(self, updates: Iterable[InboxUpdate], city: City) -> Iterator[InboxUpdate]:
        """What a platform above takes back, for each other partition: it names its report, and who made that does not
        know by which of its words, under which pack, it was found here. The desk that has it takes it back."""
        for item in updates:
            if item.report is not None and is_from_above(item.source):
                units = (UNLOCATED, *(area.id for area in city.areas.at_level(city.merge_level)))
                others = {partition_of(area, self._partitions): area for area in units}
                others.pop(partition_of(item.area, self._partitions), None)
                yield from (replace(item, area=area) for area in others.values())

    def settle(self, outcome: IntakeOutcome) -> None:
        """The outcome is committed: count it."""
        taken = outcome.taken
        for dead in taken.dead:
            metrics.DEAD_LETTERS.labels(dead.error).inc()
        for guess in taken.guesses:
            metrics.CLASSIFIED.labels(guess.outcome).inc()
        for category, count in taken.ignored.items():
            metrics.DETECTIONS_IGNORED.labels(category).inc(count)
        metrics.DETECTIONS_MISPLACED.inc(taken.misplaced)
        for name, count in taken.unlisted.items():
            if name.camera:
                if not name.algorithm:  # else the registry has the camera
                    metrics.DETECTIONS_UNREGISTERED.inc(count)
                continue
            shown = series(name)
            metrics.DETECTIONS_UNLISTED.labels(shown.vendor, shown.algorithm, shown.label).inc(count)
        self._tally.settle(outcome.unlisted)
        self._sent_ahead.forget(outcome.behind)
        self._told_alive |= outcome.told_alive
        self._told_units |= outcome.told_units
        outcome.traced.end()

    def due(self) -> int | None:
        """Intake has no timers."""
        return None

    def tick(self) -> Send:
        """Never asked for, as nothing is ever due."""
        raise AssertionError("nothing is ever due in intake")

    def ticked(self, at: int) -> None:
        """Never told, as there is no tick."""


def _signs_of_life(cameras: Iterable[str], areas: Mapping[str, str]) -> dict[str, list[Heard]]:
    """By area what tells the desk that cameras are alive; `areas` says in which each stands."""
    signs = defaultdict[str, list[Heard]](list)
    for camera in cameras:
        signs[areas[camera]].append(Heard(camera, areas[camera]))
    return signs
