"""Steps over HTTP with real tokens: allowed exactly where the table of an order's life says, else refused unchanged."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dispatcher.order.facts import Opened, UpdateRefused
from dispatcher.order.lifecycle import ACTIONS, STATE_TERMS, TABLE, Transition, permit
from models.access import ACCESS
from models.city import City
from models.events import REPORT
from models.events.vocabulary import ROLES
from models.times import DAY_MS, to_text
from streams.gateway.routes import receiving
from tests.support.desks import T0, quiet_city
from tests.support.one_desk import DeskBehind, gateway_with_desk
from tests.support.steps.every_step import (
    ASKED_BEFORE,
    EXCUSED,
    FILES_OF_STEPS,
    OWN_WAYS,
    SETTINGS_OF_STEPS,
    WAYS,
    WITHOUT_TOKEN,
    Way,
    step,
    units_csv,
)
from tests.support.tokens import bearer, grant, tokens_file

CITY = quiet_city(SETTINGS_OF_STEPS, **FILES_OF_STEPS, **{"units.csv": units_csv("unit")})
ACTING = {role: access.acts_as for role, access in ACCESS.items() if access.acts_as}
# The states to which the order came through the hands of `department`.
HELD = {"arbitration", "assigned", "accepted", "suspended", "returned", "handled", "closed"}
# The ways on which something is taken that the usual one lacks something for, by the state in which they end.
OWN = sorted({(state, own.steps) for (role, _, state), own in OWN_WAYS.items() if role in ACTING.values()})


class World:
    """A gateway, the order that is acted upon, and another one beside it."""

    def __init__(self, client: httpx.AsyncClient, behind: DeskBehind) -> None:
        self.client, self.behind = client, behind
        self._ids = itertools.count()
        self.order = self.other = self.joined = ""

    async def report(self, token: str, **more: Any) -> httpx.Response:
        """A citizen's report."""
        body = {"text": "路面上有一个大坑", "location": {"lat": 30.05, "lon": 114.05}} | more
        return await self.client.post("/reports", json=body, headers=self._headers(token))

    async def act(self, token: str, action: str, **more: Any) -> httpx.Response:
        """Ask for a step on the order; it says nothing of who asks."""
        named = {"report": {"source": "app", "id": self.joined}} if action == "split" and self.joined else {}
        body = step(action, self.other, T0) | named | more
        return await self.client.post(f"/orders/{self.order}/updates", json=body, headers=self._headers(token))

    async def take(self, token: str, what: str) -> httpx.Response:
        """A step of a way: on the order, another report of the same, or that a mobile unit is there."""
        if what == "here":
            here = {"state": "free", "location": {"lat": 30.05, "lon": 114.05}}
            return await self.client.post("/units", json=here, headers=self._headers(token))
        if what == "report":
            answer = await self.report(token, joins=self.order)
            self.joined = answer.json()["event"]["id"]
            return answer
        return await self.act(token, what)

    def _headers(self, token: str) -> dict[str, str]:
        return bearer(token) | {"prefer": "wait=1", "idempotency-key": f"k-{next(self._ids)}"}

    @property
    def state(self) -> str:
        """The order's state."""
        return self.behind.desk.order(self.order).state

    async def come_to(self, state: str) -> None:
        """Two new orders, of which the first goes to a state."""
        await self.go(WAYS[state])
        assert self.state == state

    async def go(self, way: Way) -> None:
        """Two new orders, of which the first goes a way."""
        orders = []
        for lat in (30.05, 30.02):
            answer = await self.report("reporter", location={"lat": lat, "lon": 114.05})
            orders.append(answer.json()["fact"]["order_id"])
        self.order, self.other = orders
        for token, what in way:
            answer = await self.take(token, what)
            assert answer.status_code in (200, 202), (token, what, answer.text)


@pytest.fixture
async def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    """A gateway with a token of each role, some of other departments, and a time that stands still; with
    another pack where a test gives one."""
    city: City = getattr(request, "param", CITY)
    monkeypatch.setattr(receiving, "now_ms", lambda: T0)
    others = (
        grant("works", "department", department="works"),
        grant("street", "department", department="roads-street"),
        grant("north", "inspector", area="north"),
        grant("second", "dispatcher"),
        grant("stranger", "reporter"),
        grant("south", "dispatcher", area="south"),
    )
    path = tokens_file(tmp_path / "t", *(grant(role, role) for role in ACCESS), *others)
    async with gateway_with_desk(city, T0, gateway_tokens_file=path) as (client, behind):
        yield World(client, behind)


