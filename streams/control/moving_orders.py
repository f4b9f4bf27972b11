"""What a new city pack would mean for the orders that are open now, from the desk's rows."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date

import msgspec
from aiokafka import TopicPartition

from dispatcher.order.chain import answering
from dispatcher.order.row import OPEN, Order
from dispatcher.partition import row_keys
from dispatcher.steps.elsewhere import elsewhere
from models.city import City
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_rows
from streams.kafka.topics import Names
from streams.settings import Settings

_decode = msgspec.json.Decoder(Order).decode


class Survey(msgspec.Struct, frozen=True):
    """How many orders are open; which would go elsewhere on a day: id, department now, department then; how many each
    department has, or has handed down and answers for; and how many lie in each area that the new pack has not."""

    open: int
    moved: tuple[tuple[str, str, str], ...]
    held: Counter[str]
    outside: Counter[str]


async def survey(settings: Settings, old: City, new: City, day: date) -> Survey:
    """Compare two packs over all open orders, on a city-local day. Raises KafkaError."""
    count, moved, held, outside = 0, list[tuple[str, str, str]](), Counter[str](), Counter[str]()
    topic = Names(settings.namespace).desk
    for number in range(settings.partitions):
        rows = await read_rows(Connection.of(settings), TopicPartition(topic, number))
        for order in await asyncio.to_thread(_open_orders, rows):
            count += 1
            held.update(answering(order))
            if order.area in old.areas and order.area not in new.areas:
                outside[order.area] += 1
            if to := elsewhere(order, old, new, day):
                moved.append((order.id, order.department, to))
    return Survey(count, tuple(sorted(moved)), held, outside)


def _open_orders(rows: Mapping[str, bytes]) -> list[Order]:
    orders = [_decode(row) for key, row in rows.items() if row_keys.is_order(key)]
    return [order for order in orders if order.state in OPEN]
