"""The pages: nothing that a report says is ever markup, and nothing is loaded from elsewhere."""

import asyncio
import base64
import csv
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path, PurePath
from typing import get_args

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from playwright.async_api import Page, Route, expect

from dispatcher.figures.indicators import figures_of
from dispatcher.order.facts import KINDS
from dispatcher.order.forms import Kind, form
from dispatcher.order.lifecycle import STATE_TERMS, TABLE
from dispatcher.order.row import Entry, Order
from dispatcher.partition.unit_of_work import DESK
from models.city import City
from models.events import Why
from models.events.vocabulary import CODES
from models.guess import NO_FAULT
from streams import gateway as package
from streams.access.holders import Holders
from streams.dead_letters.letter import ERRORS
from streams.gateway.app import Parts, make_app
from streams.gateway.events.event_writer import EventWriter
from streams.gateway.routes.pages import page_routes
from streams.gateway.shards import Shards
from streams.gateway.shutdown import Shutdown
from streams.gateway.waiting import FactTail
from streams.http_server import HttpServer
from streams.settings import load_settings
from streams.tables.protocol import (
    PartitionFigures,
    PartitionOrder,
    PartitionOrders,
    ShardFigures,
    ShardOrder,
    ShardOrders,
    brief,
)
from tests.support.desk_rows import opened
from tests.support.web.browsers import PHONE, Seen, browser, seated
from tests.web.answers.test_partial import workers
from tests.web.conftest import NOWHERE, Open

FILES = Path(package.__file__).parent / "page_files"
HAN = r"[\u4e00-\u9fff]"
SCRIPT = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'


async def test_the_pages_allow_nothing_from_elsewhere(gateway: Open) -> None:
    """The content security policy knows only the gateway's own files, without inline scripts or styles."""
    async with gateway() as client:
        for path in ("/", "/o/x", "/docs", "/page/docs.js", "/page/app.js", "/page/style.css"):
            answer = await client.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
            assert "unsafe" not in policy
        assert (await client.get("/page/../app.py")).status_code == 404
        assert (await client.get("/page/serve.py")).status_code == 404


TILES = {"tiles_url": "https://tiles.example.org:8443/{z}/{x}/{y}.png", "tiles_attribution": "<b>whoever</b> drew it"}


def with_tiles(city: City) -> City:
    """The city with a street map under its areas."""
    return replace(city, settings=city.settings.model_copy(update=TILES))


async def test_only_a_page_with_a_map_may_show_pictures_of_the_city_s_street_map(city: City) -> None:
    """Of that one server, and nothing else; without one it is as ever."""
    policies: dict[bool, dict[str, str]] = {}
    for tiled in (False, True):
        app = FastAPI()
        app.include_router(page_routes(with_tiles(city) if tiled else city))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            found = {path: await client.get(path) for path in ("/", "/desk", "/o/x", "/open", "/r/x", "/desk/silences")}
        policies[tiled] = {path: each.headers["content-security-policy"] for path, each in found.items()}

    plain = policies[False]["/"]
    assert set(policies[False].values()) == {plain}
    assert "img-src 'self' data:;" in plain
    widened = plain.replace("data:;", "data: https://tiles.example.org:8443;")
    assert {path: each for path, each in policies[True].items() if each != plain} == dict.fromkeys(
        ("/", "/desk", "/o/x"), widened
    )


async def test_the_libraries_are_served_for_ever_by_a_name_with_their_version(gateway: Open) -> None:
    """Scripts, styles and licences, each as what it is; what is not of the lock is not there."""
    found = [file.name for file in FILES.with_name("page_libraries").iterdir() if file.suffix]
    kinds = {".js": "text/javascript", ".css": "text/css", ".txt": "text/plain"}
    async with gateway() as client:
        for name in found:
            answer = await client.get(f"/page/{name}")
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["content-type"] == f"{kinds[PurePath(name).suffix]}; charset=utf-8"
        assert (await client.get("/page/app.js")).headers["cache-control"] == "no-cache"
        assert (await client.get("/page/app.js")).content == (FILES / "app.js").read_bytes()
        assert (await client.get("/page/SEAL")).status_code == 404
    assert found


