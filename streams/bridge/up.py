"""What a step below becomes above: what the department that is the hub does with its order.

What moves it from one stage to another stands in a table; what happens within a stage is told, or asked for where it is
a request.
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import msgspec

from dispatcher.order import wire
from models.envelope import Event
from models.events import DEAD_LETTER, UPWARD_STEP, Action, DeadLetter, UpwardStage, UpwardStepMessage
from models.events.above import order_of, source_of
from models.events.vocabulary import RETURN_CODES
from models.sealed_words import key_names
from models.times import to_text
from streams.bridge.crossing import Banks, Crossing, Stays, links, returned, update

_TOLD: tuple[Action, ...] = ("comment",)
# From one stage below to another: what the department above does. A report that joins begins with `waiting`.
MOVES: Mapping[tuple[UpwardStage, UpwardStage], tuple[Action, ...]] = {
    **{(one, other): _TOLD for one in get_args(UpwardStage) for other in get_args(UpwardStage)},
    **{(one, "refused"): ("return",) for one in get_args(UpwardStage)},
    ("waiting", "under-way"): ("accept",),
    ("waiting", "done"): ("accept", "handle"),
    ("elsewhere", "under-way"): ("accept",),
    ("elsewhere", "done"): ("accept", "handle"),
    ("under-way", "done"): ("handle",),
    # Within a stage.
    ("under-way", "under-way"): ("progress",),
    ("refused", "refused"): _TOLD,
}
# Facts within a stage that ask for something above: each platform grants its own time.
REQUESTS: Mapping[str, Action] = {
    "extension-approved": "request-extension",
    "suspended": "request-suspension",
    "resumed": "resume",
}


def up(banks: Banks, event: Event) -> Sequence[Crossing] | Stays:
    """What a step of an order from above, or the dead letter of one, becomes, in this order. Raises
    msgspec.DecodeError for data that are not what its type says."""
    if event.type == DEAD_LETTER:
        return _never_taken_in(banks, event)
    if event.type != UPWARD_STEP:
        return Stays("other")
    step = wire.decode(event.data, UpwardStepMessage)
    if step.source != source_of(banks.above):
        return Stays("other")
    return [_does(banks, step, action) for action in actions(step)]


def actions(step: UpwardStepMessage) -> tuple[Action, ...]:
    """What the department above does at a step below. What is done there without a picture of it nobody above can
    check: it is returned, for a person to look at."""
    before: UpwardStage = step.before or "waiting"
    if before == step.stage and step.kind in REQUESTS:
        return (REQUESTS[step.kind],)
    moves = MOVES[before, step.stage]
    if "handle" in moves and not links(step.evidence_urls):
        moves = ("return",)
    # The city may have suspended it only now, or for longer: then it takes neither.
    return ("resume", *moves) if step.was_suspended and {"handle", "return"} & {*moves} else moves


def _does(banks: Banks, step: UpwardStepMessage, action: Action) -> Crossing:
    order_id, attempt = order_of(step.id)
    note = "" if key_names(step.note.encode()) else step.note  # a reporter's own words stay sealed, and below
    said: dict[str, Any] = {
        "action": action,
        "by": {"department": banks.hub, "id": banks.source},
        "order_id": order_id,
        "attempt": attempt,
        "reason": " · ".join(filter(None, (banks.below, step.order_id, step.department, step.kind, note))),
        "evidence_urls": links(step.evidence_urls),
    }
    if action == "return":
        said["code"] = _code(step)
    if action == "request-suspension" and step.until is not None:
        said["until"] = to_text(step.until)
    name = f"{step.id}/{step.order_id}/{step.seq}/{action}"
    return update("above", order_id, banks.source, name, said, step.at if banks.dated else None)


def _code(step: UpwardStepMessage) -> str:
    if step.stage != "refused":
        return "unclear"
    return step.note if step.note in RETURN_CODES else "not-my-function"


def _never_taken_in(banks: Banks, event: Event) -> Sequence[Crossing] | Stays:
    """An order that intake below could not take is nobody's there. What somebody else has sent under its name, to
    another topic, says nothing of it."""
    letter = msgspec.json.decode(event.data, type=DeadLetter)
    if letter.event_source != source_of(banks.above) or (letter.topic != banks.landing and letter.stage != "desk"):
        return Stays("other")
    try:
        order_id, attempt = order_of(letter.event_id)
    except ValueError:
        return Stays("other")
    reason = f"{banks.below} could not take it in: {letter.message}"
    return [returned(banks, order_id, attempt, f"{letter.event_id}/dead-letter", "unclear", reason)]
