"""`paidan bridge`: two consumers, each a member of a group on its side, whose offsets are all that is kept; beside them
the figures of the platform below are told above.

A record is finished when what it has become is written on the other side. A bridge that ends in between writes it once
more: always the same event, which is dropped there as a repeat.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

import msgspec
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import UnknownTopicOrPartitionError

from models.city import City, load_city
from models.envelope import Event, decode, header_map, to_binary
from models.errors import Poison, UsageError
from streams import metrics
from streams.bridge.crossing import Banks, Crossing, Side, Stays
from streams.bridge.down import down
from streams.bridge.figures_told import tell
from streams.bridge.up import up
from streams.control.packs import refuse_another_city
from streams.kafka.clients import admin, started, writer
from streams.kafka.closing import CLOSE_SECONDS
from streams.kafka.connection import Connection
from streams.kafka.topics import Names, check_shared
from streams.notify.finisher import FinishingConsumer
from streams.settings import Settings
from streams.tasks import race, together
from streams.tracing.record_spans import begin_record_span
from streams.tracing.trace_context import traced_by
from streams.tracing.tracer import Tracer, WorkSpan, open_tracer

log = logging.getLogger(__name__)


class Carrier:
    """Finishes the records of one side: reads what they become and writes that, one after the other, to the topic of
    the side that it is for."""

    def __init__(
        self,
        side: Side,
        banks: Banks,
        topics: Mapping[Side, str],
        writers: Mapping[Side, AIOKafkaProducer],
        tracer: Tracer | None = None,
    ) -> None:
        self._side, self._banks, self._topics, self._writers = side, banks, topics, writers
        self._tracer = tracer
        self._at_work_on = metrics.BRIDGE_AT_WORK_ON.labels(side)

    async def finish(self, record: ConsumerRecord, halted: asyncio.Event) -> bool:
        """Carry a record over; False when it stays. Raises KafkaError of either side."""
        self._at_work_on.set(record.timestamp / 1000)
        becomes = self._read(record)
        if isinstance(becomes, Stays):
            metrics.BRIDGE_KEPT.labels(becomes.reason).inc()
            if becomes.told:
                log.warning("%s/%s/%s: %s", record.topic, record.partition, record.offset, becomes.told)
            carried: Sequence[Crossing] = ()
        else:
            carried = becomes
        span = begin_record_span(self._tracer, "bridge", record) if self._tracer is not None and carried else None
        for crossing in carried:
            await self._carry(crossing, span)
        if span is not None:
            span.end()
        self.rest()
        return bool(carried)

    def rest(self) -> None:
        """It is at work on none."""
        self._at_work_on.set(0)

    async def _carry(self, crossing: Crossing, span: WorkSpan | None) -> None:
        """Write it on its side, as a part of the trace that its record is of."""
        headers, value = to_binary(crossing.event)
        headers += traced_by("" if span is None else span.traceparent)
        topic = self._topics[crossing.side]
        await self._writers[crossing.side].send_and_wait(topic, value, key=crossing.key.encode(), headers=headers)
        metrics.BRIDGE_CARRIED.labels(crossing.side).inc()

    def _read(self, record: ConsumerRecord) -> Sequence[Crossing] | Stays:
        """What a record becomes. What nobody can read stays where it is: it is there to be looked at."""
        try:
            event: Event = decode(record.value, header_map(record.headers))
            if self._side == "below":
                return up(self._banks, event)
            becomes = down(self._banks, event)
        except (Poison, ValueError, msgspec.MsgspecError) as error:
            return Stays("unreadable", f"cannot be read: {error}")
        return becomes if isinstance(becomes, Stays) else (becomes,)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Carry both ways until `stop` is set.

    Raises UsageError where a setting is missing or names no department above, or another city is at work below,
    CityError, TopicError where the platform below has not its topics, StageError when a cluster has failed too often in
    a row, KafkaError.
    """
    city = load_city(settings.city)
    banks, upper = ends(settings, city)
    await refuse_another_city(settings, city)  # by its name orders that go in a circle are known; its days are told
    above, below = Names(upper.namespace), Names(settings.namespace)
    topics: Mapping[Side, str] = {"above": above.updates_of(banks.hub), "below": banks.landing}
    await _check_hub(upper, [above.assignments(banks.hub), topics["above"]])
    own = below.upward, below.dead_letters, below.figures, banks.landing
    await check_shared(settings, *own)
    # What is not written when the bridge ends is of a record that is not finished.
    async with (
        open_tracer(settings, "bridge") as tracer,
        started(writer(Connection.of(upper), enable_idempotence=True), CLOSE_SECONDS) as to_above,
        started(writer(Connection.of(settings), enable_idempotence=True), CLOSE_SECONDS) as to_below,
    ):
        writers: dict[Side, AIOKafkaProducer] = {"above": to_above, "below": to_below}
        downward = FinishingConsumer(
            upper,
            above.group(f"department-{banks.hub}.bridge"),
            [above.assignments(banks.hub)],
            Carrier("above", banks, topics, writers, tracer),
            complete=True,
            repeats_days=city.settings.identity_reports_days,
        )
        upward = FinishingConsumer(
            settings,
            below.group(f"bridge-{banks.above}"),
            [below.upward, below.dead_letters],
            Carrier("below", banks, topics, writers, tracer),
            complete=True,
        )
        log.info("a bridge from %s, where this is %s, to %s", banks.above, banks.hub, banks.below)
        figures = tell(settings, city, to_above, above.hub_figures(banks.hub))
        # Both to their end: whoever is cancelled while it leaves its group is waited for there until its session ends.
        await race(together(downward.run(stop), upward.run(stop)), figures)


async def _check_hub(upper: Settings, topics: Sequence[str]) -> None:
    """Raises UsageError where the platform above has not the topics of a department of this name: whoever waits for a
    topic waits for ever."""
    async with started(admin(Connection.of(upper)), CLOSE_SECONDS) as client:
        described = await client.describe_topics([*topics])
    missing = [each["topic"] for each in described if each["error_code"] == UnknownTopicOrPartitionError.errno]
    if missing:
        raise UsageError(
            f"PAIDAN_BRIDGE_HUB is {upper.bridge_hub}, which is no department above: there is no topic {missing[0]}"
        )


def ends(settings: Settings, city: City) -> tuple[Banks, Settings]:
    """Both ends of the bridge of this city, and the settings with which the cluster above is reached. Raises UsageError
    where one is missing."""
    for name in ("bridge_kafka", "bridge_city", "bridge_hub"):
        if not getattr(settings, name):
            raise UsageError(f"PAIDAN_{name.upper()} must be set: the platform above is reached by it")
    if city.id == settings.bridge_city:
        raise UsageError(f"PAIDAN_BRIDGE_CITY is {city.id}, which is this city")
    upper = {name: getattr(settings, f"bridge_{name}") for name in _ABOVE}
    landing = Names(settings.namespace).above
    banks = Banks(settings.bridge_city, city.id, settings.bridge_hub, settings.bridge_dated, landing)
    above = settings.model_copy(update=upper)
    try:
        Connection.of(above)
    except UsageError as error:  # it names the settings of the cluster below, which may well be there
        raise UsageError(str(error).replace("PAIDAN_KAFKA", "PAIDAN_BRIDGE_KAFKA")) from None
    return banks, above


# The settings of a cluster that has one of its own for the platform above.
_ABOVE = (
    "kafka",
    "kafka_protocol",
    "kafka_mechanism",
    "kafka_user",
    "kafka_password_file",
    "kafka_ca",
    "kafka_certificate",
    "kafka_certificate_key",
    "namespace",
)
