"""Areas: which one a point lies in, and what their file may not say."""

import json
import math
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from models.city import CityError
from models.city.areas import Area, Areas
from models.city.ground.grid import NOWHERE, Grid
from tests.support.cities import FILES, areas_geojson, feature, square, tiny_city

CITY = tiny_city()
SQUARES = [box(3 * x, 3 * y, 3 * x + 3, 3 * y + 3) for x in range(20) for y in range(20) if (x, y) != (10, 10)]
LATTICE = Grid(SQUARES)


def broken(change: Callable[[list[Any]], object]) -> tuple[str, ...]:
    """The mistakes of the tiny city after a change to its features, one feature a line."""
    document = json.loads(areas_geojson())
    change(document["features"])
    lines = ",\n".join(json.dumps(item) for item in document["features"])
    with pytest.raises(CityError) as caught:
        tiny_city({"areas.geojson": f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}'})
    return caught.value.problems


@pytest.mark.parametrize(
    ("lat", "lon", "area"),
    [
        (30.05, 114.05, "south-w"),
        (30.15, 114.15, "north-e"),
        (30.0, 114.0, "south-w"),
        (30.2, 114.2, "north-e"),
        (30.1, 114.1, "north-e"),
        (30.05, 114.1, "south-e"),
        (29.999, 114.05, None),
        (30.05, 114.2001, None),
        (float("nan"), 114.05, None),
        (30.05, float("inf"), None),
    ],
)
def test_a_point_lies_in_its_town(lat: float, lon: float, area: str | None) -> None:
    """On a border the lowest id decides; outside there is none."""
    found = CITY.areas.locate(lat, lon)

    assert (found.id if found else None) == area


@given(
    st.lists(
        st.tuples(st.floats(29.95, 30.25, allow_nan=False), st.floats(113.95, 114.25, allow_nan=False)), max_size=20
    )
)
def test_many_points_are_located_like_single_ones(points: list[tuple[float, float]]) -> None:
    """`locate_many` is `locate`, point by point."""
    many = CITY.areas.locate_many([lat for lat, _ in points], [lon for _, lon in points])

    assert many == [CITY.areas.locate(lat, lon) for lat, lon in points]


def test_a_registry_of_points_is_located_like_single_ones() -> None:
    """On borders and corners, out of the city and nowhere at all too."""
    lats = [29.99 + step * 0.0025 for step in range(100)] + [30.05, 30.1, math.nan, math.inf, -91.0]
    lons = [113.99 + step * 0.0025 for step in range(100)] + [114.1, 114.1, math.nan, -math.inf, 361.0]
    points = [(lat, lon) for lat in lats for lon in lons]

    many = CITY.areas.locate_many([lat for lat, _ in points], [lon for _, lon in points])

    assert many == [CITY.areas.locate(lat, lon) for lat, lon in points]


@given(st.lists(st.tuples(st.integers(-1, 61), st.integers(-1, 61)), max_size=60))
def test_a_point_among_hundreds_of_areas_is_in_the_first_that_holds_it(thirds: list[tuple[int, int]]) -> None:
    """Corners, sides and insides of a lattice of squares of three by three, with a hole in its middle."""
    held = [shapely.intersects(SQUARES, shapely.Point(x, y)).tolist() for y, x in thirds]

    found = LATTICE.find([float(y) for y, _ in thirds], [float(x) for _, x in thirds])

    assert found == [LATTICE.find_one(y, x) for y, x in thirds]
    assert found == [each.index(True) if True in each else NOWHERE for each in held]


@given(st.floats(29.95, 30.25), st.floats(113.95, 114.25))
def test_the_raster_never_changes_the_answer(lat: float, lon: float) -> None:
    """The quick way agrees with plain geometry."""
    units = CITY.areas.at_level("town")
    plain = [unit.id for unit in units if CITY.areas.shape(unit.id).intersects(shapely.Point(lon, lat))]

    found = CITY.areas.locate(lat, lon)

    assert (found.id if found else None) == (plain[0] if plain else None)


@given(
    st.floats(29.95, 30.25),
    st.floats(113.95, 114.25),
    st.floats(0, 0.04),
    st.floats(0, 0.04),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8),
)
def test_a_box_that_an_area_surely_holds_has_no_point_in_another(
    south: float, west: float, height: float, width: float, inside: list[tuple[float, float]]
) -> None:
    """Whoever asks the raster alone need not look closely: corners, sides and whatever lies between are that area's."""
    north, east = south + height, west + width
    places = [(south, west), (north, east), (north, west), (south, east)]
    places += [(min(south + up * height, north), min(west + right * width, east)) for up, right in inside]

    there = {found.id if found else None for found in CITY.areas.locate_many(*zip(*places, strict=True))}

    for area in CITY.areas.at_level("town"):
        assert not CITY.areas.holds_all(area.id, south, west, north, east) or there == {area.id}


