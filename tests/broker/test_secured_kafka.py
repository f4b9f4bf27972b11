"""Paidan on a cluster that speaks TLS, asks for a user, and refuses those who may not."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from streams.addresses import LOOPBACK_HOST
from streams.kafka.clients import admin, follower, log_reader, started, writer
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_whole
from streams.kafka.topics import Names
from streams.local.ports import free_port
from streams.settings import Settings, load_settings
from tests.support.kafka import Roles, eventually
from tests.support.secured import secured_broker

_NAMESPACE = "secured"


@pytest_asyncio.fixture(scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    """Settings for a secured broker that runs as long as this module's tests."""
    folder = tmp_path_factory.mktemp("secured")
    port = free_port()
    (folder / "password").write_text("correct horse\n")
    async with secured_broker(folder, port, "paidan", "correct horse", "stranger"):
        yield load_settings(
            kafka=f"{LOOPBACK_HOST}:{port}",
            namespace=_NAMESPACE,
            data=folder / "data",
            partitions=2,
            tables_store="memory",
            personal_key="for tests only",
            gateway_port=free_port(),
            kafka_protocol="SASL_SSL",
            kafka_user="paidan",
            kafka_password_file=str(folder / "password"),
            kafka_ca=str(folder / "ca.pem"),
        )


@pytest.mark.timeout(240)
async def test_a_report_becomes_an_assignment_over_tls_and_scram(secured: Settings, tmp_path: Path) -> None:
    """Every role of `paidan up`, Faust's too, gets to its work, and a department reads what it is given."""
    roles = Roles(secured, tmp_path)
    report = {
        "text": "石桥菜场门口路面有个大坑",
        "location": {"lat": 30.59999, "lon": 114.28825},
        "category": "pothole",
        "reporter": {"id": "citizen-1"},
    }
    try:
        roles.start("up")

        async def ready() -> bool:
            try:
                async with httpx.AsyncClient(base_url=secured.gateway_url) as client:
                    return (await client.get("/readyz")).status_code == 200
            except httpx.HTTPError:
                return False

        await eventually(ready, 120.0, "all roles")
        async with httpx.AsyncClient(base_url=secured.gateway_url, timeout=40) as client:
            decided = await client.post("/reports", json=report, headers={"prefer": "wait=30"})
        assert decided.status_code == 200, decided.text
        order = decided.json()["order"].rpartition("/")[2]

        async def shown() -> bool:
            async with httpx.AsyncClient(base_url=secured.gateway_url) as client:
                return (await client.get(f"/orders/{order}")).status_code == 200

        assert await eventually(shown, 30.0, "the order in the tables")
        facts = await _values(secured, Names(_NAMESPACE).orders)
        assert order in {fact["order_id"] for fact in facts}
    finally:
        roles.end()


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"])
async def test_each_mechanism_that_a_password_is_enough_for_gets_in(secured: Settings, mechanism: str) -> None:
    """The broker knows the user by all of them."""
    connection = Connection.of(secured.model_copy(update={"kafka_mechanism": mechanism}))

    async with started(admin(connection)) as client:
        assert len((await client.describe_cluster())["brokers"]) == 1


@pytest.mark.parametrize(
    "changes",
    [{"kafka_ca": ""}, {"kafka_user": "nobody"}, {"kafka_protocol": "PLAINTEXT", "kafka_ca": ""}],
    ids=["authority not known", "user not known", "no TLS"],
)
async def test_who_does_not_fit_does_not_get_in(secured: Settings, changes: dict[str, str]) -> None:
    """Neither we trust a broker whose authority we do not know, nor the broker a user that it does not know."""
    connection = Connection.of(secured.model_copy(update=changes))

    with pytest.raises((KafkaError, ssl.SSLError)):
        async with started(log_reader(connection, request_timeout_ms=3000), 5.0):
            pass


async def test_a_user_without_rights_is_refused_by_the_broker(secured: Settings) -> None:
    """Its password is right, and yet it neither writes to a topic nor reads one."""
    topic = Names(_NAMESPACE).updates
    stranger = Connection.of(secured.model_copy(update={"kafka_user": "stranger"}))

    async with started(writer(stranger, request_timeout_ms=5000), 5.0) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topic, b"{}")
    async with started(follower(stranger), 5.0) as consumer:
        assert topic not in await consumer.topics()


async def _values(settings: Settings, topic: str) -> list[dict[str, str]]:
    async with started(log_reader(Connection.of(settings))) as reader:
        parts = [TopicPartition(topic, number) for number in range(settings.partitions)]
        return [
            msgspec.json.decode(record.value)
            async for _, batch in read_whole(reader, parts)
            for record in batch
            if record.value is not None
        ]
