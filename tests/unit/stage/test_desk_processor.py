"""The desk's processor of a partition: what it does when the clocks of this machine and of Kafka differ."""

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from aiokafka import ConsumerRecord
from prometheus_client import REGISTRY

from dispatcher.figures import figure_row
from dispatcher.figures.figure_row import FigureRow
from dispatcher.order import facts
from dispatcher.partition import row_keys
from dispatcher.partition.decision import Decision, Outgoing
from dispatcher.partition.kept_orders import encode_row
from dispatcher.partition.state import Meta
from models.inbox import (
    AtBorder,
    InboxUpdate,
    Item,
    PackChange,
    Tick,
    UnitHeard,
    clock_headers,
    decode_items,
    encode_items,
)
from streams.control.packs import Packs
from streams.desk import processor
from streams.desk.processor import DeskProcessor
from streams.kafka.sending import partition_of
from streams.kafka.topics import Names
from streams.stage.processing import StageError
from streams.stage.same_time import SameTime
from streams.tracing.item_spans import NO_ITEM_SPANS
from tests.support.desk_rows import DESK, opened
from tests.support.desks import DAY, HOUR, MINUTE, T0, detection, guess, quiet_city, report
from tests.unit.outside.test_units import unit, unit_city

CITY = quiet_city()
CARS = ("car-1", "car-2")


class OnePack(SimpleNamespace):
    """The packs of a city that has had one."""

    async def awaited(self, digests: Iterable[str]) -> Any:
        """It is there."""
        return dict.fromkeys(digests, self.own)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> DeskProcessor:
    """A desk whose clock stands at T0, and which lets Kafka's differ by five minutes."""
    monkeypatch.setattr(processor, "now_ms", lambda: T0)
    return DeskProcessor(Names("t"), 0, 1, cast(Packs, OnePack(own=CITY, first=CITY.digest)), SameTime(5 * MINUTE))


def came_in(at: int, replayed: bool = False) -> ConsumerRecord:
    """A record of the inbox that Kafka took in at an instant, or that counts as come in then."""
    value, headers = encode_items([Tick()]), clock_headers(at) if replayed else ()
    return ConsumerRecord("t.inbox", 0, 0, T0 if replayed else at, 0, b"", value, None, 0, len(value), headers)


@pytest.mark.parametrize("at", [T0 + 5 * MINUTE + 1, T0 + 8 * DAY])
async def test_a_record_from_the_future_stops_the_desk_before_anything_is_decided(desk: DeskProcessor, at: int) -> None:
    """It would fire the timers of all that time, for good; both times are told."""
    with pytest.raises(StageError, match=r"2026-.* by Kafka's clock, and here it is 2026-"):
        await desk.decide([came_in(T0), came_in(at)])


async def test_a_record_of_any_age_is_decided(desk: DeskProcessor) -> None:
    """The desk may be far behind; clocks that differ a little differ for everybody."""
    for at in (T0 - 30 * DAY, T0, T0 + 5 * MINUTE):
        assert (await desk.decide([came_in(at)])).decision.clock == at


async def test_replayed_history_has_a_time_of_its_own(desk: DeskProcessor) -> None:
    """Whatever the wall says."""
    assert (await desk.decide([came_in(T0 + 8 * DAY, replayed=True)])).decision.clock == T0 + 8 * DAY


async def test_each_lane_goes_on_by_offsets_of_its_own(desk: DeskProcessor) -> None:
    """By an urgent record's offset the inbox would pass over what waits there, or decide it again."""
    value = encode_items([report("gas", T0)])
    urgent = ConsumerRecord("t.urgent", 0, 40, T0, 0, b"", value, None, 0, len(value), ())

    outcome = await desk.decide([urgent, came_in(T0)])
    desk.settle(outcome)

    meta = msgspec.json.decode(outcome.decision.rows[row_keys.META] or b"", type=Meta)
    assert (meta.next_offset, meta.urgent_offset, desk.urgent_offset) == (1, 41, 41)


async def test_while_a_history_is_replayed_the_wall_s_clock_fires_nothing(desk: DeskProcessor) -> None:
    """By it all that the history has still to tell of would be overdue. What the desk tells itself is of history."""
    value = encode_items([report("1", T0 - 30 * DAY)])
    old = ConsumerRecord("t.inbox", 0, 0, T0, 0, b"", value, None, 0, len(value), clock_headers(T0 - 30 * DAY))

    desk.settle(await desk.decide([old]))
    replayed, headers = desk.due(), desk.tick().headers
    await _settled(desk, 1, T0 - 29 * DAY, [Tick()])

    assert (replayed, headers) == (None, clock_headers(T0 - 30 * DAY))
    assert desk.due() is not None
    assert desk.tick().headers == ()