@pytest.mark.parametrize(
    ("south", "west", "size", "held"),
    [
        (30.04, 114.04, 0.01, True),
        (30.04, 114.095, 0.01, False),
        (30.095, 114.04, 0.01, False),
        (29.99, 114, 0.02, False),
    ],
    ids=["amid", "to the east", "to the north", "out of the city"],
)
def test_a_box_far_from_any_border_is_surely_held(south: float, west: float, size: float, held: bool) -> None:
    """It is no other area's; one that reaches over a border, or out of the city, is nobody's."""
    areas = CITY.areas

    assert areas.holds_all("south-w", south, west, south + size, west + size) is held
    assert not areas.holds_all("south-e", south, west, south + size, west + size)


def test_ancestors_run_from_the_smallest_to_the_city() -> None:
    """An area is its own first ancestor; an unknown one has none."""
    assert CITY.areas.ancestors("north-e") == ("north-e", "north", "tiny")
    assert CITY.areas.ancestors("tiny") == ("tiny",)
    assert CITY.areas.ancestors("moon") == ()


def test_the_areas_of_a_level_come_by_id() -> None:
    """The order does not depend on the file."""
    assert [area.id for area in CITY.areas.at_level("town")] == ["north-e", "north-w", "south-e", "south-w"]
    assert CITY.areas.at_level("grid") == ()


def test_the_line_of_a_feature_is_named() -> None:
    """A mistake in a feature names the line on which it stands."""
    found = broken(lambda features: features[3]["properties"].update(level="village"))

    assert found[0].startswith("areas.geojson:5: level: 'village' is not a level of city.toml (city, district, town)")


@pytest.mark.parametrize("spaces", [(", ", ": "), (",", ":")])
def test_the_line_of_a_feature_without_an_id_is_counted(spaces: tuple[str, str]) -> None:
    """However it is written; one with an id is found by that wherever it stands."""
    features = json.loads(areas_geojson())["features"]
    del features[2]["properties"]["id"]
    features[4]["properties"]["level"] = "village"
    lines = ",\n".join(json.dumps(each, separators=spaces) for each in features)

    with pytest.raises(CityError) as caught:
        tiny_city({"areas.geojson": f'{{"type": "FeatureCollection", "features": [\n\n{lines}\n]}}'})

    told = [each for each in caught.value.problems if each.startswith(("areas.geojson:5:", "areas.geojson:7:"))]
    assert [each.split(": ")[1] for each in told] == ["properties.id", "level"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda f: f[6].update(geometry={"type": "Point", "coordinates": [114, 30]}), "areas.geojson:8: geometry: "),
        (lambda f: f[6]["properties"].update(id="南"), "areas.geojson:8: properties.id: '南' is not a code"),
        (lambda f: f[6]["properties"].update(id="south-w"), "areas.geojson:5: id: south-w appears twice"),
        (lambda f: f[6]["properties"].update(id="unlocated"), "areas.geojson:8: id: unlocated is reserved"),
        (lambda f: f[6]["properties"].update(parent="moon"), "areas.geojson:8: parent: 'moon' is not an area"),
        (lambda f: f[6]["properties"].update(parent="tiny"), "areas.geojson:8: parent: tiny is a city, expected a"),
        (
            lambda f: f[6]["properties"].update(parent="south"),
            "areas.geojson:8: geometry: north-e reaches beyond south by 106,9",
        ),
        (
            lambda f: f[6]["properties"].update(name_zh=" ", name_en=None),
            "areas.geojson:8: properties.name_zh: is missing",
        ),
        (lambda f: f[6]["properties"].update(level=None), "areas.geojson:8: properties.level: is missing"),
        (
            lambda f: f[6].update(geometry={"type": "Polygon", "coordinates": square(114.09, 30.1)}),
            "areas.geojson:8: geometry: north-w and north-e overlap by 10,691,601 m² at 30.15000, 114.09500",
        ),
        (
            lambda f: f[6].update(
                geometry={"type": "Polygon", "coordinates": [[[114, 30], [115, 31], [115, 30], [114, 31], [114, 30]]]}
            ),
            "areas.geojson:8: geometry: the polygon is not valid: Self-intersection",
        ),
        (
            lambda f: f[6].update(
                geometry={"type": "Polygon", "coordinates": [[[30, 114], [31, 114], [31, 115], [30, 114]]]}
            ),
            "areas.geojson:8: geometry: a position is [longitude, latitude]",
        ),
        (
            lambda f: f[6].update(geometry={"type": "Polygon", "coordinates": [[[114, 30], [115, 31], [115, 30]]]}),
            "areas.geojson:8: geometry: a ring needs four positions or more",
        ),
        (lambda f: f.append(3), "areas.geojson:1: 3: must be an object"),
    ],
)
def test_a_broken_area_is_named(change: Callable[[list[Any]], object], problem: str) -> None:
    """Polygons are valid, nested and apart, and every id stands once."""
    found = broken(change)

    assert any(problem.split(": ", 1)[1] in text for text in found), found
    assert any(text.startswith(problem) for text in found), found


