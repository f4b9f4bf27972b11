"""`Prefer: wait` over the whole path: gateway, intake, desk and back."""

from typing import Any

import httpx
import pytest

from dispatcher.order import facts
from models.city import load_city
from streams.kafka.topics import Names
from streams.local.ports import free_ports
from streams.settings import DEMO_CITY, Settings
from tests.broker.test_gateway import start
from tests.support.kafka import Roles, eventually

PREFER = {"prefer": "wait=20"}


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the demo city."""
    return tuple(load_city(DEMO_CITY).departments)


@pytest.mark.timeout(240)
async def test_the_real_desk_answers_who_waits(settings: Settings, topics: Names, roles: Roles) -> None:
    """Through intake and desk: a report is decided, each step is taken or refused, and the order's page tells it."""
    [port] = free_ports(1)
    for role in ("intake", "desk"):
        roles.start(role)
    await start(roles, settings, gateway_port=str(port))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        text = {"text": "鼓楼街道人民路有一个大坑", "location": {"lat": 30.60, "lon": 114.30}}

        async def decided() -> httpx.Response | None:
            # A new key each time: the first ones may be decided after nobody waits any more.
            answer = await client.post("/reports", json=text, headers={"prefer": "wait=10"})
            return answer if answer.status_code == 200 else None

        answer = await eventually(decided, 150.0, "a decision")
        order_id = answer.json()["order"].removeprefix("/orders/")
        rejected = {"action": "reject", "by": {"role": "operator", "id": "o-1"}, "reason": "for a test"}

        async def update(step: dict[str, Any]) -> httpx.Response:
            return await client.post(f"/orders/{order_id}/updates", json=step, headers=PREFER)

        wrong = await update({"action": "accept", "by": {"department": "education", "id": "x"}})
        assert (wrong.status_code, wrong.json()["order_id"]) == (409, order_id)
        nameless = await update(rejected | {"reason": ""})
        assert nameless.status_code == 409
        taken = await update(rejected)
        assert (taken.status_code, taken.json()["type"]) == (200, facts.CE_TYPES[facts.Rejected])
