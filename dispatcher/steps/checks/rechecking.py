"""Re-checks 复核: the camera that sees an incident looks again when it is handled, before a person has to go there.

The camera is asked until a deadline. What it finds is the check, as an inspector's is, but for three cases in which a
person makes it: the camera does not answer; it lies in the share of passes that people make anyway 抽查; or its
category has lost the right, as cameras and inspectors have agreed too seldom of late. In the last two the two are
compared, so a category can win the right back.
"""

from dispatcher.order import facts
from dispatcher.order.row import ON_THE_SPOT, Order, kept_evidence
from dispatcher.partition.identity import share
from dispatcher.partition.state import Agreement
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from dispatcher.steps import concluding
from dispatcher.steps.checks import checking
from models.events import COVERED, Evidence
from models.inbox import OWN_SIGHTINGS, Actor
from models.times import MINUTE_MS

COMPARED = 100  # the newest pairs of a category that count
_NOTHING = Agreement()


def begin(work: UnitOfWork, order: Order, at: int) -> Order:
    """A handled order waits for its check: ask the camera that has seen it last. Without one, or where its category has
    lost the right, the check is given to an inspector at once."""
    seen = _last_seen(work, order)
    minutes = work.city.settings.recheck_minutes
    if seen is None or not minutes:
        return checking.give(work, order, at)
    decides = has_right(work, order.category)
    order = work.emit(
        facts.RecheckRequested(
            **work.head(order, at, DESK),
            camera=seen.camera,
            source=seen.source,
            label=seen.label,
            algorithm=seen.algorithm,
            object_id=seen.object_id,
            bbox=seen.bbox,
            media_urls=seen.media_urls,
            due=_deadline(order, work.bounded(order, at), minutes),
            decides=decides,
        )
    )
    return order if decides else checking.give(work, order, at)


def has_right(work: UnitOfWork, category: str) -> bool:
    """Whether cameras' looks decide in a category: not where, of enough pairs of late, too few agree."""
    pairs, settings = _pairs(work, category), work.city.settings
    return len(pairs) < settings.recheck_pairs_min or sum(pairs) >= settings.recheck_agreement_min * len(pairs)


def judge(
    work: UnitOfWork, order: Order, at: int, by: Actor, *, passed: bool, note: str, evidence_urls: tuple[str, ...]
) -> Order:
    """The camera that was asked has looked: that is the check, or is kept to be compared with a person's."""
    recheck = order.recheck
    assert recheck is not None  # the guard "asked-camera", or whoever calls, has seen it
    sampled = passed and share(f"recheck {order.id}") < work.city.settings.recheck_share
    if recheck.decides and not sampled:
        return concluding.check(work, order, at, by, passed=passed, note=note, evidence_urls=evidence_urls)
    order = work.emit(
        facts.RecheckAnswered(
            **work.head(order, at, by),
            outcome="passed" if passed else "failed",
            reason=note,
            evidence_urls=evidence_urls,
        )
    )
    return checking.give(work, order, at) if recheck.decides else order


def lapse(work: UnitOfWork, order: Order, due: int) -> None:
    """The camera has not answered in time: a person makes the check."""
    recheck = order.recheck
    assert recheck is not None  # else its timer would not be pending
    order = work.emit(facts.RecheckAnswered(**work.timer_head(order, due), outcome="silent"))
    if recheck.decides:
        checking.give(work, order, due)


def compare(work: UnitOfWork, order: Order, by: Actor, *, passed: bool) -> None:
    """A person makes the check of an order that the camera has looked at: whether the two agree is remembered."""
    if by.role not in ON_THE_SPOT or order.recheck is None or not order.recheck.found:
        return
    agreed = (order.recheck.found == "passed") == passed
    pairs = (*_pairs(work, order.category), agreed)[-COMPARED:]
    work.overlay.agreements.put(order.category, Agreement(pairs))


def _pairs(work: UnitOfWork, category: str) -> tuple[bool, ...]:
    return (work.overlay.agreements.get(category) or _NOTHING).pairs


def _last_seen(work: UnitOfWork, order: Order) -> Evidence | None:
    """The newest sighting of a registered camera. What the desk itself notices no camera has seen, and what a parent
    incident covers shows something else."""
    found = [
        each
        for one in (order, *work.children(order))
        for each in kept_evidence(one)
        if each.camera in work.city.cameras and each.source != OWN_SIGHTINGS and not each.rule.startswith(COVERED)
    ]
    return max(found, key=lambda each: (each.at, each.source, each.id), default=None)


def _deadline(order: Order, at: int, minutes: float) -> int:
    """Until when the camera is waited for: a person must still have time for the check."""
    warned = [limit.warn_at for limit in order.limits if limit.stage == "check"]
    return min([at + int(minutes * MINUTE_MS), *warned])
