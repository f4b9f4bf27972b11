"""`GET /events/assignments`: new assignments as they are made, and what else changes a list, as server-sent events."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from functools import partial
from time import monotonic
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from dispatcher.order import facts
from dispatcher.order.facts import Assigned, Fact
from dispatcher.order.lifecycle import allowed
from dispatcher.partition.identity import area_of
from models.access import ACCESS, Holder, sees
from models.city import URGENT, Area, City
from models.times import to_text
from streams.gateway.events.live_facts import QUIET_SECONDS, Sign, StreamPosition, Told
from streams.gateway.http.auth import holder_of, still_holds
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problems import not_now
from streams.gateway.http.responses import names
from streams.gateway.waiting import FactTail

MOST_LISTENERS = 200
MOST_OF_ONE = 50  # of these of one token, which many may share: nobody takes all the places from the others
_MOST_UNSEEN = 100  # facts of others' orders, until it is told that nothing of them is to be told again
_Last = Annotated[str, Header(description="the id of the last event that was received: it goes on behind it")]
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def live_routes(city: City, tail: FactTail) -> APIRouter:
    """The route, with what it needs."""
    router = APIRouter(tags=["orders"], dependencies=[ONLY_KNOWN])

    @router.get("/events/assignments", summary="The newest assignments, then what changes lists (text/event-stream)")
    async def assignments(request: Request, last_event_id: _Last = "") -> StreamingResponse:
        holder = holder_of(request)
        return _Followed(tail, holder, _stream(city, tail, holder, partial(still_holds, request), last_event_id))

    return router


class _Followed(StreamingResponse):
    """The stream, for one of the so many who can follow it at a time, in all and with one token. They are counted in
    one step with being let in, as many may ask at once."""

    def __init__(self, tail: FactTail, holder: Holder | None, shown: AsyncIterator[bytes]) -> None:
        super().__init__(shown, media_type="text/event-stream", headers=_HEADERS)
        self._tail, self._holder = tail, holder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it to its end, or say when to try again."""
        with self._tail.admitting(self._holder) as (following, own):
            said = ""
            if following > MOST_LISTENERS:
                said = f"{MOST_LISTENERS} follow the assignments already"
            elif own > MOST_OF_ONE:
                said = f"{MOST_OF_ONE} follow the assignments with this token already"
            if said:
                await not_now(said, seconds=30).response()(scope, receive, send)
            else:
                await super().__call__(scope, receive, send)


async def _stream(
    city: City, tail: FactTail, holder: Holder | None, holds: Callable[[], Awaitable[bool]], last: str
) -> AsyncIterator[bytes]:
    """It ends when the token no longer holds: whoever asks again is told why."""
    yield b"retry: 3000\n\n"
    unseen, written = 0, monotonic()
    async for told, place in tail.live.follow(last):
        shown = list(_blocks(city, tail, holder, told))
        # A connection on which nothing comes for long is taken for dead, by what stands between and by the pages.
        if not shown and (unseen := unseen + 1) < _MOST_UNSEEN and monotonic() - written < QUIET_SECONDS:
            continue
        if not await holds():
            return
        unseen, written = 0, monotonic()
        *before, final = shown or [b"\n"]
        yield b"".join(before) + _id(told, place) + final  # behind the last block all of the fact was told


def _id(told: Told | Sign, place: StreamPosition) -> bytes:
    """The line that says up to where somebody was told; none where what comes first is not all told yet."""
    again = told is Sign.MISSED or (isinstance(told, Told) and told.offset is None)
    return b"" if again or not str(place) else b"id: %s\n" % str(place).encode()


def _blocks(city: City, tail: FactTail, holder: Holder | None, told: Told | Sign) -> Iterator[bytes]:
    """What one who follows is told, as blocks of server-sent events; none for what the holder does not see."""
    if told is Sign.MISSED:
        yield b"event: missed\ndata: {}\n\n"
    elif told is Sign.NOTHING:
        yield b": nothing new\n\n"  # so that a connection that is gone is noticed
    elif isinstance(told, Told):
        fact = told.fact
        moved_to = tail.area(fact.order_id)
        if not is_shown(fact, tail.holders(fact.order_id), city, holder, moved_to):
            return
        area = city.areas.get(moved_to or area_of(fact.order_id))
        if isinstance(fact, Assigned):
            yield _block(b"assigned", _shown(fact, city, area))
        else:
            yield _block(b"changed", _changed(fact))
        if announces(fact, holder):
            yield _block(b"urgent", _announced(fact, city, area))


def _block(kind: bytes, data: dict[str, object]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind, msgspec.json.encode(data))


def is_shown(fact: Fact, held: Collection[str], city: City, holder: Holder | None, moved_to: str = "") -> bool:
    """Whether a fact is of an order that the holder sees: a department its own, of which it is among those that have
    or had it (`held`), whoever has an area those that were found in it or `moved_to` it."""
    own = (fact.department, *fact.assists) if isinstance(fact, Assigned) else ()
    areas = (*city.areas.ancestors(area_of(fact.order_id)), *city.areas.ancestors(moved_to))
    return sees(holder, (*held, *own), areas)


def announces(fact: Fact, holder: Holder | None) -> bool:
    """Whether a fact makes an order one of life and limb, or gives it to somebody as such, and the holder's role may
    take a step with it by the table of the lifecycle, other than a word."""
    if not isinstance(fact, Assigned | facts.Classified | facts.Prioritised) or fact.priority != URGENT:
        return False
    return holder is None or any(step != "comment" for step in allowed(fact.state, ACCESS[holder.role].acts_as))


def _changed(fact: Fact) -> dict[str, object]:
    return {
        "order_id": fact.order_id,
        "seq": fact.seq,
        "at": to_text(fact.at),
        "fact": facts.NAMES[type(fact)],
        "state": fact.state,
    }


def _announced(fact: Fact, city: City, area: Area | None) -> dict[str, object]:
    category = city.categories.get(getattr(fact, "category", ""))
    told = {"order_id": fact.order_id, "at": to_text(fact.at), "state": fact.state}
    return told | {"area": names(area), "category": names(category)}


def _shown(fact: Assigned, city: City, area: Area | None) -> dict[str, object]:
    department, category = city.departments.get(fact.department), city.categories.get(fact.category)
    return {
        "order_id": fact.order_id,
        "seq": fact.seq,
        "at": to_text(fact.at),
        "attempt": fact.attempt,
        "priority": fact.priority,
        "department": {"id": fact.department} | names(department),
        "category": {"id": fact.category} | names(category),
        "area": names(area),
        "by": fact.why.by,
        "probability": fact.why.probability,
    }
