"""What every role process has in common: settings, logging, signals, health, the event loop."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable

from streams.health import serving_health
from streams.settings import Settings, load_settings

Serve = Callable[[Settings, asyncio.Event], Awaitable[None]]


def set_up_logging(level: str) -> None:
    """Log to stderr; the client library only its errors: it warns at every retry that is meant to happen."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)


def run_role(serve: Serve, settings: Settings | None = None) -> None:
    """Run `serve(settings, stop)` until it returns; `stop` is set on SIGINT and SIGTERM. What it raises goes on."""
    chosen = settings or load_settings()
    set_up_logging(chosen.log_level)
    with asyncio.Runner(loop_factory=_fast_loop) as runner:
        runner.run(_serve(serve, chosen))


async def _serve(serve: Serve, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with serving_health(settings):
        await serve(settings, stop)


def _fast_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # not made for this system
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