async def test_the_pages_call_states_and_facts_by_the_cores_terms(gateway: Open) -> None:
    """The script that the pages import is made from the tables of terms, which have each state and each fact."""
    async with gateway() as client:
        answer = await client.get("/page/terms.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    tables = dict(re.findall(r"^export const ([A-Z]+) = (.*);$", answer.text, re.MULTILINE))
    told = {
        name: msgspec.json.decode(table, type=dict[str, tuple[str, str]])
        for name, table in tables.items()
        if name != "WORDS"
    }
    assert told["STATES"] == STATE_TERMS
    assert told["FACTS"].keys() == KINDS.keys()
    assert told.keys() == {"STATES", "FACTS", "ROLES", "DECIDERS", "REASONS"}
    assert msgspec.json.decode(tables["WORDS"], type=dict[str, str]) == words()


async def test_a_reviewer_takes_the_alternative_that_it_is_no_fault_as_the_desk_wants_it(gateway: Open) -> None:
    """The classifier's label for no fault is no category of a city: it is decided by the code, with a reason."""
    async with gateway() as client:
        assert f'export const NO_FAULT = "{NO_FAULT}";' in (await client.get("/page/terms.js")).text

    decided = re.findall(r'=== NO_FAULT \? \{ code: "([a-z-]+)", reason: ', (FILES / "alternatives.js").read_text())
    assert decided == list(CODES["decide"])


def words() -> dict[str, str]:
    """The Chinese of what the pages say, by the English."""
    rows = list(csv.DictReader((FILES / "words.csv").read_text().splitlines()))
    assert len({row["en"] for row in rows}) == len(rows)
    return {row["en"]: row["zh"] for row in rows}


def said() -> set[str]:
    """Whatever the pages say: in scripts the argument of `say`, in pages the text or label of what is marked; and why
    something was set aside."""
    scripts = "".join(file.read_text() for file in FILES.glob("*.js"))
    pages = "".join(file.read_text() for file in FILES.glob("*.html"))
    in_scripts = re.findall(r'\bsay\("([^"]+)"|\bWORDS\["([^"]+)"\]', scripts)
    in_pages = re.findall(r'\bdata-say(?:\s[^>]*)?>([^<]+)<|\bdata-say-label="([^"]+)"', pages)
    return {one or other for one, other in (*in_scripts, *in_pages)} | set(ERRORS.values())


def test_whatever_the_pages_say_stands_in_the_table_in_both_languages() -> None:
    """None is missing and none is left over; both languages have the same places for what varies."""
    assert sorted(said() ^ words().keys()) == []
    assert [en for en, zh in words().items() if not re.search(HAN, zh) or en.count("{}") != zh.count("{}")] == []


@pytest.mark.parametrize("file", sorted(FILES.glob("*.[hj]*")), ids=lambda file: file.name)
def test_no_chinese_stands_beside_the_table(file: Path) -> None:
    """Pages and scripts are written in English alone, so that nothing is shown in both languages at once."""
    assert re.findall(HAN, file.read_text()) == []


@pytest.mark.parametrize("page", sorted(FILES.glob("*.html")), ids=lambda file: file.name)
def test_no_page_has_words_of_its_own_that_stay_english(page: Path) -> None:
    """Each text of a page is marked as one to translate; names of things for programs are none."""
    texts = re.findall(r"<([^>]*)>([^<]*[A-Za-z]{2}[^<]*)<", page.read_text())
    kept = ("OpenAPI", "Paidan API")
    assert [text for tag, text in texts if "data-say" not in tag and text not in kept] == []


def test_each_figure_of_the_overview_opens_into_the_orders_of_an_indicator() -> None:
    """What its list is asked with is an indicator that `GET /orders` takes, and the one whose value it shows."""
    script = (FILES / "app.js").read_text()
    cards = re.findall(r'^  \[say\("[^"]+"\), "(\w+)", \(x\) => (?:\w+\()?x\.(\w+)', script, re.MULTILINE)
    columns = (FILES / "ranking.js").read_text().partition("COLUMNS = [")[2].partition("\n];")[0]
    ranked = re.findall(r'^  \[say\("[^"]+"\), "(\w+)", \(x\) => x\.(\w+)', columns, re.MULTILINE)
    stages = (FILES / "funnel.js").read_text().partition("STAGES = [")[2].partition("\n];")[0]
    counted = re.findall(r'^  \[say\("[^"]+"\), (?:"(\w+)"|null), (?:"(\w+)"|null)\],$', stages, re.MULTILINE)

    assert (len(cards), len(ranked), len(counted)) == (10, columns.count("say("), stages.count("say("))
    assert [pair for pair in (*cards, *ranked) if pair[0] != pair[1] or not figures_of(pair[0])] == []
    assert [pair for pair in counted if not figures_of(pair[0] or pair[1])] == []


def test_each_kind_of_field_has_a_control_and_each_field_a_label() -> None:
    """A form of the lifecycle with a kind that the pages do not know could not be opened."""
    script = (FILES / "moves.js").read_text()
    controls = re.findall(r'^  "?([a-z-]+)"?: \(field', script, re.MULTILINE)
    labels = re.findall(r"\b(\w+): say\(", script.partition("LABELS = {")[2].partition("};")[0])

    assert set(controls) == set(get_args(Kind))
    assert {field.name for row in TABLE for field in form(row)} - set(labels) == set()


@pytest.mark.parametrize("file", sorted(FILES.iterdir()), ids=lambda file: file.name)
def test_no_file_makes_markup_of_text_or_loads_from_elsewhere(file: Path) -> None:
    """No innerHTML and its like, no inline handlers, no other host."""
    text = file.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function", text)
    assert not re.search(r"https?://|//[a-z0-9.-]+\.[a-z]{2,}/", text)
    assert not re.search(r"<[^>]+\son[a-z]+\s*=", text)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in")
@pytest.mark.parametrize("path", ["/", "/o/", "/desk"])
async def test_a_script_in_a_report_is_shown_and_not_run(city: City, path: str) -> None:
    """Stored XSS: a browser shows the report's text as text, on the dashboard, the order's own page and at the desk."""
    order = msgspec.structs.replace(opened(1), text=SCRIPT, address=SCRIPT)
    evil = msgspec.structs.replace(
        order, evidence_first=(msgspec.structs.replace(order.evidence_first[0], text=SCRIPT),)
    )
    shown = await _page_of(city, evil, path)
    assert "owned</title>" not in shown
    assert "&lt;script&gt;" in shown
    assert "<img" not in shown


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in")
async def test_the_page_of_an_order_leads_to_photos_and_to_what_may_be_the_same(city: City) -> None:
    """An inspector sees what was done, a reviewer what may be merged; a failed check is told from a passed one."""
    order = opened(1)
    at = order.opened_at
    handled = Entry(seq=4, fact="handled", at=at, state="handled", actor=DESK, evidence_urls=("http://a/handled.jpg",))
    failed = Entry(seq=5, fact="checked", at=at, state="accepted", actor=DESK, evidence_urls=("http://a/checked.jpg",))
    more = {"timeline": (*order.timeline, handled, failed), "candidates": ("south-w-20260301-bbbbbbbbbb",)}
    shown = await _page_of(city, msgspec.structs.replace(order, **more), "/o/")
    for link in ("http://a/handled.jpg", "http://a/checked.jpg", "/o/south-w-20260301-bbbbbbbbbb"):
        assert f'href="{link}"' in shown
    assert re.search(
        r'<tr><th scope="row">[^<]+<small><time [^<]+</time> – now</small></th><td class="strip">'
        r'.*?<i class="turn" style="left: ',
        shown,
    )
    assert ">failed<" in shown
    assert ">passed<" not in shown


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in")
async def test_what_decided_on_a_department_is_said_in_words(city: City) -> None:
    """`label` stood there, and of a return that was approved at once its code."""
    order = opened(1)
    [turn] = order.assignments
    shown = [
        await _page_of(
            city, msgspec.structs.replace(order, assignments=(msgspec.structs.replace(turn, why=why),)), "/o/"
        )
        for why in (Why(by="label", note="sinkhole"), Why(by="suggestion", table_row=2, note="not-my-asset"))
    ]

    for words in ("the table of labels", "sinkhole"):
        assert f"<dd>{words}</dd>" in shown[0]
    for words in ("the department that returned it", "row 2 · not this department's asset"):
        assert f"<dd>{words}</dd>" in shown[1]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in")
async def test_what_the_program_says_of_a_step_is_said_in_the_reader_s_language(city: City, tmp_path: Path) -> None:
    """`control-zone silence/3` and an English sentence stood in the Chinese of a timeline."""
    order = opened(1)
    told = {
        ("rejected", "control-zone silence/3"): "静默 3",
        ("rejected", "control-zone silences.csv:2"): "管控区域（silences.csv:2）",
        ("closed", "all parts have passed"): "各联办环节均已通过",
        ("commented", "control-zone silence/3"): "control-zone silence/3",
    }
    at = order.opened_at
    steps = [
        Entry(seq=4 + n, fact=fact, at=at, state="closed", actor=DESK, note=note) for n, (fact, note) in enumerate(told)
    ]

    async with serving(city, msgspec.structs.replace(order, timeline=tuple(steps))) as base, browser() as chrome:
        person = await seated(chrome, base, "", "zh", tmp_path, Seen())
        await person.go(f"/o/{order.id}")
        said = person.page.locator("ol.timeline li")

        await expect(said).to_have_text([re.compile(rf"·\s*{re.escape(words)}$") for words in told.values()])


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in")
async def test_who_answers_for_a_silence_is_called_by_its_name(city: City, tmp_path: Path) -> None:
    """A department, in the reader's language, of whom the tables of control zones have the id; anybody else stays."""
    period = {"starts_at": "2026-03-01T10:00:00+08:00", "ends_at": "2036-03-01T10:00:00+08:00"}
    every = {"category": None, "area": None, "owner": "roads"} | period
    zone: dict[str, object] = every | {"lifts": "z", "reason": "fair", "lifted_by": None, "holds": False}
    zone |= {"days": ["fri", "day-off"], "times": ["22:00-06:00"]}
    silence = {"number": 1, "state": "active", "comment": "works"} | every
    listed = {
        "zone": "Asia/Shanghai",
        "control_zones": [zone],
        "silences": [silence, silence | {"number": 2, "owner": "ann of roads"}],
    }
    roads = re.compile(f" · {city.departments['roads'].name_zh}$")

    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "zh", tmp_path, Seen())).page
        await page.route(f"{base}/silences", lambda route: route.fulfill(json=listed))
        await page.goto(f"{base}/desk/silences")

        await expect(page.locator("#zones .soft")).to_have_text(roads)
        await expect(page.locator("#zones .soft")).to_contain_text(" · 周五, 休息日 · 22:00–06:00 · ")
        await expect(page.locator("#zones .badge")).to_have_text("当前时段不生效")
        await expect(page.locator("#known .soft")).to_have_text([roads, re.compile(" · ann of roads$")])


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in")
async def test_the_desk_opens_the_first_order_of_the_first_list_with_what_may_be_done(city: City) -> None:
    """A reviewer's list, without tokens; the moves are the table's for that role and state."""
    order = msgspec.structs.replace(opened(1), state="review", department="", assignments=())

    shown = await _page_of(city, order, "/desk")

    assert f"<code>{order.id}</code>" in shown
    moves = re.findall(r'<button type="button" data-action="([a-z-]+)"[^>]*>([^<]*)<', shown)
    assert moves == [
        (row.action, row.action.replace("-", " "))
        for row in TABLE
        if "review" in row.sources and "reviewer" in row.roles and "kept-apart" not in row.guards
    ]


