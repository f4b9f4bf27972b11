"""Laws of the figures: what is taken back is gone, merging has no order, every dimension holds the same whole."""

import tracemalloc
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.figures import kept_figures
from dispatcher.figures.booking import (
    Bookings,
    Counts,
    bookings,
    collect,
    counts,
    difference,
    direct,
    direct_rows,
    spread,
)
from dispatcher.figures.figure_row import FigureRow, decode, encode, merge_rows, times_booked
from dispatcher.figures.kept_figures import Figures
from dispatcher.figures.sketch import Sketch, bucket, merge, middle
from dispatcher.order.row import Order
from tests.support.steps.lives import Life

ZONE = ZoneInfo("America/New_York")
_DAY = 24 * 3_600_000
_START = 1_425_600_000_000  # shortly before the clocks change in 2015

durations = st.one_of(st.integers(0, 300), st.integers(0, 10**11))
values = st.lists(durations, max_size=60)
figures = st.dictionaries(
    st.one_of(st.sampled_from(["open", "closed", "opened"]), st.tuples(st.sampled_from(["a_ms", "b_ms"]), durations)),
    st.integers(-3, 3).filter(bool),
    max_size=12,
)
rows = st.builds(lambda amounts: FigureRow().add(amounts), figures)


def sketch(of: list[int]) -> Sketch:
    """A sketch of these durations."""
    total = Sketch()
    for value in of:
        total = total.add({value: 1})
    return total


@given(durations)
def test_a_bucket_is_within_one_per_cent_of_its_values(value: int) -> None:
    """The middle stands for every value of its bucket."""
    assert abs(middle(bucket(value)) - value) <= 0.01 * value


