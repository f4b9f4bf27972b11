"""A city for the hotline's messages: a category and a department for each topic, and people who know the truth.

Departments return what is not theirs and say whose it is; reviewers and dispatchers decide by the true topic.
"""

import asyncio
import contextlib
import csv
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from dispatcher.order import facts
from dispatcher.order.facts import Fact, UpdateRefused
from models.envelope import event_type
from models.events import REPORT, UPDATE
from models.guess import Guess
from models.times import to_text
from streams.kafka.topics import Names
from tests.support.cities import tiny_files
from tests.support.kafka import eventually

TOPICS = 7
SOURCE = "hotline"
_OFF = "0,0,1,3,1,off"


def code(topic: int) -> str:
    """The category of a topic."""
    return f"topic-{topic}"


def office(category: str) -> str:
    """The department that is responsible for a category."""
    return category.replace("topic", "office")


def messages(file: Path, seed: int) -> list[tuple[str, str]]:
    """Text and category of all messages, shuffled."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    names = {label: code(n) for n, label in enumerate(sorted({row["label"] for row in rows}))}
    assert len(names) == TOPICS
    found = [(row["text"], names[row["label"]]) for row in rows]
    random.Random(seed).shuffle(found)
    return found


def pack(settings: str) -> dict[str, bytes]:
    """The files of the city; nothing is merged, so that each message is an order."""
    codes = [code(n) for n in range(TOPICS)]
    head = "code,parent,name_zh,name_en,group,keywords,merge_radius_m,merge_hours,min_sightings,priority,cost,merge"
    categories = [head, f"case,,事项,Cases,case,,{_OFF}", *(f"{c},case,{c},{c},case,,{_OFF}" for c in codes)]
    offices = ["id,name_zh,name_en,level,parent", *(f"{office(c)},{c},{c},1," for c in codes)]
    rows = ["category,area,lead,assists,valid_from,valid_to", *(f"{c},*,{office(c)},,," for c in codes)]
    empty = {
        "places.csv": "name_zh,name_en,aliases,kind,area,lat,lon",
        "cameras.csv": "id,lat,lon,area,name,owner",
        "labels.csv": "vendor,algorithm,label,category,min_confidence",
        "limits.csv": "category,condition,stage,amount,unit\n*,,whole,7,day",
        "silences.csv": "area,category,from,to,owner,reason",
        "inhibitions.csv": "parent,child,reason",
        "rules.toml": "",
    }
    tables = {"categories.csv": categories, "departments.csv": offices, "responsibility.csv": rows}
    own = {name: "\n".join(lines) + "\n" for name, lines in tables.items()} | {k: f"{v}\n" for k, v in empty.items()}
    return tiny_files(own, settings)


@dataclass
class TruthfulPeople:
    """Everybody in the city who answers what the desk does. `truth` is the category of each report, by its id."""

    bootstrap: str
    names: Names
    truth: Sequence[str]
    partitions: int
    report_of: dict[str, int] = field(default_factory=dict)  # order → number of its report
    guess: dict[int, Guess] = field(default_factory=dict)
    shadow: dict[int, Guess | None] = field(default_factory=dict)
    first: dict[int, str] = field(default_factory=dict)  # report → the department it went to without a person
    opened: Counter[int] = field(default_factory=Counter)
    closed: Counter[int] = field(default_factory=Counter)
    refused: list[UpdateRefused] = field(default_factory=list)
    _said: int = 0

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator["TruthfulPeople"]:
        """They follow the log and answer while the body runs; what fails in that fails at the end of it."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, isolation_level="read_committed", enable_auto_commit=False
        )
        self._producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=5)
        await consumer.start()
        await self._producer.start()
        parts = [TopicPartition(self.names.orders, number) for number in range(self.partitions)]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        following = asyncio.create_task(self._follow(consumer))
        try:
            yield self
            if following.done():
                following.result()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await consumer.stop()
            await self._producer.stop()

    async def report(self, numbers: Iterable[int], texts: Sequence[str], pause: float = 0.0) -> None:
        """Citizens report these messages, each somewhere in the city; `pause` seconds between two."""
        for number in numbers:
            place = random.Random(number)
            where = {"lat": 30.0 + place.random() * 0.2, "lon": 114.0 + place.random() * 0.2}
            await self._send(self.names.reports, REPORT, str(number), {"text": texts[number], "location": where})
            if pause:
                await asyncio.sleep(pause)

    async def settled(self, numbers: Iterable[int], timeout: float) -> None:
        """Wait until the orders of these reports are closed."""
        wanted = set(numbers)

        async def all_closed() -> bool:
            return wanted <= self.closed.keys()

        await eventually(all_closed, timeout, f"the end of {len(wanted)} orders", every=0.2)

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                for record in records:
                    fact = facts.from_wire(event_type(record.headers), record.value)
                    if isinstance(fact, Fact):
                        await self._see(fact)
                    else:
                        self.refused.append(fact)

    async def _see(self, fact: Fact) -> None:
        if isinstance(fact, facts.Opened):
            self.report_of[fact.order_id] = int(fact.evidence.id)
            self.opened[int(fact.evidence.id)] += 1
            return
        number = self.report_of[fact.order_id]
        true = self.truth[number]
        match fact:
            case facts.Classified(guess=guess) if guess is not None:
                self.guess[number], self.shadow[number] = guess, fact.shadow
            case facts.SentToReview():
                await self._say(fact, "decide", {"role": "reviewer", "id": "rita"}, category=true)
            case facts.Assigned():
                if fact.attempt == 1 and fact.actor.role == "desk":
                    self.first[number] = fact.department
                await self._take_on(fact, true)
            case facts.Returned() if true not in dict(self.guess[number].alternatives):
                by = {"role": "dispatcher", "id": "dora"}
                await self._say(fact, "approve-return", by, department=office(true), category=true)
            case facts.Closed():
                self.closed[number] += 1

    async def _take_on(self, fact: facts.Assigned, true: str) -> None:
        own = {"department": fact.department, "id": "clerk"}
        if fact.department != office(true):
            more = {"code": "not-my-function", "reason": "not ours", "suggested_department": office(true)}
            await self._say(fact, "return", own, **more)
            return
        await self._say(fact, "accept", own)
        await self._say(fact, "handle", own, evidence_urls=["https://example.org/done.jpg"])
        await self._say(fact, "check-pass", {"role": "inspector", "id": "ivan"})

    async def _say(self, fact: Fact, action: str, by: dict[str, str], **more: Any) -> None:
        self._said += 1
        data = {"action": action, "by": by, "order_id": fact.order_id} | more
        await self._send(self.names.updates, UPDATE, f"u{self._said}", data, fact.order_id)

    async def _send(self, topic: str, kind: str, event: str, data: dict[str, Any], key: str = "") -> None:
        headers = {"ce_specversion": "1.0", "ce_id": event, "ce_source": SOURCE, "ce_type": kind}
        headers |= {"ce_time": to_text(int(time.time() * 1000)), "content-type": "application/json"}
        await self._producer.send(
            topic,
            json.dumps(data, ensure_ascii=False).encode(),
            (key or event).encode(),
            headers=[(name, value.encode()) for name, value in headers.items()],
        )
