"""A local Kafka that also listens with TLS and asks for users and passwords, and lets each do only what it may."""

import datetime
import ipaddress
import json
import time
from collections.abc import Sequence
from pathlib import Path

import jwt
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int8, Int16, Int32, Schema, String
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm

from streams.addresses import LOOPBACK_HOST
from streams.kafka.clients import admin, started
from streams.kafka.connection import Connection
from streams.local.broker import LocalBroker

_TEXT = String("utf-8")
_KEY_ID, _AUDIENCE = "city-1", "city-kafka"
_LISTENER = """
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURED:SASL_SSL,CERTIFIED:SSL
listeners=PLAINTEXT://{host}:{{client}},CONTROLLER://{host}:{{controller}},SECURED://{host}:{port},\
CERTIFIED://{host}:{certified}
advertised.listeners=PLAINTEXT://{host}:{{client}},SECURED://{host}:{port},CERTIFIED://{host}:{certified}
sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512,PLAIN,OAUTHBEARER
listener.name.secured.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secured.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secured.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
 user_{user}="{password}";
listener.name.secured.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
listener.name.secured.oauthbearer.sasl.server.callback.handler.class=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler
listener.name.secured.sasl.oauthbearer.jwks.endpoint.url={keys}
listener.name.secured.sasl.oauthbearer.jwt.validator.class=\
org.apache.kafka.common.security.oauthbearer.BrokerJwtValidator
listener.name.secured.sasl.oauthbearer.expected.audience={audience}
listener.name.secured.sasl.oauthbearer.clock.skew.seconds=0
listener.name.secured.oauthbearer.connections.max.reauth.ms=3600000
listener.name.certified.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:{user}
"""
# What the key of an authority is for: it signs certificates, and lists of those that no longer count.
_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Issuer:
    """Who gives tokens to the users of a secured broker, which knows its public key."""

    def __init__(self, key_id: str = _KEY_ID) -> None:
        self._key, self._id = ec.generate_private_key(ec.SECP256R1()), key_id

    def keys(self) -> str:
        """The public key, as the broker reads it (JWKS)."""
        key = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return json.dumps({"keys": [{**key, "kid": self._id, "alg": "ES256", "use": "sig"}]})

    def token(self, user: str, seconds: float = 3600, audience: str = _AUDIENCE) -> str:
        """A token that says who somebody is, for so long from now on."""
        now = time.time()
        claims = {"sub": user, "aud": audience, "iat": now - 60, "exp": now + seconds}
        return jwt.encode(claims, self._key, "ES256", {"kid": self._id})


def secured_broker(
    folder: Path, port: int, certified: int, user: str, password: str, others: Sequence[str], issuer: Issuer
) -> LocalBroker:
    """A broker that is not started; `port` is the secured one, at which only `user` may do anything.

    The others have the same password and no right to anything until somebody gives them some. At the port `certified`
    clients are known by their certificates: `folder/client.pem` is that of `User:CN=client`, with its key. The
    authority's certificate is `folder/ca.pem`. A token of the issuer does instead of user and password; once it has
    ended, the broker serves nothing more on the connection that was opened with it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_certificates(folder)
    keys = folder / "keys.json"
    keys.write_text(issuer.keys())
    more = _LISTENER.format(
        host=LOOPBACK_HOST,
        port=port,
        certified=certified,
        user=user,
        password=password,
        folder=folder,
        keys=keys.as_uri(),
        audience=_AUDIENCE,
    )
    scram = [
        f"--add-scram={kind}=[name={name},password={password}]"
        for kind in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        for name in (user, *others)
    ]
    allowed = [f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={keys.as_uri()}"]
    return LocalBroker(folder / "broker", quick=True, more=more, format_options=scram, java_options=allowed)


def write_certificates(folder: Path) -> None:
    """An authority (ca.pem), and the certificates of the broker and of a client with their keys (broker.pem, …), with
    all that RFC 5280 asks for: from Python 3.13 on clients take no others."""
    key = ec.generate_private_key(ec.SECP256R1())
    own_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    of_authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own_key)
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    issued = _certificate(authority, key.public_key()).add_extension(x509.BasicConstraints(True, None), critical=True)
    issued = issued.add_extension(own_key, critical=False).add_extension(_SIGNS, critical=True)
    ca = issued.sign(key, hashes.SHA256())
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK_HOST))])
    (folder / "ca.pem").write_bytes(ca.public_bytes(Encoding.PEM))
    for who in ("broker", "client"):
        own = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)])
        signed = _certificate(authority, own.public_key(), name).add_extension(host, critical=False)
        signed = signed.add_extension(of_authority, critical=False)
        (folder / f"{who}.pem").write_bytes(
            own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + signed.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
            + ca.public_bytes(Encoding.PEM)
        )


def _certificate(
    issuer: x509.Name, key: ec.EllipticCurvePublicKey, subject: x509.Name | None = None
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject or issuer)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
    )


class _Described(Response):
    API_KEY = 48
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("error_message", _TEXT),
        (
            "entries",
            Array(
                ("entity", Array(("entity_type", _TEXT), ("entity_name", _TEXT))),
                ("values", Array(("key", _TEXT), ("value", Float64))),
            ),
        ),
    )


class _Describe(RequestStruct):
    API_KEY = 48
    API_VERSION = 0
    RESPONSE_TYPE = _Described
    SCHEMA = Schema(
        ("components", Array(("entity_type", _TEXT), ("match_type", Int8), ("match", _TEXT))), ("strict", Boolean)
    )


class _DescribeClientQuotas(Request[_Describe]):
    API_KEY = 48

    def build(self, request_struct_class: type[_Describe]) -> _Describe:
        any_name = 2
        return request_struct_class([("user", any_name, None)], True)


async def quotas_of_users(connection: Connection) -> dict[str, dict[str, float]]:
    """What the cluster bounds, by user."""
    async with started(admin(connection)) as client:
        answer = await client._send_request(_DescribeClientQuotas())
    return {entity[0][1]: dict(values) for entity, values in answer.entries}
