"""What was seen, and what it is taken for."""

from msgspec.structs import replace

from dispatcher.order import facts
from dispatcher.order.folds.changes import Changes, Folds, runs_anew
from dispatcher.order.folds.room import fitting, seen_weight
from dispatcher.order.row import ENDED, MergedIn, Order, PartState, kept_as, unanswered
from models.events import Evidence
from models.events.above import is_from_above, order_named
from models.sealed_words import key_name

KEPT = 20  # sightings kept in full at each end, fewer where they say much
APART = 100  # orders that a person has said are not the same, the newest
FINGERPRINTS = 50  # by which repeats are recognised: the first one, which a storm is known by, and the newest


def _seen(order: Order, evidence: Evidence, day: int, fingerprint: str, report_key: str) -> Changes:
    """One sighting more: it is kept among the first or the newest, a report is counted on its day and for its reporter,
    and the order is found by its fingerprint and report key from here on."""
    changes: Changes = {"evidence_count": order.evidence_count + 1}
    first, last = (*order.evidence_first, evidence), (*order.evidence_last[-KEPT + 1 :], evidence)
    is_long = seen_weight(evidence, KEPT) > 0
    if not order.evidence_last and len(first) <= KEPT and not (is_long and _fitting(first) < len(first)):
        changes["evidence_first"] = first
    else:
        changes["evidence_last"] = last[-_fitting(last[::-1]) :] if is_long else last
    if evidence.kind == "report":
        changes["reports_by_day"] = _count(order.reports_by_day, day, 1)
        if report_key:
            changes["report_keys"] = (*order.report_keys, report_key)
        if evidence.reporter in order.reporters:
            changes["reported_again"] = (*order.reported_again, evidence.reporter)
        elif evidence.reporter:
            changes["reporters"] = (*order.reporters, evidence.reporter)
            if order.first_response_at is not None:
                changes["untold"] = order.untold + 1
        if is_from_above(evidence.source):
            changes["from_above"] = _with_newest(order.from_above, (evidence.source, evidence.id))
    if name := key_name((evidence.text, evidence.address)):
        changes["sealed_under"] = (*order.sealed_under, name)
    if fingerprint and fingerprint not in order.fingerprints:
        known = order.fingerprints
        changes["fingerprints"] = (*known[:1], *known[1:][-FINGERPRINTS + 2 :], fingerprint)
    return changes


def _fitting(seen: tuple[Evidence, ...]) -> int:
    return fitting(seen_weight(one, KEPT) for one in seen)


