"""Who may do what 权限: the roles that a token can have, what each may ask the gateway for, and as whom it acts.

Who somebody is comes from the token. Whether a step of an order may be taken is the table of the lifecycle's affair;
here stands which of its roles a holder is.
"""

from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from models.events.vocabulary import ROLES, Names
from models.inbox import Actor

Right = Literal[
    "report",
    "detect",
    "locate",
    "act",
    "own-reports",
    "orders",
    "figures",
    "staff",
    "silence",
    "approve-silences",
    "metrics",
    "describe",
]

# What may be asked of the gateway.
RIGHTS: Mapping[Right, str] = {
    "report": "send reports",
    "detect": "send detections",
    "locate": "say where a mobile unit is",
    "act": "ask for steps of orders",
    "own-reports": "see what became of the reports that it has sent",
    "orders": "read orders",
    "figures": "read the figures of the city and its departments",
    "staff": "read figures and lists by person",
    "silence": "silence something for a time, and end that",
    "approve-silences": "approve what somebody else wants silenced",
    "metrics": "read the gateway's metrics",
    "describe": "read the description of the API",
}


class Access(msgspec.Struct, frozen=True):
    """One row: what a role is called, what it may ask for, and which role of the lifecycle it acts as ("": none).

    `needs` are the fields that its tokens must have besides a role and a person.
    """

    names: Names
    rights: frozenset[Right]
    acts_as: str = ""
    needs: tuple[str, ...] = ()
    note: str = ""


_READS: frozenset[Right] = frozenset(("orders", "figures", "describe"))
_ACTS: frozenset[Right] = _READS | {"act"}


def _official(role: str, *more: Right) -> Access:
    """A role of the lifecycle whose people work at the operations desk."""
    return Access(ROLES[role], _ACTS | set(more), role)


# The names of roles that are also the lifecycle's stand there.
ACCESS: Mapping[str, Access] = {
    "sensor": Access(
        ("感知设备", "sensor"), frozenset(("detect", "describe")), needs=("source",), note="a platform of cameras"
    ),
    "app": Access(
        ("受理渠道", "app"), frozenset(("report", "own-reports", "describe")), note="reports only: an app, a hotline"
    ),
    "reporter": Access(
        ROLES["reporter"],
        frozenset(("report", "own-reports", "act", "describe")),
        "reporter",
        note="one citizen, whose reports are that person's alone",
    ),
    "department": Access(
        ROLES["department"], _ACTS, "department", ("department",), "one department: its own orders only"
    ),
    "inspector": _official("inspector"),
    "unit": Access(
        ROLES["unit"],
        _ACTS | {"locate"},
        "unit",
        note="one mobile unit, whose id is the person: it acts on its own tasks only",
    ),
    "reviewer": _official("reviewer"),
    "dispatcher": _official("dispatcher", "silence"),
    "duty-officer": _official("duty-officer", "staff", "silence", "approve-silences"),
    "operator": _official("operator", "staff", "silence", "approve-silences"),
    "ops": Access(("运维", "operations"), _READS | {"metrics"}, note="reads"),
    "public": Access(("公众", "public"), frozenset(("figures", "describe")), note="aggregates only"),
    "admin": Access(
        ("系统管理员", "administrator"),
        _READS | {"staff", "metrics"},
        note="reads everything; whoever hands out the tokens takes no steps",
    ),
}


class Holder(msgspec.Struct, frozen=True):
    """Whose token it is: a role of `ACCESS`, the person's or system's id, the prefix of the sources of what it sends,
    where the role has one the department, and an area ("": the whole city) beyond which it sees and does nothing."""

    role: str
    person: str
    source: str
    department: str = ""
    area: str = ""


def may(holder: Holder | None, *wanted: Right) -> bool:
    """Whether somebody may ask for what needs one of these rights. None is whoever tries it out without tokens."""
    return holder is None or not ACCESS[holder.role].rights.isdisjoint(wanted)


def actor(holder: Holder) -> Actor:
    """As whom a holder takes steps. Only for roles that act."""
    return Actor(ACCESS[holder.role].acts_as, holder.department, holder.person)


def is_sender(sender: Actor, by: Actor) -> bool:
    """Whether what says that it is `by` somebody can be from this sender. What the sender is not known by, is free."""
    return (sender.role, sender.department) == (by.role, by.department) and sender.id in ("", by.id)


def prefixed(holder: Holder | None, given: str) -> str:
    """The source under which a holder sends what it calls `given` ("": nothing): nobody gets into another's sources."""
    if holder is None or is_source_of(holder, given):
        return given
    return f"{holder.source}/{given}" if given else holder.source


def is_source_of(holder: Holder, source: str) -> bool:
    """Whether a source is one of those under which a holder sends."""
    return source == holder.source or source.startswith(f"{holder.source}/")


def sees(holder: Holder | None, departments: Collection[str], areas: Collection[str]) -> bool:
    """Whether a holder may see an order that these departments have or had, in an area and those above it.

    A department sees its own orders; those that it has given back too, which count in its figures.
    """
    if holder is None:
        return True
    return (not holder.department or holder.department in departments) and holder.area in ("", *areas)
