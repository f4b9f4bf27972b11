"""Paidan on a cluster that speaks TLS, asks for a user, and refuses those who may not."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
)
from typer.testing import CliRunner

from dispatcher.order import wire
from dispatcher.order.lifecycle import STATE_TERMS
from models.city import load_city
from models.envelope import Event, to_binary
from models.events import UPDATE, UPWARD_STEP
from models.redact import reporter_hash
from models.times import now_ms
from streams.addresses import LOOPBACK_HOST
from streams.cli.main import app
from streams.kafka.clients import admin, follower, log_reader, started, writer
from streams.kafka.connection import Connection, in_words
from streams.kafka.log_reading import read_whole
from streams.kafka.rights.access_lists import add, entries
from streams.kafka.rights.cluster_rights import cluster_rights
from streams.kafka.rights.quotas import limit
from streams.kafka.topics import Names, city_topics, create_topics
from streams.local.ports import free_ports
from streams.settings import Settings, load_settings
from tests.support.cities import demo_without_chance, tiny_files, written
from tests.support.clusters.platforms import pack
from tests.support.clusters.secured import Issuer, quotas_of_users, secured_broker
from tests.support.desks import T0, report
from tests.support.kafka import Roles, eventually
from tests.support.steps.every_step import FILES_OF_STEPS, SETTINGS_OF_STEPS, units_csv
from tests.support.steps.steps_on_kafka import (
    Asked,
    Message,
    as_party,
    asking,
    beginnings,
    cases,
    parties,
    units_near,
    ways,
)
from tests.unit.answers.test_bridge import hub_city, step
from tests.unit.stage.test_cluster_rights import covers

_NAMESPACE, _TABLE, _ABOVE, _BELOW = "secured", "table", "upper", "lower"
_PARTIES = ("intake", "desk", "tables", "gateway", "department-roads", "department-water", "sensor-gate")
_ACTING = (
    "intake",
    "desk",
    "gateway",
    "department-roads",
    "department-works",
    "sensor-gate",
    "app-hotline",
    "fleet-cars",
)
_ISSUER = Issuer()
_CERTIFIED = ("--principal", "app/hotline=User:CN=client")
_CLERK, _OPERATOR = {"role": "department", "id": "li"}, {"role": "operator", "id": "li"}
_PHOTO = "https://city.example/1.jpg"
# Of a token that ends while a test looks: within this time its client has to get in and to write a record.
_ENDS_SECONDS = 6
_REPORT = {
    "text": "石桥菜场门口路面有个大坑",
    "location": {"lat": 30.59999, "lon": 114.28825},
    "category": "pothole",
    "reporter": {"id": "citizen-1"},
}


@pytest_asyncio.fixture(scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Settings, Settings]]:
    """Settings for a secured broker that runs as long as this module's tests: with a password, and a certificate."""
    folder = tmp_path_factory.mktemp("secured")
    port, certified, gateway = free_ports(3)
    (folder / "password").write_text("correct horse\n")
    others = ["stranger", *(f"{_NAMESPACE}-{party}" for party in _PARTIES)]
    others += [f"{_TABLE}-{party}" for party in _ACTING]
    others += [f"{_ABOVE}-department-east", f"{_BELOW}-bridge"]
    async with secured_broker(folder, port, certified, "paidan", "correct horse", others, _ISSUER):
        settings = load_settings(
            kafka=f"{LOOPBACK_HOST}:{port}",
            namespace=_NAMESPACE,
            data=folder / "data",
            city=demo_without_chance(folder / "city"),
            partitions=2,
            tables_store="memory",
            personal_key="for these tests only",
            gateway_port=gateway,
            kafka_protocol="SASL_SSL",
            kafka_user="paidan",
            kafka_password_file=str(folder / "password"),
            kafka_ca=str(folder / "ca.pem"),
        )
        await create_topics(settings, city_topics(settings, load_city(settings.city)))
        assert re.fullmatch(r"[1-9]\d* entries added, 0 were there", await _apply(settings, folder, *_CERTIFIED))
        by_certificate = {
            "kafka": f"{LOOPBACK_HOST}:{certified}",
            "kafka_protocol": "SSL",
            "kafka_certificate": str(folder / "client.pem"),
            "kafka_user": "",
            "kafka_password_file": "",
        }
        yield settings, settings.model_copy(update=by_certificate)


