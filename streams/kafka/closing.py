"""Kafka clients that have died or are cut off: why, and how to be rid of them."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

log = logging.getLogger(__name__)

# A producer that cannot be closed within this time leaves its end to the next one, which fences it.
CLOSE_SECONDS = 1.5


def death_of(producer: AIOKafkaProducer) -> KafkaError | None:
    """What ended the sending task of a producer, which then can do nothing any more, not even abort; None while it
    lives. aiokafka says it nowhere else."""
    task = producer._sender.sender_task
    died = task.exception() if task is not None and task.done() and not task.cancelled() else None
    return died if died is None or isinstance(died, KafkaError) else KafkaError(repr(died))


async def within(seconds: float, closing: Coroutine[Any, Any, None]) -> None:
    """Close a client, which may fail or take longer while Kafka is away: then it is left as it is."""
    task = asyncio.create_task(closing)
    task.add_done_callback(seen)
    try:
        await asyncio.wait((task,), timeout=seconds)
    finally:
        task.cancel()


async def to_its_end(closing: Coroutine[Any, Any, None]) -> None:
    """Close a client, in a task of its own, however long it takes. Raises what that raises.

    aiokafka's clients end their tasks and take whatever cancel comes meanwhile for the end of one of these. Whoever was
    cancelled just then went on as if nothing had been, and could wait for ever for a client that others had closed.
    """
    task = asyncio.create_task(closing)
    task.add_done_callback(seen)
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait((task,))
        raise
    task.result()


def seen(future: asyncio.Future[Any]) -> None:
    """An error here is no news: what it spoils fails by itself."""
    if not future.cancelled() and (error := future.exception()) is not None:
        log.info("a client failed: %r", error)