# One grey point.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


@asynccontextmanager
async def _map_of(city: City, tmp_path: Path) -> AsyncIterator[tuple[Page, Seen]]:
    """The overview of a city with one order, on a phone; and what its browser has asked for."""
    order = opened(1)
    async with serving(city, order) as base, browser() as chrome:
        seen = Seen()
        person = await seated(chrome, base, "", "en", tmp_path, seen, PHONE)

        async def tile(route: Route) -> None:
            await route.fulfill(body=PICTURE, content_type="image/png")

        async def days(route: Route) -> None:
            week = [
                {"day": f"2026-03-{day:02}", "open": day, "overdue_open": 1, "opened": 2, "closed": 3}
                for day in range(1, 29)
            ]
            await route.fulfill(json={"days": week})

        await person.page.route("https://tiles.example.org:8443/**", tile)
        await person.page.route("**/trend?*", days)
        await person.go("/")
        await person.page.wait_for_selector("#cards .card")
        yield person.page, seen
        assert seen.faults == []


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in")
async def test_an_area_of_the_map_is_a_button_that_opens_into_its_orders(city: City, tmp_path: Path) -> None:
    """By a key, too; areas are coloured by what is chosen, and the trend has its numbers in a table. Nothing is asked
    of another host."""
    async with _map_of(city, tmp_path) as (page, seen):
        area = page.get_by_role("button", name="Dukou: 0 open, 0 overdue, closure rate –")
        await area.press("Enter")
        await expect(page.locator("#orders-title")).to_have_text("Open in Dukou")
        await expect(area).to_have_attribute("aria-pressed", "true")
        await page.locator("#areas-top").get_by_role("button", name="Closure rate").click()
        await expect(page.get_by_text("closure rate: the deeper, the higher")).to_be_visible()
        await page.get_by_role("button", name="By week").click()
        await page.get_by_text("The same as a table").click()
        last = page.locator("#trend-table tbody tr").first.locator("th, td")
        await expect(last).to_have_text(["2026-03-22", "28", "1", "14", "21"])
        assert await page.locator("#map .leaflet-tile").count() == 0
        assert [url for url in seen.requests if not url.startswith(("http://127.0.0.1:", "data:"))] == []


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in")
async def test_a_configured_street_map_is_shown_and_no_other_host_is_asked(city: City, tmp_path: Path) -> None:
    """The pictures come through the content security policy; whose they are is text."""
    async with _map_of(with_tiles(city), tmp_path) as (page, seen):
        await page.wait_for_selector("#map .leaflet-tile-loaded")
        await expect(page.locator("#map .attribution")).to_have_text(TILES["tiles_attribution"])
        elsewhere = {url.split("/")[2] for url in seen.requests if not url.startswith(("http://127.0.0.1:", "data:"))}
    assert elsewhere == {"tiles.example.org:8443"}


