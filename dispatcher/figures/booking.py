"""The book of figures 台账: what an order counts for, and the rows in which all orders are summed.

`bookings(order)` is a pure function of the order's row. Whenever the row changes, the desk books the difference of
what it counts for now and what it counted for before, so a correction takes back exactly what stood, and every
figure is at all times the sum of `bookings` over all orders. Days are the city's local days.

* *Flows* are booked on the day of their fact. *Stocks* (open, overdue_open) are booked as changes, +1 on the day an
  order joins the stock and -1 on the day it leaves; the stock itself is the running sum of all days up to one.
* *Order-level* figures belong to the order's present lead and category (`-` while it has none); when these change,
  all of them move, on their original days. *Assignment-level* figures stay with the assignment's department.
* Every figure is booked for the department, the category and the area; the figures of stages also for the stage and
  for the actor. The city is the sum of its areas.

Rows that book the same stand together as long as possible: *counts* are kept by a tuple of rows, and a batch's counts
are spread over the single rows once, by `spread`.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import TypeGuard, TypeVar
from zoneinfo import ZoneInfo

from dispatcher.figures.figure_row import Figure
from dispatcher.figures.sparse import add_times
from dispatcher.order.row import Assignment, Closing, Order, has_reporters, reported_at
from models.inbox import Actor
from models.times import day_number, local_day

NONE = "-"
_STAGE_KINDS = {
    "review": "dispatch",
    "return": "dispatch",
    "arbitration": "dispatch",
    "accept": "accept",
    "handle": "handle",
    "check": "check",
}
_WAITS = frozenset({"review", "return", "arbitration", "check"})
_STAGE_FIGURES: dict[tuple[str, bool | None], tuple[str, ...]] = {
    (stage, in_time): figures
    for stage, kind in _STAGE_KINDS.items()
    for in_time, figures in (
        (True, (f"{kind}_done", f"{kind}_on_time")),
        (False, (f"{kind}_done",)),
        (None, (f"{kind}_missed",)),
    )
}

# What is booked: row ("department/roads/20260301") → figure → how many times (negative takes back). No zeros.
Bookings = dict[str, dict[Figure, int]]
# The same before it is spread: rows that book alike → figure → how many times. A zero says nothing.
Rows = tuple[str, ...]
Counts = dict[Rows, dict[Figure, int]]
Changes = Mapping[Rows, Mapping[Figure, int]]

_Key = TypeVar("_Key", str, Rows)


def bookings(order: Order, zone: ZoneInfo) -> Bookings:
    """All that an order counts for, as its row stands, on the local days of a zone."""
    return spread(counts(order, zone))


def counts(order: Order, zone: ZoneInfo) -> Counts:
    """`bookings` before they are spread."""
    book = _Book(order.area, zone)
    lead, category = order.department or NONE, order.category or NONE
    _book_order(book, order, lead, category)
    since = order.opened_at
    for closing in order.closings:
        _book_closing(book, order, closing, since, lead, category)
        since = closing.at
    for turn in order.assignments:
        _book_turn(book, turn, turn.category or category)
    for turn in order.held_for:
        _book_turn(book, turn, turn.category or category)
    _book_waits(book, order, lead, category)
    return book.counts


def spread(counts: Mapping[Rows, Mapping[Figure, int]]) -> Bookings:
    """Counts row by row, without what comes to nothing."""
    total: Bookings = {}
    for rows, amounts in counts.items():
        collect(total, dict.fromkeys(rows, amounts))
    return total


def difference(
    before: Mapping[_Key, Mapping[Figure, int]], after: Mapping[_Key, Mapping[Figure, int]]
) -> Mapping[_Key, Mapping[Figure, int]]:
    """What must be booked so that what stood as `before` stands as `after`."""
    if not before:
        return after
    changed: dict[_Key, Mapping[Figure, int]] = {}
    for row, figures in after.items():
        old = before.get(row)
        if old is None:
            changed[row] = figures
        elif old != figures:
            amounts = dict(figures)
            for figure, times in old.items():
                add_times(amounts, figure, -times)
            changed[row] = amounts
    for row, figures in before.items():
        if row not in after:
            changed[row] = {figure: -times for figure, times in figures.items()}
    return changed


def collect(total: dict[_Key, dict[Figure, int]], more: Mapping[_Key, Mapping[Figure, int]]) -> None:
    """Add bookings to a running total in place; a figure or row that comes to nothing is dropped."""
    for row, figures in more.items():
        amounts = total.setdefault(row, {})
        for figure, times in figures.items():
            add_times(amounts, figure, times)
        if not amounts:
            del total[row]


def direct(figure: Figure, at: int, area: str, category: str, zone: ZoneInfo) -> Bookings:
    """The booking of something that belongs to no order: a detection, a suppressed sighting, a repeat."""
    return {row: {figure: 1} for row in direct_rows(at, area, category, zone)}


def direct_rows(at: int, area: str, category: str, zone: ZoneInfo) -> Rows:
    """The rows of something that belongs to no order."""
    return _rows(NONE, category or NONE, area, _day(at, zone))


@lru_cache(maxsize=16384)
def _rows(department: str, category: str, area: str, day: str) -> Rows:
    """The three rows that book alike; most of a day's figures share a few hundred of them."""
    return f"department/{department}/{day}", f"category/{category}/{day}", f"area/{area}/{day}"


