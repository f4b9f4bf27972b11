"""`paidan topics`: what must be in Kafka, created or checked, and who may read and write what."""

import asyncio
from typing import Annotated

import typer

from models.city import load_city
from models.errors import UsageError
from streams.kafka.access_lists import add, as_command, entries
from streams.kafka.cluster_rights import cluster_rights
from streams.kafka.connection import Connection
from streams.kafka.topics import Names, Topic, check_topics, city_topics, create_topics
from streams.settings import Settings, load_settings
from streams.terminal.harmless import say

topics = typer.Typer(no_args_is_help=True)


@topics.command()
def create() -> None:
    """Create the topics that are missing, then check all. Nothing that is there is ever changed."""
    settings = load_settings()
    wanted = _wanted(settings)
    created = asyncio.run(create_topics(settings, wanted))
    say(f"{len(created)} topics created, {len(wanted) - len(created)} were there")


@topics.command()
def check() -> None:
    """Check that every topic is there with its partitions and settings; exit code 1 when not."""
    settings = load_settings()
    wanted = _wanted(settings)
    asyncio.run(check_topics(settings, wanted))
    say(f"{len(wanted)} topics are as they must be")


@topics.command()
def acl(
    sensor: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Who sends detections; repeatable.")] = None,
    app: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Who sends reports; repeatable.")] = None,
    fleet: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Who sends what mobile units say; repeatable.")
    ] = None,
    principal: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PARTY=PRINCIPAL",
            help="What the cluster calls a party, as intake=User:CN=intake or department/roads=User:roads; repeatable. "
            "Without: User:NAMESPACE-PARTY.",
        ),
    ] = None,
    script: Annotated[bool, typer.Option("--script", help="As commands of kafka-acls.sh.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Add those that the cluster lacks.")] = False,
) -> None:
    """Show who may read and write what: the access lists of the whole city. None that is there is ever taken away."""
    settings = load_settings()
    city = load_city(settings.city)
    needed = cluster_rights(
        Names(settings.namespace),
        city.departments,
        sensor or (),
        app or (),
        city.units.by_id,
        fleet or (),
        city.hubs,
    )
    called = dict(_named(one, {right.party for right in needed}) for one in principal or ())
    wanted = entries(needed, settings.namespace, called)
    if apply:
        added = asyncio.run(add(Connection.of(settings), wanted))
        say(f"{len(added)} entries added, {len(wanted) - len(added)} were there")
        return
    width = max(len(entry.principal) for entry in wanted)
    for entry in wanted:
        line = f"{entry.principal:{width}}  {entry.operation:16} {entry.kind:16}  {entry.name}"
        say(as_command(entry, settings.kafka or "BROKER:9092") if script else line)


def _wanted(settings: Settings) -> tuple[Topic, ...]:
    city = load_city(settings.city)
    return city_topics(settings, city)


def _named(given: str, parties: set[str]) -> tuple[str, str]:
    party, _, called = given.partition("=")
    if party not in parties or ":" not in called:
        raise UsageError(f"{given} is not PARTY=TYPE:NAME with a party of {', '.join(sorted(parties))}")
    return party, called
