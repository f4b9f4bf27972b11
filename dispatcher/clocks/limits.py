"""Limits 时限: stamping a stage's limit when the stage begins, and moving running ones. Facts carry the result."""

from functools import lru_cache

from msgspec.structs import replace

from dispatcher.clocks import worktime
from dispatcher.order.row import Order, RunningLimit
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
    """The order's own limit once an order was merged into it, or is so no longer (`after`); None where it stays: where
    it began does not change, a person has moved it, a report gave it, or it does not run."""
    running = any(limit.stage == "whole" for limit in order.limits)
    if not running or order.state == "handled" or order.extensions or order.suspensions or order.due_given:
        return None
    if runs_from(order) == runs_from(after):
        return None
    return whole(city, after, at, order.category, order.condition, order.priority)


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
