"""A run of the bench as it might have been."""

from bench.end_to_end.measured import Backlog, Beside, Latencies, Machine, Measured, Step, Takeover, WarmUp

MACHINE = Machine("2026-03-01", 0.1, 2, "Linux 6", "a processor", "CPython 3.11", "openjdk 17", "4.1.1", 4)


def step(kind: str = "detections", rate: float = 1_000, *, kept_up: bool = True) -> Step:
    """An open loop: 30 ms in the middle, 90 ms at the 99th percentile."""
    seen = Latencies(30.0, 90.0, 120.0)
    return Step(kind, rate, 12, seen, seen, 0.2 if kept_up else 4.0, kept_up, {"broker": 0.4, "desk": 0.2}, 0.01, 44.0)


def run(*steps: Step) -> Measured:
    """A run with these steps and one of everything else."""
    return Measured(
        machine=MACHINE,
        warm_up=WarmUp(60.0, True, 3_000, (0.3, 0.04, 0.03), 10, 0.05),
        first_decision_s=3.2,
        steps=steps,
        beside=(Beside(step(), 20, 240, 0, Latencies(9.0, 40.0, 55.0), 0.2, 0.5),),
        backlogs=(Backlog("Paidan", "exactly once", "reports", 8_000, 900.0, 700.0, step("reports", 500)),),
        takeovers=(Takeover(4, 5.4),),
        peak_mib={"desk": 150.0},
    )
