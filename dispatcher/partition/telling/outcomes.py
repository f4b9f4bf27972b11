"""What becomes of a sighting, for whoever asks 回执: most of what comes leaves no fact that would say so."""

from typing import Literal

import msgspec

from dispatcher.order import wire
from dispatcher.partition.decision import Outgoing
from models.inbox import Sighting

OUTCOME = "city.sighting.outcome.v1"

Word = Literal["order", "repeat", "watched", "suppressed", "duplicate", "nothing-open", "ignored"]


class Disposition(msgspec.Struct, frozen=True):
    """What has become of a sighting 处置.

    `order`: it has opened, joined or reopened that order, and facts say so. `repeat`: the same is seen in that order
    already, it is counted there. `watched`: it is one of `seen` that are too few, `wanted` are needed to open an order,
    or to reopen that one. `suppressed`: it lies in a control zone or a silence, or is in doubt just after the same was
    found to be nothing; a report is that order then, which has ended. `duplicate`: its source and id were met before.
    `nothing-open`: it says that something is over that is not open. `ignored`: it shows nothing that anybody has to see
    to."""

    word: Word
    order_id: str = ""
    seen: int = 0
    wanted: int = 0


class SightingOutcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """The outcome of the sighting of this source and id, met at the instant `at`, on the wire."""

    source: str
    id: str
    at: int
    outcome: Word
    order_id: str = ""
    seen: int = 0
    wanted: int = 0


def answer(sighting: Sighting, disposition: Disposition, clock: int) -> Outgoing:
    """What whoever asked reads, on a topic that is kept for an hour. A source and an id come twice: again, or for
    something else once they are forgotten; each time is an event of its own."""
    told = SightingOutcome(
        source=sighting.source,
        id=sighting.id,
        at=clock,
        outcome=disposition.word,
        order_id=disposition.order_id,
        seen=disposition.seen,
        wanted=disposition.wanted,
    )
    event_id = f"{sighting.source}/{sighting.id}/{clock}/{disposition.word}"
    headers = wire.headers(OUTCOME, event_id, disposition.order_id or sighting.area, clock)
    return Outgoing("outcomes", sighting.area, wire.encode(told), headers)


def read_outcome(value: bytes) -> SightingOutcome:
    """The outcome in a record's value. Raises msgspec.MsgspecError."""
    return wire.decode(value, SightingOutcome)