@pytest.mark.parametrize(("publication", "due", "told"), [(0, 0, PackChange(CITY.digest)), (3, None, Tick())])
async def test_a_folder_of_its_own_counts_until_a_pack_is_published(
    desk: DeskProcessor, publication: int, due: int | None, told: Item
) -> None:
    """From then on no desk puts its folder in force again, which may be an older one."""
    meta = msgspec.json.encode(Meta(next_offset=7, pack="another", publication=publication, booked=0))

    await desk.load({"t.desk": [(row_keys.META, meta)], "t.figures": []})

    assert (desk.due(), decode_items(desk.tick().value or b"")) == (due, (told,))


@pytest.mark.parametrize("at", [T0 - 5 * MINUTE - 1, T0 + 5 * MINUTE + 1])
def test_a_tick_tells_whether_the_clocks_agree(desk: DeskProcessor, at: int) -> None:
    """It was sent just now, so that a clock of Kafka's that is behind shows too."""
    desk.tick()
    desk.ticked(T0 - 5 * MINUTE)
    desk.ticked(T0 + 5 * MINUTE)
    with pytest.raises(StageError, match="by Kafka's clock"):
        desk.ticked(at)


def test_clocks_that_differ_are_told_once_an_hour_before_they_stop_anything(
    desk: DeskProcessor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """For as long as they differed by less than five minutes nothing was said."""
    desk.tick()
    for at in (T0 - 20_000, T0 + 20_000, T0 - 2 * MINUTE, T0 - 2 * MINUTE):
        desk.ticked(at)
    told = len(caplog.records)
    monkeypatch.setattr(processor, "now_ms", lambda: T0 + HOUR)
    desk.tick()
    desk.ticked(T0 + HOUR + 2 * MINUTE)

    assert [record.getMessage()[:14] for record in caplog.records] == ["Kafka's clock "] * 2
    assert told == 1


def test_a_commit_that_takes_long_is_no_clock_that_differs(
    desk: DeskProcessor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What hung for a minute after Kafka had taken it in said so of equal clocks, and stopped the desk beyond five."""
    desk.tick()
    monkeypatch.setattr(processor, "now_ms", lambda: T0 + 6 * MINUTE)

    desk.ticked(T0 + 1_000)

    assert caplog.records == []


def test_with_little_tolerance_clocks_that_hardly_differ_are_not_told_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By some milliseconds they always do."""
    monkeypatch.setattr(processor, "now_ms", lambda: T0)
    packs = cast(Packs, OnePack(own=CITY, first=CITY.digest))
    desk = DeskProcessor(Names("t"), 0, 1, packs, SameTime(5_000))

    desk.tick()
    desk.ticked(T0 - 1_500)

    assert caplog.records == []


def test_what_is_decided_lies_where_its_readers_look_for_it() -> None:
    """What an area's desk writes in one partition, what one department or unit gets in its own topic's only one, and
    what one camera is asked in that of its id, whichever desk asks."""
    packs = cast(Packs, OnePack(own=CITY, first=CITY.digest))
    desk = DeskProcessor(Names("t"), 3, 4, packs, SameTime(HOUR))
    told = ("orders", "notices", "archive", "upward", "outcomes", "assignments/roads", "tasks/car-1", "rechecks")
    records = [Outgoing(topic, "key", b"{}", ()) for topic in told]
    decision = SimpleNamespace(records=records, rows={"row": b"{}"}, figures={"figure": b"{}"}, failures=())

    sends = desk._sends(cast(Decision, decision), NO_ITEM_SPANS)

    own = ("orders", "notices", "archive", "upward", "outcomes", "desk", "figures")
    expected = {f"t.{topic}": 3 for topic in own} | {"t.assignments.roads": 0, "t.tasks.car-1": 0, "t.rechecks": None}
    assert {send.topic: send.partition for send in sends} == expected


async def test_why_people_must_decide_is_counted_once_it_is_committed(desk: DeskProcessor) -> None:
    """A gap of the city's tables shows as a metric; what people and classifiers say is one reason, `other`."""
    before = {reason: _reviewed(reason) for reason in ("unknown-category", "other")}
    sightings = [
        report("1", T0, category="no-such"),
        report("2", T0, text="楼道堆物", guess=guess("pothole", outcome="abstain", reason="probability 0.5")),
    ]
    value = encode_items(sightings)
    record = ConsumerRecord("t.inbox", 0, 0, T0, 0, b"", value, None, 0, len(value), ())

    outcome = await desk.decide([record])
    undone = {reason: _reviewed(reason) for reason in before}
    desk.settle(outcome)

    assert undone == before
    assert {reason: _reviewed(reason) - count for reason, count in before.items()} == dict.fromkeys(before, 1)


async def test_what_comes_of_units_tasks_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given to the nearest, declined by it, given to the next, which accepts it, and lets its time to arrive pass."""
    monkeypatch.setattr(processor, "now_ms", lambda: T0)
    city = unit_city("unit_tries = 2")
    desk = DeskProcessor(Names("t"), 0, 1, cast(Packs, OnePack(own=city, first=city.digest)), SameTime(HOUR))
    before = {outcome: _tasks(outcome) for outcome in ("given", "accepted", "declined", "lapsed")}
    here = (UnitHeard(unit=name, area="south-w", at=T0, state="free", lat=30.05, lon=114.05) for name in CARS)
    await _settled(desk, 0, T0, [*here, detection("d", T0, "illegal-parking", confidence=0.6)])
    order = next(iter(desk._state.orders))

    for n, (name, action) in enumerate(zip(CARS, ("decline-task", "accept-task"), strict=True), 1):
        step = InboxUpdate(
            source="u", id=action, at=T0, action=action, area="south-w", order_id=order, by=unit(name), reason="r"
        )
        await _settled(desk, n, T0, [step])
    await _settled(desk, 3, T0 + 31 * MINUTE, [Tick()])

    came = {outcome: _tasks(outcome) - count for outcome, count in before.items()}
    assert came == {"given": 2, "accepted": 1, "declined": 1, "lapsed": 1}


async def test_of_an_order_at_a_border_the_desk_of_the_other_side_is_told_and_no_desk_tells_itself() -> None:
    """In the partition of that side's area; with one partition all of it is known already."""
    other = partition_of("north-w", 4)
    at_border = report("1", T0, lat=30.0999)

    for partitions, told in ((1, []), (4, [("t.inbox", b"north-w", other)])):
        packs = cast(Packs, OnePack(own=CITY, first=CITY.digest))
        here = partition_of("south-w", partitions)
        desk = DeskProcessor(Names("t"), here, partitions, packs, SameTime(5 * MINUTE))
        value = encode_items([at_border])
        outcome = await desk.decide([ConsumerRecord("t.inbox", here, 0, T0, 0, b"", value, None, 0, len(value), ())])

        sends = [send for send in outcome.sends if send.topic == "t.inbox"]
        assert [(send.topic, send.key, send.partition) for send in sends] == told
        assert all(isinstance(item, AtBorder) for send in sends for item in decode_items(send.value or b""))


async def _settled(desk: DeskProcessor, offset: int, at: int, items: list[Item]) -> Decision:
    value = encode_items(items)
    outcome = await desk.decide([ConsumerRecord("t.inbox", 0, offset, at, 0, b"", value, None, 0, len(value), ())])
    desk.settle(outcome)
    return outcome.decision


def _tasks(outcome: str) -> float:
    return REGISTRY.get_sample_value("paidan_unit_tasks_total", {"outcome": outcome}) or 0.0


def _reviewed(reason: str) -> float:
    return REGISTRY.get_sample_value("paidan_sent_to_review_total", {"reason": reason}) or 0.0


@pytest.mark.parametrize(("seq", "kept"), [(3, True), (4, False)])
async def test_a_state_that_lacks_the_newest_fact_is_not_gone_on_from(seq: int, kept: bool) -> None:
    """Its newest rows are lost, or it is an older copy: what was decided since would be decided a second time."""
    order = opened(1)
    head: Any = {"order_id": order.id, "state": order.state, "at": T0, "recorded_at": T0, "actor": DESK}

    async def newest(_: int) -> facts.Fact:
        return facts.Accepted(seq=seq, late=False, **head)

    packs = cast(Packs, OnePack(own=CITY, first=CITY.digest))
    desk = DeskProcessor(Names("t"), 0, 1, packs, SameTime(HOUR), newest_fact=newest)
    meta = msgspec.json.encode(Meta(next_offset=7, pack=CITY.digest))
    rows = [(order.id, encode_row(order)), (row_keys.META, meta)]
    figures = [("area/-/20260301/0", figure_row.encode(FigureRow(1, {"opened": 1})))]

    loading = desk.load({"t.desk": rows, "t.figures": figures})

    if kept:
        assert await loading == 7
        return
    with pytest.raises(StageError, match=f"t.desk/0 lacks fact 4 of {order.id}, which is in t.orders"):
        await loading


@pytest.mark.parametrize(
    ("desk_at", "figures_at", "said"),
    [
        (3, 3, ""),
        (3, 2, "t.figures/0 lacks the newest figures of what is in t.desk/0"),
        (3, 0, "t.figures/0 holds no figure of what is in t.desk/0"),
        (2, 3, "t.desk/0 is older than t.figures/0"),
    ],
)
async def test_rows_and_figures_of_two_moments_are_not_gone_on_from(desk_at: int, figures_at: int, said: str) -> None:
    """One of the two has lost its newest records, which led to no fact, or is an older copy."""
    rows, figures = await _after_each(detections=3)

    loading = _new_desk().load({"t.desk": [*rows[desk_at].items()], "t.figures": [*figures[figures_at].items()]})

    if not said:
        assert await loading == desk_at
        return
    with pytest.raises(StageError, match=said):
        await loading


@pytest.mark.parametrize(
    ("booked", "said"),
    [(2, "t.figures/0 lacks the newest figures"), (1, ""), (0, "t.desk/0 is older"), (None, ""), (9, "t.figures/0")],
)
async def test_not_one_figure_is_lost_or_counted_twice(booked: int | None, said: str) -> None:
    """Also where it is the only one between the two; a row of a version that did not count them says nothing."""
    meta = msgspec.to_builtins(Meta(next_offset=7, pack=CITY.digest)) | ({} if booked is None else {"booked": booked})
    figures = [("area/-/20260301/0", figure_row.encode(FigureRow(1, {"opened": 1})))]

    loading = _new_desk().load({"t.desk": [(row_keys.META, msgspec.json.encode(meta))], "t.figures": figures})

    if not said:
        assert await loading == 7
        return
    with pytest.raises(StageError, match=said):
        await loading


async def test_rows_that_say_nothing_of_where_to_go_on_are_no_state() -> None:
    """A repair has written them beside a state that is gone: from its beginning the inbox would be decided again."""
    order, desk = opened(1), _new_desk()

    goes_on = await desk.load({"t.desk": [(order.id, encode_row(order))], "t.figures": []})

    assert goes_on is None
    assert len(desk._state.orders) == 0


async def test_orders_without_any_figure_are_not_gone_on_from() -> None:
    """Nor where a version has written them that did not count figures: each order was counted as opened."""
    order = opened(1)
    rows = [(order.id, encode_row(order)), (row_keys.META, msgspec.json.encode(Meta(next_offset=7, pack=CITY.digest)))]

    with pytest.raises(StageError, match=r"t\.figures/0 holds no figure of what is in t\.desk/0"):
        await _new_desk().load({"t.desk": rows, "t.figures": []})


async def test_rows_of_before_figures_were_counted_are_gone_on_from() -> None:
    """An older version has written them: what its figures are is counted from then on."""
    desk, (rows, figures) = _new_desk(), await _after_each(detections=3)
    meta = msgspec.json.decode(rows[2][row_keys.META])
    del meta["booked"]
    old = rows[2] | {row_keys.META: msgspec.json.encode(meta)}

    await desk.load({"t.desk": [*old.items()], "t.figures": [*figures[2].items()]})
    decision = await _settled(desk, 2, T0 + 2, [detection("2", T0)])

    assert decision.rows[row_keys.META] == rows[3][row_keys.META]


async def _after_each(detections: int) -> tuple[list[dict[str, bytes]], list[dict[str, bytes]]]:
    """The rows of a desk, and its figures, before and after each of so many detections of one thing."""
    desk = _new_desk()
    rows, figures = [dict[str, bytes]()], [dict[str, bytes]()]
    for number in range(detections):
        decision = await _settled(desk, number, T0 + number, [detection(str(number), T0)])
        for kept, changed in ((rows, decision.rows), (figures, decision.figures)):
            kept.append(kept[-1] | {key: row for key, row in changed.items() if row is not None})
    return rows, figures


def _new_desk() -> DeskProcessor:
    return DeskProcessor(Names("t"), 0, 1, cast(Packs, OnePack(own=CITY, first=CITY.digest)), SameTime(HOUR))


async def test_a_load_that_is_cancelled_shares_nothing_with_the_next_one(desk: DeskProcessor) -> None:
    """Its thread goes on unpacking rows when the partitions are shared out anew, and no two threads may do that with
    the same: of 60,000 rows that two unpacked at once some thirty were damaged."""
    orders = {order.id: encode_row(order) for order in map(opened, range(1, 300))}

    def read() -> dict[str, list[tuple[str, bytes]]]:
        rows = {row_keys.META: msgspec.json.encode(Meta(pack=desk._packs.first)), **orders}
        figures = [("area/-/20260301/0", figure_row.encode(FigureRow(1, {"opened": len(orders)})))]
        return {"t.desk": [(key, desk.held(key, row)) for key, row in rows.items()], "t.figures": figures}

    cancelled = asyncio.create_task(desk.load(read()))
    await asyncio.sleep(0)
    cancelled.cancel()
    again = read()
    _, first, *_, last = again["t.desk"]
    await desk.load(again)

    assert first[1] == orders[first[0]]  # the first ones wait as they are, what others are packed by begins anew
    assert last[1] != orders[last[0]]
    assert {key: encode_row(desk._state.orders[key]) for key in orders} == orders
