"""`paidan labels export`: the final labels of the log, for training and for people. `paidan labels unknown`, `paidan
cameras unknown`: labels and cameras that the city has not listed."""

import asyncio
import io
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from models.errors import UsageError
from models.times import to_ms
from streams.cli.days import days_between
from streams.terminal.console import Console, whole_table
from streams.terminal.harmless import hand_out, say

labels = typer.Typer(no_args_is_help=True)
cameras = typer.Typer(no_args_is_help=True)

Since = Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="First local day of settling. Default: all.")]
Until = Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Last local day of settling. Default: all.")]


@labels.callback()
def _group() -> None:
    """Keep `labels` a group of commands."""


@cameras.callback()
def _group_of_cameras() -> None:
    """Keep `cameras` a group of commands."""


@labels.command()
def export(
    out: Annotated[Path | None, typer.Option(help="File to write; absent: standard output.")] = None,
    since: Since = "",
    until: Until = "",
    every: Annotated[bool, typer.Option("--all", help="Also those that nobody has confirmed (`moved`).")] = False,
) -> None:
    """Write the final labels of the log's orders as CSV, with how each is known and what the models had said.

    The columns text and label are what `paidan train` reads. Left out, without --all, are orders that were moved to
    another department without a word on their category.
    """
    # Here, because all that they need takes a while to import.
    from models.city import load_city
    from streams.learning.labels import between, read_labels, write_csv
    from streams.settings import load_settings
    from streams.terminal.progress import counting

    begin, end = days_between(("--since", since), ("--until", until))
    settings = load_settings()
    zone = load_city(settings.city).zone
    first, last = _start(begin, zone), None if end is None else _start(end + timedelta(days=1), zone)
    with counting("reading the log", None) as advance:
        found = between(asyncio.run(read_labels(settings, advance)), first, last)
    found = [label for label in found if every or label.sure]
    text = io.StringIO()
    write_csv(found, zone, text)
    if out is None:
        hand_out(text.getvalue())
        return
    try:
        out.write_text(text.getvalue(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror}") from error
    say(f"{out}: {len(found)} labels, {sum(label.blind for label in found)} of them of the blind share")


@labels.command()
def unknown(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """List the camera labels that labels.csv does not list and that therefore open nothing, the most frequent first.

    Give each a row in labels.csv: a category, `-` to drop it on purpose, `?` for what a person is to look at. Counted
    are those of the last 90 days. The list follows the pack that is set here.
    """
    _show_unlisted(("vendor", "algorithm", "label"), as_json)


@cameras.command("unknown")
def unknown_cameras(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """List the cameras that cameras.csv does not have and that said themselves where they are, the busiest first.

    With an algorithm: the camera has a row, which lists others. Give each its row in cameras.csv. Counted are those of
    the last 90 days. The list follows the pack that is set here.
    """
    _show_unlisted(("camera", "algorithm"), as_json)


def _show_unlisted(names: tuple[str, ...], as_json: bool) -> None:
    """What the city's tables do not have and is told apart by these names."""
    # Here, because all that they need takes a while to import.
    from models.city import load_city
    from streams.intake.unlisted import read_unlisted
    from streams.settings import load_settings

    settings = load_settings()
    every = asyncio.run(read_unlisted(settings, load_city(settings.city)))
    found = [each for each in every if bool(each.camera) == ("camera" in names)]
    if as_json:
        for each in found:
            say(msgspec.json.encode(each).decode())
        return
    table = whole_table(*names, "count", "first", "last")
    for each in found:
        table.add_row(*(getattr(each, name) for name in names), str(each.count), each.first, each.last)
    Console().print(table if found else "all that have come are listed")


def _start(day: date | None, zone: ZoneInfo) -> int | None:
    return None if day is None else to_ms(datetime.combine(day, time.min, zone))
