"""The parts of a tables worker that need no Kafka: versions, guards, and the views of figures and orders."""

import asyncio
import random
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.figures.figure_row import FigureRow, encode, merge_rows
from dispatcher.figures.indicators import Window, contributes, total
from dispatcher.figures.sketch import Sketch
from dispatcher.order.row import OPEN, Entry, Order, Tally
from models.city import City
from models.errors import UsageError
from models.guess import Guess
from models.times import DAY_MS, day_number, local_day, numbered_day
from streams.kafka.topics import Names
from streams.settings import load_settings
from streams.tables import role, stored_row, worker
from streams.tables.build import Build
from streams.tables.figure_view import FigureView
from streams.tables.marks import MARKS, marks_of
from streams.tables.orders.order_view import OrderView
from streams.tables.orders.wanted import Counted, Wanted
from streams.tables.protocol import Place, brief, from_cursor, sureness, to_cursor
from streams.tables.stall_guard import IDLE, STALLED, ProgressWatch, StallGuard
from streams.tables.stored_row import ARCHIVED, Kept
from streams.tables.views import PartitionView, Views
from tests.support.desk_rows import AREAS, DEPARTMENTS, DESK, START, ZONE, closed, opened, random_life
from tests.support.messages import raw

HOUR = 3_600_000


def _kept(version: int, offset: int = 0, row: bytes = b"{}") -> Kept:
    return Kept(0, offset, version, msgspec.Raw(row))


@given(st.permutations([1, 2, 3, 4, 5]), st.booleans())
def test_in_whatever_order_rows_come_the_last_one_of_the_topic_stays(order: list[int], archived: bool) -> None:
    """The table's row is a function of the set of rows that came; an order's row in the archive is its last."""
    held: bytes | None = None
    for version in order:
        offset = ARCHIVED if archived and version == 5 else version * 10
        held = stored_row.encode(stored_row.later(held, _kept(version, offset)))
    assert held is not None
    assert stored_row.decode(held).version == 5


def test_a_wrong_version_in_the_topic_stays_only_until_the_next_record() -> None:
    """What the desk writes after it is the truth, for the desk and for the tables alike; so is a topic that was copied,
    whose offsets are others."""
    assert stored_row.later(stored_row.encode(_kept(1000, offset=7)), _kept(4, offset=8)).version == 4
    assert stored_row.later(stored_row.encode(_kept(4, offset=700)), _kept(5, offset=8)).version == 5


def test_a_row_with_the_same_version_is_taken_from_the_topic() -> None:
    """A record that is read again mends what the table had wrong under its version."""
    damaged = _kept(3, offset=7, row=b'{"damaged":1}')
    assert stored_row.later(stored_row.encode(damaged), _kept(3, offset=7)).row == msgspec.Raw(b"{}")


def test_rows_that_are_none_are_refused() -> None:
    """What has no version is no row."""
    with pytest.raises(msgspec.ValidationError):
        stored_row.order_version("gulou-20260301-aaaaaaaaaa", b'{"id": "x"}')
    with pytest.raises(ValueError, match=r"not enough values|invalid"):
        stored_row.figure_version("nonsense", b"{}")


@pytest.mark.parametrize("what", ["hold.wait()", "threading.Thread(target=hold.wait).start()"])
def test_who_is_asked_to_stop_leaves_in_time_though_the_loop_or_a_thread_hangs(what: str) -> None:
    """Neither a loop that stands still nor a thread that the interpreter waits for holds it up; it is no failure."""
    program = (
        f"import threading; from streams.tables import stall_guard; hold = threading.Event(); "
        f"stall_guard.leave_after(0.1, 'too late'); {what}"
    )

    ended = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, timeout=30, check=False)

    assert (ended.returncode, b"too late" in ended.stderr) == (0, True)


def test_a_stalled_loop_leaves_before_it_writes() -> None:
    """A check after too long a pause leaves; so does the first beat when it comes before the check."""
    now, left = 0.0, list[str]()
    guard = StallGuard(12.0, clock=lambda: now, leave=lambda cause, sentence: left.append(cause))
    now = 12.0
    guard.check()
    guard.beat()
    assert left == []
    now = 24.5
    guard.check()
    assert left == [STALLED]
    guard.beat()
    assert left == [STALLED, STALLED]


