"""Who follows what changes lists, loses the connection and comes again with the id of the last event."""

import itertools
import re
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiokafka import ConsumerRecord, TopicPartition

from dispatcher.order import facts
from dispatcher.order.facts import Assigned, Fact, Prioritised
from models.access import Holder
from models.city import City
from models.events import Why
from models.inbox import Actor
from streams.gateway.events import live_facts
from streams.gateway.events.live_facts import QUIET_SECONDS, LiveFacts, Sign, Told
from streams.gateway.routes import live
from streams.gateway.waiting import FactTail
from streams.settings import load_settings
from tests.web.conftest import NOWHERE


def _assigned(number: int, **changes: object) -> Assigned:
    made = Assigned(
        order_id="gulou-20260301-aaaaaaaaaa", seq=number, state="assigned", at=0, recorded_at=0, actor=Actor("desk"),
        attempt=1, department="roads", why=Why(by="table"),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


@pytest.fixture
def tail() -> FactTail:
    """One of two partitions, of which nothing was read before offset 10."""
    made = FactTail(
        load_settings(kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only", partitions=2)
    )
    for partition in (0, 1):
        made.live.begin_at(partition, 10)
    return made


def _come(tail: FactTail, partition: int, offset: int, fact: Fact) -> None:
    _, headers, value = facts.to_wire(fact)
    tail._take(ConsumerRecord("orders", partition, offset, 0, 0, b"", value, None, 0, len(value), headers))


async def _until(stream: AsyncIterator[bytes], wanted: bytes) -> str:
    said = b""
    async for block in stream:
        said += block
        if wanted in said:
            return said.decode()
    raise AssertionError(said)


def _ask(city: City, tail: FactTail, last: str = "", holder: Holder | None = None) -> AsyncIterator[bytes]:
    async def holds() -> bool:
        return True

    return live._stream(city, tail, holder, holds, last)


def _seqs(said: str) -> list[int]:
    return [int(seq) for seq in re.findall(r'"seq":(\d+)', said)]


async def test_who_comes_again_is_told_what_came_between(city: City, tail: FactTail) -> None:
    """All of it once, whatever partition it is of and while nobody followed; not the newest assignments once more."""
    _come(tail, 0, 10, _assigned(1))
    first = _ask(city, tail)
    await _until(first, b": nothing new")
    _come(tail, 1, 10, _assigned(2))
    said = await _until(first, b'"seq":2')
    await first.aclose()  # type: ignore[attr-defined]
    last = re.findall(r"id: (\S+)", said)[-1]

    _come(tail, 0, 11, _assigned(3))
    _come(tail, 1, 11, _assigned(4))
    again = await _until(_ask(city, tail, last), b": nothing new")

    assert last == "10.10"
    assert _seqs(again) == [3, 4]
    assert re.findall(r"id: (\S+)", again) == ["11.10", "11.11", "11.11"]
    assert "missed" not in again


async def test_whoever_starts_is_shown_the_newest_and_told_where_that_is(city: City, tail: FactTail) -> None:
    """What is shown again has no id: who loses the connection meanwhile is shown it from the beginning."""
    _come(tail, 0, 10, _assigned(1))

    said = await _until(_ask(city, tail), b": nothing new")

    assert _seqs(said) == [1]
    assert said.endswith("\n\nid: 10.9\n: nothing new\n\n")
    assert said.count("id: ") == 1


@pytest.mark.parametrize("last", ["gulou-20260301-aaaaaaaaaa/2", "1", "1.2.3", "8.10", "x.y", "-2.3", "9" * 5_000])
async def test_who_was_away_for_too_long_is_told_so(city: City, tail: FactTail, last: str) -> None:
    """An event of its own says that more has happened than is known; then it begins with the newest."""
    _come(tail, 0, 10, _assigned(1))

    said = await _until(_ask(city, tail, last), b": nothing new")

    assert said.startswith("retry: 3000\n\nevent: missed\ndata: {}\n\nevent: assigned\n")


async def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch, tail: FactTail) -> None:
    """Whoever would need what is forgotten has missed it; nobody else."""
    monkeypatch.setattr(live_facts, "MOST_KEPT", 2)
    for number in range(4):
        _come(tail, 0, 10 + number, _assigned(number))

    told = {last: await anext(tail.live.follow(last)) for last in ("10.9", "11.9")}

    assert told["10.9"][0] is Sign.MISSED
    assert isinstance(told["11.9"][0], Told)
    assert told["11.9"][0].fact == _assigned(2)


async def test_what_is_kept_of_before_a_gap_hides_it_from_nobody(
    monkeypatch: pytest.MonkeyPatch, tail: FactTail
) -> None:
    """When the first of it was forgotten, whoever had heard of what was before the gap was told that this was all."""
    monkeypatch.setattr(live_facts, "MOST_KEPT", 2)
    for offset in (10, 11):
        _come(tail, 0, offset, _assigned(offset))
    tail.live.begin_at(0, 40_000)

    _come(tail, 0, 40_000, _assigned(3))
    _come(tail, 1, 10, _assigned(4))

    assert (await anext(tail.live.follow("11.9")))[0] is Sign.MISSED
    assert [told async for told in _first_of(tail.live, "39999.9", 2)] == [_assigned(3), _assigned(4)]


async def _first_of(live: LiveFacts, last: str, number: int) -> AsyncIterator[Fact]:
    async for told, _ in live.follow(last):
        assert isinstance(told, Told)
        yield told.fact
        number -= 1
        if not number:
            break


async def test_who_is_too_slow_is_told_so(monkeypatch: pytest.MonkeyPatch, tail: FactTail) -> None:
    """In the place of what was lost."""
    monkeypatch.setattr(live_facts, "MOST_BEHIND", 3)
    following = tail.live.follow()
    assert (await anext(following))[0] is Sign.NOTHING

    for number in range(5):
        _come(tail, 0, 10 + number, _assigned(number))

    told = [(await anext(following))[0] for _ in range(3)]
    assert told[0] is Sign.MISSED
    assert [one.fact.seq for one in told[1:] if isinstance(one, Told)] == [3, 4]


async def test_a_gateway_that_is_behind_goes_on_where_it_is(city: City, tail: FactTail) -> None:
    """Another one has told more already: that comes twice rather than never."""
    said = await _until(_ask(city, tail, "12.9"), b": nothing new")

    assert said == "retry: 3000\n\nid: 9.9\n: nothing new\n\n"


async def test_an_order_of_life_and_limb_is_announced_before_its_fact_counts_as_told(
    city: City, tail: FactTail
) -> None:
    """Who loses the connection between the two is told both again."""
    following = _ask(city, tail, "9.9")
    await _until(following, b": nothing new")

    _come(tail, 0, 10, _assigned(1, priority=1))

    said = await _until(following, b"event: urgent")
    assert said.index("event: assigned") < said.index("id: 10.9") < said.index("event: urgent")


async def test_who_sees_little_of_much_does_not_fall_behind(city: City, tail: FactTail) -> None:
    """What others do moves their place on, too, so that it is not forgotten that they were told of all."""
    following = _ask(city, tail, "9.9", Holder(role="department", person="p", source="s", department="parks"))
    await _until(following, b": nothing new")

    for number in range(live._MOST_UNSEEN):
        _come(tail, 1, 10 + number, _assigned(number))

    assert await anext(following) == f"id: 9.{9 + live._MOST_UNSEEN}\n\n".encode()


async def test_who_sees_little_of_much_is_told_something_every_so_often(
    city: City, tail: FactTail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little it is: a connection on which nothing comes is taken for dead."""
    ticks = itertools.count(0.0, QUIET_SECONDS / 2)
    monkeypatch.setattr(live, "monotonic", lambda: next(ticks))  # as if so long passed before each fact
    following = _ask(city, tail, "9.9", Holder(role="department", person="p", source="s", department="parks"))
    await _until(following, b": nothing new")

    for number in range(2):
        _come(tail, 1, 10 + number, _assigned(number))

    assert await anext(following) == b"id: 9.11\n\n"


async def test_a_tail_that_was_away_from_kafka_goes_on_where_it_was(tail: FactTail) -> None:
    """As far as is bearable; what it leaves out those who follow have missed."""
    part, following = TopicPartition(tail._orders[0].topic, 0), tail.live.follow()
    await anext(following)

    assert [tail._begin(part, end) for end in (10, 500, 50_000, 3)] == [10, 10, 40_000, 3]
    tail.live.begin_at(0, 10)
    tail.live.begin_at(0, 40_000)

    assert (await anext(following))[0] is Sign.MISSED


async def test_of_a_log_that_was_not_read_yet_nobody_is_told_a_place(city: City) -> None:
    """Who comes with one has missed something."""
    tail = FactTail(
        load_settings(kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only", partitions=2)
    )

    assert await _until(_ask(city, tail), b": nothing new") == "retry: 3000\n\n: nothing new\n\n"
    assert "event: missed" in await _until(_ask(city, tail, "3.3"), b": nothing new")


async def test_a_record_that_holds_no_fact_is_passed_over(tail: FactTail) -> None:
    """Also when it is told again."""
    kind = facts.CE_TYPES[Prioritised]
    record = ConsumerRecord("orders", 0, 10, 0, 0, b"", b"{}", None, 0, 2, [("ce_type", kind.encode())])
    tail._take(record)
    _come(tail, 0, 11, _assigned(2))

    told, place = await anext(tail.live.follow("9.9"))

    assert isinstance(told, Told)
    assert (told.fact, str(place)) == (_assigned(2), "11.9")


def test_a_place_is_read_as_it_was_written() -> None:
    """By gateways of as many partitions."""
    facts_of = LiveFacts(3)
    for partition, offset in enumerate((1, 0, 10**17)):
        facts_of.begin_at(partition, offset)

    place = facts_of._place.read(str(facts_of._place))

    assert place is not None
    assert str(place) == f"0.-1.{10**17 - 1}"
