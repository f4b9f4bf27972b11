"""`/r/{token}`: what a reporter's link shows and takes. Whoever has the link is the reporter; nobody needs a token.

The link of a citizen of the pool shows what is to be judged, and takes the judgement.
"""

import asyncio
import time

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from dispatcher.order.row import Order
from models.city import City
from models.events import UPDATE
from models.redact import in_letters
from streams.gateway.events.on_behalf import of_link
from streams.gateway.events.request_event import body_of, read_event
from streams.gateway.events.token_buckets import TokenBuckets
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problems import Problem
from streams.gateway.http.responses import answer
from streams.gateway.orders.order_finder import Finder, seen
from streams.gateway.preferences import preference
from streams.gateway.reporters.judging_state import JUDGING, judging_state
from streams.gateway.reporters.public_state import STEPS, goes_on_as, is_without, public_state
from streams.gateway.routes.receiving import Receiver
from streams.gateway.waiting import Waiter
from streams.kafka.topics import Names
from streams.reporter_links import ReporterLink, ReporterLinks

_LOOKS, _STEPS = 60, 6  # a minute
_LOOKED_AT = 10  # of a reporter's orders, the newest: among them is the one that theirs has become
_SOURCE = "urn:paidan:reporter-link:"  # with who has the link, so that nobody takes a name that another is yet to use


def reporter_routes(
    city: City, names: Names, receiver: Receiver, finder: Finder, links: ReporterLinks | None
) -> APIRouter:
    """The routes, with what they need. Without a key for links each of them is one that is over."""
    router = APIRouter(include_in_schema=False, dependencies=[ONLY_KNOWN])
    # By order and reporter: each notice has a link of its own.
    looks, steps = (TokenBuckets[tuple[str, str]](most / 60, most, time.monotonic) for most in (_LOOKS, _STEPS))

    def read(token: str, left: TokenBuckets[tuple[str, str]]) -> ReporterLink:
        link = None if links is None else links.read(token, time.time())
        if link is None:
            raise Problem(404, "not-found", "this link is over, or was never one")
        who = link.order_id, link.reporter
        if left.try_take(who):
            raise Problem(429, "too-often", "that was too often: wait a minute", {"retry-after": "60"})
        return link

    @router.get("/r/{token}/order")
    async def shown(token: str) -> Response:
        link = read(token, looks)
        order = (await finder.order(link.order_id, None)).order
        if link.citizen:
            return answer(judging_state(order, link.reporter, city))
        onward = await _onward(order, link)
        there = f"/r/{links.token(onward)}" if links is not None and onward is not None else None
        return answer(public_state(order, link.reporter, city) | {"goes_on": there})

    async def _onward(order: Order, link: ReporterLink) -> ReporterLink | None:
        """The link of the order as which it goes on for its reporter: it was merged, or theirs has left it."""
        if order.state == "merged" and order.parent:
            return msgspec.structs.replace(link, order_id=order.parent)
        if is_without(order, link.reporter):
            try:
                own = await finder.newest_of(link.reporter, _LOOKED_AT)
                held = await asyncio.gather(*(seen(finder, each.id, None) for each in own))
            except Problem:  # they are not to be had at the moment: then nothing leads there
                return None
            if there := goes_on_as(order, link.reporter, [one.order for one in held if one]):
                return msgspec.structs.replace(link, order_id=there.id)
        return None

    @router.post("/r/{token}/updates")
    async def said(token: str, request: Request) -> Response:
        link = read(token, steps)
        body, source = await body_of(request), _SOURCE + in_letters(link.reporter)

        event, known = await receiver.read(
            body,
            lambda: of_link(
                msgspec.structs.replace(read_event(request, UPDATE, body, link.order_id), source=source),
                "citizen" if link.citizen else "reporter",
                link.reporter,
                JUDGING if link.citizen else STEPS,
            ),
        )
        waiter, wait = Waiter(known.source, known.id, whose=link.reporter), preference(request)
        there = f"/r/{token}/order"
        taken = await receiver.receive(request, names.updates, link.order_id, event, waiter, there, wait)
        # What the desk has written of it names the reporter's hash, which is nobody's affair here.
        return answer({"taken": taken.status_code == 200}, taken.status_code, wait.applied)

    return router
