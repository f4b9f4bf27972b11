"""Who works by key, or is read to: nothing sends them back to the top of the page, and what stays is said once."""

import asyncio
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from models.city import City
from tests.support.desk_rows import opened
from tests.support.web.browsers import Seen, browser, seated
from tests.web.pages.test_desk_page import COMMENT, FIRST, SECOND, two_orders
from tests.web.pages.test_page import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in"),
]
AT = "2026-03-01T00:00:00Z"
ACCEPT = {"action": "accept", "term": "签收", "note": "", "roles": ["department"], "fields": []}


async def at_seat(page: Page, city: City, base: str, state: str, role: str, move: Mapping[str, object]) -> None:
    """Let somebody sit at the desk before two orders, with one move."""
    await two_orders(page, city, state=state)
    moves = {"attempt": 0, "moves": [dict(move, roles=[role])]}
    await page.route("**/moves", lambda route: route.fulfill(json=moves))
    await page.add_init_script(f"sessionStorage.setItem('seat', JSON.stringify({{role: '{role}'}}))")
    await page.goto(f"{base}/desk")
    await expect(page.locator(f'.doing [data-action="{move["action"]}"]')).to_be_visible()


@pytest.mark.parametrize("move", [COMMENT, ACCEPT], ids=["by a form", "at once"])
async def test_after_a_step_the_keyboard_is_at_what_may_be_done_now(
    city: City, tmp_path: Path, move: Mapping[str, object]
) -> None:
    """The form that had it is gone, and so is a button that took its step at once."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await at_seat(page, city, base, "assigned", "department", move)
        await page.route("**/updates", lambda route: route.fulfill(json={"fact": {"seq": 1}}))
        await page.locator(f'.doing [data-action="{move["action"]}"]').press("Enter")
        if move["fields"]:
            await page.fill('form.move [name="reason"]', "a word")
            await page.locator("form.move .primary").press("Enter")

        await expect(page.locator("#done")).to_be_visible()
        await expect(page.locator(".doing")).to_be_focused()


async def test_after_a_refusal_the_keyboard_is_at_the_button_that_sends(city: City, tmp_path: Path) -> None:
    """It could not be used while the desk was deciding."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await at_seat(page, city, base, "assigned", "department", COMMENT)
        await page.route("**/updates", lambda route: route.fulfill(status=409, json={"title": "no longer possible"}))
        await page.locator('.doing [data-action="comment"]').press("Enter")
        await page.fill('form.move [name="reason"]', "a word")
        await page.locator("form.move .primary").press("Enter")

        await expect(page.locator(".doing .notice")).to_have_text("no longer possible")
        await expect(page.locator("form.move .primary")).to_be_focused()


async def test_what_is_picked_by_key_leaves_the_keyboard_where_it_is(city: City, tmp_path: Path) -> None:
    """In the list, and on the button that picks all: it went to the line of the order that is open."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await at_seat(page, city, base, "assigned", "department", COMMENT)
        boxes = page.locator('#lines input[type="checkbox"]')

        await boxes.nth(1).press("Space")
        await expect(boxes.nth(1)).to_be_checked()
        await expect(boxes.nth(1)).to_be_focused()
        assert await boxes.nth(1).get_attribute("data-pick") == SECOND

        everything = page.locator("#lines .bar-of-list button").first
        await everything.press("Space")
        await expect(everything).to_have_text("Pick none")
        await expect(everything).to_be_focused()
        await expect(page.locator('#lines [aria-current="true"]')).to_have_attribute("data-id", FIRST)


SAID = """
    globalThis.said = [];
    new MutationObserver((all) => said.push(...all.flatMap(({ target, addedNodes }) => {
        const live = (target.closest ? target : target.parentElement)?.closest("[role=status], [role=alert]");
        return live && addedNodes.length ? [`${live.id}: ${live.textContent}`] : [];
    }))).observe(document, { subtree: true, childList: true });
"""


async def _looks(page: Page, ended: list[str], times: int) -> None:
    """The page's clock goes on until so many more of its looks have ended in this way."""
    until = len(ended) + times
    async with asyncio.timeout(60):
        while len(ended) < until:
            await page.clock.run_for(1_000)


@pytest.mark.parametrize(
    ("path", "asked"), [("/", "/status?"), (f"/o/{FIRST}", f"/orders/{FIRST}"), ("/desk", "/orders?")]
)
async def test_what_stays_as_it_is_is_read_out_once(city: City, tmp_path: Path, path: str, asked: str) -> None:
    """A page looks every few seconds; who is read to heard each time that it could not, or that all data are there."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        await page.add_init_script(SAID)
        await two_orders(page, city)
        await page.route("**/events/assignments", lambda route: route.fulfill(status=403))
        await page.goto(base + path)
        await page.wait_for_selector("html[data-ready]")
        await page.evaluate("said.length = 0")
        answered, failed = list[str](), list[str]()
        page.on("response", lambda response: answered.append(response.url) if asked in response.url else None)
        page.on("requestfailed", lambda request: failed.append(request.url) if asked in request.url else None)

        await _looks(page, answered, 2)
        await page.route(lambda url: asked in url, lambda route: route.abort())
        await _looks(page, failed, 12)  # the desk asks for each of its lists

        told: list[str] = await page.evaluate("said")
        notices = [each for each in told if each.startswith("notice: ")]
        assert any("no connection" in each for each in notices)
        # An answer that was on its way when all began to fail takes the notice away once more: then it is news again.
        assert all(one != other for one, other in pairwise(notices)), told
        assert all(one != other for one, other in pairwise(told)), (
            told
        )  # a slow worker's share may be missing meanwhile


async def test_a_seat_that_is_chosen_by_key_keeps_the_keyboard(city: City, tmp_path: Path) -> None:
    """What says who sits there is made anew with each choice: the second key went to the top of the page."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.goto(f"{base}/desk")
        seats = page.locator("#seat select").first
        await seats.focus()
        await page.keyboard.press("End")
        await expect(page.locator("body")).not_to_have_attribute("data-seat", "reviewer")
        await expect(seats).to_be_focused()
        await page.keyboard.press("Home")
        await page.locator("#seat input").fill("ann")
        await page.keyboard.press("Tab")

        await expect(page.locator("#seat input")).not_to_be_focused()
        await expect(page.locator("body")).not_to_be_focused()


