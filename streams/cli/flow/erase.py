"""`paidan erase`: the words of a report, an order or a person are gone, wherever they lie."""

import asyncio
from typing import Annotated

import typer

from models.errors import UsageError
from models.redact import pseudonym, reporter_hash
from models.times import now_ms
from streams.dead_letters.mentions import mentions
from streams.dead_letters.replay import read_dead_letters
from streams.erasure.erasing import Whose
from streams.erasure.erasing import erase as destroy
from streams.erasure.report_keys import Erasure
from streams.kafka.connection import Connection
from streams.kafka.topics import DEAD_LETTER_DAYS, Names, check_shared
from streams.settings import Settings, load_settings
from streams.terminal.harmless import say

_NOTHING = "nothing with sealed words is known by that name: no key was destroyed"


def erase(
    by: Annotated[str, typer.Option(help="Who asks for it; it is kept.")],
    why: Annotated[str, typer.Option(help="Why; it is kept.")],
    order: Annotated[str, typer.Option(help="All words of this order, later steps and scenes too.")] = "",
    reporter: Annotated[str, typer.Option(help="All that a person has written: its id or phone number.")] = "",
    report: Annotated[tuple[str, str], typer.Option(metavar="SOURCE ID", help="One report.")] = ("", ""),
) -> None:
    """Destroy the keys under which the words of reports, of their reporters' later steps and of scenes are sealed. The
    orders, figures and audit stay as they are; whoever reads the words reads `erased`. It cannot be undone."""
    if sum(map(bool, (order, reporter, any(report)))) != 1:
        raise UsageError("say one of --order, --reporter, --report")
    settings = load_settings()
    key = settings.hmac_key
    named = (pseudonym(key, report[0]), pseudonym(key, report[1])) if any(report) else None
    whose = Whose(order, reporter_hash(key, reporter), named)
    asyncio.run(check_shared(settings))
    found, destroyed = asyncio.run(destroy(settings, whose, Erasure(now_ms(), by, why)))
    letters = asyncio.run(_letters(settings, whose))
    if found:
        say(f"{found} reports, later steps and scenes with sealed words, {destroyed} keys destroyed")
    if letters:
        say(
            f"dead letters {', '.join(map(str, letters))} are theirs too: sealed, not to be replayed, gone by "
            f"themselves {DEAD_LETTER_DAYS} days after they came"
        )
    if not found and not reporter:
        raise UsageError(_NOTHING)
    if not found:
        say(f"{_NOTHING}; a contact, if one was kept, is gone")


async def _letters(settings: Settings, whose: Whose) -> list[int]:
    """The numbers of the dead letters that hold something of theirs."""
    names, key = Names(settings.namespace), settings.hmac_key
    return [
        number
        async for number, letter in read_dead_letters(Connection.of(settings), names)
        if mentions(letter, key, whose.order_id, whose.reporter, whose.report)
    ]
