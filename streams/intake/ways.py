"""By which topic a record comes: what is taken there, and who has sent it.

A cluster's rights are rights to topics. So what somebody may say follows from where they may write: a camera that may
write to the detections sends no updates, and a department's topic speaks for that department only.
"""

from typing import NamedTuple

from models import envelope
from models.errors import Poison
from models.events import DETECTION, MEASUREMENT, RECHECKED, REPORT, UNIT, UPDATE
from models.inbox import Actor
from streams.intake.said import Said, SaidDetection, SaidRecheck, SaidReport, SaidUnit, SaidUpdate
from streams.kafka.topics import Names

_TYPES: dict[type[Said], str] = {
    SaidReport: REPORT,
    SaidDetection: DETECTION,
    SaidRecheck: RECHECKED,
    SaidUpdate: UPDATE,
    SaidUnit: UNIT,
}


class Way(NamedTuple):
    """The types of events that are taken, and who has sent whatever comes: somebody of a role, a department; None where
    the way is no one's own."""

    takes: tuple[str, ...] = tuple(_TYPES.values())
    sender: Actor | None = None

    def check(self, said: Said) -> None:
        """Raises Poison for what is not taken here."""
        if _TYPES[type(said)] not in self.takes:
            raise Poison(
                envelope.CE_TYPE, f"must be {' or '.join(self.takes)}: this topic takes no other", "wrong-topic"
            )


ANY = Way()


def way_of(names: Names, topic: str) -> Way:
    """The way by which the records of an input topic come."""
    if department := names.department_of(topic):
        return Way((UPDATE,), Actor("department", department))
    return {
        names.reports: Way((REPORT,)),
        names.detections: Way((DETECTION, MEASUREMENT, RECHECKED)),
        names.updates: Way((UPDATE,)),
        # Whoever may write here speaks for the mobile units, each by its own id, and for nobody else.
        names.units: Way((UNIT, UPDATE), Actor("unit")),
    }[topic]
