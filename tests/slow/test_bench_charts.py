"""The pictures of a run of the bench."""

from pathlib import Path

from bench.end_to_end import charts, tables
from bench.end_to_end.measured import write
from tests.support.measured import run, step


def test_the_same_figures_give_the_same_pictures(tmp_path: Path) -> None:
    """Byte for byte: a picture changes only with what it shows."""
    pictures = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        write(run(step(), step("reports", 500)), folder / tables.KEPT.name)
        charts.draw(folder)
        pictures.append({file.name: file.read_bytes() for file in folder.glob("*.svg")})

    assert pictures[0] == pictures[1]
    assert pictures[0].keys() == {"latency.svg", "cores.svg", "rivals.svg"}
