"""Brings the events of one target to its webhook: a record is finished when the target has taken it, or when it lies
in the dead letters."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

from aiokafka import ConsumerRecord

from models.envelope import Event, decode, header_map
from models.errors import Poison
from streams import metrics
from streams.dead_letters.letter import of_record
from streams.kafka.sending import Send
from streams.kafka.topics import Names
from streams.notify.delivery import Delivery, Patience, TargetAnswer
from streams.notify.finisher import Halted
from streams.notify.targets import Target
from streams.settings import Settings
from streams.tasks import set_within
from streams.tracing.record_spans import begin_record_span
from streams.tracing.tracer import Tracer, WorkSpan, on_behalf_of

log = logging.getLogger(__name__)

_HOUR = 3600.0
# The longest wait between two attempts, in first waits.
_LONGEST_BACKOFF = 60


class Courier:
    """`post` makes one attempt at the target; `bury` writes a dead letter and returns when it is written."""

    def __init__(
        self,
        settings: Settings,
        target: Target,
        post: Callable[[Event], Awaitable[TargetAnswer]],
        bury: Callable[[Send], Awaitable[None]],
        tracer: Tracer | None = None,
    ) -> None:
        self._tracer = tracer
        self._names = Names(settings.namespace)
        self._give_up_seconds = settings.notify_give_up_hours * _HOUR
        self._target = target
        self._post = post
        self._bury = bury
        self._halted = asyncio.Event()
        patience = Patience(
            first_backoff=settings.notify_backoff_seconds,
            longest_backoff=settings.notify_backoff_seconds * _LONGEST_BACKOFF,
            breaker_failures=settings.notify_breaker_failures,
            breaker_seconds=settings.notify_breaker_seconds,
        )
        self._delivery = Delivery(self._attempt, patience, time.monotonic, self._sleep, random.random)

    async def finish(self, record: ConsumerRecord, halted: asyncio.Event) -> bool:
        """Deliver the record's event or bury it; False when it is for others. Raises Halted."""
        self._halted = halted
        try:
            if not self._target.is_for(record.topic, record.key, record.value):
                return False
            event = decode(record.value, header_map(record.headers))
        except Poison as poison:
            await self._give_up(record, poison.error, str(poison), poison.field, poison.rule)
            return True
        span = None if self._tracer is None else begin_record_span(self._tracer, "notify", record)
        if span is None:
            await self._deliver(record, event)
            return True
        with on_behalf_of(span):
            await self._deliver(record, event, span)
        span.end()
        return True

    def rest(self) -> None:
        """The target is another process's affair, or nobody's: its breaker is not open here."""
        metrics.NOTIFY_OPEN.labels(self._target.name).set(0)

    async def _deliver(self, record: ConsumerRecord, event: Event, span: WorkSpan | None = None) -> None:
        written = record.timestamp / 1000
        give_up_at = time.monotonic() + self._give_up_seconds - (time.time() - written)
        undelivered = await self._delivery.deliver(event, give_up_at)
        if undelivered is not None:
            if span is not None:
                span.fail(undelivered.error)
            await self._give_up(record, undelivered.error, f"{self._target.name}: {undelivered.message}")
        else:
            metrics.NOTIFY_SENT.labels(self._target.name).inc()
            metrics.NOTIFY_DELAY_SECONDS.labels(self._target.name).observe(max(0.0, time.time() - written))

    async def _give_up(self, record: ConsumerRecord, error: str, message: str, field: str = "", rule: str = "") -> None:
        await self._bury(of_record(self._names, record, error, message, field, rule, stage="notify"))
        metrics.DEAD_LETTERS.labels(error).inc()
        log.warning("%s/%s/%s is a dead letter: %s", record.topic, record.partition, record.offset, message)

    async def _attempt(self, event: Event) -> TargetAnswer:
        with metrics.NOTIFY_ATTEMPT_SECONDS.labels(self._target.name).time():
            try:
                answer = await self._post(event)
            except Exception as error:  # whatever it is, only this target waits for it to be mended
                log.exception("%s: the attempt itself has failed", self._target.name)
                answer = TargetAnswer("failed", f"no attempt could be made: {type(error).__name__}")
        if answer.verdict == "failed":
            metrics.NOTIFY_FAILURES.labels(self._target.name).inc()
            log.info("%s: %s", self._target.name, answer.detail)
        else:
            metrics.NOTIFY_OPEN.labels(self._target.name).set(0)
        return answer

    async def _sleep(self, seconds: float) -> None:
        """Raises Halted when the partitions are wanted back meanwhile."""
        if self._delivery.breaker.state(time.monotonic()) == "open":
            metrics.NOTIFY_OPEN.labels(self._target.name).set(1)
        if await set_within(self._halted, seconds):
            raise Halted
