"""What a camera finds that was asked to look again, over HTTP: checked and decided like any other step."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from models.inbox import Actor
from streams.gateway.routes import receiving
from tests.support.desks import T0, quiet_city
from tests.support.one_desk import DeskBehind, gateway_with_desk

CITY = quiet_city("recheck_minutes = 60.0\nrecheck_share = 0.0\n")
LAMP = {"camera_id": "cam-sw-1", "label": "lamp_off", "object_id": "l1"}  # one detection opens an order
PICTURE = "https://pictures.example/2.jpg"
Both = tuple[httpx.AsyncClient, DeskBehind]


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    """A gateway with a desk behind it, on which a lamp is handled that a camera has seen."""
    monkeypatch.setattr(receiving, "now_ms", lambda: T0)
    async with gateway_with_desk(CITY, T0) as both:
        client, behind = both
        await client.post("/detections", json=LAMP, headers={"ce-source": "cams", "ce-id": "d1"})
        lead = Actor("department", behind.desk.only().department, "wu")
        assert behind.desk.update("accept", lead, T0) == ""
        assert behind.desk.update("handle", lead, T0, evidence_urls=(PICTURE,)) == ""
        yield both


async def answer(gateway: Both, result: str, source: str = "cams", **own: Any) -> httpx.Response:
    """The camera's answer, and what the gateway says to it."""
    client, behind = gateway
    said = {"order_id": behind.desk.only().id, "camera_id": "cam-sw-1", "result": result, "media_urls": [PICTURE]} | own
    headers = {"ce-source": source, "ce-id": f"a-{result}", "prefer": "wait=1"}
    return await client.post("/rechecks", json=said, headers=headers)


@pytest.mark.parametrize(("result", "state", "passed"), [("gone", "closed", True), ("there", "accepted", False)])
async def test_an_answer_of_the_camera_that_was_asked_is_the_check(
    gateway: Both, result: str, state: str, passed: bool
) -> None:
    """Its picture is the evidence, and the camera is recorded as the checker."""
    told = await answer(gateway, result)

    assert (told.status_code, told.json()["type"]) == (200, "city.order.checked.v1")
    fact = told.json()["fact"]
    assert (fact["passed"], fact["evidence_urls"]) == (passed, [PICTURE])
    assert fact["actor"] == {"role": "camera", "id": "cam-sw-1"}
    assert gateway[1].desk.only().state == state


@pytest.mark.parametrize(
    "own",
    [
        {"camera_id": "cam-sw-2"},
        {"source": "another-platform"},
        {"order_id": "south-w-20260302-aaaaaaaaaa"},
        {"attempt": 7},
    ],
)
async def test_any_other_camera_hears_the_same_whatever_there_is(gateway: Both, own: dict[str, Any]) -> None:
    """Not even whether there is such an order."""
    told = await answer(gateway, "gone", **own)

    assert (told.status_code, told.json()["reason"]) == (409, "not-asked")
    assert not {"state", "attempt", "order_seq", "allowed"} & told.json().keys()
    assert gateway[1].desk.only().state == "handled"


@pytest.mark.parametrize("own", [{"result": "unsure"}, {"order_id": "x"}, {"camera_id": ""}])
async def test_an_answer_that_breaks_its_contract_is_none(gateway: Both, own: dict[str, Any]) -> None:
    """The field is named."""
    told = await answer(gateway, **{"result": "gone"} | own)

    assert (told.status_code, told.json()["field"]) == (422, next(iter(own)))


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "9" * 3_000])
async def test_a_number_that_is_none_in_a_field_that_nobody_knows_hurts_no_step(gateway: Both, number: str) -> None:
    """As on Kafka: an answer of a camera ended in a fault of the gateway, and a step was refused."""
    client, behind = gateway
    order = behind.desk.only().id
    headers = {"ce-source": "cams", "prefer": "wait=1", "content-type": "application/json"}
    seen = f'{{"order_id": "{order}", "camera_id": "cam-sw-1", "result": "there", "score": {number}}}'
    step = f'{{"action": "comment", "by": {{"role": "operator"}}, "reason": "seen", "score": {number}}}'

    found = await client.post("/rechecks", content=seen, headers=headers)
    taken = await client.post(f"/orders/{order}/updates", content=step, headers=headers)

    assert (found.status_code, found.json().get("type")) == (200, "city.order.checked.v1")
    assert (taken.status_code, taken.json().get("type")) == (200, "city.order.commented.v1")


async def test_a_number_that_is_none_in_a_field_of_the_contract_is_named(gateway: Both) -> None:
    """It is no field that was left out."""
    client, behind = gateway
    step = b'{"action": "comment", "by": {"role": "operator"}, "reason": "seen", "attempt": NaN}'

    refused = await client.post(
        f"/orders/{behind.desk.only().id}/updates", content=step, headers={"content-type": "application/json"}
    )

    assert (refused.status_code, refused.json()["field"]) == (422, "attempt")
