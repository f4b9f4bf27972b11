"""`paidan`: the table of commands. A command's file is imported only when the command runs, so that help is quick."""

import contextlib
import errno
import gc
import importlib
import inspect
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import typer

from models.errors import PaidanError
from streams.language import in_locale
from streams.terminal.harmless import harmless

# Why nothing more can be written: no fault of ours, and nothing that a traceback would say more of.
_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG))
_GARBAGE_AFTER = 10_000  # objects more than there were
_FIRST = 1  # the process id of a container's first process

# name → (module under streams.cli, its function or Typer, what `paidan --help` says)
COMMANDS = {
    "up": ("running.up", "up", "Run everything on this machine: local Kafka, topics, every role."),
    "demo": ("running.demo", "demo", "Run everything, feed the demo city's sample day, and show it live."),
    "intake": ("roles.intake", "intake", "Role: take in reports, detections and updates."),
    "desk": ("roles.desk", "desk", "Role: the one writer of orders and figures."),
    "tables": ("roles.tables", "tables", "Role: keep the live tables of orders and figures."),
    "gateway": ("roles.gateway", "gateway", "Role: HTTP for citizens, departments and operators."),
    "notify": ("roles.notify", "notify", "Role: send notices and assignments to webhooks."),
    "bridge": ("roles.bridge", "bridge", "Role: join this platform to the one above it."),
    "broker": ("running.broker", "broker", "Run only the local Kafka and print its address."),
    "topics": ("running.topics", "topics", "Create or check the topics; who may use which."),
    "token": (
        "running.token",
        "token",
        "Add, list or revoke the tokens with which people and systems ask the gateway.",
    ),
    "feed": ("flow.feed", "feed", "Send the events of a file to the input topics."),
    "history": ("flow.history", "history", "Replay events of the past at their own times."),
    "audit": ("proof.audit", "audit", "Recompute all figures from the log and compare."),
    "whatif": ("proof.whatif", "whatif", "Decide the past again under another city pack or model, and compare."),
    "export": ("proof.lake", "export", "Write what is new in the log and the tables as Parquet."),
    "lake": ("proof.lake", "lake", "Role: export again and again."),
    "query": ("proof.lake", "query", "Ask what was exported in SQL."),
    "erase": ("flow.erase", "erase", "Destroy the keys of sealed words: of an order, a reporter or a report."),
    "tail": ("flow.tail", "tail", "Follow what departments receive."),
    "dead-letters": ("flow.dead_letters", "dead_letters", "List, show or replay what could not be taken in."),
    "status": ("flow.status", "status", "Show the indicators of the city and its departments."),
    "city": ("packs.city", "app", "Check, try and publish a city pack."),
    "silence": ("flow.silence", "app", "Silence something for a time; approve or end that, list it."),
    "train": ("classifiers.train", "train", "Train a classifier from labelled CSV files or the log."),
    "evaluate": ("classifiers.evaluate", "evaluate", "Measure a classifier on labelled texts."),
    "compare": ("classifiers.compare", "compare", "Compare two classifiers on the same orders."),
    "cameras": ("classifiers.labels", "cameras", "List cameras that the registry does not have."),
    "labels": ("classifiers.labels", "labels", "Export final labels from the log, list unknown camera labels."),
    "model": ("classifiers.model", "model", "Promote, roll back or list classifiers."),
    "metrics": ("running.metrics", "metrics", "Write the alerting rules for Prometheus, the dashboard for Grafana."),
    "settings": ("running.settings", "settings", "Show the settings in force."),
}

app = typer.Typer(
    name="paidan",
    help="派单: reports and detections become work orders for the responsible department, exactly once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_PASS_ALL_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.callback()
def _group() -> None:
    """Keep `paidan` a group of commands."""


def _imported(file: str) -> ModuleType:
    """The command's file."""
    name = f"streams.cli.{file}"
    if name in sys.modules:
        return sys.modules[name]
    with _ending_at_once(), _collecting_nothing():
        return importlib.import_module(name)


@contextmanager
def _ending_at_once() -> Iterator[None]:
    """Ctrl-C ends the process here and now: libraries make tracebacks of an interrupted import."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not ours or threading.current_thread() is not threading.main_thread():  # signals are the main thread's affair
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end_in_a_container_as_elsewhere() -> None:
    """The system keeps from the first process of a container each signal for which that has no handler: whoever stops a
    command, or a role that is only starting, would wait until they may kill it, ten seconds with Docker."""
    if os.getpid() == _FIRST and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, _: os._exit(128 + number))


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """Nothing that is imported is ever garbage: to look through it again and again takes a fifth of a role's start, and
    as long again whenever all is looked through later. What is made afterwards is seldom in circles: looked for after
    every 700 objects, as is usual, they take 3 % of a desk's decisions; after _GARBAGE_AFTER, 1 %."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_GARBAGE_AFTER)
        gc.enable()


def _register(name: str, file: str, attribute: str, summary: str) -> None:
    def run(context: typer.Context) -> None:
        target = getattr(_imported(file), attribute)
        outer = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        outer.callback()(_group)
        if isinstance(target, typer.Typer):
            for command in target.registered_commands:  # typer would cut what it takes from the docstring itself
                command.short_help = " ".join((inspect.getdoc(command.callback) or "").partition("\n\n")[0].split())
            outer.add_typer(target, name=name, help=summary)
        else:
            outer.command(name)(target)
        typer.main.get_command(outer).main(args=[name, *context.args], prog_name="paidan")

    app.command(name, help=summary, short_help=summary, context_settings=dict(_PASS_ALL_ON))(run)


for _name, (_file, _attribute, _summary) in COMMANDS.items():
    _register(_name, _file, _attribute, _summary)


def main() -> None:
    """Run the command line; errors of known kinds are one sentence on stderr and an exit code, never a traceback."""
    _end_in_a_container_as_elsewhere()
    # The client library warns of what the commands themselves report in a sentence.
    library = logging.getLogger("aiokafka")
    library.addHandler(logging.NullHandler())
    library.propagate = False
    try:
        try:
            app(prog_name="paidan")
        finally:
            sys.stdout.flush()  # what fails here would else be told by the interpreter, at its end
    except PaidanError as error:
        sys.stderr.write(f"paidan: {harmless(in_locale(str(error)))}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in _NO_ROOM | {errno.EPIPE}:
            raise
        with contextlib.suppress(OSError, ValueError):  # what waits in the buffer has nowhere to go
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno in _NO_ROOM:
            where = f"{error.filename}: " if error.filename else ""
            sys.stderr.write(f"paidan: {harmless(in_locale(f'{where}cannot be written: {error.strerror}'))}\n")
        sys.exit(1)
    except Exception as error:
        from aiokafka.errors import KafkaError  # here, so that help need not wait for it

        if not isinstance(error, KafkaError):
            raise
        from streams.kafka.connection import in_words

        sys.stderr.write(f"paidan: {harmless(in_locale(in_words(error)))}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
