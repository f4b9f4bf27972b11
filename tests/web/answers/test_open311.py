"""Open311 GeoReport v2, asked by a client of others, `georeport`, and by forms as citizens' apps send them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from defusedxml import ElementTree
from georeport import GeoReport
from requests import HTTPError

from models.redact import reporter_hash
from models.times import DAY_MS, to_text
from streams.gateway.open311 import asked
from streams.gateway.routes import receiving
from streams.gateway.shards import ShardAnswers
from streams.http_server import HttpServer
from tests.support.desks import INSPECTOR, REVIEWER, T0, quiet_city, report
from tests.support.one_desk import KEYS, DeskBehind, gateway_with_desk
from tests.support.tokens import bearer, one_of_each
from tests.unit.steps.test_desk_returns import ROADS

CITY = quiet_city()
HOLE = {
    "service_code": "pothole",
    "description": "路面上有一个大坑，张三说的",
    "lat": "30.0512",
    "long": "114.0534",
    "address_string": "南西路12号",
    "email": "zhang@example.org",
    "first_name": "三",
    "last_name": "张",
    "phone": "13800138000",
    "media_url": "https://photos.example/1.jpg",
}
CODES = {each for each, row in CITY.categories.items() if row.parent}
Both = tuple[httpx.AsyncClient, DeskBehind]


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Both]:
    """A gateway that asks for tokens, with a desk behind it, at a time that stands still."""
    for module in (receiving, asked):
        monkeypatch.setattr(module, "now_ms", lambda: T0)
    tokens = one_of_each(tmp_path / "t")
    async with gateway_with_desk(CITY, T0, gateway_open311=True, gateway_tokens_file=tokens) as both:
        yield both


async def sent(client: httpx.AsyncClient, **changes: str) -> httpx.Response:
    """The answer to a form of the app."""
    return await client.post("/open311/v2/requests.json", data=HOLE | {"api_key": "app"} | changes)


async def request_id(client: httpx.AsyncClient) -> str:
    """Send a form, and ask with the token that came back."""
    [token] = (await sent(client)).json()
    [found] = (await client.get(f"/open311/v2/tokens/{token['token']}.json")).json()
    return str(found["service_request_id"])


async def test_all_pictures_of_a_form_are_kept(gateway: Both) -> None:
    """In their order, of a report and of what is said later; an empty field is none."""
    client, behind = gateway
    pictures = [f"https://photos.example/{n}.jpg" for n in range(3)]
    form = HOLE | {"api_key": "app", "media_url": [*pictures[:2], ""]}

    [token] = (await client.post("/open311/v2/requests.json", data=form)).json()
    [found] = (await client.get(f"/open311/v2/tokens/{token['token']}.json")).json()
    order_id = found["service_request_id"]
    said = await updated(client, service_request_id=order_id, update_id="7", description="", media_url=pictures[1:])

    assert said.status_code == 200
    assert behind.desk.only().evidence_first[0].media_urls == tuple(pictures[:2])
    assert behind.desk.only().timeline[-1].evidence_urls == tuple(pictures[1:])


async def test_a_form_becomes_an_order_that_its_token_leads_to(gateway: Both) -> None:
    """What the app sends is a report like any other; without anybody's name in what it shows to the public."""
    client, behind = gateway

    order_id = await request_id(client)

    order = behind.desk.only()
    assert order.id == order_id
    assert (order.channel, order.hint, order.source.endswith("open311")) == ("open311", "pothole", True)
    assert order.evidence_first[0].media_urls == ("https://photos.example/1.jpg",)
    [public] = (await client.get(f"/open311/v2/requests/{order_id}.json?extensions=true")).json()
    assert (public["lat"], public["long"]) == (30.051, 114.053)
    for said in ("大坑", "张三", "12号", "photos", "138"):
        assert said not in str(public)
    assert public["notes"][0]["type"] == "opened"
    [whole] = (await client.get(f"/open311/v2/requests/{order_id}.json?api_key=operator")).json()
    assert (whole["lat"], whole["media_url"]) == (30.0512, "https://photos.example/1.jpg")
    assert "大坑" in whole["description"]


