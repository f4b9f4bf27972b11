"""`paidan dead-letters`: what could not be taken in, listed, shown and replayed."""

import asyncio
import json
import sys
from typing import Annotated, Any

import msgspec
import typer

from models.errors import UsageError
from streams.dead_letters.letter import ERRORS, opened
from streams.dead_letters.replay import Numbered, find, read_dead_letters, replay
from streams.kafka.connection import Connection
from streams.kafka.topics import Names, check_shared
from streams.settings import Settings, load_settings
from streams.terminal.console import Console, whole_table
from streams.terminal.harmless import say

dead_letters = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def _known_class(given: str | None) -> str | None:
    if given is not None and given not in ERRORS:
        raise UsageError(f"--error {given!r}: there is no such class; there are {', '.join(ERRORS)}")
    return given


OfError = Annotated[
    str | None, typer.Option("--error", help="Only of this class, e.g. too-late.", callback=_known_class)
]
Numbers = Annotated[list[int] | None, typer.Argument(help="Numbers, as `list` shows them.")]


@dead_letters.command("list")
def list_(
    error: OfError = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many, the newest.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what could not be taken in, oldest first.

    A number is the letter's offset in its topic and stays its own; those between are Kafka's marks of transactions.
    """
    settings = load_settings()
    found = asyncio.run(_all(settings, error))[-limit:]
    if as_json:
        for each in found:
            say(json.dumps({"number": each.number, **_fields(each)}, ensure_ascii=False))
        return
    table = whole_table("number", "at", "place", "class", "message")
    for number, letter in found:
        place = f"{letter.topic}/{letter.partition}/{letter.offset}"
        table.add_row(str(number), letter.at, place, letter.error, letter.message)
    Console().print(table if found else "no dead letters")


@dead_letters.command()
def show(
    number: Annotated[int, typer.Argument(help="Number, as `list` shows it.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write the original bytes, and nothing else, to stdout.")] = False,
) -> None:
    """Show one dead letter with all that is kept of it. It may hold personal data, and needs PAIDAN_PERSONAL_KEY."""
    settings = load_settings()
    [found] = asyncio.run(_named(settings, [number]))
    found = found._replace(letter=opened(found.letter, settings.hmac_key))
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
    say(json.dumps(shown, ensure_ascii=False, indent=2))


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
    letters = await _named(settings, numbers) if numbers else await _all(settings, error)
    say(f"{await replay(Connection.of(settings), names, letters, settings.hmac_key)} replayed")


async def _named(settings: Settings, numbers: list[int]) -> list[Numbered]:
    await check_shared(settings, Names(settings.namespace).dead_letters)
    return await find(Connection.of(settings), Names(settings.namespace), numbers)


async def _all(settings: Settings, error: str | None) -> list[Numbered]:
    await check_shared(settings, Names(settings.namespace).dead_letters)
    letters = read_dead_letters(Connection.of(settings), Names(settings.namespace))
    return [each async for each in letters if error is None or each.letter.error == error]


def _fields(each: Numbered) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(each.letter)
    return fields
