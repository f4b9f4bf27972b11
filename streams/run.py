"""What every role process has in common: settings, logging, signals, health, the event loop."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from streams.health import serving_health
from streams.kafka.certificates import measure_certificates
from streams.kafka.connection import OVER_TLS
from streams.line_limit import LineLimit
from streams.log_format import LogFormat, formatter
from streams.settings import Settings, load_settings
from streams.tasks import race

log = logging.getLogger(__name__)

# No role that is at work takes longer to leave in good order, and our supervisor kills after six.
LONGEST_STOP_SECONDS = 5.8
# Ctrl-C, whoever supervises, and a terminal that is closed.
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Serve = Callable[[Settings, asyncio.Event], Coroutine[Any, Any, None]]


def set_up_logging(level: str, file: Path | None = None, lines: LogFormat = "text") -> None:
    """Log to stderr or a file; the client library only its errors: it warns at every retry that is meant to happen, and
    calls some of those errors."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    to: dict[str, Any] = {"filename": file} if file is not None else {}
    logging.basicConfig(level=level, force=True, **to)
    library = logging.getLogger("aiokafka")
    library.setLevel(logging.ERROR)
    library.propagate = True  # what the command line has turned off
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter(lines))
        handler.addFilter(is_worth_a_line)
        handler.addFilter(LineLimit())  # last: what nobody reads takes no room


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Not what the client library says of an error at which it tries again by itself, as when leaders are elected."""
    told = record.args if isinstance(record.args, tuple) else ()
    return not (record.name.startswith("aiokafka") and any(getattr(each, "retriable", False) for each in told))


def run_role(serve: Serve, settings: Settings | None = None, log_file: Path | None = None) -> None:
    """Run `serve(settings, stop)` until it returns; SIGINT, SIGTERM and SIGHUP set `stop`. What it raises goes on.

    Who has not ended LONGEST_STOP_SECONDS after that waits for what may never come, as for a cluster that takes
    connections and answers nothing: then it is cancelled.
    """

    async def bounded(chosen: Settings, stop: asyncio.Event) -> None:
        async def give_up() -> None:
            await stop.wait()
            await asyncio.sleep(LONGEST_STOP_SECONDS)
            log.warning("asked to stop %.1f s ago: what is still waited for is given up", LONGEST_STOP_SECONDS)

        await race(serve(chosen, stop), give_up())

    _run(bounded, settings, log_file)


def _run(serve: Serve, settings: Settings | None, log_file: Path | None) -> None:
    chosen = settings or load_settings()
    set_up_logging(chosen.log_level, log_file, chosen.log_format)
    # With TLS, uvloop waits 30 s for the end of a connection on which an answer is still on its way.
    loop_factory = asyncio.new_event_loop if chosen.kafka_protocol in OVER_TLS else _fast_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(_serve(serve, chosen))


def run_until_stopped(
    run: Callable[[Settings], Coroutine[Any, Any, None]], settings: Settings | None = None, log_file: Path | None = None
) -> None:
    """Run `run(settings)` until it returns; SIGINT, SIGTERM and SIGHUP cancel it wherever it is, and its
    clean-up follows."""

    async def serve(chosen: Settings, stop: asyncio.Event) -> None:
        await race(run(chosen), stop.wait())

    _run(serve, settings, log_file)


async def _serve(serve: Serve, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _ENDINGS:
        if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # so `nohup` has it
        loop.add_signal_handler(number, stop.set)
    measure_certificates(settings)
    async with serving_health(settings):
        await serve(settings, stop)


def _fast_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # not made for this system
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
