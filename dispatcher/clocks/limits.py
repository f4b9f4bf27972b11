"""Limits 时限: stamping a stage's limit when the stage begins, and moving running ones. Facts carry the result."""

from functools import lru_cache

from msgspec.structs import replace

from dispatcher.clocks import worktime
from dispatcher.order.row import ENDED, MergedIn, Order, RunningLimit
from models.city import City, LimitStage

_GIVEN = "given"  # the unit of a due time that the report itself brought; its amount is in milliseconds


@lru_cache(maxsize=4096)
def stamp(
    city: City, stage: LimitStage, start: int, category: str, condition: str, priority: int
) -> RunningLimit | None:
    """The limit of a stage that begins at `start`, from the pack's table; None where it has none.

    Kept, because an order's own limit is asked for at its opening and again at its assignment.
    """
    row = city.limit(category or "*", condition or None, priority, stage)
    if row is None:
        return None
    due = worktime.add(city.calendar, start, row.amount, row.unit, city.settings.work_day_due)
    return _limit(city, stage, start, due, row.amount, row.unit)


def given(city: City, start: int, due: int) -> RunningLimit:
    """The order's own limit where the report itself brought a due time."""
    due = max(due, start)
    return _limit(city, "whole", start, due, due - start, _GIVEN)


def within(city: City, limit: RunningLimit, start: int, share: float) -> RunningLimit:
    """The limit of a department below one whose own runs: from `start`, a share of what is left of that one."""
    due = worktime.point(city.calendar, start, limit.due, limit.unit, share)
    return _limit(city, "handle", start, due, due - start, _GIVEN)


def _limit(city: City, stage: LimitStage, start: int, due: int, amount: int, unit: str) -> RunningLimit:
    calendar = city.calendar
    warn_at = worktime.point(calendar, start, due, unit, city.settings.warn_share)
    return RunningLimit(
        stage=stage, started_at=start, warn_at=warn_at, due=due, amount=amount, unit=unit, calendar=calendar.version
    )


def whole(
    city: City, order: Order, at: int, category: str, condition: str, priority: int, *, reopened: bool = False
) -> RunningLimit | None:
    """The order's own limit for its next assignment at `at`.

    It runs from the opening (after reopening: from `at`), or from that of an order which was merged into it, where that
    was opened before, and stood still while departments held the order that it was misrouted to: that time is
    dispatching's, not the next department's.
    """
    if order.due_given:
        first, start = order.given_due, at if reopened else _began(order)
        limit = None if first is None else given(city, start, start + max(first - order.opened_at, 0))
    else:
        start = at if reopened else runs_from(order)
        limit = stamp(city, "whole", start, category, condition, priority)
    if limit is None or reopened:
        return limit
    for since, until in detours(order, at):
        limit = moved(city, limit, since, until)
    return limit


def _began(order: Order) -> int:
    reopened = [closing.reopened_at for closing in order.closings if closing.reopened_at is not None]
    return reopened[-1] if reopened else order.opened_at


def runs_from(order: Order) -> int:
    """From when an order's own limit runs: the earliest beginning of it and of what was merged into it meanwhile."""
    own = _began(order)
    return min((own, *(x.runs_from for x in order.merged_in if x.runs_from is not None and x.at >= own)))


def carried_over(order: Order, at: int) -> int | None:
    """From when the limit of an order that is merged into another one would run there: from where its own does, without
    what dispatching lost. None where a person has moved that."""
    if order.extensions or order.suspensions:
        return None
    return runs_from(order) + sum(until - since for since, until in detours(order, at))


def merged(city: City, order: Order, after: Order, at: int) -> RunningLimit | None:
    """The order's own limit once an order was merged into it (`after`); None where it stays: where it began does not
    change, a person has moved it, a report gave it, its department is done, or it does not run."""
    running = any(limit.stage == "whole" for limit in order.limits)
    if not running or order.state == "handled" or _stands(order) or runs_from(order) == runs_from(after):
        return None
    return whole(city, after, at, order.category, order.condition, order.priority)


def released(city: City, order: Order, after: Order, at: int) -> RunningLimit | None:
    """The order's own limit once an order that was merged into it is no part of it any more (`after`), of one that has
    ended that by which it did; None where it stays, as it began by it anyhow, a person has moved it, a report gave it,
    or there is none."""
    if order.state in ENDED and order.due is not None:
        at = order.closings[-1].at if order.state == "closed" else at
    elif not any(limit.stage == "whole" and limit.started_at != runs_from(after) for limit in order.limits):
        return None
    if _stands(order) or runs_from(order) == runs_from(after):
        return None
    return whole(city, after, at, order.category, order.condition, order.priority)


