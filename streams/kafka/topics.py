"""The topics: their names, what each is for, how each is set up. Created once, checked at every start."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from models.city import City
from models.errors import PaidanError
from models.times import DAY_MS, HOUR_MS
from streams.kafka.clients import admin, started
from streams.kafka.connection import Connection, in_words
from streams.kafka.sizes import MAX_MESSAGE_BYTES
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


@dataclass(frozen=True, slots=True)
class Names:
    """The names of all topics under one namespace."""

    namespace: str = "paidan"

    def _of(self, name: str) -> str:
        return f"{self.namespace}.{name}"

    def group(self, name: str) -> str:
        """A consumer group, and what the transactional ids of a role begin with; the tables' group is Faust's."""
        return f"{self.namespace}-{name}"

    @property
    def reports(self) -> str:
        """Input: what citizens write."""
        return self._of("reports")

    @property
    def detections(self) -> str:
        """Input: what camera algorithms see."""
        return self._of("detections")

    @property
    def updates(self) -> str:
        """Input: what reporters and officers do with orders, from the gateway and systems that are trusted: an update
        here is by whom it says."""
        return self._of("updates")

    @property
    def units(self) -> str:
        """Input: where mobile units are, and what they do with their tasks."""
        return self._of("units")

    @property
    def above(self) -> str:
        """Input: what platforms above ask for. Whatever is here, one of them has sent."""
        return self._of("above")

    def tasks(self, unit: str) -> str:
        """What one mobile unit is to look at."""
        return self._of(f"tasks.{unit}")

    def updates_of(self, department: str) -> str:
        """Input: what one department does with orders. Whatever is here, the department has sent."""
        return f"{self.updates}.{department}"

    def department_of(self, topic: str) -> str:
        """The department whose updates a topic holds; empty for any other topic."""
        before, _, department = topic.partition(f"{self.updates}.")
        return "" if before else department

    @property
    def inbox(self) -> str:
        """Intake to desk, keyed by area."""
        return self._of("inbox")

    @property
    def urgent(self) -> str:
        """Intake to desk, keyed by area: what is decided before what waits in the inbox."""
        return self._of("urgent")

    @property
    def report_keys(self) -> str:
        """The key of each report whose words are sealed, wrapped by the city's, or who had it destroyed."""
        return self._of("report-keys")

    @property
    def contacts(self) -> str:
        """How reporters are reached, encrypted, for notify alone."""
        return self._of("contacts")

    @property
    def disclosures(self) -> str:
        """Each time that a reporter's contact was opened, without the contact."""
        return self._of("disclosures")

    @property
    def orders(self) -> str:
        """The public log of facts, kept for ever."""
        return self._of("orders")

    @property
    def desk(self) -> str:
        """The desk's changelog: order rows."""
        return self._of("desk")

    @property
    def figures(self) -> str:
        """The desk's changelog: figure rows."""
        return self._of("figures")

    @property
    def archive(self) -> str:
        """The last row of each archived order, kept for ever."""
        return self._of("archive")

    @property
    def packed(self) -> frozenset[str]:
        """Those that stages write and Paidan alone reads: their batches are packed. What others read is not, since not
        every client can unpack it."""
        return frozenset((self.inbox, self.urgent, self.desk, self.figures, self.archive))

    @property
    def notices(self) -> str:
        """What reporters, departments and supervisors are told."""
        return self._of("notices")

    @property
    def upward(self) -> str:
        """What platforms above hear of their orders."""
        return self._of("upward")

    @property
    def rechecks(self) -> str:
        """What cameras are asked to look at again, keyed by camera."""
        return self._of("rechecks")

    @property
    def dead_letters(self) -> str:
        """What could not be taken in, with its bytes and the reason."""
        return self._of("dead-letters")

    @property
    def outcomes(self) -> str:
        """What has become of sightings whose senders wait to hear it."""
        return self._of("outcomes")

    @property
    def unlisted(self) -> str:
        """How often each label has come that the city has not listed."""
        return self._of("unlisted")

    @property
    def claims(self) -> str:
        """Which process owns which input partition."""
        return self._of("claims")

    @property
    def control(self) -> str:
        """Which city pack and which models are in force, and the build of the tables."""
        return self._of("control")

    @property
    def silences(self) -> str:
        """What people have silenced while the city runs."""
        return self._of("silences")

    def tables_group(self, build: int = 1) -> str:
        """The consumer group of the tables' workers; the name is Faust's."""
        return self._of("tables" if build == 1 else f"tables-v{build}")

    def tables_changelog(self, table: str, build: int = 1) -> str:
        """What the tables' workers keep of one stream table; the name is Faust's."""
        return f"{self.tables_group(build)}-{table}-changelog"

    def hub_figures(self, hub: str) -> str:
        """What a hub tells of its own figures."""
        return self._of(f"hubs.{hub}")

    def assignments(self, department: str) -> str:
        """The orders of one department."""
        return self._of(f"assignments.{department}")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it must be; `settings` are Kafka's topic configurations. `whole`: all else is computed from it, and
    what is deleted of it is nowhere else."""

    name: str
    partitions: int
    settings: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False


_EVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
_ARRIVAL = {"message.timestamp.type": "LogAppendTime"}
_COMPACT = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.3",
    "segment.ms": str(DAY_MS),
    "segment.bytes": str(32 * 1024 * 1024),
    "delete.retention.ms": str(DAY_MS),
}

# A key that was destroyed is gone from the brokers' disks within two days.
_SOON = {"max.compaction.lag.ms": str(DAY_MS)}
DEAD_LETTER_DAYS = 90
_CONTACT_DAYS = 365  # of whoever has not reported for so long the contact is known no more
_TRAIL_DAYS = 365
_PLAIN_DAYS = 90  # where words are sealed, those that departments got in the clear are kept for so long

# The same limit everywhere: a row with forty long reports is as long as the reports are.
_LIMIT = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}


def _hours(count: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(count * HOUR_MS), "retention.bytes": "-1"}


def _days(count: int) -> dict[str, str]:
    return _hours(24 * count)


def city_topics(settings: Settings, city: City) -> tuple[Topic, ...]:
    """Every topic of a city."""
    return all_topics(settings, city.departments, city.units.by_id, city.hubs)


def all_topics(
    settings: Settings, departments: Iterable[str], units: Iterable[str] = (), hubs: Iterable[str] = ()
) -> tuple[Topic, ...]:
    """Every topic of the namespace; `departments`, `units` and `hubs` are the ids of the city's departments, of its
    mobile units, and of the departments that are hubs."""
    names, shared, departments = Names(settings.namespace), settings.partitions, sorted(departments)
    kept = _days(_PLAIN_DAYS) if settings.words_key.get_secret_value() else _EVER
    # A segment is deleted as a whole: without an end of its own it would keep a slow city's for a week.
    raw = _hours(settings.raw_hours) | _ARRIVAL | {"segment.ms": str(DAY_MS)}
    table = [
        # When something came in, the broker says: how old it was then, and the desk's clock, depend on nobody else.
        (names.reports, shared, raw),
        (names.detections, shared, raw),
        (names.updates, shared, raw),
        (names.units, shared, raw),
        # One partition, as each department's: a bridge carries one order after the other.
        (names.above, 1, raw),
        (names.inbox, shared, _EVER | _ARRIVAL),
        (names.urgent, shared, _EVER | _ARRIVAL),
        (names.report_keys, shared, _COMPACT | _SOON),
        # One partition: what says how reporters are reached is read by notify as a whole.
        (names.contacts, 1, _days(_CONTACT_DAYS)),
        (names.disclosures, 1, _days(_TRAIL_DAYS)),
        (names.orders, shared, _EVER),
        (names.desk, shared, _COMPACT),
        (names.figures, shared, _COMPACT),
        (names.archive, shared, _COMPACT),
        (names.notices, shared, _days(30)),
        (names.upward, shared, _days(90)),
        (names.rechecks, shared, _days(30)),
        (names.outcomes, shared, _hours(1) | {"segment.ms": str(HOUR_MS)}),
        (names.dead_letters, 1, _days(DEAD_LETTER_DAYS)),
        (names.unlisted, 1, _COMPACT | {"cleanup.policy": "compact,delete", "retention.ms": str(90 * DAY_MS)}),
        (names.claims, shared, _COMPACT),
        (names.control, 1, _COMPACT),
        (names.silences, 1, _COMPACT),
        # One partition each: commits slow down with the number of partitions written to.
        *((names.assignments(department), 1, kept) for department in departments),
        *((names.updates_of(department), 1, raw) for department in departments),
        *((names.tasks(unit), 1, kept) for unit in sorted(units)),
        # When a hub was last heard of, the broker says.
        *((names.hub_figures(hub), 1, _COMPACT | _ARRIVAL) for hub in sorted(hubs)),
    ]
    whole = {names.inbox, names.urgent, names.orders}
    topics = (Topic(name, count, configs | _LIMIT, name in whole) for name, count, configs in table)
    return *topics, *tables_changelogs(settings)


def shared_topics(settings: Settings, *names: str) -> tuple[Topic, ...]:
    """Those of the topics that every city has which are called so; without a name all of them."""
    return tuple(topic for topic in all_topics(settings, ()) if not names or topic.name in names)


def tables_changelogs(settings: Settings, build: int = 1) -> tuple[Topic, ...]:
    """The changelogs of one build of the tables. Faust would make them itself, but a worker that is quicker than their
    metadata would stop."""
    names = Names(settings.namespace)
    return tuple(
        Topic(names.tables_changelog(table, build), settings.partitions, _COMPACT | _LIMIT)
        for table in ("orders", "figures")
    )


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
