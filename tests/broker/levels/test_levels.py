"""Four levels 市→镇街→社区→网格 on a real broker: each reads the topic of its own department and answers on its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord

from dispatcher.order import facts
from models.envelope import Event, event_type, to_binary
from models.events import ASSIGNMENT, REPORT, STEP_BELOW, UPDATE, WITHDRAWAL
from streams.kafka.topics import Names
from tests.support.cities import DEPARTMENTS, HOLE_RULE, LEVELS, appended, tiny_files, written
from tests.support.kafka import Kafka, Message, Roles

PICTURE = ["https://pictures.example/1.jpg"]
DOWN = ("roads", "roads-street", "roads-community", "roads-grid")
_numbers = count(1)


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city, with three levels below the roads bureau."""
    return (*DEPARTMENTS, *(row.partition(",")[0] for row in LEVELS))


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The tiny city's folder."""
    files = {"rules.toml": HOLE_RULE} | appended("departments.csv", *LEVELS)
    return written(tmp_path / "city", tiny_files(files))


def event(kind: str, key: str, data: dict[str, Any]) -> Message:
    """What somebody writes."""
    headers, value = to_binary(Event(f"e{next(_numbers)}", "levels", kind, msgspec.json.encode(data)))
    return Message(value, key.encode(), list(headers))


def of_kind(records: list[ConsumerRecord], kind: str) -> Iterator[dict[str, Any]]:
    """The data of all events of a kind."""
    return (msgspec.json.decode(each.value) for each in records if event_type(each.headers) == kind)


@dataclass(frozen=True)
class Levels:
    """The four levels at work: each hears by a consumer of its own topic alone, and writes to its own."""

    kafka: Kafka
    topics: Names

    async def report(self, text: str, lat: float) -> None:
        """Something is reported."""
        data = {"text": text, "location": {"lat": lat, "lon": 114.05}}
        await self.kafka.produce(self.topics.reports, [event(REPORT, "south-w", data)])

    async def act(self, who: str, action: str, order: str, **said: Any) -> None:
        """What a department writes."""
        by = {"department": who, "id": f"{who}-1"}
        told = event(UPDATE, order, {"action": action, "by": by, "order_id": order} | said)
        await self.kafka.produce(self.topics.updates_of(who), [told])

    async def heard(
        self, who: str, kind: str, wanted: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """The first event of a kind that a department waits for, as it reads it."""

        def there(records: list[ConsumerRecord]) -> bool:
            return any(map(wanted, of_kind(records, kind)))

        records = await self.kafka.read_until(self.topics.assignments(who), there, timeout=60)
        return next(filter(wanted, of_kind(records, kind)))

    async def assigned(self, who: str, but: str = "") -> dict[str, Any]:
        """The assignment of another order than that."""
        return await self.heard(who, ASSIGNMENT, lambda each: each["order_id"] != but)

    async def logged(self, order: str, kind: str, count: int) -> list[str]:
        """What has happened to an order once that has come so often: the types of its facts."""

        def types(records: list[ConsumerRecord]) -> list[str]:
            return [event_type(each.headers) for each in records if each.key == order.encode()]

        def enough(records: list[ConsumerRecord]) -> bool:
            return types(records).count(kind) == count

        return types(await self.kafka.read_until(self.topics.orders, enough))


@pytest.mark.timeout(120)
async def test_four_levels_hand_orders_down_and_answer_for_them_upward(
    kafka: Kafka, topics: Names, roles: Roles, city: Path
) -> None:
    """Who hands one down hears of each step below, the grid officer handles it, each level confirms on its own topic,
    and only then the inspector's check closes it; another goes up a level from the grid officer, and the street takes
    it back from all below it and handles it itself."""
    roles.start("intake", city=str(city))
    roles.start("desk", city=str(city))
    levels = Levels(kafka, topics)

    first = await handled_below(levels)
    second = await goes_back_up(levels, but=first)

    assert second != first


async def handled_below(levels: Levels) -> str:
    """The order of which nobody has too much."""
    await levels.report("路上有个大坑", 30.05)
    for above, below in pairwise(DOWN):
        order: str = (await levels.assigned(above))["order_id"]
        await levels.act(above, "forward", order, department=below)
    assert (await levels.assigned("roads-grid"))["held_for"] == list(DOWN[:-1])
    await levels.act("roads-grid", "accept", order)
    await levels.act("roads-grid", "handle", order, evidence_urls=PICTURE)
    for above in reversed(DOWN[:-1]):
        await levels.heard(above, STEP_BELOW, lambda step: bool(step["confirm"]))
        await levels.act(above, "check-pass", order)
    await levels.logged(order, facts.CE_TYPES[facts.Confirmed], len(DOWN) - 1)
    await inspected(levels, order)

    log = await levels.logged(order, facts.CE_TYPES[facts.Closed], 1)

    assert facts.CE_TYPES[facts.UpdateRefused] not in log
    steps = of_kind(await levels.kafka.read_all(levels.topics.assignments("roads")), STEP_BELOW)
    # Three hand-overs, of which two were accepted by that step, one acceptance, the handling, three confirmations, the
    # check and the end.
    assert [step["kind"] for step in steps] == [
        "forwarded", "accepted", "forwarded", "accepted", "forwarded", "accepted", "handled",
        "confirmed", "confirmed", "confirmed", "checked", "closed",
    ]  # fmt: skip
    return order


async def goes_back_up(levels: Levels, but: str) -> str:
    """The order that is too much for the grid officer, and then the street's own after all."""
    await levels.report("护栏边上另有一个坑", 30.08)
    for above, below in pairwise(DOWN):
        order: str = (await levels.assigned(above, but))["order_id"]
        await levels.act(above, "forward", order, department=below)
    await levels.assigned("roads-grid", but)

    await levels.act("roads-grid", "report-up", order, reason="a crane is needed")
    up = await levels.heard("roads-community", STEP_BELOW, lambda step: step["kind"] == "handed-up")
    await levels.act("roads-street", "take-back", order, reason="the crane is ours")
    back = await levels.heard("roads-street", STEP_BELOW, lambda step: step["kind"] == "recalled")
    gone = await levels.heard("roads-community", WITHDRAWAL)
    await levels.act("roads-street", "handle", order, evidence_urls=PICTURE)
    await levels.heard("roads", STEP_BELOW, lambda step: step["order_id"] == order and bool(step["confirm"]))
    await levels.act("roads", "check-pass", order)
    await levels.logged(order, facts.CE_TYPES[facts.Confirmed], 1)
    await inspected(levels, order)

    log = await levels.logged(order, facts.CE_TYPES[facts.Closed], 1)

    assert facts.CE_TYPES[facts.UpdateRefused] not in log
    assert [(each["order_id"], each["department"], each["state"]) for each in (up, back)] == [
        (order, "roads-community", "accepted"),
        (order, "roads-street", "accepted"),
    ]
    assert gone["order_id"] == order
    return order


async def inspected(levels: Levels, order: str) -> None:
    """An inspector finds it done."""
    passed = {"action": "check-pass", "by": {"role": "inspector", "id": "ivan"}, "order_id": order}
    await levels.kafka.produce(levels.topics.updates, [event(UPDATE, order, passed)])
