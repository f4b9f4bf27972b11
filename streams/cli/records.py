"""`paidan history`, `audit`, `tail` and `dead-letters`: what was, what is in the log, what could not be taken in."""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from models.city import load_city
from models.envelope import instant
from models.errors import UsageError
from models.times import from_ms
from streams.dead_letters.replay import Numbered, find, read_dead_letters, replay
from streams.kafka.topics import Names
from streams.settings import Settings, load_settings
from streams.terminal.progress import counting
from streams.terminal.tail import Received, follow_assignments

_SHOWN_CHARS = 60

dead_letters = typer.Typer(no_args_is_help=True)
tail = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
OfError = Annotated[str | None, typer.Option("--error", help="Only of this class, e.g. too-late.")]
Numbers = Annotated[list[int] | None, typer.Argument(help="Numbers, as `list` shows them.")]


@tail.command()
def assignments(
    department: Annotated[
        list[str] | None, typer.Option("--department", "-d", help="Department id; repeatable.")
    ] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with the oldest.")] = False,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Follow what departments receive until Ctrl-C; all departments unless some are named."""
    settings = load_settings()
    known = load_city(settings.city).departments
    chosen = department or list(known)
    if unknown := sorted(set(chosen) - set(known)):
        raise UsageError(f"no department {', '.join(unknown)}: the city has {', '.join(known)}")
    try:
        asyncio.run(_follow(settings, chosen, from_start, count, as_json))
    except KeyboardInterrupt:
        return


async def _follow(
    settings: Settings, departments: list[str], from_start: bool, count: int | None, as_json: bool
) -> None:
    zone = load_city(settings.city).zone
    seen = 0
    async for each in follow_assignments(settings.bootstrap, Names(settings.namespace), departments, from_start):
        typer.echo(_as_json(each) if as_json else _line(each, from_ms(each.timestamp).astimezone(zone)))
        seen += 1
        if seen == count:
            return


def _as_json(each: Received) -> str:
    return json.dumps({"department": each.department, "type": each.type, "data": each.data}, ensure_ascii=False)


def _line(each: Received, moment: datetime) -> str:
    data, kind = each.data, each.type.split(".")[-2] if "." in each.type else each.type
    words = " ".join(str(data.get("title") or data.get("text") or "").split())[:_SHOWN_CHARS]
    why = data.get("why") or {}
    by = why.get("rule") or why.get("by", "")
    parts = [
        f"{moment:%H:%M:%S}",
        f"{each.department:20}",
        f"{kind:9}",
        data.get("order_id", ""),
        f"#{data.get('attempt', '')}",
        data.get("category", ""),
        f"({by})" if by else "",
        words,
    ]
    return " ".join(part for part in parts if part)


@dead_letters.command("list")
def list_(
    error: OfError = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many, the newest.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what could not be taken in, oldest first."""
    settings = load_settings()
    found = asyncio.run(_all(settings, error))[-limit:]
    if as_json:
        for each in found:
            typer.echo(json.dumps({"number": each.number, **_fields(each)}, ensure_ascii=False))
        return
    table = Table("number", "at", "place", "class", "message")
    for number, letter in found:
        place = f"{letter.topic}/{letter.partition}/{letter.offset}"
        table.add_row(str(number), letter.at, place, letter.error, letter.message)
    Console().print(table if found else "no dead letters")


@dead_letters.command()
def show(
    number: Annotated[int, typer.Argument(help="Number, as `list` shows it.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write the original bytes, and nothing else, to stdout.")] = False,
) -> None:
    """Show one dead letter with all that is kept of it. It may hold personal data."""
    settings = load_settings()
    [found] = asyncio.run(find(settings.bootstrap, Names(settings.namespace), [number]))
    value = found.letter.original_value
    if raw:
        if value is None:
            raise UsageError(f"of dead letter {number} only length and digest were kept")
        sys.stdout.buffer.write(value)
        return
    shown = {"number": number, **_fields(found)}
    if value is not None:
        del shown["value_base64"]
        shown["value"] = value.decode(errors="backslashreplace")
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))


@dead_letters.command("replay")
def replay_(
    numbers: Numbers = None,
    error: OfError = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, or all of the class of --error.")] = False,
) -> None:
    """Send the original bytes and headers back to the original topic, marked with the header `replayed`."""
    if bool(numbers) == every:
        raise UsageError("name the numbers to replay, or --all")
    settings = load_settings()
    asyncio.run(_replay(settings, numbers or [], error))


async def _replay(settings: Settings, numbers: list[int], error: str | None) -> None:
    names = Names(settings.namespace)
    letters = await find(settings.bootstrap, names, numbers) if numbers else await _all(settings, error)
    typer.echo(f"{await replay(settings.bootstrap, names, letters)} replayed")


async def _all(settings: Settings, error: str | None) -> list[Numbered]:
    letters = read_dead_letters(settings.bootstrap, Names(settings.namespace))
    return [each async for each in letters if error is None or each.letter.error == error]


def _fields(each: Numbered) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(each.letter)
    return fields


def history(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Structured CloudEvents, one a line.")],
    until: Annotated[str, typer.Option(help="End of the window, RFC 3339. Default: the last event.")] = "",
    model: Annotated[bool, typer.Option(help="Classify texts; without it the pack's rules alone decide.")] = True,
) -> None:
    """Replay events of the past at their own times into an empty inbox; all that falls due till the end fires."""
    # Here, because the classifier takes a while to import.
    from streams.control.models_in_force import LiveModels
    from streams.intake.history import Chronicle, Historian
    from streams.intake.processor import keys_of

    settings = load_settings()
    city = load_city(settings.city)
    end = instant("--until", until) if until else None
    for file in files:
        if not file.is_file():
            raise UsageError(f"{file}: there is no such file")
    chronicle = Chronicle(files)
    if not len(chronicle):
        raise UsageError("the files hold no events")
    classifier = LiveModels(settings, city.settings.target_accuracy).active if model else None
    names = Names(settings.namespace)
    historian = Historian(settings.bootstrap, names, settings.partitions, city, keys_of(settings), classifier)
    with counting("replaying", len(chronicle)) as advance:
        written = asyncio.run(historian.write(chronicle, end, advance))
    typer.echo(f"{written.items} items in {written.records} inbox records, {written.dead} dead letters")
