"""Files that only one process holds at a time."""

import fcntl
from pathlib import Path
from typing import IO


def take(file: Path) -> IO[str] | None:
    """Hold `file` until what is returned is closed or the process ends; None when another holder has it."""
    held = file.open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        return None
    return held
