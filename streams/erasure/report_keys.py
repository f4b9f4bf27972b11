"""The keys of all reports 密钥: read from their topic, and what is sealed under them opened."""

import asyncio
import contextlib
import logging
import zlib
from collections.abc import AsyncIterator, Iterable

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from models.errors import UsageError
from models.masking import mask
from models.sealed_words import ERASED, CityKey, ReportKey, SealError, unsealed_json
from streams.erasure.retention import Ending, Endings, ending_of
from streams.kafka.clients import log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.log_reading import FollowedLog, followed, open_ends, read_to
from streams.kafka.topics import Names
from streams.settings import Settings

log = logging.getLogger(__name__)

_AT_ONCE = 100  # records that are read at once to find the first key
_MADE = b"\x01"  # how a record begins that holds a key; that of a key which was destroyed is JSON


class Erasure(msgspec.Struct, frozen=True):
    """What stands in the place of a key that was destroyed: when (ms UTC), who asked for it, why."""

    at: int
    by: str
    why: str

    def masked(self) -> "Erasure":
        """Without what is personal in the words: they stay for good, also after somebody has asked to be forgotten."""
        return Erasure(self.at, mask(self.by), mask(self.why))


class ReportKeys:
    """All keys, wrapped as they are kept; what is destroyed is forgotten. A desk also has the endings that are still
    to come (`with_endings`).

    `is_citys`: it is known that the first keys of the city were wrapped by this one. What another has wrapped is then
    as good as destroyed: it came from an intake with a wrong setting, and must not stop all others for good.
    """

    def __init__(self, log: FollowedLog, key: CityKey, with_endings: bool = False, *, is_citys: bool = False) -> None:
        self._log, self._key, self._is_citys = log, key, is_citys
        self._wrapped: dict[str, bytes] = {}
        self._told: set[str] = set()  # of which keys the log has said that another has wrapped them
        self._with_endings = with_endings
        self._endings: dict[int, Endings] = {}
        self._lock = asyncio.Lock()

    async def catch_up(self) -> None:
        """Know all that is written by now, also what a transaction that is still open holds back: this waits for its
        end. Raises KafkaError."""
        async with self._lock:
            async for records in self._log.news():
                self.take(records)

    def opened(self, value: bytes, erased: str = ERASED) -> bytes:
        """JSON with the sealed words in it opened, `erased` where their key is gone. Raises SealError when the keys
        were wrapped by another city's key, as long as nobody knows which of the two is wrong."""
        return unsealed_json(value, self._get, erased)

    def partition_of(self, name: str) -> int:
        """The partition of a key's records."""
        return place_of(name, len(self._log.parts))

    def known(self, names: Iterable[str]) -> list[str]:
        """Those whose keys are there."""
        return [name for name in names if name in self._wrapped]

    def endings_of(self, partition: int) -> Endings:
        """What is still to come to an end in a desk's partition; none but with `with_endings`."""
        return self._endings.setdefault(partition, Endings())

    def _get(self, name: str) -> ReportKey | None:
        wrapped = self._wrapped.get(name)
        if wrapped is None:
            return None
        try:
            return self._key.unwrap(name, wrapped)
        except SealError:
            if not self._is_citys:
                raise
            if name not in self._told:
                self._told.add(name)
                log.error("the key %s of a report is wrapped by another PAIDAN_WORDS_KEY: nobody reads its words", name)
            return None

    def take(self, records: Iterable[ConsumerRecord]) -> None:
        """Learn what these records of the topic say."""
        for record in records:
            name = record.key.decode()
            if order := ending_of(name):
                if self._with_endings:
                    ending = None if record.value is None else msgspec.json.decode(record.value, type=Ending)
                    self.endings_of(record.partition).put(order, ending)
            elif record.value is None or not record.value.startswith(_MADE):
                self._wrapped.pop(name, None)
            else:
                self._wrapped[name] = record.value.removeprefix(_MADE)


@contextlib.asynccontextmanager
async def open_report_keys(settings: Settings, with_endings: bool = False) -> AsyncIterator[ReportKeys | None]:
    """The keys of all reports, for a desk with their endings; None in a city that seals nothing. Raises UsageError and
    KafkaError as `check_words_key` does."""
    is_citys = await check_words_key(settings)
    text = settings.words_key.get_secret_value()
    if not text:
        yield None
        return
    async with followed(Connection.of(settings), _partitions(settings)) as log:
        keys = ReportKeys(log, CityKey.of(text), with_endings, is_citys=is_citys)
        await keys.catch_up()
        yield keys


async def check_words_key(settings: Settings) -> bool:
    """Whether the first keys of the city are there, wrapped by the settings' key: while there are none, each will do.

    Raises UsageError where reports have been sealed and the settings have no key, or another, and for one that cannot
    be used; KafkaError. One intake with another key would seal what nobody could open.
    """
    text, connection = settings.words_key.get_secret_value(), Connection.of(settings)
    if not text:
        async with open_ends(connection) as ends:
            if any((await ends.end_offsets(_partitions(settings))).values()):
                raise UsageError("PAIDAN_WORDS_KEY must be set: words of reports are sealed under it")
        return False
    key = CityKey.of(text)
    async with started(log_reader(connection)) as consumer:
        first = min(
            [found for part in _partitions(settings) async for found in _made_first(consumer, part)], default=None
        )
    if first is None:
        return False
    _, name, wrapped = first
    try:
        key.unwrap(name, wrapped)
    except SealError as error:
        raise UsageError(str(error)) from error
    return True


async def _made_first(consumer: AIOKafkaConsumer, part: TopicPartition) -> AsyncIterator[tuple[int, str, bytes]]:
    """When the first key of a partition that is still there was made, its name, and the key; none where none is."""
    end = (await consumer.end_offsets([part]))[part]
    consumer.assign([part])
    await consumer.seek_to_beginning(part)
    async for _, records in read_to(consumer, {part: end}, _AT_ONCE):
        for record in records:
            if record.value is not None and record.value.startswith(_MADE) and not ending_of(record.key.decode()):
                yield record.timestamp, record.key.decode(), record.value.removeprefix(_MADE)
                return


def _partitions(settings: Settings) -> list[TopicPartition]:
    topic = Names(settings.namespace).report_keys
    return [TopicPartition(topic, number) for number in range(settings.partitions)]


def place_of(name: str, partitions: int) -> int:
    """The partition of a key's records; a tenth of the time of Kafka's own choice, and names are chance anyway."""
    return zlib.crc32(name.encode()) % partitions


def made(wrapped: bytes) -> bytes:
    """The value of a key's record."""
    return _MADE + wrapped
