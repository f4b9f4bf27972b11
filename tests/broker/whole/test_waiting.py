"""`Prefer: wait` over the whole path: gateway, intake, desk and back."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import ConsumerRecord

from dispatcher.order import facts
from models.city import load_city
from models.envelope import event_type
from streams.access.tokens import revoke
from streams.kafka.topics import Names
from streams.local.ports import free_ports
from streams.settings import DEMO_CITY, Settings
from tests.broker.roles.test_gateway import start
from tests.support.kafka import Kafka, Roles, eventually
from tests.support.tokens import bearer, grant, tokens_file

PREFER = {"prefer": "wait=20"}


def _of_wang(record: ConsumerRecord) -> bool:
    """Whether it is a refusal of the clerk of the parks."""
    return event_type(record.headers) == facts.CE_TYPES[facts.UpdateRefused] and b'"wang"' in record.value


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the demo city."""
    return tuple(load_city(DEMO_CITY).departments)


@pytest.fixture
def units() -> tuple[str, ...]:
    """Its mobile units."""
    return tuple(load_city(DEMO_CITY).units.by_id)


@pytest.mark.timeout(240)
async def test_with_tokens_everybody_is_who_the_token_says(
    kafka: Kafka, settings: Settings, topics: Names, roles: Roles, tmp_path: Path
) -> None:
    """Through intake and desk: a citizen's channel reports, a reviewer decides, the department accepts, whoever names
    somebody else is refused, another report under a name that is taken is a conflict, and a revoked token is none."""
    [port] = free_ports(1)
    people = {"app": "app", "rita": "reviewer", "li": "department", "wang": "department", "ops": "ops"}
    given = {"wang": {"department": "parks"}}
    path = tokens_file(tmp_path / "t", *(grant(name, role, **given.get(name, {})) for name, role in people.items()))
    for role in ("intake", "desk"):
        roles.start(role)
    await start(roles, settings, gateway_port=str(port), gateway_tokens_file=path)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        text = {"text": "鼓楼街道人民路有一个大坑", "location": {"lat": 30.60, "lon": 114.30}}

        async def decided() -> httpx.Response | None:
            answer = await client.post("/reports", json=text, headers={"prefer": "wait=10"} | bearer("app"))
            return answer if answer.status_code == 200 else None

        answer = await eventually(decided, 150.0, "a decision")
        assert answer.json()["event"]["source"] == "app"
        order_id = answer.json()["order"].removeprefix("/orders/")

        async def update(token: str, **step: Any) -> httpx.Response:
            return await client.post(f"/orders/{order_id}/updates", json=step, headers=PREFER | bearer(token))

        assert (await update("app", action="accept")).status_code == 403
        await update("rita", action="decide", category="pothole", department="roads")  # where the classifier has not
        lied = await update("wang", action="accept", by={"department": "roads"})
        assert (lied.status_code, lied.json()["type"]) == (403, "urn:paidan:problem:not-the-sender")
        taken = await update("li", action="accept")
        assert taken.json()["fact"]["actor"] == {"role": "department", "department": "roads", "id": "li"}
        refused = await kafka.read_until(topics.orders, lambda records: any(map(_of_wang, records)))
        told = json.loads(next(filter(_of_wang, refused)).value)
        assert (told["reason"], told["named"]["department"]) == ("not-the-sender", "roads")

        again = PREFER | {"ce-id": answer.json()["event"]["id"]} | bearer("app")
        other = await client.post("/reports", json=text | {"text": "煤气泄漏"}, headers=again)
        assert (other.status_code, other.json()["type"]) == (409, "urn:paidan:problem:other-content")

        revoke(Path(path), grant("li", "department").handle)
        assert (await update("li", action="progress")).status_code == 401


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
