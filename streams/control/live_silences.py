"""Silences 静默 that people set while the city runs: set, approved by a second person, ended; all that there ever were.

Each is a record of the compacted topic `silences` under its number, in its newest version. The desks follow that topic
and write each change to the partitions of the inbox that they own: there it holds from one record on.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Literal

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from msgspec.structs import replace

from models.city import City
from models.errors import Poison
from models.inbox import LiveSilence
from models.masking import mask
from models.times import DAY_MS, HOUR_MS
from streams.control.one_at_a_time import ControlError, changing
from streams.kafka.connection import Connection
from streams.kafka.log_reading import FollowedLog, followed
from streams.kafka.topics import Names
from streams.settings import Settings

DAYS_MAX = 366
SilenceState = Literal["awaiting-approval", "pending", "active", "expired"]

Known = Mapping[int, LiveSilence]
Decide = Callable[[Known], LiveSilence]
_decode = msgspec.json.Decoder(LiveSilence).decode
_encode = msgspec.json.Encoder().encode


class UnknownSilence(ControlError):
    """There is no silence of that number."""


class SilenceBook:
    """The silences of a city, to read and to change.

    With the `log` of their topic what was read stays known, and each time only what is new is read.
    """

    def __init__(self, settings: Settings, log: FollowedLog | None = None) -> None:
        self._settings = settings
        self._log = log
        self._known: dict[int, LiveSilence] = {}
        self._turn, self._reading = asyncio.Lock(), asyncio.Lock()

    async def all(self) -> Known:
        """All silences by number, as they stand by now. Raises KafkaError."""
        if self._log is None:
            async with followed(Connection.of(self._settings), [topic_of(self._settings)]) as log:
                return await _read(log, {})
        async with self._reading:
            return dict(await _read(self._log, self._known))

    async def change(self, decide: Decide) -> LiveSilence:
        """Write what `decide` makes of the silences as they now are. What it raises passes through.

        What is known as it is already is not written again. Raises ControlError when somebody else changes them at this
        moment, KafkaError when the cluster fails.
        """
        async with self._turn, changing(self._settings, "silences") as producer:
            known = await self.all()
            made = decide(known)
            if known.get(made.number) == made:
                return made
            async with producer.transaction():
                topic, partition = topic_of(self._settings)
                await producer.send_and_wait(topic, _encode(made), key=str(made.number).encode(), partition=partition)
        return made


@contextlib.asynccontextmanager
async def open_silences(settings: Settings) -> AsyncIterator[SilenceBook]:
    """The silences with their log, for who is asked for them often. Raises KafkaError."""
    async with followed(Connection.of(settings), [topic_of(settings)]) as log:
        yield SilenceBook(settings, log)


def topic_of(settings: Settings) -> TopicPartition:
    """Where silences are written."""
    return TopicPartition(Names(settings.namespace).silences, 0)


async def _read(log: FollowedLog, known: dict[int, LiveSilence]) -> dict[int, LiveSilence]:
    """What is known with what has come since."""
    async for records in log.news():
        known.update((one.number, one) for one in read_silences(records))
    return known


def read_silences(records: Iterable[ConsumerRecord]) -> Iterable[LiveSilence]:
    """The silences in records of the topic. Raises msgspec.DecodeError for what is none."""
    return (_decode(record.value) for record in records if record.value is not None)


def state_of(silence: LiveSilence, now: int) -> SilenceState:
    """How a silence stands at an instant, ms UTC."""
    if silence.ends_at <= now:
        return "expired"
    if not silence.holds:
        return "awaiting-approval"
    return "active" if silence.starts_at <= now else "pending"


def asks_for_approval(city: City, silence: LiveSilence) -> bool:
    """Whether a silence holds only once a second person has approved it: it lasts longer than the city lets one person
    decide, or silences everything everywhere. What lifts a control zone silences nothing: one person may."""
    if silence.lifts:
        return False
    narrowed = {silence.category, silence.area} != {"*"} or silence.camera or silence.source or silence.lat is not None
    return not narrowed or silence.ends_at - silence.starts_at > city.settings.silence_alone_hours * HOUR_MS


def check(city: City, silence: LiveSilence) -> None:
    """Raises Poison for what is none of the city's, and for a time that is over, or too long."""
    if silence.category not in ("*", *city.categories):
        raise Poison("category", "must be one of the city's, or *")
    if silence.area != "*" and city.areas.get(silence.area) is None:
        raise Poison("area", "must be one of the city's, or *")
    if silence.camera and silence.camera not in city.cameras:
        raise Poison("camera_id", "must be a camera of the city's registry")
    if silence.lifts and silence.lifts not in {row.zone for _, _, row in city.silences.to_come(silence.starts_at)}:
        raise Poison("lifts", "must be a control zone of the city that is not over")
    if silence.ends_at <= silence.starts_at:
        raise Poison("ends_at", "must lie ahead, and after starts_at")
    if not silence.lifts and silence.ends_at - silence.created_at > DAYS_MAX * DAY_MS:
        raise Poison("ends_at", f"must be at most {DAYS_MAX} days ahead")


def set_before(known: Known, wanted: LiveSilence) -> LiveSilence | None:
    """The silence that was set when the same was asked for with the same key, as it stands now. Raises ControlError
    where something else was asked for with that key."""
    before = next((one for one in known.values() if wanted.asked and one.asked == wanted.asked), None)
    if before is not None and before.said != wanted.said:
        raise ControlError(f"silence {before.number} was set with this key, and is another: this one needs its own")
    return before


def set_anew(wanted: LiveSilence, needs_approval: bool) -> Decide:
    """Set a silence; it gets the next number. What is personal in the words of whoever sets it is masked. What is asked
    for again with the same key sets none."""
    owner, comment = mask(wanted.owner), mask(wanted.comment)

    def decide(now: Known) -> LiveSilence:
        if (before := set_before(now, wanted)) is not None:
            return before
        number = max(now, default=0) + 1
        return replace(wanted, number=number, needs_approval=needs_approval, owner=owner, comment=comment)

    return decide


def approved(number: int, by: str, at: int) -> Decide:
    """Approve a silence, as somebody else than who has set it; `at` is ms UTC."""

    def decide(now: Known) -> LiveSilence:
        silence = _going_on(now, number, at)
        if silence.holds:
            raise ControlError(f"silence {number} waits for no approval")
        if silence.created_by == by:
            raise ControlError(f"silence {number} was set by {by}: a second person has to approve it")
        return replace(
            silence,
            version=silence.version + 1,
            starts_at=max(silence.starts_at, at),
            approved_by=by,
            approved_at=at,
        )

    return decide


def ended(number: int, by: str, at: int) -> Decide:
    """End a silence before its time, or take one back that has not begun or was not approved."""

    def decide(now: Known) -> LiveSilence:
        silence = _going_on(now, number, at)
        return replace(silence, version=silence.version + 1, ends_at=at, ended_by=by, ended_at=at)

    return decide


def _going_on(now: Known, number: int, at: int) -> LiveSilence:
    """Raises ControlError where there is none, or it is over."""
    silence = now.get(number)
    if silence is None:
        raise UnknownSilence(f"there is no silence {number}")
    if silence.ends_at <= at:
        raise ControlError(f"silence {number} is over")
    return silence
