"""What the demo counts while it watches the desk's own records, and how it looks."""

from collections import Counter
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dispatcher.order import facts
from dispatcher.order.facts import Fact
from models.city import City


@dataclass(slots=True)
class Tally:
    """Counts of facts, assignments per department, orders that are closed at the moment (`settled`), and the time in
    milliseconds from each report to its assignment."""

    total: int = 0
    sent: int = 0
    backlog: int = 0
    began_ms: int = 0
    facts: Counter[str] = field(default_factory=Counter)
    assigned: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    settled: set[str] = field(default_factory=set)
    latencies: list[int] = field(default_factory=list)
    _founded: dict[str, int] = field(default_factory=dict)
    _department: dict[str, str] = field(default_factory=dict)

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


def picture(tally: Tally, city: City, dashboard: str, hint: str) -> RenderableType:
    """The live view: progress, the figures of the whole, assignments and closings per department."""
    rate = len(tally.settled) / tally.facts["opened"] if tally.facts["opened"] else None
    median, high = tally.latency_ms(0.5), tally.latency_ms(0.99)
    whole = Table.grid(padding=(0, 3))
    for name, value in (
        ("orders opened", str(tally.facts["opened"])),
        ("sent to review", str(tally.facts["sent-to-review"])),
        ("assigned", str(tally.facts["assigned"])),
        ("closed", str(len(tally.settled)) + (f"  ({rate:.0%} of opened)" if rate is not None else "")),
        ("report → assignment", f"p50 {median} ms, p99 {high} ms" if median is not None else "–"),
        ("to be decided", str(tally.backlog)),
    ):
        whole.add_row(name, value)
    table = Table("department", "部门", "assigned", "closed", title="Assignments")
    for department, count in tally.assigned.most_common(12):
        known = city.departments.get(department)
        names = (known.name_en, known.name_zh) if known else (department, "")
        table.add_row(*names, str(count), str(tally.closed[department]))
    bar = Table.grid(padding=(0, 2))
    bar.add_row("events", ProgressBar(total=max(1, tally.total), completed=tally.done, width=48), _share(tally))
    head = Text.assemble(
        ("Paidan 派单  ", "bold"), city.name_en, " ", city.name_zh, "   dashboard ", (dashboard, "cyan")
    )
    return Group(head, bar, whole, table, Text(hint, style="dim"))


def _share(tally: Tally) -> str:
    return f"{tally.done}/{tally.total}"
