"""The table of rights: complete for every role, and nothing beyond their own for those outside."""

import pytest
from typer.testing import CliRunner

from models.city import load_city
from models.errors import UsageError
from streams.cli.main import app
from streams.kafka.rights.access_lists import AccessEntry, as_command, entries
from streams.kafka.rights.cluster_rights import ClusterRight, cluster_rights, is_outside
from streams.kafka.rights.quotas import quota_command
from streams.kafka.topics import Names, all_topics
from streams.settings import load_settings
from streams.stage.run_stage import stage_options

NAMES = Names("city")
DEPARTMENTS = ("roads", "roads-north")
UNITS = ("car-1", "car-12")
HUBS = ("roads-north",)
TABLE = cluster_rights(NAMES, DEPARTMENTS, ("gate",), ("hotline",), UNITS, ("fleet-1",), HUBS, ("province",))


def covers(right: ClusterRight, name: str) -> bool:
    """Whether a right is one to the thing of this name."""
    return name.startswith(right.name[:-1]) if right.name.endswith("*") else name == right.name


def may(party: str, operation: str) -> set[str]:
    """The topics of the city to which the table gives a party a right."""
    own = [right for right in TABLE if (right.party, right.operation, right.kind) == (party, operation, "topic")]
    topics = all_topics(load_settings(namespace="city"), DEPARTMENTS, UNITS, HUBS)
    return {topic.name for topic in topics if any(covers(right, topic.name) for right in own)}


def test_nobody_outside_has_to_unpack_anything() -> None:
    """Not every client can; what stages pack is for roles of Paidan alone."""
    outside = {right.party for right in TABLE if is_outside(right.party)}
    settings = load_settings(namespace="city", kafka="nowhere:9092", personal_key="not 1 to be guessed")
    options = [stage_options(settings, role) for role in ("intake", "desk")]

    assert {topic for party in outside for topic in may(party, "Read")}.isdisjoint(NAMES.packed)
    assert {each.packed for each in options} == {NAMES.packed}


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_a_department_has_its_own_two_topics_and_its_own_groups(department: str) -> None:
    """Also where the name of one begins with that of another."""
    party = f"department/{department}"
    groups = [right for right in TABLE if right.party == party and right.kind == "group"]

    assert may(party, "Read") == {NAMES.assignments(department)}
    own = {NAMES.hub_figures(department)} if department in HUBS else set()
    assert may(party, "Write") == {NAMES.updates_of(department)} | own
    for name in (f"city-department-{department}", f"city-department-{department}.night"):
        assert any(covers(right, name) for right in groups)
    for name in ("city-intake", "city-department-road", "city-department-roads-north-2", "city-department-roadsx"):
        assert not any(covers(right, name) for right in groups)


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_reads_its_own_tasks_and_writes_nothing(unit: str) -> None:
    """What it says comes by the gateway, or by a system that may speak for all units."""
    assert (may(f"unit/{unit}", "Read"), may(f"unit/{unit}", "Write")) == ({NAMES.tasks(unit)}, set())
    assert (may("fleet/fleet-1", "Read"), may("fleet/fleet-1", "Write")) == (set(), {NAMES.units})
    readers = {right.party for right in TABLE if right.operation == "Read" and covers(right, NAMES.tasks(unit))}
    assert readers == {f"unit/{unit}", "commands"}


def test_who_sends_writes_to_one_topic_and_reads_no_more_than_it_is_asked() -> None:
    """A sensor is no citizen, an app no camera, and neither is a department; its cameras may be asked to look again."""
    assert (may("sensor/gate", "Write"), may("app/hotline", "Write")) == ({NAMES.detections}, {NAMES.reports})
    assert (may("sensor/gate", "Read"), may("app/hotline", "Read")) == ({NAMES.rechecks}, set())


def test_a_bridge_has_what_it_reads_and_writes_on_each_side_and_no_more() -> None:
    """Below its own rows of the table, above those of the department that is the hub: it describes, creates and changes
    nothing, and writes to no topic on which others speak."""
    below = [each[1:] for each in TABLE if each.party == "bridge"]
    above = [each[1:] for each in TABLE if each.party == "department/roads-north"]

    assert sorted(below) == [
        ("Read", "group", "city-bridge-*"),
        ("Read", "topic", "city.control"),
        ("Read", "topic", "city.dead-letters"),
        ("Read", "topic", "city.figures"),
        ("Read", "topic", "city.upward"),
        ("Write", "topic", "city.above"),
    ]
    assert sorted(above) == [
        ("Read", "group", "city-department-roads-north"),
        ("Read", "group", "city-department-roads-north.*"),
        ("Read", "topic", "city.assignments.roads-north"),
        ("Write", "topic", "city.hubs.roads-north"),
        ("Write", "topic", "city.updates.roads-north"),
    ]


