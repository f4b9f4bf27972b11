"""What the hubs tell of their own figures 下级指标, as `/status` shows it beside those of the city: with its age, and a
hub that is silent as away, never as zero."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from dispatcher.figures.indicators import Window
from dispatcher.order import wire
from models.city import City
from models.envelope import decode, header_map
from models.errors import Poison
from models.events import HUB_FIGURES, HubFiguresMessage, PeriodFigures
from models.times import now_ms, numbered_day, to_text
from streams import metrics
from streams.kafka.clients import log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.topics import Names
from streams.settings import Settings

log = logging.getLogger(__name__)

# A hub is away when so many of its tellings in a row have not come.
MISSED = 3
_RETRY_SECONDS = 5.0
_POLL_MS = 500

HubState = Literal["heard", "away", "never"]


class HeardHub(msgspec.Struct, frozen=True):
    """What a hub has told last, and when that came, ms UTC by the clock of the city's own brokers."""

    heard_at: int
    told: HubFiguresMessage

    def state(self, now: int) -> HubState:
        """At an instant: `away` where nothing has come for longer than `MISSED` of its intervals, else `heard`."""
        return "away" if now - self.heard_at > MISSED * self.told.every_seconds * 1000 else "heard"

    def period(self, window: Window) -> PeriodFigures:
        """The figures of a window, where they were told, else those of its first period: it says which days it is."""
        first = None if window.first is None else numbered_day(window.first).isoformat()
        wanted = first, numbered_day(window.last).isoformat()
        periods = self.told.periods
        return next((each for each in periods if (each.first, each.last) == wanted), periods[0])


class HubsHeard:
    """Follows the topics of a city's hubs and keeps the newest telling of each. It belongs to no group."""

    def __init__(self, settings: Settings, city: City) -> None:
        self._settings, self._names = settings, Names(settings.namespace)
        self._heard: dict[str, HeardHub] = {}
        self._changed = asyncio.Event()
        self._city = city

    def look_at(self, city: City) -> None:
        """The city whose hubs are listened to from now on."""
        if city.hubs != self._city.hubs:
            self._changed.set()
        for gone in self._heard.keys() - set(city.hubs):
            del self._heard[gone]
            metrics.HUB_HEARD.remove(gone)
        self._city = city

    async def run(self) -> None:
        """Follow until cancelled; while Kafka is away what was told last grows older."""
        while True:
            self._changed.clear()
            hubs = {TopicPartition(self._names.hub_figures(hub), 0): hub for hub in self._city.hubs}
            if not hubs:
                await self._changed.wait()
                continue
            try:
                async with started(log_reader(Connection.of(self._settings)), _RETRY_SECONDS) as consumer:
                    await self._follow(consumer, hubs)
            except (KafkaError, OSError) as error:  # OSError: this process has no descriptor left for a moment
                log.warning("what the hubs tell cannot be read: %r", error)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _follow(self, consumer: AIOKafkaConsumer, hubs: Mapping[TopicPartition, str]) -> None:
        """Begin with the last record of each, which is all that counts of what is past."""
        ends = await consumer.end_offsets([*hubs])
        consumer.assign([*hubs])
        for part, end in ends.items():
            consumer.seek(part, max(0, end - 1))
        while not self._changed.is_set():
            for part, records in (await consumer.getmany(timeout_ms=_POLL_MS)).items():
                self.take(hubs[part], records)

    def take(self, hub: str, records: Iterable[ConsumerRecord]) -> None:
        """Take what is on the topic of a hub, in its order. What nobody can read is logged and counts for nothing, and
        so does what is of no hub any more."""
        for record in records if hub in self._city.hubs else ():
            try:
                told = _read(record)
            except (Poison, ValueError, msgspec.MsgspecError) as error:  # somebody else's program has written it
                log.error("%s at %d holds no figures: %s", record.topic, record.offset, error)
                continue
            self._heard[hub] = HeardHub(record.timestamp, told)
            metrics.HUB_HEARD.labels(hub).set(record.timestamp / 1000)

    def section(self, window: Window, now: int | None = None) -> dict[str, dict[str, Any]]:
        """Every hub of the city as `/status` shows it; `now` is ms UTC, by default the present."""
        at = now_ms() if now is None else now
        return {hub: self._named(hub) | _shown(self._heard.get(hub), window, at) for hub in self._city.hubs}

    def _named(self, hub: str) -> dict[str, Any]:
        known = self._city.departments[hub]
        return {"name_zh": known.name_zh, "name_en": known.name_en}


def _read(record: ConsumerRecord) -> HubFiguresMessage:
    """Raises Poison or msgspec.MsgspecError."""
    event = decode(record.value, header_map(record.headers))
    if event.type != HUB_FIGURES:
        raise Poison("type", f"must be {HUB_FIGURES}")
    return wire.decode(event.data, HubFiguresMessage)


def _shown(heard: HeardHub | None, window: Window, now: int) -> dict[str, Any]:
    if heard is None:
        return dict.fromkeys(("heard_at", "age_seconds", "as_of", "window", "indicators")) | {"state": "never"}
    period = heard.period(window)
    return {
        "state": heard.state(now),
        "heard_at": to_text(heard.heard_at),
        "age_seconds": round(max(0, now - heard.heard_at) / 1000, 1),
        "as_of": to_text(heard.told.at),
        "window": {"from": period.first, "to": period.last, "zone": heard.told.zone},
        "indicators": dict(period.indicators),
    }
