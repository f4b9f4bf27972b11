"""Every role and command that speaks to Kafka says that topics are missing: none waits without a word, and where
brokers make what they are asked for, none leaves topics of one partition."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import typer
from typer.main import get_command_name
from typer.testing import CliRunner

from models.classifier.serving.model_path import SHIPPED, read_model
from models.classifier.serving.store import Store
from streams.cli.main import COMMANDS, _imported, app
from streams.kafka.clients import admin, started
from streams.kafka.topics import TopicError
from streams.settings import DEMO_CITY, Settings
from streams.terminal.feed import read_events
from tests.broker.levels.test_bridge_ends import bridge_to
from tests.support.kafka import Kafka, Roles

ROLES = ("bridge", "desk", "gateway", "intake", "lake", "notify", "tables")
# What is asked of each command that speaks to Kafka; EVENTS is a file of one event, MODEL a model of the store.
ASKED = {
    "audit": "",
    "cameras unknown": "",
    "city cancel": "",
    "city history": "",
    "city publish": f"{DEMO_CITY} --yes",
    "city rollback": "--yes",
    "dead-letters list": "",
    "dead-letters replay": "--all",
    "dead-letters show": "1",
    "erase": "--by li --why asked --order o-1",
    "export": "",
    "feed": "EVENTS",
    "history": "EVENTS --no-model",
    "labels export": "",
    "labels unknown": "",
    "model list": "",
    "model promote": "MODEL",
    "model rollback": "",
    "model shadow": "none",
    "query": "SELECT --live",
    "silence approve": "1",
    "silence end": "1",
    "silence lift": "zone --owner li --comment why",
    "silence list": "",
    "silence set": "--until 2099-01-01T00:00:00Z --owner li --comment why",
    "tail assignments": "",
    "topics check": "",
    "train": "--from-log",
    "whatif": f"--pack {DEMO_CITY}",
}
# They make the topics, read files alone, ask the gateway, or do as well without what Kafka knows.
OTHERS = {
    *("up", "demo", "broker", "topics create", "topics acl", "topics quotas"),
    *("token add", "token list", "token revoke", "metrics rules", "metrics board", "settings", "status"),
    *("city check", "city new", "city try", "city citizen", "city calendar", "city bootstrap"),
    *("evaluate", "compare", "model add"),
}


def every_command() -> Iterator[str]:
    """All that `paidan` knows, with the names of those below it."""
    for name, (file, attribute, _) in COMMANDS.items():
        target = getattr(_imported(file), attribute)
        if not isinstance(target, typer.Typer):
            yield name
            continue
        for each in target.registered_commands:
            assert each.callback is not None
            yield f"{name} {each.name or get_command_name(each.callback.__name__)}"


def test_of_each_command_it_is_known_whether_it_speaks_to_kafka() -> None:
    """A new one has to be named here."""
    assert sorted(every_command()) == sorted({*ROLES, *ASKED, *OTHERS})


@pytest.fixture
def nowhere(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a namespace without topics, also in the environment; a file of events, and a model in the store."""
    there = settings.model_copy(update={"city": DEMO_CITY, "gateway_port": 0})
    for name, value in there.environment().items():
        monkeypatch.setenv(name, value)
    return there


@pytest.mark.timeout(60)
@pytest.mark.parametrize("command", sorted(ASKED))
async def test_a_command_says_that_topics_are_missing(command: str, nowhere: Settings, tmp_path: Path) -> None:
    """And it has made none by asking."""
    model, events = "", tmp_path / "events.jsonl"
    if "MODEL" in ASKED[command]:
        model = Store(nowhere.models_address).put(read_model(SHIPPED)[1])
    if "EVENTS" in ASKED[command]:
        [first, *_] = read_events(DEMO_CITY / "day.jsonl")
        events.write_bytes(msgspec.json.encode(first.event | {"time": "2026-03-01T08:00:00.000Z"}))
    given = [{"EVENTS": str(events), "MODEL": model}.get(each, each) for each in ASKED[command].split()]

    done = await asyncio.to_thread(CliRunner().invoke, app, [*command.split(), *given])

    assert isinstance(done.exception, TopicError), done.output
    assert re.match(r"missing topics: .*; `paidan topics create` makes them", str(done.exception))
    assert await topics_of(nowhere) == []


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_a_role_says_that_topics_are_missing(role: str, nowhere: Settings, kafka: Kafka, tmp_path: Path) -> None:
    """A bridge also where those above are there."""
    roles = Roles(await bridge_to(kafka, nowhere, tmp_path) if role == "bridge" else nowhere, tmp_path)
    try:
        started_role = roles.start(role)

        assert await started_role.ended(60) == 1
        assert "missing topics: " in started_role.said()
    finally:
        roles.end()

    assert await topics_of(nowhere) == []


async def topics_of(settings: Settings) -> list[str]:
    """The topics of a namespace."""
    async with started(admin(Kafka(settings.kafka).connection)) as client:
        return [each for each in await client.list_topics() if each.startswith(f"{settings.namespace}.")]
