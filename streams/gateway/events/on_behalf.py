"""Whose an event is: the token says it, and what the body says besides must agree."""

from collections.abc import Collection, Mapping

import msgspec

from models.access import Holder, actor, is_sender
from models.envelope import Event
from models.errors import Poison
from models.inbox import Actor
from models.redact import KNOWN_AS
from streams.gateway.events.request_event import data_of, with_data
from streams.gateway.http.auth import is_citizen
from streams.gateway.http.problems import Problem, of_poison

# The fields of an update that a reporter's link fills.
_BY_LINK = ("action", "order_id", "attempt", "reason", "satisfied", "satisfaction", "evidence_urls")


def of_update(event: Event, holder: Holder | None) -> Event:
    """The update with its `by` filled from the token. One that names somebody else itself keeps that, and says who has
    sent it (`sender`): the desk refuses it. Without tokens an update is by whom it says.

    Its data are an object, as those of every update that has its order from the address.
    """
    data = data_of(event)
    data.pop("sender", None)
    if holder is not None:
        me = actor(holder)
        said = _named(data.get("by"), me)
        if said is not None:  # else it is no name at all, and the contract has a word on that
            data |= {"by": _fields(me)} if is_sender(me, said) else {"by": _fields(said), "sender": _fields(me)}
    return with_data(event, data)


def names_another(event: Event) -> bool:
    """Whether an update that `of_update` gave names somebody else than who has sent it."""
    return "sender" in data_of(event)


def asked_step(event: Event) -> str:
    """The step that an update which keeps its contract asks for."""
    return _text(data_of(event), "action")


def other_order(event: Event) -> str:
    """The order that an update which keeps its contract names beside its own; empty where it names none."""
    return _text(data_of(event), "other_order_id")


def of_link(event: Event, role: str, person: str, steps: Collection[str]) -> Event:
    """The update of whoever has the link of a reporter or of a citizen of the pool (`role`), known by their hash, with
    what such a link may say alone.

    Raises Problem for a step that is none of `steps`, and Poison for data that are no object.
    """
    data = data_of(event)
    if data.get("action") not in steps:
        raise Problem(422, "invalid", f"action must be one of {', '.join(steps)}", field="action", rule="unknown")
    said = {name: data[name] for name in _BY_LINK if name in data}
    return with_data(event, said | {"by": {"role": role, "id": f"{KNOWN_AS}{person}"}})


def of_report(event: Event, holder: Holder | None) -> Event:
    """The report with its reporter filled from a citizen's own token, and of when it comes in: its clock and its limits
    do not begin when the person says. From other tokens as it is.

    Raises Problem for one that names somebody else or sets a limit, which is for channels, and for data that are no
    object.
    """
    if holder is None or not is_citizen(holder):
        return event
    try:
        data = data_of(event)
    except Poison as poison:
        raise of_poison(poison) from None
    said = data.get("reporter") or {}
    if not isinstance(said, dict):
        return event  # the contract has a word on it
    if _text(said, "id") not in ("", holder.person):
        raise not_the_sender(holder, event)
    if "due_at" in data:  # also null, which says that there is no limit
        raise Problem(
            403, "forbidden", "a citizen's report has the limits of the city: leave due_at out", field="due_at"
        )
    now = msgspec.structs.replace(event, time=None)
    return with_data(now, data | {"reporter": said | {"id": holder.person}})


def of_unit(event: Event, holder: Holder | None) -> Event:
    """What a mobile unit says of itself, with the unit filled from its token.

    Raises Problem for one that names another, and for data that are no object.
    """
    if holder is None:
        return event
    try:
        data = data_of(event)
    except Poison as poison:
        raise of_poison(poison) from None
    said = data.get("unit")
    if (said.strip() if isinstance(said, str) else said) not in (None, "", holder.person):
        raise not_the_sender(holder, event)
    return with_data(event, data | {"unit": holder.person})


def not_the_sender(holder: Holder, event: Event) -> Problem:
    """403: the body says that it is somebody else's."""
    detail = "the body names somebody else than the token: leave out who it is, or name its holder"
    named = {"source": event.source, "id": event.id}
    return Problem(403, "not-the-sender", detail, role=holder.role, event=named)


def _named(by: object, me: Actor) -> Actor | None:
    """Whom `by` names; what it leaves out is mine. None where that is no such thing."""
    if by is None:
        return me
    if not isinstance(by, dict) or not all(each is None or isinstance(each, str) for each in by.values()):
        return None
    department = _text(by, "department")
    role = _text(by, "role") or ("department" if department else me.role)
    return Actor(role, department or me.department, _text(by, "id") or me.id)


def _text(fields: Mapping[str, object], name: str) -> str:
    return str(fields.get(name) or "").strip()


def _fields(who: Actor) -> dict[str, str]:
    return {name: value for name, value in msgspec.structs.asdict(who).items() if value}
