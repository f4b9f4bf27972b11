"""Who follows the assignments as they are made."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord

from dispatcher.order import facts
from dispatcher.order.facts import AreaMoved, Assigned, Fact, Forwarded
from dispatcher.order.row import State
from models.access import Holder
from models.city import City
from models.events import Why
from models.inbox import Actor
from streams.access.holders import Holders
from streams.access.tokens import Grant, digest, revoke
from streams.gateway.app import Parts, make_app
from streams.gateway.events.event_writer import EventWriter
from streams.gateway.events.live_facts import Sign, Told
from streams.gateway.routes import live
from streams.gateway.routes.live import announces
from streams.gateway.shards import Shards
from streams.gateway.shutdown import Shutdown
from streams.gateway.waiting import FactTail, Waiter
from streams.http_server import HttpServer
from streams.settings import load_settings
from tests.support.tokens import grant, tokens_file
from tests.web.conftest import NOWHERE

_ASKED = b"GET /events/assignments HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"


@pytest.mark.parametrize("becomes", [(), (grant("gone", "operator", area="shiqiao"),)], ids=["nobody", "another"])
async def test_whoever_is_revoked_is_shown_no_more(city: City, tmp_path: Path, becomes: tuple[Grant, ...]) -> None:
    """A stream is one request, however long it lasts: it ends with its token, or with what the token may see, and
    others' go on."""
    path = tmp_path / "t"
    tokens_file(path, grant("gone", "operator"), grant("stays", "operator"))
    settings = load_settings(
        kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only", gateway_tokens_file=str(path)
    )
    shutdown, tail = Shutdown(), FactTail(settings)
    shards, writer = Shards(settings), EventWriter(settings, shutdown)
    app = make_app(Parts(settings, city, shards, writer, tail, Holders(settings), shutdown))

    def tell(seq: int) -> None:
        tail.tell(Told(assigned(seq), 0, seq))

    async with HttpServer(app, "127.0.0.1", 0) as server:
        host, port = server.address.split(":")
        streams = []
        for token in (b"gone", b"stays"):
            reader, sender = await asyncio.open_connection(host, int(port))
            sender.write(_ASKED % token)
            await asyncio.wait_for(reader.readuntil(b"retry: 3000"), 10)
            streams.append((reader, sender))
        gone, stays = (reader for reader, _ in streams)

        while tail.live.followers < len(streams):
            await asyncio.sleep(0)
        tell(2)
        for reader in (gone, stays):
            await asyncio.wait_for(reader.readuntil(b'"seq":2'), 10)
        revoke(path, digest("gone"))
        tokens_file(path, *becomes)
        tell(3)

        assert b'"seq":3' not in await asyncio.wait_for(gone.readuntil(b"\r\n0\r\n\r\n"), 10)
        await asyncio.wait_for(stays.readuntil(b'"seq":3'), 10)
        for _, sender in streams:
            sender.close()
        tail.live.end()
    await writer.stop()
    await shards.close()


