"""Firing: what happens when a timer is due. `at` of its facts is the instant it was due, or that of the order's last
step where that lies later."""

from collections.abc import Callable, Mapping

from dispatcher.arrivals import cameras
from dispatcher.arrivals.covered import covering
from dispatcher.arrivals.watched import watch_rows
from dispatcher.order import facts
from dispatcher.order.row import Order, RunningLimit
from dispatcher.order.timers import CALL_BACK, ESCALATE_CHECK, RECHECK, SUPERVISED, TASK, escalating, timers
from dispatcher.partition import row_keys
from dispatcher.partition.unit_of_work import DESK, UnitOfWork, after_previous
from dispatcher.steps import dispatching
from dispatcher.steps.checks import rechecking
from dispatcher.units import tasking
from models.city import LimitStage
from models.times import HOUR_MS


def fire(work: UnitOfWork, due: int, key: str, kind: str) -> None:
    """Fire one pending entry, unless what it was for has moved on.

    Raises RuntimeError when the order would ask for the same timer again: it would fire for ever.
    """
    row, name = row_keys.parse(key)
    if row == "watch":
        watch = work.overlay.watches.get(name)
        if watch is not None and watch.expires == due:
            covering.come_up(work, watch, due) if kind == "come-up" else watch_rows.expire(work, watch)
        return
    if row == "roll":
        cameras.call(work, name, due)
        return
    order = work.order(key)
    if order is None or (due, kind) not in timers(order):
        return
    _fire(work, order, due, kind)
    after = work.order(key)
    if after is not None and (due, kind) in timers(after):
        raise RuntimeError(f"{kind} of {key} does not come to rest")


def _fire(work: UnitOfWork, order: Order, due: int, kind: str) -> None:
    """What follows from one timer of an order; its kinds are those of `dispatcher.order.timers`."""
    what, _, name = kind.partition("/")
    _FIRES[what](work, order, due, name)


def _warn(work: UnitOfWork, order: Order, due: int, name: str) -> None:
    limit = _running(order, name)
    head = work.timer_head(order, due)
    work.emit(facts.Warned(**head, stage=limit.stage, due=limit.due, department=limit.department))


def _breach(work: UnitOfWork, order: Order, due: int, name: str) -> None:
    """A limit that a department has missed is supervised, unless the order is already; a missed check is told one level
    up."""
    limit = _running(order, name)
    head = work.timer_head(order, due)
    order = work.emit(facts.Breached(**head, stage=limit.stage, due=due, department=limit.department))
    if limit.stage in SUPERVISED and order.supervision == 0:
        _supervise(work, order, due, limit.stage)
    elif limit.stage == "check":
        _escalate_check(work, order, due)


def _running(order: Order, name: str) -> RunningLimit:
    return next(limit for limit in order.limits if limit.name == name)


def _archive(work: UnitOfWork, order: Order, due: int) -> None:
    """An order is archived with all that was merged into it."""
    for child in order.children:
        merged = work.order(child)
        if merged is not None:
            _archive(work, merged, due)
    work.archive(work.emit(facts.Archived(**work.timer_head(order, due))))


def _go_on_supervising(work: UnitOfWork, order: Order, due: int) -> None:
    rising = escalating(order)
    assert rising is not None  # else this timer would not be pending
    _supervise(work, order, due, rising)


def _supervise(work: UnitOfWork, order: Order, due: int, stage: LimitStage) -> None:
    """One level up 督办."""
    _rise(work, order, due, order.supervision + 1, stage)


def _escalate_check(work: UnitOfWork, order: Order, due: int) -> None:
    """Nobody has made the check in time: told one level up."""
    _rise(work, order, due, order.check_level + 1, "check")


def _rise(work: UnitOfWork, order: Order, due: int, level: int, stage: LimitStage) -> None:
    """To this level; the next one comes at the set interval, until the highest."""
    settings = work.city.settings
    at = after_previous(order, due)
    next_at = at + int(settings.supervision_interval_hours * HOUR_MS) if level < settings.supervision_levels else None
    work.emit(facts.Supervised(**work.timer_head(order, at), level=level, stage=stage, next_at=next_at))


# What follows from a timer, by the first word of its kind; of a limit its name stands behind that.
_FIRES: Mapping[str, Callable[[UnitOfWork, Order, int, str], object]] = {
    "warn": _warn,
    "breach": _breach,
    "supervise": lambda work, order, due, _: _go_on_supervising(work, order, due),
    "resume": lambda work, order, due, _: dispatching.resume(work, order, due, DESK),
    "archive": lambda work, order, due, _: _archive(work, order, due),
    ESCALATE_CHECK: lambda work, order, due, _: _escalate_check(work, order, due),
    RECHECK: lambda work, order, due, _: rechecking.lapse(work, order, due),
    CALL_BACK: lambda work, order, due, _: work.emit(facts.CallBackDue(**work.timer_head(order, due))),
    TASK: lambda work, order, due, _: tasking.lapse(work, order, due),
}
