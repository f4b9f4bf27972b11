"""`GET /status` of a city over hubs: their own figures beside its own."""

from collections.abc import Mapping
from typing import Any

import pytest

from models.times import now_ms
from streams.bridge.figures_heard import HubsHeard
from streams.gateway.shards import ShardAnswers
from streams.settings import load_settings
from streams.tables.protocol import PartitionFigures
from tests.support.desks import T0, quiet_city
from tests.support.one_desk import gateway_with_desk
from tests.unit.answers.test_hub_figures import city_with_hubs, on_the_topic, told


async def no_figures(path: str, params: Mapping[str, str], kind: type[Any]) -> ShardAnswers[Any]:
    """What the tables of a city answer that has counted nothing."""
    return ShardAnswers({0: PartitionFigures(1, {})}, 1)


async def test_the_status_shows_each_hub_beside_the_city_and_none_as_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """One was heard just now, the other never; the city's own figures do not have theirs."""
    hubs = HubsHeard(load_settings(), city_with_hubs("roads", "works"))
    hubs.take("roads", [on_the_topic(told(), now_ms())])
    try:
        async with gateway_with_desk(city_with_hubs("roads", "works"), T0, hubs) as (client, behind):
            monkeypatch.setattr(behind, "ask", no_figures)
            found = (await client.get("/status?from=2026-03-01&to=2026-03-12")).json()
    finally:
        hubs.look_at(quiet_city())

    heard, never = found["hubs"]["roads"], found["hubs"]["works"]
    assert (heard["state"], heard["indicators"], heard["window"]["from"]) == (
        "heard",
        {"open": 4, "closure_rate": None},
        "2026-03-01",
    )
    assert (never["state"], never["indicators"], never["age_seconds"]) == ("never", None, None)
    assert found["city"]["open"] == 0
