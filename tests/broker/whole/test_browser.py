"""The pages in a real browser on a running system: six people play an order's life, and everybody can use the pages."""

import asyncio
import base64
import json
import os
import re
import time
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from models.access import ACCESS
from models.redact import reporter_hash
from streams.gateway.seats import LISTS
from streams.kafka.topics import Names
from streams.local.ports import free_ports
from streams.reporter_links import ReporterLink, ReporterLinks
from streams.settings import Settings
from tests.support.cities import demo_without_chance
from tests.support.kafka import PERSONAL_KEY, Kafka, Message, Roles, eventually, is_well, own_settings
from tests.support.tokens import one_of_each
from tests.support.web.browsers import DESK, PHONE, Person, Seen, browser, seated, violations

pytestmark = pytest.mark.timeout(240)

SEATED = sorted(role for role, access in ACCESS.items() if access.acts_as in LISTS)
MARKUP = "<img src=x onerror=\"document.title='owned'\">"
FORMULA = '=HYPERLINK("http://example.org")'
BIDI = "\u202eegnahc"
# Of which nobody can say what they are about.
DOUBTFUL = (
    "这里好像有点问题，麻烦看一下",
    "门口那个东西坏了，一直没人管",
    "晚上这边很黑也很脏",
    "小区外面水和垃圾都有",
    "路边的东西挡住了",
)
PRESSED = 20
ZONE = "hubin,noise-construction,2026-01-01 00:00,2126-01-01 00:00,housing,湖滨隧道施工(已公告) A tunnel; announced"
LINK_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
CITY_ZONE = ZoneInfo("Asia/Shanghai")
CAMERAS = re.compile(r"/cameras(\?.*)?$")
# Where there are many cameras.
CELLS = [
    {"quiet": 60, "busy": 0, "silent": 0},
    {"quiet": 50, "busy": 9, "silent": 1},
    {"quiet": 20, "busy": 5, "silent": 0},
]
# How pages are looked at. Seats, which are much alike, in one way each, the others in two: all of them take minutes.
LOOKS = (("light", DESK), ("dark", PHONE), ("dark", DESK), ("light", PHONE))


@pytest_asyncio.fixture(scope="module")
async def running(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    """A whole system with a token for each role."""
    folder = tmp_path_factory.mktemp("browser")
    gateway, tables = free_ports(2)
    city = demo_without_chance(folder / "city")  # what a test reports goes to its department
    with (city / "silences.csv").open("a", encoding="utf-8") as zones:
        zones.write(f"{ZONE}\n")
    with (city / "units.csv").open("a", encoding="utf-8") as units:
        units.write("unit,officer,*,,\n")  # as the token of that role is called
    settings = own_settings(
        kafka,
        folder / "data",
        city=city,
        partitions=2,
        link_key=LINK_KEY,
        gateway_port=gateway,
        tables_workers=(f"127.0.0.1:{tables}",),
        gateway_tokens_file=one_of_each(folder / "tokens.json"),
        gateway_open_figures=True,
    )
    roles = Roles(settings, folder)
    up = roles.start("up")

    async def ready() -> bool:
        assert up.alive, up.said()
        return await is_well(client, "/readyz")

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway}", timeout=10) as client:
        try:
            await eventually(ready, 90.0, "a ready system")
            yield settings
        finally:
            roles.end()


