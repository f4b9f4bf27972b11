"""`paidan compare`: two classifiers on the same orders."""

import msgspec
import typer

from models.classifier import Classifier
from models.classifier.learning.labelled import read
from streams.cli.classifiers.options import Around, AsJson, Drop, Files, Label, Model, Text, fields_of
from streams.learning.promotion import verdict as side_by_side
from streams.terminal.harmless import say
from streams.terminal.verdict import show_verdict


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
    rows = read(files, text, label, fields_of(context), drop or ())
    verdict = side_by_side(Classifier.load(active), Classifier.load(candidate), rows)
    if as_json:
        say(msgspec.json.encode(verdict).decode())
    else:
        show_verdict(verdict, verdict.reasons)
    if not verdict.promotable:
        raise typer.Exit(1)
