"""Who may call which route of the gateway: every route has a row, and every role is held to it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace
from starlette.routing import BaseRoute

from dispatcher.order.facts import Accepted, Assigned
from dispatcher.partition.identity import area_of
from models.access import ACCESS, Holder
from models.city import City
from models.events import Why
from models.inbox import Actor
from streams.access.holders import Holders
from streams.access.rights import NEEDED, callers
from streams.gateway.app import Parts, make_app
from streams.gateway.events.event_writer import EventWriter
from streams.gateway.routes import live
from streams.gateway.routes.live import is_shown
from streams.gateway.shards import Shards
from streams.gateway.shutdown import Shutdown
from streams.gateway.waiting import FactTail
from streams.intake.reading.said import SaidReport, content_of
from streams.settings import load_settings
from streams.tables.protocol import PartitionOrder, PartitionOrders, ShardOrder, ShardOrders, brief
from tests.support.desk_rows import opened
from tests.support.desks import T0, Desk
from tests.support.desks import report as desk_report
from tests.support.tokens import bearer, grant, one_of_each, tokens_file
from tests.web.answers.test_partial import figures, workers
from tests.web.conftest import NOWHERE, Open

# What each role may call, besides what everybody may.
ACTING = {"unit", "reporter", "department", "inspector", "reviewer", "dispatcher", "duty-officer", "operator"}
CALLERS = {
    "GET /metrics": {"ops", "admin"},
    "GET /openapi.json": set(ACCESS),
    "POST /reports": {"app", "reporter"},
    "GET /prefill": set(ACCESS) - {"sensor", "public"},
    "POST /detections": {"sensor"},
    "POST /measurements": {"sensor"},
    "POST /rechecks": {"sensor"},
    "POST /units": {"unit"},
    "GET /detections/{detection_id:path}": {"sensor"},
    "POST /orders/{order_id}/updates": ACTING,
    "GET /orders/{order_id}/moves": ACTING,
    "GET /seat": ACTING,
    "GET /silences": set(ACCESS) - {"sensor", "app", "reporter", "public"},
    "POST /silences": {"dispatcher", "duty-officer", "operator"},
    "POST /silences/{number}/approve": {"duty-officer", "operator"},
    "POST /silences/{number}/end": {"dispatcher", "duty-officer", "operator"},
    "GET /reports/{report_id:path}": set(ACCESS) - {"sensor", "public"},
    "GET /orders": set(ACCESS) - {"sensor", "app", "reporter", "public"},
    "GET /orders/{order_id}": set(ACCESS) - {"sensor", "app", "reporter", "public"},
    "GET /orders/{order_id}/sightings": set(ACCESS) - {"sensor", "app", "reporter", "public"},
    "GET /events/assignments": set(ACCESS) - {"sensor", "app", "reporter", "public"},
    "GET /areas": set(ACCESS) - {"sensor", "app", "reporter"},
    "GET /trend": set(ACCESS) - {"sensor", "app", "reporter"},
    "GET /cameras": set(ACCESS) - {"sensor", "app", "reporter", "public"},
    "GET /units": {"duty-officer", "operator", "admin"},
    "GET /false-alarms": set(ACCESS) - {"sensor", "app", "reporter", "public"},
    "GET /status": set(ACCESS) - {"sensor", "app", "reporter"},
    "GET /status/{department}": set(ACCESS) - {"sensor", "app", "reporter"},
}  # fmt: skip
ANYBODY = {
    "GET /",
    "GET /o/{order_id}",
    "GET /desk",
    "GET /desk/silences",
    "GET /docs",
    "GET /open",
    "GET /open/figures",
    "GET /indicators.csv",
    "GET /r/{token}",
    "GET /r/{token}/order",
    "POST /r/{token}/updates",
    "GET /page/{name}",
    "GET /favicon.ico",
    "GET /livez",
    "GET /readyz",
    "GET /open311/v2/discovery.{format}",
    "GET /open311/v2/services.{format}",
    "GET /open311/v2/services/{code}.{format}",
    "GET /open311/v2/requests.{format}",
    "POST /open311/v2/requests.{format}",
    "GET /open311/v2/requests/{request_id}.{format}",
    "GET /open311/v2/tokens/{token}.{format}",
    "GET /open311/v2/servicerequestupdates.{format}",
    "POST /open311/v2/servicerequestupdates.{format}",
}
WITHIN = {
    "order_id": "gulou-20260301-aaaaaaaaaa",
    "name": "app.js",
    "department": "roads",
    "report_id:path": "r-1?source=x",
    "detection_id:path": "d-1?source=x",
    "number": "1",
}


def _routes(routes: list[BaseRoute]) -> Iterator[str]:
    for route in routes:
        inner = getattr(route, "original_router", None)  # newer versions of FastAPI keep a router as it was included
        if inner is not None:
            yield from _routes(inner.routes)
        else:
            for method in set(getattr(route, "methods", ())) - {"HEAD"}:
                yield f"{method} {getattr(route, 'path', '')}"


async def test_every_route_says_who_may_call_it(city: City) -> None:
    """A new route without a row fails here, and nobody could call it."""
    settings = load_settings(kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only")
    shards, writer = Shards(settings), EventWriter(settings, Shutdown())
    app: Any = make_app(Parts(settings, city, shards, writer, FactTail(settings), Holders(settings), Shutdown()))
    await writer.stop()
    await shards.close()
    while not hasattr(app, "router"):  # what is around the application
        app = app._app

    assert sorted(_routes(app.router.routes)) == sorted(NEEDED)
    assert set(NEEDED) == ANYBODY | set(CALLERS)
    assert {route: set(callers(route)) for route in CALLERS} == CALLERS


@pytest.mark.parametrize("route", sorted(CALLERS))
async def test_each_role_calls_what_its_row_allows_and_nothing_else(
    gateway: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    """403 says who may; what is allowed comes to whatever it comes to without Kafka and tables."""
    monkeypatch.setattr(live, "MOST_LISTENERS", 0)  # else the stream of events would not end
    method, path = route.split(" ")
    for name, value in WITHIN.items():
        path = path.replace(f"{{{name}}}", value)

    async with gateway(gateway_tokens_file=one_of_each(tmp_path / "t")) as client:
        answers = {role: (await client.request(method, path, headers=bearer(role))).status_code for role in ACCESS}

    assert {role for role, status in answers.items() if status not in (401, 403)} == CALLERS[route]
    assert 401 not in answers.values()


async def test_what_has_no_row_is_not_asked_of_the_router(gateway: Open, tmp_path: Path) -> None:
    """An address or a method that there is not, for whoever has a token; without one nobody learns even that."""
    async with gateway(gateway_tokens_file=one_of_each(tmp_path / "t")) as client:
        nowhere = await client.get("/nowhere", headers=bearer("admin"))
        method = await client.delete("/orders", headers=bearer("admin"))
        stranger = await client.get("/nowhere")

    assert (nowhere.status_code, method.status_code, method.headers["allow"]) == (404, 405, "GET")
    assert stranger.status_code == 401


async def test_figures_and_lists_by_person_are_for_those_who_answer_for_people(gateway: Open, tmp_path: Path) -> None:
    """They name clerks; for everybody else they are 403."""
    async with gateway(gateway_tokens_file=one_of_each(tmp_path / "t")) as client:
        for role in sorted(CALLERS["GET /status"]):
            by_person = await client.get("/status?by=actor", headers=bearer(role))
            assert (by_person.status_code == 403) == (role not in {"duty-officer", "operator", "admin"})
        listed = await client.get("/orders?indicator=closed&actor=li", headers=bearer("department"))
        assert listed.status_code == 403


async def test_whoever_takes_no_steps_does_not_learn_who_does(gateway: Open, tmp_path: Path) -> None:
    """Of an order's steps: the role and the department. What is open to the public names nobody at all."""
    desk = Desk()
    desk.feed(desk_report("1", T0), at=T0)
    desk.update("accept", Actor("department", "roads", "clerk-li"), T0)
    order = desk.only()
    told = {f"/orders/{order.id}": ShardOrder({n: PartitionOrder(1, order if n == 0 else None) for n in range(4)})}
    path = one_of_each(tmp_path / "t")

    answered = workers(told | figures(p0=(10, 3)))
    async with answered as places, gateway(gateway_tokens_file=path, tables_workers=places) as client:
        seen = {role: await client.get(f"/orders/{order.id}", headers=bearer(role)) for role in ACCESS}
        public = await client.get("/status?by=area", headers=bearer("public"))

    shown = {role: answer.text for role, answer in seen.items() if answer.status_code == 200}
    assert shown.keys() == CALLERS["GET /orders/{order_id}"]
    assert {role for role, text in shown.items() if "clerk-li" not in text} == {"ops"}
    assert '"by":{"role":"department","department":"roads"}' in shown["ops"]
    assert public.status_code == 200
    assert "actor" not in public.text


