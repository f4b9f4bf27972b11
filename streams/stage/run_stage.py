"""What the roles that run a stage have in common: its options from the settings, and its run until stopped."""

import asyncio
import logging
import os
from typing import Any

from streams.kafka.connection import Connection
from streams.kafka.topics import Names
from streams.settings import Settings
from streams.stage.processing import StageError, StageOptions
from streams.stage.stage import Stage
from streams.tasks import end

log = logging.getLogger(__name__)


def stage_options(settings: Settings, role: str) -> StageOptions:
    """How a role's stage works."""
    names = Names(settings.namespace)
    return StageOptions(
        connection=Connection.of(settings),
        group=names.group(role),
        claims=names.claims,
        session_timeout_ms=settings.session_timeout_ms,
        transaction_timeout_ms=settings.transaction_timeout_ms,
        max_records=settings.batch_records,
        budget=settings.batch_seconds,
        max_failures=settings.max_failures,
        packed=names.packed,
        partitions=settings.partitions,
    )


async def run_stage(stage: Stage[Any], stop: asyncio.Event) -> None:
    """Run a stage until `stop` is set. When the stage says that the process must exit, it exits here and now:
    whatever is still going on in it no longer owns what it works on."""

    async def relay() -> None:
        await stop.wait()
        stage.stop()

    async def announce() -> None:
        await stage.ready.wait()
        log.info("at work on partitions %s", sorted(stage.partitions))

    relaying = asyncio.gather(relay(), announce())
    try:
        await stage.run()
    except StageError as error:
        log.critical("%s", error)
        os._exit(error.exit_code)
    finally:
        await end(relaying)