@pytest.fixture(scope="module")
def secured(both: tuple[Settings, Settings]) -> Settings:
    """Settings with a user and its password."""
    return both[0]


@pytest.fixture(scope="module")
def certified(both: tuple[Settings, Settings]) -> Settings:
    """Settings with a certificate, and no user."""
    return both[1]


@pytest.mark.timeout(240)
async def test_an_order_lives_under_the_rights_of_the_table(secured: Settings, tmp_path: Path) -> None:
    """`paidan topics acl --apply` gives each role and each department, a user of its own, what it needs: a report
    becomes an assignment, its department answers by its own topic, where it may speak for nobody else, and an inspector
    closes the order. Desk, tables and the department show tokens, the others passwords."""
    roles, names = Roles(secured, tmp_path), Names(_NAMESPACE)
    assert re.fullmatch(r"0 entries added, [1-9]\d* were there", await _apply(secured, tmp_path, *_CERTIFIED))
    try:
        for role in ("intake", "desk", "tables", "gateway"):
            roles.start(role, **_ways_in(tmp_path, role))
        async with httpx.AsyncClient(base_url=secured.gateway_url, timeout=40) as client:

            async def ready() -> bool:
                try:
                    return (await client.get("/readyz")).status_code == 200
                except httpx.HTTPError:
                    return False

            await eventually(ready, 120.0, "all roles")
            decided = await client.post("/reports", json=_REPORT, headers={"prefer": "wait=30"})
            assert decided.status_code == 200, decided.text
            order = decided.json()["order"].rpartition("/")[2]

            async def state() -> str:
                answer = await client.get(f"/orders/{order}")
                return answer.json()["state"] if answer.status_code == 200 else ""

            roads = _with_token(secured, tmp_path / "roads", _ISSUER.token(f"{_NAMESPACE}-department-roads"))
            group = {"group_id": f"{_NAMESPACE}-department-roads", "auto_offset_reset": "earliest"}
            async with (
                started(follower(roads, names.assignments("roads"), **group), 5.0) as consumer,
                started(writer(roads), 5.0) as producer,
            ):
                given = msgspec.json.decode((await asyncio.wait_for(consumer.getone(), 30)).value)
                for action, by in (("force-close", _OPERATOR), ("accept", _CLERK), ("handle", _CLERK)):
                    step = {"action": action, "by": by, "order_id": order, "evidence_urls": [_PHOTO]}
                    event = Event(f"{order}-{action}", "roads", UPDATE, msgspec.json.encode(step), now_ms())
                    headers, value = to_binary(event)
                    await producer.send_and_wait(names.updates_of("roads"), value, headers=headers)
                refused = msgspec.json.decode((await asyncio.wait_for(consumer.getone(), 30)).value)
            assert (given["order_id"], refused["order_id"]) == (order, order)
            assert (refused["action"], refused["reason"]) == ("force-close", "not-the-sender")

            async def handled() -> bool:
                return await state() == "handled"

            await eventually(handled, 30.0, "the order handled")
            checked = {"action": "check-pass", "by": {"role": "inspector", "id": "wang"}}
            answer = await client.post(f"/orders/{order}/updates", json=checked, headers={"prefer": "wait=30"})
            assert answer.status_code == 200, answer.text
        facts = await _values(secured, names.orders)
        assert order in {fact["order_id"] for fact in facts}
    finally:
        roles.end()


