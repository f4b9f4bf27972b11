"""A role's log as JSON, and files that do not grow for ever."""

import logging
import sys
from pathlib import Path

import msgspec
import pytest

from streams.local import supervisor
from streams.log_format import JsonLines, formatter


def _line(record: logging.LogRecord) -> dict[str, str]:
    text = formatter("json").format(record)
    assert "\n" not in text
    return msgspec.json.decode(text, type=dict[str, str])


def _record(message: str, *values: object) -> logging.LogRecord:
    record = logging.LogRecord("streams.desk", logging.WARNING, "file", 1, message, values, None)
    record.created = 1_772_323_200.5
    return record


def test_a_line_is_one_json_object() -> None:
    """Time, level, logger and the finished message, whatever is in it."""
    assert _line(_record("%s is away\n%d", "Kafka 卡夫卡", 2)) == {
        "time": "2026-03-01T00:00:00.500Z",
        "level": "WARNING",
        "logger": "streams.desk",
        "message": "Kafka 卡夫卡 is away\n2",
    }


def test_an_error_brings_its_traceback() -> None:
    """In a field of its own, so that the line stays one."""
    record = _record("failed")
    try:
        raise KeyError("x")
    except KeyError:
        record.exc_info = sys.exc_info()

    assert "KeyError: 'x'" in _line(record)["error"]


def test_what_cannot_be_encoded_is_replaced() -> None:
    """Half a surrogate, as a file's name may hold one, loses no line."""
    assert _line(_record("\ud800"))["message"] == "?"


@pytest.mark.parametrize(("kind", "is_json"), [("text", False), ("json", True)])
def test_lines_are_for_people_unless_asked_for(kind: str, is_json: bool) -> None:
    """The setting decides."""
    assert isinstance(formatter(kind), JsonLines) is is_json  # type: ignore[arg-type] # as the settings hold it


def test_a_long_log_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one before is kept beside it, once; a short one goes on."""
    monkeypatch.setattr(supervisor, "LONG_LOG_BYTES", 3)
    log, before = tmp_path / "desk.log", tmp_path / "desk.log.1"

    log.write_text("abc")
    supervisor.rotate(log)
    kept = log.exists()
    log.write_text("abcd")
    supervisor.rotate(log)
    supervisor.rotate(log)

    assert (kept, log.exists(), before.read_text()) == (True, False, "abcd")
