"""An answer that is lost, and a page that is loaded anew before somebody presses again: the step is taken once."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from models.city import City
from tests.support.desk_rows import opened
from tests.support.kafka import eventually
from tests.support.web.browsers import Seen, browser, seated
from tests.web.pages.test_desk_page import FIRST, two_orders
from tests.web.pages.test_page import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in"),
]
REPORTED: dict[str, Any] = {
    "id": "aaa", "city": {}, "category": None, "area": {}, "department": None, "state": "review", "may": ["comment"],
    "zone": "Asia/Shanghai", "due": None, "suppressed": False, "steps": [],
}  # fmt: skip
SILENCES: dict[str, Any] = {"zone": "Asia/Shanghai", "silences": [], "control_zones": []}


async def at_the_desk(page: Page, city: City, base: str) -> dict[str, Any]:
    """An order whose reviewer comments on it."""
    await two_orders(page, city)
    return {"path": f"/o/{FIRST}", "form": "form.move", "posted": "**/updates", "opens": '[data-action="comment"]'}


async def by_a_link(page: Page, city: City, base: str) -> dict[str, Any]:
    """A reporter who adds words by their link."""
    await page.route("**/r/x/order", lambda route: route.fulfill(json=REPORTED))
    return {"path": "/r/x", "form": "#doing form", "posted": "**/r/x/updates", "opens": "#doing summary"}


async def of_a_silence(page: Page, city: City, base: str) -> dict[str, Any]:
    """Somebody who silences something until the end of a day."""
    await page.add_init_script("sessionStorage.setItem('seat', JSON.stringify({role: 'dispatcher'}))")
    await page.route(f"{base}/silences", lambda route: route.fulfill(json=SILENCES))
    more = {"ends_at": "2036-01-01T10:00", "owner": "ann"}
    return {"path": "/desk/silences", "form": "#wanted form", "posted": f"{base}/silences", "more": more}


@pytest.mark.parametrize("form", [at_the_desk, by_a_link, of_a_silence])
async def test_what_is_sent_again_after_the_page_was_loaded_anew_has_the_same_key(
    city: City, tmp_path: Path, form: Any
) -> None:
    """What was typed is there again, and is the same step; other words are another one, and so is the next one."""
    keys: list[str] = []
    bodies: list[str | None] = []

    async def sent(route: Route) -> None:
        if route.request.method != "POST":
            await route.fallback()
            return
        keys.append(route.request.headers["idempotency-key"])
        bodies.append(route.request.post_data)
        if len(keys) < 3:
            await route.abort()
        else:
            await route.fulfill(json={"fact": {"seq": 1}})

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        place = await form(page, city, base)
        await page.route(place["posted"], sent)
        await page.goto(base + place["path"])
        if "opens" in place:
            await page.click(place["opens"])
        field = "comment" if form is of_a_silence else "reason"
        words = page.locator(f'{place["form"]} [name="{field}"]')
        said = page.locator(".notice:visible", has_text="Press again: it is taken once.")
        for name, value in place.get("more", {}).items():
            await page.fill(f'{place["form"]} [name="{name}"]', value)

        async def settled() -> bool:
            return bool(await page.evaluate("sessionStorage.undecided") == "[]")

        press = page.locator(f"{place['form']} .primary:enabled")
        await words.fill("it is still there")
        await press.click()
        await expect(said).to_be_visible()
        await page.reload()
        await expect(words).to_have_value("it is still there")
        await press.click()
        await expect(said).to_be_visible()
        await words.fill("it is still there, and deeper")
        await press.click()
        await eventually(settled, 20.0, "a step that is decided")

    assert keys[0] == keys[1] != keys[2]
    assert bodies[0] == bodies[1] != bodies[2]
