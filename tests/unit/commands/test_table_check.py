"""What the second half of `paidan audit` takes for a difference, and what for the desk's own work meanwhile."""

import msgspec
import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from dispatcher.auditing import Difference
from dispatcher.figures.figure_row import FigureRow, encode
from dispatcher.figures.indicators import Window
from dispatcher.order.row import Tally
from streams.audit.recompute import Audited
from streams.audit.table_check import _behind, _Later, _note, _unlike_rows, _unlike_sums
from streams.gateway.shards import ShardAnswers
from streams.tables.protocol import PartitionFigures, PartitionRows
from streams.tables.stored_row import mark
from tests.support.desk_rows import HOUR, START, closed, opened

ORDER = opened(1)
ROW, LATER = msgspec.json.encode(ORDER), msgspec.json.encode(closed(ORDER, START + HOUR))
TALLY = f"tally/{ORDER.id}"
SEEN = msgspec.json.encode(Tally(sightings=2, last_seen=START))
FIGURE = "area/gulou/20260301/0"


def audited(orders: dict[str, str], figures: dict[str, FigureRow] | None = None) -> Audited:
    """Partition 0 as it was audited."""
    marks = {key: mark(row.version, encode(row)) for key, row in (figures or {}).items()}
    return Audited(0, 0, 0, 0, figures or {}, 0, {"orders": orders, "figures": marks}, {})


def written(*rows: tuple[str, bytes | None], is_figures: bool = False) -> _Later:
    """What the desk has written since, from offset 5 on."""
    later = _Later()
    _note(
        later,
        [
            ConsumerRecord("t", 0, 5 + n, 0, 0, key.encode(), row, None, 0, len(row or b""), ())
            for n, (key, row) in enumerate(rows)
        ],
        is_figures,
    )
    return later


def unlike(kept: dict[str, str], orders: dict[str, str], later: _Later) -> list[tuple[str, str]]:
    """How the rows that a table holds differ from those that were audited."""
    answers = ShardAnswers({0: PartitionRows(9, 1, kept)}, 1)
    found = _unlike_rows("orders", answers, [audited(orders)], {0: later})
    assert all(each.place.startswith("tables: row ") for each in found)
    return [(each.kept, each.recomputed) for each in found]


def test_each_row_of_the_tables_is_the_one_that_was_audited_or_a_later_one() -> None:
    """Any other is named, also one of the same version, one that is missing, and one that nobody has written."""
    was, now = {ORDER.id: mark(3, ROW)}, {ORDER.id: mark(7, LATER)}
    nothing, since = written(), written((ORDER.id, LATER))

    assert unlike(was, was, nothing) == unlike(now, was, since) == unlike(was, was, since) == []
    assert unlike(now, was, nothing) == [("version 7", "version 3")]
    assert unlike({ORDER.id: mark(3, LATER)}, was, since) == [("version 3 with another content", "version 3")]
    assert unlike({}, was, since) == [("nothing", "version 3")]
    assert unlike(now, {}, nothing) == [("version 7", "nothing")]


def test_the_tally_of_an_order_that_has_left_the_desk_may_be_gone() -> None:
    """An order itself may not: it is in the archive."""
    was = {TALLY: mark(2, SEEN), ORDER.id: mark(3, ROW)}
    gone = written((ORDER.id, None), (TALLY, None))

    assert unlike({ORDER.id: mark(3, ROW)}, was, gone) == []
    assert unlike({ORDER.id: mark(3, ROW)}, was, written()) == [("nothing", "version 2")]
    assert unlike({}, was, gone) == [("nothing", "version 3")]
    assert unlike({TALLY: mark(3, SEEN)} | was, was, written((TALLY, SEEN))) == []


@pytest.mark.parametrize(
    ("read_to", "answered", "differs"),
    [(5, 1, None), (6, 2, None), (7, 3, None), (5, 2, ("2", "1")), (6, 3, ("3", "2")), (7, 2, ("2", "3"))],
)
def test_sums_are_those_of_the_rows_up_to_where_the_tables_stand(
    read_to: int, answered: int, differs: tuple[str, str] | None
) -> None:
    """What the desk has written behind that the tables do not know yet."""
    before = {FIGURE: FigureRow(1, {"opened": 1})}
    rows = [(FIGURE, encode(FigureRow(version, {"opened": version}))) for version in (2, 3)]
    sums = {"area": {"gulou": FigureRow(9, {"opened": answered})}}
    answers = ShardAnswers({0: PartitionFigures(read_to, sums)}, 1)

    found = _unlike_sums(answers, [audited({}, before)], {0: written(*rows, is_figures=True)}, Window(last=20260301))

    place = "tables: figure opened of area/gulou in partition 0"
    assert found == ([] if differs is None else [Difference(place, *differs)])


def test_a_figure_that_the_tables_alone_have_or_lack_is_named() -> None:
    """Each against none at all."""
    sums = {"area": {"nantang": FigureRow(1, {"opened": 4})}}
    answers = ShardAnswers({0: PartitionFigures(5, sums)}, 1)

    found = _unlike_sums(
        answers, [audited({}, {FIGURE: FigureRow(1, {"opened": 1})})], {0: written()}, Window(last=20260301)
    )

    assert {each.place.split()[4]: (each.kept, each.recomputed) for each in found} == {
        "area/gulou": ("0", "1"),
        "area/nantang": ("4", "0"),
    }


def test_the_tables_are_behind_until_the_last_record_that_was_audited_is_handled() -> None:
    """Of a partition of which nothing is committed all of it is still to come."""
    parts = [TopicPartition("t", number) for number in range(3)]
    committed = {parts[0]: OffsetAndMetadata(4, ""), parts[1]: OffsetAndMetadata(3, "")}

    assert _behind(dict.fromkeys(parts, 4), committed) == {parts[1]: 1, parts[2]: 4}
