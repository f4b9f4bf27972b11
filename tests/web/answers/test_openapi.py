"""The OpenAPI document: valid, complete, and in the words of the city that this gateway serves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dispatcher.order.row import ENDED, OPEN
from models.city import City
from models.events import REPORT
from models.formats import FORMATS
from streams.access.rights import NEEDED, callers
from tests.support.tokens import bearer, one_of_each
from tests.support.web.schemas import resolved
from tests.web.conftest import Open

# Pages, and what its own standard describes.
HIDDEN = {
    *(route for route in NEEDED if "/open311/" in route),
    "GET /",
    "GET /desk",
    "GET /desk/silences",
    "GET /o/{order_id}",
    "GET /docs",
    "GET /open",
    "GET /page/{name}",
    "GET /r/{token}",
    "GET /r/{token}/order",
    "POST /r/{token}/updates",
    "GET /favicon.ico",
    "GET /openapi.json",
}


async def _document(client: httpx.AsyncClient, **headers: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/openapi.json", headers=headers)).json()
    return found


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, ways in document["paths"].items():
        for method, operation in ways.items():
            yield f"{method.upper()} {path}", operation


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


async def test_every_reference_leads_somewhere(gateway: Open) -> None:
    """Nobody can make a client from a document whose parts are missing."""
    async with gateway() as client:
        document = await _document(client)

    references = set(_references(document))
    assert len(references) > 20
    for reference in references:
        assert resolved(reference, document)


async def test_every_address_stands_in_it_with_all_that_any_address_may_answer(gateway: Open) -> None:
    """Refusals and faults too, each as a problem document."""
    async with gateway() as client:
        operations = dict(_operations(await _document(client)))

    assert set(operations) == {row.replace(":path", "") for row in NEEDED} - HIDDEN
    for operation in operations.values():
        for status in ("400", "403", "405", "413", "421", "500", "503"):
            assert "application/problem+json" in operation["responses"][status]["content"]
    for route, operation in operations.items():
        if route.startswith("POST /silences"):
            assert {"408", "409", "415", "422"} <= set(operation["responses"])
            assert set(operation["requestBody"]["content"]) == {"application/json"}
        elif route.startswith("POST"):
            assert {"200", "202", "408", "409", "415", "422"} <= set(operation["responses"])
            assert {"application/json", "application/cloudevents+json"} <= set(operation["requestBody"]["content"])


async def test_with_tokens_it_says_which_roles_may_call_what(gateway: Open, tmp_path: Path) -> None:
    """And 401 in place of 421; what needs no token says that, too."""
    async with gateway(gateway_tokens_file=one_of_each(tmp_path / "t")) as client:
        operations = dict(_operations(await _document(client, **bearer("admin"))))

    assert operations["GET /livez"]["security"] == []
    assert operations["POST /reports"]["security"] == [{"token": []}]
    assert operations["POST /reports"]["x-roles"] == list(callers("POST /reports"))
    assert "401" in operations["POST /reports"]["responses"]
    assert "421" not in operations["POST /reports"]["responses"]


@pytest.mark.parametrize(
    ("name", "route"), [("department", "GET /orders"), ("area", "GET /orders"), ("format", "POST /detections")]
)
async def test_parameters_are_in_the_citys_words(gateway: Open, city: City, name: str, route: str) -> None:
    """A client knows them before it asks; an empty one is as if it were left out."""
    known = {
        "department": set(city.departments),
        "area": {"unlocated", *(area.id for area in city.areas)},
        "format": set(FORMATS),
    }

    async with gateway() as client:
        operation = dict(_operations(await _document(client)))[route]

    [parameter] = [one for one in operation["parameters"] if one["name"] == name]
    assert set(parameter["schema"]["enum"]) == known[name] | {""}


async def test_headers_of_events_are_described_as_they_are_taken(gateway: Open) -> None:
    """An empty one is as if it were left out; what is none of the values is refused, before the body is looked at."""
    async with gateway() as client:
        operation = dict(_operations(await _document(client)))["POST /reports"]
        told = {one["name"]: one["schema"] for one in operation["parameters"]}
        blamed = {
            (name, value): (await client.post("/reports", json={"text": 1}, headers={name: value})).json()["field"]
            for name in ("ce-type", "ce-specversion")
            for value in (*told[name]["enum"], "other")
        }

    assert told["ce-type"]["enum"] == [REPORT, ""]
    assert blamed == {(name, value): name if value == "other" else "text" for name, value in blamed}


async def test_states_and_cameras_are_listed_too(gateway: Open, city: City) -> None:
    """The states in answers, the cameras in what a detection may name."""
    async with gateway() as client:
        schemas = (await _document(client))["components"]["schemas"]

    assert set(schemas["OrderLine"]["properties"]["state"]["enum"]) == OPEN | ENDED
    assert set(schemas["Detection"]["properties"]["camera_id"]["enum"]) == set(city.cameras)
