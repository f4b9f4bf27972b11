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
from tests.support.web.browsers import Seen, browser, seated, told_once
from tests.web.pages.test_desk_page import FIRST, two_orders
from tests.web.pages.test_interrupted import offered
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


async def test_what_is_told_before_the_zone_is_known_stands_by_the_citys_clock_once_it_is(
    city: City, tmp_path: Path
) -> None:
    """Where the first answer of the figures was lost, assignments and urgent orders said the hour of UTC for good."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install(time=EVENING)
        await told_once(page, FIRST, EVENING)
        await page.route("**/status*", lambda route: route.fulfill(status=503, json={"title": "busy"}), times=2)
        await page.goto(base)
        times = page.locator("#assignments time, .urgent time")
        await expect(times).to_have_count(2)
        await expect(page.locator("#assignments")).to_contain_text("place unknown")

        await page.clock.run_for(5_000)

        await expect(times).to_have_text(["04:00:00", "04:00:00"])


SUSPEND = {
    "action": "request-suspension", "term": "申请挂账", "note": "",
    "fields": [{"name": "until", "kind": "instant", "needed": True}],
}  # fmt: skip


async def test_a_year_of_five_digits_is_no_time_and_is_said_to_be_none(city: City, tmp_path: Path) -> None:
    """Whoever pressed saw nothing happen, on the page of silences for good: its button stayed without use."""
    seen = Seen()
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, seen)).page
        await page.add_init_script("sessionStorage.setItem('seat', JSON.stringify({role: 'dispatcher'}))")
        await two_orders(page, city, state="accepted")
        await offered(page, SUSPEND, role="dispatcher")
        await page.goto(f"{base}/desk/silences")
        for field, text in (("ends_at", "20261-01-02T00:30"), ("owner", "ann"), ("comment", "works")):
            await page.fill(f'#wanted [name="{field}"]', text)
        await page.click("#wanted .primary")
        beyond = [await page.locator('#wanted [name="ends_at"]').evaluate("it => it.validity.rangeOverflow")]
        await page.goto(f"{base}/o/{FIRST}")
        await page.click('.doing [data-action="request-suspension"]')
        await page.fill('form.move [name="until"]', "20261-01-02T00:30")
        await page.click("form.move .primary")
        beyond.append(await page.locator('form.move [name="until"]').evaluate("it => it.validity.rangeOverflow"))

    assert beyond == [True, True]
    assert seen.faults == []