@pytest_asyncio.fixture(scope="module")
async def chrome() -> AsyncIterator[Browser]:
    """A browser for all people of this file."""
    async with browser() as started:
        yield started


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where pictures of the pages are kept: TEST_SCREENSHOTS names a folder that outlasts the test."""
    folder = Path(os.environ.get("TEST_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Cast:
    """The people of a test, who speak one language."""

    def __init__(self, chrome: Browser, running: Settings, language: str, screenshots: Path) -> None:
        self._chrome, self._language, self._screenshots = chrome, language, screenshots
        self.base = f"http://127.0.0.1:{running.gateway_port}"
        self.seen = Seen()
        self._people: list[Person] = []

    async def seat(self, role: str, size: tuple[int, int] = DESK) -> Person:
        """Somebody of a role, whose token is called like it."""
        person = await seated(self._chrome, self.base, role, self._language, self._screenshots, self.seen, size)
        self._people.append(person)
        return person

    async def leave(self) -> None:
        """Everybody goes home. Raises AssertionError where a page has failed, or has asked another host."""
        for person in self._people:
            for page in person.context.pages:  # or an answer that is still being changed fails in the next test
                await page.unroute_all(behavior="wait")
            await person.context.close()
        assert self.seen.faults == []
        assert [url for url in self.seen.requests if not url.startswith((self.base, "data:"))] == []


@pytest_asyncio.fixture
async def cast(
    request: pytest.FixtureRequest, chrome: Browser, running: Settings, screenshots: Path
) -> AsyncIterator[Cast]:
    """The people of a test, in the language that it names, else in English."""
    people = Cast(chrome, running, getattr(request, "param", "en"), screenshots)
    yield people
    await people.leave()


async def reported(reporter: Person, text: str, lat: float, lon: float, **more: str) -> str:
    """The id of the order that a report has opened."""
    body = {"text": text, "location": {"lat": lat, "lon": lon}, **more}
    told = await reporter.ask("POST", "/reports", body, prefer="wait=20", **{"idempotency-key": uuid.uuid4().hex})
    return str(told["order"]).rpartition("/")[2]


async def move(page: Page, action: str, **fields: str) -> None:
    """Take an action of the order that is open: its button, and its form where it has one."""
    await page.click(f'.doing [data-action="{action}"]')
    for name, value in fields.items():
        control = page.locator(f'form.move [name="{name}"]')
        if await control.evaluate("node => node.tagName") == "SELECT":
            await control.select_option(value)
        else:
            await control.fill(value)
    if fields:
        await page.click("form.move .primary")


async def opened(person: Person, order: str, lists: int = 0) -> None:
    """At the desk: choose a list, and in it an order, which may come only now."""
    await person.page.click(f"#lists button:nth-child({lists + 1})")
    await chosen(person, order)


async def chosen(person: Person, order: str) -> None:
    """In the list that is shown: an order, until it is the one beside the list."""
    await person.page.click(f'#lines [data-id="{order}"]')
    await expect(person.page.locator(f'.reported a[href="/o/{order}"]')).to_be_visible()


async def answers_by_link(reporter: Person, order: str, language: str) -> None:
    """The reporter opens the link of their notice, begins to write one thing and says another: nothing is lost."""
    known, until = reporter_hash(PERSONAL_KEY.encode(), "reporter"), int(time.time()) + 3_600
    await reporter.go(f"/r/{ReporterLinks(LINK_KEY).token(ReporterLink(order, known, until))}")
    steps = reporter.page.locator("#report li")
    await expect(steps.last).to_contain_text({"zh": "已办结", "en": "Done"}[language])
    again, settled_ = reporter.page.locator("#doing details").nth(0), reporter.page.locator("#doing details").nth(1)
    await again.locator("summary").click()
    await again.locator("textarea").fill("in case it comes back")
    await settled_.locator("summary").click()
    await settled_.locator('[name="satisfied"]').select_option("true")
    await settled_.locator('[name="satisfaction"]').select_option("5")
    await settled_.locator("button").click()

    await expect(reporter.page.locator("#answered")).to_contain_text({"zh": "已解决", "en": "it is settled"}[language])
    await expect(again.locator("textarea")).to_have_value("in case it comes back")
    await reporter.photograph(f"reporter-{language}")


@pytest.mark.parametrize("cast", ["zh", "en"], indirect=True)
async def test_six_people_play_the_life_of_an_order(cast: Cast, request: pytest.FixtureRequest) -> None:
    """Reported, decided, supervised, accepted, extended, handled, checked, and answered by the link of its reporter;
    what is in it stays text."""
    language = request.node.callspec.params["cast"]
    lat = 30.60 if language == "zh" else 30.66
    reporter, reviewer, dispatcher, department, duty = [
        await cast.seat(role) for role in ("reporter", "reviewer", "dispatcher", "department", "duty-officer")
    ]
    inspector = await cast.seat("inspector", PHONE)
    await duty.go("/")
    await department.go("/desk")

    order = await reported(reporter, f"{MARKUP} {FORMULA} {BIDI} 这里好像有点问题", lat, 114.30)

    await reviewer.go("/desk")
    await opened(reviewer, order)
    shown = reviewer.page.locator(".reported .text")
    await expect(shown).to_contain_text(MARKUP)
    await expect(shown).to_contain_text(FORMULA)
    await expect(shown).to_contain_text(BIDI.replace("\u202e", "\ufffd"))  # it turns nothing round
    await expect(reviewer.page).to_have_title({"zh": "席位", "en": "Desk"}[language])
    assert await reviewer.page.locator("img").count() == 0
    await reviewer.photograph(f"reviewer-{language}")
    await move(reviewer.page, "decide", category="pothole")
    await expect(reviewer.page.locator("#done")).to_be_visible()

    await duty.go(f"/o/{order}")
    await move(duty.page, "supervise", reason="in front of a school", level="1", until="2036-01-01T12:00")
    await expect(duty.page.locator(".timeline")).to_contain_text({"zh": "督办", "en": "supervision ordered"}[language])

    await opened(department, order)  # it has come to the page by itself
    await department.photograph(f"department-{language}")
    await department.page.keyboard.press("a")
    await expect(department.page.locator(f'#lines [data-id="{order}"]')).to_have_count(0)
    await expect(department.page.locator("#done")).to_contain_text({"zh": "签收", "en": "accept"}[language])
    await opened(department, order, lists=1)
    await move(department.page, "request-extension", reason="the asphalt comes on Monday")
    await department.page.click('.doing [data-action="handle"]')
    links = department.page.locator('form.move [name="evidence_urls"]')
    await links.fill("https://example.org/done.jpg")

    await dispatcher.go("/desk")
    await opened(dispatcher, order, lists=1)
    await dispatcher.photograph(f"dispatcher-{language}")
    await move(dispatcher.page, "approve-extension")
    await expect(dispatcher.page.locator(f'#lines [data-id="{order}"]')).to_have_count(0)

    # The order has changed while the department was typing.
    await expect(department.page.locator(".doing .notice")).to_be_visible()
    await expect(links).to_have_value("https://example.org/done.jpg")
    await department.page.click("form.move .primary")
    await expect(department.page.locator(f'#lines [data-id="{order}"]')).to_have_count(0)

    await inspector.go("/desk")
    await opened(inspector, order, lists=1)
    await inspector.photograph(f"inspector-{language}")
    await move(inspector.page, "check-pass")
    await expect(inspector.page.locator(f'#lines [data-id="{order}"]')).to_have_count(0)

    await answers_by_link(reporter, order, language)
    await duty.go("/")
    await duty.page.click('#cards [data-query="indicator=closed"]')
    await expect(duty.page.locator(f'#orders a[href="/o/{order}"]')).to_be_visible()
    await duty.photograph(f"duty-officer-{language}")
    await duty.go(f"/o/{order}")
    await expect(duty.page.locator("#state")).to_have_text({"zh": "结案", "en": "closed"}[language])
    await expect(duty.page.locator('.timeline a[href="https://example.org/done.jpg"]')).to_be_visible()
    assert "owned" not in await duty.page.title()
    await duty.photograph(f"order-{language}")


async def test_twenty_doubtful_reports_take_twenty_keys(cast: Cast) -> None:
    """Each key decides the order that is shown; the next one is there at once, and none is decided twice."""
    reporter, reviewer = await cast.seat("reporter"), await cast.seat("reviewer")
    for number in range(2 * PRESSED):
        text = f"{DOUBTFUL[number % len(DOUBTFUL)]} {number}"
        await reported(reporter, text, 30.58 + 0.004 * (number % 5), 114.28 + 0.004 * (number // 5))
    await reviewer.go("/desk")
    page, decided = reviewer.page, []
    page.on("request", lambda sent: decided.append(sent.url) if sent.method == "POST" else None)

    for _ in range(PRESSED):
        await page.wait_for_selector(".choices button")
        before = await page.locator(".reported .head a").get_attribute("href")
        await page.keyboard.press("1")
        await expect(page.locator(".reported .head a")).not_to_have_attribute("href", str(before))

    assert len(set(decided)) == len(decided) == PRESSED

    async def all_gone() -> bool:
        answers = [await reviewer.ask("GET", url.removeprefix(cast.base).removesuffix("/updates")) for url in decided]
        return all(answer["state"] != "review" for answer in answers)

    await eventually(all_gone, 20.0, "the desk's decisions")


async def test_several_are_accepted_together_and_a_step_is_taken_back(cast: Cast) -> None:
    """A department picks by key and accepts what it has picked; a dispatcher's other category is undone by key."""
    reporter, department, dispatcher = [await cast.seat(role) for role in ("reporter", "department", "dispatcher")]
    orders = [await reported(reporter, f"人民路路口有一个大坑 {n}", 30.64 + 0.004 * n, 114.40) for n in range(3)]
    await department.go("/desk")
    for order in orders:
        await chosen(department, order)
        await department.page.keyboard.press("x")

    await department.page.click("#lines .primary")

    await expect(department.page.locator("#done")).to_contain_text("3 accepted, 0 refused")
    for order in orders:
        await expect(department.page.locator(f'#lines [data-id="{order}"]')).to_have_count(0)

    await dispatcher.go("/desk")
    await dispatcher.page.get_by_role("button", name="with departments").click()
    await chosen(dispatcher, orders[0])
    category = (await dispatcher.ask("GET", f"/orders/{orders[0]}"))["category"]["id"]
    others = [each["id"] for each in (await dispatcher.ask("GET", "/seat"))["categories"] if each["id"] != category]
    await move(dispatcher.page, "re-categorise", category=others[0], reason="so it says")
    await dispatcher.page.wait_for_selector("#done button")
    await dispatcher.page.keyboard.press("u")

    await expect(dispatcher.page.locator("#done")).to_contain_text("Taken back")

    async def is_as_before() -> bool:  # the tables learn of it a moment after the desk has said so
        return bool((await dispatcher.ask("GET", f"/orders/{orders[0]}"))["category"]["id"] == category)

    await eventually(is_as_before, what="the category of before")


