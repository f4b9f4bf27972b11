"""`paidan train`, `evaluate` and `compare`: the classifier from labelled texts to its place in the store."""

import asyncio
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from models.city import load_city
from models.classifier import Classifier, ClassifierError
from models.classifier.judging import evaluation
from models.classifier.judging.compare import Verdict
from models.classifier.judging.evaluation import Evaluation
from models.classifier.judging.report import write_report
from models.classifier.learning import bootstrap as bootstrapping
from models.classifier.learning import training
from models.classifier.learning.labelled import FIELDS, Labelled, check_classes, read
from models.classifier.learning.shipped import corpus, known_before
from models.classifier.learning.taxonomy import Taxonomy, read_taxonomy
from models.classifier.serving.artefact import SUFFIX
from models.classifier.serving.store import Store
from models.errors import UsageError
from models.times import to_text
from streams.learning.promotion import verdict as side_by_side
from streams.settings import load_settings
from streams.terminal.progress import counting

Files = Annotated[list[Path], typer.Argument(metavar="CSV...", help="Files of labelled texts, UTF-8 with a header.")]
Text = Annotated[str, typer.Option(help="Column of the text.")]
Label = Annotated[str, typer.Option(help="Column of the category.")]
Around = Annotated[
    list[str] | None,
    typer.Option("--context", metavar="FIELD=COLUMN", help=f"What else is known: {', '.join(FIELDS)}. Repeatable."),
]
Drop = Annotated[list[str] | None, typer.Option(help="A label to leave out, e.g. Other. Repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")]
Target = Annotated[float, typer.Option(min=0.5, max=0.999, help="Accuracy of automatic dispatch.")]
Day = Annotated[str, typer.Option(help="Day of training that the model records; today unless given.")]
Model = Annotated[Path, typer.Argument(help="A model file, or a folder with one.")]
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

    Beside the texts it knows the shipped ones and, with a city, its categories' names and keywords.
    The same rows, day and versions give the same bytes. What is learnt from the log records the instant of its newest
    label instead of a day, and takes groups and costs from the city of the settings unless --city names another.
    """
    if not files and not from_log:
        raise UsageError("give files of labelled texts, or --from-log")
    fields = _fields(context)
    rows = read(files, text, label, fields, drop or ()) if files else Labelled([], [])
    trained = _day(day)
    if from_log:
        rows, trained = _with_log(rows, fields, drop or (), day)
        city = city or load_settings().city
    check_classes(rows)
    taxonomy = Taxonomy({}) if city is None else read_taxonomy(city / "categories.csv")
    helping = bootstrapping.keyword_rows(taxonomy)
    if extra is not None:
        helping = read([extra], text, label, drop=drop or ()).plus(helping)
    with _bar(f"training on {len(rows)} texts") as tell:
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
    if out is None:
        typer.echo(Store(load_settings().models_address).put(data))
    else:
        _keep(data, out)


def _with_log(rows: Labelled, fields: Iterable[str], drop: Sequence[str], day: str) -> tuple[Labelled, str]:
    """The rows and those of the log's sure labels, categories of a single text left out; the day or instant of it."""
    # Here, because Kafka takes a while to import.
    from streams.learning.labels import as_rows, newest, read_labels, without_rare

    settings = load_settings()
    with counting("reading the log", None) as advance:
        labels = [found for found in asyncio.run(read_labels(settings, advance)) if found.label not in drop]
    if not labels:
        raise ClassifierError("the log holds no final label yet: nothing to learn from")
    every, rare = without_rare(rows.plus(as_rows(labels, load_city(settings.city).zone, fields)), LEAST)
    for name, size in sorted(rare.items()):
        typer.echo(f"left out: {name}, which has only {size} text", err=True)
    return every, _day(day) if day else to_text(newest(labels))


def evaluate(
    model_path: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, or a folder with one.")],
    files: Files,
    text: Text = "text",
    label: Label = "label",
    context: Around = None,
    drop: Drop = None,
    target: Annotated[float | None, typer.Option(help="Accuracy of automatic dispatch; the model's own.")] = None,
    as_json: AsJson = False,
    report: Annotated[Path | None, typer.Option(help="Write one self-contained HTML page here.")] = None,
    learning: Annotated[
        bool, typer.Option(help="With --report: the learning curve too, by training on shares of the texts (slow).")
    ] = False,
) -> None:
    """Measure a classifier on labelled texts: accuracy, macro-F1, calibration, coverage, each category."""
    classifier = Classifier.load(model_path, target=target)
    rows = read(files, text, label, _fields(context), drop or ())
    found = evaluation.evaluate(classifier, rows)
    if report is not None:
        with _bar("writing the report") as tell:
            write_report(report, classifier, rows, found, learning=learning, progress=tell)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    _show(found)
    if report is not None:
        typer.echo(f"report: {report}")


