"""Watching the classifier 漂移: figures over the newest orders, once a minute, as metrics and for `/status`."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from dispatcher.order import facts
from models.city import City
from models.classifier import Classifier, ClassifierError
from models.envelope import event_type
from models.times import DAY_MS, now_ms, to_text
from streams import metrics
from streams.control.models_in_force import LiveModels
from streams.erasure.report_keys import ReportKeys
from streams.kafka.clients import log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.kept_up import keep_up
from streams.kafka.log_reading import BESIDE_ANSWERS, offsets_since, read_to
from streams.kafka.topics import Names
from streams.learning.drift_window import TYPES, Drift, RecentOrders
from streams.settings import Settings

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
_AGAIN_SECONDS = 5.0
# Farther behind than this, the watch begins anew with the newest records: it must never cost more than a few seconds.
MOST_RECORDS = 100_000
_FETCH_BYTES = 1024 * 1024
_SENTENCES = {
    "review_share": "more orders than usual go to review",
    "return_share": "more orders than usual are returned",
    "class_mix": "the orders are of other categories than the model learnt from",
    "unseen_share": "the orders use words that the model has not seen",
    "calibration_error": "the model's probabilities no longer say how often it is right",
}


class DriftWatch:
    """Follows the log and keeps `section()`, the newest figures, by the settings of `city`. It belongs to no group and
    writes nothing."""

    def __init__(
        self,
        settings: Settings,
        city: City,
        most: int = MOST_RECORDS,
        keys: ReportKeys | None = None,
    ) -> None:
        self._settings, self.city, self._most = settings, city, most
        self._keys = keys
        topic = Names(settings.namespace).orders
        self._parts = [TopicPartition(topic, number) for number in range(settings.partitions)]
        self._orders = RecentOrders()
        self._section: Mapping[str, Any] | None = None

    def section(self) -> Mapping[str, Any] | None:
        """What `/status` shows; None until the log has been read, and where there is no classifier."""
        return self._section

    async def run(self) -> None:
        """Watch until cancelled; when Kafka is away, begin again."""
        try:
            models = await asyncio.to_thread(LiveModels, self._settings, self.city)
        except ClassifierError as error:
            log.error("the classifier is not watched: %s", error)
            await asyncio.Event().wait()

        async def watch() -> None:
            async with models.following():
                await self._follow(models)

        await keep_up("the log cannot be followed to watch the classifier", _AGAIN_SECONDS, watch)

    async def _follow(self, models: LiveModels) -> None:
        self._orders = RecentOrders()
        reader = log_reader(Connection.of(self._settings), max_partition_fetch_bytes=_FETCH_BYTES)
        async with started(reader) as consumer:
            consumer.assign(self._parts)
            await self._seek(consumer)
            while True:
                await self._read(consumer)
                self._orders.forget(self._since())
                if models.active is not None:
                    self._show(await _figures(self._orders, models.active, self.city))
                await asyncio.sleep(EVERY_SECONDS)

    def _since(self) -> int:
        return now_ms() - int(self.city.settings.drift_days * DAY_MS)

    async def _seek(self, consumer: AIOKafkaConsumer) -> None:
        ends = await consumer.end_offsets(self._parts)
        for part, offset in (await offsets_since(consumer, self._since(), ends)).items():
            consumer.seek(part, offset)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        """Read to the present ends, or the newest `MOST_RECORDS` before them into a new window."""
        ends = await consumer.end_offsets(self._parts)
        at = {part: await consumer.position(part) for part in self._parts}
        if sum(ends[part] - at[part] for part in self._parts) > self._most:
            self._orders = RecentOrders()
            for part in self._parts:
                consumer.seek(part, max(at[part], ends[part] - self._most // len(self._parts)))
        if self._keys is not None:
            await self._keys.catch_up()
        async for _, records in read_to(consumer, ends, BESIDE_ANSWERS):
            for record in records:
                _take(self._orders, record, self._keys)

    def _show(self, drift: Drift) -> None:
        for name in _SENTENCES:
            figure = drift.figures.get(name)
            if figure is None:
                for gauge in (metrics.DRIFT, metrics.DRIFT_ALARM):
                    with contextlib.suppress(KeyError):
                        gauge.remove(name)
            else:
                metrics.DRIFT.labels(name).set(figure.value)
                metrics.DRIFT_ALARM.labels(name).set(figure.alarm)
        before = set((self._section or {}).get("alarms", ()))
        for name in set(drift.alarms) - before:
            alarmed = drift.figures[name]
            log.warning("drift: %s (%.3f, limit %.3f)", _SENTENCES[name], alarmed.value, alarmed.limit)
        self._section = {
            "as_of": to_text(now_ms()),
            "days": self.city.settings.drift_days,
            "model": drift.model,
            "orders": drift.orders,
            "labelled": drift.labelled,
            "figures": msgspec.to_builtins(drift.figures),
            "alarms": {name: _SENTENCES[name] for name in drift.alarms},
        }


def _take(orders: RecentOrders, record: ConsumerRecord, keys: ReportKeys | None) -> None:
    kind = event_type(record.headers)
    if kind not in TYPES:
        return
    try:
        fact = facts.from_wire(kind, record.value if keys is None else keys.opened(record.value, ""))
    except msgspec.MsgspecError as error:
        log.error("%s-%d at %d holds no fact: %s", record.topic, record.partition, record.offset, error)
        return
    assert isinstance(fact, facts.Fact)  # TYPES holds no refusals
    orders.add(fact, record.timestamp)


async def _figures(orders: RecentOrders, model: Classifier, city: City) -> Drift:
    texts = orders.unmeasured(model.id)
    if texts:
        orders.measure(list(texts), (await asyncio.to_thread(model.known, list(texts.values()))).tolist())
    return await asyncio.to_thread(orders.drift, model.id, model.manifest, city.settings)
