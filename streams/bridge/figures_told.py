"""A city's own figures 下级指标 as it tells them to the platform above: those of its `/status`, summed from the desk's
changelog, again and again."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition

from dispatcher.figures.figure_row import merge_rows
from dispatcher.figures.indicators import Weights, Window, indicators
from dispatcher.order import wire
from models.city import City
from models.envelope import Event, to_binary
from models.events import HUB_FIGURES, HubFiguresMessage, PeriodFigures
from models.times import day_number, local_day, now_ms, to_text
from streams.kafka.clients import log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.kept_up import keep_up
from streams.kafka.log_reading import read_to
from streams.kafka.topics import Names
from streams.settings import Settings
from streams.tables.figure_view import FigureView

_DIMENSION = "area"  # every order counts in one area, so that all areas are the city
_WEEK_DAYS = 7


class OwnFigures:
    """The figures of a city, from the newest row of each key."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._weights = Weights.of(city.settings)
        self._views: dict[int, FigureView] = defaultdict(FigureView)

    def take(self, records: Iterable[ConsumerRecord]) -> None:
        """Take rows of the changelog of figures, in its order."""
        for record in records:
            key = record.key.decode()
            if record.value is not None and key.startswith(f"{_DIMENSION}/"):
                self._views[record.partition].put(key, record.value, record.offset)

    def message(self, now: int, every_seconds: float) -> HubFiguresMessage:
        """What is told at an instant, ms UTC: the periods that people ask for by a button."""
        today = local_day(now, self._city.zone)
        periods = (today.replace(day=1), today, today - timedelta(days=_WEEK_DAYS - 1), None)
        told = tuple(self._period(first, today) for first in periods)
        return HubFiguresMessage(
            city=self._city.id, at=now, every_seconds=every_seconds, zone=self._city.zone.key, periods=told
        )

    def _period(self, first: date | None, last: date) -> PeriodFigures:
        window = Window(day_number(last), None if first is None else day_number(first))
        rows = [row for view in self._views.values() for row in view.totals(_DIMENSION, window).values()]
        return PeriodFigures(
            first=None if first is None else first.isoformat(),
            last=last.isoformat(),
            indicators=indicators(merge_rows(rows), self._weights),
        )


async def tell(settings: Settings, city: City, to_above: AIOKafkaProducer, topic: str) -> None:
    """Read the figures of this cluster and write them to a topic above, until cancelled. While either cluster is away
    nothing is told, and the age of what was told last says so there: orders do not wait for figures."""

    async def tell_on() -> None:
        await _tell_on(settings, city, to_above, topic)

    await keep_up("the figures cannot be told to the platform above", settings.bridge_figures_seconds, tell_on)


async def _tell_on(settings: Settings, city: City, to_above: AIOKafkaProducer, topic: str) -> None:
    every, figures = settings.bridge_figures_seconds, OwnFigures(city)
    below = Names(settings.namespace).figures
    parts = [TopicPartition(below, number) for number in range(settings.partitions)]
    async with started(log_reader(Connection.of(settings))) as consumer:
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        while True:
            async for _, records in read_to(consumer, await consumer.end_offsets(parts)):
                figures.take(records)
                await asyncio.sleep(0)
            headers, value = event_of(figures.message(now_ms(), every))
            await to_above.send_and_wait(topic, value, key=city.id.encode(), headers=headers)
            await asyncio.sleep(every)


def event_of(message: HubFiguresMessage) -> tuple[Sequence[tuple[str, bytes]], bytes]:
    """A message as an event: its headers and its data."""
    source = f"bridge:{message.city}"
    return to_binary(Event(f"figures/{to_text(message.at)}", source, HUB_FIGURES, wire.encode(message), message.at))
