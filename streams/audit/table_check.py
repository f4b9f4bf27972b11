"""The second half of the audit: whether the stream tables hold what the desk wrote and answer what was recomputed, and
how to repair them."""

import asyncio
from collections.abc import Mapping

from aiokafka import TopicPartition

from dispatcher.auditing import Difference, unlike_figures
from dispatcher.figures.figure_row import FigureRow
from dispatcher.figures.indicators import Window, totals
from streams.audit.recompute import Audited, AuditError
from streams.gateway.shards import ShardAnswers, Shards
from streams.kafka.clients import admin, started
from streams.kafka.connection import Connection
from streams.kafka.topics import Names
from streams.settings import Settings
from streams.tables import build
from streams.tables.protocol import PartitionFigures, PartitionRows, Shard, ShardFigures, ShardRows

DIMENSIONS = ("department", "category", "area", "stage", "actor")
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.2
_ANSWER_SECONDS = 120.0  # a worker may have to go through a million rows
_ALL_DAYS = Window(last=99991231)


async def check_tables(settings: Settings, audited: list[Audited], window: Window | None = None) -> list[Difference]:
    """Compare every row of the workers' tables with the row that the desk wrote, and the sums of the window that they
    answer with the recomputed ones.

    Raises AuditError when the workers do not get as far as was audited, or not all partitions are answered for.
    """
    number = await build.current(settings)
    await _caught_up(settings, number, audited)
    shards = Shards(settings.model_copy(update={"tables_seconds": _ANSWER_SECONDS}))
    try:
        return [
            *await _check_rows(settings, shards, number, audited),
            *await _check_sums(shards, audited, window or _ALL_DAYS),
        ]
    finally:
        await shards.close()


async def silent(settings: Settings) -> str:
    """What to do about tables workers of which none answers; empty when one does."""
    shards = Shards(settings)
    try:
        answered = await shards.ask("/shard", {}, Shard)
    finally:
        await shards.close()
    if answered.partitions:
        return ""
    places = ", ".join(settings.workers)
    return (
        f"no tables worker answers at {places}: set PAIDAN_TABLES_WORKERS as `paidan up` shows it, or leave them "
        "out with --no-tables"
    )


async def repair_tables(settings: Settings) -> None:
    """Put a new build of the tables in force. Their workers end when they hear of it; started again they make it from
    the desk's topics, and nothing of the former build is used. Raises TopicError and KafkaError."""
    await build.order_new(settings)


async def _caught_up(settings: Settings, number: int, audited: list[Audited]) -> None:
    """Return when the workers have handled every record that was audited: what they have handled, they commit."""
    group = Names(settings.namespace).tables_group(number)
    wanted = {part: end for each in audited for part, end in each.ends.items()}
    loop = asyncio.get_running_loop()
    async with started(admin(Connection.of(settings))) as client:
        deadline, before = 0.0, -1
        while behind := _behind(wanted, await client.list_consumer_group_offsets(group)):
            left = sum(behind.values())
            if left != before:  # as long as they come nearer they are waited for
                deadline, before = loop.time() + _PATIENCE_SECONDS, left
            if loop.time() > deadline:
                places = ", ".join(f"{part.topic}/{part.partition}" for part in sorted(behind))
                raise AuditError(f"the tables are {left} records behind and come no nearer; are they running? {places}")
            await asyncio.sleep(_POLL_SECONDS)


def _behind(
    wanted: Mapping[TopicPartition, int], committed: Mapping[TopicPartition, object]
) -> dict[TopicPartition, int]:
    handled = {part: getattr(at, "offset", 0) for part, at in committed.items()}
    return {part: end - handled.get(part, 0) for part, end in wanted.items() if handled.get(part, 0) < end}


async def _check_rows(settings: Settings, shards: Shards, number: int, audited: list[Audited]) -> list[Difference]:
    differences = []
    for table in ("orders", "figures"):
        answers = await _rows(settings, shards, number, table)
        for part in audited:
            written, kept = part.tables[table], answers.partitions[part.partition].marks
            for key in sorted(written.keys() | kept.keys()):
                if (one := kept.get(key)) != (other := written.get(key)):
                    place = f"tables: row {key} of {table} in partition {part.partition}"
                    differences.append(Difference(place, *_unlike(one, other)))
    return differences


async def _rows(settings: Settings, shards: Shards, number: int, table: str) -> ShardAnswers[PartitionRows]:
    """The answers of the workers of one build; those of a former one are about to end."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while True:
        answers: ShardAnswers[PartitionRows] = await shards.ask("/rows", {"table": table}, ShardRows)
        current = {part: rows for part, rows in answers.partitions.items() if rows.build == number}
        if len(current) >= answers.total:
            return answers
        if asyncio.get_running_loop().time() > deadline:
            raise AuditError(
                await silent(settings) or f"the tables answer for {len(current)} of {answers.total} partitions"
            )
        await asyncio.sleep(_POLL_SECONDS)


def _unlike(kept: str | None, written: str | None) -> tuple[str, str]:
    """Two different marks, or their absence, as short texts."""
    one, other = ("nothing" if mark is None else f"version {mark.partition(' ')[0]}" for mark in (kept, written))
    return (f"{one} with another content", other) if one == other else (one, other)


async def _check_sums(shards: Shards, audited: list[Audited], window: Window) -> list[Difference]:
    params = {"dimension": ",".join(DIMENSIONS), "to": str(window.last)}
    if window.first is not None:
        params["from"] = str(window.first)
    answers: ShardAnswers[PartitionFigures] = await shards.ask("/figures", params, ShardFigures)
    if not answers.complete:
        raise AuditError(f"the tables answer for {len(answers.partitions)} of {answers.total} partitions")
    differences = []
    for part in audited:
        expected = totals(part.figures.items(), window)
        sums = answers.partitions[part.partition].sums
        kept = {(dimension, key): row for dimension, rows in sums.items() for key, row in rows.items()}
        for where in sorted(expected.keys() | kept.keys()):
            for name, one, other in unlike_figures(kept.get(where, FigureRow()), expected.get(where, FigureRow())):
                place = f"tables: figure {name} of {'/'.join(where)} in partition {part.partition}"
                differences.append(Difference(place, one, other))
    return differences
