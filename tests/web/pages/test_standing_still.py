"""Answers that do not come, or come late: nobody waits for ever, and nothing older takes the place of what is newer."""

import asyncio
import json
import re
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.async_api import Page, Request, Route, expect

from models.city import City
from streams.gateway.orders.order_document import document
from tests.support.desk_rows import opened
from tests.support.web.browsers import Seen, browser, seated
from tests.web.pages.test_desk_page import FIRST, SECOND, two_orders
from tests.web.pages.test_interrupted import ACCEPT, not_before, offered, shown
from tests.web.pages.test_page import serving
from tests.web.pages.test_taken_once import REPORTED

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


async def test_a_list_that_two_seats_have_at_different_places_opens_for_each(city: City, tmp_path: Path) -> None:
    """Its button looks the same for both and stays where it is: it opened what the other has at its own place."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.goto(f"{base}/desk")
        last = page.locator("#lists button").last
        for role, lists in (("reviewer", 4), ("department", 5), ("reviewer", 4)):
            await page.select_option("#seat select >> nth=0", role)
            await expect(page.locator("#lists .count")).to_have_count(lists)

        await last.click()

        await expect(last).to_have_text("closed2")
        await expect(last).to_have_attribute("aria-pressed", "true")


LATER = "south-w-20260301-cccccccccc"  # an order that no list has


async def settled(page: Page) -> None:
    """What came before has been shown by then."""
    await page.evaluate("fetch('/page/common.js').then((it) => it.text())")


def told_of(city: City, order: str, words: str, **more: object) -> str:
    """What the gateway says of an order in review."""
    row = msgspec.structs.replace(opened(1), id=order, state="review", department="", assignments=(), text=words)
    return json.dumps(document(row, None, city, row.last_at) | more)


def saying(body: str) -> Callable[[Route], Awaitable[None]]:
    """What answers a request with this."""

    async def say(route: Route) -> None:
        await route.fulfill(body=body)

    return say


async def test_moves_that_could_not_be_asked_for_are_asked_for_again(city: City, tmp_path: Path) -> None:
    """The page said for good that there was nothing for this seat, after one answer that said nothing of it."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        await two_orders(page, city)
        await offered(page, ACCEPT)
        await page.route("**/moves", lambda route: route.fulfill(status=503, json={"title": "busy"}), times=1)
        await page.goto(f"{base}/o/{FIRST}")
        await expect(page.locator("#notice")).to_contain_text("busy")

        await page.clock.run_for(5_000)

        await expect(page.locator('.doing [data-action="accept"]')).to_be_visible()


async def test_where_an_order_is_stands_on_a_map_however_soon_the_next_one_is_opened(
    city: City, tmp_path: Path
) -> None:
    """The map was begun twice: the second order had the place of the first, and an error of the map's."""
    may_come = asyncio.Event()

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.route("**/areas", not_before(may_come))
        places = {FIRST: {"lat": 30.01, "lon": 114.01}, SECOND: {"lat": 30.09, "lon": 114.09}}
        for order, place in places.items():
            await page.route(f"**/orders/{order}", saying(told_of(city, order, order, location=place)))
        async with page.expect_request("**/areas"):
            await page.goto(f"{base}/desk")
        async with page.expect_response(lambda each: each.url.endswith(f"{SECOND}/moves")):
            await page.click(f'[data-id="{SECOND}"]')
        await expect(page.locator(shown(page, SECOND))).to_be_visible()
        await settled(page)
        may_come.set()
        dot = page.locator("section:has(> h2:text-is('Where it is')) .dot")
        await expect(dot).to_be_visible()
        await settled(page)
        first_seen = await dot.bounding_box()
        await page.click(f'[data-id="{FIRST}"]')
        await expect(page.locator(shown(page, FIRST))).to_be_visible()
        await page.click(f'[data-id="{SECOND}"]')
        await expect(page.locator(shown(page, SECOND))).to_be_visible()
        await settled(page)

        assert await dot.bounding_box() == first_seen
        await expect(page.locator("#notice")).to_be_hidden()


