"""Addresses of this machine and of others: how they are written, which are loopback, what counts as one, how to reach
what listens."""

import ipaddress
import socket
from collections.abc import Iterable
from contextlib import closing
from urllib.parse import urlsplit

LOOPBACK_HOST = "127.0.0.1"
LOOPBACK = (LOOPBACK_HOST, "localhost", "::1")
# What listens on all addresses is reached on loopback; an IPv6 address stands in brackets.
_IN_A_URL = {"0.0.0.0": LOOPBACK_HOST, "::": "[::1]", "::1": "[::1]"}

_NEVER_IN_A_NAME = frozenset(" /\\:@[]?#")

_IPV6_HOUSE = 64  # bits that all addresses of one house have in common


def counted(host: str) -> str:
    """What counts as one address where somebody's share is bounded: of IPv6 each /64, as whoever has one has all."""
    address = _parsed(host)
    if address is None or address.version == 4:
        return host if address is None else str(address)
    return str(address.ipv4_mapped or ipaddress.IPv6Network((int(address), _IPV6_HOUSE), strict=False))


def is_among(host: str, places: Iterable[str]) -> bool:
    """Whether it is one of these addresses, or in one of these networks; `*` is every place."""
    address = _parsed(host)
    return any(each in (host, "*") or (address is not None and _is_within(address, each)) for each in places)


def is_place(text: str) -> bool:
    """Whether `is_among` can find anybody there: an address, a network, or `*`."""
    try:
        return text == "*" or bool(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return False


def is_host(text: str) -> bool:
    """Whether it is a name or an address, written as before a port: of IPv6 in brackets."""
    if text.startswith("[") and text.endswith("]"):
        address = _parsed(text[1:-1])
        return address is not None and address.version == 6
    try:
        text.encode("idna")  # who looks for a name's addresses raises it, wherever that is
    except UnicodeError:
        return False
    return bool(text) and text.isprintable() and _NEVER_IN_A_NAME.isdisjoint(text)


def is_web_address(text: str) -> bool:
    """Whether it begins with http:// or https:// and a request can be made of it."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        usable = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        return False
    usable = usable and text.isprintable() and " " not in text
    return usable and is_host(f"[{host}]" if ":" in host else host)


def _is_within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, place: str) -> bool:
    try:
        return address in ipaddress.ip_network(place, strict=False)
    except ValueError:
        return False


def _parsed(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def reachable(host: str) -> str:
    """The host to write into a URL for what listens on `host`."""
    return _IN_A_URL.get(host, host)


def answers(host: str, port: int, timeout: float = 0.5) -> bool:
    """Whether somebody listens there; `timeout` in seconds."""
    with closing(socket.socket()) as probe:
        probe.settimeout(timeout)
        return probe.connect_ex((host, port)) == 0