async def test_a_department_sees_its_own_orders_only(gateway: Open, tmp_path: Path) -> None:
    """Another's is 404, as one that there is not: whether it exists is none of its business. Lists are its own."""
    order = opened(0)
    answered = {
        "/orders": ShardOrders({n: PartitionOrders(1, (brief(order),) if n == 0 else ()) for n in range(4)}),
        f"/orders/{order.id}": ShardOrder({n: PartitionOrder(1, order if n == 0 else None) for n in range(4)}),
    }
    path = tokens_file(
        tmp_path / "t",
        grant("own", "department", department=order.department),
        grant("other", "department", department="parks"),
        grant("here", "inspector", area=order.area),
        grant("elsewhere", "inspector", area="unknown"),
    )
    async with workers(answered) as places, gateway(gateway_tokens_file=path, tables_workers=places) as client:
        for token, seen in (("own", 200), ("other", 404), ("here", 200), ("elsewhere", 404)):
            for address in (f"/orders/{order.id}", "/reports/r?source=s"):
                assert (await client.get(address, headers=bearer(token))).status_code == seen
        others = await client.get("/orders?department=water", headers=bearer("other"))
        beyond = await client.get(f"/orders?area={order.area}", headers=bearer("elsewhere"))

    assert (others.status_code, others.json()["field"]) == (403, "department")
    assert (beyond.status_code, beyond.json()["field"]) == (403, "area")


