"""Keep a set of processes running: start, start again after an exit, and stop them all in good order."""

import asyncio
import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.local.children import signal_group, spawn

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
LONG_LOG_BYTES = 10_000_000
_FIRST_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 30.0
# After so long in good health the next exit counts as the first.
_SETTLED_SECONDS = 30.0
# Together with the local broker's own grace this stays below ten seconds.
GRACE_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Member:
    """A process to keep running; `environment` is all it gets."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass(slots=True)
class _Running:
    member: Member
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    backoff: float = _FIRST_BACKOFF_SECONDS
    not_before: float = 0.0
    restarts: int = 0


class Supervisor:
    """`run` keeps all members going until it is cancelled or `stop` is set; each writes to `logs`/<name>.log."""

    def __init__(self, members: Sequence[Member], logs: Path) -> None:
        self._running = [_Running(member) for member in members]
        self._logs = logs

    @property
    def restarts(self) -> dict[str, int]:
        """How often each member had to be started again."""
        return {each.member.name: each.restarts for each in self._running}

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each member that runs at the moment."""
        return {e.member.name: e.process.pid for e in self._running if e.process and e.process.poll() is None}

    async def run(self, stop: asyncio.Event) -> None:
        """Call it from the main thread. On return no member is left, whatever ended it."""
        self._logs.mkdir(parents=True, exist_ok=True)
        try:
            while not stop.is_set():
                for each in self._running:
                    self._look_after(each)
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            self._end_all()

    def _look_after(self, each: _Running) -> None:
        now = time.monotonic()
        if each.process is not None:
            code = each.process.poll()
            if code is None:
                return
            each.backoff = _FIRST_BACKOFF_SECONDS if now - each.started > _SETTLED_SECONDS else each.backoff * 2
            each.not_before = now + min(each.backoff, _LONGEST_BACKOFF_SECONDS)
            each.process = None
            each.restarts += 1
            log.warning("%s ended with code %s, starting it again (%s)", each.member.name, code, self._log_of(each))
        if now >= each.not_before:
            rotate(self._log_of(each))
            with self._log_of(each).open("ab") as output:
                each.process = spawn(each.member.command, env=each.member.environment, output=output)
            each.started = now

    def _log_of(self, each: _Running) -> Path:
        return self._logs / f"{each.member.name}.log"

    def _end_all(self) -> None:
        """SIGTERM to all at once, SIGKILL to those that take too long. Blocks: nothing else is to happen meanwhile."""
        processes = [(each.member.name, each.process) for each in self._running if each.process is not None]
        for _, process in processes:
            signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for name, process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("%s (process %s) did not stop in time", name, process.pid)
                signal_group(process, signal.SIGKILL)
                process.wait()


def base_environment() -> dict[str, str]:
    """The environment of this process without any setting of Paidan, for children that get theirs explicitly."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PAIDAN_") or key == "PAIDAN_CACHE"}
    # Numeric libraries must not start a thread per core in every role.
    return {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} | kept


def rotate(file: Path) -> None:
    """Begin a log anew when a role is started and it has become long; the one before is kept beside it."""
    if file.exists() and file.stat().st_size > LONG_LOG_BYTES:
        file.replace(file.with_suffix(".log.1"))
