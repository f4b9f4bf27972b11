"""`paidan feed`: the events of a file to the input topics."""

import asyncio
import itertools
from pathlib import Path
from typing import Annotated

import typer

from models.errors import UsageError
from streams.kafka.connection import Connection
from streams.kafka.topics import Names, check_topics, shared_topics
from streams.settings import load_settings
from streams.terminal.harmless import say
from streams.terminal.progress import counting


def feed(
    file: Annotated[Path, typer.Argument(help="Events, one JSON object a line; `docs/contracts.md` shows the lines.")],
    rate: Annotated[float | None, typer.Option(min=0.001, help="Events a second; as fast as Kafka takes them.")] = None,
    speed: Annotated[
        float | None, typer.Option(min=0.001, help="Send each at its own time in the file, so many times as fast.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Send only the first so many.")] = None,
) -> None:
    """Send the events of a file to the input topics. Events without a time or an id get the present and a new one."""
    from streams.terminal.feed import feed as send
    from streams.terminal.feed import read_events, scheduled

    if rate is not None and speed is not None:
        raise UsageError("--rate and --speed exclude each other")
    settings = load_settings()
    events = list(itertools.islice(read_events(file), limit))
    names = Names(settings.namespace)
    # Those alone: who may send reports need not know of the others.
    wanted = {getattr(names, each.topic) for each in events}
    asyncio.run(check_topics(settings, [topic for topic in shared_topics(settings) if topic.name in wanted]))
    with counting(f"feeding {file.name}", len(events)) as advance:
        plan = scheduled(events, rate, speed)
        fed = asyncio.run(send(Connection.of(settings), names, plan, lambda: advance(1)))
    per_second = fed.events / max(fed.seconds, 1e-9)
    late = f", at most {fed.late_seconds:.2f} s late" if fed.late_seconds > 0.01 else ""
    say(f"{fed.events} events in {fed.seconds:.1f} s ({per_second:,.0f}/s){late}")
