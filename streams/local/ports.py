"""Ports of this machine."""

import socket
from contextlib import ExitStack, closing

from streams.addresses import LOOPBACK_HOST


def free_ports(count: int) -> list[int]:
    """So many different TCP ports of the loopback address on which nobody listens at the moment."""
    with ExitStack() as held:  # all at once, so that none is given twice
        probes = [held.enter_context(closing(socket.socket())) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK_HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


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
