"""Ports of this machine."""

import random
import socket
from contextlib import closing
from pathlib import Path

from streams.addresses import LOOPBACK_HOST

# Where Linux keeps the range of ports that it gives to outgoing connections, and that range where it is not told:
# RFC 6335's dynamic ports.
_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_DYNAMIC = (49_152, 65_535)

_SERVERS = range(10_000, 65_536)


def free_ports(count: int) -> list[int]:
    """So many different TCP ports of the loopback address on which nobody listens at the moment.

    None of them is one that the system gives to outgoing connections: such a connection could take the port
    before its server listens, or while the server starts again, and keep it for hours. They are drawn at random,
    so that two processes that ask at the same time get different ones. Raises OSError when there are not so many.
    """
    first, last = _outgoing()
    candidates = [port for port in _SERVERS if not first <= port <= last] or list(_SERVERS)
    random.SystemRandom().shuffle(candidates)
    found: list[int] = []
    for port in candidates:
        if len(found) == count:
            break
        if can_listen(LOOPBACK_HOST, port):
            found.append(port)
    if len(found) < count:
        raise OSError(f"only {len(found)} of {count} TCP ports of {LOOPBACK_HOST} are free")
    return found


def free_port() -> int:
    """A TCP port of the loopback address on which nobody listens at the moment."""
    return free_ports(1)[0]


def can_listen(host: str, port: int) -> bool:
    """Whether a server could take this port now."""
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _outgoing() -> tuple[int, int]:
    """The first and last port of outgoing connections."""
    try:
        first, last = _OUTGOING.read_text().split()
    except FileNotFoundError:  # not Linux
        return _DYNAMIC
    return int(first), int(last)
