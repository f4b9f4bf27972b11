"""What a reporter's link shows and takes: the order's state in words that name nobody, and what its reporter may do."""

import itertools
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from dispatcher.order.lifecycle import STATE_TERMS
from models.inbox import Actor
from models.redact import reporter_hash
from models.times import to_text
from streams.gateway.reporters import judging_state, public_state
from streams.gateway.routes import receiving
from streams.reporter_links import ReporterLink, ReporterLinks
from tests.support.desks import DAY, INSPECTOR, T0, detection, quiet_city, report
from tests.support.one_desk import KEYS, DeskBehind, gateway_with_desk
from tests.unit.personal.test_reporter_links import KEY
from tests.unit.steps.test_desk_returns import ROADS
from tests.web.pages.test_page import FILES

TEXT, PHONE, ADDRESS = "梧桐路上有一个大坑", "13812345678", "梧桐路12号"
WAIT = {"prefer": "wait=1"}
_NUMBERS = itertools.count()


class Link:
    """A reporter with the link to the order that their report became."""

    def __init__(
        self, client: httpx.AsyncClient, behind: DeskBehind, order: str, reporter: str = PHONE, citizen: bool = False
    ) -> None:
        self.client, self.behind, self.order = client, behind, order
        until = int(time.time()) + 1_000
        link = ReporterLink(order, reporter_hash(KEYS.hmac, reporter), until, citizen)
        self.token = ReporterLinks(KEY).token(link)

    async def state(self) -> dict[str, Any]:
        """What the link shows."""
        answer = await self.client.get(f"/r/{self.token}/order")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def say(self, action: str, **more: Any) -> httpx.Response:
        """What the reporter says by the link."""
        headers = WAIT | {"idempotency-key": f"link-{next(_NUMBERS)}"}
        return await self.client.post(f"/r/{self.token}/updates", json={"action": action} | more, headers=headers)

    def close(self) -> None:
        """The order is handled, checked and closed."""
        desk = self.behind.desk
        desk.update("accept", ROADS, T0)
        desk.update("handle", ROADS, T0, evidence_urls=("https://pictures.example/1.jpg",))
        desk.update("check-pass", INSPECTOR, T0)


@pytest.fixture
async def link(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Link]:
    """A citizen's pothole, assigned, with the link that its notices have."""
    for module in (receiving, public_state):
        monkeypatch.setattr(module, "now_ms", lambda: T0)
    async with gateway_with_desk(quiet_city("feedback_days = 3.0\nreopen_days = 5.0"), T0, link_key=KEY) as (
        client,
        behind,
    ):
        said = {
            "text": TEXT, "location": {"lat": 30.05, "lon": 114.05, "address": ADDRESS},
            "reporter": {"phone": PHONE, "name": "王小明"},
        }  # fmt: skip
        order = (await client.post("/reports", json=said, headers=WAIT)).json()["fact"]["order_id"]
        behind.desk.update("decide", Actor("reviewer", "", "rita"), T0, category="pothole")
        yield Link(client, behind, order)


async def test_the_page_and_what_it_shows_name_nobody(link: Link) -> None:
    """The state, the category, the department and the steps that reporters are told of; no word of the report, no
    address, no person. The page runs its own scripts alone and says nothing of the link to anybody."""
    page = await link.client.get(f"/r/{link.token}")
    shown = await link.client.get(f"/r/{link.token}/order")

    assert (page.status_code, shown.status_code) == (200, 200)
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    data = shown.json()
    assert (data["state"], data["category"]["id"], data["department"]["id"]) == ("assigned", "pothole", "roads")
    assert [step["fact"] for step in data["steps"]] == ["opened", "assigned"]
    assert data["may"] == ["remind", "comment"]
    for personal in (TEXT, PHONE, ADDRESS, "王小明", "rita", reporter_hash(KEYS.hmac, PHONE)):
        assert personal not in shown.text
        assert personal not in page.text


async def test_keys_that_two_reporters_choose_alike_do_not_meet(link: Link) -> None:
    """Each has names of their own, as each token has: what one has sent never stands in another's way, and what the
    same reporter sends again has no effect."""
    there = {"lat": 30.02, "lon": 114.05}
    said = {"text": TEXT, "location": there, "reporter": {"phone": "13900139000"}}
    other = (await link.client.post("/reports", json=said, headers=WAIT)).json()["fact"]["order_id"]
    links = (link, link, Link(link.client, link.behind, other, "13900139000"))
    headers = WAIT | {"idempotency-key": "1"}

    answers = [
        await link.client.post(f"/r/{each.token}/updates", json={"action": "remind"}, headers=headers) for each in links
    ]

    assert other != link.order
    assert [answer.status_code for answer in answers] == [200, 202, 200]