def test_a_worker_leaves_when_work_waits_for_long_and_none_is_done() -> None:
    """Not while something is done, nor while nothing waits, however long either takes."""
    left: list[tuple[str, str]] = []
    times = iter((0.0, 50.0, 110.0, 115.0, 170.0, 500.0, 560.0, 561.0))
    watch = ProgressWatch(60.0, lambda: next(times), lambda cause, sentence: left.append((cause, sentence)))
    for done, waiting in (
        (1, "a row"),
        (1, "a row"),
        (2, "a row"),
        (2, ""),
        (2, ""),
        (2, "a row"),
    ):
        watch.look(done, waiting)
        assert left == []
    watch.look(2, "a row")
    assert left == [(IDLE, "a row waited for 61 s, and nothing was done")]


async def test_while_no_broker_answers_a_worker_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that has lost its group meanwhile: it goes on answering with what it has, instead of ending itself and
    finding no broker when it is started anew."""
    monkeypatch.setattr(worker, "_LOOK_SECONDS", 0.0)
    looked: asyncio.Queue[str] = asyncio.Queue()

    async def unfinished() -> dict[str, int]:
        raise KafkaConnectionError("no broker")

    tables: Any = object.__new__(worker.Tables)
    tables._taken, tables.views, tables._answer_seconds = 0, Views(ZONE), 180.0
    tables._names = Names("t")
    tables._progress = SimpleNamespace(look=lambda done, waiting: looked.put_nowait(waiting))
    tables.app = SimpleNamespace(
        rebalancing=True,
        consumer_generation_id=1,
        consumer=SimpleNamespace(unfinished=unfinished),
        assignor=SimpleNamespace(assigned_actives=set),
        tables=SimpleNamespace(recovery=SimpleNamespace(active_offsets={})),
    )
    watching = asyncio.create_task(tables.watch())

    assert await asyncio.wait_for(looked.get(), 10) == ""

    watching.cancel()


rows = st.builds(
    FigureRow,
    version=st.just(1),
    counters=st.dictionaries(st.sampled_from(["open", "closed", "overdue_open"]), st.integers(1, 9)),
    sketches=st.dictionaries(
        st.just("resolution_ms"), st.builds(lambda ms: Sketch().add({ms: 1}), st.integers(0, 10**9))
    ),
)
days = st.dates(date(2025, 11, 1), date(2028, 3, 1)).map(lambda day: int(f"{day:%Y%m%d}"))


@given(st.dictionaries(days, rows, max_size=40), st.tuples(days, days), st.booleans())
def test_a_window_s_sum_is_that_of_its_days(book: dict[int, FigureRow], ends: tuple[int, int], whole: bool) -> None:
    """Blocks or days, encoded or not: the view says what `indicators.total` says, before and after a row changes."""
    window = Window(last=max(ends), first=None if whole else min(ends))
    view = FigureView()
    for day, row in book.items():
        view.put(f"department/roads/{day}/0", encode(row) if day % 2 else row, 0)
    assert _sums(view, window) == _of(total(book.items(), window))
    for day in list(book)[:3]:
        book[day] = book[day].add({"closed": 5, ("resolution_ms", 777): 1})
        view.put(f"department/roads/{day}/0", book[day], 1)
    assert _sums(view, window) == _of(total(book.items(), window))


@given(st.dictionaries(st.tuples(st.sampled_from(AREAS[:3]), days), rows, max_size=40), days, st.integers(0, 9))
def test_a_trend_says_for_each_day_what_its_window_says(
    book: dict[tuple[str, int], FigureRow], last: int, before: int
) -> None:
    """The flows of a day and the stocks at its end, over all areas, also for a day on which nothing happened."""
    first = numbered_day(last) - timedelta(days=before)
    view = FigureView()
    for (area, day), row in book.items():
        view.put(f"area/{area}/{day}/0", encode(row), 0)

    found = view.days("area", Window(last=last, first=int(f"{first:%Y%m%d}")))

    assert len(found) == before + 1
    for day, row in found.items():
        sums = [total([(d, r) for (a, d), r in book.items() if a == area], Window(day, day)) for area in AREAS[:3]]
        assert _of(row) == _of(merge_rows(sums))


def _sums(view: FigureView, window: Window) -> tuple[object, object]:
    return _of(view.totals("department", window).get("roads", FigureRow()))


def _of(row: FigureRow) -> tuple[object, object]:
    return row.counters, row.sketches


@pytest.mark.parametrize("row", [b"", b"{", b'{"counters": {"open": "many"}}', b"[]"])
def test_what_is_no_figure_row_is_not_taken(row: bytes) -> None:
    """It would be found out only when somebody asks for that day."""
    with pytest.raises(msgspec.MsgspecError):
        FigureView().put("area/gulou/20260301/0", row, 9)


def test_what_a_day_leaves_open_counts_until_a_later_row_of_it_takes_that_back() -> None:
    """A row that counts no stock any more has none."""
    view, after = FigureView(), Window(last=20260401, first=20260331)
    view.put("area/gulou/20260301/0", FigureRow(1, {"open": 2, "closed": 1}), 1)
    assert view.totals("area", after)["gulou"].counters == {"open": 2}

    view.put("area/gulou/20260301/0", FigureRow(2, {"closed": 3}), 2)

    assert view.totals("area", after) == {}


def test_a_figure_row_replaces_the_one_before() -> None:
    """Which of two is the truth, the table has decided; the offset tells how far was read."""
    view = FigureView()
    view.put("area/gulou/20260301/0", FigureRow(5, {"open": 5}), 9)
    view.put("area/gulou/20260301/0", FigureRow(6, {"open": 4}), 3)
    assert view.totals("area", Window(last=20260302))["gulou"].counters == {"open": 4}
    assert view.offset == 10


def _view(orders: list[Order]) -> tuple[OrderView, dict[str, Order]]:
    view, table = OrderView(ZONE), dict[str, Order]()
    for offset, order in enumerate(orders):
        view.put(order, offset)
        table[order.id] = order
    return view, table


async def _pages(view: OrderView, table: dict[str, Order], wanted: Wanted, size: int) -> list[str]:
    found: list[str] = []
    after = None
    while page := await view.page(wanted, after, size, table.get):
        found += [order.id for order in page]
        after = brief(page[-1]).place(wanted.sort)
    return found


async def test_pages_together_are_the_whole_list(seed: int) -> None:
    """Each wanted order once, newest first, whatever the size of a page."""
    orders = list(random_life(random.Random(seed), 1500))
    orders.append(msgspec.structs.replace(orders[0], seq=orders[0].seq + 9, quarantined="warn/accept: KeyError"))
    view, table = _view(orders)
    assert any(order.quarantined for order in table.values())
    for wanted, test in (
        (Wanted(), lambda o: True),
        (Wanted(departments=("roads",), states=("open",)), lambda o: o.department == "roads" and o.state == "assigned"),
        (Wanted(areas=AREAS[:2], states=("closed",)), lambda o: o.area in AREAS[:2] and o.state == "closed"),
        (Wanted(overdue=True), lambda o: False),
        (Wanted(quarantined=True), lambda o: o.quarantined != ""),
    ):
        expected = sorted((o for o in table.values() if test(o)), key=lambda o: (-o.opened_at, o.id))
        assert await _pages(view, table, wanted, 7) == [o.id for o in expected]


async def test_the_most_urgent_come_first_where_that_is_asked_for(seed: int) -> None:
    """Open orders alone, by priority, within one what is due first, of those the oldest; what has no limit stands
    behind; a changed priority or limit moves the order."""
    rng = random.Random(seed)
    lives = random_life(rng, 300)
    dues = (None, START + DAY_MS, START + 2 * DAY_MS)
    orders = [msgspec.structs.replace(o, priority=rng.randrange(1, 6), due=rng.choice(dues)) for o in lives]
    view, table = _view(orders)
    for order in [order for order in table.values() if order.state in OPEN][:5]:
        table[order.id] = msgspec.structs.replace(order, priority=1, due=START)
        view.put(table[order.id], 0)

    found = await _pages(view, table, Wanted(sort="urgent"), 7)

    still_open = [order for order in table.values() if order.state in OPEN]
    assert len({order.priority for order in still_open}) > 1
    assert {order.due for order in still_open} == {START, *dues}
    assert found == [o.id for o in sorted(still_open, key=_urgency)]


def _urgency(order: Order) -> tuple[int, bool, int, int, str]:
    return (order.priority, order.due is None, order.due or 0, order.opened_at, order.id)


async def test_of_those_in_review_the_surest_guesses_come_first(seed: int) -> None:
    """Within a priority; one that is judged unseen stands behind, as nobody may see its guess."""
    rng = random.Random(seed)
    orders = []
    for order in random_life(rng, 100):
        guess = Guess(category="pothole", probability=rng.random(), model="m", threshold=0.9)
        state = rng.choice(("review", order.state))
        orders.append(
            msgspec.structs.replace(
                order, state=state, guess=guess, blind=rng.random() < 0.2, priority=rng.randrange(1, 4)
            )
        )
    view, table = _view(orders)

    found = await _pages(view, table, Wanted(sort="surest"), 7)

    doubtful = [order for order in table.values() if order.state == "review"]
    assert found == [o.id for o in sorted(doubtful, key=lambda o: (o.priority, -sureness(o), -o.opened_at, o.id))]
    assert {sureness(order) for order in doubtful if order.blind} == {0}


async def test_as_many_are_counted_as_are_listed(seed: int) -> None:
    """Whatever is asked for, and however the list is sorted."""
    rng = random.Random(seed)
    lives = random_life(rng, 600)
    view, table = _view(
        [
            msgspec.structs.replace(
                order, priority=rng.randrange(1, 6), overdue_at=rng.choice((None, 5)), quarantined=rng.choice(("", "x"))
            )
            for order in lives
        ]
    )

    for wanted in (
        Wanted(),
        Wanted(mark="urgent"),
        Wanted(departments=("roads",), sort="urgent"),
        Wanted(overdue=True),
        Wanted(overdue=False),
        Wanted(quarantined=False),
        Wanted(overdue=True, mark="urgent"),
        Wanted(overdue=True, quarantined=True),
    ):
        assert await view.count(wanted) == len(await _pages(view, table, wanted, 50))


MARKED: dict[str, dict[str, object]] = {
    "urgent": {"priority": 2},
    "unanswered": {"reporters": ("r",), "first_response_at": None},
    "reminded": {"reminded_on": (20260301,)},
    "extension-request": {"extension_asked": True},
    "suspension-request": {"suspension_asked_until": 5},
    "call-back": {"state": "closed", "call_back": True},
    "appeal": {"state": "closed", "appeal": "asked"},
    "candidates": {"candidates": ("south-w-20260301-bbbbbbbbbb",)},
    "unroutable": {
        "state": "review",
        "timeline": (Entry(seq=2, fact="sent-to-review", at=1, state="review", actor=DESK, note="nobody-responsible"),),
    },
}


@pytest.mark.parametrize("mark", MARKS)
async def test_a_list_can_be_asked_for_what_is_marked(mark: str) -> None:
    """Each mark is on what it means and on nothing else, and goes when the order no longer has it."""
    plain, other = opened(1), opened(2)
    order = msgspec.structs.replace(plain, **MARKED[mark])
    view, table = _view([order, other])

    assert marks_of(order) == (mark,)
    assert marks_of(plain) == ()
    assert await _pages(view, table, Wanted(mark=mark), 5) == [order.id]

    view.put(plain, 3)
    assert await view.count(Wanted(mark=mark)) == 0


async def test_a_list_can_be_of_several_categories() -> None:
    """Page and count alike, with an order of any of them and with none of the others."""
    kinds = ("pothole", "street-light", "manhole")
    orders = [msgspec.structs.replace(opened(n, AREAS[0], START + n), category=kind) for n, kind in enumerate(kinds)]
    view, table = _view(orders)
    wanted = Wanted(categories=("manhole", "pothole"))

    assert await _pages(view, table, wanted, 5) == [orders[2].id, orders[0].id]
    assert await view.count(wanted) == 2
    assert await view.count(Wanted(categories=("tree",))) == 0


async def test_a_list_can_be_asked_for_the_checks_of_an_inspector() -> None:
    """Those that were given to nobody, or to another one, are not among them."""
    own, others = (msgspec.structs.replace(opened(n), inspector=who) for n, who in ((1, "ina"), (2, "ivan")))
    view, table = _view([own, others, opened(3)])

    assert await _pages(view, table, Wanted(inspector="ina"), 5) == [own.id]


@pytest.mark.parametrize(
    "place",
    [
        (0, -1_772_352_000_000, "south-w-20260301-aaaaaaaaaa"),
        (3, -5, "a:b"),
        (30_415, -5, "south-w-20260301-aaaaaaaaaa"),
    ],
)
def test_a_cursor_is_the_place_it_was_made_of(place: Place) -> None:
    """An id may hold the sign that parts the fields."""
    assert from_cursor(to_cursor(place)) == place


@pytest.mark.slow
async def test_a_figure_opens_into_just_the_orders_that_it_counts(seed: int) -> None:
    """For each indicator, department and window: the listed orders are those whose bookings contribute."""
    rng = random.Random(seed)
    view, table = _view(random_life(rng, 200))
    for _ in range(20):
        first = date(2026, 3, 1) + timedelta(days=rng.randrange(30))
        last = first + timedelta(days=rng.randrange(10))
        window = Window(int(f"{last:%Y%m%d}"), int(f"{first:%Y%m%d}"))
        indicator, department = (
            rng.choice(["closed", "open", "opened", "closure_rate", "response_seconds"]),
            rng.choice(DEPARTMENTS),
        )
        counted = Counted(indicator, "department", department, window)
        found = await _pages(view, table, Wanted(counted=counted), 50)
        expected = {o.id for o in table.values() if contributes(o, indicator, "department", department, window, ZONE)}
        assert set(found) == expected
        assert len(found) == len(expected)


@pytest.mark.parametrize("stock", ["open", "overdue_open"])
async def test_what_stands_now_opens_with_the_most_urgent_first(seed: int, stock: str) -> None:
    """The same orders as newest first, by priority, and within one what is due first."""
    rng = random.Random(seed)
    lives = random_life(rng, 200)
    orders = [msgspec.structs.replace(order, priority=rng.randrange(1, 6)) for order in lives]
    late = [rng.random() < 0.5 and order.state in OPEN for order in orders]
    view, table = _view(
        [
            msgspec.structs.replace(o, overdue_at=o.opened_at if is_late else None)
            for o, is_late in zip(orders, late, strict=True)
        ]
    )
    last = max(local_day(order.recorded_at, ZONE) for order in table.values())
    counted = Counted(stock, "city", "", Window(day_number(last)))

    newest = await _pages(view, table, Wanted(counted=counted), 50)
    urgent = await _pages(view, table, Wanted(counted=counted, sort="urgent"), 50)

    assert newest
    assert urgent == sorted(newest, key=lambda each: _urgency(table[each]))


async def test_an_order_is_found_by_its_report() -> None:
    """Also after it changed; another's report finds nothing."""
    order = opened(1)
    view, table = _view([order, closed(order, START + HOUR)])
    assert [o.seq for o in await view.page(Wanted(report=order.report_keys[0]), None, 1, table.get)] == [7]
    assert await view.page(Wanted(report="0" * 16), None, 1, table.get) == []


