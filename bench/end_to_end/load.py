"""An open-loop load in C: events leave at their intended times, whatever the system does, and carry those times.

`python -m bench.end_to_end.load TOPIC --city CITY --kind detections --rate 5000 --count 100000` sends and
prints two lines of JSON: when it began, and what it sent. Rate 0 sends as fast as the broker takes it. An event that
leaves late still carries the time at which it should have left, so a stall shows as latency and not as silence (no
coordinated omission). SIGTERM ends it in good order. Needs confluent-kafka.
"""

import argparse
import json
import signal
import time
from itertools import islice
from pathlib import Path

from confluent_kafka import KafkaError, Message, Producer

from bench.end_to_end.c_client import client_options
from bench.loads import AT, KINDS, Made
from models.city import City, load_city
from models.times import to_text
from streams.kafka.connection import Connection
from streams.settings import load_settings

# Up to `BY_ITSELF` events a second each leaves by itself as its time comes. More leave together, in slots of 5 ms and
# from a client that waits 5 ms for others: else the generator would take the cores of what it measures.
BY_ITSELF = 200.0
_SLOT_SECONDS, _LINGER_MS = 0.005, 5


class Load:
    """Sends what was made before, so that making it costs nothing while the system is measured."""

    def __init__(
        self, connection: Connection, topic: str, kind: str, count: int, seed: int, city: City, rate: float
    ) -> None:
        headers, make, _ = KINDS[kind]
        self._topic = topic
        self._ready = list(islice(make(city, seed), count))
        self._fixed = [*headers, ("ce_source", b"bench/%d" % seed)]
        self._rate, self._by_itself = rate, 0 < rate <= BY_ITSELF
        linger = 0 if self._by_itself else _LINGER_MS
        self._producer = Producer(
            client_options(connection) | {"linger.ms": linger, "queue.buffering.max.messages": 1_000_000}
        )
        self._producer.list_topics(topic)  # connected before the first event is due
        self._failed: list[KafkaError] = []
        self._stopped = False

    def stop(self, *_: object) -> None:
        """Send no more."""
        self._stopped = True

    def send(self) -> int:
        """Send at the rate; how many were sent. Ends the process when the broker did not take one."""
        rate, started, sent = self._rate, time.time(), 0
        while sent < len(self._ready) and not self._stopped:
            passed = time.time() - started
            due = min(len(self._ready), int(passed * rate)) if rate else min(len(self._ready), sent + 500)
            for number in range(sent, due):
                self._send(self._ready[number], started + number / rate if rate else time.time())
            sent = due
            self._producer.poll(0)
            if rate:
                until = (sent + 1) / rate if self._by_itself else passed + _SLOT_SECONDS
                time.sleep(max(0.0, until - (time.time() - started)))
        self._producer.flush()
        if self._failed:
            raise SystemExit(f"{len(self._failed)} events were not taken, the first: {self._failed[0]}")
        return sent

    def _send(self, made: Made, intended: float) -> None:
        event_id, data = made
        at = to_text(int(intended * 1000)).encode()
        data, own = data.replace(AT, at), [("ce_id", event_id.encode()), ("ce_time", at)]
        while True:
            try:
                self._producer.produce(self._topic, data, headers=self._fixed + own, on_delivery=self._delivered)
            except BufferError:  # the queue is full
                self._producer.poll(0.01)
            else:
                return

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failed.append(error)


def main() -> None:
    """Send and print what was sent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topic")
    parser.add_argument("--city", type=Path, required=True)
    parser.add_argument("--kind", choices=list(KINDS), default="detections")
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    load = Load(Connection.of(load_settings()), a.topic, a.kind, a.count, a.seed, load_city(a.city), a.rate)
    signal.signal(signal.SIGTERM, load.stop)
    started, used = time.time(), time.process_time()
    print(json.dumps({"started": started}), flush=True)
    sent = load.send()
    cpu = time.process_time() - used
    print(json.dumps({"sent": sent, "seconds": time.time() - started, "cpu_seconds": cpu}), flush=True)


if __name__ == "__main__":
    main()
