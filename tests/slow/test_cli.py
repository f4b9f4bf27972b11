"""The command line as a process: quick to help, and it answers mistakes with a sentence."""

import shutil
import signal
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from streams.settings import DEMO_CITY
from streams.terminal.feed import read_events

# Longer than any name that a file can have.
LONG = f"/{'x' * 300}"


def _paidan(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli.main", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def test_help_does_not_load_the_machinery() -> None:
    """Help comes without importing Kafka, Faust, scikit-learn or the web framework."""
    heavy = "aiokafka", "faust", "sklearn", "fastapi", "shapely"
    program = f"""
import atexit, sys
from streams.cli.main import main
atexit.register(lambda: print([name for name in {heavy} if name in sys.modules]))
sys.argv = ["paidan", "--help"]
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Usage: paidan" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_known_error_is_one_sentence_and_an_exit_code() -> None:
    """A misspelt setting ends with code 2 and one line on stderr; no traceback."""
    done = _paidan("settings", PAIDAN_KAFAK="x")
    assert done.returncode == 2
    assert done.stderr == "paidan: unknown setting PAIDAN_KAFAK: `paidan settings` lists all there are\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_what_finds_no_room_for_its_output_says_so_in_a_sentence() -> None:
    """A short one is noticed at the end alone; each had ended with a traceback."""
    for command in (["metrics", "rules"], ["settings"]):
        with Path("/dev/full").open("w") as full:
            asked = [sys.executable, "-m", "streams.cli.main", *command]
            done = subprocess.run(asked, stdout=full, stderr=subprocess.PIPE, text=True, env={}, check=False)

        assert (done.returncode, done.stderr) == (1, "paidan: cannot be written: No space left on device\n")


def _as_the_first_process(program: str) -> subprocess.CompletedProcess[str]:
    """A program in Python, as a container runs it."""
    apart = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]
    return subprocess.run([*apart, sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.skipif(
    shutil.which("unshare") is None or _as_the_first_process("").returncode != 0,
    reason="this system lets nobody begin a namespace of processes",
)
def test_a_command_that_a_container_was_made_for_ends_when_it_is_stopped() -> None:
    """The system keeps from the first process what that does not handle: a command, or a role that was only starting,
    was killed after ten seconds."""
    done = _as_the_first_process("""
import os, signal
from streams.cli import main

def command(prog_name):
    os.kill(os.getpid(), signal.SIGTERM)
    print(f"process {os.getpid()} goes on")

main.app = command
main.main()
""")

    assert (done.returncode, done.stdout) == (128 + signal.SIGTERM, "")


def test_without_kafka_a_command_says_what_to_do(tmp_path: Path) -> None:
    """A cluster that does not answer is named in one sentence."""
    done = _paidan("topics", "create", PAIDAN_KAFKA="127.0.0.1:1", PAIDAN_DATA=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("paidan: no Kafka answers at 127.0.0.1:1")
    assert done.stderr.count("\n") == 1


def test_a_cluster_that_hangs_up_is_asked_once(tmp_path: Path) -> None:
    """A command does not try again and again: whoever called it hears at once."""
    calls: list[object] = []

    class Listener(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            calls.append(self.client_address)

    with socketserver.TCPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_address[1]}"
        done = _paidan("topics", "create", PAIDAN_KAFKA=address, PAIDAN_DATA=str(tmp_path))
        server.shutdown()
    assert done.stderr.startswith(f"paidan: no Kafka answers at {address}")
    assert len(calls) == 1


def test_history_of_years_without_holidays_says_so_first(tmp_path: Path) -> None:
    """Of those between the first event and the last one that the calendar does not name."""
    [event, *_] = read_events(DEMO_CITY / "day.jsonl")
    lines = [msgspec.json.encode(event.event | {"time": f"{year}-12-31T20:00:00.000Z"}) for year in (2014, 2016)]
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"\n".join(lines) + b"\n")

    key = {"PAIDAN_PERSONAL_KEY": "for these tests only"}
    done = _paidan("history", "--no-model", str(events), PAIDAN_KAFKA="127.0.0.1:1", PAIDAN_DATA=str(tmp_path), **key)

    said = "calendar.csv names no holidays of 2015, 2016, 2017: the days of then count as those of any week"
    assert done.stderr.splitlines()[0] == said


@pytest.mark.parametrize(
    "command", [("tail", "assignments"), ("dead-letters", "list"), ("feed",), ("history",), ("audit",)]
)
def test_without_kafka_a_reader_or_writer_says_one_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Nothing of the client library follows the sentence."""
    events = DEMO_CITY / "day.jsonl"
    if command == ("history",):
        [first, *_] = read_events(events)
        events = tmp_path / "events.jsonl"
        events.write_bytes(msgspec.json.encode(first.event | {"time": "2026-03-01T08:00:00.000Z"}) + b"\n")
        command = ("history", "--no-model")
    files = [str(events)] if command[0] in ("feed", "history") else []
    key = "for these tests only"
    done = _paidan(*command, *files, PAIDAN_KAFKA="127.0.0.1:1", PAIDAN_DATA=str(tmp_path), PAIDAN_PERSONAL_KEY=key)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("paidan: no Kafka answers at 127.0.0.1:1")
    assert "Unclosed" not in done.stderr
    assert "tables worker" not in done.stderr  # which nobody would start for it
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "environment", "sentence"),
    [
        (
            ("topics", "check"),
            {"PAIDAN_KAFKA": "host:notaport"},
            "paidan: PAIDAN_KAFKA: host:notaport is not host:port",
        ),
        (
            ("topics", "check"),
            {"PAIDAN_KAFKA": "PLAINTEXT://host:9092"},
            "paidan: PAIDAN_KAFKA: PLAINTEXT://host:9092 is not host:port",
        ),
        (("topics", "check"), {"PAIDAN_KAFKA": "a:9092,,b:9092"}, "paidan: PAIDAN_KAFKA: an empty part"),
        (("status", "--url", "http://["), {}, "paidan: no gateway answers at http://["),
        (("up",), {"PAIDAN_DATA": "/proc/x"}, "paidan: PAIDAN_DATA: the folder /proc/x cannot be made"),
        (("demo",), {"PAIDAN_DATA": "/proc/x"}, "paidan: PAIDAN_DATA: the folder /proc/x cannot be made"),
        (("broker",), {"PAIDAN_DATA": "/proc/x"}, "paidan: PAIDAN_DATA: the folder /proc/x cannot be made"),
        (("status",), {"PAIDAN_DATA": LONG}, f"paidan: PAIDAN_DATA: the folder {LONG} cannot be read"),
        (("city", "new", LONG), {}, f"paidan: {LONG}: cannot be read"),
        (("history", LONG), {}, f"paidan: {LONG}: cannot be read"),
        (("evaluate", LONG, LONG), {}, f"paidan: the model {LONG} cannot be read"),
    ],
)
def test_a_wrong_value_is_one_sentence(command: tuple[str, ...], environment: dict[str, str], sentence: str) -> None:
    """An address without a port, a gateway or a data folder that is none, a name that no file can have: one line."""
    done = _paidan(*command, **environment)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


def test_a_misspelt_command_gets_a_suggestion() -> None:
    """The nearest command is named."""
    assert "Did you mean 'gateway'" in _paidan("gatewy").stderr
