"""One HTML page about one model on one set: plots and tables, nothing fetched from anywhere."""

import html
from collections.abc import Iterable
from pathlib import Path
from string import Template

import numpy as np

from models.classifier.errors import ClassifierError
from models.classifier.judging import plots
from models.classifier.judging.evaluation import Evaluation, Predictions, predict
from models.classifier.judging.learning_curve import learning_curve
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.training import Progress
from models.classifier.serving.classifier import Classifier
from models.guess import Guess

WORST = 40
_SHOWN = 240
_PAGE = Path(__file__).with_name("report.html")


def write_report(
    path: Path, classifier: Classifier, rows: Labelled, judged: Evaluation, *, learning: bool, progress: Progress
) -> None:
    """Write the page to `path`. `learning` adds the learning curve, which trains on growing shares of `rows`.

    Raises ClassifierError when the page cannot be written.
    """
    predictions, guesses = predict(classifier, rows)
    confidence, right = predictions.confidence, predictions.right
    chosen = (judged.automatic, judged.automatic_accuracy.mean)
    curve = learning_curve(rows, progress) if learning else []
    page = Template(_PAGE.read_text(encoding="utf-8")).substitute(
        model=html.escape(judged.model),
        summary=_summary(judged),
        reliability=plots.reliability(confidence, right, judged.calibration_error, judged.calibration_band),
        coverage=plots.coverage(judged.curve, judged.target, chosen),
        confusion=plots.confusion(judged.confusion, predictions.classes),
        classes=_classes(judged),
        learning=plots.learning(curve)
        if curve
        else "<p>Not asked for: the option <code>--learning</code> draws it.</p>",
        mistakes=_mistakes(rows, predictions, guesses),
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ClassifierError(f"{path}: cannot be written: {error.strerror}") from error


def _table(head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    """Cells are HTML already."""
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in body)
    return f"<table><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr>\n{rows}</table>"


def _summary(judged: Evaluation) -> str:
    right, sure, (low, high) = judged.accuracy, judged.automatic_accuracy, judged.calibration_band
    error = f"{judged.calibration_error:.4f} <small>a perfect model: {low:.4f} to {high:.4f}</small>"
    lines = (
        ("texts", str(judged.rows)),
        ("accuracy", f"{right.mean:.4f} <small>{right.low:.4f} to {right.high:.4f}</small>"),
        ("macro-F1", f"{judged.macro_f1:.4f}"),
        ("right one among the best two, three", f"{judged.top2:.4f}, {judged.top3:.4f}"),
        (f"dispatched automatically (target {judged.target})", f"{judged.automatic:.4f}"),
        ("accuracy of these", f"{sure.mean:.4f} <small>{sure.low:.4f} to {sure.high:.4f}</small>"),
        ("dispatched on the group alone", f"{judged.by_group:.4f}"),
        ("calibration error", error),
    )
    return _table((), lines) + "<p><small>Intervals: 95 %, Wilson.</small></p>"


def _classes(judged: Evaluation) -> str:
    def cell(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    return _table(
        ("category", "texts", "guessed", "precision", "recall", "F1"),
        (
            (html.escape(r.name), str(r.support), str(r.predicted), cell(r.precision), cell(r.recall), cell(r.f1))
            for r in judged.classes
        ),
    )


def _mistakes(rows: Labelled, predictions: Predictions, guesses: list[Guess]) -> str:
    wrong = np.flatnonzero(~predictions.right)
    worst = wrong[np.argsort(-predictions.confidence[wrong], kind="stable")][:WORST]
    if not len(worst):
        return "<p>None.</p>"
    body = []
    for row in worst.tolist():
        guess = guesses[row]
        terms = "<br>".join(f"{html.escape(term)} {value:+.2f}" for term, value in guess.terms)
        says = f"{html.escape(guess.category)} {guess.probability:.2f}"
        body.append((_marked(rows.texts[row], guess), html.escape(rows.labels[row]), says, terms))
    return _table(("text", "true", "guessed", "terms"), body).replace("<tr><td>", '<tr><td class="text">')


def _marked(text: str, guess: Guess) -> str:
    """The beginning of the text with each term's first occurrence marked; longer terms win where they overlap."""
    shown = text[:_SHOWN]
    taken = [0] * len(shown)
    for term, value in sorted(guess.terms, key=lambda entry: -len(entry[0])):
        at = shown.find(term)
        if at >= 0 and not any(taken[at : at + len(term)]):
            taken[at : at + len(term)] = [1 if value > 0 else -1] * len(term)
    out, before = [], 0
    for character, mark in zip(shown, taken, strict=True):
        if mark != before:
            out.append("</mark>" if before else "")
            out.append("" if not mark else "<mark>" if mark > 0 else '<mark class="against">')
            before = mark
        out.append(html.escape(character))
    return "".join(out) + ("</mark>" if before else "") + ("…" if len(text) > _SHOWN else "")
