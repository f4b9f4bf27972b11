"""Two ways to do it without Paidan, for comparison: the same classifier and the same routing, no guarantees.

`python -m bench.rivals faust|loop BOOTSTRAP NAMESPACE CITY` reads `<ns>.reports`, classifies, routes and writes to
`<ns>.assignments.<department>`, or `.review` for a person. `faust` handles an event at a time, as Faust's guide does;
`loop` is an aiokafka consumer with batches of up to 512, committing after each: both deliver at least once. Neither
merges, keeps orders, follows them or counts them.
"""

import asyncio
import logging
import sys
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from dispatcher.steps.routing import route
from models.city import City, RuleInput, load_city
from models.classifier import Classifier
from models.events import REPORT, parse
from models.guess import Guess

DAY = date(2026, 3, 2)


def assignment(
    city: City, namespace: str, text: str, lat: float, lon: float, guess: Guess
) -> tuple[str, dict[str, Any]]:
    """Where a classified report goes, and what is said of it."""
    area = city.areas.locate(lat, lon)
    found = route(city, RuleInput(area=area.id if area else "", text=text), guess, DAY)
    topic = f"{namespace}.assignments.{found.department}" if found.department else f"{namespace}.assignments.review"
    return topic, {"text": text, "category": found.category, "why": msgspec.to_builtins(found.why)}


def faust_pipeline(bootstrap: str, namespace: str, city: City, model: Classifier) -> None:
    """An agent, an event at a time."""
    import faust

    app = faust.App(
        f"{namespace}-faust",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        topic_disable_leader=True,
        web_enabled=False,
        broker_session_timeout=12,
        broker_heartbeat_interval=3,
        stream_wait_empty=False,
    )
    source = app.topic(f"{namespace}.reports", value_serializer="raw")

    @app.agent(source)  # type: ignore[untyped-decorator, unused-ignore]
    async def dispatch(stream: Any) -> None:
        async for event in stream.events():
            report: Any = parse(REPORT, event.value)
            [guess] = model.classify([report.text])
            where, data = assignment(city, namespace, report.text, report.location.lat, report.location.lon, guess)
            data["time"] = dict(event.message.headers)["ce_time"].decode()
            await app.producer.send(where, None, msgspec.json.encode(data), None, None, None)

    app.finalize()
    worker = faust.Worker(app, loglevel="ERROR", override_logging=True)
    worker.execute_from_commandline()


async def loop_pipeline(bootstrap: str, namespace: str, city: City, model: Classifier) -> None:
    """Read a batch, classify it together, send, commit."""
    consumer = AIOKafkaConsumer(
        f"{namespace}.reports",
        bootstrap_servers=bootstrap,
        group_id=f"{namespace}-loop",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=20,
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await consumer.start()
    await producer.start()
    while True:
        batch = [m for part in (await consumer.getmany(timeout_ms=200, max_records=512)).values() for m in part]
        if not batch:
            continue
        reports: list[Any] = [parse(REPORT, message.value) for message in batch]
        guesses = model.classify([report.text for report in reports])
        futures = []
        for message, report, guess in zip(batch, reports, guesses, strict=True):
            where, data = assignment(city, namespace, report.text, report.location.lat, report.location.lon, guess)
            data["time"] = dict(message.headers)["ce_time"].decode()
            futures.append(await producer.send(where, msgspec.json.encode(data)))
        await asyncio.gather(*futures)
        await consumer.commit()


def main() -> None:
    """Run one of the two until killed."""
    which, bootstrap, namespace, city_folder = sys.argv[1:5]
    logging.disable(logging.WARNING)
    city = load_city(Path(city_folder))
    model = Classifier.shipped()
    if which == "faust":
        sys.argv = [sys.argv[0]]
        faust_pipeline(bootstrap, namespace, city, model)
    else:
        asyncio.run(loop_pipeline(bootstrap, namespace, city, model))


if __name__ == "__main__":
    main()