@pytest.mark.parametrize("format", ["json", "xml"])
async def test_a_client_of_others_reads_services_and_requests(gateway: Both, format: str) -> None:
    """`georeport`, as it is on the package index, over HTTP and in both formats."""
    client, behind = gateway
    order_id = await request_id(client)
    assert behind.app is not None
    async with HttpServer(behind.app, "127.0.0.1", 0) as server:
        address = f"http://{server.address}/open311/v2"
        theirs = GeoReport(address, jurisdiction="tiny", output_format=format)
        services = await asyncio.to_thread(theirs.get_service_list)
        definition = await asyncio.to_thread(theirs.get_service_definition, "pothole")
        found = await asyncio.to_thread(theirs.get_service_requests, status="open")
        one = await asyncio.to_thread(theirs.get_service_request, order_id)
        elsewhere = GeoReport(address, jurisdiction="elsewhere", output_format=format)
        with pytest.raises(HTTPError, match="404"):
            await asyncio.to_thread(elsewhere.get_service_list)

    assert {each["service_code"] for each in services} == CODES
    assert definition["service_code"] == "pothole"
    assert [each["service_request_id"] for each in _several(found)] == [order_id]
    assert (one["status"], one["requested_datetime"]) == ("open", to_text(T0))


def _several(found: Any) -> list[dict[str, Any]]:
    """XML does not tell a list of one from the one."""
    return found if isinstance(found, list) else [found]


