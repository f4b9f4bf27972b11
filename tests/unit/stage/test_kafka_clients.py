"""Clients are built from one connection, see what is committed only, and are closed whatever happens."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    InvalidSessionTimeoutError,
    InvalidTransactionTimeout,
    KafkaConnectionError,
    KafkaError,
    NotLeaderForPartitionError,
)
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from bench.end_to_end.c_client import client_options
from models.errors import UsageError
from streams.kafka import sending
from streams.kafka.clients import admin, follower, log_reader, member, started, transactional, writer
from streams.kafka.connection import Connection, in_words
from streams.kafka.sending import Send, send_all
from streams.run import is_worth_a_line
from streams.settings import load_settings
from tests.support.clusters.secured import write_certificates

CONNECTION = Connection("one:9092,two:9092")


class Client:
    """A client that fails where it is told to, and says whether it was closed."""

    def __init__(self, starts: bool = True, stops: bool = True) -> None:
        self.starts, self.stops, self.closed = starts, stops, False

    async def start(self) -> None:
        """Raises KafkaConnectionError unless `starts`."""
        if not self.starts:
            raise KafkaConnectionError("nobody answers")

    async def stop(self) -> None:
        """Raises KafkaConnectionError unless `stops`; it counts as closed in any case."""
        self.closed = True
        if not self.stops:
            raise KafkaConnectionError("cut off")


@pytest.mark.parametrize(
    "make",
    [
        lambda: log_reader(CONNECTION)._client,
        lambda: follower(CONNECTION, "topic")._client,
        lambda: member(CONNECTION, "group", 6_000)._client,
        lambda: writer(CONNECTION).client,
        lambda: transactional(CONNECTION, "name").client,
        lambda: admin(CONNECTION)._client,
    ],
)
async def test_every_kind_of_client_goes_where_the_connection_says(make: Callable[[], Any]) -> None:
    """No kind has an address of its own."""
    assert make()._bootstrap_servers == CONNECTION.bootstrap


def test_faust_goes_where_the_connection_says() -> None:
    """Its brokers are the same addresses, written as Faust wants them."""
    assert CONNECTION.faust_options() == {"broker": "kafka://one:9092;kafka://two:9092"}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"kafka_protocol": "SASL_SSL"}, "PAIDAN_KAFKA_PASSWORD_FILE"),
        ({"kafka_protocol": "SASL_PLAINTEXT", "kafka_password_file": "secret"}, "PAIDAN_KAFKA_USER"),
        ({"kafka_ca": "ca.pem"}, "PAIDAN_KAFKA_PROTOCOL"),
        ({"kafka_protocol": "SASL_PLAINTEXT", "kafka_certificate": "own.pem"}, "PAIDAN_KAFKA_PASSWORD_FILE"),
        ({"kafka_protocol": "SSL", "kafka_ca": "no-such.pem"}, "PAIDAN_KAFKA_CA"),
        ({"kafka_protocol": "SSL", "kafka_certificate": "no-such.pem"}, "PAIDAN_KAFKA_CERTIFICATE"),
        (
            {"kafka_protocol": "SASL_PLAINTEXT", "kafka_user": "u", "kafka_password_file": "no-such"},
            "PAIDAN_KAFKA_PASSWORD_FILE",
        ),
        (
            {"kafka_protocol": "SASL_SSL", "kafka_mechanism": "OAUTHBEARER", "kafka_password_file": "no-such"},
            "PAIDAN_KAFKA_PASSWORD_FILE",
        ),
    ],
)
def test_what_a_secured_cluster_needs_and_is_not_there_is_named(changes: dict[str, Any], named: str) -> None:
    """Before any client is made: the setting, and the file where one cannot be read."""
    settings = load_settings(kafka="one:9092", **changes)

    with pytest.raises(UsageError, match=named):
        Connection.of(settings).options()


@pytest.mark.parametrize(
    ("protocol", "mechanism", "expected"),
    [
        ("SSL", "", {"security_protocol": "SSL"}),
        ("SASL_PLAINTEXT", "PLAIN", {"sasl_plain_username": "u", "sasl_plain_password": "secret"}),
        ("SASL_SSL", "SCRAM-SHA-256", {"sasl_mechanism": "SCRAM-SHA-256", "security_protocol": "SASL_SSL"}),
        ("SASL_SSL", "OAUTHBEARER", {"sasl_mechanism": "OAUTHBEARER", "security_protocol": "SASL_SSL"}),
    ],
)
async def test_faust_says_who_we_are_as_all_others_do(
    tmp_path: Path, protocol: str, mechanism: str, expected: dict[str, str]
) -> None:
    """What its driver makes of its credentials is what our own clients are given; a token is what the file holds."""
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    connection = Connection("one:9092", protocol, mechanism, user="u", password_file=str(secret))

    ours, theirs = connection.options(), credentials_to_aiokafka_auth(connection.faust_options()["broker_credentials"])

    assert {name: ours[name] for name in expected} == expected
    same = ours.keys() - {"bootstrap_servers", "ssl_context", "sasl_oauth_token_provider"}
    assert {name: theirs[name] for name in same} == {name: ours[name] for name in same}
    if mechanism == "OAUTHBEARER":
        secret.write_text("renewed\n")
        assert [await each["sasl_oauth_token_provider"].token() for each in (ours, theirs)] == ["renewed", "renewed"]


@pytest.mark.parametrize(
    ("protocol", "mechanism", "expected"),
    [
        ("PLAINTEXT", "", {}),
        ("SASL_PLAINTEXT", "PLAIN", {"sasl.mechanisms": "PLAIN", "sasl.username": "u", "sasl.password": "secret"}),
        ("SASL_PLAINTEXT", "OAUTHBEARER", {"sasl.mechanisms": "OAUTHBEARER", "token": "secret"}),
    ],
)
def test_clients_in_c_say_who_we_are_as_all_others_do(
    tmp_path: Path, protocol: str, mechanism: str, expected: dict[str, str]
) -> None:
    """What measures reaches a secured cluster by the same settings; a token is what the file holds."""
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    connection = Connection("one:9092", protocol, mechanism, user="u", password_file=str(secret))

    given = client_options(connection)

    if (token := given.pop("oauth_cb", None)) is not None:
        given["token"] = token("")[0]
    assert given == {"bootstrap.servers": "one:9092", "security.protocol": protocol} | expected


def test_clients_in_c_trust_and_show_the_same_certificates(tmp_path: Path) -> None:
    """The authority that the connection names, and our certificate with its key."""
    write_certificates(tmp_path)
    ca, own = str(tmp_path / "ca.pem"), str(tmp_path / "client.pem")

    given = client_options(Connection("one:9092", "SSL", ca=ca, certificate=own, certificate_key=own))

    shown = {name: file for name, file in given.items() if name.startswith("ssl.")}
    assert shown == {"ssl.ca.location": ca, "ssl.certificate.location": own, "ssl.key.location": own}


async def test_every_consumer_sees_committed_records_only_and_commits_nothing_itself() -> None:
    """That holds for each kind; options may say otherwise."""
    consumers = [log_reader(CONNECTION), follower(CONNECTION), member(CONNECTION, "group", 6_000)]
    curious = log_reader(CONNECTION, isolation_level="read_uncommitted")

    assert [each._isolation_level for each in consumers] == ["read_committed"] * 3
    assert [each._enable_auto_commit for each in consumers] == [False] * 3
    assert curious._isolation_level == "read_uncommitted"


async def test_a_member_never_guesses_where_to_go_on() -> None:
    """Where its offset is gone it would pass over all that waits, or take all of it in again."""
    assert member(CONNECTION, "group", 6_000)._auto_offset_reset == "none"


class Sending:
    """A producer with small batches that keeps what is sent: topic, partition and value of each record."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int | None, bytes]] = []

    def create_batch(self) -> BatchBuilder:
        """As aiokafka's."""
        return BatchBuilder(1_000, 0, is_transactional=True)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[Any]:
        """As aiokafka's."""
        records = MemoryRecords(bytes(batch._build()))
        while records.has_next():
            self.sent += [(topic, partition, record.value) for record in records.next_batch()]
        return asyncio.get_running_loop().create_future()

    async def send(self, topic: str, value: bytes, key: bytes | None, headers: Any) -> asyncio.Future[Any]:
        """As aiokafka's."""
        self.sent.append((topic, None, value))
        return asyncio.get_running_loop().create_future()


