"""`paidan up` and `paidan demo`: one command runs it all, and its end leaves nothing behind."""

import json
import os
import re
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from streams.ports import free_port
from streams.settings import Settings
from tests.kafka import Role, Roles, eventually


def _alive(marker: str) -> list[tuple[int, str]]:
    """Process id and command line of the living processes that carry `marker` in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended while we looked, or is not ours
        if marker.encode() in environment and command:
            found.append((int(folder.name), command))
    return found


def _get(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to see what is left")


@pytest.fixture
def alone(settings: Settings) -> Settings:
    """Settings of a system with a local broker of its own."""
    return settings.model_copy(update={"kafka": "", "gateway_port": free_port()})


@pytest.fixture
def own_roles(alone: Settings, tmp_path: Path) -> Roles:
    """Starts commands with those settings."""
    return Roles(alone, tmp_path)


@pytest.mark.timeout(240)
async def test_up_starts_everything_again_and_stops_everything(own_roles: Roles, alone: Settings) -> None:
    """All roles get ready; a killed desk comes back; Ctrl-C ends every process within ten seconds with code 0."""
    up = own_roles.start("up")
    try:
        ready = f"http://127.0.0.1:{alone.gateway_port}/readyz"

        async def is_ready() -> bool:
            return _get(ready) == 200

        await eventually(is_ready, timeout=90, what="a ready gateway")
        await _kill_one_desk(up, alone)
        await eventually(is_ready, timeout=60, what="a ready gateway after the desk was killed")
        os.kill(up.process.pid, signal.SIGINT)
        assert await up.ended(timeout=10) == 0, up.said()
        assert _alive(str(alone.data)) == []
    finally:
        own_roles.end()


async def _kill_one_desk(up: Role, settings: Settings) -> None:
    desks = _desk_pids(settings)
    assert len(desks) == 1, up.said()
    os.kill(desks[0], signal.SIGKILL)

    async def another() -> bool:
        return bool(set(_desk_pids(settings)) - set(desks))

    await eventually(another, timeout=30, what="another desk")


def _desk_pids(settings: Settings) -> list[int]:
    return [pid for pid, command in _alive(str(settings.data)) if command.endswith("streams.cli.app desk")]


@pytest.mark.timeout(240)
async def test_nothing_outlives_a_killed_up(own_roles: Roles, alone: Settings) -> None:
    """SIGKILL of `paidan up` ends Kafka and every role."""
    up = own_roles.start("up")

    async def roles_run() -> bool:
        return bool(_desk_pids(alone))

    async def gone() -> bool:
        return _alive(str(alone.data)) == []

    try:
        await eventually(roles_run, timeout=60, what="a desk")
        os.kill(up.process.pid, signal.SIGKILL)
        await eventually(gone, timeout=10, what="the end of every process")
    finally:
        own_roles.end()


@pytest.mark.timeout(300)
async def test_the_demo_decides_the_whole_day_and_ends_by_itself(own_roles: Roles, alone: Settings) -> None:
    """Every event is decided, departments have closed orders, the final status is printed, exit code 0."""
    demo = own_roles.start("demo", "--seconds", "15")
    try:
        assert await demo.ended(timeout=200) == 0, demo.said()
        said = demo.said()
        events = re.search(r"(\d+)/(\d+)", said)
        assert events is not None, said
        assert events[1] == events[2], said
        status = json.loads((alone.data / "demo" / "status.json").read_text())
        assert status["complete"]
        assert status["city"]["closed"] > 0
        assert _alive(str(alone.data)) == []
    finally:
        own_roles.end()
