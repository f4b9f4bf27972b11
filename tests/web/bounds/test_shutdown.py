"""A gateway that ends: whoever has asked is answered, and soon."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TypeVar

import httpx
import pytest
from fastapi import FastAPI, Request

from models.envelope import Event
from streams.gateway.events.event_writer import EventWriter, Unacknowledged
from streams.gateway.events.live_facts import Sign
from streams.gateway.http.in_time import InTime
from streams.gateway.preferences import Preference
from streams.gateway.shutdown import Shutdown
from streams.gateway.waiting import FactTail, Waiter
from streams.settings import load_settings
from tests.web.conftest import NOWHERE

T = TypeVar("T")


@pytest.fixture
def shutdown() -> Shutdown:
    """One that has not begun."""
    return Shutdown()


async def _never() -> dict[str, str]:
    await asyncio.Event().wait()
    raise AssertionError


async def test_the_end_shortens_what_is_under_way_and_what_begins_then(shutdown: Shutdown) -> None:
    """A bound that is shorter already stays."""

    async def bounded(seconds: float | None, shorter: float) -> None:
        async with shutdown.within(seconds, shorter):
            await _never()

    waiting = [asyncio.create_task(bounded(None, 0.0)), asyncio.create_task(bounded(60.0, 0.0))]
    await asyncio.sleep(0)
    shutdown.begin()
    waiting.append(asyncio.create_task(bounded(60.0, 0.0)))
    waiting.append(asyncio.create_task(bounded(0.0, 60.0)))
    done, _ = await asyncio.wait(waiting, timeout=10)

    assert [type(task.exception()) for task in done] == [TimeoutError] * 4


async def test_a_client_that_waits_for_a_decision_is_told_at_once(shutdown: Shutdown) -> None:
    """Its event is safe; the decision it can ask for elsewhere."""
    waiter = Waiter("s", "1")
    request = Request({"type": "http"}, _never)
    asked = asyncio.create_task(Preference(30).of(waiter, request, shutdown))
    await asyncio.sleep(0)

    shutdown.begin()

    assert await asyncio.wait_for(asked, 10) is None


async def test_nobody_waits_for_a_client_that_has_left(shutdown: Shutdown) -> None:
    """Who hangs up is no longer shown each fact."""

    async def left() -> dict[str, str]:
        return {"type": "http.disconnect"}

    request = Request({"type": "http"}, left)

    assert await asyncio.wait_for(Preference(30).of(Waiter("s", "1"), request, shutdown), 10) is None


async def test_an_event_that_is_not_acknowledged_then_may_not_have_been_kept(
    shutdown: Shutdown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with the id to send it again with, as at any other time."""
    monkeypatch.setattr("streams.gateway.events.event_writer.ACK_SECONDS", 0.0)
    writer = EventWriter(load_settings(kafka=NOWHERE, gateway_ack_seconds=60), shutdown)
    shutdown.begin()

    with pytest.raises(Unacknowledged) as refused:
        await writer.write("t", "k", Event("e-1", "s", "t", b"{}"))

    await writer.stop()
    assert refused.value.more == {"idempotency_key": "e-1"}


async def test_who_follows_the_assignments_is_let_go() -> None:
    """The stream ends as it should, also for one that is far behind."""
    tail = FactTail(load_settings(kafka=NOWHERE))
    following = asyncio.create_task(_all(tail.live.follow()))
    await asyncio.sleep(0)

    tail.live.end()

    assert [sign for sign, _ in await asyncio.wait_for(following, 10)] == [Sign.NOTHING]
    assert tail.live.followers == 0


async def _all(stream: AsyncIterator[T]) -> list[T]:
    return [each async for each in stream]


async def test_what_takes_too_long_is_503_and_its_connection_is_not_kept(
    shutdown: Shutdown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A problem document, never a broken connection; what is answered says that the connection ends, too."""
    monkeypatch.setattr("streams.gateway.http.in_time.ANSWER_SECONDS", 0.1)
    app = FastAPI()
    app.add_api_route("/never", _never)

    async def quick_one() -> int:  # it waits for nothing, no thread either: however slow a machine is, it is in time
        return 1

    app.add_api_route("/quick", quick_one)
    transport = httpx.ASGITransport(InTime(app, shutdown))

    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        before = await client.get("/quick")
        asked = asyncio.create_task(client.get("/never"))
        await asyncio.sleep(0)
        shutdown.begin()
        late, quick = await asked, await client.get("/quick")

    assert "connection" not in before.headers
    assert (quick.status_code, quick.headers["connection"]) == (200, "close")
    assert (late.status_code, late.headers["connection"], late.headers["retry-after"]) == (503, "close", "5")
    assert json.loads(late.text)["type"] == "urn:paidan:problem:shutdown"
