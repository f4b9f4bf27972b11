"""Where notices and assignments are sent, and which record is for whom."""

import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import msgspec

from models.city.values import Department
from models.errors import Poison, UsageError
from models.events import Audience
from streams.addresses import LOOPBACK
from streams.kafka.topics import Names
from streams.notify.webhook import is_postable
from streams.settings import Settings


class Target(msgspec.Struct, frozen=True):
    """An address that events are sent to. `to` is the only recipient it is for; empty: all of its audience.

    `assignments` is the topic all of whose records are for it; empty: none. Whoever reaches reporters reaches the
    citizens of the pool, too: they are known by the same hashes.
    """

    name: str
    url: str
    audience: Audience
    notices: str
    to: str = ""
    assignments: str = ""

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that hold records for it."""
        return (self.notices, self.assignments) if self.assignments else (self.notices,)

    @property
    def _audiences(self) -> tuple[Audience, ...]:
        return ("reporter", "citizen") if self.audience == "reporter" else (self.audience,)

    def is_for(self, topic: str, key: bytes | None, value: bytes | None) -> bool:
        """Whether a record of one of the topics goes there. Raises Poison when it is no notice."""
        if topic == self.assignments:
            return True
        if self.to and key != self.to.encode():  # most notices are for others: no need to look into them
            return False
        try:
            notice = _decoder.decode(value or b"")
        except (msgspec.MsgspecError, RecursionError):
            raise Poison("data", "must be a notice with audience and to") from None
        return notice.audience in self._audiences and (not self.to or notice.to == self.to)


class _Notice(msgspec.Struct):
    audience: str
    to: str


_decoder = msgspec.json.Decoder(_Notice)


def targets(settings: Settings, departments: Mapping[str, Department]) -> tuple[Target, ...]:
    """All targets that are configured: departments with a webhook, supervisors, inspectors, reporters.

    Raises UsageError when an address cannot be used, or there is one and no secret to sign with.
    """
    names = Names(settings.namespace)
    found = [
        Target(
            f"department-{each.id}",
            usable_address(each.webhook, f"the webhook of department {each.id}", settings.notify_plain_http),
            "department",
            names.notices,
            each.id,
            names.assignments(each.id),
        )
        for each in departments.values()
        if each.webhook
    ]
    if url := settings.notify_supervisor_url:
        usable = usable_address(url, "PAIDAN_NOTIFY_SUPERVISOR_URL", settings.notify_plain_http)
        found.append(Target("supervisor", usable, "supervisor", names.notices, "supervisor"))
    if url := settings.notify_inspector_url:
        usable = usable_address(url, "PAIDAN_NOTIFY_INSPECTOR_URL", settings.notify_plain_http)
        found.append(Target("inspector", usable, "inspector", names.notices))
    if url := settings.notify_reporter_url:
        usable = usable_address(url, "PAIDAN_NOTIFY_REPORTER_URL", settings.notify_plain_http)
        found.append(Target("reporter", usable, "reporter", names.notices))
    if found and not settings.webhook_secret.get_secret_value():
        raise UsageError("PAIDAN_WEBHOOK_SECRET must be set: what is sent to webhooks is signed with it")
    return tuple(found)


def usable_address(url: str, what: str, plain_http: bool) -> str:
    """The address, if what is sent there is for nobody else. Raises UsageError.

    It is https, or http to this machine or where the settings allow it (`plain_http`); holds no password, which would
    end up in logs; and names a host, not one of the addresses that only a machine's own link or cloud knows.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError(f"{what} must be an address that begins with http:// or https://")
    if not is_postable(url):
        raise UsageError(f"no request can be made of {what}: its host must be a DNS name or an IP address")
    if parts.username or parts.password:
        raise UsageError(f"{what} must not hold a user name or password")
    host = (parts.hostname or "").rstrip(".")
    address = _address(host, what)
    if address is not None and (address.is_link_local or address.is_multicast or address.is_unspecified):
        raise UsageError(f"{what} must not be sent to {host}")
    if parts.scheme == "http" and not (plain_http or host in LOOPBACK or (address is not None and address.is_loopback)):
        raise UsageError(f"{what} must be https: notices hold reasons (PAIDAN_NOTIFY_PLAIN_HTTP allows http)")
    return url


def _address(host: str, what: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, None for a name. Raises UsageError for one that is spelt to hide what it is."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        socket.inet_aton(host)  # what the system takes besides four numbers: 0x7f000001, 127.1, 2130706433
    except OSError:
        return None
    raise UsageError(f"{what} must name its host, or give its address as four numbers")
