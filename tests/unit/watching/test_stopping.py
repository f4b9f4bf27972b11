"""A role that is asked to stop ends, whatever it waits for."""

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams import run
from streams.local.supervisor import GRACE_SECONDS
from streams.settings import Settings, load_settings
from streams.stage.processing import StageOptions
from streams.stage.stage import Stage
from tests.support.clusters.counting_stage import Counted, Counting, options


@pytest.fixture
def own_logging() -> Iterator[None]:
    """The logging of the tests is afterwards what it was."""
    loggers = [logging.getLogger(name) for name in ("", "aiokafka", "httpx", "urllib3")]
    handlers, levels = loggers[0].handlers[:], [each.level for each in loggers]
    loggers[0].handlers.clear()
    yield
    loggers[0].handlers[:] = handlers
    for each, level in zip(loggers, levels, strict=True):
        each.setLevel(level)


@pytest.mark.usefixtures("own_logging")
def test_a_role_that_hears_no_stop_is_ended_before_it_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for a cluster that takes connections and answers nothing; what it has begun is cleaned up."""
    assert run.LONGEST_STOP_SECONDS < GRACE_SECONDS
    monkeypatch.setattr(run, "LONGEST_STOP_SECONDS", 0.0)
    ended = []

    async def serve(settings: Settings, stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(stop.is_set())

    run.run_role(serve, load_settings(), tmp_path / "role.log")

    assert ended == [True]
    assert "what is still waited for is given up" in (tmp_path / "role.log").read_text()


@pytest.mark.usefixtures("own_logging")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whatever_runs_cleans_up_before_it_ends(number: signal.Signals, tmp_path: Path) -> None:
    """At Ctrl-C, when it is told to stop, and when its terminal is closed."""
    cleaned = []

    async def serve(_: Settings) -> None:
        os.kill(os.getpid(), number)
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(number)

    before = signal.signal(number, signal.SIG_DFL)  # whoever runs the tests may ignore it, as `nohup` does
    try:
        run.run_until_stopped(serve, load_settings(), tmp_path / "role.log")
    finally:
        signal.signal(number, before)

    assert cleaned == [number]


@pytest.mark.usefixtures("own_logging")
def test_what_was_started_with_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    """It ignores that signal alone."""
    heard = []

    async def serve(_: Settings, stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        heard.append(stop.is_set())
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run.run_role(serve, load_settings(), tmp_path / "role.log")
    finally:
        signal.signal(signal.SIGHUP, before)

    assert heard == [False]


async def test_a_stage_that_waits_for_kafka_stops_at_once() -> None:
    """It is a member of no group yet, and has nothing to finish."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.close()

    connected = asyncio.Event()
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        given: StageOptions = options(f"127.0.0.1:{port}", "t")
        stage: Stage[Counted] = Stage(given, ["t.in"], lambda tp: Counting("t", tp.partition))
        running = asyncio.create_task(stage.run())
        await asyncio.wait_for(connected.wait(), 30)

        stage.stop()
        await asyncio.wait_for(running, GRACE_SECONDS)

    assert stage.partitions == frozenset()