@pytest.mark.usefixtures("standing_rates")
async def test_without_a_key_an_address_may_read_so_often(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Addresses are told apart by what a proxy says that the settings name; a key counts for itself."""
    tokens = one_of_each(tmp_path / "t")
    settings: dict[str, Any] = {"gateway_open311": True, "gateway_tokens_file": tokens, "gateway_public_per_minute": 2}
    async with gateway_with_desk(CITY, T0, **settings) as (_, behind):
        assert behind.app is not None
        async with (
            HttpServer(behind.app, "127.0.0.1", 0, ("127.0.0.1",)) as server,
            httpx.AsyncClient(base_url=f"http://{server.address}/open311/v2") as client,
        ):

            async def status(address: str, what: str = "requests.json", **more: str) -> int:
                answer = await client.get(f"/{what}", headers={"x-forwarded-for": address}, params=more)
                assert answer.status_code != 429 or answer.headers["retry-after"] == "30"
                return answer.status_code

            assert [await status("192.0.2.1") for _ in range(3)] == [200, 200, 429]
            assert await status("192.0.2.1", "requests/any.json") == 429
            assert await status("192.0.2.1", "tokens/any.json") == 429
            assert await status("192.0.2.1", "services.json") == 200
            assert await status("192.0.2.1", api_key="operator") == 200
            assert await status("192.0.2.2") == 200


async def test_searches_are_by_id_service_status_and_time(gateway: Both) -> None:
    """Newest first, page by page; the newest 90 days unless others are asked for."""
    client, behind = gateway
    first = await request_id(client)
    behind.now = T0 + 1000
    await sent(client, description="另一处完全不同的井盖问题", lat="30.01", long="114.01")
    every = sorted(behind.desk.state.orders.values(), key=lambda order: -order.opened_at)
    second = every[0].id
    step = {"action": "reject", "reason": "nothing is there"}
    assert (await client.post(f"/orders/{second}/updates", json=step, headers=bearer("reviewer"))).status_code == 202

    async def ids(query: str) -> list[str]:
        answer = await client.get(f"/open311/v2/requests.json?{query}")
        return [each["service_request_id"] for each in answer.json()]

    now = f"end_date={to_text(T0 + DAY_MS)}"
    assert await ids(now) == [second, first]
    assert await ids(f"{now}&page_size=1&page=2") == [first]
    assert await ids(f"{now}&status=open") == [first]
    assert await ids(f"{now}&status=closed,open") == [second, first]
    assert await ids(f"service_request_id={first},nowhere-20260301-aaaaaaaaaa") == [first]
    assert await ids(f"end_date={to_text(T0 - DAY_MS)}") == []


async def test_many_services_are_one_question(gateway: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody may ask, so a long list of services must not cost more than a short one."""
    client, behind = gateway
    first = await request_id(client)
    asked_for: list[str] = []
    ask = behind.ask

    async def noted(path: str, params: Mapping[str, str], kind: type[Any]) -> ShardAnswers[Any]:
        asked_for.append(params.get("category", ""))
        return await ask(path, params, kind)

    monkeypatch.setattr(behind, "ask", noted)
    codes = ",".join(sorted(CODES))
    answer = await client.get(f"/open311/v2/requests.json?end_date={to_text(T0 + DAY_MS)}&service_code={codes}")

    assert asked_for == [codes]
    order = behind.desk.only()
    shown = [each["service_request_id"] for each in answer.json()]
    assert shown == ([first] if order.category in CODES else [])


@pytest.mark.usefixtures("standing_rates")
async def test_a_key_may_send_so_many_reports_a_second(tmp_path: Path) -> None:
    """A form counts as an event of its key, as `POST /reports` does of its token."""
    tokens = one_of_each(tmp_path / "t")
    changes: dict[str, Any] = {"gateway_open311": True, "gateway_tokens_file": tokens, "gateway_events_per_second": 0.4}
    async with gateway_with_desk(CITY, T0, **changes) as (client, behind):
        answers = [await sent(client) for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[-1].json()[0]["code"] == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert len(behind.written) == 2


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("requests.json?start_date=2026-01-01T00:00:00Z&end_date=2026-05-01T00:00:00Z", 400, "90 days"),
        ("requests.json?status=lost", 400, "status"),
        ("requests.json?service_code=nothing", 400, "service_code was not found"),
        ("requests.json?page_size=0", 400, "page_size"),
        ("requests.json?page_size=000000020000000", 400, "page_size"),
        (f"requests.json?page=000000001{'0' * 5000}", 400, "page"),
        ("requests.json?start_date=yesterday", 400, "start_date"),
        ("requests/nowhere-20260301-aaaaaaaaaa.json", 404, "no order"),
        ("requests.json?api_key=wrong", 403, "api_key"),
        ("services/nothing.json", 404, "service_code"),
        ("tokens/!.json", 404, "token"),
        ("tokens/aG90bGluZQox.json", 404, "token"),
        ("services.yaml", 404, "no such address"),
    ],
)
async def test_refusals_are_in_the_standards_form(gateway: Both, path: str, status: int, said: str) -> None:
    """A list with a code and a sentence, in JSON as in XML."""
    client, _ = gateway

    answer = await client.get(f"/open311/v2/{path}")
    in_xml = await client.get(f"/open311/v2/{path.replace('.json', '.xml')}")

    [error] = answer.json()
    assert (answer.status_code, error["code"]) == (status, status)
    assert said in error["description"]
    if ".xml" in str(in_xml.url):
        assert ElementTree.fromstring(in_xml.content).findtext("error/code") == str(status)


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"service_code": ""}, 400, "service_code"),
        ({"service_code": "nothing"}, 404, "service_code was not found"),
        ({"lat": "", "long": "", "address_string": ""}, 400, "lat and long"),
        ({"lat": "north"}, 400, "numbers"),
        ({"lat": "95"}, 400, "lat"),
        ({"lat": "nan", "long": "inf"}, 400, "numbers"),
        ({"api_key": ""}, 403, "api_key"),
        ({"api_key": "department"}, 403, "api_key"),
        ({"jurisdiction_id": "elsewhere"}, 404, "jurisdiction_id"),
        ({"media_url": "no address"}, 400, "media_urls"),
    ],
)
async def test_a_form_that_cannot_be_taken_is_refused_and_nothing_is_written(
    gateway: Both, changes: dict[str, str], status: int, said: str
) -> None:
    """With the field; a key must be one that may send reports."""
    client, behind = gateway

    answer = await sent(client, **changes)

    [error] = answer.json()
    assert (answer.status_code, error["code"]) == (status, status)
    assert said in error["description"]
    assert behind.written == []


async def test_other_bodies_than_forms_are_not_read(gateway: Both) -> None:
    """Pictures go by their address."""
    client, _ = gateway
    files = {"media": ("1.jpg", b"\xff\xd8")}

    answer = await client.post("/open311/v2/requests.json", data=HOLE, files=files)

    assert (answer.status_code, answer.json()[0]["code"]) == (415, 415)


async def test_a_form_in_another_charset_is_not_read(gateway: Both) -> None:
    """Its bytes may be good UTF-8 by chance, and say something else."""
    client, behind = gateway
    kind = {"content-type": "application/x-www-form-urlencoded; charset=gbk"}

    answer = await client.post("/open311/v2/requests.json", content=b"service_code=pothole", headers=kind)

    assert (answer.status_code, answer.json()[0]["code"]) == (415, 415)
    assert behind.written == []