def _with_newest(reports: tuple[tuple[str, str], ...], newest: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Who waits above, with one report more, which takes the place of that of an earlier attempt."""
    source, name = newest
    return (*(each for each in reports if (each[0], order_named(each[1])) != (source, order_named(name))), newest)


def _count(days: tuple[tuple[int, int], ...], day: int, times: int) -> tuple[tuple[int, int], ...]:
    counts = dict(days)
    counts[day] = counts.get(day, 0) + times
    return tuple(sorted((day, count) for day, count in counts.items() if count))


def opened(fact: facts.Opened) -> Order:
    """The first row of an order."""
    evidence, whole = fact.evidence, fact.whole
    return Order(
        id=fact.order_id,
        seq=0,
        state=fact.state,
        area=fact.area,
        opened_at=fact.at,
        recorded_at=fact.recorded_at,
        last_at=fact.at,
        pack=fact.pack,
        title=fact.title,
        text=evidence.text,
        lat=evidence.lat,
        lon=evidence.lon,
        address=evidence.address,
        place=fact.place,
        asset=fact.asset,
        channel=evidence.channel,
        hint=fact.hint,
        source=evidence.source,
        kind=evidence.kind,
        due_given=fact.due_given,
        given_due=whole.due if whole and fact.due_given else None,
        due=whole.due if whole else None,
        due_raw=whole.due if whole else None,
        limits=(whole,) if whole else (),
        linked=(fact.linked,) if fact.linked else (),
        part_of=fact.part_of,
    )


def _open(order: Order, fact: facts.Opened) -> Changes:
    if fact.part_of:  # what was seen is the joint order's, which counts it and whose end ends its words
        return {"evidence_count": 1, "evidence_first": (fact.evidence,)}
    return _seen(order, fact.evidence, fact.day, fact.fingerprint, fact.report_key)


def _evidence_added(order: Order, fact: facts.EvidenceAdded) -> Changes:
    changes = _seen(order, fact.evidence, fact.day, fact.fingerprint, fact.report_key)
    return changes if order.asset is not None or fact.asset is None else {**changes, "asset": fact.asset}


def _linked(order: Order, fact: facts.Linked) -> Changes:
    if fact.kind == "candidate":
        return {} if fact.other in order.candidates else {"candidates": (*order.candidates, fact.other)}
    return {} if fact.other in order.linked else {"linked": (*order.linked, fact.other)}


def _related(order: Order, fact: facts.Related) -> Changes:
    return {"linked": tuple(dict.fromkeys((*order.linked, fact.other)))}


def _kept_apart(order: Order, fact: facts.KeptApart) -> Changes:
    return {
        "candidates": tuple(other for other in order.candidates if other != fact.other),
        "apart": (*order.apart, fact.other)[-APART:],
    }


def _perhaps_same(order: Order, fact: facts.PerhapsSame) -> Changes:
    return {
        "candidates": tuple(dict.fromkeys((*order.candidates, fact.other))),
        "apart": tuple(other for other in order.apart if other != fact.other),
    }


def _classified(order: Order, fact: facts.Classified) -> Changes:
    return {
        "category": fact.category,
        "group": fact.group,
        "guess": fact.guess,
        "shadow": fact.shadow,
        "blind": fact.blind,
        "priority": fact.priority,
        "priority_by": fact.priority_by,
    }


def _withdrawn_above(order: Order, fact: facts.WithdrawnAbove) -> Changes:
    return {"from_above": tuple(each for each in order.from_above if each != fact.report)}


def _absorbed(order: Order, fact: facts.Absorbed) -> Changes:
    changes: Changes = {"children": (*order.children, fact.child)}
    if fact.reported_at is None:  # a fact of before does not say when its clock began
        return changes
    one = MergedIn(
        child=fact.child,
        at=fact.at,
        reported_at=fact.reported_at,
        runs_from=fact.runs_from,
        reporters=fact.reporters,
        untold=order.first_response_at is not None,
        below=fact.below,
    )
    changes["merged_in"] = (*order.merged_in, one)
    return changes | runs_anew(order, fact.whole, fact.at)


def _released(order: Order, fact: facts.Released) -> Changes:
    changes = _without(order, fact)
    after = replace(order, **changes)
    if not _somebody_told(after):  # whoever has reported it after the last answer has not been answered
        changes |= {"first_response_at": None, "untold": 0}
        merged_in = changes.get("merged_in", order.merged_in)
        changes["merged_in"] = tuple(replace(each, untold=False) for each in merged_in)
    return changes


def _somebody_told(order: Order) -> bool:
    return len(order.reporters) > order.untold or any(each.reporters and not each.untold for each in order.merged_in)


def _without(order: Order, fact: facts.Released) -> Changes:
    if fact.evidence is None:
        changes: Changes = {
            "children": tuple(child for child in order.children if child != fact.child),
            "merged_in": tuple(each for each in order.merged_in if each.child != fact.child),
        }
        if order.state == "closed" and not unanswered(replace(order, merged_in=changes["merged_in"])):
            changes |= {"call_back_at": None, "call_back": False}
        return changes | _limit_by_itself(order, fact) | _overdue_by_itself(order, fact)
    first = tuple(kept for kept in order.evidence_first if (kept.source, kept.id) != fact.evidence)
    last = tuple(kept for kept in order.evidence_last if (kept.source, kept.id) != fact.evidence)
    changes = {
        "evidence_first": first,
        "evidence_last": last,
        "evidence_count": order.evidence_count - 1,
        "report_keys": tuple(key for key in order.report_keys if key != fact.report_key),
        "linked": (*order.linked, fact.child),
    }
    if fact.evidence in order.from_above:
        changes["from_above"] = tuple(each for each in order.from_above if each != fact.evidence)
    if fact.report_key:
        changes["reports_by_day"] = _count(order.reports_by_day, fact.day, -1)
        gone = kept_as(order, fact.evidence)
        assert gone is not None  # only what the row keeps is released
        changes |= _one_report_less(order, gone.reporter, (*first, *last))
        if name := key_name((gone.text, gone.address)):
            changes["sealed_under"] = tuple(other for other in order.sealed_under if other != name)
    return changes


def _limit_by_itself(order: Order, fact: facts.Released) -> Changes:
    """The limit is that of the order without the other one; a closed order was closed by it."""
    if order.state not in ENDED or fact.whole is None:
        return runs_anew(order, fact.whole, fact.at)
    due = fact.whole.due
    changes: Changes = {"due": due, "due_raw": due}
    if order.state == "closed":
        changes["closings"] = (*order.closings[:-1], replace(order.closings[-1], due=due, due_raw=due))
    return changes


def _overdue_by_itself(order: Order, fact: facts.Released) -> Changes:
    """An order that has been overdue by the limit of another one, which is no part of it, was not before its own."""
    if fact.overdue is not None:
        still = next((since for since, until in fact.overdue if until is None), None)
        past = tuple((since, until) for since, until in fact.overdue if until is not None)
        return {"overdue_at": still, "overdue_past": past}
    came = next((each.at for each in order.merged_in if each.child == fact.child), None)
    if came is None or fact.whole is None or order.overdue_at is None or order.overdue_at < came:
        return {}
    if fact.whole.due > fact.at:
        return {"overdue_at": None, "overdue_past": order.overdue_past}
    return {"overdue_at": max(order.overdue_at, fact.whole.due)}


def _one_report_less(order: Order, reporter: str, kept: tuple[Evidence, ...]) -> Changes:
    """Who has no other report in an order is its reporter no more, and waits for no call from it."""
    if reporter in order.reported_again:
        place = order.reported_again.index(reporter)
        return {"reported_again": (*order.reported_again[:place], *order.reported_again[place + 1 :])}
    if any(each.reporter == reporter for each in kept):  # a row of before does not say who has reported again
        return {}
    changes: Changes = {"reporters": tuple(who for who in order.reporters if who != reporter)}
    if reporter in order.reporters[len(order.reporters) - order.untold :]:
        changes["untold"] = order.untold - 1
    if order.state == "closed" and not unanswered(replace(order, reporters=changes["reporters"])):
        changes |= {"call_back_at": None, "call_back": False}
    return changes


def _divided(order: Order, fact: facts.Divided) -> Changes:
    return {"parts": (*order.parts, *fact.parts)}


def _part_opened(order: Order, fact: facts.PartOpened) -> Changes:
    parts = _with_part(order, fact.part, fact.order, "open")["parts"]
    return {
        "parts": tuple(replace(part, department=fact.department) if part.name == fact.part else part for part in parts)
    }


def _part_ended(order: Order, fact: facts.PartEnded) -> Changes:
    return _with_part(order, fact.part, fact.order, "passed" if fact.passed else "dropped")


def _with_part(order: Order, name: str, its_order: str, state: PartState) -> Changes:
    return {
        "parts": tuple(
            replace(part, order=its_order, state=state) if part.name == name else part for part in order.parts
        )
    }


FOLDS: Folds = {
    facts.Divided: _divided,
    facts.PartOpened: _part_opened,
    facts.PartEnded: _part_ended,
    facts.Opened: _open,
    facts.EvidenceAdded: _evidence_added,
    facts.Linked: _linked,
    facts.Related: _related,
    facts.KeptApart: _kept_apart,
    facts.PerhapsSame: _perhaps_same,
    facts.Classified: _classified,
    facts.WithdrawnAbove: _withdrawn_above,
    facts.Absorbed: _absorbed,
    facts.Released: _released,
}
