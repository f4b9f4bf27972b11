"""What the demo counts while it watches the desk's own records."""

from collections import Counter
from dataclasses import dataclass, field

from dispatcher.order import facts
from dispatcher.order.facts import Fact


@dataclass(slots=True)
class DemoCounts:
    """Counts of facts, assignments per department, orders that are closed at the moment (`settled`; `settled_ever`
    with those of before the demo), and the time in milliseconds from each report to its assignment."""

    total: int = 0
    sent: int = 0
    backlog: int = 0
    began_ms: int = 0
    facts: Counter[str] = field(default_factory=Counter)
    assigned: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    settled: set[str] = field(default_factory=set)
    settled_ever: set[str] = field(default_factory=set)
    latencies: list[int] = field(default_factory=list)
    _founded: dict[str, int] = field(default_factory=dict)
    _department: dict[str, str] = field(default_factory=dict)

    def settle(self, fact: Fact) -> None:
        """Note whether an order is closed now."""
        match fact:
            case facts.Reopened():
                self.settled_ever.discard(fact.order_id)
            case facts.Closed():
                self.settled_ever.add(fact.order_id)
            case _:
                return

    def add(self, fact: Fact, written_ms: int) -> None:
        """Count one fact of the log; `written_ms` is its record's timestamp."""
        self.facts[facts.NAMES[type(fact)]] += 1
        match fact:
            case facts.Opened():
                # The day's events happen when they are sent; what claims to be older would measure its claim.
                if fact.evidence.kind == "report" and fact.evidence.at >= self.began_ms:
                    self._founded[fact.order_id] = fact.evidence.at
            case facts.SentToReview():
                self._founded.pop(fact.order_id, None)  # a person's time is not the machine's
            case facts.Assigned():
                self.assigned[fact.department] += 1
                self._department[fact.order_id] = fact.department
                if (sent := self._founded.pop(fact.order_id, None)) is not None:
                    self.latencies.append(written_ms - sent)
            case facts.Reopened():
                self.settled.discard(fact.order_id)
            case facts.Closed():
                self.settled.add(fact.order_id)
                self.closed[self._department.get(fact.order_id, "-")] += 1
            case _:
                return

    @property
    def done(self) -> int:
        """Of the events that were sent, how many at least are decided; answers of the people count as backlog too."""
        return max(0, self.sent - self.backlog)

    def latency_ms(self, share: float) -> int | None:
        """The order statistic of rank ⌊share · (n − 1)⌋ of report → assignment; None without any."""
        ordered = sorted(self.latencies)
        return ordered[int(share * (len(ordered) - 1))] if ordered else None