async def test_a_report_that_was_moved_is_found_at_the_order_that_has_it_now() -> None:
    """Whichever of the two rows comes first, and though the one that it has left comes once more."""
    before, other = opened(1), opened(2)
    left = msgspec.structs.replace(before, report_keys=(), seq=before.seq + 1)
    has = msgspec.structs.replace(other, report_keys=(*other.report_keys, *before.report_keys), seq=other.seq + 1)
    for rows in ([before, other, left, has], [before, other, has, left, left]):
        view, _ = _view([])
        for offset, row in enumerate(rows):
            view.put(row, offset)
        now = {left.id: left, has.id: has}
        found = await view.page(Wanted(report=before.report_keys[0]), None, 2, now.get)
        assert [order.id for order in found] == [has.id]


async def test_views_hold_only_what_the_worker_owns() -> None:
    """Rows of a partition that was taken away are passed over, and its view is gone."""
    orders = [(order.id.encode(), _row(order, part)) for part, order in enumerate([opened(1), opened(2, "shiqiao")])]
    figures = [
        (b"area/gulou/20260301/0", stored_row.encode(Kept(0, 4, 1, msgspec.Raw(encode(FigureRow(1, {"open": 1}))))))
    ]
    views = Views(ZONE)
    await views.make(frozenset({0, 1}), orders, figures)
    assert {number: len(view.orders) for number, view in views.ready.items()} == {0: 1, 1: 1}
    await views.make(frozenset({1}), [], [])
    assert {number: len(view.orders) for number, view in views.ready.items()} == {1: 1}
    await views.make(frozenset({0, 1}), orders, figures)
    assert views.ready[0].figures.offset == 5
    views.keep_only(frozenset({0}))
    assert views.ready.keys() == {0}