def _day(at: int, zone: ZoneInfo) -> str:
    return _day_text(local_day(at, zone))


@lru_cache(maxsize=4096)
def _day_text(day: date) -> str:
    """A day as rows name it: yyyymmdd."""
    return str(day_number(day))


class _Book:
    """The counts of one order under way."""

    __slots__ = ("area", "counts", "zone")

    def __init__(self, area: str, zone: ZoneInfo) -> None:
        self.area = area
        self.zone = zone
        self.counts: Counts = {}

    def book(self, department: str, category: str, at: int, *figures: Figure, times: int = 1) -> None:
        self.book_on(department, category, _day(at, self.zone), figures, times)

    def book_on(self, department: str, category: str, day: str, figures: Iterable[Figure], times: int) -> None:
        self.add(_rows(department, category, self.area, day), figures, times)

    def stage(
        self, stage: str, department: str, category: str, actor: Actor | None, at: int, in_time: bool | None
    ) -> None:
        """A limited stage that was done (in time or late), or, with None, whose limit passed undone."""
        day = _day(at, self.zone)
        rows = (*_rows(department, category, self.area, day), f"stage/{stage}/{day}")
        if actor is not None and actor.id:
            rows = (*rows, f"actor/{actor.id}/{day}")
        self.add(rows, _STAGE_FIGURES[stage, in_time], 1)

    def add(self, rows: Rows, figures: Iterable[Figure], times: int) -> None:
        amounts = self.counts.setdefault(rows, {})
        for figure in figures:
            amounts[figure] = amounts.get(figure, 0) + times


def _book_order(book: _Book, order: Order, lead: str, category: str) -> None:
    """What the order itself counts for: received, opened, ended, overdue, reminded of, and what was said of it."""
    for day, reports in order.reports_by_day:
        book.book_on(lead, category, str(day), ("received",), reports)
    book.book(lead, category, order.opened_at, "opened", "open")
    reported = has_reporters(order)
    if reported and order.first_response_at is not None:
        book.book(lead, category, order.opened_at, "citizen_opened", "responded")
    elif reported and order.state != "merged":  # who waits for the answer of a merged order waits for the other's
        book.book(lead, category, order.opened_at, "citizen_opened")
    ended = ended_at(order)
    if ended is not None:
        book.book(lead, category, ended, "open", times=-1)
    if order.state == "rejected" and ended is not None:
        book.book(lead, category, ended, "rejected")
    if order.state == "merged" and ended is not None:
        book.book(lead, category, ended, "merged_orders")
    spans: tuple[tuple[int, int | None], ...] = order.overdue_past
    if order.overdue_at is not None:
        spans = (*spans, (order.overdue_at, None))
    overdue = ("overdue_open", "citizen_overdue_open") if reported else ("overdue_open",)
    for since, until in spans:
        if until is None or since < until:
            book.book(lead, category, since, *overdue)
            if until is not None:
                book.book(lead, category, until, *overdue, times=-1)
    for reminded in order.reminded_on:
        book.book_on(lead, category, str(reminded), ("reminded",), 1)
    _book_said(book, order, lead, category)


def _book_said(book: _Book, order: Order, lead: str, category: str) -> None:
    """What its reporters, and citizens of the pool, have said of how it was settled."""
    for answer in order.answers:
        if not answer.by:  # of nobody who could be told from others: it has no reporter
            continue
        book.book(lead, category, answer.at, "satisfied" if answer.satisfied else "unsatisfied")
    for judgement in order.judgements:
        figures = ("citizen_judged", "citizen_agreed") if judgement.settled else ("citizen_judged",)
        book.book(lead, category, judgement.at, *figures)


def ended_at(order: Order) -> int | None:
    """When the order ended, the last time if it was reopened; None while it is open."""
    if order.state == "closed":
        return order.closings[-1].at
    return {"rejected": order.rejected_at, "merged": order.merged_at}.get(order.state)


def _book_closing(book: _Book, order: Order, closing: Closing, since: int, lead: str, category: str) -> None:
    """A closing counts on its day while it stands; reopened, it counts on that day as one that did not."""
    if closing.reopened_at is not None:
        reported = has_reporters(order)
        came_back = ("closings_reopened", "citizen_closings_reopened") if reported else ("closings_reopened",)
        book.book(lead, category, closing.at, *came_back)
        book.book(lead, category, closing.reopened_at, "reopened")
        return
    figures: list[Figure] = ["closed", ("resolution_ms", max(closing.at - reported_at(order), 0))]
    for due, limited, on_time in (
        (None if closing.exempt else closing.due, "closed_limited", "closed_on_time"),
        (closing.due_raw, "closed_limited_raw", "closed_on_time_raw"),
    ):
        if due is not None:
            figures.append(limited)
            if closing.handled_at is not None and closing.handled_at <= due:
                figures.append(on_time)
    if any(not check.passed and since <= check.at <= closing.at for check in order.checks):
        figures.append("closed_reworked")
    if len(_dispatched_to(order, closing.at)) <= 1:
        figures.append("closed_first_dispatch")
    if has_reporters(order):
        figures.append("citizen_closed")
        if not closing.forced:
            figures.append("closed_checked")
    book.book(lead, category, closing.at, *figures)


