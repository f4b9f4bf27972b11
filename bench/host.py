"""The day and the machine of a measurement: what its figures must be read with."""

import os
import platform
from datetime import UTC, datetime

import msgspec

from bench.interpreter import build
from bench.processor_time import processor


class Host(msgspec.Struct, frozen=True):
    """Where it ran. `busy`: the load average of the minute before, which is other work's."""

    day: str
    busy: float
    cores: int
    kernel: str
    processor: str
    python: str


def host(busy: float) -> Host:
    """Where and when this runs."""
    return Host(
        day=datetime.now(UTC).date().isoformat(),
        busy=round(busy, 1),
        cores=os.cpu_count() or 1,
        kernel=f"{platform.system()} {platform.release()}",
        processor=processor(),
        python=build(),
    )
