"""People before a browser: Chromium, driven by Playwright; each has a context and a token of their own."""

import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import APIResponse, Browser, BrowserContext, Page, Route, async_playwright, expect

from tests.support.kafka import eventually

DESK, PHONE = (1280, 900), (390, 844)  # pixels
_WAIT_MS = 20_000
_GRAVE = ("serious", "critical")
expect.set_options(timeout=_WAIT_MS)


def chromium() -> str:
    """Where Chromium is. Where there is none, root fetches Debian's; else the test is skipped with the reason."""
    if (found := shutil.which("chromium")) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", *command], check=False, capture_output=True, timeout=240)
        found = shutil.which("chromium")
    if found is None:
        pytest.skip("no Chromium here to show the pages in (Debian: apt-get install chromium)")
    return found


@dataclass(slots=True)
class _Running:
    """The Chromium of this process, once a test has asked for it: to start one takes as long as many a test."""

    browser: Browser | None = None
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)


_running = _Running()


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A Chromium without a window. What is opened in it is closed at the end; the next one gets the same."""
    if _running.browser is None:
        playwright = await _running.closing.enter_async_context(async_playwright())
        _running.browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        _running.closing.push_async_callback(_running.browser.close)
    before = list(_running.browser.contexts)
    try:
        yield _running.browser
    finally:
        for context in _running.browser.contexts:
            if context not in before:
                await context.close()


async def close_browser() -> None:
    """End the Chromium of this process, if there is one."""
    await _running.closing.aclose()
    _running.browser = None


@dataclass(slots=True)
class Seen:
    """What the browsers of a test have asked for, and what went wrong on their pages."""

    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Person:
    """Somebody at a browser. `page` is the one that they look at."""

    token: str
    context: BrowserContext
    page: Page
    base: str
    screenshots: Path

    async def go(self, path: str) -> None:
        """Open a page, and wait until its script has shown it."""
        await self.page.goto(self.base + path)
        await self.page.wait_for_selector("html[data-ready]")

    async def photograph(self, name: str) -> None:
        """Keep what is seen as a picture."""
        await self.page.screenshot(path=self.screenshots / f"{name}.png")

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        """Send a request with the person's token, as an app of theirs would. Raises AssertionError for a refusal."""
        return await _told(await self._fetch(method, path, body, headers))

    async def order(self, order_id: str) -> dict[str, Any]:
        """An order as the gateway shows it, once the tables have it: the desk says earlier that it is there."""

        async def there() -> APIResponse | None:
            answer = await self._fetch("GET", f"/orders/{order_id}", None, {})
            return None if answer.status == 404 else answer

        return await _told(await eventually(there, what="an order in the tables"))

    async def _fetch(self, method: str, path: str, body: object, headers: Mapping[str, str]) -> APIResponse:
        sent = {"authorization": f"Bearer {self.token}", **headers}
        return await self.context.request.fetch(self.base + path, method=method, data=body, headers=sent)


async def _told(answer: APIResponse) -> dict[str, Any]:
    assert answer.ok, (answer.url, await answer.text())
    told: dict[str, Any] = await answer.json()
    return told


async def seated(
    browser: Browser,
    base: str,
    token: str,
    language: str,
    screenshots: Path,
    seen: Seen,
    size: tuple[int, int] = DESK,
) -> Person:
    """A person with a context of their own, whose pages speak their language; what they ask for is noted in `seen`."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale={"zh": "zh-CN", "en": "en-GB"}[language],
        timezone_id="America/New_York",  # not the city's: pages show its times all the same
        reduced_motion="reduce",  # a row that lights up as it appears has other colours for a moment
    )
    context.set_default_timeout(_WAIT_MS)
    await context.add_init_script(f"if (location.protocol === 'http:') sessionStorage.setItem('token', '{token}')")
    context.on("request", lambda request: seen.requests.append(request.url))
    context.on("weberror", lambda error: seen.faults.append(f"{token}: {error.error}"))
    return Person(token, context, await context.new_page(), base, screenshots)


async def told_once(page: Page, order_id: str, at: datetime) -> None:
    """Whoever follows the assignments on this page hears of one at that time, which is urgent as well, and no more."""
    told = {"order_id": order_id, "at": at.isoformat(), "state": "assigned", "attempt": 1, "area": {}}
    said = "".join(f"event: {kind}\ndata: {json.dumps(told)}\n\n" for kind in ("assigned", "urgent"))

    async def events(route: Route) -> None:
        await route.fulfill(body=said, content_type="text/event-stream")

    await page.route("**/events/assignments", events)


async def violations(page: Page) -> list[str]:
    """What axe-core calls serious or critical on a page: the rule and the first place."""
    found = await Axe().run(page)
    return [
        f"{each['id']}: {each['nodes'][0]['target']}"
        for each in found.response["violations"]
        if each["impact"] in _GRAVE
    ]
