"""Silences over HTTP: who sets, approves and ends them, what is refused, and what a silenced reporter is shown."""

import asyncio
import json
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.inbox import LiveSilence
from models.times import from_text, to_text
from streams.control.live_silences import Decide, Known
from streams.gateway import app as application
from streams.gateway.events.turns import Turns
from streams.gateway.reporters.public_state import public_state
from streams.gateway.routes import silence_routes
from tests.support.desks import DAY, HOUR, T0, Desk, quiet_city, report
from tests.support.tokens import bearer, grant, one_of_each, tokens_file
from tests.web.conftest import Open

LAMPS = {
    "category": "street-light-out",
    "area": "gulou",
    "ends_at": to_text(T0 + HOUR),
    "owner": "lighting works",
    "comment": "the feeder is replaced",
}


class Kept:
    """Silences without Kafka."""

    def __init__(self) -> None:
        self.known: dict[int, LiveSilence] = {}

    async def all(self) -> Known:
        """All of them."""
        return self.known

    async def change(self, decide: Decide) -> LiveSilence:
        """Keep what is decided."""
        made = decide(self.known)
        self.known[made.number] = made
        return made


class Slow(Kept):
    """They are changed one after the other, once somebody says so."""

    def __init__(self) -> None:
        super().__init__()
        self._one, self.go_on = asyncio.Lock(), asyncio.Event()

    async def change(self, decide: Decide) -> LiveSilence:
        """As it is on Kafka."""
        async with self._one:
            await self.go_on.wait()
            return await super().change(decide)


class Counted(Turns):
    """Turns, with how many were asked for in all."""

    asked = 0

    @asynccontextmanager
    async def turn(self, whose: Hashable) -> AsyncIterator[None]:
        """A turn."""
        Counted.asked += 1
        async with super().turn(whose):
            yield


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """In place of the topic, at a time that stands still."""
    found = Kept()
    monkeypatch.setattr(application, "SilenceBook", lambda *_: found)
    monkeypatch.setattr(silence_routes, "now_ms", lambda: T0)
    return found


@pytest.fixture
async def client(gateway: Open, kept: Kept, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway with a token of each role."""
    async with gateway(gateway_tokens_file=one_of_each(tmp_path / "t")) as found:
        yield found


async def post(client: httpx.AsyncClient, role: str, path: str, body: Any = None) -> httpx.Response:
    """What a role sends."""
    return (
        await client.post(path, json=body, headers=bearer(role))
        if body
        else await client.post(path, headers=bearer(role))
    )


async def test_a_silence_is_set_approved_by_a_second_person_listed_and_ended(
    client: httpx.AsyncClient, kept: Kept
) -> None:
    """Whoever acts is the token's person; each step says how it stands now."""
    made = await post(client, "duty-officer", "/silences", LAMPS | {"ends_at": to_text(T0 + 2 * DAY), "by": "somebody"})
    assert (made.status_code, made.json()["state"], made.json()["created_by"]) == (
        201,
        "awaiting-approval",
        "duty-officer",
    )
    own = await post(client, "duty-officer", "/silences/1/approve")
    assert (own.status_code, own.json()["detail"]) == (
        409,
        "silence 1 was set by duty-officer: a second person has to approve it",
    )

    approved = await post(client, "operator", "/silences/1/approve")
    assert (approved.status_code, approved.json()["state"], approved.json()["approved_by"]) == (
        200,
        "active",
        "operator",
    )
    listed = (await client.get("/silences", headers=bearer("department"))).json()["silences"]
    assert [(one["number"], one["owner"], one["area"]["id"]) for one in listed] == [(1, "lighting works", "gulou")]

    ended = await post(client, "dispatcher", "/silences/1/end")
    assert (ended.status_code, ended.json()["state"], ended.json()["ended_by"]) == (200, "expired", "dispatcher")
    assert (await client.get("/silences", headers=bearer("ops"))).json()["silences"] == []
    over = (await client.get("/silences?state=expired", headers=bearer("ops"))).json()["silences"]
    assert [one["number"] for one in over] == [1]
    assert "created_by" not in over[0]  # who works there is the affair of those who work there


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends_at": None}, "ends_at"),
        ({"ends_at": to_text(T0)}, "ends_at"),
        ({"owner": " "}, "owner"),
        ({"comment": ""}, "comment"),
        ({"category": "nonsense"}, "category"),
        ({"area": "nowhere"}, "area"),
        ({"camera_id": "none"}, "camera_id"),
        ({"location": {"lat": 91, "lon": 0}}, "location.lat"),
        ({"location": {"lat": 30}}, "location.lon"),
        ({"radius_m": 0}, "radius_m"),
    ],
)
async def test_what_is_no_silence_is_refused_by_its_field(
    client: httpx.AsyncClient, kept: Kept, changes: dict[str, Any], field: str
) -> None:
    """Without an owner, a reason or an end there is none."""
    answer = await post(client, "dispatcher", "/silences", LAMPS | changes)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert not kept.known


