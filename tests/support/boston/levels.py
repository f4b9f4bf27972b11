"""Do sums over levels equal the batch computation? Boston's cases, handed down made-up levels and answered for upward.

Run: `scripts/prove levels [N]`, over one case in N (1: all of them). Ends with 1 when the two disagree.
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from dispatcher.figures.figure_row import FigureRow
from models.city import read_city
from models.times import from_text
from tests.support.boston import compare, convert, oracle
from tests.support.replaying import replay


class Summed(NamedTuple):
    """What came of it: the cases, where figures and the CSV disagree, and what each made-up department counts for
    itself, by its figure row's key."""

    cases: int
    differences: list[str]
    above: Mapping[str, FigureRow]


def add_up(file: Path, every: int, folder: Path) -> Summed:
    """Decide one case in so many, each of which goes down `convert.two_levels`, and compare with the CSV: whoever did
    it counts it, each office and bureau the sum of what lies below it, the city each case once."""
    rows = convert.read(file)[::every]
    pack, events = convert.write(rows, folder, convert.two_levels)
    boston = read_city({path.name: path.read_bytes() for path in pack.iterdir()})
    figures = replay(boston, events, from_text(convert.UNTIL) - 1)
    frame = oracle.cases(file, every)

    differences = compare.differences(figures, frame)
    summed = compare.with_below(figures, boston.hierarchy)
    for level in (0, 1):
        above = [convert.two_levels(convert.slug(name))[level] for name in frame.department]
        differences += compare.differences(summed, frame.assign(department=above))
    own = {key: row for key, row in figures if key.startswith(("department/bureau", "department/office"))}
    return Summed(len(rows), differences, own)


def main() -> None:
    """Print what came of it."""
    shared = Path(os.environ.get("PAIDAN_SHARED") or Path(__file__).parents[4] / "shared")
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory() as name:
        found = add_up(shared / "data" / "boston_311" / "2015_jan_sep.csv.gz", every, Path(name))
    print(f"{found.cases} cases on three levels: {len(found.differences)} figures unlike the CSV's")
    print(*found.differences[:20], sep="\n")
    sys.exit(bool(found.differences))


if __name__ == "__main__":
    main()
