"""Concluding 办结: saying that an order is done, and closing it."""

from dispatcher.clocks import worktime
from dispatcher.order import facts
from dispatcher.order.chain import answered_at
from dispatcher.order.row import Assignment, Order
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps import dispatching
from dispatcher.steps.checks import jury
from models.inbox import Actor


def handle(work: UnitOfWork, order: Order, at: int, actor: Actor, note: str, evidence_urls: tuple[str, ...]) -> Order:
    """The department that has an order has dealt with it 处置完成: its clock stops. The check's limit begins, unless a
    department above has to confirm first; whose the check is, is said apart."""
    return work.emit(
        facts.Handled(
            **work.head(order, at, actor, "handled"),
            **time_taken(work, order.assignments[-1], at),
            note=note,
            evidence_urls=evidence_urls,
            limit=None if order.held_for else dispatching.limit(work, order, "check", at),
        )
    )


def time_taken(work: UnitOfWork, turn: Assignment, at: int) -> facts.TimeTaken:
    """How long a department took until its clock stops, suspensions apart, and whether that is too late."""
    return {
        "handled_ms": at - turn.at - turn.suspended_ms,
        "handled_work_ms": worktime.diff(work.city.calendar, turn.at, at) - turn.suspended_work_ms,
        "late": turn.handle_due is not None and at > turn.handle_due,
    }


def check(
    work: UnitOfWork, order: Order, at: int, actor: Actor, *, passed: bool, note: str, evidence_urls: tuple[str, ...]
) -> Order:
    """Somebody else has looked 核查: passed, the order is closed; else it is done again 返工."""
    order = work.emit(
        facts.Checked(
            **work.head(order, at, actor, None if passed else "accepted"),
            passed=passed,
            attempt=order.attempt if passed else order.attempt + 1,
            note=note,
            evidence_urls=evidence_urls,
        )
    )
    return jury.ask(work, close(work, order, at, actor, note), at) if passed else order


def close(work: UnitOfWork, order: Order, at: int, actor: Actor, reason: str, *, forced: bool = False) -> Order:
    """End an order well 结案, or by force 强制结案."""
    handled_at = answered_at(order) if order.state == "handled" else None
    return work.emit(
        facts.Closed(
            **work.head(order, at, actor, "closed"),
            forced=forced,
            reason=reason,
            late=None if handled_at is None or order.due is None else handled_at > order.due,
            archive_at=dispatching.archive_at(work, order, at),
            call_back_at=dispatching.call_back_at(work, order, at),
        )
    )
