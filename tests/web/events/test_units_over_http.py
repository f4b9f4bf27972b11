"""A mobile unit over HTTP: it says where it is, and takes the steps of its own task, by its own token alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from streams.gateway.routes import receiving
from tests.support.desks import T0, detection
from tests.support.one_desk import DeskBehind, gateway_with_desk
from tests.support.tokens import bearer, grant, tokens_file
from tests.unit.outside.test_units import PARKING, unit_city

HERE = {"state": "free", "location": {"lat": 30.06, "lon": 114.05}}
Opened = tuple[httpx.AsyncClient, DeskBehind]


@pytest.fixture
async def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opened]:
    """A gateway with two units' tokens and one of an operator."""
    monkeypatch.setattr(receiving, "now_ms", lambda: T0)
    tokens = (grant("car-1", "unit"), grant("car-2", "unit"), grant("operator", "operator"))
    path = tokens_file(tmp_path / "t", *tokens)
    async with gateway_with_desk(unit_city(), T0, gateway_tokens_file=path) as found:
        yield found


async def test_a_unit_says_where_it_is_and_files_what_it_finds(opened: Opened) -> None:
    """The token says which unit it is, also in the steps of its task."""
    client, behind = opened
    answer = await client.post("/units", json=HERE, headers=bearer("car-1"))
    assert (answer.status_code, answer.json()["outcome"]) == (202, "noted")
    behind.desk.feed(detection("d", T0, PARKING, confidence=0.6), at=T0)
    order = behind.desk.only().id

    async def act(token: str, action: str) -> int:
        wait = {"prefer": "wait=1", "idempotency-key": f"{token}-{action}"}
        body = {"action": action, "reason": "r"}
        return (await client.post(f"/orders/{order}/updates", json=body, headers=bearer(token) | wait)).status_code

    assert await act("car-2", "verify-pass") == 409
    assert await act("operator", "verify-pass") == 409
    assert [await act("car-1", action) for action in ("accept-task", "arrive", "verify-pass")] == [200] * 3
    assert (behind.desk.only().state, behind.desk.only().department) == ("assigned", "police")


async def test_no_unit_speaks_for_another(opened: Opened) -> None:
    """Nor does one that is none of the city's, and a bad report is answered at once."""
    client, behind = opened

    async def said(token: str, **more: object) -> tuple[int, str]:
        answer = await client.post("/units", json=HERE | more, headers=bearer(token))
        return answer.status_code, answer.json().get("field", answer.json()["type"])

    assert await said("car-1", unit="car-2") == (403, "urn:paidan:problem:not-the-sender")
    assert (await said("car-1", state="asleep"))[0] == 422
    assert (await said("operator"))[0] == 403
    assert behind.desk.state.units == {}
    assert (await client.post("/units", json=HERE | {"unit": " car-1 "}, headers=bearer("car-1"))).status_code == 202
    assert list(behind.desk.state.units) == ["car-1"]


async def test_a_unit_sees_its_task_at_its_seat_and_takes_the_next_step_of_it(opened: Opened) -> None:
    """The one list of a unit's seat has what it was given to look at; the moves are those that it has not taken yet."""
    client, behind = opened
    await client.post("/units", json=HERE, headers=bearer("car-1"))
    behind.desk.feed(detection("d", T0, PARKING, confidence=0.6), at=T0)
    order = behind.desk.only().id

    async def lists(token: str) -> list[str]:
        seat = (await client.get("/seat", headers=bearer(token))).json()["seats"][0]
        assert (seat["role"], [each["name_en"] for each in seat["lists"]]) == ("unit", ["my tasks"])
        found = await client.get(f"/orders?{seat['lists'][0]['query']}", headers=bearer(token))
        return [each["id"] for each in found.json()["orders"]]

    async def moves(token: str) -> list[str]:
        told = (await client.get(f"/orders/{order}/moves", headers=bearer(token))).json()
        return [each["action"] for each in told["moves"]]

    async def task() -> object:
        return (await client.get(f"/orders/{order}", headers=bearer("car-1"))).json().get("task")

    assert (await lists("car-1"), await lists("car-2")) == ([order], [])
    assert await moves("car-2") == []
    for step, offered in (
        ("accept-task", {"accept-task", "arrive", "decline-task", "verify-pass", "verify-fail"}),
        ("arrive", {"arrive", "decline-task", "verify-pass", "verify-fail"}),
        ("verify-pass", {"decline-task", "verify-pass", "verify-fail"}),
    ):
        assert set(await moves("car-1")) == offered
        wait = {"prefer": "wait=1", "idempotency-key": step}
        answer = await client.post(f"/orders/{order}/updates", json={"action": step}, headers=bearer("car-1") | wait)
        assert answer.status_code == 200
        told = await task()
        assert told is None if step == "verify-pass" else isinstance(told, dict) and told["unit"] == "car-1"
    assert await lists("car-1") == []


async def test_what_another_unit_was_given_is_told_only_to_who_may_see_people(opened: Opened) -> None:
    """Where a unit is sent, its people are."""
    client, _ = opened

    async def asked(token: str) -> int:
        return (await client.get("/orders?unit=car-1", headers=bearer(token))).status_code

    assert [await asked(token) for token in ("car-1", "car-2", "operator")] == [200, 403, 200]
