"""Firing: what happens when a timer is due. `at` of its facts is the instant it was due, or that of the order's last
step where that lies later."""

from dispatcher.arrivals import cameras
from dispatcher.order import facts
from dispatcher.order.row import Order
from dispatcher.order.timers import SUPERVISED, escalating, timers
from dispatcher.partition import row_keys
from dispatcher.partition.unit_of_work import DESK, UnitOfWork, after_previous
from dispatcher.steps import dispatching, watching
from models.times import HOUR_MS


def fire(work: UnitOfWork, due: int, key: str, kind: str) -> None:
    """Fire one pending entry, unless what it was for has moved on.

    Raises RuntimeError when the order would ask for the same timer again: it would fire for ever.
    """
    row, name = row_keys.parse(key)
    if row == "watch":
        watch = work.overlay.watches.get(name)
        if watch is not None and watch.expires == due:
            watching.expire(work, watch)
        return
    if row == "camera":
        cameras.silent(work, name, due)
        return
    order = work.order(key)
    if order is None or (due, kind) not in timers(order):
        return
    _fire(work, order, due, kind)
    after = work.order(key)
    if after is not None and (due, kind) in timers(after):
        raise RuntimeError(f"{kind} of {key} does not come to rest")


def _fire(work: UnitOfWork, order: Order, due: int, kind: str) -> None:
    what, _, stage = kind.partition("/")
    if what == "warn":
        limit = next(limit for limit in order.limits if limit.stage == stage)
        work.emit(order, facts.Warned, due, DESK, stage=stage, due=limit.due)
    elif what == "breach":
        order = work.emit(order, facts.Breached, due, DESK, stage=stage, due=due)
        if stage in SUPERVISED and order.supervision == 0:
            _supervise(work, order, due, stage)
    elif what == "supervise":
        _supervise(work, order, due, escalating(order))
    elif what == "resume":
        dispatching.resume(work, order, due, DESK)
    else:
        _archive(work, order, due)


def _archive(work: UnitOfWork, order: Order, due: int) -> None:
    """An order is archived with all that was merged into it."""
    for child in order.children:
        merged = work.order(child)
        if merged is not None:
            _archive(work, merged, due)
    work.archive(work.emit(order, facts.Archived, due, DESK))


def _supervise(work: UnitOfWork, order: Order, due: int, stage: str) -> None:
    """One level up 督办; the next one comes at the set interval, until the highest."""
    settings = work.city.settings
    level = order.supervision + 1
    at = after_previous(order, due)
    next_at = at + int(settings.supervision_interval_hours * HOUR_MS) if level < settings.supervision_levels else None
    work.emit(order, facts.Supervised, at, DESK, level=level, stage=stage, next_at=next_at)
