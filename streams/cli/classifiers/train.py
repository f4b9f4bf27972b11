"""`paidan train`: a classifier from labelled texts, or from the log, to its place in the store."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from models.city import load_city
from models.classifier import ClassifierError
from models.classifier.learning import bootstrap, training
from models.classifier.learning.gate import behind_gate
from models.classifier.learning.labelled import Labelled, check_classes, read
from models.classifier.learning.shipped import gate_parts, known_before, no_fault
from models.classifier.learning.taxonomy import Taxonomy, read_taxonomy
from models.classifier.serving.columns import category_of
from models.classifier.serving.store import Store
from models.errors import UsageError
from models.guess import NO_FAULT
from models.times import to_text
from streams.cli.classifiers.options import Around, Day, Drop, Label, Target, Text, day_of, fields_of
from streams.settings import load_settings
from streams.terminal.harmless import say
from streams.terminal.model_file import keep_model
from streams.terminal.progress import counting, filling

LEAST = 2  # texts that a category of the log needs


def train(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[CSV...]", help="Files of labelled texts, UTF-8 with a header.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the model; absent: the store of the settings.")] = None,
    from_log: Annotated[
        bool, typer.Option("--from-log", help="Learn from the final labels of the log, and from the files if any.")
    ] = False,
    text: Text = "text",
    label: Label = "label",
    context: Around = None,
    drop: Drop = None,
    extra: Annotated[
        Path | None,
        typer.Option(help="More labelled texts to learn from, never to tune or calibrate by."),
    ] = None,
    city: Annotated[Path | None, typer.Option(help="City pack whose groups and costs the model takes.")] = None,
    target: Target = 0.97,
    seed: Annotated[int, typer.Option(help="Seed of folds and solver.")] = 0,
    day: Day = "",
) -> None:
    """Train a classifier from labelled CSV files, from the log, or both; prints its id or file.

    Beside the texts it knows the shipped ones and, with a city, its categories' names and keywords. Where some of the
    texts are labelled as no fault, it learns that from the shipped ones as well; where none is, what by the shipped
    ones reads like no fault goes to a person, unless many of the labelled texts do.
    The same rows, day and versions give the same bytes. What is learnt from the log records the instant of its newest
    label instead of a day, and takes groups and costs from the city of the settings unless --city names another. Labels
    of categories that this city does not have are left out.
    """
    if not files and not from_log:
        raise UsageError("give files of labelled texts, or --from-log")
    fields = fields_of(context)
    rows = read(files, text, label, fields, drop or ()) if files else Labelled([], [])
    trained = day_of(day)
    if from_log:
        city = city or load_settings().city
    taxonomy = Taxonomy({}) if city is None else read_taxonomy(city / "categories.csv")
    if from_log:
        rows, trained = _with_log(rows, taxonomy, fields, drop or (), day)
    check_classes(rows)
    helping = bootstrap.keyword_rows(taxonomy)
    if extra is not None:
        helping = read([extra], text, label, drop=drop or ()).plus(helping)
    knows_no_fault = any(category_of(label) == NO_FAULT for label in rows.labels)
    if knows_no_fault:
        helping = helping.plus(no_fault())
    with filling(f"training on {len(rows)} texts") as tell:
        data = training.train(
            rows,
            training.RECIPES,
            prior=training.learn_prior(known_before()),
            extra=helping,
            day=trained,
            target=target,
            groups=taxonomy.groups,
            costs=taxonomy.costs,
            seed=seed,
            progress=tell,
        )
    if not knows_no_fault:
        data = behind_gate(data, rows, gate_parts(), trained, seed)
    if out is None:
        say(Store(load_settings().models_address).put(data))
    else:
        keep_model(data, out)


def _with_log(
    rows: Labelled, taxonomy: Taxonomy, fields: Iterable[str], drop: Sequence[str], day: str
) -> tuple[Labelled, str]:
    """The rows and those of the log's sure labels, but for categories that the city does not have and those of a single
    text; the day or instant of it."""
    # Here, because Kafka takes a while to import.
    from streams.learning.labels import as_rows, newest, read_labels, without_rare, without_unknown

    settings = load_settings()
    with counting("reading the log", None) as advance:
        labels = [found for found in asyncio.run(read_labels(settings, advance)) if found.label not in drop]
    if not labels:
        raise ClassifierError("the log holds no final label yet: nothing to learn from")
    known, gone = without_unknown(labels, {*taxonomy.leaves, *taxonomy.groups.values()})
    for name, size in sorted(gone.items()):
        say(f"left out: {name}, a category that the city does not have ({size} texts)", err=True)
    every, rare = without_rare(rows.plus(as_rows(known, load_city(settings.city).zone, fields)), LEAST)
    for name, size in sorted(rare.items()):
        say(f"left out: {name}, which has only {size} text", err=True)
    return every, day_of(day) if day else to_text(newest(labels))