async def test_what_is_compared_with_an_order_is_gone_with_it(city: City, tmp_path: Path) -> None:
    """It stood under the next order until the moves of that had come, and its buttons were those of the one before."""
    may_come = asyncio.Event()

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        for order, more in ((FIRST, {"candidates": [LATER]}), (LATER, {}), (SECOND, {})):
            await page.route(f"**/orders/{order}", saying(told_of(city, order, f"words of {order}", **more)))
        await page.route(f"**/orders/{SECOND}/moves", not_before(may_come))
        await page.goto(f"{base}/desk")
        await expect(page.locator(".compared")).to_contain_text(f"words of {LATER}")

        await page.click(f'[data-id="{SECOND}"]')
        await expect(page.locator(shown(page, SECOND))).to_be_visible()

        await expect(page.locator(".compared")).to_be_hidden()
        may_come.set()


async def test_what_may_be_the_same_is_asked_for_again_where_it_could_not_be_had(city: City, tmp_path: Path) -> None:
    """A candidate that one answer did not tell of was left out until the order changed."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        await two_orders(page, city)
        for order, more in ((FIRST, {"candidates": [LATER]}), (LATER, {})):
            await page.route(f"**/orders/{order}", saying(told_of(city, order, f"words of {order}", **more)))
        await page.route(f"**/orders/{LATER}", lambda route: route.fulfill(status=503, json={"title": "busy"}), times=1)
        async with page.expect_response(f"**/orders/{LATER}"):
            await page.goto(f"{base}/o/{FIRST}")
        await settled(page)

        await page.clock.run_for(5_000)

        await expect(page.locator(".compared")).to_contain_text(f"words of {LATER}")


@pytest.mark.parametrize(("path", "every_ms"), [(f"/o/{FIRST}", 5_000), ("/desk", 30_000)])
async def test_an_answer_that_another_one_has_overtaken_is_not_shown(
    city: City, tmp_path: Path, path: str, every_ms: int
) -> None:
    """What it said was true before: the order went back to that, on the desk for half a minute."""
    may_come = asyncio.Event()
    asked = 0

    async def told(route: Route) -> None:
        nonlocal asked
        asked += 1
        words = f"answer {asked}"
        if asked == 2:
            await may_come.wait()
        await route.fulfill(body=told_of(city, FIRST, words, seq=asked))

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        await two_orders(page, city)
        await page.route(f"**/orders/{FIRST}", told)
        await page.goto(base + path)
        words = page.locator(".reported .text")
        await expect(words).to_contain_text("answer 1")
        async with page.expect_request(f"**/orders/{FIRST}") as held:
            await page.clock.run_for(every_ms + 1_000)
        async with page.expect_request(re.compile(f"/orders/{FIRST}$")):
            await page.clock.run_for(every_ms + 1_000)
        await expect(words).to_contain_text("answer 3")

        late = await held.value
        async with page.expect_event("requestfinished", lambda each: each == late):
            may_come.set()
        await settled(page)

        await expect(words).to_contain_text("answer 3")


async def test_a_list_that_is_opened_before_the_moves_of_an_order_have_come_is_no_trouble(
    city: City, tmp_path: Path
) -> None:
    """The page said that it could not be brought up to date, by an error of its own."""
    moves, lists = asyncio.Event(), asyncio.Event()

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.route("**/moves", not_before(moves))
        async with page.expect_request("**/moves"):
            await page.goto(f"{base}/desk")
        await page.route(re.compile(r"/orders\?"), not_before(lists))
        await page.click("#lists button:nth-child(2)")
        async with page.expect_response("**/moves"):
            moves.set()
        await settled(page)

        await expect(page.locator("#notice")).to_be_hidden()
        lists.set()


async def test_an_order_that_was_fetched_ahead_is_fetched_anew_when_it_is_come_back_to(
    city: City, tmp_path: Path
) -> None:
    """It stood there as it had been before somebody's own step."""
    words = ["before"]

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.route(f"**/orders/{SECOND}", lambda route: route.fulfill(body=told_of(city, SECOND, words[-1])))
        async with page.expect_response(f"**/orders/{SECOND}"):
            await page.goto(f"{base}/desk")
        await page.click(f'[data-id="{SECOND}"]')
        await expect(page.locator(".reported .text")).to_contain_text("before")
        words.append("behind")
        await page.click(f'[data-id="{FIRST}"]')
        await expect(page.locator(shown(page, FIRST))).to_be_visible()

        await page.click(f'[data-id="{SECOND}"]')

        await expect(page.locator(shown(page, SECOND))).to_be_visible()
        await expect(page.locator(".reported .text")).to_contain_text("behind")