async def test_a_department_neither_writes_nor_reads_in_the_name_of_another(secured: Settings) -> None:
    """The broker refuses it, and every other topic too; so it does a sensor that would be more than one."""
    names, roads, gate = Names(_NAMESPACE), as_party(secured, "department-roads"), as_party(secured, "sensor-gate")
    others = (names.updates_of("water"), names.updates, names.reports, names.detections, names.inbox, names.orders)

    for connection, refused in ((roads, others), (gate, (names.updates, names.updates_of("roads"), names.reports))):
        async with started(writer(connection, request_timeout_ms=5000), 5.0) as producer:
            for topic in refused:
                with pytest.raises(TopicAuthorizationFailedError):
                    await producer.send_and_wait(topic, b"{}")
    async with started(writer(gate), 5.0) as producer:
        await producer.send_and_wait(names.detections, b"{}")
    for topic in (names.assignments("water"), names.orders, names.inbox, names.updates_of("roads")):
        with pytest.raises(TopicAuthorizationFailedError):
            async with started(follower(roads, topic), 5.0) as consumer:
                await asyncio.wait_for(consumer.getone(), 30)
    with pytest.raises(GroupAuthorizationFailedError):
        async with started(
            follower(roads, names.assignments("roads"), group_id=names.group("intake")), 5.0
        ) as consumer:
            await asyncio.wait_for(consumer.getone(), 30)


