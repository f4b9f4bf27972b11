"""How clients in C (librdkafka) reach the cluster: the same settings in their names."""

import asyncio
import time
from pathlib import Path
from typing import Any

from streams.kafka.connection import OVER_TLS, Connection, TokenFile

_TOKEN_SECONDS = 60.0  # then the file of the token is read anew


def client_options(connection: Connection) -> dict[str, Any]:
    """What every client of confluent-kafka is given. Raises UsageError naming a file that cannot be read."""
    known = connection.options()
    given: dict[str, Any] = {"bootstrap.servers": connection.bootstrap, "security.protocol": connection.protocol}
    if connection.protocol in OVER_TLS:
        files = {
            "ssl.ca.location": connection.ca,
            "ssl.certificate.location": connection.certificate,
            "ssl.key.location": connection.certificate_key,
        }
        given |= {name: file for name, file in files.items() if file}
    if (mechanism := known.get("sasl_mechanism")) is None:
        return given
    given["sasl.mechanisms"] = mechanism
    if (password := known.get("sasl_plain_password")) is None:
        tokens = TokenFile(Path(connection.password_file))
        return given | {"oauth_cb": lambda _: (asyncio.run(tokens.token()), time.time() + _TOKEN_SECONDS)}
    return given | {"sasl.username": connection.user, "sasl.password": password}
