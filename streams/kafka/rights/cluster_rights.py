"""Who needs which rights on the cluster 权限: one table, from which `paidan topics acl` makes the access lists.

A party is a role of Paidan, the commands of those who operate it, or somebody outside: `department/roads`, `sensor/…`,
`app/…`. What is not here is not needed. Read and Write hold the right to Describe the same thing, and Write on a topic
that to write idempotently.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from streams.kafka.topics import Names

Operation = Literal["Read", "Write", "Create", "Describe", "DescribeConfigs"]
Kind = Literal["topic", "group", "transactional-id"]


class ClusterRight(NamedTuple):
    """That a party may do one operation on one thing, or, with `*` at the end of the name, on all that begin so."""

    party: str
    operation: Operation
    kind: Kind
    name: str


def cluster_rights(
    names: Names,
    departments: Iterable[str],
    sensors: Iterable[str] = (),
    apps: Iterable[str] = (),
    units: Iterable[str] = (),
    fleets: Iterable[str] = (),
    hubs: Iterable[str] = (),
    above: Iterable[str] = (),
) -> tuple[ClusterRight, ...]:
    """The rights of all parties of a city: its departments (`hubs`: those that are platforms of their own) and mobile
    units, and whoever sends detections, reports, what units say or what a platform above asks for, by their ids."""
    rows = sorted(_of_roles(names), key=lambda row: _ROLES.index(row[0]))
    for department in sorted(departments):
        rows += _of_department(names, department)
    rows += [(f"department/{hub}", "Write", "topic", (names.hub_figures(hub),)) for hub in sorted(hubs)]
    for sensor in sensors:
        rows += _of_sensor(names, sensor)
    rows += [(f"app/{one}", "Write", "topic", (names.reports,)) for one in apps]
    rows += [(f"fleet/{one}", "Write", "topic", (names.units,)) for one in fleets]
    for one in above:
        rows += _of_above(names, one)
    for unit in sorted(units):
        rows += _of_unit(names, unit)
    return tuple(
        ClusterRight(party, operation, kind, name) for party, operation, kind, things in rows for name in things
    )


def is_outside(party: str) -> bool:
    """Whether a party is none of Paidan's own roles: a department, a mobile unit, a platform above, or who sends what
    is seen or said."""
    return "/" in party


# The bridge looks at no topic but those that it reads and writes; the others check all of them at their start.
_CHECKING = ("intake", "desk", "tables", "gateway", "notify", "learning", "commands")
_ROLES = ("intake", "desk", "tables", "gateway", "notify", "bridge", "learning", "commands")
_Row = tuple[str, Operation, Kind, tuple[str, ...]]


def _of_roles(n: Names) -> list[_Row]:
    every, tables = f"{n.namespace}.*", f"{n.tables_group()}*"
    return [
        # Each of them checks at its start that the topics are there and set up as they must be.
        *((role, "Describe", "topic", (every,)) for role in _CHECKING),
        *((role, "DescribeConfigs", "topic", (every,)) for role in _CHECKING),
        ("intake", "Read", "topic", (n.reports, n.detections, n.updates, n.updates_of("*"), n.units, n.above)),
        ("intake", "Read", "topic", (n.claims, n.control, n.report_keys)),  # the last: whether its key is the city's
        ("intake", "Write", "topic", (n.inbox, n.urgent, n.report_keys, n.contacts, n.dead_letters, n.unlisted)),
        ("intake", "Write", "topic", (n.claims,)),
        ("intake", "Read", "group", (n.group("intake"),)),
        ("intake", "Write", "transactional-id", (n.group("intake-*"),)),
        ("desk", "Read", "topic", (n.inbox, n.urgent, n.report_keys, n.desk, n.figures, n.claims, n.control)),
        ("desk", "Read", "topic", (n.silences, n.orders)),  # the last: whether its state is the newest one
        ("desk", "Write", "topic", (n.inbox, n.orders, n.desk, n.figures, n.archive, n.notices, n.dead_letters)),
        ("desk", "Write", "topic", (n.outcomes, n.upward, n.rechecks, n.assignments("*"), n.tasks("*"))),
        ("desk", "Write", "topic", (n.report_keys, n.claims, n.control)),
        ("desk", "Read", "group", (n.group("desk"),)),
        ("desk", "Write", "transactional-id", (n.group("desk-*"), n.group("packs"))),
        ("tables", "Read", "topic", (n.desk, n.figures, n.archive, n.control, tables)),
        ("tables", "Write", "topic", (tables,)),
        ("tables", "Create", "topic", (tables,)),  # Faust makes some of its own
        ("tables", "Read", "group", (tables,)),
        ("gateway", "Read", "topic", (n.inbox, n.urgent, n.orders, n.outcomes, n.report_keys, n.dead_letters)),
        ("gateway", "Read", "topic", (n.unlisted, n.control, n.silences, n.hub_figures("*"))),
        ("gateway", "Write", "topic", (n.reports, n.detections, n.updates, n.units, n.silences)),
        ("gateway", "Write", "transactional-id", (n.group("silences"),)),
        ("gateway", "Describe", "group", (n.group("intake"), n.group("desk"))),
        ("notify", "Read", "topic", (n.assignments("*"), n.notices, n.contacts, n.report_keys, n.control)),
        ("notify", "Write", "topic", (n.disclosures, n.dead_letters)),
        ("notify", "Read", "group", (n.group("notify-*"),)),
        # Of the platform below; on that above a bridge is the department that is the hub.
        ("bridge", "Read", "topic", (n.upward, n.dead_letters, n.figures, n.control)),
        ("bridge", "Write", "topic", (n.above,)),
        ("bridge", "Read", "group", (n.group("bridge-*"),)),
        # paidan labels, train --from-log, compare, model
        ("learning", "Read", "topic", (n.orders, n.report_keys, n.unlisted, n.control)),
        ("learning", "Write", "topic", (n.control,)),
        ("learning", "Write", "transactional-id", (n.group("models"),)),
        # paidan topics, feed, history, tail, dead-letters, audit, city publish; a repair stands in for the desk
        ("commands", "Read", "topic", (every,)),
        ("commands", "Write", "topic", (every,)),
        ("commands", "Create", "topic", (every,)),
        ("commands", "Describe", "group", (n.group("intake"), n.group("desk"), tables)),
        ("commands", "Write", "transactional-id", (n.group("desk-*"), n.group("packs"), n.group("silences"))),
    ]


def _of_sensor(n: Names, sensor: str) -> list[_Row]:
    """It sends what it sees, reads what its cameras are asked, and calls its consumer groups by its own name."""
    return _of_outside(n, "sensor", sensor, ("Write", n.detections), ("Read", n.rechecks))


def _of_department(n: Names, department: str) -> list[_Row]:
    """It reads what it is given, writes what it does, and calls its consumer groups by its own name."""
    given, said = n.assignments(department), n.updates_of(department)
    return _of_outside(n, "department", department, ("Read", given), ("Write", said))


def _of_above(n: Names, platform: str) -> list[_Row]:
    """It writes what it asks for and reads what becomes of it: a platform above that comes without a bridge."""
    return _of_outside(n, "above", platform, ("Write", n.above), ("Read", n.upward))


def _of_unit(n: Names, unit: str) -> list[_Row]:
    """It reads its tasks. What it says comes by the gateway, or by the city's fleet system, which speaks for all."""
    return _of_outside(n, "unit", unit, ("Read", n.tasks(unit)))


def _of_outside(n: Names, kind: str, id: str, *topics: tuple[Operation, str]) -> list[_Row]:
    """What it may do with topics, and the consumer groups that it calls by its own name."""
    party, group = f"{kind}/{id}", n.group(f"{kind}-{id}")
    return [
        *((party, operation, "topic", (topic,)) for operation, topic in topics),
        (party, "Read", "group", (group, f"{group}.*")),
    ]
