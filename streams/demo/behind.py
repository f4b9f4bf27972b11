"""Puts the month behind the city that the demo starts with: made up, kept as a file, replayed as history."""

import asyncio
from collections.abc import Sequence
from itertools import islice

from models.city import City
from streams.control.models_in_force import LiveModels
from streams.demo.month import Month
from streams.intake.history import Chronicle, Historian, Written
from streams.intake.role import keys_of
from streams.kafka.connection import Connection
from streams.kafka.topics import Names
from streams.settings import Settings
from streams.terminal.feed import Planned
from streams.terminal.harmless import say

FILE = "month.jsonl"
_PIECE = 100  # events


async def put_month_behind(
    settings: Settings, city: City, day: Sequence[Planned], until: int, seed: int, days: int
) -> Written:
    """Write the last days of the month before `until` (ms UTC) to an empty inbox; the events stay in a file of the data
    folder.

    Raises UsageError when the inbox is not empty, KafkaError when the cluster fails.
    """
    say("Making up a month behind the city …")
    model, keys = LiveModels(settings, city).active, keys_of(settings)
    file = settings.data / FILE

    lines = Month(city, day, model, keys, until, seed, days).lines()
    with file.open("wb") as out:
        # A piece at a time: a thread cannot be interrupted.
        while piece := await asyncio.to_thread(list, islice(lines, _PIECE)):
            out.writelines(line + b"\n" for line in piece)
    chronicle = Chronicle([file])
    names = Names(settings.namespace)
    historian = Historian(Connection.of(settings), names, settings.partitions, city, keys, model)
    written = await historian.write(chronicle, until)
    say(f"{written.items:,} events of it are in the inbox.")
    return written
