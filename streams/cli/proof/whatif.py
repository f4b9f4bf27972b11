"""`paidan whatif`: what another city pack or model would have come to."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from models.city import City, load_city
from models.city.pack.difference import differences, unchangeable
from models.classifier import Classifier
from models.errors import UsageError
from streams.cli.days import days_between
from streams.cli.packs.publishing import pack_in_force
from streams.settings import Settings, load_settings
from streams.terminal.calendar_notes import tell_bare_years
from streams.terminal.harmless import say
from streams.terminal.progress import counting

# What the inbox already holds as intake has made it, by the files of a pack that it is made from.
_INTAKES = {
    "areas.geojson": "areas",
    "places.csv": "places",
    "cameras.csv": "places of cameras",
    "labels.csv": "categories of labels",
}

Pack = Annotated[Path | None, typer.Option("--pack", metavar="DIR", help="City pack to try. Default: those in force.")]
ModelName = Annotated[
    str, typer.Option("--model", metavar="ID", help="Model of the store to try, or `initial`. Default: guesses stay.")
]
First = Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="First local day, or `all`, the default.")]
Last = Annotated[str, typer.Option("--to", metavar="YYYY-MM-DD", help="Last local day. Default: all there is.")]


def whatif(
    pack: Pack = None,
    model: ModelName = "",
    first: First = "",
    last: Last = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as one JSON object.")] = False,
) -> None:
    """Decide the inbox again under another city pack or model, beside what really happened, and change nothing.

    Shows the orders that would have gone elsewhere, the limits that would have been missed and the indicators that
    differ, with the orders behind each. Until --from everything is as it was. What intake has found out (areas,
    places, the categories of labels) stays as it stands in the inbox; guesses are made anew with --model. Where an
    order goes to another department, what the department that had it really did is refused, and nobody knows what the
    other would have done.
    """
    # Here, because all that the roles need takes a while to import.
    from streams.whatif.side_by_side import Span, try_out
    from streams.whatif.tried_tables import show_tried

    if pack is None and not model:
        raise UsageError("give --pack or --model: without either there is nothing to try")
    settings = load_settings()
    span = Span(*days_between(("--from", first), ("--to", last)))
    now, _ = asyncio.run(pack_in_force(settings))
    other = now if pack is None else _other(pack, now)
    classifier = _model(settings, other, model) if model else None
    with counting("deciding again", None) as advance:
        tried = asyncio.run(
            try_out(settings, now, other, span, packs_stay=pack is None, model=classifier, progress=advance)
        )
    tell_bare_years(tried.without_holidays)
    if as_json:
        sys.stdout.write(msgspec.json.encode(tried).decode() + "\n")
    else:
        show_tried(tried)


def _other(folder: Path, now: City) -> City:
    """The pack to try. Raises UsageError when it is no pack of this city."""
    other = load_city(folder)
    if fixed := unchangeable(now, other):
        raise UsageError(f"city.toml: {', '.join(fixed)} must be those of the pack in force")
    stays = [_INTAKES[each.file] for each in differences(now, other) if each.file in _INTAKES]
    if stays:
        say(f"{', '.join(stays)}: as intake has found them; what the pack says otherwise is not tried", err=True)
    return other


def _model(settings: Settings, city: City, name: str) -> Classifier:
    from streams.control.model_pointers import INITIAL
    from streams.control.models_in_force import load_first, load_named

    if name != INITIAL:
        return load_named(settings, city, name)
    first = load_first(settings, city)
    if first is None:
        raise UsageError("there is no model that came with the settings or with Paidan")
    return first
