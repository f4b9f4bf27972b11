"""`paidan city publish`, `cancel`, `history`, `rollback`: the city changes while it runs."""

import asyncio
import getpass
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from models.city import City, load_city
from models.city.pack.difference import differences, unchangeable
from models.errors import UsageError
from models.times import from_text, local_day, now_ms
from streams.cli.packs.pack_notes import tell_gaps
from streams.control import publications
from streams.control.moving_orders import Survey
from streams.control.moving_orders import survey as look
from streams.control.one_at_a_time import ControlError
from streams.control.pack_store import PackStore, RefusedPack
from streams.control.packs import Packs
from streams.control.publications import Announcement, Publication, Publications, read_publications
from streams.kafka.topics import Names, check_shared, city_topics, create_topics
from streams.notify.targets import usable_address
from streams.settings import Settings, load_settings
from streams.terminal.console import Console, whole_table
from streams.terminal.harmless import say

SHOWN = 20

By = Annotated[str, typer.Option(help="Who publishes it; it is kept. Default: the user of this machine.")]
Comment = Annotated[str, typer.Option(help="Why; it is kept.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]


def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the city pack.")],
    comment: Comment = "",
    by: By = "",
    at: Annotated[
        str, typer.Option("--at", help="RFC 3339 time at which it comes in force, e.g. 2027-01-01T00:00:00+08:00.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what differs, say what stands against it, and publish nothing.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Check a city pack, show what differs from the one in force, and put it in force without restarting anything: now,
    or at the time of --at, for which it is announced."""
    settings, new, due = load_settings(), load_city(folder), _ahead(at) if at else None
    old, _ = asyncio.run(_to_replace(settings, new))
    day = None if due is None else local_day(due, new.zone)
    _check_departments(_compared(settings, old, new, day), old, new)
    if due is not None and (gone := _gone(old, new)):
        raise ControlError(f"who is given orders until then cannot be announced to be taken away: {', '.join(gone)}")
    if dry_run:
        return
    _ask(yes, settings, old, new)
    by = by or getpass.getuser()
    if due is None:
        _publish(settings, old, new, publications.published(new.digest, old.digest, now_ms(), by, comment))
        return
    _make_ready(settings, old, new)
    wanted = publications.announced(new.digest, old.digest, due, now_ms(), by, comment)
    made = asyncio.run(publications.announce(settings, wanted))
    say(f"{made.digest} is announced for {made.comes_at}: a desk puts it in force then")


def cancel(comment: Comment = "", by: By = "") -> None:
    """Take back the city pack that is announced; nothing else comes in force at its hour."""
    settings = load_settings()
    asyncio.run(check_shared(settings, Names(settings.namespace).control))
    made = asyncio.run(
        publications.announce(settings, publications.cancelled(now_ms(), by or getpass.getuser(), comment))
    )
    say(f"{made.digest} does not come in force at {made.comes_at}")


def rollback(comment: Comment = "", by: By = "", yes: Yes = False) -> None:
    """Put the city pack in force again that was so before the last publication or rollback."""
    settings = load_settings()
    old, active = asyncio.run(_to_replace(settings, None))
    if active is None:
        raise ControlError("there is nothing to go back to: no city pack was published yet")
    new = asyncio.run(_pack(settings, old, active.before))
    if new.digest != active.before:
        raise ControlError(f"this version of Paidan refuses the city pack {active.before}: publish another one")
    _check_departments(_compared(settings, old, new, None), old, new)
    _ask(yes, settings, old, new)
    made = publications.rolled_back_to(new.digest, old.digest, now_ms(), by or getpass.getuser(), comment)
    _publish(settings, old, new, made)


def history() -> None:
    """List all publications of city packs: when, by whom, which, and why; and what was announced."""
    settings = load_settings()
    now = asyncio.run(_publications(settings))
    table = whole_table("number", "when", "who", "what", "digest", "instead of", "comment")
    for each in reversed(now.changes):
        table.add_row(str(each.number), each.at, each.by, each.action, each.digest, each.before, each.comment)
    Console().print(table)
    if now.announcements:
        ahead = whole_table("announced for", "when", "who", "digest", "what came of it", "comment")
        for one in reversed(now.announcements):
            ahead.add_row(one.comes_at, one.at, one.by, one.digest, _outcome(one), one.comment)
        Console().print(ahead)
    if now.first:
        say(f"partitions began with {now.first}")


async def _publications(settings: Settings) -> Publications:
    await check_shared(settings, Names(settings.namespace).control)
    return await read_publications(settings)


async def pack_in_force(settings: Settings) -> tuple[City, Publication | None]:
    """The city in force and its publication; before the first one the city of the settings' folder."""
    own = load_city(settings.city)
    await check_shared(settings)
    active = (await read_publications(settings)).active
    return (own, None) if active is None else (await _pack(settings, own, active.digest), active)


async def _to_replace(settings: Settings, new: City | None) -> tuple[City, Publication | None]:
    """The same; of one that this version refuses what can be read of it: a good one can be put in its place. The folder
    may hold the refused one: before a `new` one it is looked at only where nothing was published."""
    await check_shared(settings)
    active = (await read_publications(settings)).active
    if active is None or new is None:
        new = load_city(settings.city)
    try:
        return (new, None) if active is None else (await _pack(settings, new, active.digest), active)
    except RefusedPack as error:
        say(str(error))
        return error.city, active


async def _pack(settings: Settings, own: City, digest: str) -> City:
    return (await Packs(settings, own).at_hand([digest]))[digest]


def _compared(settings: Settings, old: City, new: City, day: date | None) -> Survey:
    """Show what differs, what the new pack leaves open, and what it would mean for open orders on the city's `day` on
    which it comes in force; None: today. Raises ControlError where it cannot be published, and UsageError for a webhook
    that notify could not send to."""
    if fixed := unchangeable(old, new):
        raise ControlError(f"city.toml: {', '.join(fixed)} cannot be changed while the city runs")
    if old == new:
        raise ControlError(f"the city pack {new.digest} is the one in force already")
    for each in new.departments.values():
        if each.webhook:
            usable_address(each.webhook, f"the webhook of department {each.id}", settings.notify_plain_http)
    console = Console()
    table = whole_table("file", "", "rows", title=f"{old.digest} → {new.digest}")
    for difference in differences(old, new):
        for sign, rows in (("+", difference.added), ("~", difference.changed), ("-", difference.removed)):
            if rows:
                table.add_row(difference.file, f"{sign}{len(rows)}", _some(rows))
    console.print(table)
    tell_gaps(settings, new, day)
    found = _looked(settings, old, new, day)
    when = "today" if day is None else f"on {day}"
    say(f"{len(found.moved)} of {found.open} open orders would go elsewhere {when}; they stay where they are")
    for order_id, department, to in found.moved[:SHOWN]:
        say(f"  {order_id}: {department} → {to}")
    if len(found.moved) > SHOWN:
        say(f"  … and {len(found.moved) - SHOWN} more")
    if found.outside:
        named = ", ".join(f"{area} ({count})" for area, count in sorted(found.outside.items()))
        say(
            f"open orders lie in areas that are taken away: {named}; until they are moved (`move-area`), no list of an "
            "area has them, and nobody who is bound to one sees them"
        )
    return found


def _looked(settings: Settings, old: City, new: City, day: date | None = None) -> Survey:
    return asyncio.run(look(settings, old, new, day or local_day(now_ms(), new.zone)))


def _gone(old: City, new: City) -> list[str]:
    return [one for one in old.departments if one not in new.departments]


def _some(rows: tuple[str, ...]) -> str:
    return ", ".join(rows[:SHOWN]) + (f", … and {len(rows) - SHOWN} more" if len(rows) > SHOWN else "")


def _check_departments(found: Survey, old: City, new: City) -> None:
    holding = {one: found.held[one] for one in _gone(old, new) if found.held[one]}
    if holding:
        named = ", ".join(f"{one} ({count})" for one, count in holding.items())
        raise ControlError(f"these departments still have open orders and cannot be taken away: {named}")


def _ahead(at: str) -> int:
    """The instant of --at, ms UTC. Raises UsageError."""
    try:
        due = from_text(at)
    except ValueError as error:
        raise UsageError(f"--at {at!r}: give a time such as 2027-01-01T00:00:00+08:00") from error
    if due <= now_ms():
        raise UsageError(f"--at {at!r} lies behind; without it the pack comes in force at once")
    return due


def _outcome(one: Announcement) -> str:
    if one.publication:
        return f"in force as number {one.publication}"
    if one.cancelled_at:
        return ": ".join(filter(None, (f"cancelled by {one.cancelled_by}", one.cancelled_for)))
    return "is to come"


def _ask(yes: bool, settings: Settings, old: City, new: City) -> None:
    if yes:
        return
    typer.confirm(f"publish {new.digest}?", abort=True)
    if _gone(old, new):  # who was asked may have taken a while, and orders have come meanwhile
        _check_departments(_looked(settings, old, new), old, new)


def _make_ready(settings: Settings, old: City, new: City) -> None:
    """Keep both packs in the store, and create the topics of new departments."""
    store = PackStore(settings.models_address)
    for city in (old, new):
        store.put(city)
    created = asyncio.run(create_topics(settings, city_topics(settings, new)))
    if created:
        say(f"topics created: {', '.join(created)}")


def _publish(settings: Settings, old: City, new: City, made: publications.Decide) -> None:
    _make_ready(settings, old, new)
    publication, offsets = asyncio.run(publications.publish(settings, made))
    places = ", ".join(f"{number}: {offset}" for number, offset in enumerate(offsets))
    say(
        f"{publication.digest} is in force as number {publication.number}, in the inbox from these offsets on: {places}"
    )
