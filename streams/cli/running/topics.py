"""`paidan topics`: what must be in Kafka, created or checked, who may read and write what, and how much."""

import asyncio
from typing import Annotated

import typer

from models.city import load_city
from models.errors import UsageError
from streams.kafka.connection import Connection
from streams.kafka.rights.access_lists import add, as_command, entries, principal_of
from streams.kafka.rights.cluster_rights import ClusterRight, cluster_rights, is_outside
from streams.kafka.rights.quotas import limit, quota_command
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


Sensors = Annotated[
    list[str] | None, typer.Option("--sensor", metavar="NAME", help="Who sends detections; repeatable.")
]
Apps = Annotated[list[str] | None, typer.Option("--app", metavar="NAME", help="Who sends reports; repeatable.")]
Fleets = Annotated[
    list[str] | None, typer.Option("--fleet", metavar="NAME", help="Who sends what mobile units say; repeatable.")
]
Above = Annotated[
    list[str] | None,
    typer.Option("--above", metavar="NAME", help="A platform above that comes without a bridge; repeatable."),
]
Principals = Annotated[
    list[str] | None,
    typer.Option(
        "--principal",
        metavar="PARTY=PRINCIPAL",
        help="What the cluster calls a party, as intake=User:CN=intake or department/roads=User:roads; repeatable. "
        "Without: User:NAMESPACE-PARTY.",
    ),
]


@topics.command()
def acl(
    sensor: Sensors = None,
    app: Apps = None,
    fleet: Fleets = None,
    above: Above = None,
    principal: Principals = None,
    script: Annotated[bool, typer.Option("--script", help="As commands of kafka-acls.sh.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Add those that the cluster lacks.")] = False,
) -> None:
    """Show who may read and write what: the access lists of the whole city. None that is there is ever taken away."""
    settings = load_settings()
    needed, called = _rights(settings, sensor, app, fleet, above, principal)
    wanted = entries(needed, settings.namespace, called)
    if apply:
        added = asyncio.run(add(Connection.of(settings), wanted))
        say(f"{len(added)} entries added, {len(wanted) - len(added)} were there")
        return
    width = max(len(entry.principal) for entry in wanted)
    for entry in wanted:
        line = f"{entry.principal:{width}}  {entry.operation:16} {entry.kind:16}  {entry.name}"
        say(as_command(entry, settings.kafka or "BROKER:9092") if script else line)


@topics.command()
def quotas(
    rate: Annotated[int, typer.Option(min=1, metavar="BYTES", help="What each may send in a second.")] = 1_000_000,
    sensor: Sensors = None,
    app: Apps = None,
    fleet: Fleets = None,
    above: Above = None,
    principal: Principals = None,
    script: Annotated[bool, typer.Option("--script", help="As commands of kafka-configs.sh.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Set them, in place of what each has.")] = False,
) -> None:
    """Show how much each of those outside may send: departments, sensors, apps, fleets, platforms above. Brokers hold
    back what is more."""
    settings = load_settings()
    needed, called = _rights(settings, sensor, app, fleet, above, principal)
    senders = dict.fromkeys(each.party for each in needed if is_outside(each.party) and each.operation == "Write")
    principals = dict.fromkeys(principal_of(party, settings.namespace, called) for party in senders)
    if apply:
        asyncio.run(limit(Connection.of(settings), principals, rate))
        say(f"{len(principals)} quotas set")
        return
    width = max(map(len, principals))
    for one in principals:
        line = f"{one:{width}}  {rate} bytes a second"
        say(quota_command(one, rate, settings.kafka or "BROKER:9092") if script else line)


def _rights(
    settings: Settings,
    sensors: list[str] | None,
    apps: list[str] | None,
    fleets: list[str] | None,
    above: list[str] | None,
    principals: list[str] | None,
) -> tuple[tuple[ClusterRight, ...], dict[str, str]]:
    """All rights of the city, and which principals its parties are where somebody has said so."""
    city = load_city(settings.city)
    needed = cluster_rights(
        Names(settings.namespace),
        city.departments,
        sensors or (),
        apps or (),
        city.units.by_id,
        fleets or (),
        city.hubs,
        above or (),
    )
    return needed, dict(_named(one, {right.party for right in needed}) for one in principals or ())


def _wanted(settings: Settings) -> tuple[Topic, ...]:
    """The topics of the city. Raises UsageError where another one is at work: what it lacks is not to be made there."""
    from streams.control.packs import refuse_another_city  # here: the rights of a cluster need none of it

    city = load_city(settings.city)
    asyncio.run(refuse_another_city(settings, city))
    return city_topics(settings, city)


def _named(given: str, parties: set[str]) -> tuple[str, str]:
    party, _, called = given.partition("=")
    if party not in parties or ":" not in called:
        raise UsageError(f"{given} is not PARTY=TYPE:NAME with a party of {', '.join(sorted(parties))}")
    return party, called