def test_a_platform_above_without_a_bridge_asks_and_hears() -> None:
    """Nobody but it, a bridge and the commands may write where reports count as orders from above."""
    writers = {right.party for right in TABLE if right.operation == "Write" and covers(right, NAMES.above)}

    assert (may("above/province", "Write"), may("above/province", "Read")) == ({NAMES.above}, {NAMES.upward})
    assert writers == {"bridge", "above/province", "commands"}


def test_every_topic_has_somebody_who_writes_and_somebody_who_reads_it() -> None:
    """Beside the commands, which may do both with all: the trail of disclosures is for those who operate it alone."""
    parties = {right.party for right in TABLE} - {"commands"}
    topics = {topic.name for topic in all_topics(load_settings(namespace="city"), DEPARTMENTS, UNITS, HUBS)}

    assert set().union(*(may(party, "Write") for party in parties)) == topics
    assert set().union(*(may(party, "Read") for party in parties)) == topics - {NAMES.disclosures}


def test_contacts_are_read_by_notify_alone() -> None:
    """Beside the commands; what intake has written it does not read."""
    parties = {right.party for right in TABLE} - {"commands"}

    assert {party for party in parties if NAMES.contacts in may(party, "Read")} == {"notify"}
    assert {party for party in parties if NAMES.contacts in may(party, "Write")} == {"intake"}


def test_a_party_is_called_as_the_cluster_calls_it() -> None:
    """By default by the namespace and its name; two parties under one principal need each entry once."""
    some = [ClusterRight("desk", "Read", "topic", "city.desk"), ClusterRight("tables", "Read", "topic", "city.desk")]

    assert [entry.principal for entry in entries(some, "city", {})] == ["User:city-desk", "User:city-tables"]
    shared = {"desk": "User:CN=paidan", "tables": "User:CN=paidan"}
    assert entries(some, "city", shared) == (AccessEntry("User:CN=paidan", "Read", "topic", "city.desk"),)


def test_an_entry_is_a_command_of_kafkas_own_tool() -> None:
    """Quoted for the shell; what ends in a star is a prefix."""
    entry = AccessEntry("User:CN=a, O=b", "Read", "topic", "city.updates.*")

    assert as_command(entry, "one:9092") == (
        "kafka-acls.sh --bootstrap-server one:9092 --add --allow-principal 'User:CN=a, O=b' "
        "--operation Read --topic city.updates. --resource-pattern-type prefixed"
    )


def test_a_quota_is_a_command_of_kafkas_own_tool() -> None:
    """It knows users by their names alone."""
    assert quota_command("User:CN=a, O=b", 5_000, "one:9092") == (
        "kafka-configs.sh --bootstrap-server one:9092 --alter --add-config producer_byte_rate=5000 "
        "--entity-type users --entity-name 'CN=a, O=b'"
    )


def test_quotas_are_for_those_outside_who_send() -> None:
    """No role of Paidan is held back, and nobody who only reads needs to be; a principal of several parties has one."""
    named = ("--sensor", "gate", "--app", "hotline", "--fleet", "cars", "--principal", "app/hotline=User:cars")
    told = CliRunner().invoke(app, ["topics", "quotas", "--rate", "5000", *named])

    whose = {line.split()[0] for line in told.output.splitlines()}
    departments = load_city(load_settings().city).departments
    expected = {f"User:paidan-department-{department}" for department in departments}
    assert whose == expected | {"User:paidan-sensor-gate", "User:cars", "User:paidan-fleet-cars"}
    assert {line.split(maxsplit=1)[1] for line in told.output.splitlines()} == {"5000 bytes a second"}


def test_a_principal_for_nobody_is_refused() -> None:
    """A slip in the name of a department would leave the department without its rights."""
    for given in ("raods=User:x", "department/raods=User:x", "intake=x"):
        for command in ("acl", "quotas"):
            told = CliRunner().invoke(app, ["topics", command, "--principal", given])
            assert isinstance(told.exception, UsageError)