@pytest.mark.timeout(60)
async def test_who_is_outside_follows_and_sends_by_command_with_its_own_rights(
    secured: Settings, certified: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A department its own topic, an app its reports: neither may ask how topics are set up, nor of others."""
    names, events = Names(_NAMESPACE), tmp_path / "events.jsonl"
    events.write_text('{"topic": "reports", "event": {"type": "none of ours"}}\n')
    roads = secured.model_copy(update={"kafka_user": f"{_NAMESPACE}-department-roads"})
    told = b'{"order_id": "o-1", "title": "a hole"}'
    async with started(writer(Connection.of(secured)), 5.0) as producer:
        await producer.send_and_wait(names.assignments("roads"), told, headers=[("ce_type", b"none")])

    said = []
    follow = ["tail", "assignments", "--department", "roads", "--from-start", "--count", "1"]
    for settings, command in ((roads, follow), (certified, ["feed", str(events)])):
        with monkeypatch.context() as environment:
            for name, value in settings.environment().items():
                environment.setenv(name, value)
            done = await asyncio.to_thread(CliRunner().invoke, app, command)
        said.append((done.exit_code, done.output))

    assert [code for code, _ in said] == [0, 0], said
    assert "1 events in" in said[1][1]


@pytest.mark.parametrize("party", _PARTIES)
async def test_nobody_writes_where_the_table_of_rights_has_nothing(secured: Settings, party: str) -> None:
    """Of what anything follows from: what comes in, the inbox, and the log. The broker refuses it."""
    names, departments = Names(_NAMESPACE), load_city(secured.city).departments
    rights = cluster_rights(names, departments, ("gate",))
    own = [each for each in rights if each.party.replace("/", "-") == party and each.operation == "Write"]
    telling = (names.reports, names.detections, names.updates, *map(names.updates_of, departments))
    refused = [topic for topic in (*telling, names.inbox, names.orders) if not any(covers(each, topic) for each in own)]

    async with started(writer(as_party(secured, party), request_timeout_ms=5000), 5.0) as producer:
        for topic in refused:
            with pytest.raises(TopicAuthorizationFailedError):
                await producer.send_and_wait(topic, b"{}")
    assert len(refused) >= len(telling) - 3


@pytest.mark.timeout(240)
async def test_every_role_takes_exactly_the_steps_of_the_table(secured: Settings, tmp_path: Path) -> None:
    """Every role, every action, every state, by each topic to which somebody may write an update: what the table of an
    order's life has is taken, all else is a refused fact and changes nothing."""
    names = Names(_TABLE)
    todo = cases(names)
    own = {"units.csv": units_csv(*filter(None, (case.unit for case in todo)))}
    own["citizens.csv"] = f"id,areas\n{reporter_hash(secured.personal_key.get_secret_value().encode(), 'citizen')},*\n"
    pack = written(tmp_path / "city", tiny_files(FILES_OF_STEPS | own, SETTINGS_OF_STEPS))
    settings = secured.model_copy(update={"namespace": _TABLE, "city": pack, "data": tmp_path / "data"})
    roles = Roles(settings, tmp_path)
    await create_topics(settings, city_topics(settings, load_city(settings.city)))
    await _apply(settings, tmp_path, "--fleet", "cars")
    try:
        for role in ("intake", "desk"):
            roles.start(role, kafka_user=f"{_TABLE}-{role}")
        async with parties(settings) as everybody:
            came = everybody.outcomes
            near = units_near(names, todo)
            await everybody.write(near)
            await _taken_in(settings, names.units, len(near))
            await everybody.write(beginnings(names, todo))
            await everybody.until(lambda: came.known(("other", *(case.name for case in todo))), "the orders")
            order, now = came.opened, now_ms()
            for stretch in ways(names, todo, order, now):
                await everybody.write(stretch)
                known = partial(came.known, {each.name for each in stretch})
                await everybody.until(known, "the orders in their states")
            assert came.refused == {}
            assert [case for case in todo if came.states[order[case.name]] != case.state] == []
            before = dict(came.counts)

            asked: dict[str, tuple[Asked, Message]] = {}
            for case in todo:
                asked |= asking(case, order[case.name], order["other"], now)
            await everybody.write([message for _, message in asked.values()])
            await everybody.until(lambda: came.known(asked), "all answers")

        assert came.wrong({name: each for name, (each, _) in asked.items()}) == []
        untouched = [order[case.name] for case in todo if all(each.refused for each in case.asked)]
        assert len(untouched) == len(STATE_TERMS)
        assert [each for each in untouched if came.counts[each] != before[each]] == []
    finally:
        roles.end()


async def _taken_in(settings: Settings, topic: str, count: int) -> None:
    """Wait until intake has taken in so many records of a topic: what it takes in then comes behind them."""
    async with started(admin(Connection.of(settings))) as client:

        async def committed() -> bool:
            try:
                found = await client.list_consumer_group_offsets(Names(settings.namespace).group("intake"))
            except KafkaError as error:  # nobody keeps the group before intake has joined it
                if not error.retriable:
                    raise
                return False
            return count <= sum(int(at.offset) for part, at in found.items() if part.topic == topic)

        await eventually(committed, 60.0, f"{count} records of {topic}")


async def _apply(settings: Settings, folder: Path, *more: str) -> str:
    """Have the command set the rights, also those of a sensor and of an app; what it says."""
    command = Roles(settings, folder).start("topics", "acl", "--apply", "--sensor", "gate", "--app", "hotline", *more)
    assert await command.ended(60) == 0, command.said()
    return command.said().strip()


async def test_a_bridge_crosses_under_the_rights_of_the_table(secured: Settings, tmp_path: Path) -> None:
    """Below it is the user of the bridge, above that of the department that is the hub: an order goes down, a step and
    the figures up, and on both sides it may write nothing else."""
    upper = secured.model_copy(update={"namespace": _ABOVE, "city": pack(tmp_path / "city", "city")})
    lower = secured.model_copy(update={"namespace": _BELOW, "city": pack(tmp_path / "east", "east")})
    await bridge_crosses(upper, lower, tmp_path)


async def bridge_crosses(upper: Settings, lower: Settings, folder: Path) -> None:
    """A bridge between two platforms on secured clusters, each of which gets the topics and rights here that the table
    gives the bridge, and no others."""
    above, below = Names(_ABOVE), Names(_BELOW)
    for settings, party in ((upper, "department/east"), (lower, "bridge")):
        city, names = load_city(settings.city), Names(settings.namespace)
        rights = [each for each in cluster_rights(names, city.departments, hubs=city.hubs) if each.party == party]
        needed = {each.name for each in rights if each.kind == "topic"}
        await create_topics(settings, [each for each in city_topics(settings, city) if each.name in needed])
        await add(Connection.of(settings), entries(rights, settings.namespace, {}))
    roles = Roles(lower, folder)
    given = {name: getattr(upper, name) for name in ("kafka", "kafka_protocol", "kafka_password_file", "kafka_ca")}
    given |= {"namespace": _ABOVE, "city": "city", "hub": "east", "kafka_user": f"{_ABOVE}-department-east"}
    bridge = {f"bridge_{name}": str(value) for name, value in given.items()}
    try:
        roles.start("bridge", kafka_user=f"{_BELOW}-bridge", **bridge, bridge_figures_seconds="0.3")
        desk = hub_city()
        desk.feed(report("1", T0), at=T0)
        [order] = [out for out in desk.sent if out.topic == "assignments/roads"]
        said = Event("1", "paidan/desk", UPWARD_STEP, wire.encode(step("waiting", "under-way", "accepted")))
        headers, value = to_binary(said)
        async with started(writer(Connection.of(upper)), 5.0) as city:
            await city.send_and_wait(above.assignments("east"), order.value, headers=list(order.headers))
        async with started(writer(Connection.of(lower)), 5.0) as district:
            await district.send_and_wait(below.upward, value, headers=headers)

        landings = ((lower, below.above), (upper, above.updates_of("east")), (upper, above.hub_figures("east")))

        async def crossed() -> bool:
            return all([await _values(settings, topic, 1) for settings, topic in landings])

        await eventually(crossed, 60.0, "what goes over the bridge")
        orders, steps, _ = [await _values(settings, topic, 1) for settings, topic in landings]
        assert ([each["channel"] for each in orders], [each["action"] for each in steps]) == (["city"], ["accept"])
        for connection, names in ((as_party(lower, "bridge"), below), (as_party(upper, "department-east"), above)):
            async with started(writer(connection, request_timeout_ms=5000), 5.0) as producer:
                for topic in (names.reports, names.updates, names.updates_of("roads"), names.inbox, names.orders):
                    with pytest.raises(TopicAuthorizationFailedError):
                        await producer.send_and_wait(topic, b"{}")
    finally:
        roles.end()


async def test_the_broker_has_a_quota_for_each_of_those_outside(secured: Settings, tmp_path: Path) -> None:
    """The command sets it in place of another; of the roles none has one."""
    gate, roads = f"{_NAMESPACE}-sensor-gate", "CN=roads, O=city"
    await limit(Connection.of(secured), [f"User:{gate}"], 1_000_000)

    options = ("--rate", "50000", "--sensor", "gate", "--principal", f"department/roads=User:{roads}")
    command = Roles(secured, tmp_path).start("topics", "quotas", "--apply", *options)
    assert await command.ended(60) == 0, command.said()

    others = {f"{_NAMESPACE}-department-{each}" for each in load_city(secured.city).departments} - {
        f"{_NAMESPACE}-department-roads"
    }
    there = await quotas_of_users(Connection.of(secured))
    assert there == {user: {"producer_byte_rate": 50_000.0} for user in (gate, roads, *others)}


async def test_a_certificate_is_enough_where_the_cluster_knows_its_clients_by_it(
    secured: Settings, certified: Settings
) -> None:
    """It has the rights that the table gives its subject; without one nobody gets in."""
    names = Names(_NAMESPACE)

    async with started(writer(Connection.of(certified)), 5.0) as producer:
        await producer.send_and_wait(names.reports, b"{}")
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(names.updates, b"{}")
    nobody = Connection.of(certified.model_copy(update={"kafka_certificate": ""}))
    with pytest.raises((KafkaError, ssl.SSLError)):
        async with started(writer(nobody, request_timeout_ms=3000), 5.0):
            pass


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"])
async def test_each_mechanism_that_a_password_is_enough_for_gets_in(secured: Settings, mechanism: str) -> None:
    """The broker knows the user by all of them."""
    connection = Connection.of(secured.model_copy(update={"kafka_mechanism": mechanism}))

    async with started(admin(connection)) as client:
        assert len((await client.describe_cluster())["brokers"]) == 1


@pytest.mark.parametrize(
    "token",
    [
        _ISSUER.token("paidan", seconds=-1),
        _ISSUER.token("paidan", audience="another-city"),
        Issuer().token("paidan"),
        Issuer("city-2").token("paidan"),
        "no token",
    ],
    ids=["ended", "for others", "of another issuer", "with a key that nobody knows", "none"],
)
async def test_a_token_that_does_not_count_is_refused(secured: Settings, tmp_path: Path, token: str) -> None:
    """Of the same user one that counts gets in."""
    with pytest.raises(KafkaError):
        async with started(admin(_with_token(secured, tmp_path / "bad", token), request_timeout_ms=3000)):
            pass
    async with started(admin(_with_token(secured, tmp_path / "good", _ISSUER.token("paidan")))) as client:
        assert len((await client.describe_cluster())["brokers"]) == 1


async def test_when_a_token_has_ended_a_client_shows_the_one_that_is_there_now(
    secured: Settings, tmp_path: Path
) -> None:
    """Without being started again. Here it is somebody else's, who may write to another topic."""
    names, file = Names(_NAMESPACE), tmp_path / "token"
    connection = _with_token(secured, file, _ISSUER.token(f"{_NAMESPACE}-department-roads", _ENDS_SECONDS))

    async with started(writer(connection, request_timeout_ms=3000), 5.0) as producer:

        async def written(topic: str) -> bool:
            try:
                await producer.send_and_wait(topic, b"{}")
            except KafkaError:
                return False
            return True

        assert await written(names.updates_of("roads"))
        assert not await written(names.updates_of("water"))

        async def ended() -> bool:
            return not await written(names.updates_of("roads"))

        await eventually(ended, 30.0, "the end of the token")
        file.write_text(_ISSUER.token(f"{_NAMESPACE}-department-water"))

        async def renewed() -> bool:
            return await written(names.updates_of("water"))

        await eventually(renewed, 30.0, "the other token")
        assert not await written(names.updates_of("roads"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"kafka_ca": ""},
            "no TLS with Kafka at {}: CERTIFICATE_VERIFY_FAILED, self-signed certificate",
        ),
        ({"kafka_user": "nobody"}, "Kafka at {} refuses us: "),
        (
            {"kafka_protocol": "PLAINTEXT", "kafka_ca": ""},
            "no Kafka answers at {}; ",
        ),
    ],
    ids=["authority not known", "user not known", "no TLS"],
)
async def test_who_does_not_fit_does_not_get_in_and_is_told_why(
    secured: Settings, changes: dict[str, str], said: str
) -> None:
    """Neither we trust a broker whose authority we do not know, nor the broker a user that it does not know."""
    connection = Connection.of(secured.model_copy(update=changes))

    with pytest.raises(KafkaConnectionError) as raised:
        async with started(log_reader(connection, request_timeout_ms=3000), 5.0):
            pass

    assert in_words(raised.value).startswith(said.format(secured.kafka))