def refusals(behind: DeskBehind) -> Iterator[UpdateRefused]:
    """The refused facts."""
    return (fact for fact in behind.seen if isinstance(fact, UpdateRefused))


@pytest.mark.parametrize("state", STATE_TERMS)
async def test_every_role_takes_exactly_the_steps_of_the_table(world: World, state: str) -> None:
    """Every role, every action, in this state: what the table has is taken, all else is refused and changes nothing."""
    await world.come_to(state)
    kept = world.behind.kept()
    before = world.behind.rows()
    taken = set()
    for role, action in itertools.product(ACTING, ACTIONS):
        row = permit(action, world.behind.desk.order(world.order).state, ACTING[role])
        asked = ASKED_BEFORE.get(action, "") if isinstance(row, Transition) else ""
        if asked:
            assert (await world.act("department", asked)).status_code == 200

        answer = await world.act(role, action)

        if isinstance(row, Transition):
            if (role, action) in EXCUSED[state]:
                assert answer.status_code in (404, 409)
            else:
                assert answer.status_code == 200, (role, action, answer.json())
                taken.add((role, action))
            world.behind.back_to(kept)
        elif role == "department" and state not in HELD:  # it has nothing to do with the order, and learns nothing
            assert answer.status_code == 404
        else:
            assert (answer.status_code, answer.json()["reason"]) == (409, row)
        assert world.behind.rows() == before
    rows = {
        (role, row.action)
        for row in TABLE
        for role, acts in ACTING.items()
        if acts in row.roles and state in row.sources
    }
    assert taken == rows - EXCUSED[state]


@pytest.mark.parametrize(("state", "way"), OWN, ids=lambda each: each if isinstance(each, str) else each[-1][-1])
async def test_what_the_usual_way_lacks_something_for_is_taken_where_nothing_is_missing(
    world: World, state: str, way: Way
) -> None:
    """By whom the table names, and by no other role: nothing that the table has is impossible over HTTP."""
    await world.go(way)
    assert world.state == state
    kept = world.behind.kept()
    before = world.behind.rows()
    own = {(role, action): each for (role, action, _), each in OWN_WAYS.items() if each.steps == way}
    asked = [(role, action, each) for (role, action), each in own.items() if role in ACTING.values()]

    for role, action, each in asked:
        answer = await world.act(each.who, each.asks or action)

        assert answer.status_code == 200, (role, action, answer.json())
        world.behind.back_to(kept)
        for other, acts_as in ACTING.items():
            if not isinstance(permit(action, world.behind.desk.order(world.order).state, acts_as), Transition):
                answer = await world.act(other, each.asks or action)
                assert answer.status_code in (404, 409), (other, action, answer.json())
        assert world.behind.rows() == before


def test_each_role_of_the_table_has_a_token_or_another_way_in() -> None:
    """And none has both: a reason that holds no more is noticed."""
    assert set(ACTING.values()).isdisjoint(WITHOUT_TOKEN)
    assert {role for row in TABLE for role in row.roles} == {*ACTING.values(), *WITHOUT_TOKEN} & set(ROLES)


@pytest.mark.parametrize(
    ("before", "token", "action"),
    [
        ((), "street", "take-back"),
        ((), "street", "report-up"),
        (("accept",), "street", "report-up"),
        ((), "department", "take-back"),
        (("accept",), "department", "take-back"),
        (("accept", "handle"), "department", "take-back"),
        (("accept",), "department", "report-up"),
        (("accept",), "works", "take-back"),
        (("accept",), "operator", "take-back"),
        (("accept",), "dispatcher", "report-up"),
    ],
)
async def test_an_order_handed_down_goes_up_by_who_has_it_and_is_taken_back_by_who_answers_for_it(
    world: World, before: tuple[str, ...], token: str, action: str
) -> None:
    """Its department reports it up, the one above takes it back, whatever was done below; all others change nothing."""
    await world.come_to("assigned")
    assert (await world.act("department", "forward", department="roads-street")).status_code == 200
    for done in before:
        assert (await world.act("street", done)).status_code == 200
    rows = world.behind.rows()

    answer = await world.act(token, action)

    if (token, action) in {("street", "report-up"), ("department", "take-back")}:
        assert answer.status_code == 200, answer.json()
        order = world.behind.desk.order(world.order)
        assert (order.state, order.department) == ("accepted", "roads")
    else:
        assert answer.status_code in (404, 409), answer.json()
        assert world.behind.rows() == rows