async def test_a_key_pressed_before_the_moves_have_come_is_done_when_they_have(cast: Cast) -> None:
    """Somebody who knows what the order needs is faster than the answer that says what may be done."""
    reporter, department = await cast.seat("reporter"), await cast.seat("department")
    order = await reported(reporter, "人民路路口有一个大坑", 30.52, 114.44)
    may_come = asyncio.Event()

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await department.page.route(f"**/orders/{order}/moves", late)
    await department.go("/desk")
    await chosen(department, order)
    before = await department.page.locator(".moves button").count()

    await department.page.keyboard.press("a")
    may_come.set()

    await expect(department.page.locator("#done")).to_contain_text("accept")
    assert before == 0

    async def accepted() -> bool:
        return bool((await department.order(order))["state"] == "accepted")

    await eventually(accepted, what="the tables' word")


async def test_what_is_refused_is_said_in_plain_words(cast: Cast) -> None:
    """The desk's own sentence, beside the form that is still filled in."""
    reporter, reviewer = await cast.seat("reporter"), await cast.seat("reviewer")
    order = await reported(reporter, "麻烦看一下这边", 30.70, 114.36)
    await reviewer.go("/desk")
    await opened(reviewer, order)

    await move(reviewer.page, "merge", other_order_id=order, reason="as it is")

    await expect(reviewer.page.locator(".doing .notice")).to_contain_text("Orders merge only into open ones")
    await expect(reviewer.page.locator('form.move [name="reason"]')).to_have_value("as it is")


