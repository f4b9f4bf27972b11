"""`GET /events/assignments`: new assignments as they are made, as server-sent events."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from dispatcher.order.facts import Assigned
from dispatcher.partition.identity import area_of
from models.access import Holder, sees
from models.city import City
from models.times import to_text
from streams.gateway.http.auth import holder_of, still_holds
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problems import Problem
from streams.gateway.waiting import FactTail

MOST_LISTENERS = 200
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def live_routes(city: City, tail: FactTail) -> APIRouter:
    """The route, with what it needs."""
    router = APIRouter(tags=["orders"], dependencies=[ONLY_KNOWN])

    @router.get("/events/assignments", summary="The newest assignments, then each new one (text/event-stream)")
    async def assignments(request: Request) -> StreamingResponse:
        if tail.listening >= MOST_LISTENERS:
            raise Problem(503, "busy", f"{MOST_LISTENERS} follow the assignments already", {"retry-after": "30"})
        shown = _stream(city, tail, holder_of(request), partial(still_holds, request))
        return StreamingResponse(shown, media_type="text/event-stream", headers=_HEADERS)

    return router


async def _stream(
    city: City, tail: FactTail, holder: Holder | None, holds: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    """It ends when the token no longer holds: whoever asks again is told why."""
    yield b"retry: 3000\n\n"
    async for fact in tail.assignments():
        if fact is not None and not is_shown(fact, city, holder):
            continue
        if not await holds():
            return
        if fact is None:
            yield b": nothing new\n\n"  # so that a connection that is gone is noticed
        else:
            yield b"event: assigned\nid: %s\ndata: %s\n\n" % (
                f"{fact.order_id}/{fact.seq}".encode(),
                msgspec.json.encode(_shown(fact, city)),
            )


def is_shown(fact: Assigned, city: City, holder: Holder | None) -> bool:
    """Whether an assignment is one that the holder sees: a department its own, whoever has an area those of it."""
    return sees(holder, (fact.department, *fact.assists), city.areas.ancestors(area_of(fact.order_id)))


def _shown(fact: Assigned, city: City) -> dict[str, object]:
    area = city.areas.get(area_of(fact.order_id))
    department, category = city.departments.get(fact.department), city.categories.get(fact.category)
    return {
        "order_id": fact.order_id,
        "at": to_text(fact.at),
        "attempt": fact.attempt,
        "priority": fact.priority,
        "department": {"id": fact.department} | _names(department),
        "category": {"id": fact.category} | _names(category),
        "area": _names(area),
        "by": fact.why.by,
        "probability": fact.why.probability,
    }


def _names(known: object) -> dict[str, str]:
    return {} if known is None else {name: getattr(known, name) for name in ("name_zh", "name_en")}
