"""What a run measured: the one source of its tables and charts. Shares of a core are CPU seconds a second."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from bench.host import Host


class Latencies(msgspec.Struct, frozen=True):
    """Milliseconds from intended time to visible; None where nothing was seen."""

    p50: float | None = None
    p99: float | None = None
    p999: float | None = None


class Step(msgspec.Struct, frozen=True):
    """An open loop at a rate. `late_s`: how long after the last intended time all was decided. `cores`: the share of a
    core of each process while the load lasted, `compiling` that of the broker's compiler (part of the broker's).
    `cpu_us`: processor time of intake and desk for an event, until all was decided."""

    kind: str
    rate: float
    seconds: float
    assigned: Latencies
    opened: Latencies
    late_s: float
    kept_up: bool
    cores: Mapping[str, float]
    compiling: float
    cpu_us: float


class Beside(msgspec.Struct, frozen=True):
    """What the gateway answered beside a step, asked so often a second; `fresh_p99_s`: decision to tables."""

    step: Step
    asks_per_second: float
    answered: int
    failed: int
    status: Latencies
    fresh_p50_s: float | None
    fresh_p99_s: float | None


class Backlog(msgspec.Struct, frozen=True):
    """Events that waited in the topic, worked off as fast as a system can; and the same system in an open loop."""

    system: str
    guarantee: str
    kind: str
    events: int
    per_second: float
    cpu_us: float
    step: Step | None = None


class WarmUp(msgspec.Struct, frozen=True):
    """How long until the broker's compiler rested (share of a core in two successive windows); or that it did not."""

    seconds: float
    rested: bool
    rate: float
    shares: tuple[float, ...]
    window_s: float
    limit: float


class Takeover(msgspec.Struct, frozen=True):
    """The longest wait of an event while one desk takes over from another that was killed."""

    session_s: float
    longest_wait_s: float


class Machine(Host, frozen=True):
    """Where it ran, with the broker beside it."""

    java: str
    kafka: str
    partitions: int


class Measured(msgspec.Struct, frozen=True):
    """One run."""

    machine: Machine
    warm_up: WarmUp
    first_decision_s: float
    steps: tuple[Step, ...]
    beside: tuple[Beside, ...]
    backlogs: tuple[Backlog, ...]
    takeovers: tuple[Takeover, ...]
    peak_mib: Mapping[str, float]


def write(measured: Measured, file: Path) -> None:
    """As JSON, for people and for `read`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n")


def read(file: Path) -> Measured:
    """What `write` wrote. Raises msgspec errors when it is none."""
    return msgspec.json.decode(file.read_bytes(), type=Measured)
