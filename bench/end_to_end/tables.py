"""A run as tables in Markdown: for the terminal, and for docs/performance.md, which has them made by `scripts/docs`."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bench.end_to_end.measured import Backlog, Latencies, Machine, Measured, Step, read

KEPT = Path(__file__).parents[2] / "docs" / "charts" / "end-to-end.json"
_MISSING = "–"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _ms(value: float | None) -> str:
    return _MISSING if value is None else f"{value:,.0f}"


def _at(step: Step) -> str:
    return f"{step.kind}, {step.rate:,.0f}/s"


def _late(step: Step) -> str:
    return "yes" if step.kept_up else f"no: {step.late_s:.1f} s late after {step.seconds:.0f} s"


def _pair(found: Latencies) -> str:
    return f"{_ms(found.p50)} / {_ms(found.p99)}"


def where(m: Measured) -> str:
    """The machine, and how the run began."""
    warm = m.warm_up
    rest = (
        f"rested after {warm.seconds:.0f} s"
        if warm.rested
        else f"had not come to rest after {warm.seconds:.0f} s (it took {warm.shares[-1]:.2f} of a core)"
    )
    return f"{machine(m.machine)} At {warm.rate:,.0f} detections/s the broker's compiler {rest}.{load(m.machine)}"


def machine(at: Machine) -> str:
    """The day and the machine, as a sentence."""
    return (
        f"Measured on {at.day}: {at.cores} cores ({at.processor}), {at.kernel}, {at.python}, {at.java}, "
        f"Apache Kafka {at.kafka} with {at.partitions} partitions."
    )


def load(at: Machine) -> str:
    """That other work ran beside the run, as a sentence with a blank before it; empty where none did."""
    return f" **Other work ran beside it** (load average {at.busy:.1f} before)." if at.busy > at.cores / 4 else ""


def rates(m: Measured) -> str:
    """Latency and whether it kept up, by rate."""
    rows = [
        [_at(s), _ms(s.assigned.p50), _ms(s.assigned.p99), _ms(s.assigned.p999), _late(s), f"{s.cpu_us:,.0f}"]
        for s in m.steps
    ]
    return _table(["load", "p50 ms", "p99 ms", "p99.9 ms", "kept up", "intake + desk, µs an event"], rows)


def cores(steps: Sequence[Step]) -> str:
    """The share of a core of every process."""
    names = sorted({name for step in steps for name in step.cores}, key=_order)
    rows = [
        [
            _at(step),
            *(f"{step.cores.get(name, 0.0):.2f}" for name in names),
            f"{math.fsum(step.cores.values()):.2f}",
            f"{step.compiling:.2f}",
        ]
        for step in steps
    ]
    return _table(["load", *names, "sum", "broker's compiler"], rows)


_PROCESSES = ("broker", "intake", "desk", "tables", "gateway", "generator", "reader", "asker", "bench")


def _order(name: str) -> int:
    return _PROCESSES.index(name) if name in _PROCESSES else len(_PROCESSES)


def beside(m: Measured) -> str:
    """The gateway beside the load."""
    rows = [
        [
            _at(b.step),
            _pair(b.step.assigned),
            _late(b.step),
            _pair(b.status),
            f"{b.answered} of {b.answered + b.failed}",
            _MISSING if b.fresh_p99_s is None else f"≤ {b.fresh_p50_s:g} / {b.fresh_p99_s:g}",
        ]
        for b in m.beside
    ]
    head = ["load", "assigned, p50 / p99 ms", "kept up", "`/status`, p50 / p99 ms", "answered whole"]
    return _table([*head, "decided to tables, p50 / p99 s"], rows)


def rivals(m: Measured) -> str:
    """A backlog worked off, and an open loop."""
    rows = [
        [
            f"{b.system}, {b.kind}",
            b.guarantee,
            f"{b.per_second:,.0f}",
            f"{b.cpu_us:,.0f}",
            _MISSING if b.step is None else _open_loop(b),
        ]
        for b in m.backlogs
    ]
    rate = next((f"{b.step.rate:,.0f}" for b in m.backlogs if b.step is not None), "")
    head = ["system", "guarantees", "events/s", "its processes, µs an event", f"p50 / p99 ms at {rate}/s"]
    return _table(head, rows)


def _open_loop(b: Backlog) -> str:
    if b.step is None:
        return _MISSING
    return _pair(b.step.assigned) if b.step.kept_up else "falls behind"


def others(m: Measured) -> str:
    """Start, takeover, memory."""
    rows = [["start to the first decision", f"{m.first_decision_s:.1f} s"]]
    rows += [
        [
            f"longest wait while another desk takes over from a killed one, session {t.session_s:g} s",
            f"{t.longest_wait_s:.1f} s",
        ]
        for t in m.takeovers
    ]
    rows += [[f"peak memory of {name}", f"{value:,.0f} MiB"] for name, value in m.peak_mib.items()]
    return _table(["what", "measured"], rows)


def aims(m: Measured) -> str:
    """What is aimed at on two cores, what was measured, and whether that is reached."""
    rows = [[what, aim, found, "yes" if reached else "**no**"] for what, aim, found, reached in _aims(m)]
    return _table(["what", "aim", "measured", "reached"], rows)


def _aims(m: Measured) -> Iterator[tuple[str, str, str, bool]]:
    held = [s for s in m.steps if s.kind == "detections" and s.kept_up]
    quick = [s for s in held if s.assigned.p99 is not None and s.assigned.p99 <= 250]
    most = max((s.rate for s in quick), default=0.0)
    yield "detections/s held with p99 ≤ 250 ms", "23,000", f"{most:,.0f}", most >= 23_000
    if held:
        last = max(held, key=lambda s: s.rate)
        what = f"intake + desk, µs a detection at {last.rate:,.0f}/s"
        yield what, "≤ 45", f"{last.cpu_us:,.0f}", last.cpu_us <= 45
    by_rate = {s.rate: s.assigned for s in m.steps if s.kind == "detections"}
    for rate, p50, p99 in ((100, 20, 50), (1_000, 40, 100), (10_000, 90, 180)):
        found = by_rate.get(rate, Latencies())
        reached = found.p50 is not None and found.p99 is not None and found.p50 <= p50 and found.p99 <= p99
        yield f"p50 / p99 at {rate:,} detections/s, ms", f"≤ {p50} / {p99}", _pair(found), reached
    reports = max((s.rate for s in m.steps if s.kind == "reports" and s.kept_up), default=0.0)
    yield "reports/s held", "2,500", f"{reports:,.0f}", reports >= 2_500
    for each in m.takeovers[:1]:
        what = f"takeover after SIGKILL with a session of {each.session_s:g} s"
        yield what, "≤ 5 s", f"{each.longest_wait_s:.1f} s", each.longest_wait_s <= 5
    if whole := [b for b in m.beside if b.step.kept_up]:
        at, p99_ms = _worst((b.step.rate, b.status.p99) for b in whole)
        what = f"`/status` p99 at worst, beside {at:,.0f}/s, ms"
        yield what, "≤ 50", _ms(p99_ms), p99_ms is not None and p99_ms <= 50
        at, fresh = _worst((b.step.rate, b.fresh_p99_s) for b in whole)
        shown = _MISSING if fresh is None else f"≤ {fresh:g}"
        what = f"decision to tables p99 at worst, beside {at:,.0f}/s, s"
        yield what, "≤ 1", shown, fresh is not None and fresh <= 1


def _worst(by_rate: Iterable[tuple[float, float | None]]) -> tuple[float, float | None]:
    """The rate with the largest value, of equal ones the highest rate; a value that is missing is worse than any."""
    return max(by_rate, key=lambda each: (math.inf if each[1] is None else each[1], each[0]))


def all_tables(m: Measured) -> str:
    """The whole run."""
    return "\n\n".join(
        [
            where(m),
            aims(m),
            rates(m),
            cores(m.steps),
            beside(m),
            cores([b.step for b in m.beside]),
            rivals(m),
            others(m),
        ]
    )


def kept() -> Measured:
    """The run that docs/performance.md shows."""
    return read(KEPT)
