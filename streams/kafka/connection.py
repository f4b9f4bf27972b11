"""How the cluster is reached: the one value that every client, Faust's too, is built from.

What a secured cluster asks for, TLS (encryption, and who the broker is) and SASL (who we are), enters here and nowhere
else. Files are read anew for each client: a certificate or password that was replaced counts from the next one on.
"""

import contextlib
import logging
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import AIOKafkaConnection, OAuthAuthenticator
from aiokafka.errors import (
    InvalidSessionTimeoutError,
    InvalidTransactionTimeout,
    KafkaConnectionError,
    KafkaError,
)

from models.errors import UsageError
from streams.settings import Settings

OVER_TLS = ("SSL", "SASL_SSL")
_OAUTH = "OAUTHBEARER"
# How the client library names the addresses at which nobody answered.
_TRIED = re.compile(r"\('([^']+)', (\d+)")
# What the brokers do not grant, and which setting asks for it.
_BEYOND = (
    (
        InvalidSessionTimeoutError,
        "Kafka does not allow PAIDAN_SESSION_TIMEOUT_MS (its group.min.session.timeout.ms and "
        "group.max.session.timeout.ms)",
    ),
    (
        InvalidTransactionTimeout,
        "Kafka does not allow PAIDAN_TRANSACTION_TIMEOUT_MS (its transaction.max.timeout.ms)",
    ),
)


def in_words(error: KafkaError) -> str:
    """What a client met, as a sentence for people; of a cluster that is there, what `told_why` has heard."""
    if whys := list[str](getattr(error, "__notes__", ())):
        return whys[0]
    if tried := _TRIED.findall(str(error)):
        where = ", ".join(sorted(f"{host}:{port}" for host, port in tried))
        return f"no Kafka answers at {where}; does it run there, and is the protocol right?"
    if beyond := next((said for kind, said in _BEYOND if isinstance(error, kind)), ""):
        return beyond
    return f"Kafka: {error}"


class _Whys(logging.Handler):
    """Hears why the client library has given an address up; it says so in its log alone."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.sentences: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is not the silence of an address."""
        match record.args:
            case (host, port, (ssl.SSLError() | KafkaError()) as error) if not isinstance(error, KafkaConnectionError):
                self.sentences.append(_why(f"{host}:{port}", error))
            case _:
                pass


def _why(address: str, error: ssl.SSLError | KafkaError) -> str:
    if isinstance(error, ssl.SSLError):
        reason = error.reason or str(error)
        if isinstance(error, ssl.SSLCertVerificationError):  # what of it does not hold
            reason = f"{reason}, {error.verify_message}"
        return f"no TLS with Kafka at {address}: {reason}"
    return f"Kafka at {address} refuses us: {error}"


@contextlib.contextmanager
def told_why() -> Iterator[None]:
    """A KafkaConnectionError of the body, which names addresses only, carries in notes what was wrong with each that
    answered: a certificate that is not trusted, a password that does not count."""
    library, whys = logging.getLogger("aiokafka"), _Whys()
    library.addHandler(whys)
    try:
        yield
    except KafkaConnectionError as error:
        for sentence in whys.sentences:
            error.add_note(sentence)
        raise
    finally:
        library.removeHandler(whys)


