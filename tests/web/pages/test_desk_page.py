"""The desk in a browser: what is typed is not lost, and what is sent twice is taken once."""

import json
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Page, Route, expect

from models.city import City
from streams.gateway.orders.order_document import document
from tests.support.desk_rows import opened
from tests.support.web.browsers import PHONE, Seen, browser, seated, violations
from tests.web.pages.test_page import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in"),
]
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 9  # no place to break at
FIRST, SECOND = "south-w-20260301-aaaaaaaaaa", "south-w-20260301-bbbbbbbbbb"


async def two_orders(page: Page, city: City, state: str = "review", **more: object) -> None:
    """Let the gateway tell of two orders, whatever is asked for; of each also what is given as `more`."""
    order = msgspec.structs.replace(opened(1), state=state, department="", assignments=())
    documents = {
        each: document(msgspec.structs.replace(order, id=each, title=each[-3:]), None, city, order.last_at) | more
        for each in (FIRST, SECOND)
    }
    lines = [
        {"id": each, "title": each[-3:], "state": state, "priority": 3, "attempt": 0, "area": {"id": "south-w"},
         "opened_at": documents[each]["opened_at"], "last_at": documents[each]["last_at"], "evidence_count": 1}
        for each in documents
    ]  # fmt: skip

    async def told(route: Route) -> None:
        path = re.sub(r"\?.*", "", route.request.url).partition("/orders")[2]
        moves = {"attempt": 0, "moves": [dict(COMMENT, roles=["reviewer"])]}
        if path.endswith("/moves"):
            await route.fulfill(json=moves)
        elif path:
            await route.fulfill(body=json.dumps(documents[path[1:]]))
        else:
            await route.fulfill(json={"orders": lines, "complete": True, "next": None, "total": 2})

    await page.route(re.compile(r"/orders(/[^/]+(/moves)?)?(\?.*)?$"), told)


def kept_in(tmp_path: Path) -> Path:
    """Where pictures go: TEST_SCREENSHOTS names a folder that outlasts the test."""
    return Path(os.environ.get("TEST_SCREENSHOTS") or tmp_path)


COMMENT = {
    "action": "comment", "term": "批注", "note": "",
    "fields": [{"name": "reason", "kind": "text", "needed": True}, {"name": "evidence_urls", "kind": "links"}],
}  # fmt: skip


async def test_what_is_sent_again_goes_under_the_same_key_until_it_is_decided(city: City, tmp_path: Path) -> None:
    """An answer that does not come in time leaves the form open; the next step of the kind has a key of its own."""
    answers = [(202, "not decided yet"), (503, "busy"), (200, ""), (200, "")]
    keys: list[str] = []

    async def sent(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        await route.fulfill(status=answers[len(keys) - 1][0], json={"title": "busy", "fact": {"seq": 1}})

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.route("**/updates", sent)
        await page.goto(f"{base}/desk")
        reason = page.locator('form.move [name="reason"]')
        for number, (_, told) in enumerate(answers):
            if not await reason.count():
                await page.click('.doing [data-action="comment"]')
                await reason.fill(f"word {number}")
            words = await reason.input_value()
            await page.click("form.move .primary:enabled")
            if told:
                await expect(page.locator(".doing .notice")).to_contain_text(told)
                await expect(reason).to_have_value(words)
            else:
                await expect(reason).to_have_count(0)

    assert len(keys) == len(answers)
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in keys)


async def test_conditions_of_a_gateway_that_knows_them_by_their_ids_alone_can_be_chosen(
    city: City, tmp_path: Path
) -> None:
    """While one after the other is put onto a new version, an older one may answer for the seat."""
    move = {
        "action": "classify", "term": "归类", "note": "", "roles": ["reviewer"],
        "fields": [{"name": "condition", "kind": "condition", "needed": False}],
    }  # fmt: skip
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        seat = await (await page.request.get(f"{base}/seat")).json()
        for each in seat["categories"]:
            each["conditions"] = [one["id"] for one in each["conditions"]]
        known = next(set(each["conditions"]) for each in seat["categories"] if each["id"] == opened(1).category)
        await page.route("**/seat", lambda route: route.fulfill(json=seat))
        await two_orders(page, city)
        await page.route("**/moves", lambda route: route.fulfill(json={"attempt": 0, "moves": [move]}))
        await page.goto(f"{base}/o/{FIRST}")
        await page.click('.doing [data-action="classify"]')
        options = page.locator('form.move [name="condition"] option')
        values = await options.evaluate_all("all => all.map((each) => each.value)")

    assert known
    assert set(values) == known | {""}