def _dispatched_to(order: Order, at: int) -> set[str]:
    """The departments that dispatching has given an order to, but for those that have handed it up the levels."""
    found = {
        turn.department
        for turn in order.assignments
        if turn.at <= at and not turn.above and turn.ended_by != "handed-up"
    }
    if order.held_for and order.held_for[0].at <= at:
        found.add(order.held_for[0].department)
    return found


def _book_turn(book: _Book, turn: Assignment, category: str) -> None:
    """One department's turn. Where it was misrouted it is charged nothing: its time is dispatching's."""
    own = turn.department
    book.book(own, category, turn.at, "assigned")
    if turn.accepted_at is not None:
        book.book(own, category, turn.accepted_at, "accepted", ("response_ms", max(turn.accepted_at - turn.at, 0)))
        # A late acceptance is not charged where the order was not this department's to accept.
        if turn.accept_due is not None and (turn.accepted_at <= turn.accept_due or not turn.misrouted):
            book.stage("accept", own, category, turn.accepted_by, turn.accepted_at, turn.accepted_at <= turn.accept_due)
    elif _missed(turn.accept_missed_at, turn):
        book.stage("accept", own, category, None, turn.accept_missed_at, None)
    if turn.returned_at is not None:
        book.book(own, category, turn.returned_at, "returned")
    if turn.above or turn.ended_by == "handed-up":
        _book_levels(book, turn, category)
    if turn.misrouted:
        _book_misroute(book, turn, category)
    if turn.handled_at is not None:
        figures: list[Figure] = ["handled"]
        if turn.handled_ms is not None:
            figures.append(("handling_ms", max(turn.handled_ms, 0)))
        if turn.handled_work_ms is not None:
            figures.append(("handling_work_ms", max(turn.handled_work_ms, 0)))
        book.book(own, category, turn.handled_at, *figures)
        if turn.handle_due is not None:
            book.stage("handle", own, category, None, turn.handled_at, turn.handled_at <= turn.handle_due)
    elif _missed(turn.handle_missed_at, turn):
        book.stage("handle", own, category, None, turn.handle_missed_at, None)


def _missed(at: int | None, turn: Assignment) -> TypeGuard[int]:
    """Whether a turn has missed a limit that was up at an instant: not where the order was not this department's, nor
    where what ended the turn, or returned it, lay no later and was only reported after it."""
    over = [each for each in (turn.ended_at, turn.returned_at) if each is not None]
    return at is not None and not turn.misrouted and all(at < each for each in over)


def _book_levels(book: _Book, turn: Assignment, category: str) -> None:
    """Handed down, by the department above; handed up, unless that was a return."""
    if turn.above:
        book.book(turn.above, category, turn.at, "forwarded")
    if turn.ended_by == "handed-up" and turn.ended_at is not None and turn.returned_at is None:
        book.book(turn.department, category, turn.ended_at, "reported_up")


def _book_misroute(book: _Book, turn: Assignment, category: str) -> None:
    decided = turn.ended_at if turn.ended_at is not None else turn.returned_at
    if decided is None:
        return
    if turn.returned_at is not None:
        book.book(turn.department, category, decided, "returns_approved")
    held = turn.held_ms if turn.held_ms is not None else decided - turn.at
    book.book(NONE, category, decided, "misroutes")
    book.book(NONE, category, decided, "misroute_ms", times=max(held, 0))


def _book_waits(book: _Book, order: Order, lead: str, category: str) -> None:
    """The stages that nobody's assignment holds: dispatching (review, return, arbitration) and checking."""
    for dispatch in order.dispatches:
        book.book(lead, category, dispatch.at, ("dispatching_ms", max(dispatch.at - dispatch.since, 0)))
        if dispatch.due is not None:
            book.stage(dispatch.stage, lead, category, dispatch.by, dispatch.at, dispatch.at <= dispatch.due)
    for check in order.checks:
        book.book(lead, category, check.at, ("checking_ms", max(check.at - check.handled_at, 0)))
        if check.due is not None:
            # There may be more cameras than the table of people should have rows.
            person = None if check.by.role == "camera" else check.by
            book.stage("check", lead, category, person, check.at, check.at <= check.due)
        if check.by.role == "camera":
            book.book(lead, category, check.at, "rechecked")
        if check.camera_found:
            agreed = (check.camera_found == "passed") == check.passed
            figures = ("recheck_compared", "recheck_agreed") if agreed else ("recheck_compared",)
            book.book(lead, category, check.at, *figures)
    for due in order.checks_missed:
        book.stage("check", lead, category, None, due, None)
    for limit in order.limits:
        if limit.stage in _WAITS and f"breach/{limit.stage}" in order.fired:
            book.stage(limit.stage, lead, category, None, limit.due, None)
