"""A gateway without Kafka: all that it answers before it has to write."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest

from models.city import City, load_city
from streams.access.holders import Holders
from streams.gateway.app import Parts, make_app
from streams.gateway.events.address_rate import AddressRate
from streams.gateway.events.event_rate import EventRate
from streams.gateway.events.event_writer import EventWriter
from streams.gateway.shards import Shards
from streams.gateway.shutdown import Shutdown
from streams.gateway.waiting import FactTail
from streams.settings import DEMO_CITY, load_settings

NOWHERE = "127.0.0.1:1"
Open = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(scope="session")
def city() -> City:
    """The demo city."""
    return load_city(DEMO_CITY)


@pytest.fixture
def standing_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made up for meanwhile, however long a test takes: rates go by a clock that stands still."""
    for rate in (EventRate, AddressRate):
        monkeypatch.setattr(f"streams.gateway.app.{rate.__name__}", partial(rate, clock=lambda: 0.0))


@pytest.fixture
def gateway(city: City) -> Open:
    """Opens a client of a gateway with settings of its own; nothing listens where its Kafka and tables should be."""

    @asynccontextmanager
    async def opened(base: str = "http://localhost", **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
        given: dict[str, Any] = {
            "kafka": NOWHERE,
            "tables_workers": (NOWHERE,),
            "tables_seconds": 30,  # a busy machine is no worker that does not answer
            "partitions": 4,
            "personal_key": "for these tests only",
        }
        settings = load_settings(**given | changes)
        shutdown = Shutdown()
        shards, writer = Shards(settings), EventWriter(settings, shutdown)
        app = make_app(Parts(settings, city, shards, writer, FactTail(settings), Holders(settings), shutdown))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        try:
            async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                yield client
        finally:
            await writer.stop()
            await shards.close()

    return opened