async def test_an_order_page_shows_its_parts_and_who_handed_it_down(cast: Cast) -> None:
    """Of a joint order each part with its department and a link, of a part the whole; of levels all, from the top."""
    reporter = await cast.seat("reporter")
    duty = await cast.seat("duty-officer")
    order = await reported(reporter, "人民路路口有一个大坑", 30.55, 114.36)
    dispatcher = await cast.seat("dispatcher")
    step = {"action": "divide", "category": "street-light-out", "reason": "two matters"}
    await dispatcher.ask("POST", f"/orders/{order}/updates", step, prefer="wait=20")

    async def parted() -> dict[str, Any] | None:
        found: dict[str, Any] = await duty.order(order)
        return found if found.get("parts") else None

    whole = await eventually(parted, what="the parts")
    [part] = whole["parts"]
    above = [{"id": "roads", "name_zh": "市路政局", "name_en": "City Roads"}]
    answer = json.dumps(whole | {"held_for": above})
    await duty.page.route(f"**/orders/{order}", lambda route: route.fulfill(body=answer))

    await duty.go(f"/o/{order}")

    shown = duty.page.locator(".panel").filter(has=duty.page.get_by_role("heading", name="Parts", exact=True))
    await expect(shown.locator("li")).to_contain_text(part["department"]["name_en"])
    await expect(shown.locator(".badge")).to_have_text("under way")
    handed = duty.page.locator(".facts dd").filter(has_text=f"City Roads → {whole['department']['name_en']}")
    await expect(handed).to_be_visible()
    step_of_part = duty.page.locator(".timeline li").filter(has_text="part under way")
    await expect(step_of_part).to_contain_text(part["category"]["name_en"])
    await duty.photograph("order-parts")
    await shown.get_by_role("link").click()
    await expect(duty.page.locator('dt:text-is("Part of") + dd')).to_have_text(order)
    await expect(shown).to_be_hidden()


async def test_an_inspector_s_checks_stand_in_walking_order(cast: Cast) -> None:
    """From the most urgent one to the nearest that is left, and so on; one whose place is not known comes last."""
    reporter, inspector = await cast.seat("reporter"), await cast.seat("inspector", PHONE)
    await reported(reporter, "人民路路口有一个大坑", 30.53, 114.36)

    async def listed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await inspector.ask("GET", "/orders?limit=1"))["orders"]
        return found

    [line] = await eventually(listed, what="an order in the tables")
    places = {"first": 30.600, "far": 30.640, "near": 30.605, "between": 30.612, "unknown": None}
    lines = [
        line | {"id": name, "title": name, "location": {"lat": lat, "lon": 114.30} if lat else None}
        for name, lat in sorted(places.items(), key=lambda place: place[0] != "first")
    ]

    async def told(route: Route) -> None:
        await route.fulfill(json={"orders": lines, "complete": True, "next": None})

    await inspector.page.route("**/orders?limit=200*", told)

    await inspector.go("/desk")

    shown = inspector.page.locator("#lines [data-id] strong")
    await expect(shown).to_have_text(["1first", "2near", "3between", "4far", "5unknown"])
    await inspector.photograph("inspector-walks")