async def test_what_is_asked_for_again_with_the_same_key_sets_no_second_silence(
    client: httpx.AsyncClient, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost answer and a double click: it is answered as it stands by then, also once it is over. Something else under
    that key is refused; another person's key is another one, and without a key each is one of its own."""

    async def sent(role: str, key: str, **changes: Any) -> httpx.Response:
        return await client.post("/silences", json=LAMPS | changes, headers=bearer(role) | {"idempotency-key": key})

    first = await sent("dispatcher", "k-1")
    again = await sent("dispatcher", '"k-1"')
    another = await sent("dispatcher", "k-1", comment="the mast is replaced")
    others = await sent("operator", "k-1")
    await post(client, "operator", "/silences/1/end")
    monkeypatch.setattr(silence_routes, "now_ms", lambda: T0 + 2 * HOUR)
    over = await sent("dispatcher", "k-1")
    wrong = await sent("dispatcher", "k" * 1025)
    monkeypatch.setattr(silence_routes, "now_ms", lambda: T0)
    plain = [await post(client, "dispatcher", "/silences", LAMPS) for _ in range(2)]

    assert [each.status_code for each in (first, again, another, others, over, wrong)] == [201, 200, 409, 201, 200, 422]
    assert [each.json()["number"] for each in (first, again, others, over, *plain)] == [1, 1, 2, 1, 3, 4]
    assert "silence 1" in another.json()["detail"]
    assert over.json()["state"] == "expired"
    assert "k-1" not in str(kept.known)


async def test_of_two_that_are_sent_at_once_with_the_same_key_the_second_is_told_that_it_was_set(
    client: httpx.AsyncClient, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of them was known when the other was read."""

    async def none_yet() -> Known:
        return {}

    monkeypatch.setattr(kept, "all", none_yet)
    headers = bearer("dispatcher") | {"idempotency-key": "k-1"}
    answers = [await client.post("/silences", json=LAMPS, headers=headers) for _ in range(2)]

    assert [each.status_code for each in answers] == [201, 200]
    assert [each.json()["number"] for each in answers] == [1, 1]


async def test_a_byte_order_mark_before_a_silence_is_passed_over(client: httpx.AsyncClient, kept: Kept) -> None:
    """As before an event."""
    said = json.dumps(LAMPS | {"ends_at": to_text(T0 + HOUR)}).encode()
    headers = {"content-type": "application/json", **bearer("dispatcher")}

    assert (await client.post("/silences", content=b"\xef\xbb\xbf" + said, headers=headers)).status_code == 201


async def test_what_is_not_there_or_over_is_said(client: httpx.AsyncClient, kept: Kept) -> None:
    """404, 409; and 415 for what is no JSON."""
    assert (await post(client, "operator", "/silences/9/end")).status_code == 404
    await post(client, "dispatcher", "/silences", LAMPS)
    assert (await post(client, "operator", "/silences/1/approve")).status_code == 409
    plain = {"content-type": "text/plain", **bearer("dispatcher")}
    assert (await client.post("/silences", content="x", headers=plain)).status_code == 415


ZONE = "lingang noise-construction 2026-01-01T00:00"


async def test_a_control_zone_of_the_tables_is_listed_and_lifted_and_holds_again(
    client: httpx.AsyncClient, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whoever may silence, with owner and reason; the list says by which silence it is lifted."""
    monkeypatch.setattr(silence_routes, "now_ms", lambda: from_text("2026-11-20T00:00:00Z"))

    async def listed() -> dict[str, Any]:
        zones = (await client.get("/silences", headers=bearer("ops"))).json()["control_zones"]
        return {one["lifts"]: one["lifted_by"] for one in zones}

    assert (await listed())[ZONE] is None
    wanted = {"lifts": ZONE, "ends_at": "2026-12-31T15:59:00Z", "owner": "housing", "comment": "they pour at night"}
    assert (await post(client, "reviewer", "/silences", wanted)).status_code == 403
    assert (await post(client, "dispatcher", "/silences", wanted | {"area": "gulou"})).json()["field"] == "lifts"
    assert (await post(client, "dispatcher", "/silences", wanted | {"lifts": "none"})).json()["field"] == "lifts"

    made = (await post(client, "dispatcher", "/silences", wanted)).json()
    assert (made["state"], made["area"]["id"], made["lifts"]) == ("active", "lingang", ZONE)
    assert (await listed())[ZONE] == 1
    await post(client, "dispatcher", "/silences/1/end")
    assert (await listed())[ZONE] is None


@pytest.mark.parametrize(
    ("moment", "holds"),
    [("2026-11-20T18:00:00+08:00", True), ("2026-11-20T12:00:00+08:00", False), ("2026-11-19T18:00:00+08:00", False)],
)
async def test_a_control_zone_of_some_hours_says_whether_it_holds_now(
    client: httpx.AsyncClient, kept: Kept, monkeypatch: pytest.MonkeyPatch, moment: str, holds: bool
) -> None:
    """Between its first and its last day a night market is no reason for a stall at noon to be left alone; nor is it
    one while somebody has lifted it."""
    monkeypatch.setattr(silence_routes, "now_ms", lambda: from_text(moment))

    async def market() -> dict[str, Any]:
        zones = (await client.get("/silences", headers=bearer("ops"))).json()["control_zones"]
        return next(one for one in zones if one["times"])

    zone = await market()
    lifting = {"lifts": zone["lifts"], "ends_at": zone["ends_at"], "owner": "market", "comment": "inspection"}
    await post(client, "dispatcher", "/silences", lifting)

    assert zone["holds"] is holds
    assert (await market())["holds"] is False


async def test_a_token_of_an_area_silences_nothing_beyond_it(gateway: Open, kept: Kept, tmp_path: Path) -> None:
    """Neither anew, nor by ending what somebody has silenced elsewhere."""
    near = grant("near", "duty-officer", area="gulou")
    file = tokens_file(tmp_path / "t", near, grant("all", "operator"))
    async with gateway(gateway_tokens_file=file) as client:
        inside = await post(client, "near", "/silences", LAMPS)
        beyond = await post(client, "near", "/silences", LAMPS | {"area": "*"})
        await post(client, "all", "/silences", LAMPS | {"area": "*"})
        ending = await post(client, "near", "/silences/2/end")

    assert [each.status_code for each in (inside, beyond, ending)] == [201, 403, 403]


async def test_a_token_of_an_area_sees_what_is_silenced_somewhere_in_it(
    gateway: Open, kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, in the district above it, in the whole city; not who answers for what in another, nor its control zone."""
    monkeypatch.setattr(silence_routes, "now_ms", lambda: from_text("2026-11-20T00:00:00Z"))
    until = {"ends_at": "2026-11-20T08:00:00Z"}
    people = {"near": "gulou", "far": "lingang", "district": "yunxi", "all": ""}
    file = tokens_file(tmp_path / "t", *(grant(name, "operator", area=area) for name, area in people.items()))
    seen: dict[str, list[str | None]] = {}
    zones: dict[str, bool] = {}
    async with gateway(gateway_tokens_file=file) as client:
        for area in ("gulou", "lingang", "yunxi", "*"):
            await post(client, "all", "/silences", LAMPS | until | {"area": area})
        for name in people:
            told = (await client.get("/silences", headers=bearer(name))).json()
            seen[name] = [None if one["area"] is None else one["area"]["id"] for one in reversed(told["silences"])]
            zones[name] = ZONE in {one["lifts"] for one in told["control_zones"]}

    assert seen == {
        "near": ["gulou", "yunxi", None],
        "far": ["lingang", None],
        "district": ["gulou", "yunxi", None],
        "all": ["gulou", "lingang", "yunxi", None],
    }
    assert zones == {"near": False, "far": True, "district": False, "all": True}


async def test_without_tokens_the_body_says_who_acts(gateway: Open, kept: Kept) -> None:
    """As with steps of orders, for whoever tries it out."""
    async with gateway() as client:
        await client.post("/silences", json=LAMPS | {"by": "dora"})
        await client.post("/silences/1/end", json={"by": "otto"})

    assert (kept.known[1].created_by, kept.known[1].ended_by) == ("dora", "otto")


async def test_who_acts_has_a_pseudonym_where_the_name_is_personal(gateway: Open, kept: Kept, tmp_path: Path) -> None:
    """As in the facts of orders; two such people are still told apart."""
    names = ("13800138000", "13800138001")
    path = tokens_file(tmp_path / "t", *(grant(name, "duty-officer") for name in names))
    async with gateway(gateway_tokens_file=path) as client:
        await post(client, names[0], "/silences", LAMPS | {"ends_at": to_text(T0 + 2 * DAY)})
        approved = await post(client, names[1], "/silences/1/approve")

    assert approved.status_code == 200
    assert len({kept.known[1].created_by, kept.known[1].approved_by, *names}) == 4


async def test_without_kafka_it_is_said_that_they_cannot_be_read(gateway: Open) -> None:
    """Nobody is told that nothing is silenced."""
    async with gateway() as client:
        assert (await client.get("/silences")).status_code == 503


def test_a_reporter_whose_report_is_silenced_sees_that_by_the_link() -> None:
    """Another one whose report was rejected does not."""
    city = quiet_city()
    desk = Desk(city)
    desk.feed(report("1", T0), at=T0)
    plain = desk.only()
    desk = Desk(city)
    whole = LiveSilence(
        number=1, starts_at=T0, ends_at=T0 + HOUR, owner="o", comment="c", created_by="d", created_at=T0
    )
    desk.feed(whole, report("1", T0), at=T0)

    silenced = public_state(desk.only(), "hash-1", city)

    assert (silenced["state"], silenced["suppressed"]) == ("rejected", True)
    assert [step["fact"] for step in silenced["steps"]] == ["opened", "rejected"]
    assert public_state(plain, "hash-1", city)["suppressed"] is False


async def test_who_sets_many_silences_at_once_waits_for_their_own(
    gateway: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each takes a transaction of its own: those of the others do not wait for all of them."""
    book = Slow()
    monkeypatch.setattr(application, "SilenceBook", lambda *_: book)
    monkeypatch.setattr(silence_routes, "now_ms", lambda: T0)
    monkeypatch.setattr(silence_routes, "Turns", Counted)
    monkeypatch.setattr(Counted, "asked", 0)
    path = tokens_file(tmp_path / "t", grant("greedy", "dispatcher"), grant("other", "dispatcher"))

    async with gateway(gateway_tokens_file=path) as client:
        tasks = []
        for token in ("greedy", "greedy", "greedy", "other"):
            tasks.append(asyncio.create_task(client.post("/silences", json=LAMPS, headers=bearer(token))))
            async with asyncio.timeout(10):
                while Counted.asked < len(tasks):
                    await asyncio.sleep(0)
        book.go_on.set()
        await asyncio.gather(*tasks)

    assert [one.created_by for one in book.known.values()] == ["greedy", "other", "greedy", "greedy"]