@pytest.mark.parametrize(
    ("geometry", "problem"),
    [
        (None, "an area is a Polygon or a MultiPolygon, this is none"),
        (
            {"type": "LineString", "coordinates": [[114, 30]] * 500},
            "an area is a Polygon or a MultiPolygon, this is 'L",
        ),
        ({"type": "Polygon", "coordinates": [[["a", "b"]] * 500]}, "'a': must be a number"),
        ({"type": "Polygon", "coordinates": [[[[114, 30]] * 500] * 3]}, "[114, 30]: must be a number"),
        ({"type": "Polygon", "coordinates": {"rings": [114] * 500}}, "{'rings': [114, 114"),
    ],
)
def test_a_geometry_that_is_none_is_said_once_and_shortly(geometry: object, problem: str) -> None:
    """Neither are its hundreds of positions told, nor is each a mistake of its own."""
    (told,) = broken(lambda features: features[6].update(geometry=geometry))

    assert told.startswith("areas.geojson:8: geometry")
    assert problem in told
    assert len(told) < 240


def test_what_is_missing_because_of_another_mistake_is_not_told() -> None:
    """Of a file none of whose towns can be read nobody hears that it has none."""

    def unnamed(features: list[Any]) -> None:
        for each in features:
            if each["properties"]["level"] == "town":
                each["properties"] |= {"name_zh": None, "name_en": None}

    assert {problem.split(": ")[1] for problem in broken(unnamed)} == {"properties.name_zh", "properties.name_en"}


def test_positions_of_a_survey_are_told_to_be_exported_in_degrees() -> None:
    """Metres of a national grid, with and without the name of it."""
    ring = [[500_000.0, 3_300_000.0], [510_000.0, 3_300_000.0], [510_000.0, 3_310_000.0], [500_000.0, 3_300_000.0]]
    document = json.loads(areas_geojson())
    for each in document["features"]:
        each["geometry"] = {"type": "Polygon", "coordinates": [ring]}

    told = broken(lambda features: features[6].update(geometry={"type": "Polygon", "coordinates": [ring]}))
    with pytest.raises(CityError) as caught:
        tiny_city({"areas.geojson": json.dumps(document | {"crs": named("urn:ogc:def:crs:EPSG::4547")})})

    wanted = "export the layer in WGS 84 (EPSG:4326)"
    assert told[-1] == f"areas.geojson:8: geometry: the positions are no degrees; {wanted}"
    (problem,) = caught.value.problems
    assert problem == f"areas.geojson:1: crs: the positions are those of urn:ogc:def:crs:EPSG::4547; {wanted}"


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4490"])
def test_names_of_degrees_are_taken(name: str) -> None:
    """What map editors write beside the features; CGCS2000 lies within a metre of WGS 84."""
    document = json.loads(areas_geojson()) | {"crs": named(name)}

    assert len(tiny_city({"areas.geojson": json.dumps(document)}).areas) == len(CITY.areas)


def named(name: str) -> dict[str, object]:
    """A coordinate system as programs write it beside features."""
    return {"type": "name", "properties": {"name": name}}


