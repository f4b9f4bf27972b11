"""What a page of another site lets a browser send is refused; everybody else is served."""

import httpx
import pytest

from tests.web.conftest import Open

ALERT = b"<EventNotificationAlert/>"
VENDOR = "/detections?format=hikvision&camera=gulou-002"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"origin": "http://localhost.evil.example"},
        {"origin": "http://[half"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},  # a form that a page submits
    ],
)
async def test_a_page_of_another_site_cannot_post(gateway: Open, headers: dict[str, str]) -> None:
    """Neither a report nor a vendor's bytes, for which a browser asks no one; the body is not looked at."""
    async with gateway() as client:
        for path in ("/reports", VENDOR, "/orders/x/updates"):
            answer = await client.post(path, content=ALERT, headers=headers)

            assert (answer.status_code, answer.json()["type"]) == (403, "urn:paidan:problem:cross-site")


@pytest.mark.parametrize(
    ("base", "headers"),
    [
        ("http://localhost", {}),
        ("http://localhost", {"origin": "http://localhost"}),
        ("http://localhost", {"origin": "http://localhost:80"}),
        ("http://localhost:8080", {"origin": "http://localhost:8080"}),
        ("http://localhost", {"origin": "https://localhost"}),  # a proxy before the gateway speaks TLS
        ("http://localhost", {"sec-fetch-site": "same-origin", "origin": "http://other-name-of-the-proxy"}),
        ("http://localhost", {"origin": "https://app.example", "authorization": "Bearer t"}),
    ],
)
async def test_our_own_pages_and_what_is_no_browser_can_post(gateway: Open, base: str, headers: dict[str, str]) -> None:
    """They get as far as the contract of what they send."""
    async with gateway(base) as client:
        answer = await client.post(VENDOR, content=ALERT, headers=headers)

    assert answer.status_code == 422


async def test_a_link_can_be_followed(gateway: Open) -> None:
    """From a mail or another site's page to ours; a script of that page gets nothing."""
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    fetched = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"}

    async with gateway() as client:
        seen = [(await client.get("/o/x", headers=headers)).status_code for headers in (followed, fetched)]

    assert seen == [200, 403]


async def test_asking_first_does_not_help(gateway: Open) -> None:
    """A preflight for another origin is answered with no word that would let the browser go on."""
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}

    async with gateway() as client:
        answer: httpx.Response = await client.options("/reports", headers=asked)

    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]