async def test_a_form_offers_the_conditions_of_the_category_that_is_chosen_there(city: City, tmp_path: Path) -> None:
    """Else those of the order's own; the desk takes no other, and refused it only when all was written."""
    fields = [{"name": each, "kind": each, "needed": False} for each in ("category", "condition")]
    move = {"action": "re-categorise", "term": "改判", "note": "", "roles": ["reviewer"], "fields": fields}
    offered = "all => all.map((each) => each.value).filter(Boolean)"

    def of(category: str) -> list[str]:
        return list(city.conditions(category))

    other = next(each for each in city.categories if of(each) and each != opened(1).category)
    none = next(each for each, row in city.categories.items() if row.parent and not of(each))
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.route("**/moves", lambda route: route.fulfill(json={"attempt": 0, "moves": [move]}))
        await page.goto(f"{base}/o/{FIRST}")
        await page.click('.doing [data-action="re-categorise"]')
        condition = page.locator('form.move [name="condition"]')
        own = await condition.locator("option").evaluate_all(offered)
        await expect(condition).to_have_value("")

        await page.select_option('form.move [name="category"]', other)
        await expect(condition).to_have_value("")  # nobody has chosen one
        others = await condition.locator("option").evaluate_all(offered)
        await condition.select_option(others[0])
        await page.reload()  # what was chosen outlasts it
        await expect(condition).to_have_value(others[0])
        await page.select_option('form.move [name="category"]', none)

        await expect(condition).to_be_hidden()
        assert sorted(own) == sorted(of(opened(1).category))
        assert sorted(others) == sorted(of(other))


async def test_a_second_matter_in_the_words_is_named(city: City, tmp_path: Path) -> None:
    """A dash stood there, and nobody knew what may be split off."""
    second = next(each for each, row in city.categories.items() if row.parent)
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city, guess={"second": second})
        await page.goto(f"{base}/o/{FIRST}")

        called = f"{city.categories[second].name_en} · may be split off"
        await expect(page.locator("#order dd", has_text="may be split off")).to_have_text(called)


async def test_a_standard_text_goes_below_what_stands_there_and_can_be_changed(city: City, tmp_path: Path) -> None:
    """It is kept like what is typed, and sent as the reason."""
    reason = {"name": "reason", "kind": "text", "needed": True, "texts": ["Filled.", "Swept."]}
    async with serving(city, opened(1)) as base, browser() as chrome:
        person = await seated(chrome, base, "", "en", kept_in(tmp_path), Seen())
        page = person.page
        await two_orders(page, city)
        offered = {"attempt": 0, "moves": [dict(COMMENT, roles=["reviewer"], fields=[reason])]}
        await page.route("**/moves", lambda route: route.fulfill(json=offered))
        await page.route("**/updates", lambda route: route.fulfill(json={"fact": {"seq": 1}}))
        await page.goto(f"{base}/desk")
        await page.click('.doing [data-action="comment"]')
        words = page.get_by_role("textbox", name="Reason")
        await words.fill("Seen on site. ")
        await page.get_by_label("Standard texts").select_option("Swept.")
        await expect(words).to_have_value("Seen on site.\nSwept.")
        await expect(words).to_be_focused()
        await page.keyboard.type(" Twice.")
        await person.photograph("standard-texts")

        async with page.expect_request("**/updates") as sent:
            await page.locator("form.move .primary").click()
        assert json.loads((await sent.value).post_data or "")["reason"] == "Seen on site.\nSwept. Twice."


