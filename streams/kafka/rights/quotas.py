"""Quotas 配额: how many bytes a second each of those outside may send, held by the brokers.

What goes beyond is not refused: the broker answers later, and the client sends more slowly. aiokafka has no request for
it; these are Kafka's, in their first version, which every broker takes (KIP-546).
"""

import shlex
from collections.abc import Iterable

from aiokafka.errors import KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from streams.kafka.clients import admin, started
from streams.kafka.connection import Connection
from streams.kafka.rights.access_lists import AccessError, raise_for

_RATE = "producer_byte_rate"
_TEXT = String("utf-8")
_ENTITY = Array(("entity_type", _TEXT), ("entity_name", _TEXT))


class _Answer(Response):
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", _TEXT), ("entity", _ENTITY))),
    )


class _Asked(RequestStruct):
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        (
            "entries",
            Array(("entity", _ENTITY), ("ops", Array(("key", _TEXT), ("value", Float64), ("remove", Boolean)))),
        ),
        ("validate_only", Boolean),
    )


class _AlterClientQuotas(Request[_Asked]):
    API_KEY = 49

    def __init__(self, users: Iterable[str], rate: int) -> None:
        self._entries = [([("user", user)], [(_RATE, float(rate), False)]) for user in users]

    def build(self, request_struct_class: type[_Asked]) -> _Asked:
        return request_struct_class(self._entries, False)


def user_of(principal: str) -> str:
    """The name by which quotas know a principal: `roads` of `User:roads`."""
    return principal.partition(":")[2]


def quota_command(principal: str, rate: int, bootstrap: str) -> str:
    """The line for a shell that sets a principal's quota, in bytes a second, with Kafka's own tool."""
    whose = ["--entity-type", "users", "--entity-name", user_of(principal)]
    what = ["--alter", "--add-config", f"{_RATE}={rate}"]
    return shlex.join(["kafka-configs.sh", "--bootstrap-server", bootstrap, *what, *whose])


async def limit(connection: Connection, principals: Iterable[str], rate: int) -> None:
    """Set the quota of these principals, in bytes a second, in place of what each has. Raises AccessError."""
    try:
        async with started(admin(connection)) as client:
            answer = await client._send_request(_AlterClientQuotas(map(user_of, principals), rate))
            for code, message, _ in answer.entries:
                raise_for(code, message)
    except KafkaError as error:
        raise AccessError(f"the quotas of {connection.bootstrap} cannot be changed: {error}") from error
