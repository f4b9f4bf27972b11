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
from tests.web.pages.test_interrupted import ACCEPT, offered
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
    """What was typed is there again, and is the same step; other words are another one, and so is the next one,
    be it in the same words."""
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
            typed = await words.evaluate_all("all => all.some((each) => each.value)")
            return not typed and keys[-1] not in await page.evaluate("sessionStorage.undecided")

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
        if "opens" in place:
            await page.click(place["opens"])
        await expect(words).to_have_value("")
        for name, value in place.get("more", {}).items():
            await page.fill(f'{place["form"]} [name="{name}"]', value)
        await words.fill("it is still there, and deeper")
        async with page.expect_response(place["posted"]):
            await press.click()

    assert keys[0] == keys[1] != keys[2]
    assert bodies[0] == bodies[1] != bodies[2] == bodies[3]
    assert keys[3] not in keys[:3]


@pytest.mark.parametrize("form", [at_the_desk, by_a_link])
async def test_what_is_said_again_much_later_is_said_anew(city: City, tmp_path: Path, form: Any) -> None:
    """Of what comes again under its key the desk says nothing: it would never be taken in this tab any more."""
    keys: list[str] = []

    async def lost(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        await route.abort()

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        place = await form(page, city, base)
        await page.route(place["posted"], lost)
        await page.goto(base + place["path"])
        await page.click(place["opens"])
        await page.fill(f'{place["form"]} [name="reason"]', "it is still there")
        press = page.locator(f"{place['form']} .primary:enabled")
        for later in ("09:00", "11:00", ""):
            async with page.expect_event("requestfailed", lambda request: request.method == "POST"):
                await press.click()
            await expect(press).to_have_count(1)
            if later:
                await page.clock.fast_forward(later)

    assert keys[0] == keys[1] != keys[2]


async def test_a_step_whose_answer_was_lost_is_not_that_of_a_later_attempt(city: City, tmp_path: Path) -> None:
    """Its department has the order anew: what it accepts is the assignment that it sees."""
    sent: list[tuple[str, int]] = []

    async def lost(route: Route) -> None:
        sent.append((route.request.headers["idempotency-key"], (route.request.post_data_json or {})["attempt"]))
        await route.abort()

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.route("**/updates", lost)
        for attempt in (1, 1, 3):
            await two_orders(page, city, attempt=attempt)
            await offered(page, ACCEPT)
            await page.goto(f"{base}/o/{FIRST}")
            async with page.expect_request("**/updates"):
                await page.click('.doing [data-action="accept"]')
            await expect(page.locator(".doing .notice")).to_contain_text("Press again: it is taken once.")

    assert [attempt for _, attempt in sent] == [1, 1, 3]
    assert sent[0] == sent[1]
    assert sent[2][0] != sent[0][0]


@pytest.mark.parametrize("waited", [True, False])
async def test_what_the_desk_does_not_answer_twice_is_another_step_the_third_time(
    city: City, tmp_path: Path, waited: bool
) -> None:
    """It may have met it, and says no more; that is said before. Where nobody waited for it, it is still the same."""
    keys: list[str] = []
    applied = {"preference-applied": "wait=5"} if waited else {}

    async def undecided(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        await route.fulfill(status=202, json={}, headers=applied)

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await offered(page, ACCEPT)
        await page.route("**/updates", undecided)
        await page.goto(f"{base}/o/{FIRST}")
        for still in (False, waited, False):
            said = "Taken in, and still not decided." if still else "Taken in; not decided yet."
            await page.click('.doing [data-action="accept"]:enabled')
            await expect(page.locator(".doing .notice")).to_contain_text(said)

    assert keys[0] == keys[1]
    assert (keys[1] == keys[2]) is not waited


async def test_a_silence_whose_answer_was_lost_is_the_same_also_after_another_one_was_set(
    city: City, tmp_path: Path
) -> None:
    """Where it was set and is over by then, that is said, what was written stays, and the next one is another."""
    keys: dict[str, list[str]] = {"first": [], "second": []}

    async def sent(route: Route) -> None:
        if route.request.method != "POST":
            await route.fallback()
            return
        comment = (route.request.post_data_json or {})["comment"]
        keys[comment].append(route.request.headers["idempotency-key"])
        if keys == {"first": keys["first"][:1], "second": []}:
            await route.abort()
        else:
            state = "expired" if len(keys["first"]) == 2 else "active"
            await route.fulfill(json={"number": 1, "state": state})

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        place = await of_a_silence(page, city, base)
        await page.route(place["posted"], sent)
        await page.goto(base + place["path"])
        words = page.locator('#wanted [name="comment"]')

        async def wanted(comment: str, said: str) -> None:
            for name, value in place["more"].items():
                await page.fill(f'#wanted [name="{name}"]', value)
            await words.fill(comment)
            await page.click("#wanted .primary:enabled")
            if said:
                await expect(page.locator("#notice")).to_contain_text(said)
            await expect(words).to_have_value(comment if said else "")

        await wanted("first", "Not sent")
        await wanted("second", "")
        await wanted("first", "It was set before, and is over by now.")
        await wanted("first", "")

    assert keys["first"][0] == keys["first"][1] != keys["first"][2]
    assert keys["second"][0] not in keys["first"]


async def test_what_is_typed_while_an_order_changes_hands_is_meant_for_the_attempt_that_is_shown(
    city: City, tmp_path: Path
) -> None:
    """The page had said that it was still there, and whatever was pressed then was refused as of an earlier attempt."""
    sent: list[int] = []

    async def taken(route: Route) -> None:
        sent.append((route.request.post_data_json or {})["attempt"])
        await route.fulfill(json={"fact": {"seq": 9}})

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        await page.route("**/updates", taken)
        await two_orders(page, city, attempt=1, seq=1)
        await page.goto(f"{base}/o/{FIRST}")
        await page.click('[data-action="comment"]')
        await page.fill('form.move [name="reason"]', "it is still there")
        await two_orders(page, city, attempt=2, seq=9)
        await page.clock.run_for(5_000)
        await expect(page.locator(".doing .notice")).to_contain_text("What you have written is still here.")

        async with page.expect_response("**/updates"):
            await page.click("form.move .primary")

    assert sent == [2]
