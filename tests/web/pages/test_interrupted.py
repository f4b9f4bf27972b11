"""People are interrupted: by slow answers, by none, by a page that is loaded anew, and by what others do meanwhile."""

import asyncio
import json
import re
import shutil
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.async_api import Page, Route, expect

from models.city import City
from streams.gateway.orders.order_document import document
from tests.support.desk_rows import opened
from tests.support.web.browsers import PHONE, Seen, browser, seated
from tests.web.pages.test_desk_page import COMMENT, FIRST, SECOND, two_orders
from tests.web.pages.test_page import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in"),
]
URGENT = "south-w-20260301-u"  # and a number: ids of orders that no list has
ACCEPT: Mapping[str, object] = {"action": "accept", "term": "签收", "note": "", "fields": []}
CHOSEN: Mapping[str, object] = {
    "action": "prioritise", "term": "定级", "note": "",
    "fields": [{"name": "priority", "kind": "priority", "needed": True}],
}  # fmt: skip
SPLIT: Mapping[str, object] = {
    "action": "split", "term": "拆分", "note": "", "fields": [{"name": "report", "kind": "report", "needed": True}],
}  # fmt: skip


async def offered(page: Page, *moves: Mapping[str, object], role: str = "reviewer") -> None:
    """Let the gateway offer these moves of any order."""
    told = {"attempt": 0, "moves": [dict(move, roles=[role]) for move in moves]}
    await page.route("**/moves", lambda route: route.fulfill(json=told))


def shown(page: Page, order: str) -> str:
    """Where the order that is open at the desk says which it is."""
    return f'.reported a[href="/o/{order}"]'


def not_before(may_come: asyncio.Event) -> Callable[[Route], Awaitable[None]]:
    """What holds a request back until its answer may come."""

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.fallback()

    return late


async def test_a_slow_answer_takes_nobody_from_what_they_look_at_meanwhile(city: City, tmp_path: Path) -> None:
    """Pressed twice, it is asked once; a refusal that comes beside another order says whose it is."""
    may_come = asyncio.Event()
    sent: list[str] = []

    async def late(route: Route) -> None:
        sent.append(route.request.url)
        await may_come.wait()
        if len(sent) == 1:
            await route.fulfill(json={"fact": {"seq": 1}})
        else:
            refused = {"detail": "priority is somebody else's", "field": "priority", "rule": "is somebody else's"}
            await route.fulfill(status=422, json=refused)

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await offered(page, ACCEPT)
        await page.route("**/updates", late)
        await page.goto(f"{base}/desk")
        for other in (SECOND, FIRST):
            may_come.clear()
            await page.dblclick('.doing [data-action="accept"]')
            await page.click(f'[data-id="{other}"]')
            await expect(page.locator(shown(page, other))).to_be_visible()
            may_come.set()
            where = page.locator("#done" if other == SECOND else ".doing .notice")
            await expect(where).to_contain_text("aaa" if other == SECOND else "bbb: Priority: is somebody else's")
            await expect(page.locator(shown(page, other))).to_be_visible()

    assert len(sent) == 2


async def test_a_key_that_is_held_down_takes_one_step_and_caps_lock_none_away(city: City, tmp_path: Path) -> None:
    """The next order comes up under the finger: nobody has read it."""
    sent: list[str] = []

    async def taken(route: Route) -> None:
        sent.append(route.request.url)
        await route.fulfill(json={"fact": {"seq": 1}})

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await offered(page, ACCEPT, COMMENT)
        await page.route("**/updates", taken)
        await page.goto(f"{base}/desk")
        await page.wait_for_selector('.doing [data-action="accept"]')
        await page.keyboard.down("a")
        await expect(page.locator("#done")).to_contain_text("accept")
        for _ in range(3):
            await page.keyboard.down("a")  # as the system repeats it
        await page.keyboard.up("a")
        await page.keyboard.press("C")  # without Shift: with Caps Lock on
        await expect(page.locator('form.move [name="reason"]')).to_be_focused()

    assert len(sent) == 1


