"""City packs on the control topic: every pack that ever decided can be had again by its digest."""

import asyncio
import zlib
from collections.abc import Iterator, Mapping

import msgspec
from aiokafka import TopicPartition

from models.city import City, load_city, read_city
from models.errors import PaidanError
from streams.kafka.clients import started, writer
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_changelogs
from streams.kafka.topics import Names, all_topics, check_topics
from streams.settings import Settings

PREFIX = "city/"
_files = msgspec.msgpack.Decoder(dict[str, bytes])


class MissingPack(PaidanError):
    """The inbox names a city pack that the control topic does not hold."""


class Packs(Mapping[str, City]):
    """Digest to City. A pack is built when it is first asked for; `refresh` learns of those published since."""

    def __init__(self, connection: Connection, topic: str, own: City) -> None:
        self.own = own
        self._connection = connection
        self._topic = topic
        self._stored: dict[str, bytes] = {}
        self._built: dict[str, City] = {own.digest: own}
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Learn the published packs and publish the own one when it is new. Raises KafkaError."""
        await self.refresh()
        if self.own.digest in self._stored:
            return
        value = zlib.compress(msgspec.msgpack.encode(dict(self.own.files)))
        async with started(writer(self._connection)) as producer:
            await producer.send_and_wait(self._topic, value, key=(PREFIX + self.own.digest).encode(), partition=0)

    async def refresh(self) -> None:
        """Read the control topic anew. Raises KafkaError."""
        async with self._lock:
            rows, _ = await read_changelogs(self._connection, [TopicPartition(self._topic, 0)])
            assert rows is not None
            self._stored = {key[len(PREFIX) :]: value for key, value in rows[self._topic] if key.startswith(PREFIX)}

    async def require(self, digest: str) -> None:
        """Make sure that a pack can be had. Raises MissingPack."""
        if digest not in self:
            await self.refresh()
        if digest not in self:
            raise MissingPack(f"the city pack {digest} is in force, but the topic {self._topic} does not hold it")

    def __getitem__(self, digest: str) -> City:
        if digest not in self._built:
            self._built[digest] = read_city(_files.decode(zlib.decompress(self._stored[digest])))
        return self._built[digest]

    def __contains__(self, digest: object) -> bool:
        return digest in self._built or digest in self._stored

    def __iter__(self) -> Iterator[str]:
        return iter({**self._stored, **self._built})

    def __len__(self) -> int:
        return len({**self._stored, **self._built})


async def open_packs(settings: Settings) -> Packs:
    """The city of the settings, its topics checked, its pack published. Raises CityError or TopicError."""
    city = load_city(settings.city)
    await check_topics(settings, all_topics(settings, city.departments))
    packs = Packs(Connection.of(settings), Names(settings.namespace).control, city)
    await packs.open()
    return packs
