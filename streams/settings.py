"""Everything that can be set, in one frozen object: environment variables `PAIDAN_*`, read once at start."""

import base64
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.errors import UsageError
from models.events.broken_rules import broken_rule
from streams.addresses import LOOPBACK, LOOPBACK_HOST, answers, is_host, is_place, is_web_address, reachable
from streams.log_format import LogFormat

DEMO_CITY = Path(__file__).parents[1] / "cities" / "demo"
NEW_CITY = Path(__file__).parents[1] / "cities" / "skeleton"
# In the data folder: what the local broker keeps, and the file in there that says where it listens while it runs.
BROKER_FOLDER = "broker"
ADDRESS_FILE = "address"
# In the data folder while `paidan up` or a demo runs there: where its tables and its gateway listen.
RUNNING_FILE = "running.json"
_DEVELOPMENT_KEY = "for development on one machine only"
_SHORTEST_SECRET, _FEWEST_SIGNS, _KEY_BYTES = 16, 8, 32


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]

# Those with a public key: with a secret, whoever can check a token could make one.
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]  # fmt: skip
Algorithms = Annotated[tuple[Algorithm, ...], NoDecode, BeforeValidator(_split), Field(min_length=1)]


def _addresses(value: str) -> str:
    _each_an_address(value.split(",") if value else ())
    return value


