"""Timers: what falls due, as a pure function of the order's row.

| kind           | while                                      | due                      | emits                     |
|----------------|--------------------------------------------|--------------------------|---------------------------|
| warn/<stage>   | the stage's limit counts, not yet warned   | 80 % of the limit        | warned                    |
| breach/<stage> | the stage's limit counts, not yet breached | 100 % of the limit       | breached (and supervised) |
| …/handle/<id>  | the limit of a department that has handed  | 80 % and 100 % of it     | warned, breached          |
|                | the order down counts: until it confirms   |                          |                           |
| supervise      | a breach of the department's stands, or    | a set interval, or the   | supervised, one level up  |
|                | a duty officer has ordered supervision     | officer's deadline       |                           |
| escalate-check | a check that is late was told of           | a set interval           | supervised, one level up  |
| recheck        | a camera is asked to look again            | its deadline             | recheck-answered          |
| resume         | suspended                                  | the end of suspension    | resumed                   |
| task           | a mobile unit has been given to look at it | its next step's time     | task-lapsed, task-given   |
| call-back      | a reporter is yet to say what they think   | a set time after closing | call-back-due             |
| archive        | ended                                      | the window after the end | archived                  |

The pending timers of a partition are one sorted list of (due, key, kind). Of an order only the first one stands there:
when it has come up, the next one takes its place. An entry is checked against `timers` when it comes up; one that the
order has outgrown vanishes, so nothing ever has to be taken out of the list.
"""

from dispatcher.order.chain import answered, confirmed
from dispatcher.order.outline import Outline
from dispatcher.order.row import ENDED, OPEN, Order, RunningLimit
from models.city import LimitStage

# In which states a stage's limit counts. Handled and waiting for its check, or suspended, an order is not overdue.
COUNTS: dict[LimitStage, frozenset[str]] = {
    "review": frozenset({"review"}),
    "accept": frozenset({"assigned"}),
    "handle": frozenset({"assigned", "accepted"}),
    "check": frozenset({"handled"}),
    "return": frozenset({"returned"}),
    "arbitration": frozenset({"arbitration"}),
    "whole": OPEN - {"handled", "suspended"},
}
# Breaches that are a department's, in the order in which they escalate.
SUPERVISED: tuple[LimitStage, ...] = ("accept", "handle", "whole")

ESCALATE_CHECK = "escalate-check"
RECHECK = "recheck"
CALL_BACK = "call-back"
TASK = "task"
# In which states the limit of a department that has handed the order down counts.
_BELOW = COUNTS["handle"] | {"handled"}

_WARN = {stage: f"warn/{stage}" for stage in COUNTS}
_BREACH = {stage: f"breach/{stage}" for stage in COUNTS}

Timer = tuple[int, str]


def timers(order: Order | Outline) -> tuple[Timer, ...]:
    """All that is pending for an order: (due in ms, kind)."""
    if order.quarantined:
        return ()
    if order.state in ENDED:
        ends = ((order.call_back_at, CALL_BACK), (order.archive_at, "archive"))
        return tuple((at, kind) for at, kind in ends if at is not None)
    if order.state == "suspended":
        return ((order.suspended_until, "resume"),) if order.suspended_until is not None else ()
    pending: list[Timer] = []
    state, fired, chained = order.state, order.fired, order.held_for != ()
    for limit in order.limits:
        if (counts(order, limit) if chained else state in COUNTS[limit.stage]) and not breached(order, limit):
            warn, breach = _names(limit)
            if warn not in fired:
                pending.append((limit.warn_at, warn))
            pending.append((limit.due, breach))
    if order.supervise_at is not None and escalating(order):
        pending.append((order.supervise_at, "supervise"))
    if order.recheck is not None and not order.recheck.found:
        pending.append((order.recheck.due, RECHECK))
    if order.check_escalates_at is not None:
        pending.append((order.check_escalates_at, ESCALATE_CHECK))
    if order.task is not None:
        pending.append((order.task.due, TASK))
    return tuple(pending)


def counts(order: Order | Outline, limit: RunningLimit) -> bool:
    """Whether a running limit counts in the order's state.

    Of a department that has handed the order down it counts until that department has confirmed what was done; and so
    does the order's own, until the topmost has.
    """
    if order.held_for:
        if limit.department:
            return order.state in _BELOW and not confirmed(order, limit.department)
        if limit.stage == "whole" and order.state == "handled":
            return not answered(order)
    return order.state in COUNTS[limit.stage]


def _names(limit: RunningLimit) -> tuple[str, str]:
    """The kinds of a limit's two timers."""
    if limit.department:
        return f"warn/{limit.name}", f"breach/{limit.name}"
    return _WARN[limit.stage], _BREACH[limit.stage]


def breached(order: Order | Outline, limit: RunningLimit) -> bool:
    """Whether a running limit's breach stands."""
    if limit.department:
        return any(x.department == limit.department and x.handle_missed_at is not None for x in order.held_for)
    if limit.stage == "whole":
        return order.overdue_at is not None
    if limit.stage == "handle":
        return bool(order.assignments) and order.assignments[-1].handle_missed_at is not None
    return _BREACH[limit.stage] in order.fired


def escalating(order: Order | Outline) -> LimitStage | None:
    """The stage for which supervision keeps rising: that of a standing breach, or `whole` where a duty officer has
    ordered it; None when there is none."""
    standing = {limit.stage for limit in order.limits if counts(order, limit) and breached(order, limit)}
    ordered: LimitStage | None = "whole" if order.supervision_ordered and order.state in COUNTS["whole"] else None
    return next((stage for stage in SUPERVISED if stage in standing), ordered)