async def test_words_that_xml_has_no_place_for_leave_the_answer_readable(gateway: Both) -> None:
    """A control character in a report is shown as what it is: unreadable."""
    client, behind = gateway
    await sent(client, description="大坑\x0b在路口")

    answer = await client.get(f"/open311/v2/requests/{behind.desk.only().id}.xml?api_key=operator")

    text = ElementTree.fromstring(answer.content).findtext("request/description")
    assert text is not None
    assert "在路口" in text


async def test_discovery_says_where_it_is(gateway: Both) -> None:
    """With both formats."""
    client, _ = gateway

    [endpoint] = (await client.get("/open311/v2/discovery.json")).json()["endpoints"]
    in_xml = ElementTree.fromstring((await client.get("/open311/v2/discovery.xml")).content)

    assert endpoint["url"] == "http://localhost/open311/v2"
    assert in_xml.findtext("endpoints/url") == endpoint["url"]


async def test_it_is_closed_until_the_settings_open_it() -> None:
    """Whoever does not want it shows nobody anything."""
    async with gateway_with_desk(CITY, T0) as (client, _):
        answer = await client.get("/open311/v2/services.json")

    assert (answer.status_code, answer.json()[0]["code"]) == (404, 404)


UPDATES = "/open311/v2/servicerequestupdates"


async def updated(client: httpx.AsyncClient, **said: str | list[str]) -> httpx.Response:
    """The answer to a form that adds something to a request."""
    form = {"api_key": "app", "status": "OPEN", "email": "zhang@example.org", "description": "坑更深了，李四说的"}
    return await client.post(f"{UPDATES}.json", data={**form, **said})


def close(behind: DeskBehind) -> None:
    """The only order is handled, checked and closed."""
    for action, who in (("accept", ROADS), ("handle", ROADS), ("check-pass", INSPECTOR)):
        behind.desk.update(action, who, T0, evidence_urls=("https://photos.example/2.jpg",), reason="补好了")


async def test_whoever_asks_hears_what_became_of_requests(gateway: Both) -> None:
    """The steps that reporters are told of, named so that each is met once; public ones without words and pictures."""
    client, behind = gateway
    order_id = await request_id(client)
    behind.desk.update("decide", REVIEWER, T0, category="pothole")
    close(behind)

    public = (await client.get(f"{UPDATES}.json")).json()
    whole = (await client.get(f"{UPDATES}.json?api_key=operator")).json()

    assert [(each["status"], each["external_status_code"]) for each in public] == [
        ("OPEN", "review"), ("OPEN", "assigned"), ("OPEN", "accepted"), ("OPEN", "handled"), ("CLOSED", "closed"),
    ]  # fmt: skip
    assert {each["service_request_id"] for each in public} == {order_id}
    assert len({each["update_id"] for each in public}) == len(public)
    assert [each["media_url"] for each in public] == [None] * 5
    assert "补好了" not in str(public)
    assert (whole[3]["description"], whole[3]["media_url"]) == ("补好了", "https://photos.example/2.jpg")


async def test_updates_are_asked_for_by_time_in_both_formats(gateway: Both) -> None:
    """FixMyStreet reads `request_update` elements, and asks for two hours at a time."""
    client, _ = gateway
    await request_id(client)

    until, since = to_text(T0 + 1), to_text(T0 - 7_200_000)
    xml = (await client.get(f"{UPDATES}.xml?start_date={since}&end_date={until}")).content
    later = (await client.get(f"{UPDATES}.json?start_date={to_text(T0 + 1)}&end_date={to_text(T0 + 2)}")).json()
    refused = await client.get(f"{UPDATES}.json?start_date=yesterday")

    root = ElementTree.fromstring(xml)
    assert root.tag == "service_request_updates"
    found = root.findall("request_update")
    assert [each.findtext("external_status_code") for each in found] == ["review"]
    assert found[0].findtext("updated_datetime") == to_text(T0)
    assert later == []
    assert (refused.status_code, "start_date" in refused.text) == (400, True)


