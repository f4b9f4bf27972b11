"""`paidan train`, `evaluate`, `compare` and `model`: the classifier from labelled texts to its place in the store."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from models.classifier import Classifier, ClassifierError, evaluation, training
from models.classifier import bootstrap as bootstrapping
from models.classifier.artefact import SUFFIX
from models.classifier.compare import Verdict, promotable
from models.classifier.evaluation import Evaluation, predict
from models.classifier.folds import clusters
from models.classifier.report import write_report
from models.classifier.rows import FIELDS, Labelled, read
from models.classifier.shipped import corpus
from models.classifier.store import Store
from models.classifier.taxonomy import Taxonomy, read_taxonomy
from models.classifier.vectoriser import count
from models.errors import UsageError
from streams.settings import load_settings

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

model = typer.Typer(no_args_is_help=True)


def train(
    files: Files,
    out: Annotated[Path, typer.Option(help="Folder for the model; made when missing.")],
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
    """Train a classifier from labelled CSV files. The same rows, day and versions give the same bytes."""
    rows = read(files, text, label, _fields(context), drop or ())
    taxonomy = Taxonomy({}) if city is None else read_taxonomy(city / "categories.csv")
    with _bar(f"training on {len(rows)} texts") as tell:
        data = training.train(
            rows,
            training.RECIPES,
            extra=None if extra is None else read([extra], text, label, drop=drop or ()),
            day=_day(day),
            target=target,
            groups=taxonomy.groups,
            costs=taxonomy.costs,
            seed=seed,
            progress=tell,
        )
    _keep(data, out)


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
    verdict = judge(Classifier.load(active), Classifier.load(candidate), rows)
    if as_json:
        typer.echo(msgspec.json.encode(verdict).decode())
    else:
        _show_verdict(verdict)
    if not verdict.promotable:
        raise typer.Exit(1)


def judge(active: Classifier, candidate: Classifier, rows: Labelled) -> Verdict:
    """Both models on the same rows, near-duplicates counted as one draw."""
    first, second = ([guess.category for guess in predict(classifier, rows)[1]] for classifier in (active, candidate))
    return promotable(first, second, rows.labels, clusters(count(rows.texts)).tolist())


def bootstrap(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the city pack.")],
    out: Annotated[Path, typer.Option(help="Folder for the model; made when missing.")],
    target: Target = 0.97,
    day: Day = "",
) -> None:
    """Make a first model for a city without history, from its categories' names and keywords and the shipped texts."""
    taxonomy = read_taxonomy(folder / "categories.csv")
    with _bar(f"learning {len(taxonomy.topics)} categories") as tell:
        data = bootstrapping.bootstrap(taxonomy, corpus(), day=_day(day), target=target, progress=tell)
    _keep(data, out)


@model.command("list")
def list_models() -> None:
    """The models in the store, with their rows, categories and day of training."""
    store = Store(load_settings().models_address)
    table = Table("model", "trained", "rows", "categories", "target", title=store.address)
    for name in store:
        found = store.load(name)
        origin = found.manifest.provenance
        table.add_row(name, origin.trained, str(origin.rows), str(len(found.classes)), f"{found.target:.3f}")
    Console().print(table)


@model.command()
def add(path: Model) -> None:
    """Put a model into the store; prints its id."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ClassifierError(f"the model {path} cannot be read: {error.strerror}") from error
    typer.echo(Store(load_settings().models_address).put(data))


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


def _show_verdict(verdict: Verdict) -> None:
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
    console.print("may be promoted" if verdict.promotable else "refused: " + "; ".join(verdict.reasons))