async def test_a_mobile_unit_works_its_task_on_a_phone(cast: Cast) -> None:
    """It says that it is free, and where; what it is sent to look at comes to its list, and each step is one press."""
    reporter, dispatcher, duty = [await cast.seat(role) for role in ("reporter", "dispatcher", "duty-officer")]
    unit = await cast.seat("unit", PHONE)
    await unit.context.grant_permissions(["geolocation"])
    await unit.context.set_geolocation({"latitude": 30.645, "longitude": 114.33})
    await unit.go("/desk")
    await expect(unit.page.locator("#lines .none")).to_have_text("Nothing in this list")

    async def says(state: str) -> None:
        async def heard() -> bool:
            units = (await duty.ask("GET", "/units"))["units"]
            return any((each["id"], each["state"]) == ("unit", state) for each in units)

        await unit.page.click(f'#lines [data-unit-state="{state}"]')
        await expect(unit.page.locator("#lines .reporting")).to_contain_text("told at")
        await eventually(heard, what="where the unit is")

    await says("free")
    order = await reported(reporter, "人民路路口有一个大坑", 30.645, 114.33)
    await dispatcher.ask("POST", f"/orders/{order}/updates", {"action": "send-unit"}, prefer="wait=20")
    await chosen(unit, order)
    await expect(unit.page.locator('dt:text-is("Mobile unit") + dd')).to_contain_text("to look whether it is there")
    await unit.photograph("unit")
    for step, gone in (("accept-task", "accept-task"), ("arrive", "arrive")):
        await unit.page.click(f'.doing [data-action="{step}"]')
        await expect(unit.page.locator(f'.doing [data-action="{gone}"]')).to_have_count(0)
    await unit.page.click('.doing [data-action="verify-pass"]')

    await expect(unit.page.locator("#lines .none")).to_be_visible()
    verified = [each["fact"] for each in (await duty.order(order))["timeline"]]
    assert [each for each in verified if each.startswith(("task", "unit", "verified"))][-1] == "verified"
    await says("off")


@pytest.mark.parametrize("cast", ["zh"], indirect=True)
async def test_two_people_silence_something_and_end_it(cast: Cast) -> None:
    """A zone of the day after tomorrow for a group in a district. What lasts long waits for the second one; whoever has
    set it may not approve it, and each step shows at once."""
    waits, to_come, approve, end = "待第二人批准", "尚未开始", "批准", "结束"
    duty, operator = await cast.seat("duty-officer"), await cast.seat("operator", PHONE)
    begin = datetime.now(CITY_ZONE) + timedelta(days=2)  # whatever clock the browser goes by, and never today
    until = begin + timedelta(days=29)
    await duty.go("/desk/silences")
    form = duty.page.locator("#wanted form")
    await form.locator('[name="category"]').select_option("road")
    await form.locator('[name="area"]').select_option("yunxi")
    await form.locator('[name="starts_at"]').fill(begin.strftime("%Y-%m-%dT%H:%M"))
    await form.locator('[name="ends_at"]').fill(until.strftime("%Y-%m-%dT%H:%M"))
    await form.locator('[name="owner"]').fill("lighting works")
    await form.locator('[name="comment"]').fill(MARKUP)
    await form.locator(".primary").click()

    own = duty.page.locator("#known li").filter(has_text="lighting works")
    await expect(own.locator(".badge")).to_have_text(waits)
    await expect(own).to_contain_text(MARKUP)
    await expect(own).to_contain_text(f"{begin:%Y-%m-%d %H:%M} 至 {until:%Y-%m-%d %H:%M}")
    await own.get_by_role("button", name=approve).click()
    await expect(duty.page.locator("#notice")).to_contain_text("须由第二人批准")
    await duty.photograph("silences-set")

    await operator.go("/desk/silences")
    seen = operator.page.locator("#known li").filter(has_text="lighting works")
    await seen.get_by_role("button", name=approve).click()
    await expect(seen.locator(".badge")).to_have_text(to_come)
    await operator.photograph("silences-approved")

    await own.get_by_role("button", name=end).click()
    await expect(own).to_have_count(0)


async def test_a_control_zone_of_the_city_is_lifted_on_the_page(cast: Cast) -> None:
    """With owner and reason; it holds again once what lifts it is ended."""
    dispatcher = await cast.seat("dispatcher")
    await dispatcher.go("/desk/silences")
    zone = dispatcher.page.locator("#zones li").filter(has_text="湖滨隧道施工")
    await expect(zone.locator(".badge")).to_have_text("in force")

    await zone.locator("summary").click()
    await zone.locator('[name="owner"]').fill("housing")
    await zone.locator('[name="comment"]').fill("the tunnel is through")
    await zone.get_by_role("button", name="Lift").click()

    await expect(zone.locator(".badge")).to_contain_text("lifted by silence")
    await dispatcher.photograph("control-zone-lifted")
    lifting = dispatcher.page.locator("#known li").filter(has_text="lifts a control zone")
    await lifting.get_by_role("button", name="End").click()
    await expect(zone.locator(".badge")).to_have_text("in force")


@pytest.mark.parametrize("cast", ["zh"], indirect=True)
async def test_the_duty_officer_sees_what_could_not_be_taken_in_and_what_has_drifted(
    cast: Cast, kafka: Kafka, running: Settings
) -> None:
    """Each error with how often it came in the last day, the most frequent first; nothing of what was sent. Beside it
    how the classifier has drifted."""
    duty = await cast.seat("duty-officer")

    async def drifted(route: Route) -> None:
        told = await (await route.fetch()).json()
        await route.fulfill(json=told | {"drift": {"alarms": {"return_share": "more are returned"}}})

    await duty.page.route("**/status?*", drifted)
    await kafka.produce(Names(running.namespace).reports, [b"junk", b"junk", Message(None, b"k")])

    await duty.go("/")

    panel = duty.page.locator("#dead")
    await expect(panel.locator("li")).to_have_count(2)
    await expect(panel.locator("li").first).to_contain_text("有字段不符合约定。")
    for size in (DESK, PHONE):
        await duty.page.set_viewport_size({"width": size[0], "height": size[1]})
        await panel.scroll_into_view_if_needed()
        await duty.photograph(f"dead-letters-{size[0]}")
        assert await duty.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert "junk" not in await panel.inner_text()
    await expect(duty.page.locator("#drift li")).to_have_text("退单多于往常")


