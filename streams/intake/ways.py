"""By which topic a record comes: what is taken there, and who has sent it.

A cluster's rights are rights to topics. So what somebody may say follows from where they may write: a camera that may
write to the detections sends no updates, and a department's topic speaks for that department only.
"""

from typing import NamedTuple

from models import envelope
from models.errors import Poison
from models.events import DETECTION, MEASUREMENT, RECHECKED, REPORT, UPDATE
from streams.intake.said import Said, SaidDetection, SaidRecheck, SaidReport, SaidUpdate
from streams.kafka.topics import Names

_TYPES: dict[type[Said], str] = {
    SaidReport: REPORT,
    SaidDetection: DETECTION,
    SaidRecheck: RECHECKED,
    SaidUpdate: UPDATE,
}


class Way(NamedTuple):
    """The types of events that are taken, and the department that has sent whatever comes; empty for no one's own."""

    takes: tuple[str, ...] = tuple(_TYPES.values())
    department: str = ""

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
        return Way((UPDATE,), department)
    return {
        names.reports: Way((REPORT,)),
        names.detections: Way((DETECTION, MEASUREMENT, RECHECKED)),
        names.updates: Way((UPDATE,)),
    }[topic]
