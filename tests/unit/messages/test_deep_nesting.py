"""What is nested deeper than a parser of any Python goes is refused like all that is none: nothing fails at it."""

from pathlib import Path

import msgspec
import pytest

from dispatcher.order import facts
from models.errors import Poison, UsageError
from streams.dead_letters.letter import decode_dead_letter
from streams.intake.history import Chronicle
from streams.notify.targets import Target
from streams.terminal.feed import read_events

DEEP = b'{"time":"2026-03-01T08:00:00Z","x":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"


def test_a_fact_is_refused() -> None:
    """As data that are none."""
    with pytest.raises(msgspec.DecodeError):
        facts.from_wire(facts.CE_TYPES[facts.Archived], DEEP)


def test_a_dead_letter_is_refused() -> None:
    """As a value that is none."""
    with pytest.raises(msgspec.DecodeError):
        decode_dead_letter(DEEP)


def test_a_notice_is_poison() -> None:
    """It becomes a dead letter."""
    target = Target("reporter", "http://r.example/", "reporter", "n.notices")

    with pytest.raises(Poison, match="must be a notice"):
        target.is_for("n.notices", b"hash", DEEP)


def test_a_line_of_a_file_of_events_is_named(tmp_path: Path) -> None:
    """Whether it is fed or retold."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(DEEP)

    with pytest.raises(UsageError, match=r"events\.jsonl:1"):
        list(read_events(file))
    with pytest.raises(UsageError, match=r"events\.jsonl:1"):
        Chronicle([file])
