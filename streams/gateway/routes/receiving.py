"""`POST /reports`, `/detections`, `/measurements`, `/rechecks`, `/units`, `/orders/{id}/updates`: events over HTTP,
safe in Kafka before they are answered.

202 once the broker has acknowledged. With `Prefer: wait=5` the desk's decision instead: 200 with the fact, 409 when an
update was refused, 422 when intake could not take the event in; 202 when there was no decision in time.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dispatcher.arrivals.covered.silencing import is_suppressed
from dispatcher.order import facts, wire
from dispatcher.order.facts import UpdateRefused
from dispatcher.order.lifecycle import REFUSALS
from dispatcher.partition.telling.outcomes import SightingOutcome
from models.access import Holder, may
from models.city import City
from models.envelope import MAX_ATTRIBUTE, Event
from models.errors import Poison
from models.events import DETECTION, MEASUREMENT, RECHECKED, REPORT, UNIT, UPDATE, DeadLetter
from models.formats import FORMATS
from models.times import now_ms
from streams.dead_letters.letter import OTHER_CONTENT
from streams.gateway.events.event_rate import EventRate
from streams.gateway.events.event_writer import EventWriter
from streams.gateway.events.on_behalf import (
    asked_step,
    names_another,
    not_the_sender,
    of_report,
    of_unit,
    of_update,
    other_order,
)
from streams.gateway.events.request_event import body_of, data_of, read_event
from streams.gateway.events.turns import ASKER
from streams.gateway.http.auth import holder_of
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problems import Problem, of_poison
from streams.gateway.http.responses import answer
from streams.gateway.off_loop import OffLoop
from streams.gateway.orders.order_document import line
from streams.gateway.orders.order_finder import Finder, seen
from streams.gateway.preferences import Preference, preference
from streams.gateway.routes.sighting_outcomes import told
from streams.gateway.shutdown import Shutdown
from streams.gateway.waiting import Decision, FactTail, Waiter
from streams.intake.beforehand import Known, check
from streams.intake.reading.statements import ASKING, COMPARED, Vendor
from streams.kafka.topics import Names


def intake_routes(names: Names, receiver: "Receiver", finder: Finder) -> APIRouter:
    """The routes, with what they need."""
    router = APIRouter(tags=["intake"], dependencies=[ONLY_KNOWN])

    @router.post("/reports", summary="What a citizen writes")
    async def report(request: Request) -> Response:
        holder, body = holder_of(request), await body_of(request)
        event, known = await receiver.read(body, lambda: of_report(read_event(request, REPORT, body), holder))
        link = f"/reports/{quote(event.id, safe='')}?{urlencode({'source': event.source})}"
        waiter = Waiter(known.source, known.id)
        wait = preference(request)
        if wait.seconds and (order := await receiver.order_of(event, known, holder)) is not None:
            return answer({"event": _named(event), "repeated": True, "order": order}, headers=wait.applied)
        return await receiver.receive(request, names.reports, event.id, event, waiter, link, wait)

    @router.post("/detections", summary="What a camera's algorithm sees")
    async def detection(
        request: Request, format: str = "", camera: Annotated[str, Query(max_length=MAX_ATTRIBUTE)] = ""
    ) -> Response:
        vendor = Vendor(format, camera) if format else None
        if format and format not in FORMATS:
            raise of_poison(Poison("format", f"must be one of {', '.join(FORMATS)}", "unknown-format"))
        body = await body_of(request, raw=vendor is not None)
        return await receiver.sighted(request, names.detections, body, DETECTION, vendor)

    @router.post("/measurements", summary="What an instrument reads")
    async def measurement(request: Request) -> Response:
        return await receiver.sighted(request, names.detections, await body_of(request), MEASUREMENT)

    @router.post("/rechecks", summary="What a camera finds that was asked to look again")
    async def recheck(request: Request) -> Response:
        return await receiver.looked(request, names.detections, await body_of(request))

    @router.post("/orders/{order_id}/updates", summary="One step")
    async def update(order_id: str, request: Request) -> Response:
        holder = holder_of(request)
        await _check_order(finder, holder, order_id)
        body = await body_of(request)
        event, known = await receiver.read(body, lambda: of_update(read_event(request, UPDATE, body, order_id), holder))
        if holder is not None and names_another(event):  # the desk refuses it, for all to see
            await receiver.write(names.updates, order_id, event)
            raise not_the_sender(holder, event)
        await _check_others(finder, holder, order_id, event)
        waiter = Waiter(known.source, known.id, known.content)
        link, wait = f"/orders/{order_id}", preference(request)
        try:
            # The order's id as key: steps of one client stay in their order.
            return await receiver.receive(request, names.updates, order_id, event, waiter, link, wait)
        except Problem as problem:
            if problem.status != 409 or await finder.is_told(order_id, holder):
                raise
            raise Problem(404, "not-found", "there is no order of that id", wait.applied) from None

    _add_units(router, names, receiver)
    return router


async def _check_order(finder: Finder, holder: Holder | None, order_id: str) -> None:
    """Raises Problem for an order beyond the holder's area (403), and for one that is no citizen's own (404) where the
    desk could not tell."""
    if not await finder.may_act(holder, order_id):
        raise Problem(403, "forbidden", "the order's area lies beyond that of the token", field="area")
    if not may(holder, "orders") and await finder.is_nobody_s(order_id):
        raise Problem(404, "not-found", "there is no order of that id")


async def _check_others(finder: Finder, holder: Holder | None, order_id: str, event: Event) -> None:
    """Raises Problem (403) for a step by which an order beyond the holder's area would change, too: one that it names
    beside its own, or with which its own goes on and would no longer."""
    other = other_order(event)
    if other and not await finder.may_act(holder, other):
        beyond = "the area of the order that is named beside it lies beyond that of the token"
        raise Problem(403, "forbidden", beyond, field="other_order_id")
    if holder is not None and holder.area and asked_step(event) == "unmerge":
        held = await seen(finder, order_id, None)
        parent = None if held is None else await finder.parent_of(held.order)
        if parent is not None and not finder.is_of(holder, parent):
            beyond = "the area of the order with which it goes on lies beyond that of the token"
            raise Problem(403, "forbidden", beyond, field="area")


def _add_units(router: APIRouter, names: Names, receiver: "Receiver") -> None:
    @router.post("/units", summary="Where a mobile unit is")
    async def unit(request: Request) -> Response:
        holder, body, wait = holder_of(request), await body_of(request), preference(request)
        event, known = await receiver.read(body, lambda: of_unit(read_event(request, UNIT, body), holder))
        # There is nothing to wait for. By one source a unit's reports stay in their order.
        await receiver.write(names.units, known.source, event)
        outcome = {"event": {"source": known.source, "id": known.id}, "outcome": known.ends}
        return answer(outcome, 200 if wait.seconds else 202, wait.applied)


class Receiver:
    """Checks events and sees them safe in Kafka."""

    def __init__(
        self,
        city: City,
        writer: EventWriter,
        tail: FactTail,
        finder: Finder,
        shutdown: Shutdown,
        key: bytes,
        rate: EventRate,
    ) -> None:
        """`key` is that of pseudonyms, and of the digests by which intake tells repeats from other events. `rate`
        learns how many events a message turns out to hold beyond the one that it was let in for."""
        self._key, self._rate = key, rate
        self._city, self._writer, self._tail, self._finder, self._shutdown = city, writer, tail, finder, shutdown
        self._off_loop = OffLoop()

    async def read(self, body: bytes, event: Callable[[], Event], vendor: Vendor | None = None) -> tuple[Event, Known]:
        """The event of a body, read as intake will read it, so that a bad one is answered at once; and what is known of
        it by now.

        Raises Problem naming the field and the rule.
        """

        def checked() -> tuple[Event, Known]:
            said = event()
            try:
                return said, check(self._city, now_ms(), said, self._key, vendor)
            except Poison as poison:
                raise of_poison(poison) from None

        return await self._off_loop.run(len(body), checked)

    async def order_of(self, event: Event, known: Known, holder: Holder | None) -> dict[str, Any] | None:
        """The order that this very report is already part of: under its name, with what it says; as much of it as the
        holder may read. None also where only the desk can tell."""
        order, _ = await self._finder.by_report(event.source, event.id)
        if order is None:
            return None
        kept = await self._finder.content(order.id, known.source, known.id)
        reads = may(holder, "orders")
        return line(order, self._city, words=reads) if kept != 0 and kept == known.content else None

    async def write(self, topic: str, key: str, event: Event, more: Sequence[tuple[str, bytes]] = ()) -> None:
        """Write an event whose answer is known. Raises Problem when the broker does not say in time that it is safe."""
        await self._writer.write(topic, key, event, more)

    async def sighted(
        self, request: Request, topic: str, body: bytes, ce_type: str, vendor: Vendor | None = None
    ) -> Response:
        """Write what a device says and answer. Raises Problem."""
        event, known = await self.read(body, lambda: read_event(request, ce_type, body, raw=vendor is not None), vendor)
        self._rate.take(holder_of(request), known.events - 1)
        waiter, wait = Waiter(known.source, known.id), preference(request)
        more = [COMPARED, *(() if vendor is None else vendor.headers())]
        if known.ends:  # there is nothing to wait for
            await self.write(topic, known.source, event, more)
            return answer({"event": _named(waiter), "outcome": known.ends}, 200 if wait.seconds else 202, wait.applied)
        link = f"/detections/{quote(known.id, safe='')}?{urlencode({'source': known.source})}"
        return await self.receive(request, topic, known.source, event, waiter, link, wait, more)

    async def looked(self, request: Request, topic: str, body: bytes) -> Response:
        """Write what a camera finds that was asked to look again, and answer. Raises Problem."""
        event, known = await self.read(body, lambda: read_event(request, RECHECKED, body))
        waiter, wait = Waiter(known.source, known.id), preference(request)
        link = f"/orders/{data_of(event)['order_id'].strip()}"
        try:
            return await self.receive(request, topic, known.source, event, waiter, link, wait)
        except Problem as problem:
            if problem.kind != "refused":
                raise
            # Who may only send hears nothing else of an order: not even whether there is one.
            raise Problem(409, "refused", REFUSALS["not-asked"], wait.applied, reason="not-asked") from None

    async def receive(
        self,
        request: Request,
        topic: str,
        key: str,
        event: Event,
        waiter: Waiter,
        link: str,
        wait: Preference,
        more: Sequence[tuple[str, bytes]] = (),
    ) -> Response:
        """Write the event and answer. Raises Problem. Who waits takes a place of `waiter.whose`, or
        else of who asks."""
        waiter.whose = waiter.whose or ASKER.get()
        decision = None
        if not wait.seconds or self._tail.is_crowded(waiter.whose):
            wait = Preference()
            await self._writer.write(topic, key, event, more)
        else:
            with self._tail.waiting(waiter):
                await self._writer.write(topic, key, event, [*more, ASKING])
                decision = await wait.of(waiter, request, self._shutdown)
        if decision is not None:
            return _decided(decision, waiter, wait)
        if wait.seconds:
            self._tail.remember(waiter)
        content = {"event": _named(waiter), "status": link} | ({"outcome": "none-yet"} if wait.seconds else {})
        return answer(content, 202, {"location": link, **wait.applied})


def _decided(decision: Decision, event: Waiter, wait: Preference) -> Response:
    if isinstance(decision, DeadLetter):
        raise Problem(
            409 if decision.error == OTHER_CONTENT else 422,
            decision.error,
            decision.message,
            wait.applied,
            **({"field": decision.field, "rule": decision.rule} if decision.rule else {}),
            event=_named(event),
        )
    if isinstance(decision, SightingOutcome):
        return answer({"event": _named(event)} | told(decision), headers=wait.applied)
    if isinstance(decision, UpdateRefused):
        raise Problem(
            409,
            "refused",
            decision.sentence or decision.reason,
            wait.applied,
            reason=decision.reason,
            action=decision.action,
            order_id=decision.order_id,
            order_seq=decision.order_seq,
            state=decision.state,
            attempt=decision.attempt,
            allowed=decision.allowed,
            choices=decision.choices,
            event=_named(event),
        )
    content = {
        "event": _named(event),
        "order": f"/orders/{decision.order_id}",
        "type": facts.CE_TYPES[type(decision)],
        "fact": msgspec.Raw(wire.encode(decision)),
    }
    if isinstance(decision, facts.Rejected) and is_suppressed(decision.reason):
        content["outcome"] = "suppressed"
    return answer(content, headers=wait.applied)


def _named(event: Event | Waiter) -> dict[str, str]:
    return {"source": event.source, "id": event.id}
