"""`GET /orders/{id}/sightings`: all that was seen of an order's incident, a part of it each time.

First come the silences of cameras that the desk itself has noticed, which no inbox has, from the order's row; then the
urgent lane and the inbox.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dispatcher.arrivals.cameras import Noticed, noticed
from dispatcher.order.row import Order, kept_evidence
from dispatcher.partition.identity import area_of
from dispatcher.partition.sighted import Sighted
from models.city import CitySettings
from models.inbox import OWN_SIGHTINGS, Sighting, read_record
from models.times import HOUR_MS, to_text
from streams.gateway.events.turns import ASKER, Turns
from streams.gateway.http.auth import holder_of
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.responses import answer
from streams.gateway.orders.order_finder import Finder, merged_into
from streams.gateway.shards import incomplete
from streams.kafka.clients import log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.log_reading import BESIDE_ANSWERS, offsets_since, read_to
from streams.kafka.sending import partition_of
from streams.kafka.topics import Names
from streams.settings import Settings

MOST_SIGHTINGS = 500
READ_MOST = 20_000  # records for one page
_LOOK_BACK = 1_000  # records before a page in which repeats of what they hold are known, as a sender repeats soon
_READERS, _READERS_OF_ONE = 4, 2  # each reads some megabytes of the inbox: the others wait their turn
# What was seen first came in when it happened, or later; a device's clock may be ahead of that by so much.
_BEFORE_MS = HOUR_MS
# Browsers and many others read numbers of JSON as doubles, which round those beyond 2**53: a place stays below.
_PLACES = 2**53
_URGENT = _PLACES // 2  # from here on places are those of the urgent lane
NOTICED = _URGENT + _PLACES // 4  # and from here on those of the silences that the order's row tells of


class SightingPage(msgspec.Struct, frozen=True):
    """Sightings in the order in which they came in, silences of cameras first, what was urgent before the rest, and the
    place at which the next page begins; None: that was all up to now. `without`: the orders merged into this one of
    which the tables know nothing any more, so that what was seen of them cannot be told from the rest."""

    sightings: tuple[dict[str, Any], ...]
    next: int | None
    without: tuple[str, ...] = ()


class InboxSightings:
    """Reads urgent lane and inbox for whoever asks what an order was made of."""

    def __init__(self, settings: Settings, city: CitySettings) -> None:
        self._settings, self._city = settings, city
        self._turns = Turns(_READERS, _READERS_OF_ONE)

    async def page(self, order: Order, start: int | None, limit: int, merged: Sequence[Order] = ()) -> SightingPage:
        """So many sightings of an order, and of those merged into it, from a place on (None: from before its
        beginning); fewer where the part that is read for one page holds no more. Raises KafkaError, and Problem (503)
        where too many of one asker wait."""
        silences = silences_of((order, *merged), 0 if start is None else start - NOTICED, limit)
        if silences.next is not None:
            return silences
        if silences.sightings or (start is not None and start >= NOTICED):
            start, limit = None, limit - len(silences.sightings)
        names, number = Names(self._settings.namespace), partition_of(area_of(order.id), self._settings.partitions)
        lane, inbox = TopicPartition(names.urgent, number), TopicPartition(names.inbox, number)
        sighted = Sighted(order, self._city, merged)
        async with self._turns.turn(ASKER.get()), started(log_reader(Connection.of(self._settings))) as consumer:
            if start is not None and start < _URGENT:
                return await _page(consumer, inbox, sighted, start, limit)
            in_lane = None if start is None else start - _URGENT
            urgent = await _page(consumer, lane, sighted, in_lane, limit)
            found = (*silences.sightings, *urgent.sightings)
            if urgent.next is not None:
                return SightingPage(found, urgent.next + _URGENT)
            rest = await _page(consumer, inbox, sighted, None, limit - len(urgent.sightings))
            return SightingPage((*found, *rest.sightings), rest.next)


def silences_of(orders: Sequence[Order], start: int, limit: int) -> SightingPage:
    """The silences of cameras that the rows of orders tell of, from a place on; none where that is below zero. The next
    page begins among them, or behind them where they fill this one."""
    if start < 0:
        return SightingPage((), None)
    kept = (one for order in orders for one in kept_evidence(order))
    found = list(noticed(kept))[start : start + limit]
    return SightingPage(tuple(map(_silence, found)), NOTICED + start + limit if len(found) == limit else None)


async def _page(
    consumer: AIOKafkaConsumer, part: TopicPartition, sighted: Sighted, start: int | None, limit: int
) -> SightingPage:
    """A page of one partition; where the next begins is an offset."""
    consumer.assign([part])
    end = (await consumer.end_offsets([part]))[part]
    begin = start - _LOOK_BACK if start is not None else None
    if start is None:
        start = (await offsets_since(consumer, sighted.since - _BEFORE_MS, {part: end}))[part]
    first = (await consumer.beginning_offsets([part]))[part]
    start = max(start, first)
    consumer.seek(part, start if begin is None else max(begin, first))
    stop = min(end, start + READ_MOST)
    page = PageOf(sighted, limit, stop if stop < end else None, start)
    async for _, records in read_to(consumer, {part: stop}, BESIDE_ANSWERS):
        if page.is_full_with(records):
            break
    return page.made()


class PageOf:
    """A page under way: records of one partition in, the order's sightings out, from the offset `start` on. `stop` is
    where the next page begins when these do not fill it."""

    def __init__(self, sighted: Sighted, limit: int, stop: int | None, start: int = 0) -> None:
        self._sighted, self._start = sighted, start
        self._limit, self._next = limit, stop
        self._shown: list[dict[str, Any]] = []

    def is_full_with(self, records: Iterable[ConsumerRecord]) -> bool:
        """Take more records, and say whether that is enough. The last record is shown whole: the next page begins
        behind it. What lies behind the page's end is left to the next one: a batch may go on beyond it."""
        for record in records:
            if self._next is not None and record.offset >= self._next:
                break
            read, _ = read_record(record)
            for item in read.items:
                if not isinstance(item, Sighting) or not self._sighted.takes(item, read.clock):
                    continue
                if record.offset >= self._start:  # what lies before it was on another page
                    self._shown.append(_document(item))
            if len(self._shown) >= self._limit:
                self._next = record.offset + 1
                return True
        return False

    def made(self) -> SightingPage:
        """The page as far as it has come."""
        return SightingPage(tuple(self._shown), self._next)


