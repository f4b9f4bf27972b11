"""The same event again is a repeat; another one under its name is not, and is said to be none."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from dispatcher.order.facts import UpdateRefused
from models.inbox import Sighting, decode_items
from models.times import to_text
from streams.dead_letters.letter import under_own_name
from streams.gateway.routes import receiving
from tests.support.desks import T0, quiet_city
from tests.support.one_desk import DeskBehind, gateway_with_desk

CITY = quiet_city()
WAIT = {"prefer": "wait=1"}
HOLE = {"text": "路面上有一个大坑", "location": {"lat": 30.05, "lon": 114.05}, "reporter": {"phone": "13800138000"}}
GAS = {"text": "煤气泄漏", "location": {"lat": 30.05, "lon": 114.05}}
LAMP = {"camera_id": "cam-sw-1", "label": "lamp_off", "confidence": 0.9}
Both = tuple[httpx.AsyncClient, DeskBehind]


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    """A gateway with a desk behind it, at a time that stands still."""
    monkeypatch.setattr(receiving, "now_ms", lambda: T0)
    async with gateway_with_desk(CITY, T0) as both:
        yield both


async def report(client: httpx.AsyncClient, body: dict[str, Any], event_id: str = "r-1") -> httpx.Response:
    """Send a report and wait for what becomes of it."""
    return await client.post("/reports", json=body, headers=WAIT | {"ce-source": "hotline", "ce-id": event_id})


async def test_a_report_sent_again_is_answered_with_its_order(gateway: Both) -> None:
    """However it is written this time; nothing is written to the log again."""
    client, behind = gateway
    order_id = (await report(client, HOLE)).json()["fact"]["order_id"]
    written = len(behind.written)

    for again in (HOLE, dict(reversed(HOLE.items())), HOLE | {"title": "", "media_urls": [], "unknown": 1}):
        answer = await report(client, again)
        assert (answer.status_code, answer.json()["repeated"]) == (200, True)
        assert answer.json()["order"]["id"] == order_id
    assert len(behind.written) == written


async def test_a_name_that_is_personal_is_a_name_all_the_same(gateway: Both) -> None:
    """The order keeps a pseudonym for it, under which a repeat and another report are still told apart."""
    client, _ = gateway
    await report(client, HOLE, "13800138000")

    assert (await report(client, HOLE, "13800138000")).json()["repeated"] is True
    assert (await report(client, GAS, "13800138000")).status_code == 409


@pytest.mark.parametrize(
    "other",
    [
        GAS,
        HOLE | {"text": "路面上有一个大坑。"},
        HOLE | {"reporter": {"phone": "13800138001"}},
        HOLE | {"location": {"lat": 30.06, "lon": 114.05}},
        HOLE | {"due_at": None},
    ],
)
async def test_another_report_under_its_name_is_a_conflict(gateway: Both, other: dict[str, Any]) -> None:
    """409, and what it says is kept in a dead letter: it changes no order, and is never said to be a repeat."""
    client, behind = gateway
    await report(client, HOLE)
    rows = behind.rows()

    for _ in range(2):  # asked for again it is no more a repeat than before
        answer = await report(client, other)
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:paidan:problem:other-content")

    assert behind.rows() == rows
    assert [letter.error for letter in behind.dead] == ["other-content"] * 2
    assert (await report(client, HOLE)).json()["repeated"] is True


async def seen(client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
    """Send a detection and wait for what becomes of it."""
    return await client.post("/detections", json=body, headers=WAIT | {"ce-source": "vms", "ce-id": "d-1"})


async def test_another_detection_under_its_name_is_a_conflict(gateway: Both) -> None:
    """409 and a dead letter, whether the first was waited for or not; the same again, however written, is a repeat."""
    client, behind = gateway
    headers = {"ce-source": "vms", "ce-id": "d-1"}
    assert (await client.post("/detections", json=LAMP, headers=headers)).status_code == 202
    rows = behind.rows()

    other = await seen(client, LAMP | {"label": "pothole"})
    again = await seen(client, dict(reversed(LAMP.items())) | {"text": "", "bbox": None})

    assert (other.status_code, other.json()["type"]) == (409, "urn:paidan:problem:other-content")
    assert (again.status_code, again.json()["outcome"]) == (200, "duplicate")
    assert [letter.error for letter in behind.dead] == ["other-content"]
    assert behind.rows() == rows


async def test_another_message_of_a_vendor_under_its_name_is_a_conflict(gateway: Both) -> None:
    """Each of its detections is compared with that of the same name."""
    client, behind = gateway
    both = [LAMP | {"id": f"v-{n}", "time": to_text(T0)} for n in range(2)]
    await client.post("/detections?format=detections", content=msgspec.json.encode(both))

    other = [both[0] | {"confidence": 0.8}, both[1]]
    answer = await client.post("/detections?format=detections", content=msgspec.json.encode(other), headers=WAIT)

    assert answer.status_code == 409
    assert [(letter.error, letter.event_id) for letter in behind.dead] == [("other-content", "v-0")]


async def test_what_was_a_conflict_is_replayed_under_a_name_of_its_own(gateway: Both) -> None:
    """A person who looks at the dead letter can still let the report in; twice let in it is in once."""
    client, behind = gateway
    await report(client, HOLE)
    await report(client, GAS)
    before = set(behind.desk.state.orders)

    for _ in range(2):
        [item] = decode_items(under_own_name(behind.dead[0]) or b"")
        assert isinstance(item, Sighting)
        behind.desk.feed(item)

    [new] = set(behind.desk.state.orders) - before
    assert behind.desk.order(new).text == GAS["text"]
    assert len(behind.dead) == 1


async def test_another_update_under_the_name_of_one_is_refused(gateway: Both) -> None:
    """409 with the reason, and a refused fact; nothing changes. The same one again has no effect."""
    client, behind = gateway
    order_id = (await report(client, HOLE)).json()["fact"]["order_id"]
    decided = {"action": "decide", "by": {"role": "reviewer", "id": "rita"}, "category": "pothole"}
    address, headers = f"/orders/{order_id}/updates", WAIT | {"ce-id": "u-1"}
    assert (await client.post(address, json=decided, headers=headers)).status_code == 200
    rows = behind.rows()

    other = await client.post(address, json=decided | {"category": "street-light"}, headers=headers)
    again = await client.post(address, json=decided, headers={"ce-id": "u-1"})

    assert (other.status_code, other.json()["reason"]) == (409, "other-content")
    assert again.status_code == 202
    assert behind.rows() == rows
    assert [fact.reason for fact in behind.seen if isinstance(fact, UpdateRefused)] == ["other-content"]


async def test_a_desk_that_starts_again_still_tells_them_apart(gateway: Both) -> None:
    """What was said is remembered with the name, in the rows from which the desk is restored."""
    client, behind = gateway
    await report(client, HOLE)

    behind.back_to(behind.kept())

    assert (await report(client, GAS)).status_code == 409
    assert (await report(client, HOLE)).json()["repeated"] is True
