"""`paidan city`: begin a city pack, check it, try how it decides, write its calendar; publishing stands beside it."""

import asyncio
import contextlib
from datetime import datetime
from pathlib import Path
from typing import Annotated, get_args

import typer
from msgspec.structs import replace
from rich.table import Table

from dispatcher.steps.routing import Route, is_named, is_no_fault, routed
from models.city import City, LimitStage, load_city
from models.city.files.cells import DROPPED, FOR_A_PERSON
from models.city.pack.loader import CITY, is_pack_file
from models.city.pack.official_days import official_days
from models.classifier import Classifier, Context
from models.errors import UsageError
from models.formats.quiet_scenes import classified, is_quiet, without_denials
from models.formats.scenes import describes_scene
from models.guess import Guess
from models.inbox import UNLOCATED, Sighting
from models.redact import reporter_hash
from models.times import to_ms
from streams.cli.classifiers.options import Day, Target, day_of
from streams.cli.packs.pack_notes import tell_gaps
from streams.cli.packs.publishing import cancel, history, publish, rollback
from streams.control.model_pointers import in_force
from streams.intake.batch import context_of
from streams.intake.placing import Described, Placement, by_asset, by_words, locate_points
from streams.settings import NEW_CITY, load_settings
from streams.terminal.console import Console
from streams.terminal.harmless import hand_out, say
from streams.terminal.model_file import keep_model
from streams.terminal.progress import filling

app = typer.Typer(no_args_is_help=True)
for _command in (publish, cancel, history, rollback):
    app.command()(_command)

_NOTHING = "the text describes a scene in which nothing is the matter: it opens nothing"

Pack = Annotated[Path | None, typer.Option("--city", help="Folder of the city pack. Default: PAIDAN_CITY.")]


