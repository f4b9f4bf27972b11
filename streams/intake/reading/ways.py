"""By which topic a record comes: what is taken there, and who has sent it.

A cluster's rights are rights to topics. So what somebody may say follows from where they may write: a camera that may
write to the detections sends no updates, and a department's topic speaks for that department only. A report counts as
an order of a platform above by its source, and such sources come by the topic of those platforms alone.
"""

from typing import NamedTuple

from models import envelope
from models.errors import Poison
from models.events import DETECTION, MEASUREMENT, RECHECKED, REPORT, UNIT, UPDATE
from models.events.above import is_from_above
from models.inbox import Actor
from streams.intake.reading.said import Said, SaidDetection, SaidRecheck, SaidReport, SaidUnit, SaidUpdate, Statement
from streams.kafka.topics import Names

_TYPES: dict[type[Said], str] = {
    SaidReport: REPORT,
    SaidDetection: DETECTION,
    SaidRecheck: RECHECKED,
    SaidUpdate: UPDATE,
    SaidUnit: UNIT,
}

_WRONG = "wrong-topic"
_OF_ABOVE = "must begin with `hub:`: this topic is that of platforms above"
_NOT_OF_ABOVE = "must not begin with `hub:`: platforms above write to a topic of their own"
_NOT_AS_GIVEN = "looks like a person's number or handle: nothing is kept as such, so no step could be told under it"
_OWN_REPORT = "must be `reject` of a report of the same source: a platform above takes back what it has sent"


class Way(NamedTuple):
    """The types of events that are taken, and who has sent whatever comes: somebody of a role, a department; None where
    the way is no one's own. `above`: it is that of platforms above."""

    takes: tuple[str, ...] = tuple(_TYPES.values())
    sender: Actor | None = None
    above: bool = False

    def check(self, statement: Statement, given_id: str) -> None:
        """Raises Poison for what is not taken here. `given_id`: the id that its sender knows it by."""
        said = statement.said
        if _TYPES[type(said)] not in self.takes:
            raise Poison(envelope.CE_TYPE, f"must be {' or '.join(self.takes)}: this topic takes no other", _WRONG)
        if isinstance(said, SaidUpdate) and not (_names_somebody(said) or self._is_a_departments):
            raise Poison("by", "must have a role or a department")
        if is_from_above(statement.source) != self.above:
            raise Poison(envelope.CE_SOURCE, _OF_ABOVE if self.above else _NOT_OF_ABOVE, _WRONG)
        if self.above and isinstance(said, SaidReport) and statement.id != given_id:
            raise Poison(envelope.CE_ID, _NOT_AS_GIVEN)
        if self.above and isinstance(said, SaidUpdate) and not _takes_back(said, statement.source):
            raise Poison("action", _OWN_REPORT, _WRONG)

    @property
    def _is_a_departments(self) -> bool:
        return self.sender is not None and bool(self.sender.department)


def _names_somebody(said: SaidUpdate) -> bool:
    """Whether an update says who takes the step, and for whom it is sent where it says so."""
    return all(one.role or one.department for one in (said.by, said.sender) if one is not None)


def _takes_back(said: SaidUpdate, source: str) -> bool:
    """Whether an update rejects a report of the same source, which is all that a platform above may do."""
    own = said.report is not None and said.report.source == source
    return own and said.action == "reject" and said.order_id is None


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
        names.above: Way((REPORT, UPDATE), above=True),
    }[topic]
