"""The keys of all reports 密钥: read from their topic, and what is sealed under them opened."""

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator, Iterable

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from models.errors import UsageError
from models.masking import mask
from models.sealed_words import ERASED, CityKey, ReportKey, unsealed_json
from streams.erasure.retention import Ending, Endings, ending_of
from streams.kafka.connection import Connection
from streams.kafka.log_reading import FollowedLog, followed, open_ends
from streams.kafka.topics import Names
from streams.settings import Settings

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
    to come (`with_endings`)."""

    def __init__(self, log: FollowedLog, key: CityKey, with_endings: bool = False) -> None:
        self._log, self._key = log, key
        self._wrapped: dict[str, bytes] = {}
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
        were wrapped by another city's key."""
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
        return None if wrapped is None else self._key.unwrap(name, wrapped)

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
    """The keys of all reports, for a desk with their endings; None where the settings have no key and nothing is
    sealed.

    Raises UsageError for a key that cannot be used, and where words are sealed and there is none: what is sealed would
    be taken for words, shown, learnt from, or held to be erased. Raises KafkaError.
    """
    text = settings.words_key.get_secret_value()
    if not text:
        await check_words_key(settings)
        yield None
        return
    key = CityKey.of(text)
    async with followed(Connection.of(settings), _partitions(settings)) as log:
        keys = ReportKeys(log, key, with_endings)
        await keys.catch_up()
        yield keys


async def check_words_key(settings: Settings) -> None:
    """Raises UsageError where reports have been sealed and the settings have no key to open them; KafkaError."""
    if settings.words_key.get_secret_value():
        return
    async with open_ends(Connection.of(settings)) as ends:
        if any((await ends.end_offsets(_partitions(settings))).values()):
            raise UsageError("PAIDAN_WORDS_KEY must be set: words of reports are sealed under it")


def _partitions(settings: Settings) -> list[TopicPartition]:
    topic = Names(settings.namespace).report_keys
    return [TopicPartition(topic, number) for number in range(settings.partitions)]


def place_of(name: str, partitions: int) -> int:
    """The partition of a key's records; a tenth of the time of Kafka's own choice, and names are chance anyway."""
    return zlib.crc32(name.encode()) % partitions


def made(wrapped: bytes) -> bytes:
    """The value of a key's record."""
    return _MADE + wrapped