def _each_an_address(parts: Sequence[str]) -> Sequence[str]:
    for part in parts:
        host, _, port = part.strip().rpartition(":")
        if not (is_host(host) and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError(f"{part.strip() or 'an empty part'} is not host:port")
    return parts


def _a_beginning(value: str) -> str:
    if value and ("?" in value or "#" in value or not is_web_address(value)):
        raise ValueError("must be written as http(s)://host:port")
    return value


def _each_a_network(parts: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := next((each for each in parts if not is_place(each)), None):
        raise ValueError(f"{wrong} is no address and no network")
    return parts


def _hard_to_guess(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if secret and (len(secret) < _SHORTEST_SECRET or len(set(secret)) < _FEWEST_SIGNS):
        raise ValueError(
            f"can be guessed: it needs {_SHORTEST_SECRET} characters, {_FEWEST_SIGNS} of them different, as "
            "`openssl rand -base64 32` makes"
        )
    return value


def _of_32_bytes(value: SecretStr) -> SecretStr:
    try:
        key = base64.b64decode(value.get_secret_value(), b"-_", validate=True)
    except ValueError:
        key = b""
    if value.get_secret_value() and (len(key) != _KEY_BYTES or len(set(key)) < _FEWEST_SIGNS):
        raise ValueError("must be 32 random bytes in URL-safe base64, as `openssl rand -base64 32 | tr +/ -_` makes")
    return value


# What nobody may find out by trying: empty, or long and of many signs.
Secret = Annotated[SecretStr, AfterValidator(_hard_to_guess)]
# A key of AES: empty, or 32 bytes.
SecretKey = Annotated[SecretStr, AfterValidator(_of_32_bytes)]
Addresses = Annotated[str, AfterValidator(_addresses)]
# With which the addresses of requests begin.
WebAddress = Annotated[str, AfterValidator(_a_beginning)]
Workers = Annotated[Listed, Field(min_length=1), AfterValidator(_each_an_address)]
Places = Annotated[Listed, AfterValidator(_each_a_network)]
Port = Annotated[int, Field(ge=0, le=65535)]
# Beyond these a time is nobody's wish, and does not fit into what Kafka, a link or a date can say.
Seconds = Annotated[float, Field(gt=0, le=864_000, allow_inf_nan=False)]
Hours = Annotated[float, Field(gt=0, le=876_600, allow_inf_nan=False)]
Days = Annotated[float, Field(gt=0, le=36_525, allow_inf_nan=False)]
Milliseconds = Annotated[int, Field(gt=0, le=864_000_000)]
Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]
Namespace = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,60}$")]


class Settings(BaseSettings):
    """The settings of one process. Lists are written with commas; durations carry their unit in the name."""

    model_config = SettingsConfigDict(env_prefix="PAIDAN_", frozen=True, extra="forbid", env_ignore_empty=True)

    kafka: Addresses = Field(
        "", description="Address of the cluster, `host:port,…`. Empty: the local broker of `paidan up`."
    )
    kafka_protocol: Protocol = Field(
        "PLAINTEXT", description="How the cluster is spoken to: SSL is TLS, SASL says who we are."
    )
    kafka_mechanism: Mechanism = Field("SCRAM-SHA-512", description="How SASL says who we are.")
    kafka_user: str = Field("", description="User for PLAIN and SCRAM.")
    kafka_password_file: str = Field(
        "", description="File with the user's password, for OAUTHBEARER with the token; read anew for each client."
    )
    kafka_ca: str = Field(
        "",
        description="PEM file with the authority of the brokers. Empty: those the system trusts. From Python 3.13 on "
        "an authority of one's own must say what its key may do, and certificates whose they are (`keyUsage`, "
        "`authorityKeyIdentifier`): else the refusal names what is missing.",
    )
    kafka_certificate: str = Field("", description="PEM file with our own certificate, where the cluster asks for one.")
    kafka_certificate_key: str = Field("", description="PEM file with its key. Empty: it is in the same file.")
    namespace: Namespace = Field(
        "paidan", description="First part of the names of all topics, groups and transactional ids."
    )
    city: Path = Field(DEMO_CITY, description="Folder of the city pack. Default: the demo city.")
    data: Path = Field(Path("var"), description="Folder for what is kept on this machine: local broker, tables.")
    raw_hours: PositiveInt = Field(
        72,
        le=876_600,
        description="So long the input topics keep what came in, unmasked; it must be more than intake is ever down.",
    )
    partitions: PositiveInt = Field(8, le=10_000, description="Partitions of the topics that share out the work.")
    replication: PositiveInt = Field(
        1, le=1_000, description="Copies of each topic when it is created; 3 on a real cluster."
    )
    broker_port: Port = Field(0, description="Port of the local broker. 0: a free one.")

    batch_records: PositiveInt = Field(2000, description="At most so many records are decided in one transaction.")
    batch_seconds: Seconds = Field(
        0.05,
        description="Batches are cut so that deciding those of a transaction takes about so long; where it takes longer"
        " to commit, about as long, up to four times this; where five such batches wait, four times this.",
    )
    transaction_timeout_ms: Milliseconds = Field(10_000, description="The broker aborts a transaction open for longer.")
    session_timeout_ms: Milliseconds = Field(
        6_000,
        description="A silent process loses its partitions after so long; one of the tables after twice as long.",
    )
    clock_tolerance_seconds: Seconds = Field(
        300.0, description="Intake and desk stop when their clock and Kafka's differ by more."
    )
    max_failures: PositiveInt = Field(
        5, description="So many failures in a row, with less than ten minutes between them, end the process."
    )

    personal_key: Secret = Field(
        SecretStr(_DEVELOPMENT_KEY),
        description="Key of the hashes (HMAC) that stand for reporters and for names with something personal in them, "
        "and of the seals of dead letters. Required, but for what runs with the local broker of its own data folder.",
    )
    contact_key: SecretKey = Field(
        SecretStr(""),
        description="Key (Fernet) under which intake encrypts reporters' contacts and notify opens them for the target "
        "`reporter`. Empty: contacts are not kept.",
    )
    words_key: SecretKey = Field(
        SecretStr(""),
        description="Key (32 bytes, URL-safe base64) under which the words of reports are sealed, each report's with a "
        "key of its own that can be destroyed. Empty: they are kept in the clear.",
    )

    link_key: SecretKey = Field(
        SecretStr(""),
        description="Key (32 bytes, URL-safe base64) of the links by which reporters see their orders, for notify and "
        "the gateway. Empty: there are no links.",
    )
    link_days: Days = Field(30.0, description="How long such a link shows its order.")
    public_url: WebAddress = Field(
        "", description="Where reporters reach the gateway, the beginning of their links. Empty: notices have no links."
    )

    models: str = Field(
        "", description="Store of classifier artefacts, any fsspec address. Empty: `models` in the data folder."
    )
    model: str = Field("", description="Artefact to use when none was promoted: a path. Empty: the shipped model.")

    lake: str = Field("", description="Where Parquet is written, any fsspec address. Empty: `lake` in the data folder.")
    lake_seconds: Seconds = Field(60.0, description="How often `paidan lake` writes what is new.")

    gateway_host: str = Field("127.0.0.1", description="Address the gateway listens on; any but loopback needs tokens.")
    gateway_port: Port = Field(8080, description="Port of the gateway. 0: a free one.")
    gateway_tokens_file: str = Field(
        "",
        description="File of the tokens that the gateway accepts; `paidan token` writes it, a change counts at once.",
    )
    gateway_token: SecretStr = Field(
        SecretStr(""), description="Token with which this machine's commands ask the gateway."
    )
    oidc_issuer: str = Field(
        "", description="Issuer of signed tokens (OIDC, JWT) that the gateway accepts as well. Empty: none are."
    )
    oidc_audience: str = Field("", description="The audience that they must be meant for.")
    oidc_keys: str = Field("", description="The issuer's public keys (JWKS): an https address, or a file.")
    oidc_algorithms: Algorithms = Field(("RS256", "ES256"), description="How they may be signed.")
    oidc_role_claim: str = Field(
        "roles", description="The claim whose words say what somebody is, with dots for claims within claims."
    )
    oidc_roles: Listed = Field(
        (),
        description="What words make them: `clerks=department:roads,checkers=inspector@gulou`; the first counts.",
    )

    gateway_open311: bool = Field(
        False,
        description="Serve Open311 GeoReport v2 under `/open311/v2`. It shows everybody orders without words and exact "
        "places.",
    )
    gateway_public_per_minute: int = Field(
        120,
        ge=0,
        description="So many requests a minute without a key each address (each /64 of IPv6) may send to Open311 and "
        "the open figures; more get 429. 0: no bound.",
    )
    gateway_connections_per_address: int = Field(
        500,
        ge=0,
        description="So many connections at a time each address (each /64 of IPv6) may have to the gateway; who comes "
        "beyond is answered with 503. Those of `PAIDAN_GATEWAY_PROXIES` are not bound. 0: no bound.",
    )
    gateway_proxies: Places = Field(
        (),
        description="Addresses and networks of the proxies before the gateway: from these `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are believed. Without it all who come through a proxy count as one address.",
    )
    gateway_open_figures: bool = Field(
        False,
        description="Show everybody the figures of months that are over, small counts withheld: the page `/open`, "
        "`/open/figures` and `/indicators.csv`.",
    )
    gateway_ack_seconds: Seconds = Field(
        5.0, description="A report that the broker has not acknowledged after so long is answered with 503."
    )
    gateway_body_bytes: PositiveInt = Field(1_000_000, description="Longer request bodies are answered with 413.")
    gateway_events_per_second: float = Field(
        1_000.0,
        ge=0,
        allow_inf_nan=False,
        description="So many events a second each token may send, five seconds' worth of them at once; more are "
        "answered with 429. 0: no bound.",
    )
    gateway_citizen_per_minute: int = Field(
        60,
        ge=0,
        description="So many reports and steps a minute a citizen's own token (`reporter`) may send, all of them at "
        "once; more are answered with 429. 0: no bound of their own.",
    )

    tables_host: str = Field(
        "127.0.0.1", description="Address a tables worker listens on; any but loopback needs a token."
    )
    tables_port: Port = Field(6066, description="Port of a tables worker.")
    tables_workers: Workers = Field(
        ("127.0.0.1:6066",), description="Tables workers as `host:port,…`; a DNS name stands for all its addresses."
    )
    tables_store: Literal["rocksdb", "memory"] = Field("rocksdb", description="Where a tables worker keeps its rows.")
    tables_seconds: Seconds = Field(
        2.0, description="A tables worker that has not answered after so long is left out of the answer."
    )
    tables_token: SecretStr = Field(SecretStr(""), description="Token between the gateway and the tables workers.")

    webhook_secret: Secret = Field(
        SecretStr(""), description="Secret from which each webhook's key for signatures (HMAC) is made."
    )
    notify_supervisor_url: str = Field("", description="Webhook for supervisors' notices. Empty: they are not sent.")
    notify_inspector_url: str = Field("", description="Webhook for inspectors' notices. Empty: they are not sent.")
    notify_reporter_url: str = Field("", description="Webhook for reporters' notices. Empty: they are not sent.")
    notify_plain_http: bool = Field(False, description="Whether webhooks beyond this machine may be http.")
    notify_timeout_seconds: Seconds = Field(10.0, description="An attempt at a webhook fails after so long.")
    notify_backoff_seconds: Seconds = Field(
        1.0, description="At most so long until the second attempt; twice that until the third, up to 60 times that."
    )
    notify_breaker_failures: PositiveInt = Field(5, description="So many failed attempts in a row open the breaker.")
    notify_breaker_seconds: Seconds = Field(30.0, description="An open breaker lets one attempt through after so long.")
    notify_give_up_hours: Hours = Field(
        72.0, description="Events wait so long for a webhook that is away; older ones become dead letters."
    )
    notify_first_hours: Hours = Field(
        24.0, description="A webhook that is new begins with the events of the last hours, so many."
    )

    bridge_kafka: Addresses = Field(
        "", description="Address of the cluster of the platform above, for `paidan bridge`."
    )
    bridge_kafka_protocol: Protocol = Field("PLAINTEXT", description="How it is spoken to, as `PAIDAN_KAFKA_PROTOCOL`.")
    bridge_kafka_mechanism: Mechanism = Field("SCRAM-SHA-512", description="As `PAIDAN_KAFKA_MECHANISM`.")
    bridge_kafka_user: str = Field("", description="As `PAIDAN_KAFKA_USER`: the department that is the hub.")
    bridge_kafka_password_file: str = Field("", description="As `PAIDAN_KAFKA_PASSWORD_FILE`.")
    bridge_kafka_ca: str = Field("", description="As `PAIDAN_KAFKA_CA`.")
    bridge_kafka_certificate: str = Field("", description="As `PAIDAN_KAFKA_CERTIFICATE`.")
    bridge_kafka_certificate_key: str = Field("", description="As `PAIDAN_KAFKA_CERTIFICATE_KEY`.")
    bridge_namespace: Namespace = Field("paidan", description="The namespace above.")
    bridge_city: str = Field("", description="Id of the city above, as its pack has it.")
    bridge_hub: str = Field("", description="Id of the department above that is this platform.")
    bridge_figures_seconds: Seconds = Field(
        30.0, description="How often the bridge tells the figures of this city to the platform above."
    )
    bridge_dated: bool = Field(
        False,
        description="Whether steps go up with the time at which they were taken: the city above must name "
        "`bridge:<this city>` among its `importers`. Else they count from when they arrive.",
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="What the roles log, to stderr."
    )
    log_format: LogFormat = Field("text", description="`json`: each line of the log is a JSON object.")
    traces: WebAddress = Field(
        "",
        description="Where spans go: an OpenTelemetry collector that takes OTLP over HTTP, `http://host:4318`. Empty: "
        "there are no traces.",
    )
    metrics_host: str = Field("127.0.0.1", description="Address of a role's `/metrics` and `/livez`.")
    metrics_token: Secret = Field(
        SecretStr(""),
        description="Whoever asks a role for `/metrics` must send it as a bearer token. Empty: nobody must "
        "on loopback, and beyond it nobody gets them.",
    )
    metrics_open: bool = Field(
        False, description="Whether anybody who reaches a role gets `/metrics` without a token, beyond loopback too."
    )
    metrics_port: Port = Field(0, description="Port of a role's `/metrics` and `/livez`. 0: not served.")

    @property
    def bootstrap(self) -> str:
        """The cluster's address: the one that is set, or that of the running local broker.

        Raises UsageError when there is neither.
        """
        if self.kafka:
            return self.kafka
        if address := _local(self.data):
            return address
        demo = self.data / "demo"
        if _local(demo):
            raise UsageError(f"no Kafka in {self.data}; a demo is running: `export PAIDAN_DATA={demo}` joins it")
        raise UsageError("no Kafka: start one with `paidan up` or `paidan broker`, or set PAIDAN_KAFKA=host:port")

    def make_data(self) -> Path:
        """The data folder, made where it is missing, open to its owner only. Raises UsageError when it cannot be
        written to."""
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            if self.data.stat().st_uid == os.getuid():
                self.data.chmod(0o700)  # what citizens write is in the local broker's files
        except OSError as error:
            raise UsageError(f"PAIDAN_DATA: the folder {self.data} cannot be made: {error.strerror}") from error
        if not os.access(self.data, os.W_OK | os.X_OK):
            raise UsageError(f"PAIDAN_DATA: the folder {self.data} cannot be written to")
        return self.data

    @property
    def hmac_key(self) -> bytes:
        """The key for hashes and pseudonyms. Raises UsageError when it is that for development, and the broker another
        than the data folder's own."""
        key = self.personal_key.get_secret_value()
        if key == _DEVELOPMENT_KEY and not (self._has_local_broker() and self.gateway_host in LOOPBACK):
            raise UsageError("PAIDAN_PERSONAL_KEY must be set: the key for development is for one machine only")
        return key.encode()

    def _has_local_broker(self) -> bool:
        """Whether the cluster is the broker that was started in the data folder: of any other, even on this machine,
        nobody knows who reads there."""
        return not self.kafka or self.kafka == _address(self.data)

    @property
    def models_address(self) -> str:
        """Where artefacts are kept, as an fsspec address."""
        return self.models or str(self.data / "models")

    @property
    def lake_address(self) -> str:
        """Where Parquet is kept, as an fsspec address."""
        return self.lake or str(self.data / "lake")

    @property
    def gateway_url(self) -> str:
        """Where this machine reaches the gateway, which may listen on every address; it is the dashboard's, too."""
        port = self.gateway_port
        if "gateway_port" not in self.model_fields_set and (running := _running(self.data)) is not None:
            port = running.gateway_port
        return f"http://{reachable(self.gateway_host)}:{port}"

    @property
    def workers(self) -> tuple[str, ...]:
        """Where the tables workers listen: where it is set, else those of the system that runs in the data folder."""
        if "tables_workers" not in self.model_fields_set and (running := _running(self.data)) is not None:
            return running.tables_workers
        return self.tables_workers

    def environment(self) -> dict[str, str]:
        """The variables with which a child process gets these very settings; those at their default are left out."""
        return {
            f"PAIDAN_{name.upper()}": _as_text(value)
            for name, value in self
            if value != type(self).model_fields[name].default
        }


def _as_text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(_as_text, value)) if isinstance(value, tuple) else str(value)


