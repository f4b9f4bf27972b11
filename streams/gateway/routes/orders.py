"""`GET /orders`, `/orders/{id}`, `/reports/{id}`: what has become of what was reported."""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatcher.figures.indicators import figures_of
from dispatcher.order.row import ENDED, OPEN
from dispatcher.partition.identity import report_key
from models.city import City
from models.times import now_ms
from streams.gateway import windows
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problems import Problem
from streams.gateway.http.responses import answer
from streams.gateway.order_document import document, line
from streams.gateway.shards import ShardAnswers, Shards, incomplete
from streams.tables.protocol import Brief, PartitionOrder, PartitionOrders, ShardOrder, ShardOrders

_STATES = OPEN | ENDED | {"open"}
_MOST = 200


def order_routes(city: City, finder: "Finder") -> APIRouter:
    """The routes, with what they need."""
    router = APIRouter(tags=["orders"], dependencies=[ONLY_KNOWN])

    @router.get("/orders", summary="List orders, newest first, or the orders behind a figure")
    async def orders(
        department: str = "",
        state: Annotated[str, Query(description="states with commas; `open` for all open ones")] = "",
        area: Annotated[str, Query(description="an area of any level")] = "",
        category: str = "",
        overdue: bool | None = None,
        quarantined: Annotated[bool | None, Query(description="set aside because the desk failed at it")] = None,
        indicator: Annotated[str, Query(description="only orders that this indicator of `/status` counts")] = "",
        stage: Annotated[str, Query(description="with `indicator`: as it stands under `by=stage`")] = "",
        actor: Annotated[str, Query(description="with `indicator`: as it stands under `by=actor`")] = "",
        first: Annotated[str | None, Query(alias="from", description="city-local day, with `indicator`")] = None,
        to: Annotated[str | None, Query(description="city-local day, with `indicator`")] = None,
        limit: Annotated[int, Query(ge=1, le=_MOST)] = 50,
        cursor: Annotated[str, Query(description="`next` of the page before")] = "",
    ) -> Response:
        if not indicator:  # a figure may be of one that the city has no more
            finder.check(department, category)
        wanted = {"department": department, "category": category, "state": state, "area": finder.areas(area)}
        for name, flag in (("overdue", overdue), ("quarantined", quarantined)):
            if flag is not None:
                wanted[name] = "true" if flag else "false"
        if indicator:
            keys = {"stage": stage, "actor": actor, "department": department, "category": category}
            wanted |= finder.counted(indicator, keys, first, to)
        return answer(await finder.page(wanted, limit, cursor))

    @router.get("/orders/{order_id}", summary="One order: state, timeline, evidence, reasons, who held it how long")
    async def order(order_id: str, request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(f"/o/{order_id}", 303)
        return answer(await finder.order(order_id))

    @router.get("/reports/{report_id:path}", summary="The order that a report has become part of")
    async def report(report_id: str, source: str) -> Response:
        known, complete = await finder.by_report(source, report_id)
        if known is None:
            raise _missing("no order is known for this report (yet)", complete)
        return answer({"report": {"source": source, "id": report_id}, "order": line(known, city)})

    return router


class Finder:
    """Looks for orders in the tables."""

    def __init__(self, city: City, shards: Shards) -> None:
        self._city = city
        self._shards = shards

    def check(self, department: str, category: str) -> None:
        """Raises Problem for a department or category that the city does not know: an empty list would say there are
        no orders."""
        for name, given, known in (
            ("department", department, self._city.departments),
            ("category", category, self._city.categories),
        ):
            if given and given not in known:
                raise Problem(422, "invalid", f"{name} must be one of the city's", field=name, rule="unknown")

    def areas(self, area: str) -> str:
        """The area and all below it, with commas. Raises Problem for one that the city does not know."""
        if not area:
            return ""
        if self._city.areas.get(area) is None and area != "unlocated":
            raise Problem(422, "invalid", "area must be an area of the city", field="area", rule="unknown")
        below = [known.id for known in self._city.areas if area in self._city.areas.ancestors(known.id)]
        return ",".join({area, *below})

    def counted(self, indicator: str, keys: Mapping[str, str], first: str | None, last: str | None) -> dict[str, str]:
        """The parameters for the orders behind a figure: of the first dimension that is given, else of the city."""
        try:
            figures_of(indicator)
        except KeyError:
            raise Problem(
                422, "invalid", "indicator must be one that /status shows", field="indicator", rule="unknown"
            ) from None
        window = windows.window(self._city, first, last)
        params = {"indicator": indicator, "to": str(window.last)}
        if window.first is not None:
            params["from"] = str(window.first)
        dimension, key = next(((name, key) for name, key in keys.items() if key), ("city", ""))
        # The figure's own department and category decide, which need not be the order's present ones.
        return params | {"dimension": dimension, "key": key, dimension: ""}

    async def page(self, wanted: Mapping[str, str], limit: int, cursor: str) -> dict[str, Any]:
        """One page of the list, with the cursor of the next where there is more. Raises Problem."""
        states = {state for state in wanted["state"].split(",") if state}
        if not states <= _STATES:
            raise Problem(
                422, "invalid", f"state must be of {', '.join(sorted(_STATES))}", field="state", rule="unknown"
            )
        # One more than asked for tells whether there is a next page.
        params = {key: value for key, value in wanted.items() if value} | {"limit": str(limit + 1)}
        if cursor:
            params["after"] = _decode_cursor(cursor)
        answers: ShardAnswers[PartitionOrders] = (await self._shards.ask("/orders", params, ShardOrders)).some()
        merged = sorted(
            (order for part in answers.partitions.values() for order in part.orders),
            key=lambda order: (-order.opened_at, order.id),
        )
        page = merged[:limit]
        more = len(merged) > limit
        return {
            "complete": answers.complete,
            "partitions": {"answered": len(answers.partitions), "total": answers.total},
            "orders": [line(order, self._city) for order in page],
            "next": _encode_cursor(page[-1]) if more else None,
        }

    async def order(self, order_id: str) -> dict[str, Any]:
        """The order's document. Raises Problem: 404, or 503 while the partition that may hold it is silent."""
        answers: ShardAnswers[PartitionOrder] = await self._shards.ask(f"/orders/{_safe(order_id)}", {}, ShardOrder)
        held = [part for part in answers.partitions.values() if part.order is not None]
        if not held:
            raise _missing("there is no order of that id", answers.complete)
        newest = max(held, key=lambda part: part.order.seq if part.order is not None else 0)
        assert newest.order is not None
        return document(newest.order, newest.tally, self._city, now_ms())

    async def by_report(self, source: str, report_id: str) -> tuple[Brief | None, bool]:
        """The order that a report is part of, and whether all partitions were looked in."""
        params = {"report": report_key(source, report_id), "limit": "1"}
        answers: ShardAnswers[PartitionOrders] = await self._shards.ask("/orders", params, ShardOrders)
        found = [order for part in answers.partitions.values() for order in part.orders]
        return (found[0] if found else None), answers.complete


def _missing(sentence: str, complete: bool) -> Problem:
    if complete:
        return Problem(404, "not-found", sentence)
    return incomplete("not all partitions of the tables can be asked at the moment")


def _safe(order_id: str) -> str:
    if "/" in order_id or order_id in (".", "..") or not order_id.isprintable() or len(order_id) > 256:
        raise Problem(404, "not-found", "there is no order of that id")
    return quote(order_id, safe="")


def _encode_cursor(last: Brief) -> str:
    return base64.urlsafe_b64encode(f"{last.opened_at}:{last.id}".encode()).decode().rstrip("=")


def _decode_cursor(cursor: str) -> str:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        opened_at, _, order_id = text.partition(":")
        return f"{int(opened_at)}:{order_id}"
    except (binascii.Error, ValueError):
        raise Problem(422, "invalid", "cursor must be `next` of another page", field="cursor", rule="unknown") from None
