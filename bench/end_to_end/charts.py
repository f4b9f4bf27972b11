"""A run as pictures: `python -m bench.end_to_end.charts` draws docs/charts/*.svg anew from what is kept there.

The same figures give the same bytes: no dates, no chance in the names within a picture, texts as text.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from bench.end_to_end.measured import Measured, Step, read
from bench.end_to_end.tables import KEPT

SCALE = "scale.json"
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "paidan",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}
_COLOURS = {
    "broker": "#7f8c8d", "intake": "#2a7fb8", "desk": "#d9822b", "tables": "#4b9e5f", "gateway": "#8e5ea2",
    "generator": "#c9c9c9", "reader": "#a9a9a9", "asker": "#dddddd", "bench": "#eeeeee",
}  # fmt: skip


@contextmanager
def _picture(file: Path, title: str, parts: int = 1) -> Iterator[Sequence[Axes]]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.8 * parts if parts > 1 else 7.2, 3.8), layout="constrained")
        yield [figure.add_subplot(1, parts, number + 1) for number in range(parts)]
        figure.suptitle(title)
        figure.savefig(file, format="svg", metadata={"Date": None})


def _latency(m: Measured, folder: Path) -> None:
    with _picture(folder / "latency.svg", "From the intended time to the visible assignment", 2) as parts:
        for axes, kind in zip(parts, ("detections", "reports"), strict=True):
            steps = [step for step in m.steps if step.kind == kind and step.assigned.p50 is not None]
            rates = [step.rate for step in steps]
            for name, values in (
                ("p50", [step.assigned.p50 or 0.0 for step in steps]),
                ("p99", [step.assigned.p99 or 0.0 for step in steps]),
            ):
                axes.plot(rates, values, marker="o", label=name)
            axes.set(xscale="log", yscale="log", xlabel=f"{kind} a second", ylabel="milliseconds")
            _plain_numbers(axes.xaxis, axes.yaxis)
            axes.legend()


def _plain_numbers(*axes: Axis) -> None:
    """10,000 instead of a power of ten."""
    for axis in axes:
        axis.set_major_formatter("{x:,.0f}")
        axis.set_minor_formatter(NullFormatter())


def _cpu(m: Measured, folder: Path) -> None:
    with _picture(folder / "cores.svg", "Cores used while the load lasts", 2) as parts:
        whole = [each.step for each in m.beside]
        for axes, steps, title in (
            (parts[0], m.steps, "intake and desk"),
            (parts[1], whole, "with tables, gateway, status asked for"),
        ):
            _stacked(axes, steps)
            axes.set_title(title, fontsize=10)


def _stacked(axes: Axes, steps: Sequence[Step]) -> None:
    labels = [f"{step.rate:,.0f} {step.kind[:3]}." for step in steps]
    bottom = [0.0] * len(steps)
    for name, colour in _COLOURS.items():
        values = [step.cores.get(name, 0.0) for step in steps]
        if any(values):
            axes.bar(labels, values, bottom=bottom, color=colour, label=name)
            bottom = [below + value for below, value in zip(bottom, values, strict=True)]
    axes.tick_params(axis="x", rotation=60)
    axes.set_ylabel("cores")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))


def _rivals(m: Measured, folder: Path) -> None:
    found = [each for each in m.backlogs if each.kind == "reports"]
    with _picture(folder / "rivals.svg", "Reports a second, a backlog worked off by one process of each") as [axes]:
        names = [f"{each.system.replace('`', '')}\n{each.guarantee}" for each in found]
        colours = ["#d9822b" if each.system == "Paidan" else "#9db4c0" for each in found]
        axes.barh(names[::-1], [each.per_second for each in found][::-1], color=colours[::-1])
        axes.set_xlabel("reports a second")


_ACTIONS = {
    "open": "open",
    "repeat": "repeat",
    "join": "join",
    "accept": "accept",
    "handle": "handle",
    "fire": "fire a timer",
}


def _cost(folder: Path) -> None:
    """From what `scripts/bench scale --json` printed."""
    spread: dict[str, dict[str, float]] = json.loads((folder / SCALE).read_text())["spread"]
    sizes = sorted(spread, key=int)
    with _picture(folder / "cost.svg", "Processor time of an action, by how many orders are open") as [axes]:
        for name, label in _ACTIONS.items():
            axes.plot([int(size) for size in sizes], [spread[size][name] for size in sizes], marker="o", label=label)
        axes.set(xscale="log", xlabel="open orders of one desk", ylabel="microseconds", ylim=(0, None))
        _plain_numbers(axes.xaxis)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def draw(folder: Path) -> None:
    """Draw what is kept in the folder: a run of the whole path, and costs by open orders."""
    if (folder / KEPT.name).exists():
        m = read(folder / KEPT.name)
        _latency(m, folder)
        _cpu(m, folder)
        _rivals(m, folder)
    if (folder / SCALE).exists():
        _cost(folder)


if __name__ == "__main__":
    draw(KEPT.parent)