async def test_a_partition_that_goes_while_its_view_is_made_is_not_answered_for() -> None:
    """Faust does not end what it has begun with its tables when a rebalance comes: the view would be there when the
    partition comes back, without what was written in between."""
    orders = [(order.id.encode(), _row(order, n % 2)) for n, order in enumerate(map(opened, range(1, 500)))]
    views = Views(ZONE)
    making = asyncio.create_task(views.make(frozenset({0, 1}), orders, []))
    while not views.rows_read:
        await asyncio.sleep(0)

    views.keep_only(frozenset({1}))
    await making

    assert views.ready.keys() == {1}


def _row(order: Order, partition: int) -> bytes:
    return stored_row.encode(Kept(partition, 3, order.seq, msgspec.Raw(msgspec.json.encode(order))))


async def test_a_long_search_lets_the_loop_turn() -> None:
    """Others get their turn while thousands of orders are searched."""
    view, table = _view([opened(number, at=START + number) for number in range(3000)])
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await view.page(Wanted(alarm="false"), None, 10, table.get)
    counting.cancel()
    assert turns >= 5


@pytest.mark.parametrize("token", ["", "a", "fifteen-letters"])
async def test_beyond_this_machine_a_worker_wants_a_token_that_nobody_guesses(token: str) -> None:
    """It refuses to start, and says which setting to change."""
    settings = load_settings(
        kafka="127.0.0.1:1", tables_host="0.0.0.0", tables_token=token, personal_key="for these tests only"
    )

    with pytest.raises(UsageError, match="PAIDAN_TABLES_TOKEN needs 16 characters"):
        await role.serve(settings, asyncio.Event())


