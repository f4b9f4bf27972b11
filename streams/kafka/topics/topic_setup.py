"""Topics are created once, and looked at whenever a role starts."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from models.errors import PaidanError
from streams.kafka.clients import admin, started
from streams.kafka.connection import Connection, in_words
from streams.kafka.sizes import MAX_MESSAGE_BYTES
from streams.kafka.topics.topic_table import Topic, shared_topics
from streams.settings import Settings

log = logging.getLogger(__name__)

_ASKED = 10  # so often any broker is asked whether it knows new topics
_LEADERS_TIMEOUT_S = 30.0
_REQUEST_TIMEOUT_MS = 20_000
_NAMED = 8  # of the topics that are missing: where all are, eighty names say no more
_HELD_TO = ("cleanup.policy", "message.timestamp.type")
_LONGEST, _KEPT = "max.message.bytes", "retention.ms"


class TopicError(PaidanError):
    """A topic is missing, set up differently, or could not be created."""


async def create_topics(settings: Settings, topics: Iterable[Topic]) -> tuple[str, ...]:
    """Create what is missing, then check all; the names of those created. Raises TopicError."""
    wanted = tuple(topics)
    async with _client(settings, "created") as client:
        present = set(await client.list_topics())
        missing = [topic for topic in wanted if topic.name not in present]
        new = [NewTopic(t.name, t.partitions, settings.replication, topic_configs=dict(t.settings)) for t in missing]
        if new:
            for name, code, *reason in (await client.create_topics(new)).topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:  # another process may have been quicker
                    raise TopicError(
                        f"topic {name} could not be created: {error.__name__} {' '.join(map(str, reason))}"
                    )
            await _await_leaders(client, [topic.name for topic in missing])
            await _await_all_brokers(client, wanted)
        await _check(client, wanted)
    return tuple(topic.name for topic in missing)


async def check_topics(settings: Settings, topics: Iterable[Topic]) -> None:
    """Raises TopicError when a topic is missing or has other partitions, cleanup or timestamps; changes nothing.

    Whoever may not ask how a topic is set up, as a department of its own, is not refused for it, and cleanup and
    timestamps are not compared.
    """
    async with _client(settings, "checked") as client:
        await _check(client, tuple(topics))


async def check_shared(settings: Settings, *names: str) -> None:
    """`check_topics` of the topics that every city has, or of those of them that are called so."""
    await check_topics(settings, shared_topics(settings, *names))


async def is_there(settings: Settings, name: str) -> bool:
    """Whether there is a topic of this name. Raises TopicError when no Kafka answers."""
    async with _client(settings, "looked for") as client:
        return name in await client.list_topics()


@contextlib.asynccontextmanager
async def _client(settings: Settings, what: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client while the topics are `what`. Raises TopicError when no Kafka answers, or it fails in between."""
    connection = Connection.of(settings)
    async with contextlib.AsyncExitStack() as stack:
        try:
            client = await stack.enter_async_context(started(admin(connection, request_timeout_ms=_REQUEST_TIMEOUT_MS)))
        except KafkaError as error:
            raise TopicError(in_words(error)) from error
        try:
            yield client
        except KafkaError as error:
            raise TopicError(f"the topics could not be {what}: {error}") from error


async def _await_leaders(client: AIOKafkaAdminClient, names: list[str]) -> None:
    """Return when every partition has a leader. Raises TopicError when for so long no further one has got one."""
    now, most = asyncio.get_running_loop().time, 0
    since = now()
    while True:
        described = await client.describe_topics(names)
        leaders = [part["leader"] >= 0 for topic in described for part in topic["partitions"]]
        if all(leaders) and not any(topic["error_code"] for topic in described):
            return
        if sum(leaders) > most:
            most, since = sum(leaders), now()
        elif now() > since + _LEADERS_TIMEOUT_S:
            raise TopicError(f"the new topics have no leader after {_LEADERS_TIMEOUT_S:.0f} s")
        await asyncio.sleep(0.05)


async def _await_all_brokers(client: AIOKafkaAdminClient, topics: tuple[Topic, ...]) -> None:
    """Each question goes to any broker, and one may hear of new topics later than another: roles that start now would
    be told that there are none."""
    deadline = asyncio.get_running_loop().time() + _LEADERS_TIMEOUT_S
    in_a_row = 0
    while in_a_row < _ASKED and asyncio.get_running_loop().time() < deadline:
        if await _missing(client, topics):
            in_a_row = 0
            await asyncio.sleep(0.05)
        else:
            in_a_row += 1


async def _missing(client: AIOKafkaAdminClient, topics: tuple[Topic, ...]) -> list[str]:
    present = set(await client.list_topics())
    return sorted(topic.name for topic in topics if topic.name not in present)


async def _check(client: AIOKafkaAdminClient, topics: tuple[Topic, ...]) -> None:
    if missing := await _missing(client, topics):
        named, more = ", ".join(missing[:_NAMED]), len(missing) - _NAMED
        if more > 0:
            raise TopicError(f"missing topics: {named} and {more} more; `paidan topics create` makes them")
        raise TopicError(f"missing topics: {named}; `paidan topics create` makes them")
    partitions = {t["topic"]: len(t["partitions"]) for t in await client.describe_topics([t.name for t in topics])}
    configs = await _configs(client, topics)
    for topic in topics:
        if partitions[topic.name] != topic.partitions:
            raise TopicError(
                f"topic {topic.name} has {partitions[topic.name]} partitions instead of {topic.partitions}: "
                "set PAIDAN_PARTITIONS to what it has, or use another PAIDAN_NAMESPACE"
            )
        for key in _HELD_TO:
            wanted = topic.settings.get(key)
            if wanted is None or topic.name not in configs:
                continue
            found = configs[topic.name].get(key)
            if wanted != found:
                raise TopicError(
                    f"topic {topic.name} has {key}={found} instead of {wanted}: change it with Kafka's tools"
                )
        for said in _worse_some_day(topic, configs.get(topic.name, {})):
            log.warning("topic %s has %s: change it with Kafka's tools", topic.name, said)


def _worse_some_day(topic: Topic, found: Mapping[str, str]) -> Iterator[str]:
    """What nothing shows of yet in how a topic is set up that somebody else has made."""
    longest, kept = found.get(_LONGEST), found.get(_KEPT)
    if longest is not None and int(longest) < MAX_MESSAGE_BYTES:
        yield f"{_LONGEST}={longest} instead of {MAX_MESSAGE_BYTES}: who has a longer record to write ends at it"
    if topic.whole and kept is not None and int(kept) >= 0:
        yield f"{_KEPT}={kept} instead of -1: what is older is gone for good"


async def _configs(client: AIOKafkaAdminClient, topics: tuple[Topic, ...]) -> dict[str, dict[str, str]]:
    """How the topics are set up, without those of which this is not told us."""
    keys = dict.fromkeys((*_HELD_TO, _LONGEST, _KEPT))
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=dict(keys)) for topic in topics]
    found, untold = dict[str, dict[str, str]](), list[str]()
    for answer in await client.describe_configs(resources):
        for code, message, _, name, entries in answer.resources:
            if (error := for_code(code)) is TopicAuthorizationFailedError:
                untold.append(name)
            elif error is NoError:
                found[name] = {entry[0]: entry[1] for entry in entries}
            else:
                raise error(message)
    if untold:
        log.info("not told, and so not compared: how %s are set up (DescribeConfigs)", ", ".join(sorted(untold)))
    return found