def compare(
    active: Model,
    candidate: Model,
    files: Files,
    text: Text = "text",
    label: Label = "label",
    context: Around = None,
    drop: Drop = None,
    as_json: AsJson = False,
) -> None:
    """Compare two classifiers on the same orders; exit code 1 when the second may not replace the first."""
    rows = read(files, text, label, _fields(context), drop or ())
    verdict = side_by_side(Classifier.load(active), Classifier.load(candidate), rows)
    if as_json:
        typer.echo(msgspec.json.encode(verdict).decode())
    else:
        show_verdict(verdict, verdict.reasons)
    if not verdict.promotable:
        raise typer.Exit(1)


def bootstrap(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the city pack.")],
    out: Annotated[Path, typer.Option(help="Folder for the model; made when missing.")],
    target: Target = 0.97,
    day: Day = "",
) -> None:
    """Make a first model for a city without history, from its categories' names and keywords and the shipped texts."""
    taxonomy = read_taxonomy(folder / "categories.csv")
    with _bar(f"learning {len(taxonomy.leaves)} categories") as tell:
        data = bootstrapping.bootstrap(taxonomy, corpus(), day=_day(day), target=target, progress=tell)
    _keep(data, out)


def _day(given: str) -> str:
    try:
        return (date.fromisoformat(given) if given else datetime.now(UTC).date()).isoformat()
    except ValueError as error:
        raise UsageError(f"--day {given!r}: give a day like 2026-03-01") from error


def _keep(data: bytes, out: Path) -> None:
    made = Classifier.from_bytes(data)
    path = out / f"{made.id}{SUFFIX}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise ClassifierError(f"{out}: cannot be written: {error.strerror}") from error
    rows, classes = made.manifest.provenance.rows, len(made.classes)
    typer.echo(f"{path}: {rows} texts, {classes} categories, {len(data) / 1e6:.1f} MB")


def _fields(context: list[str] | None) -> dict[str, str]:
    fields = {}
    for entry in context or ():
        field, _, column = entry.partition("=")
        if field not in FIELDS or not column:
            raise UsageError(f"--context {entry!r}: give FIELD=COLUMN with one of {', '.join(FIELDS)}")
        fields[field] = column
    return fields


@contextmanager
def _bar(title: str) -> Iterator[training.Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr)) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _show(found: Evaluation) -> None:
    console = Console()
    sure = found.automatic_accuracy
    low, high = found.calibration_band
    for name, value in (
        ("model", found.model),
        ("texts", str(found.rows)),
        ("accuracy", f"{found.accuracy.mean:.4f}  ({found.accuracy.low:.4f} to {found.accuracy.high:.4f})"),
        ("macro-F1", f"{found.macro_f1:.4f}"),
        ("top 2, top 3", f"{found.top2:.4f}, {found.top3:.4f}"),
        ("dispatched automatically", f"{found.automatic:.4f} at target {found.target}"),
        ("their accuracy", f"{sure.mean:.4f}  ({sure.low:.4f} to {sure.high:.4f})"),
        ("on the group alone", f"{found.by_group:.4f}"),
        ("coverage at accuracy", ", ".join(f"{a}: {c:.3f}" for a, c in found.coverage_at.items())),
        ("calibration error", f"{found.calibration_error:.4f}  (perfect: {low:.4f} to {high:.4f})"),
    ):
        console.print(f"{name:>25}  {value}", highlight=False)
    table = Table("category", "texts", "precision", "recall", "F1")
    for row in found.classes:
        cells = ["-" if share is None else f"{share:.3f}" for share in (row.precision, row.recall)]
        table.add_row(row.name, str(row.support), *cells, f"{row.f1:.3f}")
    console.print(table)


def show_verdict(verdict: Verdict, reasons: Sequence[str]) -> None:
    """Both models side by side, and whether the second is refused for `reasons`."""
    console = Console()
    gain = verdict.gain
    console.print(
        f"{verdict.orders} orders: {verdict.active:.4f} -> {verdict.candidate:.4f}, gain {gain.mean:+.4f} "
        f"({gain.low:+.4f} to {gain.high:+.4f}); only one right: {verdict.only_active} / {verdict.only_candidate}, "
        f"exact McNemar p = {verdict.p:.4g}",
        highlight=False,
    )
    table = Table("category", "orders", "active", "candidate", "p of worse (Holm)")
    for row in verdict.classes:
        table.add_row(row.name, str(row.orders), f"{row.active:.3f}", f"{row.candidate:.3f}", f"{row.p:.4f}")
    console.print(table)
    console.print("refused: " + "; ".join(reasons) if reasons else "may be promoted", soft_wrap=True)
