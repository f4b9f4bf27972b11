"""People who answer: each fact of the log leads to the next step, the same one however often it is asked for.

Departments accept, return and handle; reviewers, dispatchers and the duty officer decide; inspectors pass or fail; now
and then a closed order is reopened. What they do depends on the order's id and seq alone.
"""

import asyncio
import json
import time
import zlib
from collections.abc import Iterator
from typing import Any

from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError

from dispatcher.order import facts
from dispatcher.order.folds.apply import apply
from dispatcher.order.row import ENDED, Order
from models.envelope import event_type
from models.events import UPDATE
from models.times import to_text
from streams.kafka.clients import follower, started, writer
from streams.kafka.connection import Connection
from streams.kafka.topics import Names
from tests.support.cities import DEPARTMENTS

Headers = list[tuple[str, bytes]]
Message = tuple[bytes, Headers]


class PredictablePeople:
    """Follows the log and answers on the updates' topic until cancelled. `busy` are the orders not at their end,
    `heard` is how many facts it has read."""

    def __init__(self, bootstrap: str, names: Names) -> None:
        self._connection, self._names = Connection(bootstrap), names
        self.rows: dict[str, Order] = {}
        self.busy: set[str] = set()
        self.refused: list[facts.UpdateRefused] = []
        self.heard = 0

    async def work(self) -> None:
        """Answer everything from the first fact on."""
        async with (
            started(follower(self._connection, self._names.orders, auto_offset_reset="earliest")) as consumer,
            started(writer(self._connection, enable_idempotence=True)) as producer,
        ):
            while True:
                read = await consumer.getmany(timeout_ms=200)
                answers = [answer for records in read.values() for each in records for answer in self._heard(each)]
                # Waited for: an answer that got lost here would look as if Paidan had lost it. Together: one after the
                # other, people are slower than the city.
                await asyncio.gather(*(self._send(producer, *answer) for answer in answers))

    def _heard(self, record: ConsumerRecord) -> Iterator[Message]:
        """The answer to a fact, where there is one."""
        fact = facts.from_wire(event_type(record.headers), record.value)
        if isinstance(fact, facts.UpdateRefused):
            self.refused.append(fact)
            return
        self.heard += 1
        order = self.rows[fact.order_id] = apply(self.rows.get(fact.order_id), fact)
        answer = self.answer(fact, order)
        at_its_end = fact.state in ENDED and answer is None
        (self.busy.discard if at_its_end else self.busy.add)(fact.order_id)
        if answer is not None:
            yield _update(fact, answer)

    async def _send(self, producer: AIOKafkaProducer, value: bytes, headers: Headers) -> None:
        """Until it is delivered: what comes twice has the same identity."""
        while True:
            try:
                await producer.send_and_wait(self._names.updates, value, headers=headers)
            except KafkaError:
                await asyncio.sleep(0.2)
            else:
                return

    def answer(self, fact: facts.Fact, order: Order) -> dict[str, Any] | None:
        """The next step after a fact, without the order's id; None when somebody else is to act, or nobody."""
        chance = zlib.crc32(f"{fact.order_id}/{fact.seq}".encode()) % 100
        match fact:
            case facts.SentToReview():
                if chance < 40:
                    return {"action": "reject", "by": _role("reviewer"), "reason": "nothing for anybody"}
                return {"action": "decide", "by": _role("reviewer"), "category": "pothole"}
            case facts.Assigned(binding=False) if chance < 15:
                other = DEPARTMENTS[chance % len(DEPARTMENTS)]
                returned = {"action": "return", "by": _department(fact.department), "code": "not-my-function"}
                return returned | {"reason": "not ours", "suggested_department": other if chance < 5 else ""}
            case facts.Assigned():
                return {"action": "accept", "by": _department(fact.department)}
            case facts.Returned() if chance < 50:
                return {"action": "refuse-return", "by": _role("dispatcher"), "reason": "it is yours"}
            case facts.Returned():
                others = [d for d in DEPARTMENTS if d != fact.actor.department]
                return {"action": "approve-return", "by": _role("dispatcher"), "department": others[chance % 3]}
            case facts.ReturnRefused():
                return {"action": "accept", "by": _department(order.department)}
            case facts.SentToArbitration():
                return {"action": "arbitrate", "by": _role("duty-officer"), "department": DEPARTMENTS[chance % 4]}
            case facts.Accepted() | facts.Checked(passed=False):
                seen = ["https://example.org/done.jpg"]
                return {"action": "handle", "by": _department(order.department), "evidence_urls": seen}
            case facts.Handled():
                action = "check-fail" if chance < 15 else "check-pass"
                return {"action": action, "by": _role("inspector"), "reason": "looked at it"}
            case facts.Closed() if chance < 8:
                return {"action": "reopen", "by": _role("operator"), "reason": "it is there again"}
            case _:
                return None


def _role(role: str) -> dict[str, str]:
    return {"role": role, "id": f"{role}-1"}


def _department(department: str) -> dict[str, str]:
    return {"role": "department", "department": department, "id": f"{department}-clerk"}


def _update(fact: facts.Fact, answer: dict[str, Any]) -> Message:
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{fact.order_id}/{fact.seq}".encode()),
        ("ce_source", b"people"),
        ("ce_type", UPDATE.encode()),
        ("ce_time", to_text(int(time.time() * 1000)).encode()),
        ("content-type", b"application/json"),
    ]
    return json.dumps({"order_id": fact.order_id, **answer}).encode(), headers
