"""HTTP of a tables worker: figures and orders of the partitions that it owns. For the gateway, not for people.

`GET /shard`, `/figures?dimension=area,department&from=20260301&to=20260331&key=`, `/days?from=&to=`, `/orders?…`,
`/orders/{id}`, `/alarms?most=`, `/outside`, for the audit `/rows?table=orders` or `figures`, and `/livez`, `/readyz`,
`/metrics`. All but `/livez` and `/readyz` need the token where one is set.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dispatcher.figures.figure_row import FigureRow
from dispatcher.figures.indicators import figures_of
from dispatcher.order.row import Order
from streams.tables.orders.order_words import words_in
from streams.tables.orders.wanted import Counted, Wanted
from streams.tables.protocol import (
    PartitionAlarms,
    PartitionDays,
    PartitionFigures,
    PartitionOrder,
    PartitionOrders,
    PartitionOutside,
    PartitionRows,
    PartitionState,
    Shard,
    ShardAlarms,
    ShardDays,
    ShardFigures,
    ShardOrder,
    ShardOrders,
    ShardOutside,
    ShardRows,
    Sort,
    brief,
    from_cursor,
    window_of,
)
from streams.tables.worker import Tables

MAX_LIMIT = 500
_encoder = msgspec.json.Encoder()
Endpoint = Callable[[Request], Awaitable[Response]]


def shard_api(tables: Tables, token: str) -> Starlette:
    """The worker's HTTP application; an empty token lets everybody in."""
    api = _ShardApi(tables)

    def guarded(endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if token and not hmac.compare_digest(given.encode(), token.encode()):
                return Response("the token is missing or wrong\n", 401, {"www-authenticate": "Bearer"})
            try:
                return await endpoint(request)
            except (ValueError, KeyError, OverflowError) as error:
                return Response(f"wrong parameter: {error}\n", 400)

        return answer

    return Starlette(
        routes=[
            Route("/shard", guarded(api.shard)),
            Route("/figures", guarded(api.figures)),
            Route("/days", guarded(api.days)),
            Route("/orders", guarded(api.orders)),
            Route("/orders/{order_id}", guarded(api.order)),
            Route("/alarms", guarded(api.alarms)),
            Route("/outside", guarded(api.outside)),
            Route("/rows", guarded(api.rows)),
            Route("/metrics", guarded(api.metrics)),
            Route("/livez", api.alive),
            Route("/readyz", api.ready),
        ]
    )


class _ShardApi:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def shard(self, request: Request) -> Response:
        partitions = self._tables.partitions.items()
        return _json(Shard({n: PartitionState(view.orders.offset, len(view.orders)) for n, view in partitions}))

    async def figures(self, request: Request) -> Response:
        asked = request.query_params
        window, key = window_of(asked), asked.get("key")
        dimensions = asked["dimension"].split(",")
        answer: dict[int, PartitionFigures] = {}
        for number, view in self._tables.partitions.items():
            sums: dict[str, dict[str, FigureRow]] = {}
            for dimension in dimensions:
                found = view.figures.totals(dimension, window)
                sums[dimension] = found if key is None else {k: row for k, row in found.items() if k == key}
            answer[number] = PartitionFigures(view.figures.offset, sums)
            await asyncio.sleep(0)
        return _json(ShardFigures(answer))

    async def days(self, request: Request) -> Response:
        window = window_of(request.query_params)
        answer: dict[int, PartitionDays] = {}
        for number, view in self._tables.partitions.items():
            answer[number] = PartitionDays(view.figures.offset, view.figures.days("area", window))
            await asyncio.sleep(0)
        return _json(ShardDays(answer))

    async def orders(self, request: Request) -> Response:
        asked = request.query_params
        wanted, limit, after = _wanted(asked), _most(asked.get("limit", "50")), None
        if cursor := asked.get("after"):
            after = from_cursor(cursor)
        answer: dict[int, PartitionOrders] = {}
        for number, view in self._tables.partitions.items():
            found = await view.orders.page(wanted, after, limit, self._tables.order)
            total = await view.orders.count(wanted) if _FLAG[asked.get("count", "")] else 0
            answer[number] = PartitionOrders(view.orders.offset, tuple(brief(order) for order in found), total)
        return _json(ShardOrders(answer))

    async def order(self, request: Request) -> Response:
        order_id = request.path_params["order_id"]
        answer: dict[int, PartitionOrder] = {}
        for number, view in self._tables.partitions.items():
            order: Order | None = None
            if order_id in view.orders:
                order = self._tables.order(order_id)
            tally = None if order is None else self._tables.tally(order_id)
            answer[number] = PartitionOrder(view.orders.offset, order, tally)
        return _json(ShardOrder(answer))

    async def alarms(self, request: Request) -> Response:
        most = _most(request.query_params["most"])
        answer: dict[int, PartitionAlarms] = {}
        for number, view in self._tables.partitions.items():
            alarms = view.orders.alarms
            worst = tuple(alarms.worst_algorithms(MAX_LIMIT)), tuple(alarms.worst_cameras(most))
            answer[number] = PartitionAlarms(view.orders.offset, *worst)
            await asyncio.sleep(0)
        return _json(ShardAlarms(answer))

    async def outside(self, request: Request) -> Response:
        answer: dict[int, PartitionOutside] = {}
        for number, view in self._tables.partitions.items():
            busy, standing = view.orders.alarms.busy(), view.standing
            answer[number] = PartitionOutside(view.orders.offset, tuple(standing.silent), busy, dict(standing.units))
            await asyncio.sleep(0)
        return _json(ShardOutside(answer))

    async def rows(self, request: Request) -> Response:
        table = request.query_params["table"]
        if table not in ("orders", "figures"):
            raise ValueError(f"there is no table {table!r}")
        answer: dict[int, PartitionRows] = {}
        for number, marks in (await self._tables.marks(table)).items():  # type: ignore[arg-type]
            view = self._tables.views.ready.get(number)
            if view is not None:
                offset = view.orders.offset if table == "orders" else view.figures.offset
                answer[number] = PartitionRows(offset, self._tables.build, marks)
        return _json(ShardRows(answer))

    async def metrics(self, request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def alive(self, request: Request) -> Response:
        return Response("alive\n")

    async def ready(self, request: Request) -> Response:
        # A worker without partitions stands by; it is ready when all that it owns can be answered for.
        behind = self._tables.behind
        return Response("ready\n") if not behind else Response(f"partitions still to come: {behind}\n", 503)


def _json(answer: msgspec.Struct) -> Response:
    return Response(_encoder.encode(answer), media_type="application/json")


def _most(given: str) -> int:
    return max(1, min(int(given), MAX_LIMIT))


_FLAG = {"": None, "true": True, "false": False}


def _several(asked: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(filter(None, asked.get(name, "").split(",")))


def _wanted(asked: Mapping[str, str]) -> Wanted:
    counted = None
    if indicator := asked.get("indicator"):
        figures_of(indicator)
        counted = Counted(indicator, asked["dimension"], asked.get("key", ""), window_of(asked))
    return Wanted(
        departments=_several(asked, "department"),
        states=_several(asked, "state"),
        areas=_several(asked, "area"),
        categories=_several(asked, "category"),
        overdue=_FLAG[asked.get("overdue", "")],
        quarantined=_FLAG[asked.get("quarantined", "")],
        mark=asked.get("mark", ""),
        inspector=asked.get("inspector", ""),
        confirmer=asked.get("confirmer", ""),
        unit=asked.get("unit", ""),
        camera=asked.get("camera", ""),
        algorithm=asked.get("algorithm", ""),
        alarm=asked.get("alarm", ""),
        words=words_in(asked.get("words", "")),
        report=asked.get("report", ""),
        reporter=asked.get("reporter", ""),
        counted=counted,
        sort=msgspec.convert(asked.get("sort", "newest"), Sort),
    )
