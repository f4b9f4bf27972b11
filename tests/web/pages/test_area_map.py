"""The map of the areas: each of them, in a shape that is its own, and light enough for a browser."""

from dataclasses import replace

import shapely
from shapely.geometry import shape

from models.city import City
from streams.gateway.routes.area_map import outlines
from tests.web.conftest import Open


async def test_the_map_has_each_area_that_orders_are_counted_by(gateway: Open, city: City) -> None:
    """With both of its names, as GeoJSON."""
    async with gateway() as client:
        told = (await client.get("/areas")).json()

    units = {unit.id: (unit.name_zh, unit.name_en) for unit in city.areas.at_level(city.merge_level)}
    assert told["type"] == "FeatureCollection"
    names = {each["id"]: (each["properties"]["name_zh"], each["properties"]["name_en"]) for each in told["features"]}
    assert names == units


async def test_a_simplified_area_is_where_it_was_and_neighbours_keep_their_border(gateway: Open, city: City) -> None:
    """It covers the same ground to within a hundredth, has fewer corners, and no two areas overlap."""
    async with gateway() as client:
        drawn = {each["id"]: shape(each["geometry"]) for each in (await client.get("/areas")).json()["features"]}

    exact = {area: city.areas.shape(area) for area in drawn}
    assert [area for area in drawn if drawn[area].symmetric_difference(exact[area]).area > exact[area].area / 100] == []
    corners = [sum(map(shapely.get_num_coordinates, shapes.values())) for shapes in (drawn, exact)]
    assert corners[0] < corners[1]
    assert shapely.coverage_is_valid(list(drawn.values()))


async def test_a_street_map_lies_under_the_areas_only_where_the_city_has_one(gateway: Open, city: City) -> None:
    """Its address and whose it is, for the page; the demo city has none."""
    url, owner = "https://tiles.example.org/{z}/{x}/{y}.png", "© whoever drew it"
    with_tiles = city.settings.model_copy(update={"tiles_url": url, "tiles_attribution": owner})

    async with gateway() as client:
        told = (await client.get("/areas")).json()

    assert told["tiles"] is None
    assert outlines(replace(city, settings=with_tiles))["tiles"] == {"url": url, "attribution": owner}


async def test_the_larger_areas_are_named_beside_the_shapes(gateway: Open, city: City) -> None:
    """Forms offer them: what is asked of a district is asked of all of its towns."""
    async with gateway() as client:
        told = (await client.get("/areas")).json()

    levels = {each["id"]: each["level"] for each in told["above"]}
    assert (levels["yunhe"], levels["yunxi"]) == ("city", "district")
    assert levels.keys() | {each["id"] for each in told["features"]} == {area.id for area in city.areas}
