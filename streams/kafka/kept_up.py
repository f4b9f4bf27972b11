"""What goes on beside a role's own work and may fail for a while without ending it: a page's figures, exports."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

from aiokafka.errors import KafkaError

log = logging.getLogger(__name__)


async def keep_up(what: str, every: float, step: Callable[[], Awaitable[None]]) -> NoReturn:
    """Take a step again and again until cancelled, with `every` seconds between the end of one and the next.

    While Kafka is away that is logged, as `what` cannot be done, and the next step begins anew. Raises whatever else
    the step raises.
    """
    while True:
        try:
            await step()
        except (KafkaError, OSError) as error:  # OSError: this process has no descriptor left for a moment
            log.warning("%s: %r", what, error)
        await asyncio.sleep(every)
