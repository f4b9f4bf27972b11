"""Clients are built from one connection, see what is committed only, and are closed whatever happens."""

from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.kafka.clients import admin, follower, log_reader, member, started, transactional, writer
from streams.kafka.connection import Connection

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


async def test_every_consumer_sees_committed_records_only_and_commits_nothing_itself() -> None:
    """That holds for each kind; options may say otherwise."""
    consumers = [log_reader(CONNECTION), follower(CONNECTION), member(CONNECTION, "group", 6_000)]
    curious = log_reader(CONNECTION, isolation_level="read_uncommitted")

    assert [each._isolation_level for each in consumers] == ["read_committed"] * 3
    assert [each._enable_auto_commit for each in consumers] == [False] * 3
    assert curious._isolation_level == "read_uncommitted"


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
