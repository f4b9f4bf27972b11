"""The lake without Kafka: its files, what is asked of them, and what comes out as CSV."""

import csv
import errno
import io
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import pytest
from aiokafka import TopicPartition
from msgspec.structs import replace

from dispatcher.figures.indicators import INDICATORS, Window, city, indicators, totals
from dispatcher.order.facts import Assigned, Forwarded
from dispatcher.order.row import Order
from dispatcher.partition.decision import Outgoing
from models.errors import UsageError
from models.events import AssetRef
from streams.documents.lake_tables import lake_tables
from streams.kafka.topics import Names
from streams.lake import exporting, querying
from streams.lake.exporting import export
from streams.lake.lake_columns import TABLES, VERSION
from streams.lake.parquet import Lake, Mark, arrow
from streams.lake.querying import ask
from streams.lake.rows import assignment_rows, figure_rows, order_row
from streams.settings import load_settings
from streams.terminal.safe_csv import write_safe_csv
from tests.support.desks import T0, facts_of
from tests.unit.orders.test_indicators import book, tianmen
from tests.unit.steps.test_desk_levels import figures, with_the_grid

__all__ = ["tianmen"]

ONE_PARTITION = load_settings(kafka="nowhere:9092", partitions=1)


def row(**own: object) -> dict[str, object]:
    """A row of the facts."""
    fact = {
        "partition": 1,
        "offset": 0,
        "order_id": "o-1",
        "fact": "opened",
        "at": T0,
        "recorded_at": T0,
        "day": 20260302,
    }
    return fact | own


@pytest.mark.parametrize("where", ["folder", "memory"])
def test_what_was_put_is_asked_in_sql_wherever_it_lies(tmp_path: Path, where: str) -> None:
    """Instants in UTC; a file put again stands in the place of the first; what is half written is not there."""
    address = str(tmp_path / "it's a lake") if where == "folder" else f"memory://{tmp_path.name}/lake"
    lake = Lake(address)
    lake.put("facts", 1, "0", [row()], {"next_offset": 1})
    lake.put("facts", 1, "0", [row(), row(offset=1, seq=2)], {"next_offset": 2})
    files, root = fsspec.core.url_to_fs(address)
    files.pipe_file(f"{root}/facts/partition=1/1.parquet.abc.part", b"half")

    found = ask(Lake(address), 'SELECT "offset", seq, "at"::VARCHAR AS at FROM facts ORDER BY ALL')

    assert found.names == ["offset", "seq", "at"]
    assert found.rows == [(0, None, "2026-03-02 01:00:00+00"), (1, 2, "2026-03-02 01:00:00+00")]
    assert (lake.marks("facts", 1), lake.tables()) == ({"0": {"next_offset": 2}}, ["facts"])


