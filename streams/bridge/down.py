"""What comes on a hub's topic above becomes below: an order a report, its end a rejection. What would go in a circle is
returned."""

from collections.abc import Callable, Mapping
from typing import Any

from dispatcher.order import facts, wire
from models.envelope import Event
from models.events import ASSIGNMENT, REWORK, WITHDRAWAL, AssignmentMessage, OrderLocation, WithdrawalMessage
from models.events.above import channel_of, cities_of, report_of, source_of
from models.events.incoming import MAX_TEXT, MAX_TITLE
from models.times import to_text
from streams.bridge.crossing import Banks, Crossing, Stays, links, report, returned, said_of, update

# What an order above needs only in some states: what is done again was accepted there, what goes on was not suspended,
# and of what the city has suspended, or is to check, no progress is told.
_MOOT = ("accept", "resume", "progress")
_NO_HUB = "{} says nothing of where the order is: the pack above has no `hub` at this department"


def down(banks: Banks, event: Event) -> Crossing | Stays:
    """What an event on the hub's topic becomes. Raises msgspec.DecodeError for data that are not what its type says."""
    read = _READ.get(event.type)
    return Stays("other") if read is None else read(banks, event.data)


def _order(banks: Banks, data: bytes) -> Crossing | Stays:
    message = wire.decode(data, AssignmentMessage)
    if message.role != "lead":
        return Stays("assist", f"{message.order_id}: a hub can lead, it cannot assist")
    cities = max((cities_of(seen.source, seen.channel) for seen in message.evidence), key=len, default=())
    if banks.below in cities:
        return _returned(banks, message)
    text = message.text or message.title or message.category
    again = message.why.by == "rework" or (message.why.by == "dispatcher" and message.binding)  # a return was refused
    if again and message.why.note:
        text = f"{text[: MAX_TEXT - len(message.why.note) - 1]}\n{message.why.note}"
    said = {
        "text": text[:MAX_TEXT],
        "title": message.title[:MAX_TITLE],
        "location": _place(message.location),
        "category": message.category,
        "media_urls": links(url for seen in message.evidence for url in seen.media_urls),
        "channel": channel_of((*cities, banks.above)),
        "due_at": None if message.due.handle_by is None else to_text(message.due.handle_by),
    }
    return report(message.order_id, source_of(banks.above), report_of(message.order_id, message.attempt), said)


def _returned(banks: Banks, message: AssignmentMessage) -> Crossing:
    """The order has come through the city below, or is its own: the duty officer above decides."""
    name = f"{report_of(message.order_id, message.attempt)}/circle"
    reason = f"it has come through {banks.below} already"
    return returned(banks, message.order_id, message.attempt, name, "not-my-function", reason)


def _withdrawal(banks: Banks, data: bytes) -> Crossing | Stays:
    message = wire.decode(data, WithdrawalMessage)
    if message.location is None:
        return Stays("no-hub", _NO_HUB.format("a withdrawal"))
    source, name = source_of(banks.above), report_of(message.order_id, message.attempt)
    said = {
        "action": "reject",
        "by": {"role": "operator", "id": source},
        "report": {"source": source, "id": name},
        "location": _place(message.location),
        "reason": f"{banks.above}: {message.reason}",
    }
    return update("below", message.order_id, source, f"{name}/withdrawn", said)


def _rework(_banks: Banks, _data: bytes) -> Stays:
    return Stays("no-hub", _NO_HUB.format("a rework"))


def _refusal(_banks: Banks, data: bytes) -> Stays:
    refused = wire.decode(data, facts.UpdateRefused)
    if refused.action in _MOOT and refused.reason == "wrong-state":
        return Stays("moot")
    return Stays("refused", f"{refused.order_id}: {refused.action} was refused above: {refused.reason}")


def _place(place: OrderLocation) -> Mapping[str, Any]:
    return said_of({"lat": place.lat, "lon": place.lon, "address": place.address, "area": place.area})


_READ: Mapping[str, Callable[[Banks, bytes], Crossing | Stays]] = {
    ASSIGNMENT: _order,
    WITHDRAWAL: _withdrawal,
    REWORK: _rework,
    facts.CE_TYPES[facts.UpdateRefused]: _refusal,
}