async def test_all_is_sent_in_its_order_in_however_many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a transaction leaves out is lost: all else of it is committed."""
    monkeypatch.setattr(sending, "BATCH_BYTES", 1_000)
    producer, places = Sending(), (("log", 0), ("log", 1), ("packed", 0), ("others", None))
    values = [b"%d" % number * 60 for number in range(100, 160)]
    values[30] *= 9  # longer than a batch: it has one of its own
    sends = [Send(topic, b"k", value, partition) for value in values for topic, partition in places]

    sent = await send_all(cast(AIOKafkaProducer, producer), sends, {"packed"})

    for topic, partition in places:
        assert [value for *place, value in producer.sent if place == [topic, partition]] == values
    assert sum(count for _, count in sent) == len(sends)
    assert len(places) < len(sent) < len(sends)


async def test_a_client_that_cannot_start_is_closed() -> None:
    """The error of the start comes out, and nothing is left open."""
    client = Client(starts=False)

    with pytest.raises(KafkaConnectionError, match="nobody answers"):
        async with started(client):
            raise AssertionError("it has not started")

    assert client.closed


async def test_a_client_is_closed_when_the_body_fails() -> None:
    """The error of the body comes out."""
    client = Client()

    with pytest.raises(ValueError, match="body"):
        async with started(client):
            raise ValueError("body")

    assert client.closed


async def test_a_close_that_fails_is_raised_unless_it_was_given_a_time() -> None:
    """With a time it is left as it is: what it spoils fails by itself."""
    with pytest.raises(KafkaConnectionError, match="cut off"):
        async with started(Client(stops=False)):
            pass

    async with started(Client(stops=False), close_seconds=5.0) as client:
        pass
    assert client.closed


class Retrying(Client):
    """The fetcher of a consumer with a request that waits to be sent again, as aiokafka's own stops it."""

    async def close(self) -> None:
        """Cancels the request and waits for it."""
        waiting = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        waiting.cancel()
        await waiting


