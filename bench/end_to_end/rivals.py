"""Ways to do it without Paidan, each at its best: the same contract, classifier and routing, batches of up to 512.

`python -m bench.end_to_end.rivals NAME CITY MODEL` reads `<ns>.reports`, checks, classifies,
routes, writes to `<ns>.assignments.<department>`, or `.review` for a person, and commits. None of them merges, keeps
orders, follows them or counts them. Needs confluent-kafka and quixstreams.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bench.end_to_end.c_client import client_options
from dispatcher.steps.routing import route
from models.city import City, RuleInput, load_city
from models.classifier import Classifier
from models.events import REPORT, Report, parse
from models.guess import Guess
from streams.kafka.connection import Connection
from streams.settings import load_settings

DAY = date(2026, 3, 2)
BATCH = 512

Input = tuple[bytes, Iterable[tuple[str, bytes]]]  # value and headers
Output = tuple[str, bytes]  # topic and value


@dataclass(frozen=True, slots=True)
class Work:
    """What all of them do with a batch."""

    connection: Connection
    namespace: str
    city: City
    model: Classifier

    @property
    def source(self) -> str:
        """The topic that is read."""
        return f"{self.namespace}.reports"

    def group(self, name: str) -> str:
        """A consumer group of one's own."""
        return f"{self.namespace}-{name}"

    def outputs(self, batch: Sequence[Input]) -> list[Output]:
        """Where each classified report goes, and what is said of it."""
        reports: list[Any] = [parse(REPORT, value) for value, _ in batch]
        guesses = self.model.classify([report.text for report in reports])
        return [
            self._output(report, guess, dict(headers)["ce_time"].decode())
            for report, guess, (_, headers) in zip(reports, guesses, batch, strict=True)
        ]

    def _output(self, report: Report, guess: Guess, time: str) -> Output:
        place = report.location
        area = None
        if place is not None and place.lat is not None and place.lon is not None:
            area = self.city.areas.locate(place.lat, place.lon)
        found = route(self.city, RuleInput(area=area.id if area else "", text=report.text), guess, DAY)
        data = {"text": report.text, "category": found.category, "why": found.why, "time": time}
        return f"{self.namespace}.assignments.{found.department or 'review'}", msgspec.json.encode(data)


def faust_take(work: Work) -> None:
    """An agent that takes batches, with a producer of its own (Faust's waits for each send), under uvloop."""
    import faust
    import uvloop
    from aiokafka import AIOKafkaProducer

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    app = faust.App(
        work.group("faust"),
        **work.connection.faust_options(),
        store="memory://",
        topic_disable_leader=True,
        web_enabled=False,
        broker_session_timeout=12,
        broker_heartbeat_interval=3,
        stream_wait_empty=False,
    )
    source = app.topic(work.source, value_serializer="raw")

    @app.agent(source)  # type: ignore[untyped-decorator, unused-ignore]
    async def dispatch(stream: Any) -> None:
        producer = AIOKafkaProducer(**work.connection.options())
        await producer.start()
        async for events in stream.take_events(BATCH, within=0.02):
            outputs = work.outputs([(event.value, event.message.headers) for event in events])
            await asyncio.gather(*[await producer.send(topic, value) for topic, value in outputs])

    app.finalize()
    faust.Worker(app, loglevel="ERROR", override_logging=True).execute_from_commandline()


def aiokafka_loop(work: Work) -> None:
    """Read and judge a batch while the one before is written, then commit that; under uvloop."""
    import uvloop
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    async def run() -> None:
        consumer = AIOKafkaConsumer(
            work.source,
            **work.connection.options(),
            group_id=work.group("aiokafka"),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=20,
        )
        producer = AIOKafkaProducer(**work.connection.options())
        await consumer.start()
        await producer.start()
        sent: list[asyncio.Future[Any]] = []
        ends: dict[Any, int] = {}
        while True:
            got = await consumer.getmany(timeout_ms=20, max_records=BATCH)
            batch = [(message.value, message.headers) for part in got.values() for message in part]
            # In a thread, so that what is being sent is not held up.
            outputs = await asyncio.to_thread(work.outputs, batch) if batch else []
            await asyncio.gather(*sent)
            if ends:
                await consumer.commit(ends)
            sent = [await producer.send(topic, value) for topic, value in outputs]
            ends = {tp: part[-1].offset + 1 for tp, part in got.items()}

    uvloop.run(run())


