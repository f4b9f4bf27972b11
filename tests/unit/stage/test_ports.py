"""Ports for servers of this machine."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from streams.addresses import LOOPBACK_HOST
from streams.local import ports


def test_no_outgoing_connection_is_given_a_servers_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports lie outside the range of outgoing connections, and no two are the same."""
    (given := tmp_path / "range").write_text("10100\t65535\n")
    monkeypatch.setattr(ports, "_OUTGOING", given)

    found = ports.free_ports(20)

    assert len(set(found)) == 20
    assert all(10_000 <= port < 10_100 for port in found)


def test_a_port_that_somebody_listens_on_is_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all but one are asked for, the taken one is the one left; one more than there are is an OSError."""
    (given := tmp_path / "range").write_text("10003 65535")
    monkeypatch.setattr(ports, "_OUTGOING", given)
    free = [port for port in range(10_000, 10_003) if ports.can_listen(LOOPBACK_HOST, port)]
    with closing(socket.create_server((LOOPBACK_HOST, free[0]))):
        found = ports.free_ports(len(free) - 1)

        assert sorted(found) == free[1:]
        with pytest.raises(OSError, match=f"only {len(free) - 1} of {len(free)}"):
            ports.free_ports(len(free))


def test_ports_are_found_where_everything_is_for_outgoing_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that gives all its ports to outgoing connections, or does not tell, still has ports for servers."""
    (given := tmp_path / "range").write_text("1024 65535")
    monkeypatch.setattr(ports, "_OUTGOING", given)
    everything = ports.free_ports(2)
    monkeypatch.setattr(ports, "_OUTGOING", tmp_path / "none")
    untold = ports.free_ports(2)

    assert len(everything) == 2
    assert all(port < 49_152 for port in untold)