async def test_a_consumer_whose_fetch_waits_for_a_broker_is_closed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No cancellation comes out that nobody asked for, and its connections are closed."""
    consumer, connections = log_reader(CONNECTION), Client()
    monkeypatch.setattr(consumer, "start", connections.start)
    monkeypatch.setattr(consumer, "_fetcher", Retrying())
    monkeypatch.setattr(consumer._client, "close", connections.stop)

    async with started(consumer):
        pass

    assert connections.closed


class Ending(Client):
    """A fetcher, or a client, as it ends the task that it has at work."""

    async def close(self) -> None:
        """Cancels it and takes any cancel for that."""
        working = asyncio.create_task(asyncio.sleep(60))
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


@pytest.mark.parametrize("moment", range(4))
async def test_a_cancel_is_not_lost_while_aiokafka_ends_its_tasks(monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    """Whenever it comes: aiokafka takes it for the end of a task of its own. The consumer is closed all the same."""
    consumer, connections = log_reader(CONNECTION), Client()
    monkeypatch.setattr(consumer, "start", connections.start)
    monkeypatch.setattr(consumer, "_fetcher", Ending())
    monkeypatch.setattr(consumer._client, "close", connections.stop)
    went_on = False

    async def use() -> None:
        nonlocal went_on
        async with started(consumer):
            pass
        await asyncio.sleep(0)
        went_on = True

    using = asyncio.create_task(use())
    for _ in range(1 + moment):
        await asyncio.sleep(0)
    using.cancel()

    with pytest.raises(asyncio.CancelledError):
        await using
    assert connections.closed
    assert not went_on


async def test_whoever_is_cancelled_while_a_consumer_closes_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for the consumer's own."""
    consumer, closing = log_reader(CONNECTION), asyncio.Event()

    async def hang() -> None:
        closing.set()
        await asyncio.Event().wait()

    async def use() -> None:
        async with started(consumer):
            pass

    monkeypatch.setattr(consumer, "start", Client().start)
    monkeypatch.setattr(consumer, "stop", hang)
    using = asyncio.create_task(use())
    await closing.wait()
    using.cancel()

    with pytest.raises(asyncio.CancelledError):
        await using


def test_that_nobody_answers_is_said_with_the_addresses() -> None:
    """As they were set, and nothing of the client library's own values."""
    tried = "[('localhost', 1, <AddressFamily.AF_UNSPEC: 0>), ('10.0.0.7', 9092, <AddressFamily.AF_UNSPEC: 0>)]"

    assert in_words(KafkaConnectionError(f"Unable to bootstrap from {tried}")) == (
        "no Kafka answers at 10.0.0.7:9092, localhost:1; does it run there, and is the protocol right?"
    )
    assert in_words(KafkaConnectionError("cut off")) == "Kafka: KafkaConnectionError: cut off"


@pytest.mark.parametrize(
    ("error", "setting"),
    [
        (InvalidSessionTimeoutError(), "PAIDAN_SESSION_TIMEOUT_MS"),
        (InvalidTransactionTimeout(), "PAIDAN_TRANSACTION_TIMEOUT_MS"),
    ],
)
def test_a_time_that_the_brokers_do_not_allow_is_called_by_its_setting(error: KafkaError, setting: str) -> None:
    """Theirs bound it, and are named, too."""
    assert in_words(error).startswith(f"Kafka does not allow {setting} (its ")


@pytest.mark.parametrize(
    ("name", "told", "shown"),
    [
        ("aiokafka.consumer.fetcher", ("1", NotLeaderForPartitionError()), False),
        ("aiokafka.consumer.group_coordinator", (GroupCoordinatorNotAvailableError(),), False),
        ("aiokafka.producer.sender", (NotLeaderForPartitionError,), False),
        ("aiokafka.consumer.group_coordinator", (GroupAuthorizationFailedError(),), True),
        ("aiokafka.client", ("kafka", 9092, OSError("refused")), True),
        ("aiokafka.conn", (), True),
        ("streams.stage.tenure", (NotLeaderForPartitionError(),), True),
    ],
)
def test_an_error_that_passes_by_itself_is_worth_no_line(name: str, told: tuple[object, ...], shown: bool) -> None:
    """The client library logs as errors what it tries again, as when a cluster starts; ours is another matter."""
    record = logging.LogRecord(name, logging.ERROR, "", 0, " ".join(["%s"] * len(told)), told, None)

    assert is_worth_a_line(record) is shown
