"""Who may ask the gateway, and how much it reads."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from models.errors import UsageError
from streams.gateway import role
from streams.settings import load_settings
from tests.web.conftest import NOWHERE, Open

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "path", ["/status", "/orders", "/orders/x", "/metrics", "/openapi.json", "/events/assignments"]
)
async def test_with_tokens_configured_data_need_one(gateway: Open, path: str) -> None:
    """No token and a wrong one are both answered with 401 and how to send one."""
    async with gateway(gateway_tokens=("good", "other")) as client:
        for headers in ({}, {"authorization": "Bearer bad"}, {"authorization": "good"}):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"


async def test_any_of_the_tokens_opens(gateway: Open) -> None:
    """Tokens can be changed one after the other, without a gap."""
    async with gateway(gateway_tokens=("good", "other")) as client:
        for token in ("good", "other"):
            answer = await client.get("/metrics", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == 200


async def test_the_page_and_the_probes_need_no_token(gateway: Open) -> None:
    """They hold no data; the page asks for the token itself."""
    async with gateway(gateway_tokens=("good",)) as client:
        for path in ("/", "/o/gulou-20260301-aaaaaaaaaa", "/page/app.js", "/livez"):
            assert (await client.get(path)).status_code == 200


async def test_beyond_loopback_tokens_are_required() -> None:
    """The role refuses to start and names the setting."""
    settings = load_settings(kafka=NOWHERE, gateway_host="0.0.0.0", personal_key="k")
    with pytest.raises(UsageError, match="PAIDAN_GATEWAY_TOKENS"):
        await role.serve(settings, asyncio.Event())


@pytest.mark.slow
async def test_without_tokens_another_host_name_is_not_served(gateway: Open) -> None:
    """A page elsewhere whose name points to this machine gets nothing."""
    async with gateway("http://evil.example") as client:
        assert (await client.get("/metrics")).status_code == 421
    for base in ("http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080"):
        async with gateway(base) as client:
            assert (await client.get("/metrics")).status_code == 200


async def test_a_form_of_another_page_cannot_report(gateway: Open) -> None:
    """What a browser sends without asking first is no JSON, and is not taken."""
    async with gateway() as client:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            answer = await client.post("/reports", content=b'{"text": "x"}', headers={"content-type": kind})
            assert answer.status_code == 415


async def test_a_long_body_is_refused(gateway: Open) -> None:
    """With a length that says so, and in pieces without one."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    async with gateway(gateway_body_bytes=1000) as client:
        whole = await client.post("/reports", content=b"x" * 2000, headers=JSON)
        piecemeal = await client.post("/reports", content=pieces(), headers=JSON)
    assert [whole.status_code, piecemeal.status_code] == [413, 413]
    assert whole.json()["type"] == "urn:paidan:problem:too-large"