@pytest.mark.parametrize("where", ["folder", "memory"])
def test_a_mark_is_that_of_the_file_that_is_there_now(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when another has written it since; a file that nobody has touched is opened once."""
    address = str(tmp_path / "lake") if where == "folder" else f"memory://{tmp_path.name}/lake"
    mine, other = Lake(address), Lake(address)
    for name in ("20", "00"):
        other.put("facts", 1, name, [row()], {"next_offset": 20})
    before = mine.marks("facts", 1)
    opened: list[str] = []
    mark = Lake.mark

    def noting(lake: Lake, table: str, partition: int, name: str) -> Mark:
        opened.append(name)
        return mark(lake, table, partition, name)

    monkeypatch.setattr(Lake, "mark", noting)

    other.put("facts", 1, "00", [row()], {"next_offset": 7})

    assert before == {"00": {"next_offset": 20}, "20": {"next_offset": 20}}
    assert list(mine.marks("facts", 1).items()) == [("00", {"next_offset": 7}), ("20", {"next_offset": 20})]
    assert opened == ["00"]
    assert mine.marks("assignments", 1) == {}


class Log:
    """A partition of the log without Kafka, that ends at `end`; all other topics are empty."""

    def __init__(self, records: Sequence[Outgoing], orders: str) -> None:
        self._records, self._orders = records, orders
        self.end, self._position = 0, 0

    async def end_offsets(self, parts: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Where each ends."""
        return {part: self.end if part.topic == self._orders else 0 for part in parts}

    def assign(self, parts: Sequence[TopicPartition]) -> None:
        """Nothing to do: it is the one partition."""

    def seek(self, part: TopicPartition, offset: int) -> None:
        """Where to read next."""
        self._position = offset

    async def read(
        self, _: object, ends: Mapping[TopicPartition, int]
    ) -> AsyncIterator[tuple[TopicPartition, list[SimpleNamespace]]]:
        """The records from there on."""
        [(part, end)] = ends.items()
        found = enumerate(self._records[self._position : end], self._position)
        yield part, [SimpleNamespace(offset=n, headers=out.headers, value=out.value) for n, out in found]


async def no_records() -> AsyncIterator[tuple[TopicPartition, list[SimpleNamespace]]]:
    """An empty topic."""
    nothing: list[tuple[TopicPartition, list[SimpleNamespace]]] = []
    for each in nothing:
        yield each


def log_of(sent: Sequence[Outgoing], monkeypatch: pytest.MonkeyPatch) -> Log:
    """What exports read instead of Kafka, in blocks of three."""
    log = Log(sent, Names(ONE_PARTITION.namespace).orders)
    monkeypatch.setattr(exporting, "BLOCK", 3)
    monkeypatch.setattr(exporting, "scanner", lambda _: None)
    monkeypatch.setattr(exporting, "started", lambda _: nullcontext(log))
    monkeypatch.setattr(exporting, "read_to", log.read)
    monkeypatch.setattr(exporting, "read_whole", lambda *_: no_records())
    return log


class Stalled(Lake):
    """A lake into which an export writes only later: it has read, and then stands still."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._held: list[tuple[Any, ...]] = []

    def put(self, *given: Any) -> None:
        """Keep it for later."""
        self._held.append(given)

    def go_on(self, table: str) -> None:
        """Write what was kept of a table."""
        for given in self._held:
            if given[0] == table:
                super().put(*given)


@pytest.mark.parametrize("last", ["assignments", "facts"])
@pytest.mark.parametrize("same", [True, False], ids=["the role that runs on", "another one"])
async def test_what_a_slow_export_has_cut_short_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str, same: bool
) -> None:
    """It had read the middle of a block and stood still, while another one filled that and went on: no row is left
    out, also when it was killed between its two files."""
    desk = with_the_grid()
    sent = [out for out in desk.sent if out.topic == "orders"]
    log = log_of(sent, monkeypatch)
    address = str(tmp_path)
    slow, other = Stalled(address), Lake(address)

    log.end = 2
    await export(ONE_PARTITION, desk.city, slow)
    log.end = 7
    await export(ONE_PARTITION, desk.city, other)
    for table in ("assignments", "facts"):
        slow.go_on(table)
        if table == last:
            break
    healing = other if same else Lake(address)
    done = await export(ONE_PARTITION, desk.city, healing)

    assert done.records == 7
    assert [each[0] for each in ask(healing, 'SELECT "offset" FROM facts ORDER BY 1').rows] == list(range(7))
    expected = [n for n, fact in enumerate(facts_of(sent)[:7]) if isinstance(fact, Assigned | Forwarded)]
    assert [each[0] for each in ask(healing, 'SELECT "offset" FROM assignments ORDER BY 1').rows] == expected
    assert await export(ONE_PARTITION, desk.city, healing) == (0, 0)


async def test_a_lake_of_other_columns_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the first export of another version, though nothing is new."""
    desk = with_the_grid()
    sent = [out for out in desk.sent if out.topic == "orders"]
    log, lake = log_of(sent, monkeypatch), Lake(str(tmp_path))
    log.end = 7
    await export(ONE_PARTITION, desk.city, lake)
    assert await export(ONE_PARTITION, desk.city, lake) == (0, 0)

    monkeypatch.setattr(exporting, "VERSION", VERSION + 1)

    assert await export(ONE_PARTITION, desk.city, lake) == (7, 8)
    assert await export(ONE_PARTITION, desk.city, lake) == (0, 0)


def test_every_turn_of_a_department_is_an_assignment_of_the_lake() -> None:
    """Dispatched once and handed down three times: as many as the figures of the departments say together."""
    desk = with_the_grid()
    log = enumerate(facts_of(desk.sent))

    rows = [each for n, fact in log for each in assignment_rows(0, n, fact, desk.city.zone)]

    assert [(each["above"], each["department"], each["attempt"]) for each in rows] == [
        (None, "roads", 1),
        ("roads", "roads-street", 2),
        ("roads-street", "roads-community", 3),
        ("roads-community", "roads-grid", 4),
    ]
    assert [each["category"] for each in rows] == ["pothole", None, None, None]
    assert all(each["accept_by"] for each in rows)
    counted = figures(desk)
    assert Counter(each["department"] for each in rows) == {name: row["assigned"] for name, row in counted.items()}
    assert arrow("assignments", rows, {}).num_rows == len(rows)


def test_a_row_of_an_order_names_its_joint_order_and_its_asset() -> None:
    """Null where there is none."""
    desk = with_the_grid()
    plain = desk.only()
    part = replace(plain, part_of="o-1", asset=AssetRef("lamp-7", "lamp"))

    rows = [order_row(0, order) for order in (plain, part)]

    assert [(each["part_of"], each["asset"]) for each in rows] == [(None, None), ("o-1", "lamp-7")]
    assert arrow("orders", rows, {}).num_rows == 2


def test_a_query_that_cannot_be_answered_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """Also where nothing was exported yet."""
    with pytest.raises(UsageError, match="cannot be answered"):
        ask(Lake(str(tmp_path / "nothing")), "SELECT * FROM facts")


def test_a_file_that_is_no_parquet_is_named_in_the_refusal(tmp_path: Path) -> None:
    """Somebody has put it there; a sentence says which, and no traceback."""
    lake = Lake(str(tmp_path))
    lake.put("facts", 1, "0", [row()], {"next_offset": 1})
    (tmp_path / "facts" / "partition=1" / "0.parquet").write_bytes(b"not at all")

    with pytest.raises(UsageError, match=r"facts/partition=1/0\.parquet"):
        ask(lake, "SELECT 1 FROM facts")


def test_an_address_of_no_known_kind_is_refused() -> None:
    """Before anything is read."""
    with pytest.raises(UsageError, match="address"):
        Lake("nowhere://here")


def test_no_cell_is_a_formula_and_numbers_stay_numbers() -> None:
    """What a spreadsheet would calculate gets an apostrophe, in the header as well, also in full-width signs. A dash
    alone is the key of what has no department: no formula, and what other tables are joined by."""
    file = io.StringIO()
    cells = ["=1+1", "+86", "-x", "@me", "\t=1", "＝1", "plain", "a=b", "-", -1, None, 0.5]

    write_safe_csv([f"=n{n}" for n in range(len(cells))], [cells], file)

    header, line = csv.reader(io.StringIO(file.getvalue()))
    assert header[0] == "'=n0"
    assert line == ["'=1+1", "'+86", "'-x", "'@me", "'\t=1", "'＝1", "plain", "a=b", "-", "-1", "", "0.5"]


@pytest.mark.parametrize("live", [False, True], ids=["exported", "live"])
def test_indicators_of_any_days_are_those_of_status(
    tianmen: list[Order], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, live: bool
) -> None:
    """Of the city, each department, category and area: counts, stocks at the end of the days, rates, means. What is to
    come stands beside what counts."""
    counts = INDICATORS["closure_rate"].version
    changed = replace(INDICATORS["closure_rate"], bottom=("opened",), version=counts + 1)
    monkeypatch.setattr(querying, "COMING", (changed,))
    booked, lake = book(tianmen), Lake(str(tmp_path))
    rows = list(figure_rows(dict(booked)))
    lake.put("figures", 0, "now", rows, {})
    tables, prefix = ({"figures": arrow("figures", rows, {})}, "live_") if live else (None, "")

    for first, last in ((20161201, 20161231), (20161205, 20161207), (0, 20161210)):
        asked = f"SELECT dimension, key, indicator, version, value FROM {prefix}indicators({first}, {last})"
        found = {tuple(each[:4]): each[4] for each in ask(lake, asked, tables).rows}
        sums = totals(booked, Window(last, first))
        sums = {where: each for where, each in sums.items() if where[0] != "actor"} | {("city", ""): city(sums)}
        expected: dict[tuple[object, ...], object] = {}
        for (dimension, key), each in sums.items():
            for name, value in indicators(each).items():
                told = value["mean"] if isinstance(value, dict) else value
                expected[dimension, key, name, INDICATORS[name].version] = told
        differing = [
            name
            for name, value in found.items()
            if name[3] == counts or name[2] != "closure_rate"
            if value != pytest.approx(expected[name], abs=0.001)
        ]
        left_out = [name for name in expected.keys() - found.keys() if expected[name]]
        assert (differing, left_out) == ([], [])
        closed, opened = (expected["city", "", name, 1] for name in ("closed", "opened"))
        assert isinstance(closed, int)
        assert isinstance(opened, int)
        assert found["city", "", "closure_rate", counts + 1] == pytest.approx(closed / opened)


def test_every_column_has_a_meaning_and_none_holds_words_of_people() -> None:
    """Words can be erased, and a copy of them could not."""
    page = lake_tables()

    assert all(f"`{column.name}`" in page and column.meaning for table in TABLES.values() for column in table)
    names = {column.name for table in TABLES.values() for column in table}
    assert names.isdisjoint(
        {"title", "text", "address", "note", "sentence", "reporter", "reporters", "actor", "actor_id"}
    )


def test_what_finds_no_room_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt left as much as there was room for, under a name of its own: the disk stayed full."""
    lake = Lake(str(tmp_path))

    def half(path: str, value: bytes) -> None:
        Path(path).write_bytes(value[: len(value) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lake.files, "pipe_file", half)

    with pytest.raises(OSError, match=r"now\.parquet"):
        lake.put("orders", 0, "now", [], {})
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
