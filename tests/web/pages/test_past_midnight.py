"""A page that stands open when the day turns says of what happened before on which day that was, though it is not drawn
anew."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from models.city import City
from models.times import to_text
from streams.gateway.orders.order_document import document
from tests.support.desk_rows import opened
from tests.support.web.browsers import Seen, browser, seated, told_once
from tests.web.pages.test_desk_page import SECOND
from tests.web.pages.test_page import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in"),
]
LATE = datetime(2026, 3, 1, 15, 59, 30, tzinfo=UTC)  # half a minute before midnight in the city
DAYS_MS = 60_000  # between two looks


async def test_what_was_told_before_midnight_says_its_day_after_it(city: City, tmp_path: Path) -> None:
    """The assignments and the urgent orders are told once, and stay."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install(time=LATE)
        await told_once(page, SECOND, LATE - timedelta(minutes=1))
        await page.goto(base)
        times = page.locator("#assignments time, .urgent time")
        await expect(times).to_have_text(["23:58:30", "23:58:30"])

        await page.clock.run_for(DAYS_MS)

        await expect(times).to_have_text(["2026-03-01 23:58", "2026-03-01 23:58"])


async def test_a_page_that_cannot_be_brought_up_to_date_says_days_all_the_same(city: City, tmp_path: Path) -> None:
    """An order whose gateway is away since the evening, in its pairs and its timeline."""
    order = opened(1)
    late = datetime.fromtimestamp(order.opened_at / 1000, UTC).replace(hour=15, minute=59, second=30)
    day, clock = late.date().isoformat(), to_text(order.opened_at)

    async with serving(city, order) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install(time=late)
        await page.goto(f"{base}/o/{order.id}")
        times = page.locator(f'time[datetime="{clock}"]')
        await expect(times.first).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
        await page.route("**/orders/**", lambda route: route.abort())

        await page.clock.run_for(DAYS_MS)

        for each in await times.all():
            await expect(each).to_have_text(re.compile(rf"^{day} \d\d:\d\d"))


async def test_who_held_an_order_is_said_from_when_to_when(city: City, tmp_path: Path) -> None:
    """Of each turn there stood `[object HTMLTimeElement] – [object HTMLTimeElement]`."""
    order = opened(1)
    whole = document(order, None, city, order.last_at)
    [turn] = whole["held_by"]
    start, over, due = "2026-03-01T02:00:00Z", "2026-03-02T02:30:00Z", "2026-03-04T00:30:00Z"
    held = [turn | {"from": start, "to": over}, turn | {"from": over}]
    shown = whole | {"opened_at": start, "overdue_at": due, "due": due, "held_by": held}

    async with serving(city, order) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.set_fixed_time(datetime(2026, 3, 3, 2, 30, tzinfo=UTC))
        await page.route(re.compile(f"/orders/{order.id}$"), lambda route: route.fulfill(json=shown))
        await page.goto(f"{base}/o/{order.id}")

        await expect(page.locator("table.held th small")).to_have_text(
            ["2026-03-01 10:00 – 2026-03-02 10:30", "2026-03-02 10:30 – now"]
        )
        await expect(page.locator("table.held .ends > span > time")).to_have_text(
            ["2026-03-01 10:00", "2026-03-04 08:30"]
        )
