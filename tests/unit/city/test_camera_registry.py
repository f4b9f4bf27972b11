"""What a row of cameras.csv may say beside where a camera stands: the ground that it sees, and its algorithms."""

from functools import partial

import msgspec
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from models.city import City, CityError
from models.city.pack.camera_registry import FILE, inside
from models.city.pack.difference import differences
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from streams.intake.meanings import Unlisted
from streams.intake.unlisted import UnlistedCount, summed
from tests.support.cities import tiny_city
from tests.support.messages import NOW, detection

KEYS = Keys(b"k")
HEAD = "id,lat,lon,area,name,owner,view,algorithms"
SQUARE = "30.04 114.04|30.06 114.04|30.06 114.06|30.04 114.06"
SEEN = f"cam-sw-1,,,south-w,梧桐路1号,police,{SQUARE},Helmet|smoke"


def city_with(*rows: str, head: str = HEAD) -> City:
    """The tiny city with these cameras."""
    return tiny_city({FILE: "\n".join([head, *rows]) + "\n"})


def test_a_camera_of_which_only_the_view_is_known_stands_in_the_middle_of_that() -> None:
    """Coordinates of its own go before; of an area like a horseshoe it is a point of the area."""
    horseshoe = (
        "30.04 114.04|30.06 114.04|30.06 114.06|30.05 114.06|30.05 114.045|30.045 114.045|30.045 114.06|30.04 114.06"
    )
    city = city_with(
        SEEN,
        f"cam-sw-2,30.02,114.02,south-w,中山路口,police,{SQUARE},",
        f"cam-sw-3,,,south-w,河边,police,{horseshoe},",
    )

    first, second, third = city.cameras.values()
    assert (first.lat, first.lon, first.area) == (30.05, 114.05, "south-w")
    assert (second.lat, second.lon) == (30.02, 114.02)
    assert 30.04 < third.lat < 30.06
    assert 114.04 < third.lon < 114.06


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), min_size=3, max_size=6))
def test_the_point_of_a_view_lies_in_it(corners: list[tuple[int, int]]) -> None:
    """Of whatever is an area, whichever way round its corners are told; what is none has no point."""
    view = tuple((30 + lat / 1000, 114 + lon / 1000) for lat, lon in corners)
    ground = shapely.Polygon([(lon, lat) for lat, lon in view])

    point = inside(view)

    if point is None:
        assert not ground.is_valid or not ground.area
    else:
        assert ground.buffer(2e-6).contains(shapely.Point(point[1], point[0]))


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("c,,,south-w,甲,police,,", "lat: lat and lon, or a view, must say where it is"),
        (f"c,30.05,,south-w,甲,police,{SQUARE},", "lat: lat and lon are given together or not at all"),
        ("c,,,south-w,甲,police,30.04 114.04|30.06 114.06,", "view: an area has three corners at least"),
        ("c,,,south-w,甲,police,30.04 114.04|30.06|30 114,", "view: '30.06' is no corner"),
        ("c,,,south-w,甲,police,114.04 30.04|114.06 30.04|114.06 30.06,", "view: 114.04 30.04 is no place"),
        ("c,,,south-w,甲,police,30.04 114.04|30.06 114.06|30.04 114.06|30.06 114.04,", "view: is no area"),
    ],
)
def test_a_camera_without_a_place_or_with_a_broken_view_is_a_mistake_of_the_pack(row: str, field: str) -> None:
    """With its line and field."""
    with pytest.raises(CityError) as caught:
        city_with(row)

    assert any(line.startswith(f"cameras.csv:2: {field}") for line in str(caught.value).splitlines())


def test_a_file_is_read_alike_whatever_stands_above_its_header() -> None:
    """A comment, or the mark of a spreadsheet; so is one that has to be read row by row."""
    plain = city_with(SEEN)
    commented = tiny_city({FILE: f"# the registry of May\n{HEAD}\n{SEEN}\n"})

    (one,), (other,) = plain.cameras.values(), commented.cameras.values()
    assert msgspec.structs.replace(one, row=3) == other
    assert plain.camera_algorithms == commented.camera_algorithms == {"cam-sw-1": {"helmet", "smoke"}}


def test_what_an_algorithm_says_that_its_cameras_row_does_not_list_is_taken_and_counted() -> None:
    """Upper and lower case are the same; a message that names none does not count, nor a row that lists none."""
    city = city_with(SEEN, "cam-sw-2,30.02,114.02,south-w,中山路口,police,,")
    said = partial(detection, label="pothole")
    records = [
        said("cam-sw-1", algorithm="HELMET"),
        said("cam-sw-1", algorithm="crowd"),
        said("cam-sw-1"),
        said("cam-sw-2", algorithm="crowd"),
    ]

    taken = take_in(records, city, None, NOW, KEYS)

    assert sum(map(len, taken.items.values())) == 4
    assert taken.unlisted == {Unlisted(algorithm="crowd", camera="cam-sw-1"): 1}


def test_who_keeps_the_registry_is_shown_algorithms_until_their_rows_list_them() -> None:
    """Beside cameras that have no row at all."""
    count = UnlistedCount(camera="cam-sw-1", algorithm="crowd", count=2, first="a", last="b")
    rows = [msgspec.json.encode(count), msgspec.json.encode(msgspec.structs.replace(count, camera="new", algorithm=""))]

    shown = summed(rows, city_with(SEEN))
    listed = summed(rows, city_with(SEEN + "|crowd"))

    assert [(each.camera, each.algorithm) for each in shown] == [("cam-sw-1", "crowd"), ("new", "")]
    assert [(each.camera, each.algorithm) for each in listed] == [("new", "")]


def test_another_algorithm_is_a_difference_between_packs() -> None:
    """Whoever publishes the next pack sees it."""
    found = differences(city_with(SEEN), city_with(SEEN + "|crowd"))

    assert "cam-sw-1" in str(found)
