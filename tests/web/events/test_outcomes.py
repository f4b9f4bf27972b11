"""What becomes of a sighting is told to whoever waits for it, also where no fact of an order says so."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from models.times import to_text
from streams.gateway.routes import receiving
from tests.support.cities import appended
from tests.support.desks import T0, quiet_city
from tests.support.one_desk import DeskBehind, gateway_with_desk

ZONE = {"silences.csv": "area,category,from,to,owner,reason\nsouth-e,*,2026-01-01 00:00,2026-12-31 23:00,police,庙会\n"}
CITY = quiet_city(**ZONE, **appended("labels.csv", "*,*,person,-,"))
LAMP = {"camera_id": "cam-sw-1", "label": "lamp_off", "object_id": "l1"}  # one detection opens an order
HOLE = {"camera_id": "cam-sw-1", "label": "pothole", "object_id": "h1"}  # it takes two
Both = tuple[httpx.AsyncClient, DeskBehind]


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    """A gateway with a desk behind it, at a time that stands still."""
    monkeypatch.setattr(receiving, "now_ms", lambda: T0)
    async with gateway_with_desk(CITY, T0) as both:
        yield both


async def see(client: httpx.AsyncClient, said: dict[str, Any], event_id: str, wait: str = "wait=1") -> dict[str, Any]:
    """Send a detection and wait for what becomes of it."""
    headers = {"ce-source": "cams", "ce-id": event_id} | ({"prefer": wait} if wait else {})
    answer = await client.post("/detections", json=said, headers=headers)
    assert answer.status_code in (200, 202)
    found: dict[str, Any] = answer.json()
    return found


async def asked_again(client: httpx.AsyncClient, event_id: str) -> httpx.Response:
    """What the address of the detection says."""
    return await client.get(f"/detections/{event_id}", params={"source": "cams"})


async def test_the_first_detection_that_opens_an_order_is_answered_with_its_facts(gateway: Both) -> None:
    """Asked again, its address names the order."""
    client, _ = gateway

    first = await see(client, LAMP, "d1")

    assert first["type"] == "city.order.assigned.v1"
    assert (await asked_again(client, "d1")).json() == {
        "event": {"source": "cams", "id": "d1"}, "outcome": "order", "order": first["order"],
    }  # fmt: skip


async def test_a_repeat_names_the_order_in_which_it_is_counted(gateway: Both) -> None:
    """The same object before the same camera."""
    client, _ = gateway
    order = (await see(client, LAMP, "d1"))["order"]

    again = await see(client, LAMP, "d2")

    assert (again["outcome"], again["order"]) == ("repeat", order)
    assert (await asked_again(client, "d2")).json() == again


async def test_a_described_scene_that_is_nothing_for_anybody_is_ignored(gateway: Both) -> None:
    """Under a label that is dropped intake alone can tell, and the desk answers; it opens nothing."""
    client, behind = gateway

    told = await see(client, {"camera_id": "cam-sw-1", "label": "person", "text": "two men repaint a fence"}, "d1")
    quiet = await see(client, {"camera_id": "cam-sw-1", "label": "scene", "text": "a quiet street with cars"}, "d2")

    assert (told["outcome"], quiet["outcome"]) == ("ignored", "ignored")
    assert (await asked_again(client, "d1")).json() == told
    assert behind.desk.state.orders == {}


async def test_one_that_is_too_few_says_how_many_it_takes(gateway: Both) -> None:
    """The next one opens the order."""
    client, _ = gateway

    first, second = await see(client, HOLE, "d1"), await see(client, HOLE, "d2")

    assert {name: first[name] for name in ("outcome", "seen", "wanted")} == {
        "outcome": "watched", "seen": 1, "wanted": 2,
    }  # fmt: skip
    assert second["order"].startswith("/orders/south-w-")


@pytest.mark.parametrize(
    ("said", "outcome"),
    [(LAMP | {"camera_id": "cam-se-1"}, "suppressed"), (LAMP | {"phase": "end"}, "nothing-open")],
)
async def test_one_that_opens_nothing_says_why(gateway: Both, said: dict[str, Any], outcome: str) -> None:
    """A control zone, and the end of what is not open."""
    client, _ = gateway

    found = await see(client, said, "d1")

    assert found == {"event": {"source": "cams", "id": "d1"}, "outcome": outcome}


async def test_a_report_in_a_control_zone_is_told_so(gateway: Both) -> None:
    """It need not wait in vain."""
    client, _ = gateway

    answer = await client.post(
        "/reports", json={"text": "路灯不亮", "location": {"lat": 30.06, "lon": 114.12}}, headers={"prefer": "wait=1"}
    )

    assert (answer.status_code, answer.json()["outcome"]) == (200, "suppressed")


async def test_an_event_whose_id_was_met_before_says_so(gateway: Both) -> None:
    """It was counted and dropped."""
    client, _ = gateway
    await see(client, HOLE, "d1")

    assert (await see(client, HOLE, "d1"))["outcome"] == "duplicate"


async def test_a_vendors_message_is_told_apart_as_well(gateway: Both) -> None:
    """By the message's own id."""
    client, _ = gateway
    body = f'{{"messageid": "m1", "@timestamp": "{to_text(T0)}", "objects": [{{"type": "pothole"}}]}}'

    answer = await client.post(
        "/detections?format=deepstream&camera=cam-sw-1", content=body, headers={"prefer": "wait=1"}
    )

    assert (answer.json()["outcome"], answer.json()["event"]["id"]) == ("watched", "m1")


async def test_nobody_who_does_not_ask_is_answered(gateway: Both) -> None:
    """Repeats stay cheap: intake's quick path reads them, and the desk writes nothing for them."""
    client, behind = gateway
    await see(client, HOLE, "d1", wait="")
    sent = len(behind.desk.sent)

    answer = await see(client, LAMP | {"phase": "end"}, "d2", wait="")

    assert "outcome" not in answer
    assert len(behind.desk.sent) == sent
    assert (await asked_again(client, "d2")).status_code == 404


async def test_only_what_was_asked_for_is_marked_in_the_inbox(gateway: Both) -> None:
    """What is not marked is the same, byte for byte, as if there were no marks."""
    client, behind = gateway
    await see(client, HOLE, "d1", wait="")
    await see(client, HOLE, "d2")

    marks = [getattr(item, "asked", False) for record in behind.desk.inbox for item in record.items]

    assert marks == [False, False, True]


async def test_a_detection_that_nobody_knows_is_not_found(gateway: Both) -> None:
    """And the answer says what is kept."""
    client, _ = gateway

    answer = await asked_again(client, "d9")

    assert (answer.status_code, answer.json()["type"]) == (404, "urn:paidan:problem:not-found")
    assert "Prefer: wait" in answer.json()["detail"]
