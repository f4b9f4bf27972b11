"""`GET /seat`, `/orders/{id}/moves`: what somebody at the operations desk works through, and may do."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from models.city import City
from streams.gateway.http.auth import holder_of
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.responses import answer
from streams.gateway.orders.order_finder import Finder
from streams.gateway.seats import moves, seat


def seat_routes(city: City, finder: Finder, partitions: int) -> APIRouter:
    """The routes, with what they need; `partitions` are those of the inbox."""
    router = APIRouter(tags=["orders"], dependencies=[ONLY_KNOWN])

    @router.get("/seat", summary="Who asks, which lists that role works through, and the words that forms take")
    async def mine(request: Request) -> Response:
        return answer(seat(holder_of(request), city))

    @router.get("/orders/{order_id}/moves", summary="What whoever asks may do with an order now, each with its form")
    async def now(order_id: str, request: Request) -> Response:
        holder = holder_of(request)
        found = await finder.acted_on(order_id, holder)
        parent = await finder.parent_of(found.order)
        # Whether it is let out of that one depends on how that one stands, and whose it is.
        let_out = parent is None or (parent.state != "merged" and finder.is_of(holder, parent))
        given = moves(holder, found.order, city, let_out=let_out, partitions=partitions)
        return answer({"attempt": found.order.attempt, "moves": given})

    return router