def order_sighting_routes(finder: Finder, inbox: InboxSightings) -> APIRouter:
    """The route, with what it needs."""
    router = APIRouter(tags=["orders"], dependencies=[ONLY_KNOWN])

    @router.get("/orders/{order_id}/sightings", summary="Every sighting of an order, repeats included, oldest first")
    async def sightings(
        order_id: str,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MOST_SIGHTINGS)] = 100,
        cursor: Annotated[int | None, Query(ge=0, lt=_PLACES, description="`next` of the page before")] = None,
    ) -> Response:
        order = (await finder.order(order_id, holder_of(request))).order
        merged, gone = await merged_into(order, finder)
        try:
            page = await inbox.page(order, cursor, limit, merged)
        except KafkaError:
            raise incomplete("the inbox cannot be read at the moment") from None
        page = msgspec.structs.replace(page, without=gone)
        return answer(msgspec.to_builtins(await finder.in_the_clear(page, SightingPage)))

    return router


def _silence(one: Noticed) -> dict[str, Any]:
    return {
        "kind": "silence",
        "source": OWN_SIGHTINGS,
        "at": to_text(one.missed_at),
        "camera": one.camera,
        "since": to_text(one.since),
    }


def _document(sighting: Sighting) -> dict[str, Any]:
    """What a sighting says for itself, without words: those stand in the order, for whoever may read them."""
    said = {
        "kind": sighting.kind,
        "source": sighting.source,
        "id": sighting.id,
        "at": to_text(sighting.at),
        "camera": sighting.camera,
        "algorithm": sighting.algorithm,
        "label": sighting.label,
        "object_id": sighting.object_id,
        "phase": sighting.phase,
        "confidence": sighting.confidence,
        "bbox": sighting.bbox,
        "lat": sighting.lat,
        "lon": sighting.lon,
        "media_urls": sighting.media_urls,
    }
    return {name: value for name, value in said.items() if value not in ("", None, ())}
