"""What the gateway makes of several tables workers: one answer per partition, and no pretence where one is missing."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dispatcher.figures.figure_row import FigureRow
from dispatcher.figures.sketch import Sketch
from streams.http_server import HttpServer
from streams.tables.protocol import (
    PartitionDays,
    PartitionFigures,
    PartitionOrder,
    PartitionOrders,
    ShardDays,
    ShardFigures,
    ShardOrder,
    ShardOrders,
    brief,
)
from tests.support.desk_rows import START, closed, opened
from tests.web.conftest import Open

HOUR = 3_600_000


@asynccontextmanager
async def workers(*answers: Mapping[str, msgspec.Struct]) -> AsyncIterator[tuple[str, ...]]:
    """HTTP servers that answer as tables workers do; their addresses."""
    async with AsyncExitStack() as stack:
        servers = []
        for given in answers:

            async def answer(request: Request, given: Mapping[str, msgspec.Struct] = given) -> Response:
                path = "/" + request.url.path.split("/")[1]
                body = given.get(request.url.path, given.get(path))
                return Response(msgspec.json.encode(body)) if body is not None else Response(status_code=500)

            app = Starlette(routes=[Route("/{path:path}", answer)])
            servers.append(await stack.enter_async_context(HttpServer(app, "127.0.0.1", 0)))
        yield tuple(server.address for server in servers)


def figures(**partitions: tuple[int, int]) -> dict[str, msgspec.Struct]:
    """Each partition (p0=…) with its offset and how many orders of `roads` it has closed."""
    answer = {}
    for name, (offset, count) in partitions.items():
        row = FigureRow(1, {"closed": count}, {"resolution_ms": Sketch().add({60_000: count})})
        answer[int(name[1:])] = PartitionFigures(offset, {"area": {"gulou": row}, "department": {"roads": row}})
    return {"/figures": ShardFigures(answer)}


@pytest.mark.slow
async def test_partitions_are_summed_and_of_two_answers_the_further_one_counts(gateway: Open) -> None:
    """A worker that still answers for a partition that it lost is not counted twice."""
    fresh, stale = figures(p0=(10, 3), p1=(20, 4)), figures(p1=(15, 99), p2=(5, 5), p3=(1, 1))
    async with workers(fresh, stale) as places, gateway(tables_workers=places) as client:
        status = (await client.get("/status?from=2026-03-01&to=2026-03-31")).json()
    assert status["complete"] is True
    assert status["partitions"] == {"answered": 4, "total": 4}
    assert status["city"]["closed"] == status["departments"]["roads"]["closed"] == 3 + 4 + 5 + 1
    assert status["departments"]["roads"]["resolution_seconds"]["p50"] == pytest.approx(60, rel=0.01)
    assert status["departments"]["parks"]["closure_rate"] is None
    assert status["window"] == {"from": "2026-03-01", "to": "2026-03-31", "zone": "Asia/Shanghai"}


@pytest.mark.slow
async def test_a_trend_has_each_day_of_its_window_and_no_more_than_a_quarter_s(gateway: Open) -> None:
    """Summed over the partitions, for the indicators asked for; too long a window or no indicator is refused."""
    parts = {
        number: PartitionDays(1, {20260301: FigureRow(1, {"closed": number}), 20260302: FigureRow(1, {"open": 7})})
        for number in (1, 2)
    }
    async with workers({"/days": ShardDays(parts)}) as places, gateway(tables_workers=places) as client:
        told = (await client.get("/trend?from=2026-03-01&to=2026-03-02&of=open,closed")).json()
        refused = [
            (await client.get(f"/trend?{query}")).json()["field"]
            for query in ("from=all", "from=2026-01-01&to=2026-06-01", "from=2026-03-01&to=2026-03-02&of=weather")
        ]

    assert told["days"] == [
        {"day": "2026-03-01", "closed": 3, "open": 0},
        {"day": "2026-03-02", "closed": 0, "open": 14},
    ]
    assert not told["complete"]
    assert refused == ["from", "from", "of"]


@pytest.mark.slow
async def test_a_silent_worker_makes_the_answer_incomplete_and_no_more(gateway: Open) -> None:
    """The rest is served, and how much of it there is."""
    async with AsyncExitStack() as stack:
        places = await stack.enter_async_context(workers(figures(p0=(10, 3)), {}))
        nowhere = ("127.0.0.1:1", "no-such-host.invalid:1")
        client = await stack.enter_async_context(gateway(tables_workers=(*places, *nowhere)))
        status = (await client.get("/status?from=all")).json()
        one = (await client.get("/status/roads")).json()
        ready = await client.get("/readyz")
    assert (status["complete"], status["partitions"]) == (False, {"answered": 1, "total": 4})
    assert status["city"]["closed"] == 3
    assert list(one["departments"]) == ["roads"]
    assert ready.status_code == 503


@pytest.mark.parametrize("path", ["/status", "/status?by=area", "/status/roads", "/orders", "/orders/gulou-1"])
async def test_when_nobody_answers_nothing_is_said_to_be_nothing(gateway: Open, path: str) -> None:
    """503 and when to ask again, never a city without orders."""
    async with gateway() as client:
        answer = await client.get(path)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"] == "urn:paidan:problem:incomplete"


@pytest.mark.slow
async def test_an_order_that_is_not_found_is_404_only_when_all_were_asked(gateway: Open) -> None:
    """While a partition is silent the order may be in it: 503 and when to ask again."""
    nothing = {n: PartitionOrder(1) for n in range(4)}
    async with workers({"/orders": ShardOrder(nothing)}) as places, gateway(tables_workers=places) as client:
        assert (await client.get("/orders/gulou-20260301-aaaaaaaaaa")).status_code == 404
    nothing.pop(3)
    async with workers({"/orders": ShardOrder(nothing)}) as places, gateway(tables_workers=places) as client:
        answer = await client.get("/orders/gulou-20260301-aaaaaaaaaa")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


@pytest.mark.slow
async def test_an_order_s_document_says_who_held_it_and_names_no_reporter(gateway: Open) -> None:
    """The newest row of several counts; times are RFC 3339, durations seconds."""
    old = opened(1)
    seen = msgspec.structs.replace(old.evidence_first[0], reporter="4f2a")
    new = closed(msgspec.structs.replace(old, reporters=("4f2a",), evidence_first=(seen,)), START + 5 * HOUR)
    first = {"/orders": ShardOrder({0: PartitionOrder(10, old), 1: PartitionOrder(1)})}
    second = {"/orders": ShardOrder({0: PartitionOrder(12, new), 2: PartitionOrder(1), 3: PartitionOrder(1)})}
    async with workers(first, second) as places, gateway(tables_workers=places) as client:
        answer = await client.get(f"/orders/{new.id}")
        browser = await client.get(f"/orders/{new.id}", headers={"accept": "text/html"})
    order = answer.json()
    assert (order["state"], order["status"], order["reporters"]) == ("closed", "closed", 1)
    assert order["opened_at"] == "2026-03-01T00:00:00.000Z"
    [turn] = order["held_by"]
    assert turn["department"]["name_en"] == "Parks and Greening Bureau"
    assert turn["held_seconds"] == 5 * 3600
    assert "4f2a" not in answer.text
    assert (browser.status_code, browser.headers["location"]) == (303, f"/o/{new.id}")


@pytest.mark.slow
async def test_pages_go_on_where_the_last_one_ended(gateway: Open) -> None:
    """`next` leads to the next page, over all partitions, and is null on the last one."""
    orders = [brief(opened(n, at=START + n * HOUR)) for n in (3, 2, 1)]
    async with (
        workers(
            {"/orders": ShardOrders({0: PartitionOrders(1, tuple(orders[:2])), 1: PartitionOrders(1, (orders[2],))})}
        ) as places,
        gateway(tables_workers=places, partitions=2) as client,
    ):
        page = (await client.get("/orders?limit=2")).json()
        rest = await client.get(f"/orders?limit=3&cursor={page['next']}")
        wrong = await client.get("/orders?cursor=%21")
        crossed = await client.get(f"/orders?sort=urgent&cursor={page['next']}")
    assert [order["id"] for order in page["orders"]] == [orders[0].id, orders[1].id]
    assert rest.json()["next"] is None
    assert (wrong.status_code, wrong.json()["field"]) == (422, "cursor")
    assert (crossed.status_code, crossed.json()["field"]) == (422, "cursor")


async def test_questions_that_make_no_sense_are_refused(gateway: Open) -> None:
    """Each names the parameter."""
    questions = {
        "/status?from=yesterday": "from",
        "/status?from=2026-03-02&to=2026-03-01": "from",
        "/status?by=weather": "by",
        "/orders?state=lost": "state",
        "/orders?area=atlantis": "area",
        "/orders?indicator=luck": "indicator",
        "/orders?limit=100000": "limit",
        "/orders?overdue=perhaps": "overdue",
    }
    async with gateway() as client:
        found = {}
        for question in questions:
            answer = await client.get(question)
            assert answer.status_code == 422
            found[question] = answer.json()["field"]
    assert found == questions


@pytest.mark.slow
async def test_an_unknown_department_is_not_found(gateway: Open) -> None:
    """Not an empty row."""
    async with (
        workers({"/figures": ShardFigures({n: PartitionFigures(1, {"department": {}}) for n in range(4)})}) as places,
        gateway(tables_workers=places) as client,
    ):
        assert (await client.get("/status/atlantis")).status_code == 404
        assert (await client.get("/status/roads")).status_code == 200
