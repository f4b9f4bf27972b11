"""Fixtures for all tests: one real broker for the run, a namespace for each test, seeds, optional data."""

import gc
import importlib
import os
import pkgutil
import random
import signal
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import coverage
import hypothesis
import pytest
import pytest_asyncio

import dispatcher
from streams.kafka.clients import admin, started
from streams.kafka.topics import Names, all_topics, create_topics
from streams.local.broker import LocalBroker
from streams.settings import Settings
from tests.support.kafka import Kafka, Roles, own_settings
from tests.support.web.browsers import close_browser

REPOSITORY = Path(__file__).parents[1]

# Folders whose tests carry a mark; what needs the shared data carries `data` wherever it stands.
MARKED_FOLDERS = {"broker": "broker", "data": "data", "slow": "slow"}

# What the tests of these folders of tests/unit reach of the core is counted: they are about it.
COUNTED_FOLDERS = {"arrivals", "city", "control", "orders", "outside", "steps"}

# Time per example says nothing on a busy machine; the examples themselves are what counts.
hypothesis.settings.register_profile("paidan", deadline=None, print_blob=True)
# A fifth of them for the check after each small change: `--hypothesis-profile=fast`.
hypothesis.settings.register_profile("fast", hypothesis.settings.get_profile("paidan"), max_examples=20)
# Three of ten in a whole run, which has twenty minutes; `scripts/prove laws` tries all.
hypothesis.settings.register_profile("whole", hypothesis.settings.get_profile("paidan"), max_examples=30)
hypothesis.settings.load_profile("paidan")


if sys.version_info < (3, 11, 5):
    # Where the collector drops a future that failed and was asked by nobody, asyncio prints its traceback, and that
    # reads a line of code to mark a part of it. Before https://github.com/python/cpython/issues/106905 no code could be
    # read while code was read: pytest, which reads a whole file to show where a test has failed, ended with the run.
    vars(traceback)["_extract_caret_anchors_from_line_segment"] = lambda _: None


def pytest_sessionstart(session: pytest.Session) -> None:
    """The libraries of the pages are there, as after set-up; in a tenth of a second where nothing is to be fetched."""
    if not hasattr(session.config, "workerinput"):  # once, before there are workers
        subprocess.run([sys.executable, REPOSITORY / "scripts" / "page_libraries.py"], check=False)


class TimedOut(SystemExit):
    """A test has taken longer than it may."""


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(settings: Any) -> Generator[None, Any, Any]:
    """Whoever hangs in uvloop is ended, too: of what a signal raises there it lets through only what ends a process,
    and what pytest-timeout raises is logged, while the test, and the whole run, hang on.

    Its method `thread` ends the process instead; with `--dist loadfile` the test then runs again in the next one, and
    in eight more, and those after it in its file never.
    """
    done = yield
    fail = signal.getsignal(signal.SIGALRM)
    if settings.method == "signal" and callable(fail):

        def end(number: int, frame: FrameType | None) -> None:
            try:
                fail(number, frame)
            except pytest.fail.Exception as error:
                raise TimedOut(str(error)) from None

        signal.signal(signal.SIGALRM, end)
    return done


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the marks that its folder and its fixtures mean, before `-m` selects."""
    for item in items:
        folder = item.path.relative_to(REPOSITORY / "tests").parts[0]
        if mark := MARKED_FOLDERS.get(folder):
            item.add_marker(mark)
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker("data")


class _Counting(Protocol):
    """What counts the lines that are reached: pytest-cov's."""

    def pause(self) -> None:
        """Count no more."""

    def resume(self) -> None:
        """Go on counting."""


def _counting(config: pytest.Config) -> _Counting | None:
    """None in a run that does not count."""
    counting: _Counting | None = getattr(config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
    return counting


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Count what importing the core reaches, and nothing of what all tests import: counting doubles what it watches."""
    if (counting := _counting(session.config)) is not None:
        for module in pkgutil.walk_packages(dispatcher.__path__, "dispatcher."):
            importlib.import_module(module.name)
        counting.pause()
        # A worker of xdist has begun to count twice, and what began first, whose count nobody asks for, would go on.
        while (other := coverage.Coverage.current()) is not None:
            other.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Count what the tests about the core reach, with their fixtures."""
    counting = _counting(item.config)
    folder, *below = item.path.relative_to(REPOSITORY / "tests").parts
    counts = folder == "unit" and below[0] in COUNTED_FOLDERS
    if counting is None or not counts:
        return (yield)
    counting.resume()
    try:
        return (yield)
    finally:
        counting.pause()


def pytest_collection_finish() -> None:
    """What the imports have made stays to the end: looking through it for garbage again and again takes seconds."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with data for tests that is not part of the project; the test is skipped when it is missing."""
    folder = Path(os.environ.get("PAIDAN_SHARED") or REPOSITORY.parent / "shared") / "data"
    if not folder.is_dir():
        pytest.skip("the data folder ../shared is missing (PAIDAN_SHARED names another place)")
    return folder


@pytest.fixture
def seed() -> int:
    """A seed for random runs, printed with a failing test; TEST_SEED repeats one."""
    number = int(os.environ.get("TEST_SEED") or random.SystemRandom().randrange(2**32))
    print(f"TEST_SEED={number}")
    return number


@pytest_asyncio.fixture(scope="session", autouse=True)
async def no_browser_left() -> AsyncIterator[None]:
    """The Chromium that tests share ends with them."""
    yield
    await close_browser()


@pytest_asyncio.fixture(scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kafka]:
    """A real Kafka, started for the first test that wants it; an existing one with PAIDAN_KAFKA."""
    if address := os.environ.get("PAIDAN_KAFKA"):
        yield Kafka(address)
        return
    async with LocalBroker(tmp_path_factory.mktemp("kafka"), quick=True) as broker:
        kafka = Kafka(broker.bootstrap, broker)
        await kafka.knows_groups()
        yield kafka


@pytest.fixture
def settings(kafka: Kafka, tmp_path: Path) -> Settings:
    """Settings of a test of its own: a fresh namespace on the run's Kafka, four partitions, tables in memory."""
    return own_settings(
        kafka,
        tmp_path / "data",
        partitions=4,
    )


@pytest.fixture
def departments() -> tuple[str, ...]:
    """The departments whose topics `topics` creates; override it in a test module for a city of its own."""
    return ("roads", "parks")


@pytest.fixture
def units() -> tuple[str, ...]:
    """The mobile units whose topics `topics` creates; override it as `departments`."""
    return ()


@pytest_asyncio.fixture
async def topics(
    kafka: Kafka, settings: Settings, departments: tuple[str, ...], units: tuple[str, ...]
) -> AsyncIterator[Names]:
    """All topics of the test's namespace, created; they are deleted when the test is over."""
    await create_topics(settings, all_topics(settings, departments, units))
    yield Names(settings.namespace)
    async with started(admin(kafka.connection)) as client:
        await client.delete_topics([t for t in await client.list_topics() if t.startswith(settings.namespace)])


@pytest.fixture
def roles(settings: Settings, tmp_path: Path) -> Iterator[Roles]:
    """Starts role processes with the test's settings; ends them all with the test and shows what they said."""
    running = Roles(settings, tmp_path)
    yield running
    running.end()
    for role in running.started:
        print(f"--- {role.name} (exit code {role.process.returncode})\n{role.said()}")
