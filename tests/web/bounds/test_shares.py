"""What all share nobody takes all of: whoever asks for too much of it with one token leaves the rest to the others."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError
from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from streams.access.holders import Holders
from streams.gateway import off_loop, shards, waiting
from streams.gateway.events.turns import ASKER, Turns
from streams.gateway.http import problems
from streams.gateway.http.body_limit import BodyLimit
from streams.gateway.http.problems import Problem
from streams.gateway.routes import order_sightings, receiving
from streams.gateway.status import _MOST_OF_ONE
from streams.gateway.waiting import FactTail, Waiter
from streams.http_server import HttpServer
from streams.settings import load_settings
from tests.support.desks import T0, quiet_city
from tests.support.one_desk import gateway_with_desk
from tests.support.tokens import bearer, grant, tokens_file
from tests.web.answers.test_live import assigned
from tests.web.conftest import NOWHERE, Open

CITY = quiet_city()
Asked = asyncio.Task[httpx.Response]
REPORT = {"text": "路面上有一个大坑", "location": {"lat": 30.05, "lon": 114.05}}


def two_tokens(folder: Path) -> str:
    """A file with two tokens of one role."""
    return tokens_file(folder / "t", grant("greedy", "app"), grant("other", "app"))


async def test_who_waits_often_with_one_token_leaves_places_to_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is answered without the decision, as all are once nobody can wait any more; nothing that it sends is lost."""
    monkeypatch.setattr(waiting, "MOST_WAITERS_OF_ONE", 2)
    monkeypatch.setattr(receiving, "now_ms", lambda: T0)
    path = two_tokens(tmp_path)
    greedy = await Holders(load_settings(gateway_tokens_file=path)).of("greedy")

    async with gateway_with_desk(CITY, T0, gateway_tokens_file=path) as (client, behind):

        async def send(token: str, **more: str) -> tuple[int, Mapping[str, object]]:
            answer = await client.post("/reports", json=REPORT, headers=bearer(token) | {"prefer": "wait=1"} | more)
            return answer.status_code, answer.json()

        assert behind.tail is not None
        with ExitStack() as places:
            for number in range(2):
                places.enter_context(behind.tail.waiting(Waiter("s", str(number), whose=greedy)))
            beyond, of_another = await send("greedy"), await send("other")
        afterwards = await send("greedy")

    assert [status for status, _ in (beyond, of_another, afterwards)] == [202, 200, 200]
    assert "outcome" not in beyond[1]
    assert len(behind.written) == 3