async def test_a_silence_of_an_area_can_be_set_once_the_areas_can_be_had(city: City, tmp_path: Path) -> None:
    """After one lost answer the form could silence nothing but the whole city, until the page was loaded anew."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        await page.add_init_script("sessionStorage.setItem('seat', JSON.stringify({role: 'dispatcher'}))")
        await page.route("**/areas", lambda route: route.fulfill(status=503, json={"title": "busy"}), times=1)
        async with page.expect_response("**/areas"):
            await page.goto(f"{base}/desk/silences")
        await settled(page)

        await page.clock.run_for(5_000)

        await expect(page.locator('#wanted [name="area"] optgroup[label="Areas"]')).to_have_count(1)


@pytest.mark.parametrize(
    ("figure", "then"),
    [
        ("#cards .figure >> nth=0", '#cards .figure[aria-pressed="true"]'),
        ("#ranks button >> nth=0", "#ranks th:nth-child(2)[aria-sort]"),
        ("#hubs .figure", '#hubs .figure[aria-pressed="true"]'),
    ],
)
async def test_a_figure_that_is_pressed_while_the_overview_comes_anew_is_pressed(
    city: City, tmp_path: Path, figure: str, then: str
) -> None:
    """It does so every five seconds, and a press in that moment was lost."""
    answers = 0
    hub = {"state": "never", "name_zh": "东", "name_en": "East", "window": None, "indicators": None}

    async def told(route: Route) -> None:
        nonlocal answers
        answers += 1
        answer = await route.fetch()
        as_of = f"2026-03-01T00:00:{answers:02}Z"
        await route.fulfill(json=await answer.json() | {"hubs": {opened(1).department: hub}, "as_of": as_of})

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        await page.route("**/status*", told)
        trend = re.compile(r"/trend\?")
        days = [{"day": f"2026-03-0{number}", "open": number} for number in (1, 2)]
        await page.route(trend, lambda route: route.fulfill(json={"days": days}))
        async with page.expect_response(trend):
            await page.goto(base)
        await settled(page)
        as_of = page.locator("#as-of time")
        await page.locator(figure).hover()
        await page.mouse.down()
        shown_before = await as_of.get_attribute("datetime") or ""
        await page.clock.run_for(5_000)
        await expect(as_of).not_to_have_attribute("datetime", shown_before)

        await page.mouse.up()

        await expect(page.locator(then)).to_have_count(1)


async def a_unit_says(
    page: Page, city: City, base: str, state: str, answering: Callable[[Route], Awaitable[None]]
) -> None:
    """Let a mobile unit sit at the desk and say how it is, which is answered so."""
    await page.add_init_script("sessionStorage.setItem('seat', JSON.stringify({role: 'unit', person: 'u-1'}))")
    await two_orders(page, city)
    await page.route("**/units", answering)
    await page.goto(f"{base}/desk")
    async with page.expect_request("**/units"):
        await page.click(f'[data-unit-state="{state}"]')


async def test_what_a_unit_was_told_is_not_told_to_another_one(city: City, tmp_path: Path) -> None:
    """The answer came once somebody else sat there, who had not said yet whether they were free."""
    may_come = asyncio.Event()

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.fulfill(json={})

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await a_unit_says(page, city, base, "free", late)
        await page.locator("#seat input").fill("u-2")
        await page.keyboard.press("Enter")
        await expect(page.locator('[data-unit-state="free"]')).to_have_attribute("aria-pressed", "false")
        async with page.expect_response("**/units"):
            may_come.set()
        await settled(page)

        await expect(page.locator('.reporting [role="status"]')).to_have_text("")


async def test_how_a_similar_order_ended_is_said_in_the_reader_s_language(city: City, tmp_path: Path) -> None:
    """`control-zone silence/3` stood there, as in its timeline before."""
    step = {"seq": 2, "fact": "rejected", "at": "2026-03-01T03:00:00Z", "state": "rejected", "by": {"role": "desk"}}
    ended = {"state": "rejected", "timeline": [step | {"note": "control-zone silence/3"}]}
    doubt = {"guess": {"alternatives": [["pothole", 0.5]]}}

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "zh", tmp_path, Seen())).page
        await two_orders(page, city)
        for order, more in ((FIRST, doubt), (SECOND, ended)):
            await page.route(f"**/orders/{order}", saying(told_of(city, order, order, **more)))
        await page.goto(f"{base}/desk")

        similar = page.locator("section:has(> h2:text('同类工单的结果')) li")
        await expect(similar).to_have_text([re.compile("静默 3$")])


async def test_the_map_of_the_overview_comes_once_the_areas_can_be_had(city: City, tmp_path: Path) -> None:
    """After one lost answer there was none, until the page was loaded anew."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        await page.route("**/areas", lambda route: route.fulfill(status=503, json={"title": "busy"}), times=1)
        await page.goto(base)
        await expect(page.locator("#cards .card").first).to_be_visible()
        await expect(page.locator("#areas")).to_be_hidden()

        await page.clock.run_for(15_000)

        await expect(page.locator("#map .area").first).to_be_visible()


