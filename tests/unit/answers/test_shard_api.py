"""What a tables worker answers for its partitions, over HTTP."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import httpx
import msgspec
import pytest
import pytest_asyncio

from dispatcher.figures.figure_row import FigureRow
from dispatcher.order.row import Tally
from streams.tables.shard_api import MAX_LIMIT, shard_api
from streams.tables.stored_row import Kept
from streams.tables.views import PartitionView
from streams.tables.worker import Tables
from tests.support.desk_rows import HOUR, START, ZONE, opened

ORDERS = [opened(number, at=START + number * HOUR) for number in range(4)]
DAYS = (20260301, 20260302, 20260303)


@pytest_asyncio.fixture
async def worker() -> AsyncIterator[httpx.AsyncClient]:
    """A worker with two partitions: orders in 1, figures of three days in both."""
    views = {number: PartitionView(ZONE) for number in (1, 2)}
    for offset, order in enumerate(ORDERS):
        views[1].put_order(order.id, Kept(1, offset, order.seq, msgspec.Raw(msgspec.json.encode(order))))
    for number, view in views.items():
        for day in DAYS:
            for key in ("area/gulou", "area/nantang", "department/roads"):
                counters = {"opened": number * (day % 100), "open": day % 100}
                row = msgspec.Raw(msgspec.json.encode(FigureRow(1, counters)))
                view.put_figures(f"{key}/{day}/{number}", Kept(number, 7 + number, 1, row))
    table = {order.id: order for order in ORDERS}
    tallies = {ORDERS[0].id: Tally(sightings=17, last_seen=START)}
    tables = SimpleNamespace(
        partitions=views, views=SimpleNamespace(ready=views), build=3, order=table.get, tally=tallies.get, behind=[]
    )
    api = shard_api(cast(Tables, tables), "secret")
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(api), base_url="http://w", headers={"authorization": "Bearer secret"}
    )
    async with client:
        yield client


async def answered(worker: httpx.AsyncClient, path: str, **asked: object) -> dict[str, Any]:
    """The partitions of an answer."""
    answer = await worker.get(path, params={name: str(value) for name, value in asked.items()})
    assert answer.status_code == 200, answer.text
    partitions: dict[str, Any] = answer.json()["partitions"]
    return partitions


async def test_figures_are_of_the_days_and_the_key_that_are_asked_for(worker: httpx.AsyncClient) -> None:
    """Flows of these days, stocks at the end of the last; the offset is behind what was read."""
    window = {"from": DAYS[1], "to": DAYS[2]}

    every = await answered(worker, "/figures", dimension="area,department", **window)
    of_one = await answered(worker, "/figures", dimension="area", key="gulou", **window)
    so_far = await answered(worker, "/figures", dimension="department", to=DAYS[0])

    assert {number: part["offset"] for number, part in every.items()} == {"1": 9, "2": 10}
    assert {dimension: [*keys] for dimension, keys in every["2"]["sums"].items()} == {
        "area": ["gulou", "nantang"],
        "department": ["roads"],
    }
    assert [of_one[number]["sums"]["area"]["gulou"]["counters"] for number in ("1", "2")] == [
        {"opened": 5, "open": 6},
        {"opened": 10, "open": 6},
    ]
    assert [*of_one["1"]["sums"]["area"]] == ["gulou"]
    assert so_far["2"]["sums"]["department"]["roads"]["counters"] == {"opened": 2, "open": 1}


async def test_days_are_those_of_the_whole_city(worker: httpx.AsyncClient) -> None:
    """All areas together."""
    days = (await answered(worker, "/days", **{"from": DAYS[0], "to": DAYS[1]}))["2"]["days"]

    assert {day: row["counters"]["opened"] for day, row in days.items()} == {"20260301": 4, "20260302": 8}


async def test_lists_go_on_behind_the_last_line_and_are_counted_where_that_is_asked(worker: httpx.AsyncClient) -> None:
    """At most five hundred at once, and one at least."""
    newest = [order.id for order in reversed(ORDERS)]

    first = (await answered(worker, "/orders", limit=3, count="true"))["1"]
    cursor = f"0:{-ORDERS[1].opened_at}:{ORDERS[1].id}"
    behind = (await answered(worker, "/orders", limit=MAX_LIMIT + 1, after=cursor))["1"]
    least = (await answered(worker, "/orders", limit=0))["1"]
    of_roads = (await answered(worker, "/orders", department="roads"))["1"]

    assert ([line["id"] for line in first["orders"]], first["total"], first["offset"]) == (newest[:3], 4, 4)
    assert ([line["id"] for line in behind["orders"]], behind["total"]) == (newest[3:], 0)
    assert [line["id"] for line in least["orders"]] == newest[:1]
    assert {line["department"] for line in of_roads["orders"]} == {"roads"}


async def test_an_order_comes_from_where_it_is_with_how_often_it_was_seen(worker: httpx.AsyncClient) -> None:
    """Every partition that was looked in says how far it has been read."""
    found = await answered(worker, f"/orders/{ORDERS[0].id}")
    none = await answered(worker, "/orders/gulou-20260301-nobodyknow")

    assert (found["1"]["order"]["id"], found["1"]["tally"]["sightings"]) == (ORDERS[0].id, 17)
    assert [found["2"], none["1"]] == [{"offset": 0}, {"offset": 4}]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/figures?dimension=area", 400),
        ("/figures?dimension=area&to=x", 400),
        ("/orders?count=perhaps", 400),
        ("/orders?after=1", 400),
        ("/rows?table=else", 400),
        ("/readyz", 200),
    ],
)
async def test_what_cannot_be_meant_is_refused(worker: httpx.AsyncClient, path: str, status: int) -> None:
    """It is the gateway's mistake, and no figure is better than another one than was asked for."""
    assert (await worker.get(path)).status_code == status


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer secre", "Basic secret"])
async def test_without_the_token_nobody_is_answered(worker: httpx.AsyncClient, given: str) -> None:
    """But whoever asks whether it lives."""
    answers = [await worker.get(path, headers={"authorization": given}) for path in ("/shard", "/rows", "/livez")]

    assert [answer.status_code for answer in answers] == [401, 401, 200]