async def test_a_reporter_adds_words_or_a_photo(link: Link) -> None:
    """Either will do; nothing at all is refused, and the desk has them in the order's timeline."""
    photo = "https://pictures.example/2.jpg"

    said = await link.say("comment", reason="It is deeper now")
    shown = await link.say("comment", evidence_urls=[photo])
    nothing = await link.say("comment")

    assert (said.status_code, said.json(), shown.status_code) == (200, {"taken": True}, 200)
    assert (nothing.status_code, nothing.json()["reason"]) == (409, "missing-reason")
    entries = link.behind.desk.only().timeline[-2:]
    assert [(each.note, each.evidence_urls) for each in entries] == [("It is deeper now", ()), ("", (photo,))]
    assert {each.actor.id for each in entries} == {reporter_hash(KEYS.hmac, PHONE)}


async def test_whose_report_was_split_off_is_led_to_the_order_that_it_has_become(link: Link) -> None:
    """The order that it was part of is another's now: it offers nothing that the desk would refuse, and tells
    nothing of what becomes of it. Whoever still is its reporter sees no difference; merged again, it leads back."""
    other = "13912345678"
    said = {"text": "a lamp is dark, too", "location": {"lat": 30.05, "lon": 114.05}, "reporter": {"phone": other}}
    joined = (await link.client.post("/reports", json=said | {"joins": link.order}, headers=WAIT)).json()
    theirs = Link(link.client, link.behind, link.order, other)
    assert (await theirs.state())["may"] == ["remind", "comment"]
    report = (joined["event"]["source"], joined["event"]["id"])

    operator = Actor("operator", "", "olga")
    assert link.behind.desk.update("split", operator, T0, reason="a lamp", report=report) == ""

    left, kept = await theirs.state(), await link.state()
    assert (left["split_off"], left["may"], left["steps"], left["due"], left["until"]) == (True, [], [], None, {})
    assert (kept["split_off"], kept["may"], kept["goes_on"]) == (False, ["remind", "comment"], None)
    led = await link.client.get(f"{left['goes_on']}/order")
    assert (led.json()["state"], led.json()["may"], led.json()["split_off"]) == ("review", ["remind", "comment"], False)
    [anew] = {led.json()["id"]} - {link.order}
    comment = {"action": "comment", "reason": "still dark"}
    assert (await link.client.post(f"{left['goes_on']}/updates", json=comment, headers=WAIT)).status_code == 200

    assert link.behind.desk.update("merge", operator, T0, anew, reason="the same", other_order_id=link.order) == ""

    merged = (await link.client.get(f"{left['goes_on']}/order")).json()
    assert merged["state"] == "merged"
    assert (await link.client.get(f"{merged['goes_on']}/order")).json()["id"] == link.order
    assert (await theirs.state())["may"] == ["remind", "comment"]


async def test_whose_report_had_joined_what_a_camera_saw_is_led_to_where_it_was_split_off(link: Link) -> None:
    """The order before has nobody's report then: none of its steps is theirs. An order of theirs that is only related
    to it is not the one, however new it is."""
    desk, olga = link.behind.desk, Actor("operator", "", "olga")
    desk.feed(detection("d", T0, "street-light", lat=30.06), at=T0)
    [seen] = desk.state.orders.keys() - {link.order}
    said = {"text": "a bench is broken", "location": {"lat": 30.06, "lon": 114.05}, "reporter": {"phone": PHONE}}
    joined = (await link.client.post("/reports", json=said | {"joins": seen}, headers=WAIT)).json()
    theirs = Link(link.client, link.behind, seen)
    assert (await theirs.state())["split_off"] is False

    report = (joined["event"]["source"], joined["event"]["id"])
    assert desk.update("split", olga, T0 + 1, reason="a bench", report=report) == ""
    [anew] = desk.state.orders.keys() - {link.order, seen}
    linked = (*desk.order(seen).linked, link.order)
    link.behind.change(seen, linked=linked)
    link.behind.change(link.order, opened_at=T0 + 2)

    left = await theirs.state()
    assert (left["split_off"], left["may"], left["steps"]) == (True, [], [])
    assert (await link.client.get(f"{left['goes_on']}/order")).json()["id"] == anew


async def test_whose_order_is_merged_no_longer_is_led_back_to_it(link: Link) -> None:
    """By the link that they had to the order into which it was merged."""
    desk, olga, other = link.behind.desk, Actor("operator", "", "olga"), "13912345678"
    desk.feed(report("own", T0, "a lamp is dark", reporter=reporter_hash(KEYS.hmac, other)), at=T0)
    [own] = desk.state.orders.keys() - {link.order}
    theirs = Link(link.client, link.behind, link.order, other)
    assert desk.update("merge", olga, T0, own, reason="the same", other_order_id=link.order) == ""
    assert (await theirs.state())["may"] == ["remind", "comment"]

    assert desk.update("unmerge", olga, T0 + 1, own, reason="another lamp") == ""

    left = await theirs.state()
    assert (left["split_off"], left["may"]) == (True, [])
    assert (await link.client.get(f"{left['goes_on']}/order")).json()["id"] == own


