"""`paidan evaluate`: a classifier measured on labelled texts."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from models.classifier import Classifier
from models.classifier.judging import evaluation
from models.classifier.judging.evaluation import Evaluation
from models.classifier.judging.report import write_report
from models.classifier.learning.labelled import read
from streams.cli.classifiers.options import Around, AsJson, Drop, Files, Label, Text, fields_of
from streams.terminal.console import Console, whole_table
from streams.terminal.harmless import say
from streams.terminal.progress import filling


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
    rows = read(files, text, label, fields_of(context), drop or ())
    found = evaluation.evaluate(classifier, rows)
    if report is not None:
        with filling("writing the report") as tell:
            write_report(report, classifier, rows, found, learning=learning, progress=tell)
    if as_json:
        say(msgspec.json.encode(found).decode())
        return
    _show(found)
    if report is not None:
        say(f"report: {report}")


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
    table = whole_table("category", "texts", "precision", "recall", "F1", unbroken=("category",))
    for row in found.classes:
        cells = ["-" if share is None else f"{share:.3f}" for share in (row.precision, row.recall)]
        table.add_row(row.name, str(row.support), *cells, f"{row.f1:.3f}")
    console.print(table)
