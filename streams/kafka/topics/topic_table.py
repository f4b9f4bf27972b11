"""Every topic of a city: how many partitions it has, and how it is set up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from models.city import City
from models.times import DAY_MS, HOUR_MS
from streams.kafka.sizes import MAX_MESSAGE_BYTES
from streams.kafka.topics.topic_names import Names
from streams.settings import Settings


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
