"""A reader in C of what becomes visible: committed assignments, facts and figures of a namespace, from their beginning.

`python -m bench.end_to_end.reader` reads the namespace of the settings and prints a line of JSON (`Visible`) whenever
something was read, ten times a second at most; the first one says that it reads. With `--urgent` it times assignments
of priority 1 alone. Needs confluent-kafka.
"""

import argparse
import time
from collections.abc import Callable

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from bench.end_to_end.c_client import client_options
from bench.end_to_end.visible import Visible
from dispatcher.figures.figure_row import decode
from dispatcher.order import facts
from models.envelope import CE_TIME, CE_TYPE
from models.times import from_text
from streams.kafka.connection import Connection
from streams.kafka.topics import Names
from streams.settings import load_settings

SIGHTINGS = ("received", "detections", "suppressed", "duplicates")
LINE_SECONDS = 0.1
URGENT = 1
_OPENED = facts.CE_TYPES[facts.Opened].encode()


class Reader:
    """Reads and counts."""

    def __init__(self, connection: Connection, names: Names, urgent: bool) -> None:
        self._names = names
        self._urgent = urgent
        self._rows: dict[bytes, int] = {}
        self._assignments = 0
        self._assigned: list[tuple[float, float]] = []
        self._opened: list[tuple[float, float]] = []
        self._consumer = Consumer(
            client_options(connection)
            | {
                "group.id": f"{names.namespace}-reader",  # the client asks for one; it joins none
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 20,
            }
        )
        topics = self._consumer.list_topics().topics
        ours = [t for t in topics if t in (names.orders, names.figures) or t.startswith(names.assignments(""))]
        parts = [TopicPartition(t, number, OFFSET_BEGINNING) for t in ours for number in topics[t].partitions]
        self._consumer.assign(parts)

    def run(self, say: Callable[[Visible], None]) -> None:
        """Read for ever. Raises KafkaException."""
        said = last = time.time()
        changed = True
        while True:
            # What waits is taken at once: `consume` alone would wait until so many are there.
            first = self._consumer.poll(LINE_SECONDS)
            messages = [] if first is None else [first, *self._consumer.consume(5_000, 0)]
            now = time.time()
            for message in messages:
                if (error := message.error()) is not None:
                    raise KafkaException(error)
                self._take(message, now)
            if messages:
                last, changed = now, True
            if changed and now - said >= LINE_SECONDS:
                say(Visible(sum(self._rows.values()) + self._assignments, last, self._assigned, self._opened))
                self._assigned, self._opened = [], []
                said, changed = now, False

    def _take(self, message: Message, now: float) -> None:
        topic = message.topic()
        if topic == self._names.figures:
            self._count(message.key(), message.value())
        elif topic == self._names.orders:
            headers = dict(message.headers())
            if headers[CE_TYPE] == _OPENED:
                intended = from_text(headers[CE_TIME].decode()) / 1000
                self._opened.append((intended, (now - intended) * 1000))
        else:
            self._time(message.value(), now)

    def _count(self, key: bytes, value: bytes) -> None:
        if key.startswith(b"area/"):
            counters = decode(value).counters
            self._rows[key] = sum(counters.get(name, 0) for name in SIGHTINGS)

    def _time(self, value: bytes, now: float) -> None:
        data = msgspec.json.decode(value)
        if "evidence" in data:
            if data["role"] != "lead" or (self._urgent and data["priority"] != URGENT):
                return
            intended = from_text(data["evidence"][0]["at"]) / 1000
        else:  # a rival's, which has no figures: each report is an assignment
            intended = from_text(data["time"]) / 1000
            self._assignments += 1
        self._assigned.append((intended, (now - intended) * 1000))


def main() -> None:
    """Read and print until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--urgent", action="store_true")
    settings = load_settings()
    encode = msgspec.json.encode
    reader = Reader(Connection.of(settings), Names(settings.namespace), parser.parse_args().urgent)
    reader.run(lambda visible: print(encode(visible).decode(), flush=True))


if __name__ == "__main__":
    main()
