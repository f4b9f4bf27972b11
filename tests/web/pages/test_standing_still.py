"""What stands between a page and the gateway loses a connection without a word: nobody waits for ever."""

import asyncio
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Request, Route, expect

from models.city import City
from tests.support.desk_rows import opened
from tests.support.web.browsers import Seen, browser, seated
from tests.web.pages.test_desk_page import FIRST, SECOND, two_orders
from tests.web.pages.test_page import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in"),
]


@pytest.mark.parametrize("path", ["/", "/desk"])
async def test_a_stream_on_which_nothing_comes_any_more_is_asked_for_again(
    city: City, tmp_path: Path, path: str
) -> None:
    """It goes on behind what it was told last, as after a cut; an order of life and limb is announced all the same."""
    asked: list[str | None] = []
    again = asyncio.Event()
    urgent = {"order_id": SECOND, "at": datetime.now(UTC).isoformat(), "state": "assigned"}
    answers = ["id: 9.9\n: nothing new\n\n", None, f"event: urgent\ndata: {json.dumps(urgent)}\n\n"]

    async def told(route: Route) -> None:
        asked.append(route.request.headers.get("last-event-id"))
        said = answers[min(len(asked), len(answers)) - 1]
        if said is None:
            again.set()  # and no answer ever
        else:
            await route.fulfill(body=said, content_type="text/event-stream")

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        await two_orders(page, city)
        await page.route("**/events/assignments", told)
        await page.goto(base + path)
        await asyncio.wait_for(again.wait(), 20)

        await page.clock.run_for(30_000)  # the gateway may have had nothing to say for so long
        assert len(asked) == 2
        async with page.expect_request("**/events/assignments"):
            await page.clock.run_for(45_000)

        await expect(page.locator('.urgent [role="alert"] li')).to_have_count(1)
        assert asked[:3] == [None, "9.9", "9.9"]


async def test_an_answer_that_never_comes_is_waited_for_no_longer_than_a_minute(city: City, tmp_path: Path) -> None:
    """Then it is said as any lost answer, and the button is there again, in any browser."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        await page.add_init_script("delete AbortSignal.timeout")
        await two_orders(page, city)
        await page.route("**/updates", lambda _: None)
        await page.goto(f"{base}/o/{FIRST}")
        await page.click('.doing [data-action="comment"]')
        await page.fill('form.move [name="reason"]', "it is still there")

        async with page.expect_request("**/updates"):
            await page.click("form.move .primary")
        await page.clock.run_for(60_000)

        said = "Not sent (no connection). Press again: it is taken once."
        await expect(page.locator(".doing .notice")).to_have_text(said)
        await expect(page.locator("form.move .primary")).to_be_enabled()


async def test_a_button_that_is_pressed_while_what_it_stands_in_comes_anew_is_pressed(
    city: City, tmp_path: Path
) -> None:
    """The lists of the desk are counted again and again: a press in that moment was lost with the button."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        await two_orders(page, city)
        await page.goto(f"{base}/desk")
        other = page.locator("#lists button").nth(1)
        await expect(other.locator(".count")).to_have_text("2")
        await expect(page.locator(f'.reported a[href="/o/{FIRST}"]')).to_be_visible()

        await other.hover()
        await page.mouse.down()
        left = await page.locator("#lists button").count()

        def is_last(request: Request) -> bool:
            nonlocal left
            left -= "count=true" in request.url
            return not left

        async with page.expect_request_finished(is_last):
            await page.clock.run_for(30_000)
        await page.evaluate("fetch('/page/common.js').then((it) => it.text())")  # what came has been shown by then
        await page.mouse.up()

        await expect(other).to_have_attribute("aria-pressed", "true")
