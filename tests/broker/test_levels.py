"""Four levels 市→镇街→社区→网格 on a real broker: each reads the topic of its own department and answers on its own."""

from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord

from dispatcher.order import facts
from models.envelope import Event, event_type, to_binary
from models.events import ASSIGNMENT, REPORT, STEP_BELOW, UPDATE
from streams.kafka.topics import Names
from tests.support.cities import HOLE_RULE, LEVELS, appended, tiny_files, written
from tests.support.kafka import Kafka, Message, Roles

DOWN = ("roads", "roads-street", "roads-community", "roads-grid")
_numbers = count(1)


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city, with three levels below the roads bureau."""
    return ("roads", "police", "works", "north-office", *(row.partition(",")[0] for row in LEVELS))


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


@pytest.mark.timeout(120)
async def test_four_levels_hand_an_order_down_and_answer_for_it_upward(
    kafka: Kafka, topics: Names, roles: Roles, city: Path
) -> None:
    """Who hands it down hears of each step below, the grid officer handles it, each level confirms on its own topic;
    only then the inspector's check closes it."""
    roles.start("intake", city=str(city))
    roles.start("desk", city=str(city))

    async def act(who: str, action: str, order: str, **said: Any) -> None:
        by = {"department": who, "id": f"{who}-1"}
        told = event(UPDATE, order, {"action": action, "by": by, "order_id": order} | said)
        await kafka.produce(topics.updates_of(who), [told])

    async def assigned(department: str) -> dict[str, Any]:
        """The assignment, as that department's own consumer reads it."""

        def there(records: list[ConsumerRecord]) -> bool:
            return any(True for _ in of_kind(records, ASSIGNMENT))

        return next(of_kind(await kafka.read_until(topics.assignments(department), there, timeout=60), ASSIGNMENT))

    async def asked_to_confirm(department: str) -> None:
        """Return when its topic says that it has to confirm."""
        await kafka.read_until(
            topics.assignments(department), lambda records: any(x["confirm"] for x in of_kind(records, STEP_BELOW))
        )

    place = {"lat": 30.05, "lon": 114.05}
    await kafka.produce(topics.reports, [event(REPORT, "south-w", {"text": "路上有个大坑", "location": place})])
    for above, below in pairwise(DOWN):
        order = (await assigned(above))["order_id"]
        await act(above, "forward", order, department=below)
    last = await assigned("roads-grid")
    assert last["held_for"] == list(DOWN[:-1])
    await act("roads-grid", "accept", order)
    await act("roads-grid", "handle", order, evidence_urls=["https://pictures.example/1.jpg"])
    for above in reversed(DOWN[:-1]):
        await asked_to_confirm(above)
        await act(above, "check-pass", order)

    def confirmed(records: list[ConsumerRecord]) -> bool:
        return sum(event_type(each.headers) == facts.CE_TYPES[facts.Confirmed] for each in records) == len(DOWN) - 1

    await kafka.read_until(topics.orders, confirmed)
    inspected = {"action": "check-pass", "by": {"role": "inspector", "id": "ivan"}, "order_id": order}
    await kafka.produce(topics.updates, [event(UPDATE, order, inspected)])

    def closed(records: list[ConsumerRecord]) -> bool:
        return any(event_type(each.headers) == facts.CE_TYPES[facts.Closed] for each in records)

    log = [event_type(each.headers) for each in await kafka.read_until(topics.orders, closed)]
    assert facts.CE_TYPES[facts.UpdateRefused] not in log
    steps = list(of_kind(await kafka.read_all(topics.assignments("roads")), STEP_BELOW))
    # Three hand-overs, of which two were accepted by that step, one acceptance, the handling, three confirmations, the
    # check and the end.
    assert [step["kind"] for step in steps] == [
        "forwarded", "accepted", "forwarded", "accepted", "forwarded", "accepted", "handled",
        "confirmed", "confirmed", "confirmed", "checked", "closed",
    ]  # fmt: skip