async def test_who_has_no_seat_is_told_so_and_shown_no_list(city: City, tmp_path: Path) -> None:
    """An empty list with a button for more would say that there are orders."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await page.route("**/seat", lambda route: route.fulfill(status=403, json={"title": "Forbidden"}))
        await page.goto(f"{base}/desk")
        await expect(page.locator("#notice")).to_have_text("This token has no seat at the desk")
        await expect(page.locator("#lines")).to_be_hidden()


async def test_what_has_been_typed_is_there_again_when_one_comes_back(city: City, tmp_path: Path) -> None:
    """To the order, whichever was looked at meanwhile; each order and form has its own. Cancel drops it."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        person = await seated(chrome, base, "", "en", kept_in(tmp_path), Seen())
        page = person.page
        await two_orders(page, city)
        await page.goto(f"{base}/desk")
        reason = page.locator('form.move [name="reason"]')
        await page.click('.doing [data-action="comment"]')
        await reason.fill("half a sentence")

        await page.click(f'[data-id="{SECOND}"]')
        await expect(page.locator(f'.reported a[href="/o/{SECOND}"]')).to_be_visible()
        await expect(page.locator("form.move")).to_have_count(0)
        await page.click('.doing [data-action="comment"]')
        await expect(reason).to_have_value("")

        await page.click(f'[data-id="{FIRST}"]')
        await expect(reason).to_have_value("half a sentence")
        await expect(page.locator(".doing .notice")).to_have_text("What you have written before is still here.")
        await person.photograph("draft")
        await page.get_by_role("button", name="Cancel").click()
        await page.click('.doing [data-action="comment"]')
        await expect(reason).to_have_value("")


