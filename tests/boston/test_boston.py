"""Boston's nine months, decided by the core in one process: every figure equals the batch computation."""

from collections import defaultdict
from pathlib import Path

import pytest

from dispatcher.desk import decide
from dispatcher.state import DeskState, Meta
from models.city import City
from models.inbox import InboxRecord, Tick
from models.times import from_text
from streams.history import Chronicle, Stamped, retell, stamp
from streams.sightings import Keys
from tests.boston import compare, convert, oracle

PARTITIONS = 3
EVERY = 12  # one case in so many; bench/boston.py takes them all, and a real broker


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
    boston = City.from_files({path.name: path.read_bytes() for path in folder.iterdir()})
    states = [DeskState(n) for n in range(PARTITIONS)]
    for state in states:
        state.meta = Meta(pack=boston.digest)
    offsets = [0] * PARTITIONS

    def run(partition: int, stamped: list[Stamped]) -> None:
        records = []
        for each in stamped:
            records.append(InboxRecord(partition, offsets[partition], each.clock, each.items, replayed=True))
            offsets[partition] += 1
        decision = decide(states[partition], records, {boston.digest: boston})
        assert decision.failures == []
        states[partition].merge(decision)

    areas = sorted(boston.areas.at_level("neighborhood"), key=lambda area: area.id)
    home = {area.id: n % PARTITIONS for n, area in enumerate(areas)}
    for _, taken in retell(Chronicle([file]), boston, Keys(b"key"), None):
        assert taken.dead == []
        shares: dict[int, list[Stamped]] = defaultdict(list)
        for each in stamp(taken):
            shares[home[each.area]].append(each)
        for partition, stamped in shares.items():
            run(partition, stamped)
    for partition in range(PARTITIONS):
        run(partition, [Stamped("", from_text(convert.UNTIL) - 1, (Tick(),))])
    figures = [(key, row) for state in states for key, row in state.figures.items()]
    assert compare.differences(figures, oracle.cases(cases, EVERY)) == []
