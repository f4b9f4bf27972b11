"""Child processes that never outlive their parent, whatever ends it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

_PR_SET_PDEATHSIG = 1


class Child(Protocol):
    """A process that leads a group of its own, as `spawn` makes it."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code, None while it lives."""


def dying_with_parent(parent: int) -> Callable[[], None] | None:
    """What a child calls once it is forked, so that the kernel kills it when its parent dies; Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def arm() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return arm


def java_environment() -> dict[str, str]:
    """The environment for a program in Java: it reads the names of files as this process does, and speaks English.

    In the locale C, Java has no sign beyond ASCII, where Python takes all to be UTF-8.
    """
    kept = {name: value for name, value in os.environ.items() if name != "LC_ALL"}
    own = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or "C"
    return kept | {"LC_CTYPE": "C.UTF-8" if sys.flags.utf8_mode else own, "LC_MESSAGES": "C"}


def spawn(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[bytes] | int | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own (Ctrl-C reaches the parent alone); call it from the main thread.

    On Linux the kernel ends the child when the thread that started it ends, also after SIGKILL; elsewhere only an
    orderly end of the parent does. `output` takes standard output and error, by default the parent's own.
    """
    return subprocess.Popen(
        list(command),
        env=None if env is None else dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        preexec_fn=dying_with_parent(os.getpid()),
    )


def signal_group(process: Child, number: int) -> None:
    """Send a signal to the child and all its own children; one that is gone already is no error."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