async def test_of_many_who_ask_at_once_no_more_than_can_follow_are_let_in(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those beyond the bound are told when to come again, and a place is free as soon as somebody leaves."""
    monkeypatch.setattr(live, "MOST_LISTENERS", 2)
    settings = load_settings(kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only")
    shutdown, tail = Shutdown(), FactTail(settings)
    shards, writer = Shards(settings), EventWriter(settings, shutdown)
    app = make_app(Parts(settings, city, shards, writer, tail, Holders(settings), shutdown))

    async with HttpServer(app, "127.0.0.1", 0) as server:
        host, port = server.address.split(":")

        async def ask() -> tuple[bytes, asyncio.StreamWriter]:
            reader, sender = await asyncio.open_connection(host, int(port))
            sender.write(_ASKED % b"any")
            return (await asyncio.wait_for(reader.readline(), 10)).split(b" ")[1], sender

        asked = await asyncio.gather(*(ask() for _ in range(20)))
        assert sorted(status for status, _ in asked) == [b"200"] * 2 + [b"503"] * 18
        for _, sender in asked:
            sender.close()
        async with asyncio.timeout(10):
            while (await ask())[0] != b"200":
                await asyncio.sleep(0.01)
        tail.live.end()
    await writer.stop()
    await shards.close()


async def test_one_token_does_not_take_all_the_places_from_the_others(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who follows too often with one is told when to come again, and everybody else is let in."""
    monkeypatch.setattr(live, "MOST_LISTENERS", 4)
    monkeypatch.setattr(live, "MOST_OF_ONE", 2)
    path = tokens_file(tmp_path / "t", grant("greedy", "department", department="roads"), grant("other", "operator"))
    settings = load_settings(
        kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only", gateway_tokens_file=path
    )
    shutdown, tail = Shutdown(), FactTail(settings)
    shards, writer = Shards(settings), EventWriter(settings, shutdown)
    app = make_app(Parts(settings, city, shards, writer, tail, Holders(settings), shutdown))

    async with HttpServer(app, "127.0.0.1", 0) as server:
        host, port = server.address.split(":")

        async def ask(token: bytes) -> tuple[bytes, asyncio.StreamWriter]:
            reader, sender = await asyncio.open_connection(host, int(port))
            sender.write(_ASKED % token)
            return (await asyncio.wait_for(reader.readline(), 10)).split(b" ")[1], sender

        asked = [await ask(token) for token in (b"greedy",) * 4 + (b"other",) * 2]
        assert [status for status, _ in asked] == [b"200", b"200", b"503", b"503", b"200", b"200"]
        for _, sender in asked:
            sender.close()
        async with asyncio.timeout(10):
            while (await ask(b"greedy"))[0] != b"200":
                await asyncio.sleep(0.01)
        tail.live.end()
    await writer.stop()
    await shards.close()


def assigned(seq: int) -> Assigned:
    """A fact that gives an order to a department."""
    return Assigned(
        order_id="gulou-20260301-aaaaaaaaaa", seq=seq, state="assigned", at=0, recorded_at=0, actor=Actor("desk"),
        attempt=1, department="roads", why=Why(by="table"),
    )  # fmt: skip


async def test_a_step_that_is_sent_again_is_told_what_became_of_it_meanwhile() -> None:
    """Also where nobody waited when it was decided; another step under its name is not."""
    tail = FactTail(load_settings(kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only"))
    first, again, other = Waiter("desk", "1", 7), Waiter("desk", "1", 7), Waiter("desk", "1", 8)
    with tail.waiting(first):
        pass
    tail.remember(first)
    decided = msgspec.structs.replace(assigned(2), cause=("desk", "1"))

    for waiter in tail._all_waiters():
        waiter.see(decided)

    with tail.waiting(again):
        assert again.decision.result() == decided
    tail.remember(first)
    with tail.waiting(other):
        assert not other.decision.done()


@pytest.mark.parametrize(
    ("role", "state", "told"),
    [
        ("dispatcher", "assigned", True),
        ("duty-officer", "review", True),
        ("reviewer", "review", True),
        ("inspector", "assigned", False),  # who may only say a word
        ("ops", "assigned", False),
    ],
)
def test_what_is_of_life_and_limb_is_announced_to_those_who_can_act(role: str, state: State, told: bool) -> None:
    """By the table of the lifecycle; of another priority to nobody."""
    holder = Holder(role=role, person="p", source="s")
    urgent = msgspec.structs.replace(assigned(2), state=state, priority=1)

    assert announces(urgent, holder) is told
    assert announces(urgent, None)
    assert not announces(msgspec.structs.replace(urgent, priority=2), None)


async def test_who_listens_hears_what_changes_a_list() -> None:
    """A step goes to those who listen, and the tail knows which departments have had the order."""
    tail = FactTail(load_settings(kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only"))
    heard = aiter(tail.live.follow())
    tail.tell(Told(assigned(2), 0, 7))
    assert (await anext(heard))[0] == Told(assigned(2))
    assert (await anext(heard))[0] is Sign.NOTHING
    returned = msgspec.structs.replace(assigned(5), department="works")

    tail.tell(Told(returned, 0, 8))

    assert (await anext(heard))[0] == Told(returned, 0, 8)
    assert tail.holders(returned.order_id) == {"roads", "works"}


def test_the_tail_knows_where_an_order_was_moved_while_nobody_listens() -> None:
    """Who has that area hears of it from then on."""
    tail = FactTail(load_settings(kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only"))
    made = assigned(2)
    head: dict[str, Any] = {"seq": 3, "state": "assigned", "at": 0, "recorded_at": 0, "actor": made.actor}
    assert tail.area(made.order_id) == ""

    for area in ("b", "c"):
        _follow(tail, AreaMoved(order_id=made.order_id, **head, area=area, from_area="a"))

    assert tail.area(made.order_id) == "c"


def test_the_tail_knows_who_was_handed_an_order_while_nobody_listens() -> None:
    """That department hears of it from then on, as the one above does."""
    tail = FactTail(load_settings(kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only"))
    made = assigned(2)
    head: dict[str, Any] = {"seq": 3, "state": "assigned", "at": 0, "recorded_at": 0, "actor": made.actor}
    down: dict[str, Any] = {"attempt": 2, "above": "roads", "department": "patching", "why": made.why}

    for fact in (made, Forwarded(order_id=made.order_id, **head, **down)):
        _follow(tail, fact)

    assert tail.holders(made.order_id) == {"roads", "patching"}


def _follow(tail: FactTail, fact: Fact) -> None:
    _, headers, value = facts.to_wire(fact)
    tail._take(ConsumerRecord("orders", 0, 0, 0, 0, b"", value, None, 0, len(value), headers))
