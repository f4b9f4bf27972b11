"""`paidan silence`: what is silenced while the city runs: set, approved by a second person, ended, listed."""

import asyncio
import getpass
from typing import Annotated

import typer

from models.errors import UsageError
from models.inbox import LiveSilence
from models.redact import pseudonym
from models.times import from_text, now_ms, to_text
from streams.cli.packs.publishing import pack_in_force
from streams.control.live_silences import (
    Decide,
    SilenceBook,
    approved,
    asks_for_approval,
    check,
    ended,
    set_anew,
    state_of,
)
from streams.kafka.topics import Names, check_shared
from streams.settings import load_settings
from streams.terminal.console import Console, whole_table
from streams.terminal.harmless import say

Owner = Annotated[str, typer.Option(help="Who answers for it.")]
Comment = Annotated[str, typer.Option(help="Why.")]
By = Annotated[str, typer.Option(help="Who does it; it is kept. Default: the user of this machine.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As `paidan silence list` shows it.")]

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_silences(
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
) -> None:
    """The silences that are not over, the newest first: what, until when, by whom and why; and the control zones of the
    city pack in force."""
    settings, now = load_settings(), now_ms()
    city, _ = asyncio.run(pack_in_force(settings))
    known = asyncio.run(SilenceBook(settings).all())
    table = whole_table("number", "state", "what", "from", "to", "owner", "set by", "approved by", "comment")
    for one in sorted(known.values(), key=lambda each: each.number, reverse=True):
        if every or state_of(one, now) != "expired":
            who = (one.owner, one.created_by, one.approved_by, one.comment)
            when = to_text(one.starts_at), to_text(one.ends_at)
            table.add_row(str(one.number), state_of(one, now), _what(one), *when, *who)
    Console().print(table)
    zones = whole_table("control zone", "from", "to", "days and times", "owner", "reason")
    for start, end, row in city.silences.to_come(0 if every else now):
        zones.add_row(row.zone, to_text(start), to_text(end), " ".join((*row.days, *row.slots)), row.owner, row.reason)
    Console().print(zones)


@app.command("set")
def set_silence(
    until: Annotated[str, typer.Option(help="RFC 3339 time at which it ends.")],
    owner: Owner,
    comment: Comment,
    category: Annotated[str, typer.Option(help="A category or group; default: all.")] = "*",
    area: Annotated[str, typer.Option(help="An area, with all below it; default: the whole city.")] = "*",
    camera: Annotated[str, typer.Option(help="A camera of the registry.")] = "",
    source: Annotated[str, typer.Option(help="The source (CloudEvents) of what is sent.")] = "",
    around: Annotated[str, typer.Option(metavar="LAT,LON,METRES", help="A round place.")] = "",
    begin: Annotated[str, typer.Option("--from", help="RFC 3339 time at which it begins. Default: now.")] = "",
    by: By = "",
) -> None:
    """Silence something for a time. What lasts long, or covers everything everywhere, waits for a second person."""
    settings, now = load_settings(), now_ms()
    city, _ = asyncio.run(pack_in_force(settings))
    lat, lon, radius_m = _place(around)
    silence = LiveSilence(
        number=0,
        starts_at=max(now, _instant("--from", begin) if begin else now),
        ends_at=_instant("--until", until),
        category=category,
        area=area,
        camera=camera,
        source=pseudonym(settings.hmac_key, source) if source else "",
        lat=lat,
        lon=lon,
        radius_m=radius_m,
        owner=owner,
        comment=comment,
        created_by=_who(by),
        created_at=now,
    )
    check(city, silence)
    _change(set_anew(silence, asks_for_approval(city, silence)))


@app.command()
def lift(
    zone: Annotated[str, typer.Argument(metavar="ZONE", help="As `paidan silence list` shows it.")],
    owner: Owner,
    comment: Comment,
    until: Annotated[str, typer.Option(help="RFC 3339 time from which on it holds again. Default: never.")] = "",
    by: By = "",
) -> None:
    """Lift a control zone of the city pack: from now on it silences nothing, until it would have ended."""
    settings, now = load_settings(), now_ms()
    city, _ = asyncio.run(pack_in_force(settings))
    found = [(end, row) for _, end, row in city.silences.to_come(now) if row.zone == zone]
    if not found:
        raise UsageError(f"{zone!r} is no control zone of the city that is not over")
    [(end, row), *_] = found
    lifted = LiveSilence(
        number=0,
        starts_at=now,
        ends_at=_instant("--until", until) if until else end,
        category=row.category,
        area=row.area,
        lifts=zone,
        owner=owner,
        comment=comment,
        created_by=_who(by),
        created_at=now,
    )
    check(city, lifted)
    _change(set_anew(lifted, asks_for_approval(city, lifted)))


@app.command()
def approve(number: Number, by: By = "") -> None:
    """Approve a silence that waits for a second person."""
    _change(approved(number, _who(by), now_ms()))


@app.command()
def end(number: Number, by: By = "") -> None:
    """End a silence before its time."""
    _change(ended(number, _who(by), now_ms()))


def _who(by: str) -> str:
    return pseudonym(load_settings().hmac_key, by or getpass.getuser())


def _change(decide: Decide) -> None:
    settings = load_settings()
    asyncio.run(check_shared(settings, Names(settings.namespace).silences))
    made = asyncio.run(SilenceBook(settings).change(decide))
    say(f"silence {made.number}: {state_of(made, now_ms())}, {_what(made)}, to {to_text(made.ends_at)}")


def _what(silence: LiveSilence) -> str:
    if silence.lifts:
        return f"lifts {silence.lifts}"
    around = "" if silence.lat is None else f"{silence.radius_m:g} m around {silence.lat:g},{silence.lon:g}"
    said = (f"category {silence.category}", f"area {silence.area}", silence.camera, silence.source, around)
    return ", ".join(each for each in said if each)


def _instant(option: str, text: str) -> int:
    try:
        return from_text(text)
    except ValueError as error:
        raise UsageError(f"{option} must be a time such as 2026-03-01T08:00:00Z") from error


def _place(text: str) -> tuple[float | None, float | None, float]:
    if not text:
        return None, None, 0.0
    try:
        lat, lon, metres = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError("--around must be latitude, longitude and metres, with commas between them") from error
    if not (-90 <= lat <= 90 and -180 <= lon <= 180 and 0 < metres <= 100_000):
        raise UsageError("--around must be a place on earth and at most 100000 metres")
    return lat, lon, metres
