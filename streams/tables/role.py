"""The tables role: rows and figures in, live tables and the answers from them out; Faust and HTTP in one event loop."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from models.city import load_city
from models.errors import UsageError
from streams.addresses import LOOPBACK
from streams.control.packs import Packs
from streams.http_server import HttpServer
from streams.kafka.topics import Names, check_shared
from streams.settings import Settings
from streams.tables import stall_guard
from streams.tables.build import Build, following
from streams.tables.shard_api import shard_api
from streams.tables.worker import Tables
from streams.tracing.tracer import open_tracer

log = logging.getLogger(__name__)

GRACE_SECONDS = 5.0
_SHORTEST_TOKEN = 16  # characters; what is shorter can be guessed


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Keep the tables and answer for them until `stop` is set.

    Raises UsageError when the worker would listen beyond this machine without a token, or with another city's folder
    than the one at work, TopicError when its topics are not as they must be. Leaves the process when Faust breaks down
    or does not stop in time.
    """
    token = settings.tables_token.get_secret_value()
    if settings.tables_host not in LOOPBACK and len(token) < _SHORTEST_TOKEN:
        raise UsageError("PAIDAN_TABLES_TOKEN needs 16 characters: the tables worker listens beyond this machine")
    packs = Packs(settings, load_city(settings.city))
    # Faust tells at INFO what it does in tables of its own.
    for noisy in ("faust", "mode"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, log.getEffectiveLevel()))
    names = Names(settings.namespace)
    await check_shared(settings, names.desk, names.archive, names.figures, names.control)
    await packs.check()  # its days are those of the city's zone
    with _own_folder(settings) as folder:
        async with following(settings) as build, open_tracer(settings, "tables") as tracer:
            _clear(folder, build.number)
            tables = Tables(settings, packs.own, str(folder), build.number, tracer)
            async with HttpServer(shard_api(tables, token), settings.tables_host, settings.tables_port) as server:
                log.info("tables worker at %s, data in %s, build %d", server.address, folder, build.number)
                await _keep(tables, build, stop)


def _clear(folder: Path, build: int) -> None:
    """Remove what former builds left in a worker's folder; Faust names theirs by their number."""
    for former in folder.glob("v[0-9]*"):
        if former.name != f"v{build}":
            shutil.rmtree(former)


async def _keep(tables: Tables, build: Build, stop: asyncio.Event) -> None:
    # Faust's start ends only when the tables are recovered: a stop must not wait for that. No race: what comes first
    # decides how the process is left, and Faust is never cancelled but stopped.
    beating, running = asyncio.create_task(tables.beat()), asyncio.create_task(_run(tables))
    watching = asyncio.create_task(tables.watch())
    stopped, replaced = asyncio.create_task(stop.wait()), asyncio.create_task(build.replaced())
    await asyncio.wait((beating, watching, running, stopped, replaced), return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        stopped.cancel()
        if not replaced.done():
            ended = watching.exception() if watching.done() else tables.app.crash_reason
            log.error("where Faust has stopped", exc_info=ended)
            tables.leave_for_files(ended)
            stall_guard.leave(stall_guard.CRASHED, f"Faust has stopped: {ended!r}")
        if error := replaced.exception():
            stall_guard.leave(stall_guard.CRASHED, f"the control topic cannot be followed: {error!r}")
        stall_guard.leave(stall_guard.REBUILD, f"build {build.number} of the tables is replaced by a new one")
    # Faust that is stopped while it starts may block the event loop, swallow a cancellation, or leave a thread behind
    # for which the interpreter waits: no timeout of asyncio's ends that.
    stall_guard.leave_after(GRACE_SECONDS, f"Faust did not stop within {GRACE_SECONDS:.0f} s")
    await tables.app.stop()
    await running
    for task in (beating, watching, replaced):
        task.cancel()


async def _run(tables: Tables) -> None:
    await tables.app.start()
    await tables.app.wait_until_stopped()


@contextlib.contextmanager
def _own_folder(settings: Settings) -> Iterator[Path]:
    """The first folder of `tables/<namespace>/` that no other worker uses: each needs one of its own for RocksDB."""
    base = settings.data.absolute() / "tables" / settings.namespace
    for number in range(1000):
        folder = base / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock", thread_local=False)
        try:
            held = lock.acquire(blocking=False)
        except Timeout:
            continue
        with held:  # a process that is killed lets it go, too
            yield folder
        return
    raise UsageError(f"all folders in {base} are in use")
