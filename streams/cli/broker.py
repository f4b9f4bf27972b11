"""`paidan broker` and `paidan topics`: Kafka itself and what must be in it."""

import asyncio

import typer

from models.city import load_city
from streams.kafka.topics import all_topics, check_topics, create_topics
from streams.local.broker import LocalBroker
from streams.run import run_until_stopped
from streams.settings import Settings, load_settings

topics = typer.Typer(no_args_is_help=True)


def broker() -> None:
    """Run the local Kafka in the foreground until Ctrl-C. Its data stays in the data folder."""
    run_until_stopped(_run_broker)


async def _run_broker(settings: Settings) -> None:
    async with LocalBroker(settings.make_data() / "broker", port=settings.broker_port) as running:
        typer.echo(running.bootstrap)
        await running.watch()


@topics.command()
def create() -> None:
    """Create the topics that are missing, then check all. Nothing that is there is ever changed."""
    settings = load_settings()
    wanted = all_topics(settings, load_city(settings.city).departments)
    created = asyncio.run(create_topics(settings, wanted))
    typer.echo(f"{len(created)} topics created, {len(wanted) - len(created)} were there")


@topics.command()
def check() -> None:
    """Check that every topic is there with its partitions and settings; exit code 1 when not."""
    settings = load_settings()
    wanted = all_topics(settings, load_city(settings.city).departments)
    asyncio.run(check_topics(settings, wanted))
    typer.echo(f"{len(wanted)} topics are as they must be")