@pytest.mark.parametrize("role", sorted(set(ACCESS) - set(ACTING)))
async def test_a_role_that_does_not_act_takes_no_step(world: World, role: str) -> None:
    """403 before anything is written, whatever the action."""
    await world.come_to("assigned")
    written = len(world.behind.written)

    answers = [await world.act(role, action) for action in ACTIONS]

    assert {answer.status_code for answer in answers} == {403}
    assert len(world.behind.written) == written


async def test_without_a_token_nobody_takes_a_step(world: World) -> None:
    """401 for none and for a wrong one."""
    await world.come_to("assigned")
    written = len(world.behind.written)

    answers = [await world.act(token, "accept") for token in ("", "wrong")]

    assert {answer.status_code for answer in answers} == {401}
    assert len(world.behind.written) == written


LIES: list[tuple[str, dict[str, str]]] = [
    ("department", {"department": "works"}),
    ("department", {"role": "operator"}),
    ("department", {"role": "operator", "department": "roads"}),
    ("department", {"department": "roads", "id": "somebody-else"}),
    ("operator", {"role": "duty-officer"}),
    ("operator", {"role": "operator", "department": "roads"}),
    ("operator", {"department": "roads"}),
    ("operator", {"id": "olga"}),
    ("reporter", {"role": "reporter", "id": "another"}),
    ("inspector", {"role": "king"}),
]


@pytest.mark.parametrize(("token", "by"), LIES)
async def test_whoever_names_somebody_else_is_refused_for_all_to_see(
    world: World, token: str, by: dict[str, str]
) -> None:
    """403, nothing changes, and a refused fact says who it was and whom they named."""
    await world.come_to("assigned")
    before = world.behind.rows()

    answer = await world.act(token, "accept", by=by)

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:paidan:problem:not-the-sender")
    assert world.behind.rows() == before
    [refused] = refusals(world.behind)
    assert (refused.reason, refused.order_id) == ("not-the-sender", world.order)
    assert (refused.actor.role, refused.actor.department) == (
        ACCESS[token].acts_as, "roads" if token == "department" else "",
    )  # fmt: skip
    assert token == "reporter" or refused.actor.id == token
    assert refused.named is not None
    assert refused.named != refused.actor


@pytest.mark.parametrize(
    "by", [None, {}, {"role": ""}, {"department": "roads"}, {"role": "department"}, {"id": " department "}]
)
async def test_who_takes_a_step_comes_from_the_token(world: World, by: dict[str, str] | None) -> None:
    """The body may leave it out, or say the same; the fact names role, department and person of the token."""
    await world.come_to("assigned")

    answer = await world.act("department", "accept", **({} if by is None else {"by": by}))

    assert answer.status_code == 200
    assert answer.json()["fact"]["actor"] == {"role": "department", "department": "roads", "id": "department"}


async def test_nobody_says_that_somebody_else_has_sent_it(world: World) -> None:
    """`sender` is the gateway's word."""
    await world.come_to("assigned")

    answer = await world.act("department", "accept", sender={"role": "operator", "id": "o"})

    assert answer.status_code == 200


async def test_a_citizen_reports_and_acts_as_nobody_else(world: World) -> None:
    """The reporter comes from the token, another's name is 403, and another citizen's order is none of theirs."""
    await world.come_to("closed")

    named = await world.report("reporter", reporter={"id": "another"})
    own = await world.act("reporter", "reopen")

    assert (named.status_code, named.json()["type"]) == (403, "urn:paidan:problem:not-the-sender")
    assert own.status_code == 200