async def test_an_app_adds_what_its_users_say_of_their_requests(gateway: Both) -> None:
    """A remark while it is open; of one that is closed that it is settled, or opens it again. Each is the reporter's,
    and the answer names the step that it has become."""
    client, behind = gateway
    order_id = await request_id(client)
    reporter = behind.desk.only().reporters[0]

    told = await updated(client, service_request_id=order_id, update_id="7", media_url="https://photos.example/3.jpg")
    behind.desk.update("decide", REVIEWER, T0, category="pothole")
    close(behind)
    settled = await updated(client, service_request_id=order_id, status="fixed", update_id="8")
    opened = await updated(client, service_request_id=order_id, status="OPEN", update_id="9")

    assert [each.status_code for each in (told, settled, opened)] == [200] * 3
    names = [fact for fact in behind.desk.names(order_id) if fact in ("commented", "feedback-received", "reopened")]
    assert names == ["commented", "feedback-received", "reopened"]
    entries = {entry.seq: entry for entry in behind.desk.only().timeline}
    ids = [each.json()[0]["update_id"] for each in (told, settled, opened)]
    steps = [entries[int(each.rpartition("/")[2])] for each in ids]
    assert [each.fact for each in steps] == names
    assert {each.actor.id for each in steps} == {reporter}
    assert (steps[0].note, steps[0].evidence_urls) == ("坑更深了，李四说的", ("https://photos.example/3.jpg",))
    assert ids[2] in {each["update_id"] for each in (await client.get(f"{UPDATES}.json")).json()}


async def test_blanks_around_the_id_of_what_an_app_adds_hide_no_step(gateway: Both) -> None:
    """They are cut off, and an id of nothing else is none: the answer waited in vain, or took what came to nothing."""
    client, behind = gateway
    order_id = await request_id(client)

    answers = [
        await updated(client, service_request_id=order_id, update_id=given, description=f"坑更深了 {given!r}")
        for given in (" 5 ", "  ")
    ]

    steps = [f"{order_id}/{entry.seq}" for entry in behind.desk.only().timeline if entry.fact == "commented"]
    assert [each.json()[0]["update_id"] for each in answers] == steps
    assert len(steps) == 2


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"api_key": ""}, 403, "api_key must be given"),
        ({"api_key": "sensor"}, 403, "may send reports"),
        ({"service_request_id": ""}, 400, "service_request_id was not provided"),
        ({"service_request_id": "south-w-20260302-bbbbbbbbbb"}, 404, "no order"),
        ({"status": "DUPLICATE"}, 400, "status must be OPEN or CLOSED"),
        ({"description": " "}, 400, "description was not provided"),
        ({"email": "somebody@example.org"}, 409, "Only a reporter of this order"),
        ({"email": "known-as:" + "0" * 32}, 400, "account_id must not be the hash"),
        ({"jurisdiction_id": "elsewhere"}, 404, "jurisdiction_id"),
        ({"media_url": "x" * 3_000}, 400, "evidence_urls"),
    ],
)
async def test_an_update_that_cannot_be_taken_changes_nothing(
    gateway: Both, changes: dict[str, str], status: int, said: str
) -> None:
    """And is refused in the standard's form."""
    client, behind = gateway
    order_id = await request_id(client)

    answer = await updated(client, **{"service_request_id": order_id} | changes)

    assert answer.status_code == status, answer.text
    [error] = answer.json()
    assert said in error["description"]
    assert "commented" not in behind.desk.names()


async def test_an_app_adds_nothing_to_what_others_have_sent(gateway: Both) -> None:
    """Though it knows whose it is: another channel's reporters are not its own. A citizen's own key speaks for that
    citizen, whatever the form says."""
    client, behind = gateway
    behind.desk.feed(report("r-1", T0, reporter=reporter_hash(KEYS.hmac, "zhang@example.org")), at=T0)
    order_id = behind.desk.only().id

    by_app = await updated(client, service_request_id=order_id)
    by_other = await updated(client, service_request_id=order_id, api_key="reporter")

    assert (by_app.status_code, "alone that it has sent" in by_app.text) == (403, True)
    assert (by_other.status_code, "Only a reporter" in by_other.text) == (409, True)


async def test_a_citizen_s_key_adds_nothing_to_what_came_without_a_name(gateway: Both) -> None:
    """What it has sent has a name."""
    client, behind = gateway
    behind.desk.feed(report("r-1", T0, reporter=""), at=T0)

    added = await updated(client, service_request_id=behind.desk.only().id, api_key="reporter")

    assert (added.status_code, "alone that it has sent" in added.text) == (403, True)
    assert "commented" not in behind.desk.names()
