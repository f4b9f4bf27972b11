"""The supervisor keeps processes running and leaves none behind."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from streams.local.supervisor import Member, Supervisor, base_environment
from tests.support.kafka import eventually

_IDLE = "import signal; signal.pause()"
_DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"


def _member(name: str, program: str) -> Member:
    return Member(name, (sys.executable, "-c", program), base_environment())


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    """After SIGKILL the same member runs under another process id."""
    supervisor, stop = Supervisor([_member("role", _IDLE)], tmp_path), asyncio.Event()
    running = asyncio.create_task(supervisor.run(stop))

    async def pid() -> int | None:
        return supervisor.pids.get("role")

    first = await eventually(pid)
    os.kill(first, signal.SIGKILL)

    async def another() -> bool:
        return supervisor.pids.get("role", first) != first

    assert await eventually(another)
    assert supervisor.restarts == {"role": 1}
    stop.set()
    await running


async def test_stopping_leaves_no_process_even_a_deaf_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A member that ignores SIGTERM is killed, all within ten seconds, and named."""
    supervisor, stop = Supervisor([_member("deaf", _DEAF), _member("idle", _IDLE)], tmp_path), asyncio.Event()
    running = asyncio.create_task(supervisor.run(stop))
    deaf_log = tmp_path / "deaf.log"

    async def deaf() -> bool:
        return deaf_log.exists() and "deaf" in deaf_log.read_text()

    await eventually(deaf, what="the process that ignores SIGTERM")
    stop.set()
    await asyncio.wait_for(running, 10)
    assert supervisor.pids == {}
    assert [line for line in caplog.messages if line.startswith("deaf (process ")]
