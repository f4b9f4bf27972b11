"""`paidan topics`: what must be in Kafka, created or checked."""

import asyncio

import typer

from models.city import load_city
from streams.kafka.topics import all_topics, check_topics, create_topics
from streams.settings import load_settings
from streams.terminal.harmless import say

topics = typer.Typer(no_args_is_help=True)


@topics.command()
def create() -> None:
    """Create the topics that are missing, then check all. Nothing that is there is ever changed."""
    settings = load_settings()
    wanted = all_topics(settings, load_city(settings.city).departments)
    created = asyncio.run(create_topics(settings, wanted))
    say(f"{len(created)} topics created, {len(wanted) - len(created)} were there")


@topics.command()
def check() -> None:
    """Check that every topic is there with its partitions and settings; exit code 1 when not."""
    settings = load_settings()
    wanted = all_topics(settings, load_city(settings.city).departments)
    asyncio.run(check_topics(settings, wanted))
    say(f"{len(wanted)} topics are as they must be")