async def test_what_is_typed_while_a_silence_is_on_its_way_stays(city: City, tmp_path: Path) -> None:
    """Whoever went on to the next one had an empty form before them once the first one was taken."""
    may_come = asyncio.Event()

    async def late(route: Route) -> None:
        if route.request.method == "POST":
            await may_come.wait()
            await route.fulfill(json={"number": 1, "state": "pending"})
        else:
            await route.fulfill(json={"zone": "Asia/Shanghai", "silences": [], "control_zones": []})

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.add_init_script("sessionStorage.setItem('seat', JSON.stringify({role: 'dispatcher'}))")
        await page.route(f"{base}/silences", late)
        await page.goto(f"{base}/desk/silences")
        for field, text in (("ends_at", "2036-01-02T00:30"), ("owner", "ann"), ("comment", "works")):
            await page.fill(f'#wanted [name="{field}"]', text)
        async with page.expect_request(lambda each: each.method == "POST"):
            await page.click("#wanted .primary")
        await page.fill('#wanted [name="comment"]', "other works")
        may_come.set()
        await expect(page.locator("#wanted .primary")).to_be_enabled()
        await settled(page)

        await expect(page.locator('#wanted [name="comment"]')).to_have_value("other works")


@pytest.mark.parametrize(
    ("path", "asked_for", "shown"),
    [
        ("/r/x", "**/r/x/order", "#state"),
        ("/docs", "**/openapi.json", "#routes h2"),
        ("/open", "**/open/figures?*", "#figures h2"),
    ],
)
async def test_a_page_whose_first_answer_was_lost_comes_once_there_is_one(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, asked_for: str, shown: str
) -> None:
    """Those, too, that ask for nothing afterwards: they stayed empty until they were loaded anew."""
    monkeypatch.setenv("PAIDAN_GATEWAY_OPEN_FIGURES", "true")
    answers: list[dict[str, Any]] = [{"status": 502, "body": "<html>bad gateway"}]

    async def lost(route: Route) -> None:
        await (route.fulfill(**answers.pop()) if answers else route.fallback())

    counts = {"received": 1, "opened": 1, "closed": None}
    rates = dict.fromkeys(("on_time_closure_rate", "dispatch_accuracy", "satisfaction_rate", "citizen_agreement"), None)
    figures = {"city": {}, "least": 5, "counts": counts, "rates": rates, "areas": [], "categories": []}
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.route("**/r/x/order", lambda route: route.fulfill(json=REPORTED))
        await page.route("**/open/figures?*", lambda route: route.fulfill(json=figures))
        await page.route(asked_for, lost)
        await page.route(asked_for, lambda route: route.abort(), times=1)

        await page.goto(base + path)

        await expect(page.locator("#notice")).to_have_text(re.compile("Cannot update at the moment"))
        await expect(page.locator(shown).first).to_be_visible()
        await expect(page.locator("#notice")).to_be_hidden()