def _confluent_consumer(work: Work, name: str) -> Any:
    from confluent_kafka import Consumer

    consumer = Consumer(
        client_options(work.connection)
        | {
            "group.id": work.group(name),
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 20,
        }
    )
    consumer.subscribe([work.source])
    return consumer


def _positions(consumer: Any) -> list[Any]:
    return [part for part in consumer.position(consumer.assignment()) if part.offset >= 0]


def _confluent_batch(consumer: Any) -> list[Input]:
    """What is there, at most a batch; waits for the first."""
    first = consumer.poll(0.02)
    messages = [] if first is None else [first, *consumer.consume(BATCH - 1, 0)]
    if failed := [message.error() for message in messages if message.error()]:
        raise SystemExit(str(failed[0]))
    return [(message.value(), message.headers()) for message in messages]


def confluent_loop(work: Work) -> None:
    """Judge a batch while the one before is written, then commit that; reading and sending are C."""
    from confluent_kafka import Producer

    consumer = _confluent_consumer(work, "confluent")
    producer = Producer(client_options(work.connection) | {"linger.ms": 1})
    ends: list[Any] = []
    while True:
        outputs = work.outputs(batch) if (batch := _confluent_batch(consumer)) else []
        if ends:
            producer.flush()
            consumer.commit(offsets=ends, asynchronous=False)
        for topic, value in outputs:
            producer.produce(topic, value)
        producer.poll(0)
        ends = _positions(consumer) if batch else []


def confluent_transactions(work: Work) -> None:
    """The same with a transaction a batch, its offsets within."""
    from confluent_kafka import Producer

    consumer = _confluent_consumer(work, "confluent-transactions")
    producer = Producer(
        client_options(work.connection) | {"linger.ms": 1, "transactional.id": work.group("transactions")}
    )
    producer.init_transactions()
    while True:
        if not (batch := _confluent_batch(consumer)):
            continue
        producer.begin_transaction()
        for topic, value in work.outputs(batch):
            producer.produce(topic, value)
        producer.send_offsets_to_transaction(_positions(consumer), consumer.consumer_group_metadata())
        producer.commit_transaction()


def quix_sink(work: Work) -> None:
    """A batching sink that is flushed at each checkpoint; its records one by one would be classified one by one."""
    from confluent_kafka import Producer
    from quixstreams import Application
    from quixstreams.kafka import ConnectionConfig
    from quixstreams.sinks import BatchingSink, SinkBatch

    producer = Producer(client_options(work.connection) | {"linger.ms": 1})

    class Assignments(BatchingSink):
        def write(self, batch: SinkBatch) -> None:
            for topic, value in work.outputs([(item.value, item.headers) for item in batch]):
                producer.produce(topic, value)
                producer.poll(0)
            producer.flush()

    app = Application(
        broker_address=ConnectionConfig.from_librdkafka_dict(client_options(work.connection)),
        consumer_group=work.group("quixstreams"),
        auto_offset_reset="earliest",
        auto_create_topics=False,
        commit_every=BATCH,
        commit_interval=0.02,
        consumer_poll_timeout=0.02,
        consumer_extra_config={"fetch.wait.max.ms": 20},
        loglevel="ERROR",
    )
    source = app.topic(work.source, value_deserializer="bytes")
    app.dataframe(source).sink(Assignments())
    app.run()


class Rival(NamedTuple):
    """One of them, and what holds for a report that it has read."""

    title: str
    guarantee: str
    run: Callable[[Work], None]


RIVALS = {
    "confluent": Rival("confluent-kafka loop", "at least once", confluent_loop),
    "transactions": Rival("confluent-kafka, a transaction a batch", "exactly once", confluent_transactions),
    "aiokafka": Rival("aiokafka loop", "at least once", aiokafka_loop),
    "faust": Rival("Faust `take()`, own producer", "at least once", faust_take),
    "quixstreams": Rival("Quix Streams, batching sink", "at least once", quix_sink),
}


def main() -> None:
    """Run one of them until killed."""
    name, city, model = sys.argv[1:4]
    settings = load_settings()
    sys.argv = sys.argv[:1]  # Faust reads the command line
    logging.disable(logging.WARNING)
    work = Work(Connection.of(settings), settings.namespace, load_city(Path(city)), Classifier.load(Path(model)))
    RIVALS[name].run(work)


if __name__ == "__main__":
    main()