async def test_a_citizen_learns_nothing_of_an_order_that_is_not_theirs(world: World) -> None:
    """Refused or looked at, it is 404 like one that there is not; of their own they hear how it stands, also of one
    that theirs was merged into."""
    answers: dict[str, list[httpx.Response]] = {}
    for state in ("assigned", "merged"):
        await world.come_to(state)
        for token in ("stranger", "reporter"):
            looked = await world.client.get(f"/orders/{world.order}/moves", headers=bearer(token))
            answers[f"{token} {state}"] = [await world.act(token, "reopen"), looked]
    into = world.other
    answer = await world.report("stranger", location={"lat": 30.08, "lon": 114.05})
    world.order = answer.json()["fact"]["order_id"]
    assert (await world.act("operator", "merge", other_order_id=into)).status_code == 200
    for who, order in (("by a merge", into), ("nowhere", "south-w-20260302-aaaaaaaaaa")):
        world.order = order
        answers[f"stranger {who}"] = [await world.act("stranger", "reopen")]

    statuses = {who: [one.status_code for one in asked] for who, asked in answers.items()}

    assert statuses == {
        "stranger assigned": [404, 404],
        "reporter assigned": [409, 200],
        "stranger merged": [404, 404],
        "reporter merged": [409, 200],
        "stranger by a merge": [409],
        "stranger nowhere": [404],
    }
    assert answers["stranger assigned"][0].json() == answers["stranger nowhere"][0].json()


async def test_a_citizen_acts_on_nothing_that_was_reported_without_a_name(world: World) -> None:
    """What comes with a citizen's own token has a name: such an order is none of theirs. It was anybody's to check."""
    answer = await world.report("app")
    world.order = answer.json()["fact"]["order_id"]
    for token, action in (("reviewer", "decide"), ("department", "accept"), ("department", "handle")):
        assert (await world.act(token, action)).status_code == 200
    written = len(world.behind.written)

    passed = await world.act("stranger", "check-pass")
    looked = await world.client.get(f"/orders/{world.order}/moves", headers=bearer("stranger"))

    assert (passed.status_code, looked.status_code, world.state) == (404, 404, "handled")
    assert len(world.behind.written) == written


@pytest.mark.parametrize("due_at", [to_text(T0 + 60_000), None], ids=["a minute", "no limit"])
async def test_a_citizen_sets_no_limit_for_what_they_report(world: World, due_at: str | None) -> None:
    """The city's limits count, or whoever reports makes a department late; a channel that says one is believed."""
    own = await world.report("reporter", due_at=due_at)
    written = len(world.behind.written)
    channels = await world.report("app", due_at=due_at)

    assert (own.status_code, own.json().get("field"), written) == (403, "due_at", 0)
    assert channels.status_code == 200
    assert [fact.due_given for fact in world.behind.seen if isinstance(fact, Opened)] == [True]


@pytest.mark.parametrize("structured", [False, True], ids=["in a header", "in the event"])
async def test_a_citizen_s_report_is_of_when_it_comes(world: World, structured: bool) -> None:
    """Or whoever reports makes a department late by dating it back; a channel that was told then says so."""
    then, body = to_text(T0 - 6 * DAY_MS), {"text": "路面上有一个大坑", "location": {"lat": 30.05, "lon": 114.05}}
    asked = {"prefer": "wait=1"}
    for token in ("reporter", "app"):
        if structured:
            said: dict[str, Any] = {"specversion": "1.0", "id": token, "source": "x", "type": REPORT, "time": then}
            kind = {"content-type": "application/cloudevents+json"}
            sent = await world.client.post("/reports", json=said | {"data": body}, headers=asked | kind | bearer(token))
        else:
            sent = await world.client.post("/reports", json=body, headers=asked | {"ce-time": then} | bearer(token))
        assert sent.status_code == 200
        body["location"] = {"lat": 30.08, "lon": 114.05}

    opened = [fact for fact in world.behind.seen if isinstance(fact, Opened)]

    assert [fact.at for fact in opened] == [T0, T0 - 6 * DAY_MS]
    assert [fact.evidence.at for fact in opened] == [T0, T0 - 6 * DAY_MS]


async def test_a_district_s_officer_acts_in_the_district(world: World) -> None:
    """Elsewhere it is 403, and nothing is written."""
    await world.come_to("handled")
    written = len(world.behind.written)

    answer = await world.act("north", "check-pass")

    assert (answer.status_code, answer.json()["field"]) == (403, "area")
    assert len(world.behind.written) == written


async def test_a_district_s_officer_acts_on_what_was_moved_there(world: World) -> None:
    """Also where the number of the order names another district; what there is not is 403 as before."""
    for_the_north = (("reviewer", "decide"), ("dispatcher", "move-area"), ("department", "accept"))
    await world.go((*for_the_north, ("department", "handle")))

    answer = await world.act("north", "check-pass")
    world.order = "south-w-20260302-aaaaaaaaaa"
    unknown = await world.act("north", "check-pass")

    assert (answer.status_code, world.behind.desk.order(answer.json()["fact"]["order_id"]).area) == (200, "north-w")
    assert (unknown.status_code, unknown.json()["field"]) == (403, "area")