async def test_what_a_reporter_has_sent_has_arrived_though_nothing_newer_can_be_had(city: City, tmp_path: Path) -> None:
    """It is said until it can, and what was sent does not stand there to be sent again; whoever works by key goes on
    where they were."""
    answers: list[dict[str, Any]] = [{"json": REPORTED}]

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.route("**/r/x/order", lambda route: route.fulfill(**answers[-1]))
        await page.route("**/r/x/updates", lambda route: route.fulfill(json={}))
        await page.goto(f"{base}/r/x")
        await page.click("#doing summary")
        await page.fill('#doing [name="reason"]', "it is still there")
        answers.append({"status": 503, "json": {"title": "busy"}})
        await page.focus("#doing .primary")

        await page.keyboard.press("Enter")

        notice, words = page.locator("#notice"), page.locator('#doing [name="reason"]')
        await expect(notice).to_have_text("Thank you. It has arrived. Cannot update at the moment (busy)")
        await expect(words).to_have_value("")
        answers.append({"json": REPORTED})
        await expect(notice).to_have_text("Thank you. It has arrived.")
        await expect(page.locator("#doing summary")).to_be_focused()


async def test_a_reporter_s_page_that_is_looked_at_again_says_how_it_stands_and_keeps_what_is_written(
    city: City, tmp_path: Path
) -> None:
    """It may have lain there for days, while its order was closed."""
    answers: list[dict[str, Any]] = [REPORTED]

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.route("**/r/x/order", lambda route: route.fulfill(json=answers[-1]))
        await page.goto(f"{base}/r/x")
        await page.click("#doing summary")
        await page.fill('#doing [name="reason"]', "it is still there")
        answers.append(REPORTED | {"state": "closed", "may": ["reopen"]})

        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

        await expect(page.locator("#state")).to_have_text("It is done.")
        await expect(page.locator("#doing summary")).to_have_count(2)
        await expect(page.locator('#doing [name="reason"]').last).to_have_value("it is still there")


async def test_a_unit_s_states_are_sent_in_the_order_in_which_they_are_pressed(city: City, tmp_path: Path) -> None:
    """Sent beside each other, the second one overtook the first, and who was free was taken for busy."""
    may_come = asyncio.Event()
    sent: list[str] = []
    taken: list[str] = []

    async def late(route: Route) -> None:
        state: str = json.loads(route.request.post_data or "")["state"]
        sent.append(state)
        if len(sent) == 1:
            await may_come.wait()
        taken.append(state)
        await route.fulfill(json={})

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await a_unit_says(page, city, base, "busy", late)
        await page.click('[data-unit-state="off"]')
        await page.click('[data-unit-state="free"]')
        await settled(page)
        before = list(sent)
        may_come.set()

        await expect(page.locator('.reporting [role="status"]')).to_contain_text("told")

    assert before == ["busy"]
    assert taken == ["busy", "free"]


@pytest.mark.parametrize("by", ["another token", "and by"])
async def test_who_might_not_follow_what_happens_does_once_they_may(city: City, tmp_path: Path, by: str) -> None:
    """Their token has been given another role or has been renewed: the page heard of nothing any more."""
    asked: list[str] = []
    answers: list[dict[str, Any]] = [{"status": 403, "json": {"title": "forbidden"}}]
    urgent = {"order_id": FIRST, "at": datetime.now(UTC).isoformat(), "state": "assigned"}

    async def events(route: Route) -> None:
        asked.append(route.request.url)
        await route.fulfill(**answers[-1])

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.clock.install()
        await page.route("**/events/assignments", events)
        async with page.expect_response("**/events/assignments"):
            await page.goto(base)
        await settled(page)
        said = f"event: urgent\ndata: {json.dumps(urgent)}\n\n"
        answers.append({"body": said, "content_type": "text/event-stream"})

        if by == "another token":
            await page.evaluate("document.dispatchEvent(new Event('othertoken'))")
        else:
            await page.clock.run_for(70_000)

        await expect(page.locator('.urgent [role="alert"] li')).to_have_count(1)
