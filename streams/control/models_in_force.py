"""The classifiers in force: the shipped one until the control topic names others, switched without a restart.

Keys of the control topic: `model/active`, and `model/shadow` for a candidate that runs beside it and changes nothing.
The value is the id of a model in the store; a tombstone goes back to the shipped model, or to no shadow.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from models.city import City
from models.classifier import Classifier, ClassifierError
from models.classifier.serving.store import Store
from streams import metrics
from streams.kafka.clients import log_reader, started
from streams.kafka.closing import CLOSE_SECONDS
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_whole
from streams.kafka.polling import heard
from streams.kafka.topics import Names
from streams.settings import Settings
from streams.tasks import end

ACTIVE = "model/active"
SHADOW = "model/shadow"
_POLL_SECONDS = 0.5

log = logging.getLogger(__name__)


def load_first(settings: Settings, city: City) -> Classifier | None:
    """The model that is in force while the control topic names none: that of the settings, else the shipped one; None,
    with a warning, when that is not built. It asks for the city's accuracy and knows the city's words."""
    target = city.settings.asked_accuracy
    if settings.model:
        return Classifier.load(Path(settings.model), target=target).in_city(city.categories, city.places)
    try:
        return Classifier.shipped(target=target).in_city(city.categories, city.places)
    except ClassifierError as error:
        log.warning("no classifier: %s; every text goes to review", error)
        return None


def load_named(settings: Settings, city: City, name: str) -> Classifier:
    """A model of the store as the city asks for it. Raises ClassifierError when it cannot be loaded."""
    model = Classifier.from_bytes(Store(settings.models_address).bytes(name), name, city.settings.asked_accuracy)
    return model.in_city(city.categories, city.places)


class LiveModels:
    """`active` and `shadow` are the classifiers in force now; either may be None."""

    def __init__(self, settings: Settings, city: City) -> None:
        self._settings = settings
        self._city = city
        self._first = load_first(settings, city)
        self.active: Classifier | None = self._first
        self.shadow: Classifier | None = None
        self._names = {ACTIVE: "", SHADOW: ""}
        # A model that is read for one city while the next one comes would be in force after that.
        self._switching = asyncio.Lock()
        self._show()

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow the control topic: all that it says by now is in force when the body begins. Raises KafkaError."""
        topic = TopicPartition(Names(self._settings.namespace).control, 0)
        async with started(log_reader(Connection.of(self._settings)), CLOSE_SECONDS) as consumer:
            async for _, records in read_whole(consumer, [topic]):
                await self._take_in(records)
            following = asyncio.create_task(self._follow(consumer, topic), name="follow the models")
            try:
                yield
            finally:
                await end(following)

    async def aim(self, city: City) -> None:
        """Let the models be as sure as this city asks for and know its words, as those that come will."""
        async with self._switching:
            before, self._city = self._city, city
            if (city.settings.asked_accuracy, city.categories) == (before.settings.asked_accuracy, before.categories):
                return
            self._first = await asyncio.to_thread(load_first, self._settings, city)
            for key, name in list(self._names.items()):
                await self._switch(key, name)

    async def _follow(self, consumer: AIOKafkaConsumer, topic: TopicPartition) -> None:
        while True:
            await self._take_in((await heard(consumer, _POLL_SECONDS, "the control topic")).get(topic, ()))

    async def _take_in(self, records: Iterable[ConsumerRecord]) -> None:
        newest: dict[str, bytes | None] = {}
        for record in records:
            key = (record.key or b"").decode(errors="replace")
            if key in (ACTIVE, SHADOW):
                newest[key] = record.value
        async with self._switching:
            for key, value in newest.items():
                await self._switch(key, (value or b"").decode(errors="replace"))

    async def _switch(self, key: str, name: str) -> None:
        try:
            model = await asyncio.to_thread(self._load, name) if name else None
        except ClassifierError as error:
            metrics.MODEL_LOAD_FAILURES.inc()
            log.error("%s stays as it is: %s", key, error)
            return
        self._names[key] = name
        if key == ACTIVE:
            self.active = model or self._first
        else:
            self.shadow = model
        self._show()

    def _load(self, name: str) -> Classifier:
        return load_named(self._settings, self._city, name)

    def _show(self) -> None:
        metrics.MODEL_ACTIVE.clear()
        if self.active is not None:
            metrics.MODEL_ACTIVE.labels(self.active.id).set(1)
            log.info("classifier in force: %s", self.active.id)
