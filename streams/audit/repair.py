"""The desk's own rows, repaired from its log: what `paidan audit --repair` does where rows are wrong."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaProducer, TopicPartition
from msgspec import UNSET
from msgspec.structs import replace

from dispatcher.figures import figure_row
from dispatcher.partition import row_keys
from dispatcher.partition.kept_orders import encode_row
from models.city import City
from streams.audit.recompute import AuditError, LogReader, Partition, reading, recompute
from streams.kafka.clients import started
from streams.kafka.sending import Send, send_all
from streams.kafka.topics import Names
from streams.settings import Settings
from streams.stage.claims import KafkaLedger, claim, new_owner, producer_ids, producer_of
from streams.stage.processing import FENCED
from streams.stage.run_stage import stage_options


async def repair_desk(settings: Settings, city: City, number: int) -> int:
    """Write what the log says over the wrong rows of the partition with this number; how many rows.

    The desk that owns the partition is fenced before anything is read and can commit nothing from then on: it ends, and
    restores the repaired rows when it is started again. A desk that is started meanwhile fences the repair, which then
    changes nothing. Raises AuditError for that, for a log that is itself in doubt and for a desk's state that is lost,
    KafkaError when the cluster fails.
    """
    async with reading(settings, city) as reader:
        return await _repair(settings, reader, number)


async def _repair(settings: Settings, reader: LogReader, number: int) -> int:
    try:
        async with _in_place_of_the_desk(settings, number) as producer:
            if cut := await reader.cut(number):
                raise AuditError(f"{cut[0]} no longer begins at 0: nothing can be repaired from it")
            part = await recompute(reader, number)
            if part.lost:
                raise AuditError(part.lost)
            sends = _sends(reader.names, part)
            if sends:
                async with producer.transaction():
                    sent = await send_all(producer, sends, reader.names.packed)
                    await asyncio.gather(*(future for future, _ in sent))
            return len(sends)
    except FENCED as error:
        raise AuditError(f"a desk took partition {number} back before its repair: stop it, then try again") from error
    except ValueError as error:
        raise AuditError(str(error)) from error


@contextlib.asynccontextmanager
async def _in_place_of_the_desk(settings: Settings, number: int) -> AsyncIterator[AIOKafkaProducer]:
    options = stage_options(settings, "desk")
    owner = new_owner(options.group)
    # Started before the claim: whoever claims the partition next fences it.
    async with started(producer_of(options, producer_ids(owner)[0])) as producer:
        async with KafkaLedger(options) as ledger:
            await claim(ledger, TopicPartition(Names(settings.namespace).inbox, number), owner)
        yield producer


def _sends(names: Names, part: Partition) -> list[Send]:
    kept, meta = part.figure_rows(), part.meta
    repairs = part.recount.repairs(part.open_orders(), part.archived_orders(), kept)
    number, booked = part.recount.partition, figure_row.times_booked({**kept, **repairs.figures}.values())
    rows = [
        *((names.desk, key, None if order is None else encode_row(order)) for key, order in repairs.desk.items()),
        *((names.archive, key, encode_row(order)) for key, order in repairs.archive.items()),
        *((names.figures, key, figure_row.encode(row)) for key, row in repairs.figures.items()),
    ]
    if meta is not None and meta.booked not in (UNSET, booked):  # else what was lost would be missed for ever
        rows.append((names.desk, row_keys.META, encode_row(replace(meta, booked=booked))))
    return [Send(topic, key.encode(), value, number) for topic, key, value in rows]
