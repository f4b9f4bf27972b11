"""What could not be taken in lately: counted by hour and by what was wrong."""

import logging

import msgspec
import pytest
from aiokafka import ConsumerRecord

from models.events import DeadLetter
from models.times import HOUR_MS, now_ms
from streams.dead_letters.recent_letters import HOURS, RecentLetters
from streams.settings import load_settings


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