async def test_a_key_does_what_its_button_says_and_nothing_while_somebody_types(city: City, tmp_path: Path) -> None:
    """The sheet of `?` names the keys of the moves that there are, on the desk and on an order's own page."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        for path in ("/desk", f"/o/{FIRST}"):
            await page.goto(f"{base}{path}")
            await expect(page.locator('.doing [data-action="comment"] kbd')).to_have_text("c")
            await page.keyboard.press("?")
            await expect(page.locator("dialog.keys dl")).to_contain_text("comment")
            await page.keyboard.press("Escape")
            await expect(page.locator("dialog")).to_have_count(0)
            await page.keyboard.press("c")
            await expect(page.locator('form.move [name="reason"]')).to_be_focused()
            await page.keyboard.type("ccc?u")
            await expect(page.locator('form.move [name="reason"]')).to_have_value("ccc?u")
            await expect(page.locator("dialog")).to_have_count(0)
            await page.get_by_role("button", name="Cancel").click()


@pytest.mark.parametrize(("path", "language"), [("/desk", "zh"), ("/desk", "en"), ("/", "en"), ("/o/", "zh")])
async def test_an_urgent_order_is_announced_until_it_has_been_seen(
    city: City, tmp_path: Path, path: str, language: str
) -> None:
    """At once and as an alert, on a phone in the dark; also after the page was left, but for one that was seen."""
    names = {
        "area": {"name_zh": "鼓楼", "name_en": "Gulou"},
        "category": {"name_zh": "燃气泄漏", "name_en": "Gas leak"},
    }
    event = {"order_id": SECOND, "at": datetime.now(UTC).isoformat(), "state": "assigned", **names}
    stream = f"event: urgent\ndata: {json.dumps(event)}\n\n"

    async def told(route: Route) -> None:
        await route.fulfill(body=stream, content_type="text/event-stream")

    async with serving(city, opened(1)) as base, browser() as chrome:
        seen = Seen()
        person = await seated(chrome, base, "", language, kept_in(tmp_path), seen, PHONE)
        page = person.page
        await page.emulate_media(color_scheme="dark")
        await two_orders(page, city)
        await page.route("**/events/assignments", told)
        alert = page.locator('.urgent [role="alert"] li')
        for _ in range(2):
            await page.goto(base + path + (FIRST if path == "/o/" else ""))
            await expect(alert).to_have_count(1)
            await expect(alert).to_contain_text({"zh": "燃气泄漏 · 鼓楼", "en": "Gas leak · Gulou"}[language])
        await person.photograph(f"urgent-{path.strip('/')}-{language}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert await violations(page) == []

        await alert.get_by_role("button").click()

        await expect(alert).to_have_count(0)
        async with page.expect_response("**/events/assignments"):  # it is told again
            pass
        await expect(alert).to_have_count(0)
        assert seen.faults == []


async def test_what_was_done_on_an_order_s_own_page_is_taken_back_there(city: City, tmp_path: Path) -> None:
    """By the move that the table then has for it, of the attempt that the step has made: the one before is over."""
    steps: list[dict[str, object]] = []

    async def sent(route: Route) -> None:
        steps.append(json.loads(route.request.post_data or "{}"))
        await route.fulfill(json={"fact": {"seq": 1}})

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        both = [dict(COMMENT, action=each, roles=["reviewer"]) for each in ("force-close", "reopen")]
        await page.route("**/moves", lambda route: route.fulfill(json={"attempt": 1 + len(steps), "moves": both}))
        await page.route("**/updates", sent)
        await page.goto(f"{base}/o/{FIRST}")
        await page.click('[data-action="force-close"]')
        await page.fill('form.move [name="reason"]', "done long ago")
        await page.click("form.move .primary")
        await page.wait_for_selector("#done button")
        await page.keyboard.press("u")
        await expect(page.locator("#done")).to_contain_text("Taken back")

    assert [(step["action"], step["attempt"]) for step in steps] == [("force-close", 1), ("reopen", 2)]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_an_order_s_page_shows_what_runs_who_has_it_and_why_it_went_elsewhere_before(
    city: City, tmp_path: Path, language: str
) -> None:
    """Inspector, limits, suspension, what reporters and citizens say, reminders, earlier reasons, and where it is."""
    order = opened(1)
    shown = document(order, None, city, order.last_at) | {
        "location": {"lat": 30.57, "lon": 114.3}, "inspector": "ann", "condition": "major-repair",
        "text": LONG,
        "suspended_until": "2036-01-02T00:00:00Z", "reminders": {"count": 2, "last": "2026-03-02"},
        "limits": [{"stage": "handle", "started_at": "2026-03-01T00:00:00Z", "due": "2026-03-02T00:00:00Z"}],
        "answers": [{"at": "2026-03-02T00:00:00Z", "satisfied": False, "satisfaction": 2}],
        "judgements": [{"at": "2026-03-02T00:00:00Z", "settled": each} for each in (True, True, False)],
    }  # fmt: skip
    shown["evidence"]["shown"][0]["text"] = LONG
    [turn] = shown["held_by"]
    before = turn | {"why": {"by": "table", "table_row": 7}, "misrouted": True, "to": "2026-03-01T02:00:00Z"}
    shown["held_by"] = [before, turn | {"from": "2026-03-01T02:00:00Z"}]
    async with serving(city, order) as base, browser() as chrome:
        seen = Seen()
        person = await seated(chrome, base, "", language, kept_in(tmp_path), seen, PHONE)
        page = person.page
        await page.emulate_media(color_scheme="dark")
        await page.route(f"**/orders/{order.id}", lambda route: route.fulfill(body=json.dumps(shown)))
        await page.goto(f"{base}/o/{order.id}")

        facts = page.locator(".panel > dl.facts")
        said = {
            "zh": (
                "ann",
                "大修",
                "处置",
                "2036-01-02",
                "未解决, 2 分（满分 5）",
                "2／3 名市民认为已解决",
                "2 · 2026-03-02",
            ),
            "en": (
                "ann",
                "Major repair",
                "to be handled",
                "2036-01-02",
                "not settled, 2 of 5",
                "2 of 3 citizens",
                "2 · 2026-03-02",
            ),
        }
        for words in said[language]:
            await expect(facts).to_contain_text(words)
        await page.locator("details summary").click()
        await expect(page.locator("details")).to_contain_text({"zh": "权责清单", "en": "the table of resp"}[language])
        await expect(page.locator(".map.near .leaflet-marker-icon")).to_be_visible()
        await page.screenshot(path=kept_in(tmp_path) / f"order-whole-{language}.png", full_page=True)
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert await violations(page) == []
        assert seen.faults == []


DOUBLED = """() => {
    const [all, sizes] = [document.querySelectorAll("body *"), new Map()];
    for (const each of all) sizes.set(each, parseFloat(getComputedStyle(each).fontSize));
    for (const [each, size] of sizes) if (!each.closest("svg")) each.style.fontSize = `${2 * size}px`;
}"""
# What lies beyond the edge; a heading that has no room for a few signs beside what stands next to it; a number that is
# cut off by what is behind it.
HIDDEN = """() => {
    const edge = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
    const size = (each) => parseFloat(getComputedStyle(each).fontSize);
    const least = 3 * size(document.querySelector("main"));
    const narrow = [...document.querySelectorAll(".top > :first-child, .choices button > span:not(.bar)")]
        .filter((each) => each.offsetWidth && each.offsetWidth < least);
    const cut = [...document.querySelectorAll(".dot")].filter((each) => each.offsetHeight < size(each));
    return [...edge, ...[...narrow, ...cut].map((each) => each.textContent)];
}"""
WAITING = {
    "number": 2, "state": "awaiting-approval", "category": {"id": "flooding", "name_en": "Flooding and standing water"},
    "starts_at": "2036-03-01T00:00:00Z", "ends_at": "2036-03-02T00:00:00Z", "comment": "a trial", "owner": "water",
}  # fmt: skip


@pytest.mark.parametrize("size", [(1280, 900), PHONE])
@pytest.mark.parametrize("path", ["/desk", f"/o/{FIRST}", "/desk/silences"])
async def test_text_of_twice_the_size_is_read_without_scrolling_sideways(
    city: City, tmp_path: Path, path: str, size: tuple[int, int]
) -> None:
    """As somebody has set it who does not see well, in a browser or in the app that the page is shown in."""
    guess = {"alternatives": [["consumer-dispute", 0.5], ["illegal-parking", 0.3], ["pothole", 0.2]], "model": "m"}
    silences = {"zone": "Asia/Shanghai", "silences": [WAITING], "control_zones": []}
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen(), size)).page
        if path == "/desk/silences":
            await page.add_init_script("sessionStorage.setItem('seat', JSON.stringify({role: 'duty-officer'}))")
        await two_orders(page, city, guess=guess, candidates=[SECOND])
        await page.route(f"{base}/silences", lambda route: route.fulfill(json=silences))
        await page.goto(base + path)
        shown = {"/desk": "#lines [data-id]", "/desk/silences": "#wanted form"}.get(path, ".compared .dot >> nth=1")
        await expect(page.locator(shown).first).to_be_visible()
        if path == "/desk":
            await page.click(f'#lines [data-id="{FIRST}"]')
            await expect(page.locator(".choices button")).to_have_count(3)

        await page.evaluate(DOUBLED)

        assert await page.evaluate(HIDDEN) == []


async def test_orders_are_found_by_words_and_the_list_comes_back_without_them(city: City, tmp_path: Path) -> None:
    """By key, too; whoever comes back to the page finds what they had looked for."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        person = await seated(chrome, base, "", "en", kept_in(tmp_path), Seen())
        page = person.page
        await two_orders(page, city)
        await page.goto(f"{base}/desk")
        await expect(page.locator('#lines [aria-current="true"]')).to_be_visible()

        await page.keyboard.press("/")
        await page.keyboard.type("hole No. 12")
        async with page.expect_response("**/orders?limit=50&words=hole%20No.%2012") as answered:
            await page.keyboard.press("Enter")
        assert (await answered.value).ok
        await expect(page.locator('#lists [aria-pressed="true"]')).to_have_count(0)
        await expect(page.locator(f'#lines [data-id="{SECOND}"]')).to_be_visible()
        await person.photograph("found")

        async with page.expect_response("**/orders?limit=50&words=hole%20No.%2012") as again:
            await page.reload()
        assert (await again.value).ok
        await expect(page.get_by_role("searchbox")).to_have_value("hole No. 12")
        async with page.expect_response("**/orders?limit=50&sort=surest") as whole:
            await page.get_by_role("searchbox").fill("")
        assert (await whole.value).ok
        await expect(page.locator('#lists [aria-pressed="true"]')).to_have_count(1)


