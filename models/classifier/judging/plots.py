"""The report's plots, as SVG text that a page can hold. Text stays text, so that the browser's fonts draw it."""

import io
import warnings
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from models.classifier.judging.learning_curve import LearningPoint
from models.classifier.learning.measures import BINS, Curve
from models.classifier.serving.arrays import Flags, Floats

_BLUE, _GREY, _RED = "#2563a8", "#8a94a0", "#b3362b"
_NAMED = 40


def _figure(title: str, x: str, y: str, size: float = 4.6) -> tuple[Figure, Any]:
    figure = Figure(figsize=(size * 1.15, size), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(alpha=0.25)
    return figure, axes


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    # No date and no random ids: the same figures give the same page. The layout's own font lacks Chinese glyphs,
    # which only costs a little exactness of the margins.
    with warnings.catch_warnings(), mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "paidan"}):
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def reliability(confidence: Floats, right: Flags, error: float, band: tuple[float, float]) -> str:
    """Stated probability against the share that was right, in bins of equal mass."""
    order = np.argsort(confidence, kind="stable")
    bins = [part for part in np.array_split(order, BINS) if len(part)]
    figure, axes = _figure("Reliability", "probability stated", "share right")
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle=":")
    axes.plot([confidence[b].mean() for b in bins], [right[b].mean() for b in bins], "o-", color=_BLUE)
    note = f"calibration error {error:.3f}\na perfect model: {band[0]:.3f} to {band[1]:.3f}"
    axes.text(0.04, 0.96, note, transform=axes.transAxes, va="top")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    return _svg(figure)


def coverage(curve: Curve, target: float, chosen: tuple[float, float]) -> str:
    """Coverage against accuracy; `chosen` is the point (coverage, accuracy) of the thresholds in force."""
    figure, axes = _figure("Coverage and accuracy", "share answered", "accuracy of the answered")
    axes.plot(curve.coverage, curve.accuracy, color=_BLUE)
    axes.axhline(target, color=_GREY, linestyle=":")
    axes.plot(*chosen, "o", color=_RED)
    axes.annotate("thresholds in force", chosen, textcoords="offset points", xytext=(-8, -16), ha="right", color=_RED)
    axes.set(xlim=(0, 1.02))
    return _svg(figure)


def confusion(matrix: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    """Shares of each true class (row) by guessed class, with counts where there are few classes."""
    counts = np.asarray(matrix)
    share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    figure, axes = _figure("", "guessed", "true", size=max(4.6, min(13.0, 0.24 * len(names) + 2.5)))
    axes.grid(visible=False)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    if len(names) <= _NAMED * 2:
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
        axes.set_yticks(range(len(names)), names, fontsize=8)
    if len(names) <= _NAMED // 2:
        for row, column in zip(*np.nonzero(counts), strict=True):
            shade = "white" if share[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=8, color=shade)
    return _svg(figure)


def learning(points: Sequence[LearningPoint]) -> str:
    """Accuracy on held-out texts against the number of texts learnt from."""
    figure, axes = _figure("", "texts learnt from", "accuracy on held-out texts")
    axes.plot([point.rows for point in points], [point.accuracy for point in points], "o-", color=_BLUE)
    return _svg(figure)
