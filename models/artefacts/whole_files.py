"""Files written whole, anywhere fsspec reaches."""

import contextlib
from typing import Any
from uuid import uuid4


def put_whole(files: Any, path: str, data: bytes) -> None:
    """Write a file of an fsspec file system in the place of the one of that name, if any: whoever reads meets the one
    or the other, never half a file. What could not be finished is taken away: on a full disk each attempt would leave
    as much as there was room for. Raises OSError."""
    part = f"{path}.{uuid4().hex}.part"
    try:
        files.pipe_file(part, data)
        files.mv(part, path)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename is None:
            error.filename = path
        with contextlib.suppress(OSError):
            files.rm_file(part)
        raise
