"""`paidan history`: events of the past, replayed at their own times into an empty inbox."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from models.city import load_city
from models.envelope import instant
from models.errors import UsageError
from models.times import local_day
from streams.kafka.connection import Connection
from streams.kafka.topics import Names, check_shared
from streams.settings import load_settings
from streams.terminal.calendar_notes import tell_bare_years
from streams.terminal.harmless import say
from streams.terminal.progress import counting


def history(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Structured CloudEvents, one a line.")],
    until: Annotated[str, typer.Option(help="End of the window, RFC 3339. Default: the last event.")] = "",
    model: Annotated[bool, typer.Option(help="Classify texts; without it the pack's rules alone decide.")] = True,
) -> None:
    """Replay events of the past at their own times into an empty inbox; all that falls due till the end fires."""
    # Here, because the classifier takes a while to import.
    from streams.control.models_in_force import LiveModels
    from streams.erasure.report_keys import check_words_key
    from streams.erasure.sealer import sealer_of
    from streams.intake.history import Chronicle, Historian
    from streams.intake.role import keys_of

    settings = load_settings()
    city = load_city(settings.city)
    end = instant("--until", until) if until else None
    for file in files:
        try:
            if not file.is_file():
                raise UsageError(f"{file}: there is no such file")
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    chronicle = Chronicle(files)
    if not len(chronicle):
        raise UsageError("the files hold no events")
    first, last = (local_day(at, city.zone).year for at in (chronicle.first, chronicle.last))
    tell_bare_years(city.calendar.without_holidays(first, last))
    classifier = LiveModels(settings, city).active if model else None
    names = Names(settings.namespace)
    sealer = sealer_of(settings)
    historian = Historian(
        Connection.of(settings), names, settings.partitions, city, keys_of(settings), classifier, sealer
    )
    asyncio.run(check_shared(settings))
    asyncio.run(check_words_key(settings))
    with counting("replaying", len(chronicle)) as advance:
        written = asyncio.run(historian.write(chronicle, end, advance))
    say(f"{written.items} items in {written.records} inbox records, {written.dead} dead letters")