async def test_a_page_that_is_loaded_anew_has_what_was_chosen_and_what_was_typed(city: City, tmp_path: Path) -> None:
    """In the other language, too, and after another page; what was typed at one seat is not another's."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.goto(f"{base}/desk")
        await page.click("#lists button:nth-child(2)")
        await page.click(f'[data-id="{SECOND}"]')
        await expect(page.locator(shown(page, SECOND))).to_be_visible()
        reason = page.locator('form.move [name="reason"]')
        await page.click('.doing [data-action="comment"]')
        await reason.fill("half a sentence")

        for again in (page.reload(), page.click("#language"), page.goto(f"{base}/open")):
            await again
        await page.go_back()

        await expect(page.locator(shown(page, SECOND))).to_be_visible()
        await expect(page.locator("#lists button:nth-child(2)")).to_have_attribute("aria-pressed", "true")
        await expect(reason).to_have_value("half a sentence")
        await expect(page.locator(".doing .notice")).to_have_text("此前填写的内容仍保留在此。")

        await page.locator("#seat input").fill("ann")
        await page.keyboard.press("Enter")
        await page.click(f'[data-id="{SECOND}"]')
        await expect(page.locator(shown(page, SECOND))).to_be_visible()
        await expect(reason).to_have_count(0)


async def test_on_a_phone_the_way_back_leads_from_an_order_to_its_list(city: City, tmp_path: Path) -> None:
    """And not out of the desk."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen(), PHONE)).page
        await two_orders(page, city)
        await page.goto(f"{base}/desk")
        for back in (page.go_back, lambda: page.click("#to-list")):
            await page.click(f'[data-id="{SECOND}"]')
            await expect(page.locator(shown(page, SECOND))).to_be_visible()
            await expect(page.locator("#lines")).to_be_hidden()

            await back()

            await expect(page.locator("#lines")).to_be_visible()
            assert page.url == f"{base}/desk"


async def test_what_is_marked_or_opened_stays_so_while_the_page_is_kept_up_to_date(city: City, tmp_path: Path) -> None:
    """Nobody can copy an address, or come to a link by key, on a page that is made anew every few seconds."""
    order = opened(1)
    whole = document(order, None, city, order.last_at)
    [turn] = whole["held_by"]
    held = [turn | {"why": {"by": "table"}, "to": "2026-03-01T02:00:00Z"}, turn | {"from": "2026-03-01T02:00:00Z"}]
    told = {"text": "in front of the school", "held_by": held, "priority": 3}
    async with serving(city, order) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.route(re.compile(f"/orders/{order.id}$"), lambda route: route.fulfill(json={**whole, **told}))
        await page.goto(f"{base}/o/{order.id}")
        await page.locator("#order details summary").click()
        await page.evaluate("getSelection().selectAllChildren(document.querySelector('.reported .text'))")

        told["priority"] = 2
        await expect(page.locator('dt:text-is("Priority") + dd')).to_have_text("2")

        assert await page.evaluate("getSelection().toString()") == told["text"]
        assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"
        assert await page.locator("#order details").get_attribute("open") is not None


async def test_whoever_has_no_connection_is_told_so_in_their_language(city: City, tmp_path: Path) -> None:
    """Neither in the browser's own words nor in those of what stands between."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "zh", tmp_path, Seen())).page
        await two_orders(page, city)
        is_lost = True

        async def seat(route: Route) -> None:
            await (route.abort() if is_lost else route.continue_())

        await page.route("**/seat", seat)
        await page.goto(f"{base}/desk")
        await expect(page.locator("#notice")).to_have_text("暂时无法更新（无法连接）")
        is_lost = False
        await expect(page.locator("#lines [data-id]")).to_have_count(2)  # it is asked again
        await page.route("**/orders?*", lambda route: route.fulfill(status=502, body="<html>bad gateway"))
        await page.click("#lists button:nth-child(2)")
        await expect(page.locator("#notice")).to_have_text("暂时无法更新（HTTP 502）")

        await page.route(f"{base}/silences", lambda route: route.abort())
        await page.goto(f"{base}/desk/silences")
        await expect(page.locator("#notice")).to_have_text("暂时无法更新（无法连接）")
        await expect(page.locator("#who")).to_contain_text("当前席位：研判员")


async def test_a_token_that_does_not_do_is_said_and_somebody_else_s_begins_the_page_anew(
    city: City, tmp_path: Path
) -> None:
    """In the middle of the work a token expires; whoever comes next has lists of their own."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        seat = await (await page.request.get(f"{base}/seat")).json()
        good = ["first"]

        async def known(route: Route) -> None:
            given = route.request.headers.get("authorization", "").removeprefix("Bearer ")
            mine = [
                each for each in seat["seats"] if each["role"] == ("reviewer" if given == "first" else "dispatcher")
            ]
            if given in good:
                await route.fulfill(json=seat | {"open": False, "person": given, "seats": mine})
            else:
                await route.fulfill(status=401, json={"title": "Unauthorized"})

        await page.route("**/seat", known)
        await page.goto(f"{base}/desk")
        dialog = page.get_by_role("dialog", name="Access token")
        await expect(dialog).not_to_contain_text("not known")
        for given in ("wrong", "first"):
            await dialog.locator("input").fill(given)
            await dialog.get_by_role("button").click()
            if given == "wrong":
                await expect(dialog).to_contain_text("This token is not known, or has expired.")
        await expect(page.locator("#seat")).to_have_text("reviewer · first")

        good[:] = ["second"]
        await page.route("**/orders?*", lambda route: route.fulfill(status=401, json={}), times=1)
        # The page looks by itself as well, and may be told before it is asked: the dialog then covers the button.
        await page.dispatch_event("#lists button:nth-child(2)", "click")
        async with page.expect_event("load"):  # the page begins anew
            await dialog.locator("input").fill("second")
            await dialog.get_by_role("button").click()
        await dialog.locator("input").fill("second")  # it asks as well: here no token outlasts a page
        await dialog.get_by_role("button").click()

        await expect(page.locator("#seat")).to_have_text("dispatcher · second")