class TokenFile(AbstractTokenProvider):
    """Gives the bearer token that a file holds at that moment; whoever renews tokens writes it.

    Every connection to a broker asks for it, also those that are opened anew because the broker has closed one whose
    token had ended.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    async def token(self) -> str:
        """The token. Raises OSError when the file cannot be read: clients take that for a broker that is away, and try
        again."""
        return self._file.read_text().strip()


class _TokenShown(OAuthAuthenticator):
    """Shows a token, and hears it when the broker refuses it.

    A broker says so in an answer, ends the exchange only after another message (RFC 7628, 3.2.3), and takes whatever
    comes instead for that message. aiokafka takes the first answer for a yes, and what it asks next fails as if the
    broker were not well.
    """

    async def step(self, payload: bytes | None) -> tuple[bytes, bool] | None:
        """The next message; None when the broker has nothing against the token."""
        if payload:
            return b"\x01", True
        shown: tuple[bytes, bool] | None = await super().step(payload)
        return shown


def _shows_token(connection: AIOKafkaConnection) -> _TokenShown:
    return _TokenShown(sasl_oauth_token_provider=connection._sasl_oauth_token_provider)


AIOKafkaConnection.authenticator_oauth = _shows_token


@dataclass(frozen=True, slots=True)
class Connection:
    """The addresses of a cluster, `host:port,…`, and how they are spoken to."""

    bootstrap: str
    protocol: str = "PLAINTEXT"
    mechanism: str = ""
    ca: str = ""
    certificate: str = ""
    certificate_key: str = ""
    user: str = ""
    password_file: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The one that the settings name, or that of the running local broker.

        Raises UsageError without either, and when the protocol asks for a setting that is missing.
        """
        made = cls(
            settings.bootstrap,
            settings.kafka_protocol,
            settings.kafka_mechanism,
            settings.kafka_ca,
            settings.kafka_certificate,
            settings.kafka_certificate_key,
            settings.kafka_user,
            settings.kafka_password_file,
        )
        if made._sasl and not made.password_file:
            raise UsageError(f"PAIDAN_KAFKA_PASSWORD_FILE must be set: {made.protocol} asks who we are")
        if made._sasl and made.mechanism != _OAUTH and not made.user:
            raise UsageError(f"PAIDAN_KAFKA_USER must be set: {made.mechanism} asks for a user")
        if not made._tls and (made.ca or made.certificate):
            raise UsageError(f"PAIDAN_KAFKA_PROTOCOL is {made.protocol}: certificates need SSL or SASL_SSL")
        return made

    def options(self) -> dict[str, Any]:
        """What every client of aiokafka is given. Raises UsageError naming a file that cannot be read."""
        given: dict[str, Any] = {"bootstrap_servers": self.bootstrap, "security_protocol": self.protocol}
        if self._tls:
            given["ssl_context"] = self._context()
        if self._sasl:
            given["sasl_mechanism"] = self.mechanism
            secret = _text(Path(self.password_file), "PAIDAN_KAFKA_PASSWORD_FILE")
            if self.mechanism == _OAUTH:
                given["sasl_oauth_token_provider"] = TokenFile(Path(self.password_file))
            else:
                given["sasl_plain_username"] = self.user
                given["sasl_plain_password"] = secret
        return given

    def faust_options(self) -> dict[str, Any]:
        """The same for a Faust app."""
        given: dict[str, Any] = {"broker": ";".join(f"kafka://{address}" for address in self.bootstrap.split(","))}
        if self._tls or self._sasl:
            given["broker_credentials"] = self._credentials()
        return given

    @property
    def _tls(self) -> bool:
        return self.protocol in OVER_TLS

    @property
    def _sasl(self) -> bool:
        return self.protocol in ("SASL_PLAINTEXT", "SASL_SSL")

    def _credentials(self) -> Any:
        import faust.auth  # only the tables need Faust, which takes a second to import

        context = self._context() if self._tls else None
        if not self._sasl:
            return faust.auth.SSLCredentials(context=context)
        options = self.options()
        if self.mechanism == _OAUTH:
            return faust.auth.OAuthCredentials(oauth_cb=options["sasl_oauth_token_provider"], ssl_context=context)
        return faust.auth.SASLCredentials(
            username=self.user,
            password=options["sasl_plain_password"],
            ssl_context=context,
            mechanism=self.mechanism,
        )

    def _context(self) -> ssl.SSLContext:
        """TLS that trusts this authority alone (the system's without one) and shows our certificate."""
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"PAIDAN_KAFKA_CA: {self.ca} cannot be read: {error}") from error
        if self.certificate:
            try:
                context.load_cert_chain(self.certificate, self.certificate_key or None)
            except (OSError, ssl.SSLError) as error:
                raise UsageError(f"PAIDAN_KAFKA_CERTIFICATE: {self.certificate} cannot be read: {error}") from error
        return context


def _text(file: Path, setting: str) -> str:
    try:
        return file.read_text().strip()
    except OSError as error:
        raise UsageError(f"{setting}: {file} cannot be read: {error.strerror}") from error
