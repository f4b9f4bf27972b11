"""Boston's nine months, decided by the core in one process: every figure equals the batch computation."""

from pathlib import Path

import pytest

from models.city import read_city
from models.times import from_text
from tests.support.boston import compare, convert, oracle
from tests.support.boston.levels import add_up
from tests.support.replaying import replay

EVERY = 12  # one case in so many; bench/on_kafka/boston.py takes them all, and a real broker


@pytest.fixture(scope="module")
def cases(shared: Path) -> Path:
    """The shared file."""
    return shared / "boston_311" / "2015_jan_sep.csv.gz"


def test_the_oracle_speaks_as_the_file_does(cases: Path) -> None:
    """Where target, closing and status are there, the status is what the times say."""
    frame = oracle.cases(cases)
    spoken = frame[frame.due.notna() & frame.closed.notna() & (frame.status != "")]
    assert ((spoken.status == "ONTIME") == spoken.on_time).all()
    assert (int(spoken.on_time.sum()), int((~spoken.on_time).sum())) == (46_031, 15_957)


@pytest.mark.timeout(300)
def test_nine_months_of_boston_come_to_what_the_csv_says(cases: Path, tmp_path: Path) -> None:
    """Per department and month: received, closed, open, overdue, on time, both rates, and the quantiles."""
    rows = convert.read(cases)[::EVERY]
    folder, file = convert.write(rows, tmp_path)
    boston = read_city({path.name: path.read_bytes() for path in folder.iterdir()})
    figures = replay(boston, file, from_text(convert.UNTIL) - 1)
    assert compare.differences(figures, oracle.cases(cases, EVERY)) == []


@pytest.mark.timeout(300)
def test_sums_over_levels_are_those_of_the_cases_below(cases: Path, tmp_path: Path) -> None:
    """Each case is handed down two made-up levels and answered for upward: whoever did it counts what the CSV says of
    it, each office and bureau the sum of what lies below it, and the city each case once."""
    found = add_up(cases, 5 * EVERY, tmp_path)

    assert found.differences == []
    assert sum(row.counters.get("opened", 0) for row in found.above.values()) == 0
    assert sum(row.counters.get("forwarded", 0) for row in found.above.values()) == 2 * found.cases
