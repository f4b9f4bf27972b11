"""A log that nothing can flood, and that says what it left out."""

import logging
from pathlib import Path

import pytest

from streams.line_limit import ALIKE, TOGETHER, WINDOW_SECONDS, LineLimit
from streams.run import set_up_logging


class Log:
    """A limit, and the lines that it lets through."""

    def __init__(self) -> None:
        self.limit, self.lines = LineLimit(), list[str]()

    def say(self, at: float, text: str, *args: object, level: int = logging.WARNING, name: str = "a") -> None:
        """One line at a time, in seconds."""
        record = logging.LogRecord(name, level, "", 0, text, args, None)
        record.created = at
        if self.limit.filter(record):
            self.lines.append(record.getMessage())


def test_of_a_flood_some_lines_get_through_and_then_how_many_did_not() -> None:
    """The same words with other numbers are the same; once a window is over they are told again."""
    log = Log()

    for n in range(1_000):
        log.say(100.0 + n / 1_000, "broker %d is away", n)
    log.say(100.0 + WINDOW_SECONDS, "broker %d is away", 7)
    log.say(101.0 + WINDOW_SECONDS, "broker %d is away", 8)

    assert log.lines[:ALIKE] == [f"broker {n} is away" for n in range(ALIKE)]
    assert log.lines[ALIKE:] == [
        f"broker 7 is away ({1_000 - ALIKE} lines like this were left out)",
        "broker 8 is away",
    ]


def test_a_number_that_stands_in_the_words_makes_no_other_kind() -> None:
    """Not everybody gives what varies as an argument."""
    log = Log()

    for n in range(100):
        log.say(1.0, f"node {n} of {n + 1} is away")

    assert len(log.lines) == ALIKE


def test_one_kind_takes_no_room_from_another() -> None:
    """Another logger, level or text is told though the first one floods."""
    log = Log()

    for _ in range(100):
        log.say(1.0, "away")
    log.say(1.0, "back")
    log.say(1.0, "away", name="b")
    log.say(1.0, "away", level=logging.ERROR)

    assert log.lines == ["away"] * ALIKE + ["back", "away", "away"]


def test_all_kinds_together_are_limited_too() -> None:
    """A flood may have other words in each line; what ends a process, or was asked for, is never left out."""
    log = Log()

    for n in range(10 * TOGETHER):
        log.say(1.0, "x" * n)
    assert len(log.lines) == TOGETHER
    log.say(1.0, "the end", level=logging.CRITICAL)
    log.say(1.0, "detail", level=logging.DEBUG)
    assert log.lines[TOGETHER:] == ["the end", "detail"]


@pytest.mark.parametrize("later", [-3_600.0, 3_600.0])
def test_a_clock_that_is_set_begins_a_window_anew(later: float) -> None:
    """Back or ahead: nothing is silent for an hour."""
    log = Log()

    for _ in range(ALIKE):
        log.say(10_000.0, "away")
    log.say(10_000.0 + later, "away")

    assert len(log.lines) == ALIKE + 1


def test_a_role_logs_through_the_limit(tmp_path: Path) -> None:
    """Its file stays short whatever happens."""
    loggers = [logging.getLogger(name) for name in ("", "aiokafka", "httpx")]
    file, handlers, levels = tmp_path / "role.log", loggers[0].handlers[:], [each.level for each in loggers]
    loggers[0].handlers.clear()
    try:
        set_up_logging("INFO", file)
        for n in range(500):
            logging.getLogger("streams").warning("Kafka is away, try %d", n)
        assert len(file.read_text().splitlines()) == ALIKE
    finally:
        loggers[0].handlers[:] = handlers
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)