@app.command()
def check(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the city pack.")]) -> None:
    """Check a city pack and name every mistake with file, line and field."""
    city = load_city(folder)
    table = Table(title=f"{city.name_zh} {city.name_en} ({city.id})", show_header=False)
    for what, count in (
        ("departments", len(city.departments)),
        ("categories", sum(bool(row.parent) for row in city.categories.values())),
        ("groups", sum(not row.parent for row in city.categories.values())),
        *((f"areas: {level}", len(city.areas.at_level(level))) for level in city.levels),
        ("places", len(city.places)),
        ("cameras", len(city.cameras)),
        ("labels", len(city.labels.rows)),
        ("rows of responsibility", len(city.responsibility.rows)),
        ("limits", len(city.limits.rows)),
        ("rules", len(city.rules)),
        ("holidays", len(city.calendar.holidays)),
        ("make-up working days", len(city.calendar.make_up)),
    ):
        table.add_row(what, str(count))
    table.add_row("digest", city.digest)
    Console().print(table)
    tell_gaps(load_settings(), city)


@app.command()
def new(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")]) -> None:
    """Write a small city pack with every file, each with a comment on what it is for, to be made your own."""
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read: {error.strerror}") from error
    if taken:
        raise UsageError(f"{folder}: is there already; name a folder that is not, or an empty one")
    files = {file.name: file.read_text(encoding="utf-8") for file in NEW_CITY.iterdir() if is_pack_file(file)}
    files["calendar.csv"] += "".join(f"{','.join(row)}\n" for row in _official_from(datetime.now().astimezone().year))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror}") from error
    say(f"{folder}: {len(files)} files; edit them, then `paidan city check {folder}`")


def _official_from(year: int) -> list[tuple[str, str, str]]:
    """The official days of a year and the next one, as far as they are known."""
    rows = []
    for each in (year, year + 1):
        with contextlib.suppress(UsageError):
            rows += official_days(each)
    return rows


@app.command("try")
def try_out(
    text: Annotated[str, typer.Argument(help="What somebody reports.")],
    at: Annotated[str, typer.Option(help="Where: lat,lon. Without it the words decide.")] = "",
    hint: Annotated[str, typer.Option(help="The reporter's own category.")] = "",
    channel: Annotated[str, typer.Option(help="How it came in, e.g. app or 12345.")] = "",
    source: Annotated[str, typer.Option(help="The event's source.")] = "",
    label: Annotated[str, typer.Option(help="A camera's label, as [vendor/][algorithm/]label.")] = "",
    when: Annotated[str, typer.Option(help="Local time, e.g. 2026-03-01T22:30. Default: now.")] = "",
    category: Annotated[str, typer.Option(help="Take this category instead of the classifier's.")] = "",
    model: Annotated[
        Path | None, typer.Option(help="A model file. Default: the one in force, on the cluster if it can be reached.")
    ] = None,
    city_path: Pack = None,
) -> None:
    """Show where a report would go, and why; nothing is sent."""
    city = load_city(city_path or load_settings().city)
    moment = _moment(city, when)
    asset = city.assets.named(text)
    place = by_asset(asset) if asset is not None and not at else _place(city, at, text)
    settled, dropped = (category, False) if category else _of_label(city, label, text)
    if settled and settled not in city.categories:
        raise UsageError(f"{settled!r} is not a category of {city.name_en}")
    sighting = Sighting(
        kind="detection" if label else "report",
        source=source,
        id="",
        at=to_ms(moment),
        area=place.area,
        place=place.how,
        lat=place.lat,
        lon=place.lon,
        text=text,
        channel=channel,
        hint=hint,
        label=label.split("/")[-1],
        category=settled or "",
        asset="" if asset is None else asset.id,
    )
    if settled == "":
        guess = _guess(city, model, classified(text) if label else text, context_of(city, sighting))
        sighting = replace(sighting, guess=guess)
        if dropped and not is_named(city, guess, without_denials(text)):
            raise UsageError(f"{label!r} is dropped by labels.csv, and the text surely names nothing: it opens nothing")
        if label and is_no_fault(city, sighting):
            raise UsageError(_NOTHING)
    _show(city, place, sighting.guess, routed(city, sighting, sighting.at))


@app.command()
def citizen(
    person: Annotated[str, typer.Argument(help="Their phone number, or the id under which they report.")],
) -> None:
    """Print what stands for a person in citizens.csv: the hash under which their reports are kept."""
    found = reporter_hash(load_settings().hmac_key, person)
    if not found:
        raise UsageError("a phone number or an id is needed")
    hand_out(f"{found}\n")


@app.command()
def calendar(
    year: Annotated[int, typer.Argument(help="The year, e.g. 2026.")],
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of the terminal.")] = None,
) -> None:
    """Write the official Chinese holidays and make-up working days of a year as rows of calendar.csv."""
    rows = ["date,kind,value", *(",".join(row) for row in official_days(year))]
    text = "".join(f"{row}\n" for row in rows)
    if out is None:
        hand_out(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror}") from error
    say(f"{out}: {len(rows) - 1} days; add the rows of slots and weekend, or append these to your calendar.csv")


@app.command()
def bootstrap(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the city pack.")],
    out: Annotated[Path, typer.Option(help="Folder for the model; made when missing.")],
    target: Target = 0.97,
    day: Day = "",
) -> None:
    """Make a first model for a city without history, from its categories' names and keywords and the shipped texts.

    It says which categories learn from shipped texts and which from their words alone: of these it is never sure. Where
    the city is cautious (city.toml) it is sure only of what names and keywords alone say as surely. The table of
    categories is enough of a pack.
    """
    # Here, because the other commands of this file need not wait for it.
    from models.classifier.learning.bootstrap import LETTERS, MESSAGES, adopt, counterparts, lessons
    from models.classifier.learning.bootstrap import bootstrap as learn
    from models.classifier.learning.shipped import calibration, corpus
    from models.classifier.learning.taxonomy import read_taxonomy

    taxonomy = read_taxonomy(folder / "categories.csv")
    cautious = (folder / CITY).is_file() and load_city(folder).settings.caution == "cautious"
    shipped = corpus()
    taught = counterparts(shipped, taxonomy)
    with filling(f"learning {len(taxonomy.leaves)} categories") as tell:
        data = learn(
            taxonomy,
            *adopt(shipped, calibration(), taught),
            day=day_of(day),
            target=target,
            progress=tell,
            recipes=LETTERS if cautious else MESSAGES,
            strange=cautious,
        )
    for line in lessons(taxonomy, taught, Classifier.from_bytes(data).never_sure):
        say(line)
    keep_model(data, out)


def _moment(city: City, when: str) -> datetime:
    try:
        return datetime.strptime(when, "%Y-%m-%dT%H:%M").replace(tzinfo=city.zone) if when else datetime.now(city.zone)
    except ValueError as error:
        raise UsageError(f"--when {when!r}: give a time like 2026-03-01T22:30") from error


def _place(city: City, at: str, text: str) -> Placement:
    if not at:
        return by_words(city, Described(texts=(text,)))
    try:
        lat, lon = (float(part) for part in at.split(","))
    except ValueError as error:
        raise UsageError(f"--at {at!r}: give two numbers, lat,lon") from error
    found = locate_points(city, [(lat, lon)])[lat, lon]
    if found is None:
        raise UsageError(f"--at {at} lies outside the city")
    return found


def _of_label(city: City, label: str, text: str) -> tuple[str | None, bool]:
    """The category of a camera's label, empty where the words decide, None where a person does; and whether the words
    decide alone because the label is dropped.

    Raises UsageError where it opens no order.
    """
    if not label:
        return "", False
    *origin, name = label.split("/")
    vendor, algorithm = ([*origin, "", ""])[:2]
    row = city.labels.find(vendor, algorithm, name)
    if row is None and not describes_scene(text, name):
        raise UsageError(f"{label!r} is not in labels.csv and the text describes no scene: it opens nothing")
    dropped = row is not None and row.category == DROPPED
    if dropped and not describes_scene(text, name):
        raise UsageError(f"{label!r} is dropped by labels.csv: it opens nothing")
    if row is None or dropped:
        if is_quiet(text):
            raise UsageError(_NOTHING)
        return "", dropped
    return (None if row.category == FOR_A_PERSON else row.category), False


def _guess(city: City, path: Path | None, text: str, context: Context) -> Guess | None:
    """What intake would guess at the city's target: with this model, else with the one in force."""
    if path is None:
        model = asyncio.run(in_force(load_settings(), city))
    else:
        model = Classifier.load(path, target=city.settings.asked_accuracy).in_city(city.categories, city.places)
    return None if model is None else model.classify([text], [context])[0]


def _show(city: City, place: Placement, guess: Guess | None, found: Route) -> None:
    area = city.areas.get(place.area)
    table = Table(show_header=False)
    table.add_row("area", f"{area.name_zh} {area.name_en} ({area.id}), by {place.how}" if area else UNLOCATED)
    if guess is not None:
        best = ", ".join(f"{code} {probability:.2f}" for code, probability in guess.alternatives)
        table.add_row("classifier", f"{guess.outcome}: {best}" + (f"; {guess.reason}" if guess.reason else ""))
        for each in guess.beside:
            table.add_row(f"beside ({each.by})", f"{each.words}: {', '.join(each.categories)} {each.weight:+.2f}")
        if guess.second:
            table.add_row("second matter", f"{guess.second}; a person may split it off")
        table.add_row("terms", ", ".join(f"{term} {weight:+.2f}" for term, weight in guess.terms))
    category = city.categories.get(found.category)
    table.add_row("category", f"{category.name_zh} {category.name_en} ({category.code})" if category else "-")
    table.add_row("decided by", _reason(city, found))
    table.add_row("department", _department(city, found))
    table.add_row("assists", ", ".join(found.assists) or "-")
    table.add_row("priority", str(found.priority))
    if found.condition:
        table.add_row("condition", found.condition)
    stages = {
        stage: city.limit(found.category, found.condition or None, found.priority, stage)
        for stage in get_args(LimitStage)
    }
    table.add_row("limits", ", ".join(f"{stage} {each.amount} {each.unit}" for stage, each in stages.items() if each))
    Console().print(table)


def _reason(city: City, found: Route) -> str:
    why = found.why
    if why.rule:
        rule = next(rule for rule in city.rules if rule.id == why.rule)
        return f"rules.toml:{rule.row} {rule.id}: {rule.reason}"
    if why.table_row is not None:
        return f"responsibility.csv:{why.table_row}"
    if why.asset:
        return f"assets.csv {why.asset}"
    return why.by if found.department else "a person (review)"


def _department(city: City, found: Route) -> str:
    department = city.departments.get(found.department)
    if department is not None:
        return f"{department.name_zh} {department.name_en} ({department.id})"
    return f"rejected: {found.reject}" if found.reject else f"review: {found.review}"