async def test_a_line_that_leaves_its_list_hands_the_keyboard_to_the_one_in_its_place(
    city: City, tmp_path: Path
) -> None:
    """Also where it leaves before the answer to the step has come, and the page does not know yet what is open next;
    and with the last line to the list itself."""
    may_come = asyncio.Event()
    left = [SECOND]

    async def list_of(route: Route) -> None:
        lines = [{"id": each, "title": each[-3:], "state": "assigned", "area": {}, "opened_at": AT} for each in left]
        await route.fulfill(json={"orders": lines, "complete": True, "next": None, "total": len(lines)})

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.fulfill(json={"fact": {"seq": 1}})

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await at_seat(page, city, base, "assigned", "department", ACCEPT)
        await page.route("**/updates", late)
        await page.locator(f'#lines [data-id="{FIRST}"]').focus()
        await page.keyboard.press("a")
        await page.route("**/orders?*", list_of)
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

        line = page.locator(f'#lines [data-id="{SECOND}"]')
        await expect(page.locator("#lines [data-id]")).to_have_count(1)
        await expect(line).to_be_focused()
        may_come.set()
        await expect(page.locator("#done")).to_be_visible()
        await expect(line).to_have_attribute("aria-current", "true")
        await expect(line).to_be_focused()

        left.clear()
        await expect(page.locator(f'#order a[href="/o/{SECOND}"]')).to_be_visible()
        await expect(page.locator('.doing [data-action="accept"]')).to_be_visible()  # until then the key does nothing
        await page.keyboard.press("a")
        await expect(page.locator("#lines ol")).to_be_focused()


async def test_who_has_the_keyboard_in_an_order_has_it_in_the_next_one(city: City, tmp_path: Path) -> None:
    """At what may be done now: what they were at is gone with the order before. Also where the answer that they waited
    for is overtaken by another one."""
    may_come = asyncio.Event()
    asked: list[str] = []

    async def late(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            await may_come.wait()
        await route.fallback()

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.goto(f"{base}/desk")
        await expect(page.locator('.doing [data-action="comment"]')).to_be_visible()
        await page.locator(f'#order a[href="/o/{FIRST}"]').focus()
        await page.keyboard.press("j")
        await expect(page.locator(f'#order a[href="/o/{SECOND}"]')).to_be_visible()
        await expect(page.locator(".doing")).to_be_focused()

        await page.route(f"**/orders/{FIRST}", late)
        await page.locator(f'#order a[href="/o/{SECOND}"]').focus()
        async with page.expect_request(f"**/orders/{FIRST}"):
            await page.keyboard.press("k")
        async with page.expect_response(f"**/orders/{FIRST}"):
            await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        may_come.set()

        await expect(page.locator(f'#order a[href="/o/{FIRST}"]')).to_be_visible()
        await expect(page.locator(".doing")).to_be_focused()


async def test_a_button_that_is_gone_once_it_was_pressed_hands_the_keyboard_on(city: City, tmp_path: Path) -> None:
    """Back to the newest orders: to these; that an urgent order was seen: to the next one; a silence that is set: to
    those that are."""
    urgent = [{"order_id": each, "at": datetime.now(UTC).isoformat(), "state": "assigned"} for each in (FIRST, SECOND)]
    stream = "".join(f"event: urgent\ndata: {json.dumps(event)}\n\n" for event in urgent)
    silences = {"zone": "Asia/Shanghai", "silences": [], "control_zones": []}

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.add_init_script("sessionStorage.setItem('seat', JSON.stringify({role: 'dispatcher'}))")
        await page.route(
            "**/events/assignments", lambda route: route.fulfill(body=stream, content_type="text/event-stream")
        )
        await page.route(f"{base}/silences", lambda route: route.fulfill(json=silences))
        await page.goto(base)
        await page.locator("#cards [data-query]").first.press("Enter")
        await expect(page.locator("#all-orders")).to_be_visible()
        await page.locator("#all-orders").press("Enter")
        await expect(page.locator("#all-orders")).to_be_hidden()
        await expect(page.locator("#orders")).to_be_focused()

        await page.locator(".urgent li button").first.press("Enter")
        await expect(page.locator(".urgent li")).to_have_count(1)
        await expect(page.locator(".urgent li button")).to_be_focused()

        await page.goto(f"{base}/desk/silences")
        for field, value in {"ends_at": "2036-01-01T10:00", "owner": "ann", "comment": "works"}.items():
            await page.fill(f'#wanted [name="{field}"]', value)
        await page.locator("#wanted .primary").press("Enter")
        await expect(page.locator("#known")).to_be_focused()