async def test_ranking_and_funnel_show_what_the_status_says(cast: Cast) -> None:
    """Departments stand in the order of the chosen column, those without a value behind, and who had nothing to do at
    the end; the funnel counts each stage, gives its median, and marks where most time goes."""
    duty = await cast.seat("duty-officer")
    names: list[str] = []

    async def told(route: Route) -> None:
        status = await (await route.fetch()).json()
        if "departments" not in status:  # of the areas
            await route.fulfill(json=status)
            return
        rows = status["departments"]
        idle = {"open": 0, "closed": 0, "assigned": 0, "on_time_closure_rate": None}
        ranked = [(1, 4, 0.5), (7, 2, 0.9), (3, 0, None)]  # open, closed, on time
        for row, (waiting, closed, rate) in zip(rows.values(), ranked, strict=False):
            row |= {"open": waiting, "closed": closed, "assigned": waiting + closed, "on_time_closure_rate": rate}
        for row in list(rows.values())[len(ranked) :]:
            row |= idle
        names[:] = [row["name_en"] for row in rows.values()]
        seconds = {"count": 8, "p50": 60, "p90": 90}
        status["city"] |= {
            "opened": 40, "assigned": 30, "accepted": 20, "handled": 10, "closed": 5, "dispatching_seconds": seconds,
            "response_seconds": seconds, "handling_seconds": {"count": 10, "p50": 7_200, "p90": 9_000},
            "checking_seconds": seconds, "resolution_seconds": {"count": 5, "p50": 90_000, "p90": 90_000},
        }  # fmt: skip
        await route.fulfill(json=status)

    await duty.page.route("**/status?*", told)
    await duty.go("/")

    first_three = [duty.page.locator("#departments tr").nth(row).locator("th") for row in range(3)]
    stages = duty.page.locator("#funnel tr")
    await expect(stages).to_have_count(7)
    for place, which in zip(first_three, (1, 0, 2), strict=True):
        await expect(place).to_contain_text(names[which])
    assert await duty.page.locator("#departments tr:not(.quiet)").count() == len(first_three)
    counts = [await stages.nth(row).locator("td").nth(1).inner_text() for row in range(7)]
    assert counts == ["40", "8", "30", "20", "10", "8", "5"]
    assert await stages.locator("td .figure").count() == len(counts)
    cells = duty.page.locator("#departments tr").first.locator("td")
    shown = [(await cell.inner_text(), await cell.locator(".figure").count()) for cell in await cells.all()]
    assert len(shown) == await duty.page.locator("#ranks button").count()
    assert [text for text, opens in shown if bool(opens) is (text.strip() in ("–", "0"))] == []
    on_time = duty.page.locator("#departments tr").first.locator('[data-query^="indicator=on_time_closure_rate&"]')
    async with duty.page.expect_response("**/orders?*indicator=on_time_closure_rate&department=*") as listed:
        await on_time.click()
    assert (await listed.value).ok
    await expect(on_time).to_have_attribute("aria-pressed", "true")
    await expect(stages.filter(has=duty.page.locator("td.bad"))).to_have_text(re.compile("Handled.*2.*h"))

    await duty.page.locator("#ranks").get_by_role("button", name="Open", exact=True).click()

    for place, which in zip(first_three, (1, 2, 0), strict=True):
        await expect(place).to_contain_text(names[which])

    below = duty.page.get_by_role("button", name="With those below")
    async with duty.page.expect_response("**/status?*&below=true") as summed:
        await below.click()
    assert (await summed.value).ok
    async with duty.page.expect_response("**/orders?*&department=*&below=true*") as of_all:
        await duty.page.locator('#departments [data-query$="&below=true"]').first.click()
    assert (await of_all.value).ok

    async def without_levels(route: Route) -> None:
        status = await (await route.fetch()).json()
        for row in status.get("departments", {}).values():
            row.pop("parent", None)
        await route.fulfill(json=status)

    await duty.page.route("**/status?*", without_levels)  # the later one answers first
    await duty.go("/")
    await expect(duty.page.locator("#departments tr").first).to_be_visible()
    await expect(below).to_be_hidden()