async def test_a_user_without_rights_is_refused_by_the_broker(secured: Settings) -> None:
    """Its password is right, and yet it neither writes to a topic nor reads one."""
    topic = Names(_NAMESPACE).updates
    stranger = Connection.of(secured.model_copy(update={"kafka_user": "stranger"}))

    async with started(writer(stranger, request_timeout_ms=5000), 5.0) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topic, b"{}")
    async with started(follower(stranger), 5.0) as consumer:
        assert topic not in await consumer.topics()


def _ways_in(folder: Path, role: str) -> dict[str, str]:
    """Settings by which a role says who it is: the desk and the tables with a token, all others with the password."""
    user = f"{_NAMESPACE}-{role}"
    if role not in ("desk", "tables"):
        return {"kafka_user": user}
    file = folder / f"{role}.token"
    file.write_text(_ISSUER.token(user))
    return {"kafka_user": "", "kafka_mechanism": "OAUTHBEARER", "kafka_password_file": str(file)}


def _with_token(settings: Settings, file: Path, token: str) -> Connection:
    file.write_text(token)
    changes = {"kafka_user": "", "kafka_mechanism": "OAUTHBEARER", "kafka_password_file": str(file)}
    return Connection.of(settings.model_copy(update=changes))


async def _values(settings: Settings, topic: str, partitions: int = 0) -> list[dict[str, str]]:
    async with started(log_reader(Connection.of(settings))) as reader:
        parts = [TopicPartition(topic, number) for number in range(partitions or settings.partitions)]
        return [
            msgspec.json.decode(record.value)
            async for _, batch in read_whole(reader, parts)
            for record in batch
            if record.value is not None
        ]