async def test_a_form_chooses_nothing_for_anybody_and_asks_for_nothing_that_there_is_not(
    city: City, tmp_path: Path
) -> None:
    """The first department of a table, or the most urgent priority, is nobody's choice."""
    sent: list[str] = []
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await offered(page, CHOSEN, SPLIT)
        await page.route("**/updates", lambda route: sent.append(route.request.post_data or ""))
        await page.goto(f"{base}/desk")
        await page.click('.doing [data-action="prioritise"]')
        await expect(page.locator('form.move [name="priority"]')).to_have_value("")
        await expect(page.locator('form.move [name="priority"] option')).to_have_text(["–", "1", "2", "4", "5"])
        await page.click("form.move .primary")
        await expect(page.locator('form.move [name="priority"]')).to_be_focused()
        await expect(page.locator('.doing [data-action="split"]')).to_have_count(0)

    assert sent == []


async def test_a_refused_decision_is_said_until_it_can_have_been_read(city: City, tmp_path: Path) -> None:
    """Its order comes back to the list; that the lists are brought up to date takes nothing off the page."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "zh", tmp_path, Seen())).page
        await two_orders(page, city, guess={"alternatives": [["pothole", 0.5]]})
        await page.route("**/updates", lambda route: route.fulfill(status=409, json={"detail": "已由他人研判。"}))
        await page.goto(f"{base}/desk")
        await page.wait_for_selector(".choices button")

        await page.keyboard.press("1")

        await expect(page.locator("#notice")).to_have_text("aaa：已由他人研判。")
        async with page.expect_response(re.compile("/orders.limit=50")):
            await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(page.locator("#lines [data-id]")).to_have_count(2)
        await expect(page.locator("#notice")).to_have_text("aaa：已由他人研判。")


async def test_a_silence_of_half_a_place_is_not_sent_and_its_form_outlasts_the_page(city: City, tmp_path: Path) -> None:
    """Without its longitude it would be the whole city's. A refusal names the field as the form does, where
    it is seen."""
    sent: list[str] = []
    listed = {"zone": "Asia/Shanghai", "silences": [], "control_zones": []}

    async def silences(route: Route) -> None:
        if route.request.method == "GET":
            await route.fulfill(json=listed)
            return
        sent.append(route.request.post_data or "")
        refused = {"detail": "radius_m must be 1", "field": "radius_m", "rule": "must be 1"}
        await route.fulfill(status=422, json=refused)

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen(), PHONE)).page
        await page.add_init_script("sessionStorage.setItem('seat', JSON.stringify({role: 'dispatcher'}))")
        await page.route(f"{base}/silences", silences)
        await page.goto(f"{base}/desk/silences")
        given = {"lat": "30.6", "radius_m": "50", "ends_at": "2036-01-01T10:00", "owner": "ann", "comment": "works"}
        for field, value in given.items():
            await page.fill(f'#wanted [name="{field}"]', value)
        await page.reload()
        await page.click("#wanted .primary")
        await expect(page.locator('#wanted [name="lon"]')).to_be_focused()
        await page.fill('#wanted [name="lon"]', "114.3")
        await page.click("#wanted .primary")

        await expect(page.locator("#notice")).to_have_text("Metres around it: must be 1")
        await expect(page.locator("#notice")).to_be_in_viewport()

    assert len(sent) == 1


async def test_nothing_is_done_to_the_order_before_while_another_one_is_on_its_way(city: City, tmp_path: Path) -> None:
    """The list points at the next one already: a press would be meant for that."""
    may_come = asyncio.Event()

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.goto(f"{base}/desk")
        await expect(page.locator('.doing [data-action="comment"]')).to_be_visible()
        await page.route(re.compile(f"/orders/({FIRST}|{SECOND})$"), not_before(may_come))
        await page.click("#lists button:nth-child(2)")
        await expect(page.locator(f'#lines [data-id="{FIRST}"][aria-current="true"]')).to_be_visible()
        await expect(page.locator(".reported")).to_be_hidden()
        may_come.set()
        await expect(page.locator(shown(page, FIRST))).to_be_visible()
        await expect(page.locator("#order > [inert]")).to_have_count(0)


async def test_a_press_on_the_order_before_is_nothing_while_the_next_one_is_fetched(city: City, tmp_path: Path) -> None:
    """It stands there still, so that the page does not flicker, and takes nothing."""
    may_come = asyncio.Event()
    sent: list[str] = []

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await offered(page, ACCEPT)
        await page.route("**/updates", lambda route: sent.append(route.request.url))
        await page.route(re.compile(f"/orders/{SECOND}$"), not_before(may_come))
        await page.goto(f"{base}/desk")
        await expect(page.locator('.doing [data-action="accept"]')).to_be_visible()

        await page.click(f'[data-id="{SECOND}"]')
        await expect(page.locator("#order > [inert]")).to_have_count(1)
        await page.click('.doing [data-action="accept"]', force=True)
        may_come.set()

        await expect(page.locator(shown(page, SECOND))).to_be_visible()
        await expect(page.locator("#order > [inert]")).to_have_count(0)

    assert sent == []


async def test_an_urgent_order_stays_open_while_the_gateway_gives_no_answer(city: City, tmp_path: Path) -> None:
    """It is in no list of the seat: only an answer that it is not to be had leads elsewhere. More urgent orders than
    the banner has room for are counted, and noted as seen together."""
    at = datetime.now(UTC).isoformat()
    events = [{"order_id": f"{URGENT}{number}", "at": at, "state": "assigned"} for number in range(8)]
    stream = "".join(f"event: urgent\ndata: {json.dumps(event)}\n\n" for event in events)
    order = msgspec.structs.replace(opened(1), id=f"{URGENT}7")
    answers: list[dict[str, Any]] = [{"json": document(order, None, city, order.last_at)}]

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.route(
            "**/events/assignments", lambda route: route.fulfill(body=stream, content_type="text/event-stream")
        )
        await page.route(re.compile(f"/orders/{order.id}$"), lambda route: route.fulfill(**answers[-1]))
        await page.goto(f"{base}/desk")
        await page.click(f".urgent a[href='/o/{order.id}']")
        await expect(page.locator(shown(page, order.id))).to_be_visible()
        await expect(page.locator('.urgent [role="alert"] li')).to_have_count(5)
        await expect(page.locator(".urgent > p")).to_contain_text("2 more")
        await page.get_by_role("button", name="All seen").click()
        await expect(page.locator(".urgent")).to_be_hidden()

        answers.append({"status": 503, "json": {"title": "busy"}})
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(page.locator("#notice")).to_have_text("Cannot update at the moment (busy)")
        await expect(page.locator(shown(page, order.id))).to_be_visible()

        answers.append({"status": 404, "json": {"title": "not found"}})
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(page.locator(shown(page, FIRST))).to_be_visible()
        assert await page.evaluate("history.state.order") == FIRST


async def test_what_a_reporter_has_sent_does_not_stand_there_to_be_sent_again(city: City, tmp_path: Path) -> None:
    """What was typed outlasts the page until it has arrived."""
    told: dict[str, Any] = {
        "id": "aaa",
        "city": {},
        "category": None,
        "area": {},
        "department": None,
        "state": "review",
    }
    told |= {"zone": "Asia/Shanghai", "due": None, "suppressed": False, "steps": [], "may": ["comment"]}

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.route("**/r/x/order", lambda route: route.fulfill(json=told))
        await page.route("**/r/x/updates", lambda route: route.fulfill(json={}))
        await page.goto(f"{base}/r/x")
        await page.click("#doing summary")
        words = page.locator('#doing [name="reason"]')
        await words.fill("it is still there")
        await page.reload()
        await expect(words).to_have_value("it is still there")

        await page.click("#doing .primary")

        await expect(page.locator("#notice")).to_have_text("Thank you. It has arrived.")
        await expect(words).to_have_value("")
        await expect(words).to_be_hidden()


async def test_a_silence_is_set_though_the_list_of_them_cannot_be_had(city: City, tmp_path: Path) -> None:
    """Its form is empty then, and takes the next one."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        seen = Seen()
        page = (await seated(chrome, base, "", "en", tmp_path, seen)).page
        await page.add_init_script("sessionStorage.setItem('seat', JSON.stringify({role: 'dispatcher'}))")
        await page.route(
            f"{base}/silences",
            lambda route: route.fulfill(status=201 if route.request.method == "POST" else 503, json={"title": "busy"}),
        )
        await page.goto(f"{base}/desk/silences")
        for field, value in {"ends_at": "2036-01-01T10:00", "owner": "ann", "comment": "works"}.items():
            await page.fill(f'#wanted [name="{field}"]', value)

        await page.click("#wanted .primary")

        await expect(page.locator('#wanted [name="owner"]')).to_have_value("")
        await expect(page.locator("#wanted .primary")).to_be_enabled()
        assert [fault for fault in seen.faults if "503" not in fault] == []