async def _page_of(city: City, order: Order, path: str) -> str:
    """What a browser makes of the dashboard, or of the order's page, when this is the only order."""
    async with serving(city, order) as base:
        return await _dump(f"{base}{path}{order.id if path == '/o/' else ''}")


@asynccontextmanager
async def serving(city: City, order: Order) -> AsyncIterator[str]:
    """The address of a gateway whose only order this is."""
    answers = {
        "/figures": ShardFigures({0: PartitionFigures(1)}),
        "/orders": ShardOrders({0: PartitionOrders(1, (brief(order),))}),
        f"/orders/{order.id}": ShardOrder({0: PartitionOrder(1, order)}),
    }
    async with workers(answers) as places:
        settings = load_settings(
            kafka=NOWHERE, tables_workers=places, partitions=1, personal_key="for these tests only"
        )
        shutdown = Shutdown()
        shards, writer = Shards(settings), EventWriter(settings, shutdown)
        app = make_app(Parts(settings, city, shards, writer, FactTail(settings), Holders(settings), shutdown))
        async with HttpServer(app, "127.0.0.1", 0) as server:
            yield f"http://{server.address}"
        await writer.stop()
        await shards.close()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in")
async def test_the_page_of_the_api_lists_each_route_with_its_body(city: City) -> None:
    """Made in the browser from the gateway's own description, without anything from elsewhere."""
    settings = load_settings(
        kafka=NOWHERE, tables_workers=(NOWHERE,), partitions=1, personal_key="for these tests only"
    )
    shutdown = Shutdown()
    shards, writer = Shards(settings), EventWriter(settings, shutdown)
    app = make_app(Parts(settings, city, shards, writer, FactTail(settings), Holders(settings), shutdown))
    async with HttpServer(app, "127.0.0.1", 0) as server:
        shown = await _dump(f"http://{server.address}/docs")
        async with httpx.AsyncClient(base_url=f"http://{server.address}") as client:
            described = (await client.get("/openapi.json")).json()["paths"]
    await writer.stop()
    await shards.close()
    for path, methods in described.items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in shown
    assert "body: application/json" in shown


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in")
async def test_a_chinese_heading_beside_buttons_stays_in_one_line_on_a_phone(city: City, tmp_path: Path) -> None:
    """A line may break between any two of its characters; the buttons go below instead."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        person = await seated(chrome, base, "", "zh", tmp_path, Seen(), PHONE)
        await person.go("/")
        await person.page.wait_for_selector("#map path")
        heading = await person.page.locator("#areas-title").bounding_box()
        await person.photograph("areas")

    assert heading is not None
    assert heading["height"] < 40


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in")
@pytest.mark.parametrize("size", [(1280, 900), PHONE])
async def test_nothing_that_the_page_of_the_api_says_lies_beyond_the_edge(
    city: City, tmp_path: Path, size: tuple[int, int]
) -> None:
    """However many words a parameter takes: what it means stands beside them, or below."""
    async with serving(city, opened(1)) as base, browser() as chrome:
        person = await seated(chrome, base, "", "en", tmp_path, Seen(), size)
        await person.go("/docs")
        await person.page.wait_for_selector("#routes .panel")
        beyond = await person.page.evaluate(
            "[...document.querySelectorAll('.scroll')].filter(each => each.scrollWidth > each.clientWidth).length"
        )
        await person.photograph("docs")

    assert beyond == 0


async def _dump(url: str) -> str:
    command = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=6000",
        "--dump-dom",
        url,
    ]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=90, check=True)
    return done.stdout.decode()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here to show the pages in")
async def test_open_figures_of_a_month_without_orders_say_that_there_are_none(city: City, tmp_path: Path) -> None:
    """A head of a table with nothing under it looked as if something had failed."""
    counts = dict.fromkeys(("received", "opened", "closed"), 0)
    told = {"city": {"id": city.id}, "least": 5, "counts": counts, "rates": {}, "areas": [], "categories": []}
    rates = ("on_time_closure_rate", "dispatch_accuracy", "satisfaction_rate", "citizen_agreement")
    async with serving(city, opened(1)) as base, browser() as chrome:
        page = (await seated(chrome, base, "", "zh", tmp_path, Seen(), PHONE)).page
        await page.route("**/open/figures*", lambda route: route.fulfill(json=told | {"rates": dict.fromkeys(rates)}))
        await page.route(f"{base}/open", lambda route: route.fulfill(body=(FILES / "open.html").read_text()))
        await page.goto(f"{base}/open")

        await expect(page.locator("#figures .scroll")).to_have_text(
            ["区域受理数立案数结案数暂无", "类别受理数立案数结案数暂无"]
        )