def test_properties_are_read_as_map_editors_write_them() -> None:
    """Names in capitals, more of them than are asked for, codes as numbers, a name in one language alone."""
    document = json.loads(areas_geojson())
    for number, each in enumerate(document["features"]):
        own = {name.upper(): value for name, value in each["properties"].items()}
        each["properties"] = own | {"OBJECTID": number, "Shape_Area": 1.5, "NAME_EN": None}
    text = json.dumps(document).replace('"north"', "3702.0").replace('"south"', "3703")
    others = dict.fromkeys(("places.csv", "cameras.csv"))
    rows = FILES["responsibility.csv"].replace(",north,", ",3702,").replace(",south,", ",3703,")

    areas = tiny_city({"areas.geojson": text, "responsibility.csv": rows, **others}).areas

    assert areas.ancestors("north-e") == ("north-e", "3702", "tiny")
    north = areas.get("north-e")
    assert north is not None
    assert (north.name_zh, north.name_en) == ("北东镇", "北东镇")


@pytest.mark.parametrize("index", range(7))
def test_an_area_without_a_shape_is_one_mistake(index: int) -> None:
    """What lies in it or refers to it is not held against anybody else."""
    (problem,) = broken(lambda features: features[index].update(geometry={"type": "Polygon", "coordinates": [[]]}))

    assert problem.startswith(f"areas.geojson:{index + 2}: geometry: a ring needs four positions")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"features":\n oops}', "areas.geojson:2: the file is not JSON"),
        (f'{{"features": [{"9" * 5000}]}}', "areas.geojson:1: the file is not JSON"),
        ("[]", "areas.geojson:1: features: the file is not a GeoJSON FeatureCollection"),
        ('{"features": []}', "areas.geojson:1: features: the file is not a GeoJSON FeatureCollection with areas"),
    ],
)
def test_a_file_that_is_no_collection_is_refused(text: str, problem: str) -> None:
    """Anything but a FeatureCollection says so."""
    with pytest.raises(CityError) as caught:
        tiny_city({"areas.geojson": text})

    assert any(found.startswith(problem) for found in caught.value.problems)


def test_an_area_may_be_of_several_parts() -> None:
    """An island belongs to its town."""
    document = json.loads(areas_geojson())
    isle = feature("isle", "town", "north", "岛", "Isle", [])
    document["features"] = [f for f in document["features"] if f["properties"]["id"] not in ("north-e", "north-w")]
    isle["geometry"] = {"type": "MultiPolygon", "coordinates": [square(114.0, 30.1, 0.05), square(114.1, 30.1, 0.05)]}  # type: ignore[index]
    document["features"].append(isle)
    quiet = {"places.csv": None, "cameras.csv": None}

    city = tiny_city({"areas.geojson": json.dumps(document), **quiet})

    assert [a.id if a else None for a in city.areas.locate_many([30.12, 30.12, 30.12], [114.02, 114.12, 114.07])] == [
        "isle",
        "isle",
        None,
    ]


def test_a_city_may_be_a_single_area() -> None:
    """A small place needs no districts, and most of its tables may be empty."""
    whole = feature("village", "city", "", "村", "Village", square(10.0, 50.0))
    head = """id = "village"
name_zh = "村"
name_en = "Village"
zone = "Europe/Berlin"
levels = ["city"]
merge_level = "city"
"""
    empty = dict.fromkeys(("places.csv", "cameras.csv", "silences.csv", "rules.toml", "inhibitions.csv", "labels.csv"))

    city = tiny_city(
        {
            "city.toml": head,
            "areas.geojson": json.dumps({"type": "FeatureCollection", "features": [whole]}),
            "responsibility.csv": "category,lead\n",
            "limits.csv": "category,stage,amount,unit\n",
            **empty,
        }
    )

    found = city.areas.locate(50.05, 10.05)
    assert found is not None
    assert city.areas.ancestors(found.id) == ("village",)
    assert city.responsible("pothole", "village", date(2026, 1, 1)) is None


def test_both_names_of_the_antimeridian_find_the_area_beside_it() -> None:
    """180 and -180 degrees are the same line, on whichever side of it the polygon was drawn."""
    areas = Areas([Area("w", "w", "w", "town", "", 0, 0)], {"w": shapely.box(-180, -17, -179, -16)}, "town")

    found = areas.locate_many((-16.5, -16.5, -16.5), (-180.0, 180.0, 179.5))

    assert [area and area.id for area in found] == ["w", "w", None]
