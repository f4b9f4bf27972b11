"""The processor, and the time on it that processes have used, as Linux counts it in /proc."""

import os
from collections.abc import Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
# The threads of a JVM that compile; Linux cuts the names of threads at 15 characters.
_COMPILERS = ("C1 CompilerThre", "C2 CompilerThre")


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process, those that have ended included."""
    return _seconds(Path(f"/proc/{pid}/stat"))


def compiler_seconds(pid: int) -> Mapping[int, float]:
    """The same of each thread of a JVM that compiles, by its number; a JVM starts and ends such threads as it likes."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            if (task / "comm").read_text().strip() in _COMPILERS:
                found[int(task.name)] = _seconds(task / "stat")
        except (FileNotFoundError, ProcessLookupError):  # it ended in between
            continue
    return found


def peak_mib(pid: int) -> float:
    """The most memory that a process has had at a time, MiB."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def _seconds(stat: Path) -> float:
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def processor() -> str:
    """The processor's name, where Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


class CompilerWatch:
    """How much of a core a JVM spent on compiling between two looks."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._last = compiler_seconds(pid)

    def used(self) -> float:
        """Seconds since the last look; what threads did that have ended since is not in it."""
        before, self._last = self._last, compiler_seconds(self._pid)
        return sum(seconds - before.get(thread, 0.0) for thread, seconds in self._last.items())
