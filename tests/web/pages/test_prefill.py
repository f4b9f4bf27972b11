"""What the city knows of a place and of a reporter, for whoever is about to report something."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import cast

import httpx
import pytest

from dispatcher.order.row import Order
from models.events import Evidence
from models.redact import reporter_hash
from models.sealed_words import ERASED
from models.times import to_text
from streams.gateway.orders.order_finder import Finder, Held
from streams.gateway.reporters.known_reporter import known_reporter
from streams.gateway.routes import prefill, receiving
from streams.tables.protocol import Brief, brief
from tests.support.cities import appended
from tests.support.desk_rows import opened
from tests.support.desks import HOUR, REVIEWER, T0, quiet_city
from tests.support.one_desk import DeskBehind, gateway_with_desk
from tests.support.tokens import bearer, grant, one_of_each, tokens_file

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


def standing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the time stand still."""
    for module in (receiving, prefill):
        monkeypatch.setattr(module, "now_ms", lambda: T0)


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Both]:
    """A gateway with a desk behind it, at a time that stands still."""
    standing(monkeypatch)
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


async def test_whoever_sees_some_orders_only_is_told_of_those_close_by(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A department of its own, whoever has an area of those in it; a citizen, who may join any, of all."""
    standing(monkeypatch)
    departments = (grant(name, "department", department=name) for name in ("roads", "works"))
    areas = (grant(area, "inspector", area=area) for area in ("south", "north"))
    file = tokens_file(tmp_path / "t", grant("app", "app"), grant("citizen", "reporter"), *departments, *areas)
    async with gateway_with_desk(CITY, T0, gateway_tokens_file=file) as (client, behind):
        await reported(client, "路面上有一个大坑", 30.0501, 114.05)
        [order] = behind.desk.state.orders
        behind.desk.update("decide", REVIEWER, T0, category="pothole")
        assert behind.desk.order(order).department == "roads"

        told = {
            token: [each["id"] for each in (await asked(client, token, place=HERE)).json()["orders"]]
            for token in ("roads", "works", "south", "north", "citizen")
        }

    assert told == {"roads": [order], "works": [], "south": [order], "north": [], "citizen": [order]}


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
        ({}, 422),
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


async def reported_for(client: httpx.AsyncClient, token: str, who: str, at: int = T0, **more: object) -> None:
    """Report something for somebody, seen at an instant."""
    place = {"lat": 30.05, "lon": 114.05, "address": "南西路12号"}
    body = {"text": "路灯坏了很久没有人来修", "category": "pothole", "location": place} | more
    said = body if token == "reporter" else body | {"reporter": {"id": who, "phone": "13800138000"}}
    sent = await client.post("/reports", json=said, headers=bearer(token) | {"ce-time": to_text(at)})
    assert sent.status_code == 202


async def asked(
    client: httpx.AsyncClient, token: str, who: str = "", place: Mapping[str, float] = {}
) -> httpx.Response:
    """Ask what is known of somebody, and of a place."""
    named = {"reporter-id": who} if who else {}
    return await client.get("/prefill", params=dict(place or {}), headers=bearer(token) | named)


async def test_an_app_is_told_where_its_reporter_was_last_and_how_they_report(gateway: Both) -> None:
    """By the id of their reports, beside what is known of a place or without one; nobody else's is told, nor the
    words, nor who it is."""
    client, _ = gateway
    north, west = {"lat": 30.15, "lon": 114.15, "address": "北东路3号"}, {"lat": 30.12, "lon": 114.02}
    await reported_for(client, "app", "王 1", T0 - 2 * HOUR, text="井盖丢失", channel="hotline", location=west)
    await reported_for(client, "app", "王 1", T0 - HOUR, text="垃圾", channel="wechat", location=north)
    await reported_for(client, "app", "王 1", T0 - 3 * HOUR, channel="hotline")
    await reported_for(client, "app", "other", text="噪音", channel="app", location={"lat": 30.02, "lon": 114.12})

    alone = await asked(client, "app", "%E7%8E%8B%201")
    both = await asked(client, "app", "%E7%8E%8B%201", HERE)

    area = {"id": "north-e", "name_zh": "北东镇", "name_en": "Northeast"}
    place = {"lat": 30.15, "lon": 114.15}
    last = {"at": to_text(T0 - HOUR), "area": area, "address": "北东路3号", "location": place}
    assert alone.json() == {"reporter": {"last": last, "channel": "hotline"}}
    assert (both.json()["area"]["id"], both.json()["reporter"]) == ("south-w", alone.json()["reporter"])
    assert (await asked(client, "app", "nobody")).json() == {"reporter": None}


async def test_of_a_reporter_nobody_is_told_who_has_not_sent_their_reports(gateway: Both) -> None:
    """An app not of another's, though the id is the same; a citizen of themselves alone; officials not at all."""
    client, behind = gateway
    await reported_for(client, "app", "reporter")
    await reported_for(client, "reporter", "", text="垃圾堆积", location={"lat": 30.15, "lon": 114.15})
    assert len({order.reporters for order in behind.desk.state.orders.values()}) == 1

    own = (await asked(client, "reporter")).json()["reporter"]

    assert own["last"]["area"]["id"] == "north-e"
    assert (await asked(client, "reporter", "reporter")).json()["reporter"] == own
    assert (await asked(client, "app", "reporter")).json()["reporter"]["last"]["area"]["id"] == "south-w"
    assert (await asked(client, "reporter", "somebody")).status_code == 403
    for role in ("operator", "department", "inspector", "admin"):
        assert (await asked(client, role, "reporter", HERE)).status_code == 403
        assert "reporter" not in (await asked(client, role, place=HERE)).json()


async def test_an_app_of_one_area_is_told_of_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As it sees no orders there."""
    standing(monkeypatch)
    file = tokens_file(tmp_path / "t", grant("app", "app"), grant("north", "app", area="north-w", source="app"))
    async with gateway_with_desk(CITY, T0, gateway_tokens_file=file) as (client, _):
        await reported_for(client, "app", "1")

        assert (await asked(client, "app", "1")).json()["reporter"] is not None
        assert (await asked(client, "north", "1")).json() == {"reporter": None}


class OneOrder:
    """Finds one order, whosever it is."""

    def __init__(self, order: Order) -> None:
        self._order = order

    async def newest_of(self, reporter: str, most: int) -> list[Brief]:
        """It alone."""
        return [brief(self._order)]

    async def order(self, order_id: str, holder: object) -> Held:
        """The same."""
        return Held(self._order, None)


async def test_an_address_that_was_erased_is_not_told() -> None:
    """It is read as what stands in its place."""
    reporter = reporter_hash(b"k", "1")
    seen = Evidence(kind="report", source="app", id="1", at=T0, reporter=reporter, address=ERASED)
    order = opened(1, evidence_first=(seen,), reporters=(reporter,))

    found = await known_reporter(CITY, cast(Finder, OneOrder(order)), b"k", None, "1")
    other = await known_reporter(CITY, cast(Finder, OneOrder(order)), b"k", None, "2")

    assert found is not None
    assert (found["last"]["address"], found["channel"], other) == ("", "", None)


@pytest.mark.parametrize(
    ("place", "joined"),
    [
        ({"lat": 30.0508, "lon": 114.05}, True),
        ({"lat": 30.0512, "lon": 114.05}, False),
        ({"lat": 30.05, "lon": 114.1001}, False),
        ({"address": "南西路12号", "area": "south-w"}, False),
    ],
    ids=["close by", "farther than it is shown", "in another area", "without coordinates"],
)
async def test_an_order_that_was_shown_is_joined_by_its_id(
    gateway: Both, place: Mapping[str, object], joined: bool
) -> None:
    """With other words than its own, and of no category; its reporters are two then. Elsewhere it is another order."""
    client, behind = gateway
    await reported(client, "路灯坏了很久没有人来修", 30.05, 114.05)
    [shown] = (await client.get("/prefill", params=HERE, headers=bearer("app"))).json()["orders"]

    body = {"text": "我家门口也是", "location": place, "reporter": {"id": "li"}, "joins": shown["id"]}
    sent = await client.post("/reports", json=body, headers=bearer("app") | {"ce-time": to_text(T0)})

    assert sent.status_code == 202
    orders = behind.desk.state.orders
    first = orders[shown["id"]]
    assert len(orders) == (1 if joined else 2)
    assert [seen.rule for seen in first.evidence_first[1:]] == (["named"] if joined else [])
    assert len(first.report_keys) == (2 if joined else 1)


async def test_an_order_that_has_ended_is_joined_by_nobody(gateway: Both) -> None:
    """What is reported after that is news."""
    client, behind = gateway
    await reported(client, "路灯坏了很久没有人来修", 30.05, 114.05)
    [ended] = behind.desk.state.orders
    assert behind.desk.update("reject", REVIEWER, T0, reason="nothing there") == ""

    body = {"text": "我家门口也是", "location": HERE, "joins": ended}
    await client.post("/reports", json=body, headers=bearer("app") | {"ce-time": to_text(T0)})

    assert len(behind.desk.state.orders) == 2


async def test_what_is_no_order_of_the_city_is_refused(gateway: Both) -> None:
    """A number of somebody's in the place of an area would be kept as it is."""
    client, behind = gateway
    for named in ("13800138000-20260302-aaaaaaaaaa", "no order"):
        body = {"text": "我家门口也是", "location": HERE, "joins": named}
        answer = await client.post("/reports", json=body, headers=bearer("app"))
        assert (answer.status_code, answer.json()["field"]) == (422, "joins")
    assert behind.written == []
