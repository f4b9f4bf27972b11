"""What is typed or picked before a page has heard everything goes by the city's clock all the same."""

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Route, expect

from models.city import City
from tests.support.desk_rows import opened
from tests.support.web.browsers import Seen, browser, seated
from tests.web.pages.test_page import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in"),
]
EVENING = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)  # the next day has begun in the city


async def test_a_silence_that_is_set_before_the_list_has_come_begins_by_the_citys_clock(
    city: City, tmp_path: Path
) -> None:
    """It began eight hours later: what was typed went by UTC until the first list of silences had told the zone."""
    posted: list[dict[str, str]] = []

    async def answer(route: Route) -> None:
        if route.request.method == "POST":
            posted.append(route.request.post_data_json or {})
            await route.fulfill(json={"number": 1, "state": "pending"})  # lists never come

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.add_init_script("sessionStorage.setItem('seat', JSON.stringify({role: 'dispatcher'}))")
        await page.route(f"{base}/silences", answer)
        await page.goto(f"{base}/desk/silences")
        for field, text in (("starts_at", "2036-01-01T10:00"), ("ends_at", "2036-01-02T00:30"), ("owner", "ann")):
            await page.fill(f'#wanted [name="{field}"]', text)
        await page.fill('#wanted [name="comment"]', "works")
        async with page.expect_response(lambda each: each.request.method == "POST"):
            await page.click("#wanted .primary")

    assert [(each["starts_at"], each["ends_at"]) for each in posted] == [
        ("2036-01-01T02:00:00.000Z", "2036-01-01T16:30:00.000Z")
    ]


async def test_today_is_the_citys_also_where_it_is_picked_before_the_zone_is_known(city: City, tmp_path: Path) -> None:
    """The figures of the day before stood there until they were brought up to date."""
    heard = asyncio.Event()
    wanted: list[str] = []

    async def late(route: Route) -> None:
        await heard.wait()
        await route.fallback()

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install(time=EVENING)
        await page.clock.pause_at(EVENING)
        await page.route("**/areas*", late)
        page.on("request", lambda each: wanted.extend(parse_qs(urlsplit(each.url).query).get("from", [])))
        await page.goto(base)
        await page.click('[data-window="today"]')
        await expect(page.locator("#as-of time")).to_be_visible()
        asked = list(wanted)
        heard.set()

    assert asked[-1] == "2026-03-02"