async def test_a_reporter_s_newest_orders_are_found_by_their_hash() -> None:
    """Of one partition at most five, the newest first, however often rows come; none of which they are no more."""
    view = OrderView(ZONE)
    rows = {row.id: row for row in (opened(n, at=START + n * HOUR, reporters=("ab", f"c{n}")) for n in range(1, 8))}
    for offset, row in enumerate([*rows.values(), *reversed(rows.values())]):
        view.put(row, offset)
    newest = [row.id for row in rows.values()][:1:-1]

    async def found(reporter: str, limit: int = 50) -> list[str]:
        return [order.id for order in await view.page(Wanted(reporter=reporter), None, limit, rows.get)]

    assert await found("ab") == newest
    assert await found("ab", 2) == newest[:2]
    assert await found("c1") == [next(iter(rows))]
    assert await found("nobody") == []
    moved = msgspec.structs.replace(rows[newest[0]], seq=4, reporters=("c7",))
    rows[moved.id] = moved
    view.put(moved, 99)
    assert await found("ab") == newest[1:]


async def test_what_is_no_number_of_a_build_changes_none(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody else has written it, or has taken it away; all workers would end, and end again when started anew."""
    topic = TopicPartition("t.control", 0)
    values = (b"2", None, b"next", b"3", b"", b"9" * 5_000)
    records = [replace(raw(value, (), offset=offset), key=b"tables/build") for offset, value in enumerate(values)]

    class Control(SimpleNamespace):
        async def getmany(self, timeout_ms: int) -> Any:
            return {topic: records}

    build = Build(cast(AIOKafkaConsumer, Control()), topic)
    await build.replaced()

    assert build.number == 1
    said = [record.getMessage() for record in caplog.records if record.name == Build.__module__]
    assert [text.rpartition(" ")[2] for text in said] == ["1", "2", "4", "5"]


@pytest.mark.parametrize(
    ("error", "cause", "said"),
    [
        (
            Exception("IO error: No space left on device: While appending to file: orders-1.db/000004.log"),
            "disk",
            "the files in /data could not be written or read: IO error: No space left",
        ),
        (OSError(28, "No space left on device"), "disk", "the files in /data could not be written or read: [Errno 28]"),
        (
            Exception("Corruption: block checksum mismatch: orders-1.db/000009.sst"),
            "damaged",
            "the files in /data are damaged: remove that folder, and the worker makes it anew from Kafka: Corruption",
        ),
    ],
)
def test_a_bad_disk_or_file_is_not_taken_for_a_row_that_cannot_be_read(error: Exception, cause: str, said: str) -> None:
    """Of a row that is wrong somebody must look into the topic; with room on the disk a worker goes on by itself, and
    without the damaged files, too."""
    fault = worker.file_fault(error, "/data")

    assert fault is not None
    assert (fault[0], fault[1][: len(said)]) == (cause, said)


@pytest.mark.parametrize("error", [ValueError("paidan.figures holds a tombstone"), ConnectionResetError(104, "reset")])
def test_what_is_no_fault_of_files_is_none(error: Exception) -> None:
    """Nobody removes a folder for it."""
    assert worker.file_fault(error, "/data") is None


@pytest.mark.parametrize("session_ms", [3_000, 45_000, 120_000])
def test_what_waits_is_asked_for_as_long_as_a_request_may_take(tmp_path: Path, session_ms: int) -> None:
    """With a session of two minutes, which makes requests of four, a worker whose broker was away ended as idle."""
    settings = load_settings(kafka="127.0.0.1:1", data=tmp_path, session_timeout_ms=session_ms, tables_store="memory")

    tables = worker.Tables(settings, cast(City, SimpleNamespace(zone=ZONE)), str(tmp_path))

    assert tables._answer_seconds == 2 * tables.app.conf.broker_request_timeout


class Rows(dict[bytes, bytes]):
    """A table of Faust's, as far as rows are put into it."""

    name = "rows"


@pytest.fixture
def tables(tmp_path: Path) -> worker.Tables:
    """A worker that answers for partitions 0 and 1, with tables in memory."""
    settings = load_settings(kafka="127.0.0.1:1", data=tmp_path, tables_store="memory", namespace="t")
    made = worker.Tables(settings, cast(City, SimpleNamespace(zone=ZONE)), str(tmp_path))
    made._orders, made._figures = Rows(), Rows()
    made.views.ready = {number: PartitionView(ZONE) for number in (0, 1)}
    return made


def test_an_order_stays_as_it_went_into_the_archive_whatever_is_read_again(tables: worker.Tables) -> None:
    """Offsets of two topics say nothing of one another: what is closed for good would be shown as open again."""
    before = opened(1)
    after = msgspec.structs.replace(closed(before, START + HOUR), archived_at=START + 2 * HOUR)
    row, last = msgspec.json.encode(before), msgspec.json.encode(after)
    tally = f"tally/{before.id}"

    tables._take_order("t.desk", before.id, row, 0, 70)
    tables._take_order("t.desk", tally, msgspec.json.encode(Tally(sightings=2, last_seen=START)), 0, 71)
    shown, seen = tables.order(before.id), tables.tally(before.id)
    tables._take_order("t.archive", after.id, last, 0, 3)
    tables._take_order("t.desk", before.id, None, 0, 72)
    tables._take_order("t.desk", tally, None, 0, 73)
    tables._take_order("t.desk", before.id, row, 0, 70)  # after a rebalance

    assert (shown, seen) == (before, Tally(sightings=2, last_seen=START))
    assert (tables.order(before.id), tables.tally(before.id)) == (after, None)
    assert (tables.views.ready[0].orders.seq(after.id), tables.views.ready[0].orders.offset) == (after.seq, 72)


def test_a_figure_is_the_newest_row_also_where_an_older_one_is_read_again(tables: worker.Tables) -> None:
    """In the table and in what is answered from it; the partition of another worker is only kept."""
    window, rows = Window(last=20260301), [encode(FigureRow(version, {"opened": version})) for version in (1, 2)]

    for offset, row in ((8, rows[0]), (9, rows[1]), (8, rows[0])):
        for partition in (1, 2):
            tables._take_figures("t.figures", f"area/gulou/20260301/{partition}", row, partition, offset)

    shown = tables.views.ready[1].figures
    assert (shown.totals("area", window)["gulou"].counters, shown.offset) == ({"opened": 2}, 10)
    assert {bytes(stored_row.decode(value).row) for value in tables._figures.values()} == {rows[1]}
    assert tables.views.ready.keys() == {0, 1}
    with pytest.raises(ValueError, match="holds a tombstone"):
        tables._take_figures("t.figures", "area/gulou/20260301/1", None, 1, 11)


def test_a_camera_is_silent_until_it_is_heard_of_in_the_partition_that_said_so(tables: worker.Tables) -> None:
    """One that has moved to another area has a row in each."""
    for partition in (0, 1):
        tables._take_order("t.desk", "camera/c/1", b"0", partition, 5)
    tables._take_order("t.desk", "camera/c/1", b"%d" % START, 1, 6)
    tables._take_order("t.desk", "camera/new", b"%d" % START, 1, 7)

    assert [view.standing.silent for view in tables.views.ready.values()] == [{"c/1"}, set()]
    assert [*tables._orders] == [b"camera/c/1/0"]
