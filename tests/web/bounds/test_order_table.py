"""A list of orders is answered as a table, whole or not at all."""

import csv
import io

import msgspec
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dispatcher.order.row import Order
from models.times import from_text
from streams.gateway.orders import order_table
from streams.gateway.routes import orders as order_routes
from streams.http_server import HttpServer
from streams.tables.protocol import PartitionOrders, ShardOrders, brief, from_cursor
from tests.support.desk_rows import START, opened
from tests.web.conftest import Open

CSV = {"accept": "text/csv"}


def _worker(*orders: Order, partitions: int = 4) -> Starlette:
    """A tables worker that has these orders in one partition, and answers for so many."""
    lines = sorted((brief(order) for order in orders), key=lambda each: each.place("newest"))

    async def answer(request: Request) -> Response:
        asked = request.query_params
        after = from_cursor(asked["after"]) if "after" in asked else None
        found = [each for each in lines if after is None or each.place("newest") > after][: int(asked["limit"])]
        parts = {number: PartitionOrders(1, tuple(found) if number == 0 else (), 0) for number in range(partitions)}
        return Response(msgspec.json.encode(ShardOrders(parts)))

    return Starlette(routes=[Route("/orders", answer)])


def _many(number: int) -> list[Order]:
    return [replace(opened(1), id=f"gulou-{each:05}", opened_at=START + each * 1_000) for each in range(number)]


async def test_a_list_is_a_table_for_whoever_asks_for_one(gateway: Open) -> None:
    """All of its pages one after the other; codes with names in both languages, times by the city's clocks, no text a
    formula, and a mark in front by which spreadsheets know the encoding."""
    written = replace(opened(1), id="gulou-00000", title="=1+1", opened_at=from_text("2026-03-01T20:30:05Z"))
    worker = _worker(written, *_many(450)[1:])

    async with HttpServer(worker, "127.0.0.1", 0) as server, gateway(tables_workers=(server.address,)) as client:
        answer = await client.get("/orders?department=roads&limit=1", headers=CSV)
        pages = (await client.get("/orders?department=roads&limit=1")).json()["orders"]

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="orders.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len({row["id"] for row in rows}) == len(rows) == 450
    assert rows[0]["id"] == pages[0]["id"]
    told = next(row for row in rows if row["id"] == "gulou-00000")
    assert told["title"] == "'=1+1"
    assert told["opened_at"] == "2026-03-02 04:30:05"
    assert (told["area"], told["area_zh"]) == ("gulou", "鼓楼街道")
    assert told["state_zh"] == "待签收"


@pytest.mark.parametrize(("most", "status"), [(400, 200), (399, 422)])
async def test_a_list_that_is_too_long_for_a_table_is_refused(
    gateway: Open, monkeypatch: pytest.MonkeyPatch, most: int, status: int
) -> None:
    """Nobody takes the first orders for all."""
    monkeypatch.setattr(order_routes, "MOST_ROWS", most)

    worker = _worker(*_many(400))
    async with HttpServer(worker, "127.0.0.1", 0) as server, gateway(tables_workers=(server.address,)) as client:
        answer = await client.get("/orders", headers=CSV)

    assert answer.status_code == status
    assert order_table.MOST_ROWS == 5_000
    assert status == 200 or answer.json()["detail"] == f"there are more than {most} orders: ask for some of them"


async def test_a_table_of_a_part_of_the_list_is_refused(gateway: Open) -> None:
    """While a partition is silent, orders of it are missing: the page of a list says so, a file could not."""
    asked = {"tables_seconds": 0.2}
    worker = _worker(*_many(3), partitions=3)
    async with (
        HttpServer(worker, "127.0.0.1", 0) as server,
        gateway(tables_workers=(server.address,), **asked) as client,
    ):
        table = await client.get("/orders", headers=CSV)
        listed = await client.get("/orders")

    assert table.status_code == 503
    assert listed.json()["complete"] is False
