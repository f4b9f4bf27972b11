"""Retention: by when the words of an order's reports end, and that their keys are destroyed then, once."""

from typing import Any, cast

import msgspec
import pytest
from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.order.row import Order
from dispatcher.partition import row_keys
from dispatcher.partition.state import Meta
from models.city import CityError
from models.city.lookups import RetentionTable
from models.inbox import Tick, encode_items
from models.sealed_words import CityKey
from models.times import DAY_MS
from streams.control.packs import Packs
from streams.desk import processor
from streams.desk.processor import DeskProcessor
from streams.erasure.report_keys import Erasure, ReportKeys
from streams.erasure.retention import Ending, Endings, ending_key, ending_of, endings
from streams.stage.same_time import SameTime
from tests.support.cities import tiny_city
from tests.support.desks import MINUTE, T0, quiet_city
from tests.support.messages import report, update
from tests.unit.personal.test_sealed_reports import NAMES, PARTS, SECRET, TEXT, OnePack, Road, nothing_new, record

RETENTION = "category,days\n*,100\npothole,40\norder,60\n"
CITY = quiet_city(**{"retention.csv": RETENTION})
TABLE = CITY.retention
WHEN = {"time": T0, "timestamp": T0}


def rejected(id: str, category: str, at: int = T0, **own: Any) -> Order:
    """An order that ended at an instant, with one sealed report."""
    ended: dict[str, Any] = {"state": "rejected", "rejected_at": at, "sealed_under": (f"key-{id}",)}
    return Order(id=id, seq=9, area="a", opened_at=T0, recorded_at=at, last_at=at, category=category, **ended | own)


@pytest.mark.parametrize(
    ("category", "days"), [("pothole", 40), ("street-vendor", 60), ("flooding", 100), ("", 100), ("unknown", 100)]
)
def test_the_row_of_the_category_goes_before_its_groups_and_that_before_the_default(category: str, days: int) -> None:
    """An order that nobody has classified has the default."""
    assert TABLE.find(category) == days


def test_what_has_no_row_is_kept() -> None:
    """A city that says nothing destroys nothing."""
    assert RetentionTable((), CITY.categories).find("pothole") is None
    assert endings([rejected("a", "pothole")], RetentionTable((), CITY.categories)) == {}


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ("*,29", "is less than archive_days"),
        ("*,0", "retention.csv:2: days"),
        ("nowhere,100", "is not a category"),
        ("*,100\n*,200", "stands already in line 2"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(rows: str, wrong: str) -> None:
    """Words are wanted for as long as an order can come back, which it can until it is archived."""
    with pytest.raises(CityError, match=wrong):
        tiny_city({"retention.csv": f"category,days\n{rows}\n"})


def test_words_end_so_long_after_the_order_and_those_of_a_merged_one_with_the_other() -> None:
    """From the end of the order on, not from its archiving; without sealed words there is nothing to end."""
    late = T0 + 5 * DAY_MS
    merged = rejected("b", "flooding", state="merged", rejected_at=None, merged_at=T0, parent="a")
    plain = rejected("c", "pothole", sealed_under=())

    found = endings([merged, rejected("a", "pothole", late), plain], TABLE)

    assert {order: (one.at, one.names) for order, one in found.items()} == {
        "a": (late + 40 * DAY_MS, ("key-a",)),
        "b": (late + 40 * DAY_MS, ("key-b",)),
    }


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.one_of(st.none(), st.integers(0, 9)))), st.integers(0, 9))
def test_what_is_due_is_what_was_set_last_and_has_come(changes: list[tuple[str, int | None]], clock: int) -> None:
    """In whichever order endings are set, moved and taken away; the first one to come is known."""
    pending, last = Endings(), dict[str, int]()
    for order, at in changes:
        pending.put(order, None if at is None else Ending(at, (), ""))
        last.pop(order, None)
        if at is not None:
            last[order] = at

    assert pending.next_at == min(last.values(), default=None)
    came = sorted((at, order) for order, at in last.items() if at <= clock)
    assert pending.due(clock, 9) == [order for _, order in came]
    assert pending.due(clock, 2) == [order for _, order in came[:2]]


def test_an_ending_lies_under_no_name_of_a_key() -> None:
    """Names are URL-safe base64."""
    assert ending_of(ending_key("o-1")) == "o-1"
    assert ending_of("a-_" * 7 + "a") == ""


class ThisPack(OnePack):
    """The pack with the table."""

    own, first = CITY, CITY.digest


