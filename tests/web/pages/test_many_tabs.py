"""Many tabs of one browser, which keeps six connections to a gateway for all of them."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from models.city import City
from tests.support.desk_rows import opened
from tests.support.web.browsers import Seen, browser, seated
from tests.web.pages.test_page import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in"),
]
# Without a window every page of Chromium's takes itself for seen: a test says which is.
HIDDEN = """
    let behind = false;
    Object.defineProperty(document, "hidden", { get: () => behind });
    globalThis.look = (seen) => { behind = !seen; document.dispatchEvent(new Event("visibilitychange")); };
"""


@dataclass(slots=True)
class Tabs:
    """The tabs of a browser, one after the other, of which the last is looked at."""

    context: BrowserContext
    base: str
    pages: list[Page] = field(default_factory=list)

    async def open(self, path: str) -> Page:
        """Another tab."""
        if self.pages:
            await self.pages[-1].evaluate("look(false)")
        page = await self.context.new_page()
        self.pages.append(page)
        await page.goto(self.base + path)
        await page.wait_for_selector("html[data-ready]")
        return page

    async def turn_to(self, page: Page) -> None:
        """Look at one of them."""
        await self.pages[-1].evaluate("look(false)")
        self.pages.append(self.pages.pop(self.pages.index(page)))
        await page.evaluate("look(true)")


@asynccontextmanager
async def tabs(city: City, tmp_path: Path) -> AsyncIterator[Tabs]:
    """A browser without a tab."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        person = await seated(chrome, base, "", "en", tmp_path, Seen())
        await person.page.close()
        await person.context.add_init_script(HIDDEN)
        yield Tabs(person.context, base)


async def test_a_tenth_tab_loads_as_the_first_one_did(city: City, tmp_path: Path) -> None:
    """Each that follows what happens holds a connection for good: six left none to load another page with."""
    async with tabs(city, tmp_path) as opening:
        for number in range(10):
            await opening.open("/" if number % 2 else "/desk")

        await expect(opening.pages[-1].locator("#cards .card").first).to_be_visible()


async def test_a_tab_that_let_go_goes_on_behind_what_it_was_told_last(city: City, tmp_path: Path) -> None:
    """As soon as somebody looks at it again: an urgent order that came meanwhile, however long ago, is announced."""
    asked: list[str | None] = []
    answers = [b"id: 9.9\n: nothing new\n\n"]

    async def told(route: Route) -> None:
        asked.append(route.request.headers.get("last-event-id"))
        await route.fulfill(body=answers[-1], content_type="text/event-stream")

    async with tabs(city, tmp_path) as opening:
        first = await opening.context.new_page()
        opening.pages.append(first)
        await first.clock.install()
        await first.route("**/events/assignments", told)
        async with first.expect_event("requestfinished", lambda request: request.url.endswith("/events/assignments")):
            await first.goto(f"{opening.base}/desk")
        for _ in range(3):
            await opening.open("/")
        urgent = {"order_id": "south-w-20260301-bbbbbbbbbb", "at": datetime.now(UTC).isoformat(), "state": "assigned"}
        answers.append(b"event: urgent\ndata: %s\n\n" % msgspec.json.encode(urgent))
        before = len(asked)
        await first.clock.run_for(60 * 60_000)
        meanwhile = len(asked)

        await opening.turn_to(first)
        await first.clock.run_for(3000)

        await expect(first.locator('.urgent [role="alert"] li')).to_have_count(1)
        assert meanwhile == before
        assert asked[before] == "9.9"


async def test_tabs_that_were_opened_behind_another_follow_once_somebody_looks_at_them(
    city: City, tmp_path: Path
) -> None:
    """Who opens a dozen orders of a list behind it still has the list."""
    asked: list[str] = []
    follows = asyncio.Event()

    async def told(route: Route) -> None:
        asked.append(route.request.url)
        follows.set()
        await route.fulfill(body="", content_type="text/event-stream")

    async with tabs(city, tmp_path) as opening:
        await opening.context.add_init_script("look(false)")
        page = await opening.open("/desk")
        await page.route("**/events/assignments", told)
        await page.reload()
        await page.wait_for_selector("html[data-ready]")
        before = list(asked)

        await page.evaluate("look(true)")
        await asyncio.wait_for(follows.wait(), 20)

        assert before == []
        assert len(asked) == 1