async def test_a_reporter_answers_and_opens_it_again(link: Link) -> None:
    """Once it is closed; what they have answered is shown to them."""
    assert (await link.say("feedback", satisfied=True)).status_code == 409
    link.close()
    assert (await link.state())["may"] == ["reopen", "feedback"]

    answered = await link.say("feedback", satisfied=False, satisfaction=2, reason="the hole is back")

    assert answered.status_code == 200, answered.text
    assert (await link.state())["answered"] == {"satisfied": False, "satisfaction": 2}
    assert (await link.say("reopen", reason="the hole is back")).status_code == 200
    assert (await link.state())["state"] == "assigned"


async def test_what_the_desk_would_not_take_any_more_is_not_offered(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until when feedback and reopening are taken the city says; a reminder counts once a day."""
    assert (await link.state())["until"] == {}
    await link.say("remind")
    assert (await link.state())["may"] == ["comment"]
    monkeypatch.setattr(public_state, "now_ms", lambda: T0 + DAY)
    assert (await link.state())["may"] == ["remind", "comment"]

    link.close()
    seen = {}
    for days in (3, 4, 6):
        monkeypatch.setattr(public_state, "now_ms", lambda now=T0 + days * DAY: now)
        seen[days] = await link.state()

    assert [seen[days]["may"] for days in seen] == [["reopen", "feedback"], ["reopen"], []]
    assert seen[3]["until"] == {"feedback": to_text(T0 + 3 * DAY), "reopen": to_text(T0 + 5 * DAY)}
    assert seen[4]["until"].keys() == {"reopen"}


def test_the_page_has_plain_words_for_every_step_and_state_that_it_shows() -> None:
    """Nobody who reports something has to know the terms of the trade."""
    script = (FILES / "reporter.js").read_text()
    tables = {
        name: set(
            re.findall(
                r'^  "?([a-z-]+)"?: say\(', script.partition(f"const {name} = {{")[2].partition("};")[0], re.MULTILINE
            )
        )
        for name in ("PLAIN", "HAPPENED")
    }

    assert tables == {"PLAIN": set(STATE_TERMS), "HAPPENED": set(public_state.TOLD)}
    assert "/page/terms.js" not in script


@pytest.mark.parametrize("action", ["force-close", "accept", "check-pass", "prioritise", "", None])
async def test_a_link_takes_no_other_steps(link: Link, action: str) -> None:
    """Whoever has it is a reporter, and of those they may do what the page offers."""
    answer = await link.say(action)

    assert (answer.status_code, answer.json()["field"]) == (422, "action")
    assert link.behind.desk.only().state == "assigned"


async def test_a_link_speaks_for_nobody_else_and_of_no_other_order(link: Link) -> None:
    """Whoever the body names, it is the link's reporter; another order's name is refused, and the desk refuses the link
    of somebody who has not reported this."""
    link.close()
    await link.say("feedback", satisfied=True, by={"role": "operator", "id": "olga"}, sender={"role": "operator"})
    other = await link.say("feedback", satisfied=True, order_id="south-w-20260302-bbbbbbbbbb")
    stranger = await Link(link.client, link.behind, link.order, "13912345678").say("feedback", satisfied=True)

    assert [each.by for each in link.behind.desk.only().answers] == [reporter_hash(KEYS.hmac, PHONE)]
    assert (other.status_code, other.json()["field"]) == (422, "order_id")
    assert (stranger.status_code, stranger.json()["reason"]) == (409, "not-its-reporter")


async def test_what_is_no_link_shows_nothing(link: Link) -> None:
    """One that is over, one that was changed, one that somebody has made up; all alike."""
    over = ReporterLinks(KEY).token(ReporterLink(link.order, reporter_hash(KEYS.hmac, PHONE), int(time.time())))

    changed = ("B" if link.token[0] == "A" else "A") + link.token[1:]

    answers = [await link.client.get(f"/r/{token}/order") for token in (over, changed, "x", "%2E%2E")]
    posted = await link.client.post(f"/r/{over}/updates", json={"action": "comment", "reason": "r"})

    assert [each.status_code for each in (*answers, posted)] == [404] * 5
    assert len({each.json()["detail"] for each in answers}) == 1


async def test_without_a_key_there_are_no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the ones that another key has made."""
    async with gateway_with_desk(quiet_city(), T0) as (client, behind):
        link = Link(client, behind, "south-w-20260302-aaaaaaaaaa")
        assert (await client.get(f"/r/{link.token}/order")).status_code == 404


async def test_a_link_is_not_asked_without_end(link: Link) -> None:
    """Six steps a minute; then it says when to come again. A page of another site asks nothing at all."""
    statuses = [(await link.say("comment", reason="r")).status_code for _ in range(7)]
    again = await link.say("comment", reason="r")
    foreign = await link.client.post(
        f"/r/{link.token}/updates",
        json={"action": "comment", "reason": "r"},
        headers={"origin": "https://evil.example"},
    )

    assert statuses == [200] * 6 + [429]
    assert (again.headers["retry-after"], foreign.status_code) == ("60", 403)


CITIZEN = "13700137000"
POOL = f"id,areas\n{reporter_hash(KEYS.hmac, CITIZEN)},*\n"


@pytest.fixture
async def judged(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Link]:
    """A citizen's pothole that is closed, with the link of a citizen of the pool who was asked to judge it."""
    monkeypatch.setattr(receiving, "now_ms", lambda: T0)
    monkeypatch.setattr(judging_state, "now_ms", lambda: T0)
    city = quiet_city("judged_share = 1.0\n", **{"citizens.csv": POOL})
    async with gateway_with_desk(city, T0, link_key=KEY) as (client, behind):
        where = {"lat": 30.051234, "lon": 114.056789, "address": ADDRESS}
        said = {"text": TEXT, "location": where, "reporter": {"phone": PHONE, "name": "王小明"}}
        order = (await client.post("/reports", json=said, headers=WAIT)).json()["fact"]["order_id"]
        behind.desk.update("decide", Actor("reviewer", "", "rita"), T0, category="pothole")
        link = Link(client, behind, order, CITIZEN, citizen=True)
        link.close()
        yield link


async def test_a_citizen_of_the_pool_is_shown_what_and_about_where_and_nobody(judged: Link) -> None:
    """The place to a thousandth of a degree; no word, no address, no person, and nothing else that may be done."""
    shown = await judged.client.get(f"/r/{judged.token}/order")

    data = shown.json()
    assert (data["state"], data["category"]["id"], data["area"]["id"]) == ("closed", "pothole", "south-w")
    assert data["place"] == {"lat": 30.051, "lon": 114.057}
    assert (data["may"], data["judged"]) == (["judge"], None)
    for personal in (TEXT, PHONE, ADDRESS, "王小明", "rita", "roads", *map(str, (30.051234, 114.056789))):
        assert personal not in shown.text
    for hash_of in (PHONE, CITIZEN):
        assert reporter_hash(KEYS.hmac, hash_of) not in shown.text


async def test_a_citizen_judges_once_by_the_link(judged: Link) -> None:
    """The desk keeps it under the citizen's hash, with the words; then there is nothing more to do."""
    answered = await judged.say("judge", satisfied=False, reason="the hole is there")
    again = await judged.say("judge", satisfied=True)

    assert (answered.status_code, answered.json()) == (200, {"taken": True})
    assert (again.status_code, again.json()["reason"]) == (409, "judged-already")
    order = judged.behind.desk.only()
    assert [(each.by, each.settled) for each in order.judgements] == [(reporter_hash(KEYS.hmac, CITIZEN), False)]
    assert (order.state, order.timeline[-1].note) == ("closed", "the hole is there")
    state = await judged.state()
    assert (state["judged"], state["may"]) == ({"satisfied": False}, [])


@pytest.mark.parametrize("action", ["feedback", "reopen", "remind", "comment", "force-close"])
async def test_a_citizen_s_link_takes_nothing_but_the_judgement(judged: Link, action: str) -> None:
    """Whoever has it has not reported the order."""
    answer = await judged.say(action, satisfied=False, reason="r")

    assert (answer.status_code, answer.json()["field"]) == (422, "action")


async def test_a_reporter_s_link_takes_no_judgement(judged: Link) -> None:
    """Neither the reporter's own, nor one that names a citizen of the pool."""
    answers = [
        await Link(judged.client, judged.behind, judged.order, who).say("judge", satisfied=True)
        for who in (PHONE, CITIZEN)
    ]

    assert [(each.status_code, each.json()["field"]) for each in answers] == [(422, "action")] * 2
    assert judged.behind.desk.only().judgements == ()


async def test_whoever_works_on_the_order_reads_the_judgement_and_not_whose_it_is(judged: Link) -> None:
    """Of a citizen, as of a reporter, the role alone is shown."""
    await judged.say("judge", satisfied=True, reason="well done")

    shown = await judged.client.get(f"/orders/{judged.order}")

    assert "well done" in shown.text
    assert shown.json()["timeline"][-1]["by"] == {"role": "citizen"}
    assert [each["settled"] for each in shown.json()["judgements"]] == [True]
    assert reporter_hash(KEYS.hmac, CITIZEN) not in shown.text
