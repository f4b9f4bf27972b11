"""The newest fact of a partition's log, by which a state shows whether it is the newest one."""

from contextlib import aclosing

import msgspec
from aiokafka import TopicPartition

from dispatcher.order import facts
from models.envelope import event_type
from streams.kafka.connection import Connection
from streams.kafka.log_reading import newest_first


async def newest_in(connection: Connection, part: TopicPartition) -> facts.Fact | None:
    """The newest fact of a partition of `paidan.orders`, None where there is none. Refusals are no facts of an order,
    and what this version cannot read is passed over: it says nothing of the state. Raises KafkaError."""
    async with aclosing(newest_first(connection, part)) as records:
        async for record in records:
            if record.value is None:
                continue
            try:
                fact = facts.from_wire(event_type(record.headers), record.value)
            except (KeyError, msgspec.MsgspecError):
                continue
            if isinstance(fact, facts.Fact):
                return fact
    return None
