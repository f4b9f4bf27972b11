"""The second half of the audit: whether the stream tables hold what the desk wrote and answer what was recomputed, and
how to repair them.

The desk may go on meanwhile. What it has written since a partition was read is read when the tables have answered: each
row of theirs must be the one that was audited or a later one, and their sums those of the rows up to where they stand.
Where they are at work they may have passed over a row that a later one replaces, so what differs is asked for again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import ConsumerRecord, TopicPartition

from dispatcher.auditing import Difference, unlike_figures
from dispatcher.figures import figure_row
from dispatcher.figures.figure_row import FigureRow
from dispatcher.figures.indicators import Window, totals
from dispatcher.partition import row_keys
from streams.audit.audited_days import ALL_DAYS
from streams.audit.recompute import Audited, AuditError
from streams.gateway.shards import ShardAnswers, Shards
from streams.kafka.clients import admin, log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_to
from streams.kafka.topics import Names
from streams.settings import Settings
from streams.tables import build, stored_row
from streams.tables.protocol import PartitionFigures, PartitionRows, Shard, ShardFigures, ShardRows, window_asked

DIMENSIONS = ("department", "category", "area", "stage", "actor")
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.2
_TRIES = 10
_ANSWER_SECONDS = 120.0  # a worker may have to go through a million rows


async def check_tables(settings: Settings, audited: list[Audited], window: Window | None = None) -> list[Difference]:
    """Compare every row of the workers' tables with the row that the desk wrote, and the sums of the window that they
    answer with the recomputed ones.

    Raises AuditError when the workers do not get as far as was audited, or not all partitions are answered for.
    """
    number = await build.current(settings)
    await _caught_up(settings, number, audited)
    shards = Shards(settings.model_copy(update={"tables_seconds": _ANSWER_SECONDS}))
    try:
        rows = {table: await _rows(settings, shards, number, table) for table in ("orders", "figures")}
        since = await _written_since(settings, audited)
        unlike = [each for table, answers in rows.items() for each in _unlike_rows(table, answers, audited, since)]
        return unlike + await _check_sums(settings, shards, audited, window or ALL_DAYS)
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


@dataclass(slots=True)
class _Later:
    """What the desk of a partition has written since it was audited: by table and key the marks of all rows, None for
    one that was taken away, and the figure rows with their offsets, in the order of the log."""

    marks: dict[str, dict[str, set[str | None]]] = field(default_factory=lambda: {"orders": {}, "figures": {}})
    figures: list[tuple[int, str, FigureRow]] = field(default_factory=list)


async def _written_since(settings: Settings, audited: list[Audited]) -> dict[int, _Later]:
    names, found = Names(settings.namespace), {each.partition: _Later() for each in audited}
    wanted = (names.desk, names.archive, names.figures)
    begins = {TopicPartition(topic, number): 0 for number in found for topic in wanted}
    begins |= {part: end for each in audited for part, end in each.ends.items()}
    async with started(log_reader(Connection.of(settings))) as consumer:
        consumer.assign(list(begins))
        for part, begin in begins.items():
            consumer.seek(part, begin)
        async for part, records in read_to(consumer, await consumer.end_offsets(list(begins))):
            _note(found[part.partition], records, is_figures=part.topic == names.figures)
    return found


def _note(later: _Later, records: Sequence[ConsumerRecord], is_figures: bool) -> None:
    for record in records:
        key, row = record.key.decode(), record.value
        if is_figures:
            later.figures.append((record.offset, key, figure_row.decode(row)))
            later.marks["figures"].setdefault(key, set()).add(stored_row.mark(stored_row.figure_version(key, row), row))
        elif row_keys.is_order(key) and row is not None:
            later.marks["orders"].setdefault(key, set()).add(stored_row.mark(stored_row.order_version(key, row), row))
        elif row_keys.is_tally(key):  # an order that leaves the desk is in the archive, its tally nowhere
            mark = None if row is None else stored_row.mark(stored_row.order_version(key, row), row)
            later.marks["orders"].setdefault(key, set()).add(mark)


def _unlike_rows(
    table: str, answers: ShardAnswers[PartitionRows], audited: list[Audited], since: Mapping[int, _Later]
) -> list[Difference]:
    differences = []
    for part in audited:
        written, kept = part.tables[table], answers.partitions[part.partition].marks
        later = since[part.partition].marks[table]
        for key in sorted(written.keys() | kept.keys()):
            one, other = kept.get(key), written.get(key)
            if one != other and one not in later.get(key, ()):
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


async def _check_sums(settings: Settings, shards: Shards, audited: list[Audited], window: Window) -> list[Difference]:
    """What differs each time that it is asked for."""
    params = {"dimension": ",".join(DIMENSIONS)} | window_asked(window)
    lasting: dict[str, Difference] | None = None
    for _ in range(_TRIES):
        answers: ShardAnswers[PartitionFigures] = await shards.ask("/figures", params, ShardFigures)
        if not answers.complete:
            raise AuditError(f"the tables answer for {len(answers.partitions)} of {answers.total} partitions")
        since = await _written_since(settings, audited)
        unlike = {each.place: each for each in _unlike_sums(answers, audited, since, window)}
        lasting = {place: each for place, each in unlike.items() if lasting is None or place in lasting}
        if not lasting:
            return []
        await asyncio.sleep(_POLL_SECONDS)
    return [] if lasting is None else list(lasting.values())


def _unlike_sums(
    answers: ShardAnswers[PartitionFigures], audited: list[Audited], since: Mapping[int, _Later], window: Window
) -> list[Difference]:
    differences = []
    for part in audited:
        answered = answers.partitions[part.partition]
        later = {key: row for offset, key, row in since[part.partition].figures if offset < answered.offset}
        expected = totals({**part.figures, **later}.items(), window)
        kept = {(dimension, key): row for dimension, rows in answered.sums.items() for key, row in rows.items()}
        for where in sorted(expected.keys() | kept.keys()):
            for name, one, other in unlike_figures(kept.get(where, FigureRow()), expected.get(where, FigureRow())):
                place = f"tables: figure {name} of {'/'.join(where)} in partition {part.partition}"
                differences.append(Difference(place, one, other))
    return differences
