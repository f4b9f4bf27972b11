"""Access lists (ACLs): who may do what on the cluster, asked for and added through the admin protocol.

aiokafka knows the requests and has no methods for them.
"""

import shlex
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, NoError, for_code
from aiokafka.protocol.admin import CreateAclsRequest, DescribeAclsRequest

from models.errors import PaidanError
from streams.kafka.clients import admin, started
from streams.kafka.connection import Connection
from streams.kafka.rights.cluster_rights import ClusterRight

# Kafka's numbers.
_ANY = 1
_KINDS = {2: "topic", 3: "group", 4: "cluster", 5: "transactional-id"}
_LITERAL, _PREFIXED = 3, 4
_OPERATIONS = {2: "All", 3: "Read", 4: "Write", 5: "Create", 8: "Describe", 10: "DescribeConfigs"}
_ALLOW = 3
_KIND_NUMBERS = {name: number for number, name in _KINDS.items()}
_OPERATION_NUMBERS = {name: number for number, name in _OPERATIONS.items()}
_EVERYWHERE = "*"


class AccessError(PaidanError):
    """The access lists or quotas could not be read or changed."""


class AccessEntry(NamedTuple):
    """One entry: a principal of the cluster, as `User:roads`, may do an operation. A name that ends in `*` stands for
    all that begin so."""

    principal: str
    operation: str
    kind: str
    name: str


def entries(rights: Iterable[ClusterRight], namespace: str, principals: Mapping[str, str]) -> tuple[AccessEntry, ...]:
    """The entries that give these rights, each once, to the principals of the parties."""
    return tuple(
        dict.fromkeys(AccessEntry(principal_of(each.party, namespace, principals), *each[1:]) for each in rights)
    )


def principal_of(party: str, namespace: str, principals: Mapping[str, str]) -> str:
    """What the cluster calls a party. One without a principal of its own is the user with its name behind the
    namespace: `User:paidan-intake`, `User:paidan-department-roads`."""
    return principals.get(party, f"User:{namespace}-{party.replace('/', '-')}")


def as_command(entry: AccessEntry, bootstrap: str) -> str:
    """The line for a shell that adds the entry with Kafka's own tool."""
    pattern = ["--resource-pattern-type", "prefixed"] if entry.name.endswith("*") else []
    who = ["--allow-principal", entry.principal]
    what = ["--operation", entry.operation, f"--{entry.kind}", entry.name.removesuffix("*")]
    return shlex.join(["kafka-acls.sh", "--bootstrap-server", bootstrap, "--add", *who, *what, *pattern])


async def add(connection: Connection, wanted: Iterable[AccessEntry]) -> tuple[AccessEntry, ...]:
    """Add the entries that are missing; those added. Nothing is ever taken away. Raises AccessError."""
    try:
        async with started(admin(connection)) as client:
            present = await _present(client)
            missing = tuple(entry for entry in wanted if entry not in present)
            for entry in missing:
                await _create(client, entry)
    except KafkaError as error:
        raise AccessError(f"the access lists of {connection.bootstrap} cannot be changed: {error}") from error
    return missing


async def _present(client: AIOKafkaAdminClient) -> set[AccessEntry]:
    """What the cluster allows anybody now, of what is known here."""
    answer = await client._send_request(DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY))
    raise_for(answer.error_code, answer.error_message)
    return {
        AccessEntry(principal, _OPERATIONS[operation], _KINDS[kind], name + ("*" if pattern == _PREFIXED else ""))
        for kind, name, pattern, lists in answer.resources
        for principal, host, operation, permission in lists
        if kind in _KINDS and operation in _OPERATIONS and (host, permission) == (_EVERYWHERE, _ALLOW)
    }


async def _create(client: AIOKafkaAdminClient, entry: AccessEntry) -> None:
    prefixed = entry.name.endswith("*")
    answer = await client._send_request(
        CreateAclsRequest(
            _KIND_NUMBERS[entry.kind],
            entry.name.removesuffix("*"),
            _PREFIXED if prefixed else _LITERAL,
            entry.principal,
            _EVERYWHERE,
            _OPERATION_NUMBERS[entry.operation],
            _ALLOW,
        )
    )
    [(code, message)] = answer.creation_responses
    raise_for(code, message)


def raise_for(code: int, message: str | None) -> None:
    """Raises the KafkaError that a code of an answer stands for; 0 is none."""
    if (error := for_code(code)) is not NoError:
        raise error(message or error.description)