async def test_a_lost_answer_does_not_make_somebody_somebody_else(city: City, tmp_path: Path) -> None:
    """Their token has run out, and they have given a new one: the page goes on where it was."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.add_init_script("sessionStorage.setItem('token', 'old')")
        await page.goto(f"{base}/desk")
        await expect(page.locator(shown(page, FIRST))).to_be_visible()
        await page.evaluate("document.body.dataset.same = 'yes'")
        await page.route("**/orders?*", lambda route: route.fulfill(status=401, json={}), times=1)
        await page.route("**/seat", lambda route: route.abort(), times=1)
        await page.dispatch_event("#lists button:nth-child(2)", "click")  # it may be covered, as above
        dialog = page.get_by_role("dialog", name="Access token")
        await dialog.locator("input").fill("new")

        async with page.expect_response("**/seat"):  # it is asked again
            await dialog.get_by_role("button").click()

        await expect(page.locator("#notice")).to_be_hidden()
        await expect(page.locator("body[data-same]")).to_have_count(1)


async def test_whoever_may_read_the_figures_with_another_token_has_the_map_too(city: City, tmp_path: Path) -> None:
    """It was missing until the page was loaded anew, where the first one was of somebody who may not."""

    async def known(route: Route) -> None:
        if route.request.headers.get("authorization") == "Bearer better":
            await route.fallback()
        else:
            await route.fulfill(status=403, json={"title": "no"})

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.add_init_script("sessionStorage.setItem('token', 'camera')")
        for asked in ("**/areas", "**/status?*", "**/orders?*"):
            await page.route(asked, known)
        await page.goto(base)
        await expect(page.locator("#notice")).to_contain_text("HTTP 403")
        await expect(page.locator("#areas")).to_be_hidden()
        await page.route("**/status?*", lambda route: route.fulfill(status=401, json={}), times=1)
        dialog = page.get_by_role("dialog", name="Access token")

        await dialog.locator("input").fill("better")
        await dialog.get_by_role("button").click()

        await expect(page.locator("#map path.area")).not_to_have_count(0)
        await expect(page.locator("#areas")).to_be_visible()


async def test_a_reporter_with_an_old_browser_is_told_why_it_was_not_taken(city: City, tmp_path: Path) -> None:
    """One that an app has built in is older than those of the desk."""
    told: dict[str, Any] = {"id": "aaa", "city": {}, "category": None, "area": {}, "department": None}
    told |= {"zone": "Asia/Shanghai", "due": None, "suppressed": False, "steps": [], "may": ["comment"]}
    told |= {"state": "review"}
    refused = {"detail": "reason is too long", "field": "reason", "rule": "is too long"}
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.add_init_script("delete Object.hasOwn")
        await page.route("**/r/x/order", lambda route: route.fulfill(json=told))
        await page.route("**/r/x/updates", lambda route: route.fulfill(status=422, json=refused))
        await page.goto(f"{base}/r/x")
        await page.click("#doing summary")
        await page.fill('#doing [name="reason"]', "it is still there")

        await page.click("#doing .primary")

        await expect(page.locator("#notice")).to_have_text("In your words: is too long")
