"""How the demo's made-up people behave: how often each slips, asks or complains, and how long a step takes them."""

from collections.abc import Mapping

import msgspec


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """Shares between 0 and 1 of the occasions at which somebody does it; a share of 0 costs no chance."""

    returns: float = 0.04
    false_alarms: float = 0.0  # of what cameras have seen: the department finds nothing there, and that is approved
    returns_with_advice: float = 0.0  # of the returns: they name another department, and are approved
    quarrels: float = 0.0  # who gets what another department has returned returns it, too
    reworks: float = 0.06
    disagrees: float = 0.0  # 1: reviewers and dispatchers find a guess wrong as often as its own probability says
    extensions: float = 0.0
    extensions_granted: float = 0.7
    suspensions: float = 0.0
    suspensions_granted: float = 0.8
    tells: float = 0.0  # departments, how far they are
    supervises: float = 0.0  # duty officers, what was not handled in time
    prioritises: float = 0.0  # dispatchers, what a reporter has reminded of
    merges: float = 0.0  # operators, what may be the same
    calls: float = 0.0  # who did not say what they think of it
    reached: float = 0.7  # of those
    forgets: float = 0.0  # never handles what it has accepted
    lingers: float = 0.0  # takes LINGERING times as long
    answers: float = 0.0  # reporters who say what they think of it
    unhappy: float = 0.15  # of those
    reopens: float = 0.4  # of the unhappy
    reminds: float = 0.0
    appeals: float = 0.0  # departments, of what was closed late
    looks: float = 0.0  # cameras that are asked to look again: they answer
    still_there: float = 0.1  # of those: the incident is
    in_vain: float = 0.1  # units that are sent to look: there is nothing


# Nobody but for a return and a rework: what the sample day is decided with wherever figures are compared.
PLAIN = Habits()
# As a city's people are.
LIFELIKE = Habits(
    returns=0.06,
    false_alarms=0.12,
    returns_with_advice=0.55,
    reworks=0.08,
    quarrels=0.3,
    disagrees=1.0,
    extensions=0.06,
    suspensions=0.02,
    tells=0.1,
    supervises=0.3,
    prioritises=0.4,
    merges=0.3,
    calls=0.9,
    forgets=0.025,
    lingers=0.12,
    answers=0.35,
    reopens=0.0,  # to say that it is not settled reopens it
    reminds=0.03,
    appeals=0.15,
)
# The same while the demo is looked at: a unit or a camera is given the time to be the first.
LIVE = msgspec.structs.replace(LIFELIKE, looks=0.9)
LIVE_SECONDS: Mapping[str, float] = {"decide": 3.0, "accept-task": 0.5, "arrive": 1.0}
LINGERING = 6.0

# The usual hours of a step in a month of the city: of working time for who works in an office, else round the clock.
HOURS: Mapping[str, float] = {
    "decide": 0.4,
    "reject": 0.4,
    "accept": 0.8,
    "return": 1.5,
    "approve-return": 2.0,
    "refuse-return": 2.0,
    "arbitrate": 3.0,
    "re-categorise": 1.0,
    "request-extension": 2.0,
    "approve-extension": 2.0,
    "refuse-extension": 2.0,
    "request-suspension": 2.0,
    "approve-suspension": 2.0,
    "refuse-suspension": 2.0,
    "progress": 2.0,
    "supervise": 1.0,
    "prioritise": 1.0,
    "merge": 2.0,
    "call-back": 5.0,
    "handle": 5.0,
    "check-pass": 2.0,
    "check-fail": 2.0,
    "feedback": 18.0,
    "reopen": 20.0,
    "remind": 30.0,
    "appeal": 6.0,
    "approve-appeal": 8.0,
    "refuse-appeal": 8.0,
}
IN_OFFICE = ("department", "dispatcher", "inspector", "duty-officer", "operator")
