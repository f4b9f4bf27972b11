"""The second half of the audit: whether the stream tables answer what was recomputed, and how to mend them."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from dispatcher.auditing import Difference, unlike_figures
from dispatcher.figure_rows import FigureRow
from dispatcher.indicators import Window, totals
from streams.audit import Audited, AuditError
from streams.gateway.shards import Answers, Shards
from streams.settings import Settings
from streams.tables.answers import PartitionFigures, PartitionOrders, ShardFigures, ShardOrders
from streams.topics import Names

DIMENSIONS = ("department", "category", "area", "stage", "actor")
_PAGE = 500
_PATIENCE_SECONDS = 60.0
_ALL_DAYS = Window(last=99991231)


async def check_tables(settings: Settings, audited: list[Audited], window: Window | None = None) -> list[Difference]:
    """Compare the sums of the window and every order's seq with the workers' answers.

    Raises AuditError when not all partitions are answered for, or not as far as they were audited.
    """
    shards = Shards(settings)
    try:
        return [
            *await _check_figures(shards, audited, window or _ALL_DAYS),
            *await _check_orders(shards, audited),
        ]
    finally:
        await shards.close()


async def _check_figures(shards: Shards, audited: list[Audited], window: Window) -> list[Difference]:
    params = {"dimension": ",".join(DIMENSIONS), "to": str(window.last)}
    if window.first is not None:
        params["from"] = str(window.first)
    answers = await _caught_up(shards, params, audited)
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


async def _caught_up(shards: Shards, params: dict[str, str], audited: list[Audited]) -> Answers[PartitionFigures]:
    """The answer once every worker has read as far as the audit has: what is newest in a partition is a marker."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while True:
        answers: Answers[PartitionFigures] = await shards.ask("/figures", params, ShardFigures)
        found = answers.partitions
        behind = [
            part.partition
            for part in audited
            if part.figures_end and (part.partition not in found or found[part.partition].offset < part.figures_end - 1)
        ]
        if answers.complete and not behind:
            return answers
        if asyncio.get_running_loop().time() > deadline:
            raise AuditError(
                f"the tables answer for {len(found)} of {answers.total} partitions, and are behind in {behind}"
            )
        await asyncio.sleep(0.2)


async def _check_orders(shards: Shards, audited: list[Audited]) -> list[Difference]:
    kept: dict[int, dict[str, int]] = {part.partition: {} for part in audited}
    params = {"limit": str(_PAGE)}
    while True:
        answers: Answers[PartitionOrders] = await shards.ask("/orders", params, ShardOrders)
        full = []
        for number, answer in answers.partitions.items():
            kept[number].update((brief.id, brief.seq) for brief in answer.orders)
            if len(answer.orders) == _PAGE:
                full.append(answer.orders[-1])
        if not full:
            break
        # The newest of the last lines: what lies beyond it in other partitions is asked for a second time.
        newest = min(full, key=lambda brief: (-brief.opened_at, brief.id))
        params["after"] = f"{newest.opened_at}:{newest.id}"
    return [
        Difference(f"tables: order {order_id}", _seq(kept[part.partition], order_id), _seq(part.orders, order_id))
        for part in audited
        for order_id in sorted(part.orders.keys() | kept[part.partition].keys())
        if kept[part.partition].get(order_id) != part.orders.get(order_id)
    ]


def _seq(orders: dict[str, int], order_id: str) -> str:
    return f"seq {orders[order_id]}" if order_id in orders else "nothing"


async def repair_tables(settings: Settings) -> None:
    """Let the tables workers, which must not be running, read the compacted topics from their beginning at their next
    start: each row is then written again, and what the tables had wrong is gone. Raises AuditError."""
    names = Names(settings.namespace)
    offsets = {
        TopicPartition(topic, number): 0
        for topic in (names.desk, names.archive, names.figures)
        for number in range(settings.partitions)
    }
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap, group_id=f"{settings.namespace}.tables", enable_auto_commit=False
    )
    try:
        await consumer.start()
        consumer.assign(list(offsets))
        await consumer.commit(offsets)
    except KafkaError as error:
        raise AuditError(f"the tables cannot be repaired while their workers run: stop them first ({error})") from error
    finally:
        await consumer.stop()
