"""The lake without Kafka: its files, what is asked of them, and what comes out as CSV."""

import csv
import io
from pathlib import Path

import fsspec
import pytest
from msgspec.structs import replace

from dispatcher.figures.indicators import INDICATORS, Window, city, indicators, totals
from dispatcher.order.row import Order
from models.errors import UsageError
from streams.documents.lake_tables import lake_tables
from streams.lake import querying
from streams.lake.lake_columns import TABLES
from streams.lake.parquet import Lake, arrow
from streams.lake.querying import ask
from streams.lake.rows import figure_rows
from streams.terminal.safe_csv import write_safe_csv
from tests.support.desks import T0
from tests.unit.test_indicators import book, tianmen

__all__ = ["tianmen"]


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
    assert (lake.names("facts", 1), lake.mark("facts", 1, "0"), lake.tables()) == (["0"], {"next_offset": 2}, ["facts"])


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
    """What a spreadsheet would calculate gets an apostrophe, in the header as well, also in full-width signs."""
    file = io.StringIO()
    cells = ["=1+1", "+86", "-x", "@me", "\t=1", "＝1", "plain", "a=b", -1, None, 0.5]

    write_safe_csv([f"=n{n}" for n in range(len(cells))], [cells], file)

    header, line = csv.reader(io.StringIO(file.getvalue()))
    assert header[0] == "'=n0"
    assert line == ["'=1+1", "'+86", "'-x", "'@me", "'\t=1", "'＝1", "plain", "a=b", "-1", "", "0.5"]


@pytest.mark.parametrize("live", [False, True], ids=["exported", "live"])
def test_indicators_of_any_days_are_those_of_status(
    tianmen: list[Order], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, live: bool
) -> None:
    """Of the city, each department, category and area: counts, stocks at the end of the days, rates, means. What is to
    come stands beside what counts."""
    changed = replace(INDICATORS["closure_rate"], bottom=("opened",), version=2)
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
            if name[3] == 1 or name[2] != "closure_rate"
            if value != pytest.approx(expected[name], abs=0.001)
        ]
        left_out = [name for name in expected.keys() - found.keys() if expected[name]]
        assert (differing, left_out) == ([], [])
        closed, opened = (expected["city", "", name, 1] for name in ("closed", "opened"))
        assert isinstance(closed, int)
        assert isinstance(opened, int)
        assert found["city", "", "closure_rate", 2] == pytest.approx(closed / opened)


def test_every_column_has_a_meaning_and_none_holds_words_of_people() -> None:
    """Words can be erased, and a copy of them could not."""
    page = lake_tables()

    assert all(f"`{column.name}`" in page and column.meaning for table in TABLES.values() for column in table)
    names = {column.name for table in TABLES.values() for column in table}
    assert names.isdisjoint(
        {"title", "text", "address", "note", "sentence", "reporter", "reporters", "actor", "actor_id"}
    )