@given(st.lists(durations, min_size=1, max_size=80), st.sampled_from([0.0, 0.5, 0.9, 0.95, 1.0]))
def test_a_quantile_is_the_order_statistic_within_one_per_cent(of: list[int], q: float) -> None:
    """Rank ⌊q(n−1)⌋, no interpolation."""
    exact = sorted(of)[round(q * 100) * (len(of) - 1) // 100]
    found = sketch(of).quantile(q)
    assert found is not None
    assert abs(found - exact) <= 0.01 * exact


@given(values, values, values)
def test_sketches_merge_in_any_order(a: list[int], b: list[int], c: list[int]) -> None:
    """Associative and commutative, and the same as one sketch of all values."""
    x, y, z = sketch(a), sketch(b), sketch(c)
    assert x.merge(y).merge(z) == x.merge(y.merge(z)) == merge([z, x, y]) == sketch([*c, *a, *b])


@given(values, values)
def test_a_sketch_forgets_what_is_taken_back(kept: list[int], gone: list[int]) -> None:
    """Adding and retracting restores exactly what was there."""
    total = sketch([*kept, *gone])
    for value in gone:
        total = total.add({value: -1})
    assert total == sketch(kept)


@given(rows, rows, rows)
def test_rows_merge_in_any_order(a: FigureRow, b: FigureRow, c: FigureRow) -> None:
    """Associative and commutative, and what travels is what was sent."""
    left = merge_rows([merge_rows([a, b]), c])
    assert left == merge_rows([a, merge_rows([b, c])]) == merge_rows([c, a, b]) == decode(encode(left))


_STEP = st.sampled_from(
    ["review", "assign", "accept", "handle", "pass", "fail", "close", "force", "breach", "late", "reopen", "return"]
)


@st.composite
def lives(draw: st.DrawFn) -> list[Order]:
    """The rows of one order after each of some steps that the state at the time allows."""
    clock = _START + draw(st.integers(0, 30 * _DAY))
    limited = draw(st.booleans())
    due = clock + draw(st.integers(0, 4 * _DAY)) if limited else None
    day = 20150301
    area = draw(st.sampled_from(["north", "south"]))
    life = Life(draw(st.integers(0, 10**9)), clock, day, area, due)
    history = [life.row]
    for step in draw(st.lists(_STEP, max_size=14)):
        clock += draw(st.integers(0, 2 * _DAY))
        row = history[-1]
        state = row.state
        if step == "review" and state in ("review", "returned"):
            life.review(clock, clock + _DAY)
        elif step == "assign" and state in ("review", "returned"):
            department, category = draw(st.sampled_from([("roads", "pothole"), ("works", "flooding")]))
            life.assign(clock, department, category, due, accept_due=clock + _DAY)
        elif step == "accept" and state == "assigned":
            life.accept(clock)
        elif step == "handle" and state == "accepted":
            life.handle(clock, clock - row.assignments[-1].at, 1000)
        elif step in ("pass", "fail") and state == "handled" and row.assignments[-1].handled_at is not None:
            life.check(clock, step == "pass")
            if step == "pass":
                life.close(clock)
        elif step == "force" and state in ("review", "assigned", "accepted"):
            life.close(clock, forced=True)
        elif step == "breach" and due is not None and state in ("assigned", "accepted") and row.overdue_at is None:
            life.breach(max(due, row.last_at))
            clock = max(clock, due)
        elif step == "reopen" and state == "closed":
            life.reopen(clock)
            life.assign(clock, "roads", "pothole", due)
        elif step == "return" and state in ("assigned", "accepted"):
            life.give_back(clock, clock, 1000)
        history.append(life.row)
    return history


@given(lives())
def test_booking_and_taking_back_is_nothing(history: list[Order]) -> None:
    """Whatever happened, taking back what an order counts for leaves an empty book."""
    total: Bookings = {}
    booked = bookings(history[-1], ZONE)
    collect(total, booked)
    collect(total, {row: {figure: -times for figure, times in amounts.items()} for row, amounts in booked.items()})
    assert total == {}


@given(lives())
def test_the_book_after_each_step_is_the_sum_of_the_differences(history: list[Order]) -> None:
    """Booking only differences, step by step, comes to what the last row counts for."""
    total: Bookings = {}
    before: Bookings = {}
    for order in history:
        after = bookings(order, ZONE)
        collect(total, difference(before, after))
        before = after
    assert total == before


_DIRECT = st.tuples(
    st.sampled_from(["detections", "merged"]),
    st.integers(_START, _START + 90 * _DAY),
    st.sampled_from(["north", "south"]),
    st.sampled_from(["", "pothole"]),
)


@given(st.lists(lives(), max_size=3), st.lists(_DIRECT, max_size=6))
def test_what_a_batch_counts_and_spreads_once_is_what_each_item_books(
    orders: list[list[Order]], others: list[tuple[str, int, str, str]]
) -> None:
    """Rows that book alike may stand together until the batch's end, also where an order moves to another lead."""
    each: Bookings = {}
    together: Counts = {}
    for history in orders:
        for before, after in zip([None, *history], history, strict=False):
            old, new = (bookings(order, ZONE) if order else {} for order in (before, after))
            collect(each, difference(old, new))
            earlier, later = (counts(order, ZONE) if order else {} for order in (before, after))
            collect(together, difference(earlier, later))
    for figure, at, area, category in others:
        collect(each, direct(figure, at, area, category, ZONE))
        collect(together, {direct_rows(at, area, category, ZONE): {figure: 1}})

    assert spread(together) == each


@given(st.lists(lives(), min_size=1, max_size=4))
def test_areas_departments_and_categories_hold_the_same_whole(orders: list[list[Order]]) -> None:
    """The sum over areas is the sum over departments is the sum over categories, figure by figure and day by day."""
    total: Bookings = {}
    for history in orders:
        collect(total, bookings(history[-1], ZONE))
    sums: dict[str, Bookings] = {"area": {}, "department": {}, "category": {}}
    for row, amounts in total.items():
        dimension, _, rest = row.partition("/")
        if dimension in sums:
            collect(sums[dimension], {rest.rpartition("/")[2]: amounts})
    assert sums["area"] == sums["department"] == sums["category"]


@given(lives())
def test_an_order_is_in_one_stock_at_most_once(history: list[Order]) -> None:
    """Summed up to any day, an order is open 0 or 1 times, and overdue no more often than that."""
    booked = bookings(history[-1], ZONE)
    days = sorted({row.rpartition("/")[2] for row in booked})
    open_now = overdue = 0
    for day in days:
        amounts = booked.get(f"area/{history[-1].area}/{day}", {})
        open_now += amounts.get("open", 0)
        overdue += amounts.get("overdue_open", 0)
        assert 0 <= overdue <= 1
        assert 0 <= open_now <= 1
    assert open_now == (0 if history[-1].state == "closed" else 1)


booked_days = st.dictionaries(st.integers(20270101, 20270120).map("area/gulou/{}/0".format), rows, max_size=6)


@given(booked_days, st.lists(booked_days, max_size=8), st.integers(0, 4))
def test_kept_figures_are_those_that_were_booked_last(
    restored: dict[str, FigureRow], batches: list[dict[str, FigureRow]], warm: int
) -> None:
    """However many of them are at hand as values, and which lie as rows."""
    plain = dict(restored)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kept_figures, "WARM", warm)
        kept = Figures.load((key, encode(row)) for key, row in restored.items())
        for batch in batches:
            plain |= batch
            kept.update(batch)

    assert dict(kept) == plain
    assert len(kept) == len(plain)
    assert kept.times_booked() == times_booked(plain.values())
    assert kept.get("area/gulou/20270121/0") is None


def test_figures_of_years_take_little_more_than_their_rows() -> None:
    """A desk restores those of each day that there has ever been, and hardly ever asks for any but the last ones."""
    value = encode(FigureRow().add({f"figure_{number}": number for number in range(12)}))
    lying = [(f"department/roads/{day}/0", bytes(bytearray(value))) for day in range(20_000)]
    tracemalloc.start()
    try:
        kept = Figures.load(lying)
        kept.times_booked()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(kept) == 20_000
    assert taken < 20_000 * len(value)