async def test_who_may_not_read_orders_is_not_told_the_words_of_others(gateway: Open, tmp_path: Path) -> None:
    """A report joins what somebody else has reported: of that a citizen or an app is told how it stands, and neither
    what was written nor where exactly it is; whoever reads orders is told all of it."""
    key = load_settings(personal_key="for these tests only").hmac_key
    order = replace(opened(0), title="Wang behind the red door", address="3-2-501", lat=30.6, lon=114.3)
    joined = [
        replace(order.evidence_first[0], source=role, id="mine", text="", content=content_of(SaidReport("x"), key))
        for role in ("app", "reporter")
    ]
    order = replace(order, evidence_first=(*order.evidence_first, *joined))
    answered = {
        "/orders": ShardOrders({n: PartitionOrders(1, (brief(order),) if n == 0 else ()) for n in range(4)}),
        f"/orders/{order.id}": ShardOrder({n: PartitionOrder(1, order if n == 0 else None) for n in range(4)}),
    }
    path = one_of_each(tmp_path / "t")

    async with workers(answered) as places, gateway(gateway_tokens_file=path, tables_workers=places) as client:
        asked = {
            role: (await client.get("/reports/mine?source=app", headers=bearer(role))).json()["order"]
            for role in CALLERS["GET /reports/{report_id:path}"]
        }
        sent = {"prefer": "wait=5", "ce-id": "mine"} | bearer("app")
        again = (await client.post("/reports", json={"text": "x"}, headers=sent)).json()

    worded = {role for role, shown in asked.items() if {"title", "address", "location"} & shown.keys()}
    assert worded == CALLERS["GET /orders/{order_id}"]
    assert asked["app"].items() >= {"id": order.id, "state": order.state}.items()
    assert (again["repeated"], again["order"]) == (True, asked["app"])


