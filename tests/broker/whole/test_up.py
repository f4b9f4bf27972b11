"""`paidan up` and `paidan demo`: one command runs it all, and its end leaves nothing behind."""

import json
import os
import random
import re
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from models.events import REPORT
from streams.addresses import LOOPBACK_HOST as HOST
from streams.demo.demo import read_day
from streams.local.ports import can_listen, free_port
from streams.settings import DEMO_CITY, Settings
from tests.support.kafka import Role, Roles, eventually


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


_ROLES = 4  # that `up` starts: intake, desk, tables, gateway


@pytest.fixture
def alone(settings: Settings) -> Settings:
    """Settings of a system with a local broker of its own, and with metrics."""
    # Below those that `free_ports` gives out: no broker of another test takes one before the roles listen there.
    first = next(
        port
        for port in random.SystemRandom().sample(range(5_000, 9_900), 4_900)
        if all(can_listen(HOST, port + n) for n in range(_ROLES + 1))
    )
    return settings.model_copy(update={"kafka": "", "gateway_port": free_port(), "metrics_port": first})


@pytest.fixture
def own_roles(alone: Settings, tmp_path: Path) -> Roles:
    """Starts commands with those settings."""
    return Roles(alone, tmp_path)


@pytest.mark.timeout(240)
async def test_up_starts_everything_again_and_stops_everything(own_roles: Roles, alone: Settings) -> None:
    """All get ready, each with metrics; a killed desk comes back; Ctrl-C ends all within ten seconds with code 0."""
    up = own_roles.start("up")
    try:
        ready = f"http://127.0.0.1:{alone.gateway_port}/readyz"

        async def is_ready() -> bool:
            assert up.alive, up.said()
            return _get(ready) == 200

        await eventually(is_ready, timeout=90, what="a ready gateway")
        metrics = [f"http://{HOST}:{alone.metrics_port + n}/metrics" for n in range(_ROLES + 1)]
        assert [_get(each) for each in metrics] == [200] * len(metrics)
        await _kill_one_desk(up, alone)
        await eventually(is_ready, timeout=60, what="a ready gateway after the desk was killed")
        os.kill(up.process.pid, signal.SIGINT)
        assert await up.ended(timeout=10) == 0, up.said()
        assert _alive(str(alone.data)) == []
    finally:
        own_roles.end()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("command", [("up",), ("broker",), ("demo", "--stay")])
async def test_ctrl_c_ends_a_start_that_is_under_way(
    own_roles: Roles, alone: Settings, command: tuple[str, ...]
) -> None:
    """SIGINT while Kafka's process is starting: all is over within ten seconds, code 0, nothing is left."""
    starting = own_roles.start(*command)

    async def java_runs() -> bool:
        return any("kafka.Kafka" in said for _, said in _alive(str(alone.data)))

    try:
        await eventually(java_runs, timeout=60, what="a Kafka that starts")
        os.kill(starting.process.pid, signal.SIGINT)
        assert await starting.ended(timeout=10) == 0, starting.said()
        assert _alive(str(alone.data)) == []
        assert "Traceback" not in starting.said()
    finally:
        own_roles.end()


@pytest.mark.timeout(60)
async def test_ctrl_c_ends_the_fetching_of_kafka(own_roles: Roles, alone: Settings, tmp_path: Path) -> None:
    """A Maven that takes for ever is ended with the rest, and leaves nothing half-done in the cache."""
    (tools := tmp_path / "tools").mkdir()
    maven = tools / "mvn"
    maven.write_text("#!/bin/sh\nexec sleep 600\n")
    maven.chmod(0o755)
    cache = tmp_path / "cache"
    path = f"PATH={tools}:{os.environ['PATH']}"
    command = ["env", path, sys.executable, "-m", "streams.cli.main", "up"]
    up = own_roles.run(command, "up", cache=str(cache))

    async def maven_runs() -> bool:
        return any(said == "sleep 600" for _, said in _alive(str(cache)))

    try:
        await eventually(maven_runs, timeout=40, what="Maven")
        os.kill(up.process.pid, signal.SIGINT)
        assert await up.ended(timeout=10) == 0, up.said()
        assert _alive(str(cache)) == []
        assert [each.name for each in cache.iterdir()] == ["lock"]
    finally:
        own_roles.end()


@pytest.mark.timeout(120)
async def test_up_ends_with_a_sentence_when_its_kafka_dies(own_roles: Roles, alone: Settings) -> None:
    """After SIGKILL of the local Kafka nothing goes on in silence: one sentence, code 1, no process is left."""
    up = own_roles.start("up")

    async def stands() -> bool:
        return "Stop with Ctrl-C" in up.said()

    try:
        await eventually(stands, timeout=90, what="a system that is up")
        [kafka] = [pid for pid, command in _alive(str(alone.data)) if "kafka.Kafka" in command]
        os.kill(kafka, signal.SIGKILL)
        assert await up.ended(timeout=15) == 1, up.said()
        assert up.said().splitlines()[-1].startswith("paidan: the local Kafka has ended by itself (code -9)")
        assert _alive(str(alone.data)) == []
    finally:
        own_roles.end()


@pytest.mark.timeout(120)
async def test_a_second_demo_leaves_the_first_alone(own_roles: Roles, alone: Settings) -> None:
    """It says who is there and ends; the first keeps its folder, and ends at Ctrl-C within ten seconds."""
    first = own_roles.start("demo", "--stay")
    address = alone.data / "demo" / "broker" / "address"

    async def has_kafka() -> bool:
        return address.exists()

    try:
        await eventually(has_kafka, timeout=90, what="the first demo's Kafka")
        second = own_roles.start("demo")
        assert await second.ended(timeout=30) == 2
        assert second.said().startswith("paidan: another demo runs in ")
        assert address.exists()
        assert first.alive
        os.kill(first.process.pid, signal.SIGINT)
        assert await first.ended(timeout=10) == 0, first.said()
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
    return [pid for pid, command in _alive(str(settings.data)) if command.endswith("streams.cli.main desk")]


@pytest.mark.timeout(240)
async def test_nothing_outlives_a_killed_up(own_roles: Roles, alone: Settings) -> None:
    """SIGKILL of `paidan up` ends Kafka and every role."""
    up = own_roles.start("up")

    async def roles_run() -> bool:
        assert up.alive, up.said()
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
    """Every event is decided, the days before stand in the figures, the final status is printed, exit code 0."""
    demo = own_roles.start("demo", "--seconds", "8", "--days", "6")
    try:
        assert await demo.ended(timeout=200) == 0, demo.said()
        said = demo.said()
        events = re.search(r"(\d+)/(\d+)", said)
        assert events is not None, said
        assert events[1] == events[2], said
        status = json.loads((alone.data / "demo" / "status.json").read_text())
        assert status["complete"]
        of_the_day = sum(event.event["type"] == REPORT for event in read_day(DEMO_CITY / "day.jsonl"))
        assert status["city"]["received"] > of_the_day + 150  # of the days before some three hundred
        assert status["city"]["overdue_open"] > 0
        assert 0.5 < status["city"]["closure_rate"] < 1
        assert _alive(str(alone.data)) == []
    finally:
        own_roles.end()
