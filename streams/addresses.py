"""Addresses of this machine and of others: which are loopback, how to reach what listens, whether anybody does."""

import socket
from contextlib import closing

LOOPBACK_HOST = "127.0.0.1"
LOOPBACK = (LOOPBACK_HOST, "localhost", "::1")
# What listens on all addresses is reached on loopback; an IPv6 address stands in brackets.
_IN_A_URL = {"0.0.0.0": LOOPBACK_HOST, "::": "[::1]", "::1": "[::1]"}


def reachable(host: str) -> str:
    """The host to write into a URL for what listens on `host`."""
    return _IN_A_URL.get(host, host)


def answers(host: str, port: int, timeout: float = 0.5) -> bool:
    """Whether somebody listens there; `timeout` in seconds."""
    with closing(socket.socket()) as probe:
        probe.settimeout(timeout)
        return probe.connect_ex((host, port)) == 0