async def test_whoever_has_an_area_sees_what_was_moved_there_and_what_was_found_there(
    gateway: Open, tmp_path: Path
) -> None:
    """Who has moved an order by mistake can take it back; nobody else's area is concerned."""
    order = replace(opened(0), area="shiqiao")
    answered = {f"/orders/{order.id}": ShardOrder({n: PartitionOrder(1, order if n == 0 else None) for n in range(4)})}
    areas = {area_of(order.id): 200, order.area: 200, "unknown": 404}
    path = tokens_file(tmp_path / "t", *(grant(area, "inspector", area=area) for area in areas))

    async with workers(answered) as places, gateway(gateway_tokens_file=path, tables_workers=places) as client:
        shown = {a: (await client.get(f"/orders/{order.id}", headers=bearer(a))).status_code for a in areas}

    assert shown == areas


async def test_the_status_says_whether_tokens_are_asked_for(gateway: Open, tmp_path: Path) -> None:
    """Whoever tries it out on one machine can see that nobody is kept out."""
    async with workers(figures(p0=(10, 3))) as places:
        async with gateway(tables_workers=places) as client:
            shown = (await client.get("/status")).json()
            assert (shown["access"], shown["words"]) == ("open", "clear")
        path = one_of_each(tmp_path / "t")
        async with gateway(tables_workers=places, gateway_tokens_file=path) as client:
            for role, inner in (("public", False), ("ops", True)):
                shown = (await client.get("/status", headers=bearer(role))).json()
                assert shown["access"] == "tokens"
                assert [each in shown for each in ("drift", "unlisted", "stages", "dead_letters", "words")] == [
                    inner
                ] * 5


def test_a_department_follows_its_own_assignments_only(city: City) -> None:
    """As lead or assist; a holder with an area those of the area."""
    made = Assigned(
        order_id="gulou-20260301-aaaaaaaaaa", seq=2, state="assigned", at=0, recorded_at=0, actor=Actor("desk"),
        attempt=1, department="roads", why=Why(by="table"), assists=("parks",),
    )  # fmt: skip

    def shown(**holder: str) -> bool:
        return is_shown(made, (), city, Holder(**{"role": "department", "person": "p", "source": "s"} | holder))

    assert [shown(department=each) for each in ("roads", "parks", "education")] == [True, True, False]
    assert [shown(role="inspector", area=each) for each in ("", "gulou", "shiqiao")] == [True, True, False]
    there = Holder(role="inspector", person="p", source="s", area="shiqiao")
    assert is_shown(made, (), city, there, moved_to="shiqiao")
    assert is_shown(made, (), city, None)
    accepted = Accepted(order_id=made.order_id, seq=3, state="accepted", at=0, recorded_at=0, actor=Actor("desk"))
    parks = Holder(role="department", person="p", source="s", department="parks")
    assert [is_shown(accepted, held, city, parks) for held in ((), ("roads", "parks"))] == [False, True]


async def test_whoever_signs_in_elsewhere_is_let_in_by_the_words_of_a_claim(gateway: Open, tmp_path: Path) -> None:
    """With the rights of that role and no others; a token that was changed is none."""
    key = ec.generate_private_key(ec.SECP256R1())
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)]}))
    provider = {"oidc_issuer": "https://login.example", "oidc_audience": "paidan", "oidc_keys": str(keys)}
    said = {"iss": "https://login.example", "aud": "paidan", "sub": "li", "exp": 2**33, "roles": ["clerks"]}
    token = jwt.encode(said, key, "ES256")

    async with gateway(oidc_roles="clerks=department:roads", **provider) as client:
        mine = await client.get("/orders?department=parks", headers=bearer(token))
        metrics = await client.get("/metrics", headers=bearer(token))
        changed = await client.get("/orders", headers=bearer(token[:-2]))

    assert (mine.status_code, mine.json()["field"]) == (403, "department")  # it is that of the roads
    assert (metrics.json()["role"], changed.status_code) == ("department", 401)