async def test_a_district_s_officer_names_no_order_of_another_district_beside_their_own(world: World) -> None:
    """What is related, merged or kept apart changes on both sides: who is bound to a district does so within it."""
    await world.come_to("assigned")
    answer = await world.report("reporter", location={"lat": 30.15, "lon": 114.05})
    within, world.other = world.other, answer.json()["fact"]["order_id"]
    written, before = len(world.behind.written), world.behind.rows()

    asked = [
        await world.act("south", action, other_order_id=world.other) for action in ("relate", "merge", "keep-apart")
    ]

    assert [(one.status_code, one.json().get("field")) for one in asked] == [(403, "other_order_id")] * 3
    assert (len(world.behind.written), world.behind.rows()) == (written, before)
    assert (await world.act("south", "merge", other_order_id=within)).status_code == 200
    assert (await world.act("dispatcher", "relate")).status_code != 403


async def test_a_district_s_officer_takes_nothing_out_of_an_order_of_another_district(world: World) -> None:
    """That one would change, too: it is refused and not offered; whoever may act on both takes it out."""
    for lat in (30.15, 30.18):
        answer = await world.report("reporter", location={"lat": lat, "lon": 114.05})
        world.order, world.other = answer.json()["fact"]["order_id"], world.order
    assert (await world.act("dispatcher", "move-area", area="south-w")).status_code == 200
    assert (await world.act("south", "prioritise")).status_code == 200  # it is theirs by now
    assert (await world.act("dispatcher", "merge")).status_code == 200
    written, before = len(world.behind.written), world.behind.rows()

    refused = await world.act("south", "unmerge", other_order_id=None)

    assert (refused.status_code, refused.json().get("field")) == (403, "area")
    assert (len(world.behind.written), world.behind.rows()) == (written, before)
    looks = [
        await world.client.get(f"/orders/{world.order}/moves", headers=bearer(token))
        for token in ("south", "dispatcher")
    ]
    offered = [{each["action"] for each in one.json()["moves"]} for one in looks]
    assert ["unmerge" in actions for actions in offered] == [False, True]
    assert (await world.act("dispatcher", "unmerge")).status_code == 200


async def test_sources_of_two_tokens_do_not_meet(world: World) -> None:
    """The same id under another's source is another event: nobody takes the name of what another is yet to send."""
    taken = {"ce-source": "hotline", "idempotency-key": "r-1", "prefer": "wait=1"}
    body = {"text": "煤气泄漏", "location": {"lat": 30.05, "lon": 114.05}}

    first = await world.client.post("/reports", json={"text": "junk"}, headers=taken | bearer("app"))
    second = await world.client.post("/reports", json=body, headers=taken | bearer("reporter"))

    event = {"specversion": "1.0", "id": "r-1", "source": "app", "type": REPORT, "data": {"text": "whole"}}
    kind = {"content-type": "application/cloudevents+json", "prefer": "wait=1"}
    third = await world.client.post("/reports", json=event, headers=kind | bearer("reporter"))

    assert third.json()["event"] == {"source": "reporter/app", "id": "r-1"}
    assert first.json()["event"] == {"source": "app/hotline", "id": "r-1"}
    assert second.json()["event"] == {"source": "reporter/hotline", "id": "r-1"}
    assert second.json()["fact"]["order_id"] != first.json()["fact"]["order_id"]


async def test_a_vendor_s_message_has_the_source_of_token_and_camera(world: World) -> None:
    """Two cameras may use the same ids, and two tokens the same cameras."""
    body = {"camera_id": "cam-sw-1", "label": "pothole"}

    event = await world.client.post("/detections", json=body, headers=bearer("sensor"))
    assert event.json()["event"]["source"] == "sensor"

    alert = {"id": "a-1", "timestamp": to_text(T0), "event": {"type": "pothole"}}
    for camera in ("cam-sw-1", "cam-sw-2"):
        address = f"/detections?format=metropolis&camera={camera}"
        answer = await world.client.post(address, json=alert, headers=bearer("sensor"))
        assert answer.json()["event"] == {"source": f"sensor/metropolis/{camera}", "id": "a-1"}