class Retaining(Road):
    """Intake and a desk of a city with retention.csv, whose clock can be set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.now = T0
        monkeypatch.setattr(processor, "now_ms", lambda: self.now)
        self.keys = ReportKeys(nothing_new(*PARTS), CityKey(SECRET), True)
        packs = ThisPack({CITY.digest: CITY})
        self.desk = DeskProcessor(NAMES, 0, 1, cast(Packs, packs), SameTime(5 * MINUTE), self.keys)

    @staticmethod
    def records(sent: list[Any]) -> list[ConsumerRecord]:
        """Those of the keys' topic."""
        return [record(send) for send in sent if send.topic == NAMES.report_keys]

    async def tick(self, days: float) -> list[tuple[str, bytes | None]]:
        """So many days later: what is written of keys and endings."""
        self.now = T0 + int(days * DAY_MS)
        value = encode_items([Tick()])
        ticked = ConsumerRecord(NAMES.inbox, 0, self._inbox, self.now, 0, b"", value, None, 0, len(value), ())
        self._inbox += 1
        outcome = await self.desk.decide([ticked])
        self.desk.settle(outcome)
        self.keys.take(self.records(outcome.sends))
        return [((send.key or b"").decode(), send.value) for send in outcome.sends if send.topic == NAMES.report_keys]


async def test_when_their_time_is_over_words_are_gone_by_themselves_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk sets the end when it archives the order, wakes for it, and destroys each key in one transaction."""
    road = Retaining(monkeypatch)
    sent = await road.send(report(TEXT, event={"id": "1"} | WHEN))
    [opened] = {(send.key or b"").decode() for send in sent if send.topic == NAMES.orders}
    by = {"role": "operator", "id": "o"}
    await road.send(update("reject", order_id=opened, by=by, reason="twice", event=WHEN))
    [name] = [(send.key or b"").decode() for send in sent if send.topic == NAMES.report_keys]

    [(key, value)] = await road.tick(31)
    assert (key, road.keys.known([name])) == (ending_key(opened), [name])
    ending = msgspec.json.decode(value or b"", type=Ending)
    assert (ending.at, ending.names, road.desk.due()) == (T0 + 40 * DAY_MS, (name,), T0 + 40 * DAY_MS)

    assert await road.tick(39.9) == []
    (taken, nothing), (gone, why) = await road.tick(40)
    assert (taken, nothing, gone, road.keys.known([name])) == (key, None, name, [])
    assert msgspec.json.decode(why or b"", type=Erasure) == Erasure(road.now, "retention", ending.why)
    assert (await road.tick(41), road.desk.due()) == ([], None)


async def test_what_is_not_committed_has_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk that starts again finds the ending where the one before has left it; words that somebody had erased
    meanwhile stay as it was asked for."""
    road = Retaining(monkeypatch)
    name, key = "n" * 22, ending_key("o-1")
    ending = msgspec.json.encode(Ending(T0 + DAY_MS, (name,), "40 days after the end of the order"))
    of_ending = ConsumerRecord(NAMES.report_keys, 0, 0, T0, 0, key.encode(), ending, None, 0, 0, ())
    road.keys.take([of_ending])

    road.now = T0 + 2 * DAY_MS
    value = encode_items([Tick()])
    ticked = ConsumerRecord(NAMES.inbox, 0, 0, road.now, 0, b"", value, None, 0, len(value), ())
    first, again = await road.desk.decide([ticked]), await road.desk.decide([ticked])
    road.desk.settle(again)
    after = await road.desk.decide([ticked])

    assert [send.key for send in first.sends if send.topic == NAMES.report_keys] == [key.encode()]
    assert first.sends == again.sends
    assert [send for send in after.sends if send.topic == NAMES.report_keys] == []


async def test_words_that_somebody_had_erased_meanwhile_stay_as_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who asked for it, and when, stands in the place of the key for good."""
    road = Retaining(monkeypatch)
    sent = await road.send(report(TEXT, event={"id": "1"} | WHEN))
    [opened] = {(send.key or b"").decode() for send in sent if send.topic == NAMES.orders}
    by = {"role": "operator", "id": "o"}
    await road.send(update("reject", order_id=opened, by=by, reason="twice", event=WHEN))
    [name] = [send.key for send in sent if send.topic == NAMES.report_keys]
    await road.tick(31)
    erasure = msgspec.json.encode(Erasure(T0, "somebody", "asked"))

    async def catch_up() -> None:
        road.keys.take([ConsumerRecord(NAMES.report_keys, 1, 0, T0, 0, name, erasure, None, 0, 0, ())])

    monkeypatch.setattr(road.keys, "catch_up", catch_up)

    assert await road.tick(40) == [(ending_key(opened), None)]


async def test_a_desk_that_takes_over_knows_of_the_ends_that_the_one_before_has_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They stand in the topic of the keys, and become true with its rows."""
    road = Retaining(monkeypatch)
    ending = msgspec.json.encode(Ending(T0 + DAY_MS, ("n" * 22,), "40 days after the end of the order"))
    key = ending_key("o-1").encode()

    async def catch_up() -> None:
        road.keys.take([ConsumerRecord(NAMES.report_keys, 0, 0, T0, 0, key, ending, None, 0, 0, ())])

    monkeypatch.setattr(road.keys, "catch_up", catch_up)
    meta = msgspec.json.encode(Meta(next_offset=7, pack=CITY.digest, booked=0))
    await road.desk.load({NAMES.desk: [(row_keys.META, meta)], NAMES.figures: []})

    assert road.desk.due() == T0 + DAY_MS
