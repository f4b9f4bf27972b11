"""The fold: an order's row from its facts. `apply` is the only maker of rows, so a row always equals its log.

One function per fact, in tables by the part of an order's life (`dispatcher.order.folds`). None of them decides
anything: what is allowed and what follows is the desk's affair, and all that it decided stands in the fact.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from dispatcher.order import facts
from dispatcher.order.facts import Fact
from dispatcher.order.folds import departments, elapsed, endings, evidence, handling, hops, looking
from dispatcher.order.folds.changes import Folds
from dispatcher.order.folds.room import fitting, weight
from dispatcher.order.row import Assignment, Entry, Order
from models.sealed_words import key_name

TIMELINE = 200  # the newest entries; the log keeps all
PHOTOS = 40  # the newest addresses of photos in it: a row has to fit into a record
TIMERS = (
    facts.Warned,
    facts.Breached,
    facts.Supervised,
    facts.Quarantined,
    facts.CallBackDue,
    facts.TaskLapsed,
    facts.Archived,
)
SILENT = (facts.EvidenceAdded, facts.Linked, facts.Classified)
FOLDS: Folds = (
    evidence.FOLDS | departments.FOLDS | hops.FOLDS | handling.FOLDS | looking.FOLDS | endings.FOLDS | elapsed.FOLDS
)


def apply(order: Order | None, fact: Fact) -> Order:
    """The row after one more fact. Raises ValueError when the fact is not the next one of this order."""
    if order is None:
        if not isinstance(fact, facts.Opened) or fact.seq != 1:
            raise ValueError(f"{fact.order_id} cannot begin with {facts.NAMES[type(fact)]} {fact.seq}")
        order = evidence.opened(fact)
    elif fact.order_id != order.id or fact.seq != order.seq + 1:
        raise ValueError(f"{fact.order_id}/{fact.seq} cannot follow {order.id}/{order.seq}")
    changes = FOLDS[type(fact)](order, fact)  # type: ignore[arg-type]  # it stands under the kind that it takes
    if order.recheck is not None and fact.state != "handled":  # nothing waits for its check any more
        changes["recheck"] = None
    changes |= looking.after_state(order, fact)
    if turns := changes.get("assignments"):
        changes["assignments"] = _newest_reasons(turns)
    changes |= {"seq": fact.seq, "state": fact.state, "recorded_at": fact.recorded_at}
    if not isinstance(fact, TIMERS):
        # Timers do not move `last_at`: a step that happened before a breach may still arrive after it.
        changes["last_at"] = max(order.last_at, fact.at)
        if order.quarantined and not isinstance(fact, SILENT):
            changes["quarantined"] = ""
    if not isinstance(fact, SILENT):
        entry = Entry(
            seq=fact.seq,
            fact=facts.NAMES[type(fact)],
            at=fact.at,
            state=fact.state,
            actor=fact.actor,
            department=changes.get("department", order.department),
            attempt=changes.get("attempt", order.attempt),
            note=facts.note(fact),
            evidence_urls=getattr(fact, "evidence_urls", ()),
        )
        timeline = (*order.timeline[-TIMELINE + 1 :], entry)
        if weight((entry.note,), TIMELINE):
            timeline = _newest_notes(timeline)
        changes["timeline"] = _newest_photos(timeline) if entry.evidence_urls else timeline
        before = changes.get("sealed_under", order.sealed_under)
        if (name := key_name((entry.note, *entry.evidence_urls))) and name not in before:
            changes["sealed_under"] = (*before, name)
    return replace(order, **changes)


def _newest_reasons(turns: tuple[Assignment, ...]) -> tuple[Assignment, ...]:
    """The turns, of which the last alone keeps a long note of why; the timeline says for a while what it was."""
    if not any(_is_long(turn) for turn in turns[:-1]):
        return turns
    former = (replace(t, why=replace(t.why, note="")) if _is_long(t) and t.why else t for t in turns[:-1])
    return (*former, turns[-1])


def _is_long(turn: Assignment) -> bool:
    return turn.why is not None and weight((turn.why.note,), TIMELINE) > 0


def _newest_notes(timeline: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The timeline with so many of its long notes as there is room for; the entries that are older keep short ones."""
    count = fitting(weight((entry.note,), TIMELINE) for entry in reversed(timeline))
    older, newest = timeline[:-count], timeline[-count:]
    return (*(replace(entry, note="") if weight((entry.note,), TIMELINE) else entry for entry in older), *newest)


def _newest_photos(timeline: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The timeline with `PHOTOS` addresses at most; the entries that are older than these keep none."""
    room, kept = PHOTOS, []
    for entry in reversed(timeline):
        room -= len(entry.evidence_urls)
        kept.append(entry if room >= 0 or not entry.evidence_urls else replace(entry, evidence_urls=()))
    return tuple(reversed(kept))


def fold(log: Iterable[Fact]) -> Order | None:
    """The row of a whole log of one order; None of an empty one."""
    order: Order | None = None
    for fact in log:
        order = apply(order, fact)
    return order
