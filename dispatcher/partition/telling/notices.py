"""What the desk tells reporters, departments, inspectors and supervisors of what happens to an order: its notices."""

import msgspec

from dispatcher.order import facts, wire
from dispatcher.order.facts import Fact
from dispatcher.order.row import Order
from dispatcher.partition.decision import Outgoing
from models.city import URGENT
from models.events import NOTICE, Audience, Notice

# Who cares about which fact: what waits for a dispatcher, reviewer or duty officer goes to `supervisor`, what a
# department has asked for comes back to it. A reporter's notice goes to every reporter of the order.
AUDIENCES: dict[type[Fact], tuple[Audience, ...]] = {
    facts.Opened: ("reporter",),
    facts.SentToReview: ("supervisor",),
    facts.Decided: ("supervisor",),
    facts.Assigned: ("reporter", "department"),
    facts.Forwarded: ("department",),
    facts.Recalled: ("department",),
    facts.HandedUp: ("department",),
    facts.Confirmed: ("department",),
    facts.Divided: ("department", "reporter"),
    facts.PartOpened: ("department",),
    facts.PartEnded: ("department",),
    facts.Accepted: ("reporter",),
    facts.Progressed: ("department",),
    facts.Returned: ("supervisor",),
    facts.ReturnApproved: ("department",),
    facts.TakenBack: ("department",),
    facts.Recategorised: ("department", "reporter"),
    facts.AreaMoved: ("department",),
    facts.Prioritised: ("department", "supervisor"),
    facts.ReturnRefused: ("department",),
    facts.SentToArbitration: ("department", "supervisor"),
    facts.ExtensionRequested: ("supervisor",),
    facts.ExtensionApproved: ("department", "reporter"),
    facts.ExtensionRefused: ("department",),
    facts.SuspensionRequested: ("supervisor",),
    facts.SuspensionRefused: ("department",),
    facts.Suspended: ("department", "reporter"),
    facts.Resumed: ("department", "reporter"),
    facts.Handled: ("reporter",),
    facts.CheckGiven: ("inspector",),
    facts.TaskGiven: ("department",),
    facts.TaskAccepted: ("department",),
    facts.UnitArrived: ("department",),
    facts.TaskDeclined: ("supervisor",),
    facts.TaskLapsed: ("supervisor",),
    facts.Verified: ("department", "supervisor"),
    facts.Checked: ("department",),
    facts.Closed: ("reporter", "department"),
    facts.JudgementRequested: ("citizen",),
    facts.JudgementGiven: ("supervisor",),
    facts.Reopened: ("reporter", "supervisor"),
    facts.FeedbackReceived: ("department",),
    facts.CallBackDue: ("supervisor",),
    facts.CalledBack: ("department",),
    facts.Appealed: ("supervisor",),
    facts.AppealReviewed: ("department",),
    facts.Rejected: ("reporter", "department"),
    facts.Merged: ("reporter", "department"),
    facts.Related: ("department",),
    facts.Unmerged: ("reporter",),
    facts.Warned: ("department",),
    facts.Breached: ("department", "supervisor"),
    facts.Supervised: ("department", "supervisor"),
    facts.SupervisionOrdered: ("department", "supervisor"),
    facts.Reminded: ("department", "supervisor"),
    facts.Commented: ("department", "supervisor"),
    facts.Quarantined: ("supervisor",),
}

_MISSING_A_LIMIT = (facts.Warned, facts.Breached)
_OF_A_LIMIT = (*_MISSING_A_LIMIT, facts.Supervised)
# The same where it is the check that is late, which is nothing to the department.
_OF_A_CHECK: dict[type[Fact], tuple[Audience, ...]] = {
    facts.Warned: ("inspector",),
    facts.Breached: ("inspector", "supervisor"),
    facts.Supervised: ("inspector", "supervisor"),
}


def notices(before: Order | None, order: Order, fact: Fact, others: tuple[str, ...] = ()) -> list[Outgoing]:
    """One notice for each party that cares; `others` are the reporters of orders that were merged into this one."""
    whom = [
        (audience, to)
        for audience in _audiences(order, fact)
        for to in _recipients(audience, before, order, fact, others)
    ]
    return _told(order, fact, whom)


def _audiences(order: Order, fact: Fact) -> tuple[Audience, ...]:
    if isinstance(fact, _OF_A_LIMIT) and fact.stage == "check":
        return _OF_A_CHECK[type(fact)]
    audiences = AUDIENCES.get(type(fact), ())
    if isinstance(fact, facts.JudgementGiven) and fact.settled:  # as the check had it
        return ()
    # The supervisors hear with the department of what is a matter of life and limb.
    return (*audiences, "supervisor") if order.priority == URGENT and isinstance(fact, facts.Assigned) else audiences


def subscribed(order: Order, fact: facts.EvidenceAdded) -> list[Outgoing]:
    """The reporter whose report has joined an order is told so."""
    who = fact.evidence.reporter
    return _told(order, fact, [("reporter", who)]) if who else []


def _recipients(
    audience: Audience, before: Order | None, order: Order, fact: Fact, others: tuple[str, ...]
) -> tuple[str, ...]:
    if audience == "reporter":
        return tuple(dict.fromkeys((*order.reporters, *others)))
    if audience == "citizen":
        return order.jury
    if audience == "department":
        department = order.department or (before.department if before else "")
        if isinstance(fact, _MISSING_A_LIMIT):  # of the one whose limit it is
            department = fact.department or department
        return (department,) if department else ()
    if audience == "inspector":
        return (order.inspector,) if order.inspector else ()
    return ("supervisor",)


def _told(order: Order, fact: Fact, whom: list[tuple[Audience, str]]) -> list[Outgoing]:
    """A notice for each of them. All are encoded as one, and differ in their beginning alone."""
    if not whom:
        return []
    audience, to = whom[0]
    first = Notice(
        audience=audience,
        to=to,
        order_id=order.id,
        seq=fact.seq,
        kind=facts.NAMES[type(fact)],
        state=order.state,
        attempt=order.attempt,
        priority=order.priority,
        at=fact.at,
        note=facts.note(fact),
    )
    values = [wire.encode(first)]
    if len(whom) > 1:
        rest = values[0].removeprefix(_beginning(audience, to))
        values.extend(_beginning(audience, to) + rest for audience, to in whom[1:])
    event_id = facts.ce_id(fact)
    return [
        Outgoing("notices", to, value, wire.headers(NOTICE, f"{event_id}/{audience}/{to}", order.id, fact.at))
        for (audience, to), value in zip(whom, values, strict=True)
    ]


def _beginning(audience: Audience, to: str) -> bytes:
    """How the JSON of a notice begins: its first two fields."""
    return b'{"audience":"%b","to":%b' % (audience.encode(), msgspec.json.encode(to))