def _local(data: Path) -> str:
    """The address of the local broker that runs in this data folder; empty when none does."""
    address = _address(data)
    return address if address and _listens(address) else ""


def _address(data: Path) -> str:
    """Where the local broker of this data folder listens, or last did; empty when none ever ran."""
    return _kept(data, f"{BROKER_FOLDER}/{ADDRESS_FILE}").strip()


def _kept(data: Path, name: str) -> str:
    """What a file of the data folder says; empty where it is not there. Raises UsageError when nobody can tell."""
    try:
        return (data / name).read_text()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise UsageError(f"PAIDAN_DATA: the folder {data} cannot be read: {error.strerror}") from error


class Running(NamedTuple):
    """Where a system that `paidan up` has started listens."""

    gateway_port: int
    tables_workers: tuple[str, ...]


def _running(data: Path) -> Running | None:
    """The system that runs in this data folder; None when none does, or its process was killed."""
    said = _kept(data, RUNNING_FILE)
    if not said:
        return None
    port, workers = json.loads(said)
    return Running(port, tuple(workers)) if answers(LOOPBACK_HOST, port) or any(map(_listens, workers)) else None


def _listens(bootstrap: str) -> bool:
    host, _, port = bootstrap.split(",")[0].rpartition(":")
    return answers(host, int(port), timeout=1.0)


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process. Raises UsageError naming each wrong or unknown variable in one line."""
    known = {f"PAIDAN_{name.upper()}" for name in Settings.model_fields} | {"PAIDAN_CACHE", "PAIDAN_SHARED"}
    unknown = sorted(name for name in os.environ if name.startswith("PAIDAN_") and name not in known)
    if unknown:
        raise UsageError(f"unknown setting {', '.join(unknown)}: `paidan settings` lists all there are")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        wrong = [f"PAIDAN_{str(e['loc'][0]).upper()}: {broken_rule(e)}" for e in error.errors()]
        raise UsageError("; ".join(wrong)) from None
