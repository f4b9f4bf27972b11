"""A large table that is read column by column is read as it is row by row, or not at all."""

import csv
import io
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.city.files.csv_table import read_table
from models.city.files.errors import Problems
from models.city.files.plain_table import read_plain
from models.city.ground.assets import Asset, AssetRow
from models.city.pack.camera_registry import SeeingCameraRow
from models.city.places import Place, PlaceRow
from models.city.values import Camera, CameraRow, Department

COLUMNS = {
    AssetRow: ("id", "kind", "lat", "lon", "area", "name", "owner"),
    CameraRow: ("id", "lat", "lon", "area", "name", "owner"),
    SeeingCameraRow: ("id", "lat", "area", "name", "owner", "heartbeat_minutes", "view", "algorithms"),
    PlaceRow: ("name_zh", "name_en", "aliases", "kind", "area", "lat", "lon"),
}


class Seeing(NamedTuple):
    """A row of a camera with all of its columns."""

    row: int
    id: str
    lat: float | None
    lon: float | None
    area: str
    name: str
    owner: str
    heartbeat_minutes: float | None
    link: str
    view: tuple[tuple[float, float], ...]
    algorithms: tuple[str, ...]


MADE: dict[Any, Any] = {AssetRow: Asset, CameraRow: Camera, SeeingCameraRow: Seeing, PlaceRow: Place}
_ODD = ["", " x ", "\u3000y", "# note", "a\u200b", "a\u200db", "\ufeffx", "x\ufffd", "a\x0bb", "a\tb", "a\nb"]
_TEXTS = [
    "c-1",
    "梧桐路",
    "a|b",
    "a｜b|a",
    "1E5",
    "3e4",
    "cam1E5",
    "2026-05-01",
    "5月1日",
    "Ａ",
    "ﬁ",
    "4²",
    "①",
    "#REF!",
    "a,b",
    'a"b',
    "a;b",
    "road",
    "area",
]
_NUMBERS = [
    "30.05",
    "-7",
    "+1.5",
    ".5",
    "5.",
    "90",
    "91",
    "180",
    "181",
    "1_0",
    "1e1",
    "inf",
    "nan",
    "３０",
    "-",
    "1-2",
    "0",
]
TEXTS = st.sampled_from([*_TEXTS, *_ODD])
NUMBERS = st.sampled_from([*_NUMBERS, " 7 ", ""])
CODES = st.sampled_from(["south-w", "police", "A", "a--b", "-", "", " roads ", "ａ"])
VIEWS = st.sampled_from(
    ["1 2|3 4|5 6", "1 2｜3 4｜ 5  6|", "1 2|3 4", "1 2|3|4 5", "1 2|3 4|5 600", "1e1 2|3 4|5 6", ""]
)
CELLS = {"view": VIEWS, "lat": NUMBERS, "lon": NUMBERS, "area": CODES, "owner": CODES}
GOOD = {"id": "c-1", "lat": "30.05", "lon": "114", "area": "a", "owner": "b", "kind": "road", "view": "1 2|3 4|5 6"}
GOOD |= {"heartbeat_minutes": "60"}


@st.composite
def tables(draw: st.DrawFn) -> tuple[Any, str]:
    """A type of rows, and a file of it: mostly good, with a few odd cells, as some spreadsheet writes it."""
    row_type = draw(st.sampled_from(list(COLUMNS)))
    names = draw(st.permutations(COLUMNS[row_type]))
    names = names[: draw(st.integers(len(names) - 1, len(names)))]
    rows = [[GOOD.get(name, "甲") for name in names] for _ in range(draw(st.integers(0, 4)))]
    for row in rows:
        for at in draw(st.lists(st.integers(0, len(names) - 1), max_size=2)):
            row[at] = draw(CELLS.get(names[at], TEXTS))
    out = io.StringIO(newline="")
    delimiter, ending = draw(st.sampled_from(",;\t")), draw(st.sampled_from(["\n", "\r\n"]))
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending)
    for row in [list(names), *rows]:
        writer.writerow([*row, *draw(st.sampled_from([[], [], [], [""], ["x"]]))])
        out.write(draw(st.sampled_from(["", "", "", ending, f"{delimiter}{delimiter}{ending}"])))
    return row_type, out.getvalue()


@given(tables())
@example((CameraRow, "id,lat,lon,area,name,owner\nc-1,30.05,114,a,甲,b\n\nc-2,1,2,a,,b"))
@example((PlaceRow, "area,name_zh,lat\na,梧桐路,\nb,,7\n"))
@example((CameraRow, ""))
def test_a_plain_table_says_the_same_or_nothing(table: tuple[Any, str]) -> None:
    """Each row with its line; and no table with a mistake is taken."""
    row_type, text = table
    problems = Problems()
    rows = read_table("t.csv", text.encode(), row_type, problems)

    found = read_plain(text, row_type, MADE[row_type])

    if found is not None:
        problems.raise_if_any()
        assert found == [MADE[row_type](**dict(row)) for row in rows]


@pytest.mark.parametrize("row_type", COLUMNS)
def test_a_good_table_is_read_quickly(row_type: Any) -> None:
    """Also with empty cells where the column has a default, and texts of any script."""
    names = COLUMNS[row_type]
    lines = [",".join(names), ",".join(GOOD.get(name, "甲路（东）") for name in names)]

    found = read_plain("\n".join(lines), row_type, MADE[row_type])

    assert found is not None
    assert [each.row for each in found] == [2]


def test_a_table_with_columns_of_other_kinds_is_left_to_its_types() -> None:
    """Departments have a level, which is a whole number within bounds."""
    assert read_plain("id,name_zh,name_en\na,b,c\n", Department, tuple) is None