def _stands(order: Order) -> bool:
    """Whether no merge moves an order's own limit: a person has, or a report gave it."""
    return order.extensions > 0 or order.suspensions > 0 or order.due_given


def overdue_without(
    city: City, order: Order, after: Order, at: int, limit: RunningLimit | None
) -> tuple[tuple[int, int | None], ...] | None:
    """The spans in which an order was overdue without the one that is no part of it any more (`after`, with `limit`,
    where that changes): by its own clock, and by that of each other one from when that was merged into it. The last one
    is without an end where it is overdue still. None where that is as it stands."""
    gone = next((x for x in order.merged_in if x not in after.merged_in and x.runs_from is not None), None)
    if gone is None or _stands(order):
        return None
    spans: tuple[tuple[int, int | None], ...] = order.overdue_past
    if order.overdue_at is not None:
        spans = (*spans, (order.overdue_at, None if limit is None or limit.due <= at else at))
    found: list[tuple[int, int | None]] = []
    for since, until in spans:
        end = at if until is None else until
        # Whoever got it while it was overdue, by the clock of the other one, may have had time left by its own.
        cuts = sorted(cut for cut in {gone.at, *(back for _, back in detours(order, at))} if since < cut < end)
        for begin, stop in zip((since, *cuts), (*cuts, end), strict=True):
            late = _due_without(city, after, at, begin, gone)
            if late <= begin > since and found and found[-1][1] == begin:
                found[-1] = (found[-1][0], stop)
            elif late < stop:
                found.append((max(late, begin), stop))
        if until is None and found and found[-1][1] == end:
            found[-1] = (found[-1][0], None)
    return tuple(found) if limit is not None or tuple(found) != spans else None


def _due_without(city: City, order: Order, at: int, by: int, gone: MergedIn) -> int:
    """From when on what is overdue at `by` is so without what is no part of it any more: since it was due by its own
    clock, or by that of an order that had been merged into it by then, whichever came first. Each stood still while
    dispatching lost time, as far as that was over then."""
    own = max(order.opened_at, *(x.reopened_at for x in order.closings if x.reopened_at and x.reopened_at <= by), 0)
    if by < gone.at or gone.runs_from is None or not gone.runs_from < own <= gone.at:
        return by
    others = ((x.runs_from, x.at) for x in order.merged_in if x.runs_from is not None and own <= x.at)
    found = []
    for start, came in ((own, own), *others):
        limit = stamp(city, "whole", start, order.category, order.condition, order.priority)
        for since, until in detours(order, at):
            if limit is not None and until <= by:
                limit = moved(city, limit, since, until)
        found.append(at if limit is None else max(limit.due, came))
    return min(found)


def detours(order: Order, at: int) -> list[tuple[int, int]]:
    """The spans that dispatching lost: from an assignment that was a misroute to the next one, or to `at`."""
    began, turns = _began(order), [turn for turn in order.assignments if not turn.above]
    spans = []
    for index, turn in enumerate(turns):
        if turn.misrouted and turn.at >= began:
            spans.append((turn.at, turns[index + 1].at if index + 1 < len(turns) else at))
    return spans


def moved(city: City, limit: RunningLimit, since: int, until: int) -> RunningLimit:
    """A limit that stood still from `since` to `until`."""
    due = worktime.shift(city.calendar, limit.due, limit.unit, since, until)
    warn_at = worktime.shift(city.calendar, limit.warn_at, limit.unit, since, until)
    return replace(limit, warn_at=min(warn_at, due), due=due, calendar=city.calendar.version)


def extended(city: City, limit: RunningLimit) -> RunningLimit:
    """A limit with its original length once more on top."""
    if limit.unit == _GIVEN:
        due = limit.due + limit.amount
    else:
        due = worktime.add(city.calendar, limit.due, limit.amount, limit.unit, city.settings.work_day_due)
    warn_at = worktime.point(city.calendar, limit.started_at, due, limit.unit, city.settings.warn_share)
    return replace(limit, warn_at=warn_at, due=due, calendar=city.calendar.version)