async def test_a_day_and_a_week_of_the_trend_open_into_their_orders(cast: Cast) -> None:
    """Their list is of just those days, whatever window is chosen above; a stock is that of the last of them."""
    duty = await cast.seat("duty-officer")
    days = [
        {"day": f"2026-03-{day:02}", "open": 3, "overdue_open": 0, "opened": 1, "closed": 0} for day in range(1, 15)
    ]
    await duty.page.route("**/trend?*", lambda route: route.fulfill(json={"days": days}))
    await duty.go("/")
    table = duty.page.locator("#trend-table")
    await duty.page.locator("#trend-panel summary").click()
    await expect(table.locator("tbody tr")).to_have_count(len(days))
    assert await table.locator(".figure").count() == 2 * len(days)

    for pressed, first, last in (("By day", "2026-03-14", "2026-03-14"), ("By week", "2026-03-08", "2026-03-14")):
        await duty.page.locator("#trend-top").get_by_role("button", name=pressed).click()
        for indicator in ("open", "opened"):
            figure = table.locator("tbody tr").first.locator(f'[data-query^="indicator={indicator}&"]')
            async with duty.page.expect_response(f"**/orders?*indicator={indicator}&*") as listed:
                await figure.click()
            response = await listed.value
            assert response.ok
            assert response.url.endswith(f"&indicator={indicator}&from={first}&to={last}")
            await expect(figure).to_have_attribute("aria-pressed", "true")


async def test_the_strip_of_an_order_is_drawn_to_scale(cast: Cast) -> None:
    """Who held it from when to when, on its own span of time: a quarter misrouted, then the rest, accepted half-way."""
    reporter, duty = await cast.seat("reporter"), await cast.seat("duty-officer")
    order = await reported(reporter, "人民路路口有一个大坑", 30.57, 114.41)
    whole = await duty.order(order)
    at = [f"2026-03-01T0{hour}:00:00Z" for hour in range(5)]
    turn = {"department": whole["department"], "held_work_seconds": 0}
    held = [
        turn | {"from": at[0], "to": at[1], "held_seconds": 3_600, "misrouted": True},
        turn | {"from": at[1], "to": at[4], "held_seconds": 10_800, "accepted_at": at[2]},
    ]
    shown = whole | {"opened_at": at[0], "due": None, "overdue_at": None, "dispatching": [], "held_by": held}
    await duty.page.route(f"**/orders/{order}", lambda route: route.fulfill(body=json.dumps(shown)))

    await duty.go(f"/o/{order}")

    strip = duty.page.locator("table.held tbody tr")
    await expect(strip).to_have_count(2)
    placed = "node => [node.style.left, node.style.width]"
    drawn = {
        kind: await duty.page.locator(f"table.held tbody i.{kind}").evaluate(placed)
        for kind in ("misrouted", "turn", "accepted")
    }
    assert drawn == {"misrouted": ["0%", "25%"], "turn": ["25%", "75%"], "accepted": ["50%", "50%"]}
    await expect(strip.nth(1).locator("td").nth(1)).to_have_text(re.compile("3.*h"))


async def test_a_false_alarm_opens_into_its_order(cast: Cast) -> None:
    """People find nothing there: the algorithm and the camera are listed with it, and the figure shows which it was."""
    sensor = await cast.seat("sensor")
    duty, phone = await cast.seat("duty-officer"), await cast.seat("duty-officer", PHONE)
    department, dispatcher = await cast.seat("department"), await cast.seat("dispatcher")
    seen = {"camera_id": "gulou-001", "label": "sinkhole", "algorithm": "lids-2", "confidence": 0.95}
    told = await sensor.ask("POST", "/detections", seen, prefer="wait=20", **{"idempotency-key": uuid.uuid4().hex})
    order = str(told["order"]).rpartition("/")[2]
    await camera_opens_into(duty, "gulou-001", order)
    nothing = {"code": "not-a-problem", "reason": "a shadow"}
    for person, action in ((department, "return"), (dispatcher, "approve-return")):
        await person.ask("POST", f"/orders/{order}/updates", {"action": action, **nothing}, prefer="wait=20")

    async def counted() -> bool:
        return bool((await duty.ask("GET", "/false-alarms"))["algorithms"])

    await eventually(counted, what="the tables' word")
    await duty.go("/")
    worst = duty.page.locator("#false-algorithms tr").filter(has_text="lids-2")
    await expect(worst.locator("td").first).to_have_text("100.0 %")
    await worst.get_by_role("button", name="False alarms").click()

    await expect(duty.page.locator("#orders a")).to_have_count(1)
    await expect(duty.page.locator("#orders a")).to_have_attribute("href", f"/o/{order}")
    await expect(duty.page.locator("#false-cameras")).to_contain_text("gulou-001")
    await expect(duty.page.locator("#cameras dt").first).to_have_text("Quiet cameras")
    cells = [{"lat": 30.4 + y / 50, "lon": 114.1 + x / 50, **CELLS[(x * y) % 3]} for x in range(20) for y in range(20)]
    many = {
        "counts": {"quiet": 22_000, "busy": 900, "silent": 100},
        "cameras": [],
        "raster": {"size": 0.02, "cells": cells},
    }
    for person, name in ((duty, "cameras"), (phone, "cameras-phone")):
        await person.page.route(CAMERAS, lambda route: route.fulfill(body=json.dumps(many)))
        await person.go("/")
        await expect(person.page.locator("#map path.cell")).to_have_count(len(cells))
        await expect(person.page.locator("#cameras button")).to_have_text("100")
        await person.photograph(name)
    await cell_opens_into_its_cameras(duty)


