"""Roles as forks of a process that has imported them already.

A run of the tests starts several hundred roles, each of which would import the same modules for most of a second. What
tests the start itself runs the command (`Roles.run`); so does whatever looks at a process from outside.

    python -m tests.support.clusters.forked

reads a line of JSON for each role to start (its command, environment, and the file for its output), and writes one for
each that has started or ended. At the end of its input it ends, and the kernel ends its roles with it.
"""

import gc
import importlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from io import FileIO
from pathlib import Path
from typing import NamedTuple, TypedDict

from streams.cli.main import COMMANDS, main
from streams.local.children import dying_with_parent
from streams.local.supervisor import base_environment

# What is started so: the roles, and the commands that import what they do.
FORKED = (
    *("intake", "desk", "tables", "gateway", "notify", "bridge"),
    *("audit", "whatif", "dead-letters", "erase", "topics", "history"),
)
_START_SECONDS = 60.0


class _Wanted(TypedDict):
    """A role to start."""

    command: list[str]
    environment: dict[str, str]
    log: str


class _News(NamedTuple):
    """A role that has started, or that has ended with a code: negative after a signal, as of subprocess.Popen."""

    pid: int
    code: int | None


class Forked:
    """A role's process, as far as it is used as a subprocess.Popen is."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._has_ended = threading.Event()

    def poll(self) -> int | None:
        """Its exit code, None while it lives."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code once it has ended. Raises subprocess.TimeoutExpired."""
        self._has_ended.wait(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(f"role {self.pid}", timeout or 0.0)
        return self.returncode

    def end(self, code: int) -> None:
        """It has ended with this code."""
        self.returncode = code
        self._has_ended.set()


class Forks:
    """The process that forks the roles of this one, begun with the first."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.clusters.forked"],
            env=base_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is this process's affair
        )
        self._one_at_a_time = threading.Lock()
        self._is_started = threading.Event()
        self._newest: Forked | None = None
        threading.Thread(target=self._listen, daemon=True, name="forked roles").start()

    def start(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
        """Start a role, with this environment and no other. Raises RuntimeError when it cannot be."""
        wanted: _Wanted = {"command": list(command), "environment": dict(environment), "log": str(log)}
        with self._one_at_a_time:
            self._is_started.clear()
            assert self._server.stdin is not None
            self._server.stdin.write(json.dumps(wanted).encode() + b"\n")
            self._server.stdin.flush()
            if not self._is_started.wait(_START_SECONDS) or self._newest is None:
                raise RuntimeError(f"no {command[0]} was forked")
            return self._newest

    def _listen(self) -> None:
        assert self._server.stdout is not None
        roles: dict[int, Forked] = {}
        for line in self._server.stdout:
            pid, code = json.loads(line)
            if code is None:
                self._newest = roles[pid] = Forked(pid)
                self._is_started.set()
            else:
                roles.pop(pid).end(code)


@cache
def forks() -> Forks:
    """The one of this process."""
    return Forks()


def _serve() -> list[str]:
    """Fork a role for each line of the input; returns in a fork alone, with the command that it shall run."""
    server, news = os.getpid(), os.dup(sys.stdout.fileno())
    wakes, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    lines = FileIO(sys.stdin.fileno(), closefd=False)
    selector = selectors.DefaultSelector()
    selector.register(wakes, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    while True:
        ready = {key.fd for key, _ in selector.select()}
        if wakes in ready:
            os.read(wakes, 4096)
            for ended in iter(_ended, None):
                os.write(news, json.dumps(ended).encode() + b"\n")
        if sys.stdin.fileno() in ready:
            line = lines.readline()  # nothing may wait in a buffer that select does not see
            if not line:
                sys.exit(0)
            wanted: _Wanted = json.loads(line)
            leads, led = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.setsid()
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for inherited in (news, wakes, wake, leads, led):
                    os.close(inherited)
                selector.close()
                _become(wanted, server)
                return wanted["command"]
            os.close(led)
            os.read(leads, 1)  # ends once the fork leads a group of its own: until then no signal to that reaches it
            os.close(leads)
            os.write(news, json.dumps(_News(pid, None)).encode() + b"\n")


def _ended() -> _News | None:
    """A role that has ended, each once."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return _News(pid, os.waitstatus_to_exitcode(status)) if pid else None


def _become(wanted: _Wanted, server: int) -> None:
    """Make this fork, which leads its own session, what `streams.local.children.spawn` would have made."""
    if (arm := dying_with_parent(server)) is not None:
        arm()
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(output)
    os.environ.clear()
    os.environ.update(wanted["environment"])


if __name__ == "__main__":
    for name in FORKED:
        importlib.import_module(f"streams.cli.{COMMANDS[name][0]}")
    gc.collect()
    gc.freeze()
    sys.argv = ["paidan", *_serve()]
    main()
