"""Addresses of this machine and of others: which are loopback, what counts as one, how to reach what listens."""

import ipaddress
import socket
from collections.abc import Iterable
from contextlib import closing

LOOPBACK_HOST = "127.0.0.1"
LOOPBACK = (LOOPBACK_HOST, "localhost", "::1")
# What listens on all addresses is reached on loopback; an IPv6 address stands in brackets.
_IN_A_URL = {"0.0.0.0": LOOPBACK_HOST, "::": "[::1]", "::1": "[::1]"}

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
