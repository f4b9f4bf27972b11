"""What the desk's metrics count of a decision, once it is committed."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import msgspec

from dispatcher.order import facts, wire
from dispatcher.order.row import ON_THE_SPOT, Order
from dispatcher.partition.decision import Outgoing
from models.envelope import CE_TYPE
from models.events.vocabulary import REVIEW_REASONS
from streams import metrics

_Counting = Callable[[bytes, Mapping[str, Order]], None]


class _Reviewed(msgspec.Struct, frozen=True):
    """What the metric counts of a fact that comes as often as orders do."""

    reason: str


def count(records: Iterable[Outgoing], orders: Mapping[str, Order]) -> None:
    """Count the facts among a decision's records; `orders` are those of its partition, as they are after it."""
    for out in records:
        if out.topic == "orders":
            for header in out.headers:
                if (counting := _COUNTED.get(header)) is not None:
                    counting(out.value, orders)


def _sent_to_review(value: bytes, orders: Mapping[str, Order]) -> None:
    reason = msgspec.json.decode(value, type=_Reviewed).reason
    metrics.SENT_TO_REVIEW.labels(reason if reason in REVIEW_REASONS else "other").inc()


def _task(outcome: str, value: bytes, orders: Mapping[str, Order]) -> None:
    metrics.UNIT_TASKS.labels(outcome).inc()


def _camera_asked(value: bytes, orders: Mapping[str, Order]) -> None:
    fact = wire.decode(value, facts.RecheckRequested)
    metrics.RECHECKS.labels("asked").inc()
    order = orders.get(fact.order_id)
    if not fact.decides and order is not None:
        metrics.RECHECKS_WITHOUT_RIGHT.labels(order.category).inc()


def _left_to_a_person(value: bytes, orders: Mapping[str, Order]) -> None:
    metrics.RECHECKS.labels(wire.decode(value, facts.RecheckAnswered).outcome).inc()
    metrics.RECHECKS.labels("person").inc()


def _checked(value: bytes, orders: Mapping[str, Order]) -> None:
    fact = wire.decode(value, facts.Checked)
    if fact.actor.role == "camera":
        metrics.RECHECKS.labels("passed" if fact.passed else "failed").inc()
    elif fact.actor.role in ON_THE_SPOT and (order := orders.get(fact.order_id)) is not None:
        for check in order.checks:
            if check.at == fact.at and check.camera_found:
                agreed = (check.camera_found == "passed") == fact.passed
                metrics.RECHECK_PAIRS.labels("agreed" if agreed else "differed").inc()


_BY_FACT: Mapping[type[facts.Fact], _Counting] = {
    facts.SentToReview: _sent_to_review,
    facts.TaskGiven: partial(_task, "given"),
    facts.TaskAccepted: partial(_task, "accepted"),
    facts.TaskDeclined: partial(_task, "declined"),
    facts.TaskLapsed: partial(_task, "lapsed"),
    facts.RecheckRequested: _camera_asked,
    facts.RecheckAnswered: _left_to_a_person,
    facts.Checked: _checked,
}
_COUNTED = {(CE_TYPE, facts.CE_TYPES[fact].encode()): counting for fact, counting in _BY_FACT.items()}
