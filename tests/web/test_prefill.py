"""What the city knows of a place, for whoever is about to report something there."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from streams.gateway.routes import prefill, receiving
from tests.support.cities import appended
from tests.support.desks import T0, quiet_city
from tests.support.one_desk import DeskBehind, gateway_with_desk
from tests.support.tokens import bearer, one_of_each

ASSETS = """id,kind,lat,lon,area,name,owner
LD-0101,灯杆,30.0503,114.05,south-w,梧桐路1号杆,works
LD-0102,灯杆,30.0501,114.05,south-w,,works
LD-0103,灯杆,30.06,114.05,south-w,,works
"""
CITY = quiet_city(
    **appended("places.csv", "和平桥,Peace Bridge,,road,south-w,30.0502,114.0502"), **{"assets.csv": ASSETS}
)
HERE = {"lat": 30.05, "lon": 114.05}
Both = tuple[httpx.AsyncClient, DeskBehind]


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Both]:
    """A gateway with a desk behind it, at a time that stands still."""
    for module in (receiving, prefill):
        monkeypatch.setattr(module, "now_ms", lambda: T0)
    async with gateway_with_desk(CITY, T0, gateway_tokens_file=one_of_each(tmp_path / "t")) as both:
        yield both


async def reported(client: httpx.AsyncClient, text: str, lat: float, lon: float) -> None:
    """Report something at a place."""
    body = {"text": text, "category": "pothole", "location": {"lat": lat, "lon": lon, "address": "南西路12号"}}
    assert (await client.post("/reports", json=body, headers=bearer("app"))).status_code == 202


async def test_open_orders_close_by_are_told_without_their_words(gateway: Both) -> None:
    """The closest first; what is farther than a hundred metres is not close."""
    client, behind = gateway
    await reported(client, "路灯坏了很久没有人来修", 30.0505, 114.05)
    await reported(client, "井盖丢失非常危险请尽快处理", 30.0501, 114.0501)
    await reported(client, "另一条街上的垃圾堆积如山", 30.052, 114.05)
    assert len(behind.desk.state.orders) == 3

    answer = await client.get("/prefill", params=HERE, headers=bearer("app"))

    found = answer.json()
    assert found["area"]["id"] == "south-w"
    assert found["place"] == {"name_zh": "梧桐路", "name_en": "Wutong Road", "distance_m": 0}
    assert [order["distance_m"] for order in found["orders"]] == [15, 56]
    for said in ("路灯", "井盖", "12号"):
        assert said not in answer.text


async def test_the_assets_close_by_are_told(gateway: Both) -> None:
    """The closest first, with their owners: an app can offer their ids."""
    client, _ = gateway

    found = (await client.get("/prefill", params=HERE, headers=bearer("app"))).json()["assets"]

    assert [(each["id"], each["kind"], each["distance_m"]) for each in found] == [
        ("LD-0102", "灯杆", 11),
        ("LD-0101", "灯杆", 33),
    ]
    assert found[1]["name"] == "梧桐路1号杆"
    assert found[1]["owner"] == {"id": "works", "name_zh": "水务局", "name_en": "Water Bureau"}


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"lat": 10, "lon": 10}, 404),
        ({"lat": 95, "lon": 114}, 422),
        ({"lat": "nan", "lon": 114}, 422),
        ({"lat": 30.05}, 422),
        (HERE | {"radius": 5}, 422),
    ],
)
async def test_no_place_of_the_city_is_told_as_such(gateway: Both, params: dict[str, object], status: int) -> None:
    """Outside it, or no place at all."""
    client, _ = gateway

    answer = await client.get("/prefill", params=params, headers=bearer("app"))  # type: ignore[arg-type]

    assert answer.status_code == status


async def test_beside_a_border_the_other_area_is_looked_at_too(gateway: Both) -> None:
    """What is close by may lie in another area."""
    client, behind = gateway
    await reported(client, "路灯坏了很久没有人来修", 30.05, 114.0998)
    await reported(client, "井盖丢失非常危险请尽快处理", 30.05, 114.1002)
    assert {order.area for order in behind.desk.state.orders.values()} == {"south-w", "south-e"}

    found = (await client.get("/prefill", params={"lat": 30.05, "lon": 114.0999}, headers=bearer("app"))).json()

    assert len(found["orders"]) == 2
