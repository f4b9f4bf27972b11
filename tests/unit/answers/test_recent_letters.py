"""What could not be taken in: counted by hour and by what was wrong, and sent back once more."""

import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord

from dispatcher.partition.decision import Failure
from models.errors import Poison
from models.events import DeadLetter
from models.inbox import Sighting, decode_items
from models.times import HOUR_MS, from_text, now_ms
from streams.dead_letters import replay as replay_module
from streams.dead_letters.letter import MAX_KEPT, DeadLetterError, decode_dead_letter, of_item, of_record
from streams.dead_letters.recent_letters import HOURS, RecentLetters
from streams.dead_letters.replay import Numbered
from streams.intake.dead_records import flawed
from streams.intake.drafts import Flaw
from streams.kafka.connection import Connection
from streams.kafka.topics import Names
from streams.settings import load_settings
from tests.support.messages import raw


def record(value: bytes, timestamp: int) -> ConsumerRecord:
    """One of the topic of dead letters."""
    return ConsumerRecord("dead-letters", 0, 0, timestamp, 0, None, value, None, 0, len(value), ())


def letter(error: str, timestamp: int) -> ConsumerRecord:
    """One that says what was wrong."""
    made = DeadLetter(topic="reports", partition=0, offset=0, at="", stage="intake", error=error, message="")
    return record(msgspec.json.encode(made), timestamp)


@pytest.fixture
def letters() -> RecentLetters:
    """Those of a city whose topic has been read."""
    made = RecentLetters(load_settings(kafka="nowhere:9092"))
    made._known = True
    return made


def test_the_letters_of_a_day_are_counted_by_what_was_wrong(letters: RecentLetters) -> None:
    """The most frequent first; what came before that day is left out, and so is what gets older than it."""
    now = now_ms()
    letters.take([letter("invalid", now), letter("not-json", now), letter("not-json", now - HOUR_MS)])
    letters.take([letter("invalid", now - (HOURS + 1) * HOUR_MS)])

    shown, later = letters.section(now), letters.section(now + HOURS * HOUR_MS)

    assert shown is not None
    assert later is not None
    assert (shown["count"], list(shown["by_error"].items())) == (3, [("not-json", 2), ("invalid", 1)])
    assert (later["count"], later["by_error"]) == (2, {"invalid": 1, "not-json": 1})


def test_nothing_is_said_before_the_topic_was_read() -> None:
    """Not known is not none."""
    assert RecentLetters(load_settings(kafka="nowhere:9092")).section() is None


def test_what_is_no_dead_letter_counts_for_nothing(letters: RecentLetters, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and those behind it are counted."""
    with caplog.at_level(logging.ERROR):
        letters.take([record(b"{", now_ms()), letter("invalid", now_ms())])

    shown = letters.section()

    assert shown is not None
    assert shown["by_error"] == {"invalid": 1}
    assert "holds no dead letter" in caplog.text


class Written:
    """A producer, and what is sent by it: topic, key, value and headers."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes | None, bytes | None, dict[str, bytes]]] = []

    @contextlib.asynccontextmanager
    async def started(self, _: object) -> AsyncIterator["Written"]:
        """It needs no Kafka."""
        yield self

    async def send_and_wait(self, topic: str, value: bytes | None, key: bytes | None, headers: Any) -> None:
        """As aiokafka's."""
        self.sent.append((topic, key, value, dict(headers)))


@pytest.mark.parametrize(
    ("given", "received"),
    [
        ({}, b"2026-03-02T01:00:00.000Z"),
        ({"Received": b"then", "Replayed": b"3"}, b"then"),  # names mean the same in any case
        ({"received": b"long ago"}, b"2026-03-02T01:00:00.000Z"),  # its sender has said so, no replay
    ],
)
async def test_what_dies_again_keeps_when_it_came_in_first(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, bytes], received: bytes
) -> None:
    """By that it is judged whether it is too late for its name to be known as a repeat's."""
    written, at = Written(), from_text("2026-03-02T01:00:00Z")
    monkeypatch.setattr(replay_module, "started", written.started)
    monkeypatch.setattr(replay_module, "writer", lambda _: None)
    came = raw(b"{}", [*given.items(), ("ce_id", b"1")], timestamp=at)
    dead = decode_dead_letter(of_record(Names("t"), came, "invalid", "m", index=2, key=b"k").value or b"")

    count = await replay_module.replay(Connection("nowhere:1"), Names("t"), [Numbered(9, dead)], b"k")

    headers = {"ce_id": b"1", "replayed": b"9", "received": received, "only": b"2"}
    assert (count, written.sent) == (1, [("t.reports", None, b"{}", headers)])


async def test_nothing_is_sent_back_unless_all_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names ten does not have to find out which of them have come twice."""
    written = Written()
    monkeypatch.setattr(replay_module, "started", written.started)
    monkeypatch.setattr(replay_module, "writer", lambda _: None)
    records = [raw(b"{}", ()), raw(b"{}", (), topic="elsewhere"), raw(b"x" * (MAX_KEPT + 1), ())]
    good, strange, long = (
        decode_dead_letter(of_record(Names("t"), each, "invalid", "m", key=b"k").value or b"") for each in records
    )

    for bad, key, said in ((strange, b"k", "no topic of ours"), (long, b"k", "too long"), (good, b"l", "sealed under")):
        letters = [Numbered(1, good), Numbered(2, bad)]
        with pytest.raises(DeadLetterError, match=said):
            await replay_module.replay(Connection("nowhere:1"), Names("t"), letters, key)

    assert written.sent == []


def test_the_letter_of_an_item_names_its_place_in_its_lane() -> None:
    """It is found there again, and goes back there."""
    item = Sighting(kind="report", source="app", id="r-1", at=0, area="a")

    found = [
        decode_dead_letter(
            of_item(Names("t"), 3, Failure(70, 5, item, "broke", urgent), 0, "internal-error").value or b""
        )
        for urgent in (False, True)
    ]

    assert [(each.topic, each.partition, each.offset, each.index) for each in found] == [
        ("t.inbox", 3, 70, 5),
        ("t.urgent", 3, 70, 5),
    ]
    assert {(each.event_source, each.event_id, each.original_key) for each in found} == {("app", "r-1", b"a")}
    assert [decode_items(each.original_value or b"") for each in found] == [(item,)] * 2


def test_the_bytes_of_one_message_are_not_kept_over_and_over() -> None:
    """With so many letters of its detections that they come to no more than those of one long record; with one in any
    case, which says by itself what is too long."""
    flaw, third = Flaw(1, Poison("label", "is missing")), MAX_KEPT // 3

    assert [flawed(raw(b"x" * third, ()), flaw, before).kept for before in range(5)] == [True] * 3 + [False] * 2
    assert [flawed(raw(b"x" * 2 * MAX_KEPT, ()), flaw, before).kept for before in range(2)] == [True, False]