async def test_who_has_waited_often_in_vain_pushes_out_their_own() -> None:
    """What becomes of the others' steps is kept for when they ask again."""
    tail = FactTail(load_settings(kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only"))
    tail.remember(Waiter("other", "1", whose="other"))
    for number in range(200):
        tail.remember(Waiter("greedy", str(number), whose="greedy"))

    for waiter in tail._all_waiters():
        waiter.see(msgspec.structs.replace(assigned(2), cause=("other", "1")))

    with tail.waiting(again := Waiter("other", "1", whose="other")):
        assert again.decision.done()


async def test_who_reads_often_with_one_token_leaves_turns_to_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an inbox that four can read at a time two are of one token, which waits for itself alone."""
    monkeypatch.setattr(receiving, "now_ms", lambda: T0)
    readers, most, go_on = 0, 0, asyncio.Event()

    @asynccontextmanager
    async def reading(_: object) -> AsyncIterator[None]:
        nonlocal readers, most
        readers, most = readers + 1, max(most, readers + 1)
        await go_on.wait()
        readers -= 1
        raise KafkaConnectionError
        yield

    monkeypatch.setattr(order_sightings, "started", reading)
    monkeypatch.setattr(order_sightings, "log_reader", lambda _: None)
    path = tokens_file(tmp_path / "t", grant("app", "app"), grant("greedy", "operator"), grant("other", "operator"))
    async with gateway_with_desk(CITY, T0, gateway_tokens_file=path) as (client, _):
        sent = await client.post("/reports", json=REPORT, headers=bearer("app") | {"prefer": "wait=1"})
        address = f"/orders/{sent.json()['fact']['order_id']}/sightings"

        def ask(token: str) -> asyncio.Task[httpx.Response]:
            return asyncio.create_task(client.get(address, headers=bearer(token)))

        asked = [ask("greedy") for _ in range(9)]
        async with asyncio.timeout(10):
            while readers < 2:
                await asyncio.sleep(0)
        asked.append(ask("other"))
        async with asyncio.timeout(10):
            while readers < 3:
                await asyncio.sleep(0)
        go_on.set()
        answers = await asyncio.gather(*asked)

    assert most == 3
    assert [one.status_code for one in answers] == [503] * 10  # when it had its turn, there was no Kafka
    assert {one.json()["type"] for one in answers} == {"urn:paidan:problem:incomplete"}


async def test_who_waits_for_too_many_turns_is_told_to_come_again() -> None:
    """With those that it has; nobody else is, nor it itself once they are over. Who needs no token waits as before."""
    few, go_on = Turns(2, 1, waiting=2), asyncio.Event()

    async def work(whose: str | None) -> None:
        async with few.turn(whose):
            await go_on.wait()

    async def all_of(*names: str | None) -> list[object]:
        tasks = [asyncio.create_task(work(name)) for name in names]
        await asyncio.sleep(0)
        go_on.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        go_on.clear()
        return [type(each) for each in ended]

    first = await all_of("a", "a", "a", "b", None, None, None)
    again = await all_of("a", "a")

    assert first == [type(None), type(None), Problem, *[type(None)] * 4]
    assert again == [type(None)] * 2
    assert (few._own, few._asked.total) == ({}, 0)


class Tables:
    """A worker that holds every question until it is told to go on."""

    def __init__(self) -> None:
        self.asked, self.go_on = 0, asyncio.Event()

    async def answer(self, _: object) -> Response:
        """No answer, in the end."""
        self.asked += 1
        await self.go_on.wait()
        return Response(b"{}", 500)

    async def come_to(self, number: int) -> None:
        """Wait until so many questions have come."""
        async with asyncio.timeout(10):
            while self.asked < number:
                await asyncio.sleep(0.01)


@pytest.fixture
async def held(gateway: Open, tmp_path: Path) -> AsyncIterator[tuple[Tables, Callable[[str, str], Asked]]]:
    """Such a worker behind a gateway with two tokens, and what asks there for a path with one of them."""
    tables = Tables()
    path = tokens_file(tmp_path / "t", grant("greedy", "operator"), grant("other", "operator"))
    async with (
        HttpServer(Starlette(routes=[Route("/{path:path}", tables.answer)]), "127.0.0.1", 0) as server,
        gateway(gateway_tokens_file=path, tables_workers=(server.address,)) as client,
    ):
        yield tables, lambda token, address: asyncio.create_task(client.get(address, headers=bearer(token)))
        tables.go_on.set()


@pytest.fixture
def few_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two questions of one token lie before the tables at a time."""
    monkeypatch.setattr(shards, "_MOST_OF_ONE", 2)


@pytest.mark.usefixtures("few_turns")
async def test_who_asks_the_tables_often_with_one_token_waits_for_itself(
    held: tuple[Tables, Callable[[str, str], Asked]],
) -> None:
    """They answer one after the other: of one token so many questions at a time lie before those of the others."""
    tables, ask = held
    tasks = [ask("greedy", "/orders") for _ in range(9)]
    await tables.come_to(2)
    tasks.append(ask("other", "/orders"))
    await tables.come_to(3)
    while_they_lay_there = tables.asked

    tables.go_on.set()
    await asyncio.gather(*tasks)

    assert (while_they_lay_there, tables.asked) == (3, 10)


@pytest.mark.usefixtures("few_turns")
async def test_what_is_summed_for_all_waits_for_nobody_s_turn(
    held: tuple[Tables, Callable[[str, str], Asked]],
) -> None:
    """Whoever has asked for it first; and of windows that nobody else asks for, one token has so many summed."""
    tables, ask = held
    tasks = [ask("greedy", "/orders") for _ in range(9)]
    await tables.come_to(2)
    days = [f"2026-03-{number:02}" for number in range(1, 21)]
    windows = [ask("greedy", f"/status?from={day}&to={day}") for day in days]
    await tables.come_to(2 + _MOST_OF_ONE)
    tasks.append(ask("other", f"/status?from={days[-1]}&to={days[-1]}"))
    await tables.come_to(3 + _MOST_OF_ONE)

    tables.go_on.set()
    answers = await asyncio.gather(*windows)
    await asyncio.gather(*tasks)

    kinds = Counter(one.json()["type"].rpartition(":")[2] for one in answers)
    assert kinds == {"incomplete": _MOST_OF_ONE, "busy": len(days) - _MOST_OF_ONE}


async def test_who_sends_many_large_bodies_leaves_room_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are checked one after the other."""
    monkeypatch.setattr(off_loop, "MOST_LARGE_OF_ONE", 2)
    checks, go_on = off_loop.OffLoop(), threading.Event()

    async def check(whose: str | None) -> object:
        ASKER.set(whose)
        try:
            return await checks.run(60_000, partial(go_on.wait, 10))
        except Problem as problem:
            return problem.status

    tasks = [asyncio.create_task(check(who)) for who in ("greedy", "greedy", "greedy", "other", None, None, None)]
    await asyncio.sleep(0)
    go_on.set()

    assert await asyncio.gather(*tasks) == [True, True, 503, True, True, True, True]


async def test_what_one_sends_at_a_time_leaves_room_to_the_others() -> None:
    """Of all bodies that are held; what is held of one is given back with the end of its request."""
    app, go_on = FastAPI(), asyncio.Event()
    problems.install(app)

    @app.post("/")
    async def whole(request: Request) -> int:
        size = len(await request.body())
        await go_on.wait()
        return size

    bound = BodyLimit(app, 40, of_one=100)
    transport = httpx.ASGITransport(bound)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:

        async def send(whose: str | None) -> int:
            ASKER.set(whose)
            return (await client.post("/", content=b"x" * 40)).status_code

        tasks = [asyncio.create_task(send(who)) for who in ("greedy", "greedy", "greedy", "other", None, None, None)]
        async with asyncio.timeout(10):
            while bound._held.total < 240:
                await asyncio.sleep(0)
        go_on.set()
        first = await asyncio.gather(*tasks)
        again = await send("greedy")

    assert first == [200, 200, 503, 200, 200, 200, 200]
    assert again == 200