async def cell_opens_into_its_cameras(duty: Person) -> None:
    """The cell tells how many of them are what, and asks for those of its box; the whole city then has cells again."""
    cells = duty.page.locator("#map path.cell.busy")
    await cells.nth(await cells.count() // 2).click()  # one in the middle
    told = duty.page.locator("#map .leaflet-popup")
    await expect(told).to_contain_text("Cameras: 5 busy, 0 silent, 20 quiet")
    await duty.photograph("cell")
    async with duty.page.expect_response(re.compile(r"/cameras\?within=30\.\d+,114\.\d+,30\.\d+,114\.\d+$")) as within:
        await told.get_by_role("button", name="Show these cameras").click()
    assert (await within.value).ok
    async with duty.page.expect_response(re.compile(r"/cameras\?$")):
        await duty.page.get_by_role("button", name="The whole city").click()


async def camera_opens_into(duty: Person, camera: str, order: str) -> None:
    """On the map alone, the camera that sees an order is busy, and what it tells opens into that order. The order is of
    life and limb: it is announced, at the city's time."""

    async def busy() -> bool:
        seen = (await duty.ask("GET", "/cameras"))["cameras"]
        return any((each["id"], each["state"]) == (camera, "busy") for each in seen)

    await eventually(busy, what="the tables' word")
    told = await duty.ask("GET", "/cameras")
    told["cameras"] = [each for each in told["cameras"] if each["id"] == camera]
    await duty.page.route(CAMERAS, lambda route: route.fulfill(body=json.dumps(told)))
    await duty.go("/")
    when = duty.page.locator("section.urgent time").last
    announced = datetime.fromisoformat(str(await when.get_attribute("datetime"))).astimezone(CITY_ZONE)
    await expect(when).to_contain_text(announced.strftime("%H:%M"))
    await duty.page.locator("#map path.point.busy").dispatch_event("click")
    await duty.photograph("camera")
    await duty.page.locator("#map .leaflet-popup").get_by_role("button", name="1 open").click()
    await expect(duty.page.locator("#orders a")).to_have_count(1)
    await expect(duty.page.locator("#orders a")).to_have_attribute("href", f"/o/{order}")
    await duty.page.unroute(CAMERAS)


async def test_nothing_keeps_anybody_from_using_a_page(cast: Cast) -> None:
    """axe-core finds nothing serious: each page and seat, light and dark, at a desk and on a phone."""
    reporter = await cast.seat("reporter")
    order = await reported(reporter, "人民路路口有一个大坑", 30.62, 114.33)
    until = int(time.time()) + 3_600
    known = reporter_hash(PERSONAL_KEY.encode(), "zhang")
    link, judging = (
        ReporterLinks(LINK_KEY).token(ReporterLink(order, known, until, citizen)) for citizen in (False, True)
    )
    pages = [
        ("duty-officer", "/"),
        ("duty-officer", f"/o/{order}"),
        ("admin", "/docs"),
        ("reporter", f"/r/{link}"),
        ("reporter", f"/r/{judging}"),
        ("reporter", "/open"),
    ]
    found: dict[str, list[str]] = {}

    seats = [(role, "/desk") for role in SEATED]
    for number, (role, path) in enumerate((*pages, *seats, ("duty-officer", "/desk/silences"))):
        person = await cast.seat(role)
        await person.go(path)
        await person.page.wait_for_load_state("networkidle") if path == "/docs" else await settled(person.page)
        for theme, size in LOOKS[number % 4 :][:1] if path == "/desk" else LOOKS[2 * (number % 2) :][:2]:
            await person.page.set_viewport_size({"width": size[0], "height": size[1]})
            await person.page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            found[f"{role}{path.replace('/', '-')}-{theme}-{size[0]}"] = await violations(person.page)
            seen = path.replace("/", "-").replace(order, "order").replace(link, "link").replace(judging, "judging")
            await person.photograph(f"{role}{seen}-{theme}-{size[0]}")
            wide = await person.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= size[0], (role, path, size)

    assert {name: each for name, each in found.items() if each} == {}


async def settled(page: Page) -> None:
    """Wait until a page has shown what it asked for."""
    shown: dict[str, Any] = {
        "/": "#cards .card",
        "/desk": "#lists .count",
        "/desk/silences": "#known li",
        "/r": "#state",
        "/open": "#figures .panel",
    }
    path = "/" + page.url.split("/", 3)[3]
    path = path if path in shown else "/" + path.split("/")[1]
    await page.wait_for_selector(shown.get(path, ".timeline li"))
