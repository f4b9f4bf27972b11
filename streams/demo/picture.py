"""How the demo looks while it runs."""

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from models.city import City
from streams.demo.counts import DemoCounts

_SHOWN = 12


def picture(counts: DemoCounts, city: City, dashboard: str, hint: str) -> RenderableType:
    """The live view: progress, the figures of the whole, assignments and closings per department."""
    rate = len(counts.settled) / counts.facts["opened"] if counts.facts["opened"] else None
    median, high = counts.latency_ms(0.5), counts.latency_ms(0.99)
    whole = Table.grid(padding=(0, 3))
    for name, value in (
        ("orders opened", str(counts.facts["opened"])),
        ("sent to review", str(counts.facts["sent-to-review"])),
        ("assigned", str(counts.facts["assigned"])),
        ("closed", str(len(counts.settled)) + (f"  ({rate:.0%} of opened)" if rate is not None else "")),
        (
            "report → assignment, waiting in line included",
            f"p50 {median} ms, p99 {high} ms" if median is not None else "–",
        ),
        ("to be decided", str(counts.backlog)),
    ):
        whole.add_row(name, value)
    table = Table("department", "部门", "assigned", "closed", title="Assignments")
    for department, count in counts.assigned.most_common(_SHOWN):
        known = city.departments.get(department)
        names = (known.name_en, known.name_zh) if known else (department, "")
        table.add_row(*names, str(count), str(counts.closed[department]))
    if (more := len(counts.assigned) - _SHOWN) > 0:
        table.caption = f"and {more} more departments"
    bar = Table.grid(padding=(0, 2))
    bar.add_row("events", ProgressBar(total=max(1, counts.total), completed=counts.done, width=48), _share(counts))
    head = Text.assemble(
        ("Paidan 派单  ", "bold"), city.name_en, " ", city.name_zh, "   dashboard ", (dashboard, "cyan")
    )
    return Group(head, bar, whole, table, Text(hint, style="dim"))


def _share(counts: DemoCounts) -> str:
    return f"{counts.done}/{counts.total}"