async def test_a_check_box_is_as_large_as_a_finger_needs(city: City, tmp_path: Path) -> None:
    """24 pixels in each direction, as WCAG 2.2 has it (2.5.8)."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen(), PHONE)).page
        await two_orders(page, city, "assigned")
        await page.add_init_script("sessionStorage.setItem('seat', JSON.stringify({role: 'department'}))")

        await page.goto(f"{base}/desk")

        await expect(page.locator("[type=checkbox]")).to_have_count(2)
        size = await page.locator("[type=checkbox]").first.bounding_box()
        assert size is not None
        assert (size["width"], size["height"]) == (24, 24)


async def test_a_form_suggests_the_orders_that_the_gateway_takes_for_likely(city: City, tmp_path: Path) -> None:
    """Not each that is linked: a desk refuses what another one has."""
    field = {"name": "other_order_id", "kind": "order", "needed": True, "likely": [SECOND]}
    merge = {"action": "merge", "term": "并案", "note": "", "fields": [field], "roles": ["reviewer"]}
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city, linked=[SECOND, "north-e-20260301-cccccccccc"])
        await page.route("**/moves", lambda route: route.fulfill(json={"attempt": 0, "moves": [merge]}))
        await page.goto(f"{base}/desk")

        await page.get_by_role("button", name="merge").click()

        await expect(page.locator("#orders-like option")).to_have_count(1)
        assert await page.locator("#orders-like option").get_attribute("value") == SECOND


async def test_a_list_is_saved_as_a_table_and_a_refusal_is_said(city: City, tmp_path: Path) -> None:
    """All of it, for a spreadsheet; where there is too much of it nothing is saved."""
    asked: list[str] = []

    async def table(route: Route) -> None:
        if route.request.headers["accept"] != "text/csv":
            await route.fallback()
            return
        asked.append(route.request.url.partition("/orders?")[2])
        refused = {"title": "x", "detail": "there are more than 5000 orders: ask for some of them"}
        await route.fulfill(**({"body": "id,state\n"} if len(asked) == 1 else {"status": 422, "json": refused}))

    async with serving(city, opened(1)) as base, browser() as chrome:
        person = await seated(chrome, base, "", "en", kept_in(tmp_path), Seen())
        page = person.page
        await two_orders(page, city)
        await page.route(re.compile(r"/orders\?"), table)
        await page.goto(f"{base}/desk")
        save = page.get_by_role("button", name="Save as a table")
        await expect(save).to_be_visible()

        async with page.expect_download() as saving:
            await save.click()
        saved = await saving.value
        await expect(save).to_be_enabled()
        await save.click()
        await expect(page.locator("#notice")).to_have_text(
            "Cannot be saved: there are more than 5000 orders: ask for some of them"
        )
        await person.photograph("saved")

    assert re.fullmatch(r"orders-\d{4}-\d\d-\d\d\.csv", saved.suggested_filename)
    assert asked == ["sort=surest"] * 2


async def test_the_orders_behind_a_figure_are_saved_as_a_table(city: City, tmp_path: Path) -> None:
    """Those of the window that is shown, as the overview lists them; the newest of all are no list of anything."""
    asked: list[str] = []

    async def table(route: Route) -> None:
        if route.request.headers["accept"] == "text/csv":
            asked.append(route.request.url.partition("/orders?")[2])
            await route.fulfill(body="id,state\n")
        else:
            await route.fallback()

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "en", tmp_path, Seen())).page
        await two_orders(page, city)
        await page.route(re.compile(r"/orders\?"), table)
        await page.goto(base)
        await expect(page.locator("#orders li a").first).to_be_visible()
        await expect(page.locator("#save-orders")).to_be_hidden()
        await page.locator('#cards [data-query="indicator=opened"]').click()
        await expect(page.locator("#save-orders")).to_be_visible()

        async with page.expect_download() as saving:
            await page.locator("#save-orders").click()
        await saving.value

    assert asked == ["indicator=opened&"]
