"""The command line is complete, explains itself, and answers mistakes with a sentence."""

import importlib
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from streams.cli.main import COMMANDS, app
from streams.settings import DEMO_CITY
from streams.terminal.feed import read_events


def _paidan(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli.main", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def test_help_lists_every_command() -> None:
    """`paidan --help` names them all."""
    listed = CliRunner().invoke(app, ["--help"]).output
    assert [name for name in COMMANDS if f"  {name} " not in listed] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """`paidan COMMAND --help` works, says what it does, and there is a function behind it."""
    file, attribute, _ = COMMANDS[name]
    target = getattr(importlib.import_module(f"streams.cli.{file}"), attribute)
    told = CliRunner().invoke(app, [name, "--help"])
    assert told.exit_code == 0
    assert f"Usage: paidan {name}" in told.output
    assert callable(target)


def test_help_does_not_load_the_machinery() -> None:
    """Help comes without importing Kafka, Faust, scikit-learn or the web framework."""
    heavy = "aiokafka", "faust", "sklearn", "fastapi", "shapely"
    program = f"import sys, streams.cli.main; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_known_error_is_one_sentence_and_an_exit_code() -> None:
    """A misspelt setting ends with code 2 and one line on stderr; no traceback."""
    done = _paidan("settings", PAIDAN_KAFAK="x")
    assert done.returncode == 2
    assert done.stderr == "paidan: unknown setting PAIDAN_KAFAK: `paidan settings` lists all there are\n"


def test_without_kafka_a_command_says_what_to_do(tmp_path: Path) -> None:
    """A cluster that does not answer is named in one sentence within seconds."""
    started = time.monotonic()
    done = _paidan("topics", "create", PAIDAN_KAFKA="127.0.0.1:1", PAIDAN_DATA=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("paidan: no Kafka answers at 127.0.0.1:1")
    assert done.stderr.count("\n") == 1
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("command", [("tail", "assignments"), ("dead-letters", "list"), ("feed",), ("history",)])
def test_without_kafka_a_reader_or_writer_says_one_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Nothing of the client library follows the sentence."""
    events = DEMO_CITY / "day.jsonl"
    if command == ("history",):
        [first, *_] = read_events(events)
        events = tmp_path / "events.jsonl"
        events.write_bytes(msgspec.json.encode(first.event | {"time": "2026-03-01T08:00:00.000Z"}) + b"\n")
        command = ("history", "--no-model")
    files = [str(events)] if command[0] in ("feed", "history") else []
    done = _paidan(*command, *files, PAIDAN_KAFKA="127.0.0.1:1", PAIDAN_DATA=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("paidan: Kafka: ")
    assert "Unclosed" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "environment", "sentence"),
    [
        (("topics", "check"), {"PAIDAN_KAFKA": "host:notaport"}, "paidan: PAIDAN_KAFKA: value error, host:notaport"),
        (("topics", "check"), {"PAIDAN_KAFKA": "a:9092,,b:9092"}, "paidan: PAIDAN_KAFKA: value error, an empty part"),
        (("status", "--url", "http://["), {}, "paidan: no gateway answers at http://["),
        (("up",), {"PAIDAN_DATA": "/proc/x"}, "paidan: PAIDAN_DATA: the folder /proc/x cannot be made"),
        (("demo",), {"PAIDAN_DATA": "/proc/x"}, "paidan: PAIDAN_DATA: the folder /proc/x cannot be made"),
        (("broker",), {"PAIDAN_DATA": "/proc/x"}, "paidan: PAIDAN_DATA: the folder /proc/x cannot be made"),
    ],
)
def test_a_wrong_value_is_one_sentence(command: tuple[str, ...], environment: dict[str, str], sentence: str) -> None:
    """An address without a port, a gateway that is none, a data folder that cannot be: one line, no traceback."""
    done = _paidan(*command, **environment)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


def test_a_misspelt_command_gets_a_suggestion() -> None:
    """The nearest command is named."""
    assert "Did you mean 'gateway'" in _paidan("gatewy").stderr
