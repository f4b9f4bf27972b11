"""Intake on the transactional stage: records of the input topics in, inbox records and dead letters out.

Where a partition goes on is the offset that its last transaction committed; besides it remembers only how often each
label has come that the city has not listed, and of which cameras it has told the desk that they are alive.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import ConsumerRecord
from msgspec.structs import replace

from dispatcher.arrivals.cameras import step_ms
from models.city import City
from models.inbox import Heard, encode_items
from models.times import now_ms
from streams import metrics
from streams.control.models_in_force import LiveModels
from streams.dead_letters.letter import of_record
from streams.erasure.sealer import Sealer
from streams.intake.batch import Taken, finish, guess_all, prepare
from streams.intake.drafts import Keys, Unlisted
from streams.intake.unlisted import UnlistedCount, UnlistedTally, series
from streams.intake.ways import ANY, Way
from streams.kafka.log_reading import Row
from streams.kafka.sending import Send, partition_of
from streams.kafka.topics import Names
from streams.stage.same_time import SameTime

# More than this is worked on in a thread: the event loop must never stand still for 100 ms.
INLINE_BYTES = 500_000
INLINE_TEXTS = 40


@dataclass(frozen=True, slots=True)
class IntakeOutcome:
    """What a batch came to and the records that make it true."""

    taken: Taken
    unlisted: Mapping[Unlisted, UnlistedCount]
    heard: Mapping[str, int]
    sends: list[Send]


class IntakeProcessor:
    """Intake's work on one input partition."""

    changelogs: tuple[str, ...] = ()

    def __init__(
        self,
        names: Names,
        city: City,
        models: LiveModels,
        keys: Keys,
        partitions: int,
        same_time: SameTime,
        way: Way = ANY,
        sealer: Sealer | None = None,
    ) -> None:
        self._names, self._city, self._models, self._keys = names, city, models, keys
        self._partitions, self._same_time, self._way, self._sealer = partitions, same_time, way, sealer
        self._tally = UnlistedTally()
        self._step = step_ms(city.settings.camera_heartbeat_hours)
        self._heard: dict[str, int] = {}  # cameras, and in which step of their heartbeat time the desk was told last

    def held(self, key: str, row: bytes) -> bytes:
        """No row waits."""
        return row

    async def load(self, rows: Mapping[str, list[Row]]) -> int | None:
        """There is no state to load."""
        return None

    async def decide(self, records: Sequence[ConsumerRecord]) -> IntakeOutcome:
        """Take in a batch. Never raises for what a record holds. Raises StageError when Kafka's clock is ahead of this
        machine's."""
        now = now_ms()
        self._same_time.taken_in(max(record.timestamp for record in records), now)
        heavy = sum(len(record.value or b"") for record in records) > INLINE_BYTES
        if heavy:
            prepared = await asyncio.to_thread(prepare, records, self._city, now, self._keys, self._way)
        else:
            prepared = prepare(records, self._city, now, self._keys, self._way)
        active, shadow = self._models.active, self._models.shadow
        started = time.perf_counter()
        if len(prepared.texts) > INLINE_TEXTS:
            guesses = await asyncio.to_thread(guess_all, prepared, active)
            shadows = await asyncio.to_thread(guess_all, prepared, shadow)
        else:
            guesses, shadows = guess_all(prepared, active), guess_all(prepared, shadow)
        if prepared.texts:
            metrics.CLASSIFY_SECONDS.observe(time.perf_counter() - started)
        taken = finish(prepared, guesses, shadows)
        sends: list[Send] = []
        if self._sealer is not None:
            if len(prepared.texts) > INLINE_TEXTS:
                items, sends = await asyncio.to_thread(self._sealer.sealed, taken.items)
            else:
                items, sends = self._sealer.sealed(taken.items)
            taken = replace(taken, items=items)
        sends += [
            Send(self._names.inbox, area.encode(), value, partition_of(area, self._partitions))
            for area, value in taken.packed()
        ]
        for dead in taken.dead:
            sends.append(
                of_record(
                    *(self._names, dead.record, dead.error, dead.message, dead.field, dead.rule, "intake"),
                    index=dead.index,
                    keep=dead.kept,
                    key=self._keys.hmac,
                )
            )
        unlisted = self._tally.raised(taken.unlisted, now)
        sends += self._tally.sends(self._names, unlisted)
        heard = self._news_of(taken.heard, now)
        sends += [self._of_camera(camera, taken.heard[camera]) for camera in heard]
        return IntakeOutcome(taken, unlisted, heard, sends)

    def _news_of(self, cameras: Iterable[str], now: int) -> dict[str, int]:
        """Those that the desk does not know yet to be alive in this step of their heartbeat time."""
        step = now // self._step if self._step else 0
        return {camera: step for camera in cameras if step and self._heard.get(camera) != step}

    def _of_camera(self, camera: str, area: str) -> Send:
        value = encode_items((Heard(camera, area),))
        return Send(self._names.inbox, area.encode(), value, partition_of(area, self._partitions))

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
                metrics.DETECTIONS_UNREGISTERED.inc(count)
                continue
            shown = series(name)
            metrics.DETECTIONS_UNLISTED.labels(shown.vendor, shown.algorithm, shown.label).inc(count)
        self._tally.settle(outcome.unlisted)
        self._heard |= outcome.heard

    def due(self) -> int | None:
        """Intake has no timers."""
        return None

    def tick(self) -> Send:
        """Never asked for, as nothing is ever due."""
        raise AssertionError("nothing is ever due in intake")

    def ticked(self, at: int) -> None:
        """Never told, as there is no tick."""
