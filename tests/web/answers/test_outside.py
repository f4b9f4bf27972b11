"""What is out in the city, as the gateway tells it: cameras, mobile units, and whose alarms are false."""

from pathlib import Path

import pytest

from dispatcher.partition.state import UnitState
from models.city import City, load_city
from streams.gateway.outside import outside_view
from streams.settings import DEMO_CITY
from streams.tables.protocol import PartitionAlarms, PartitionOutside, Seer, ShardAlarms, ShardOutside
from tests.support.tokens import bearer, grant, tokens_file
from tests.web.answers.test_partial import workers
from tests.web.conftest import Open

T0 = 1_772_323_200_000


def _three(city: City) -> tuple[str, str, str]:
    """Two cameras of one area and one of another."""
    first = next(iter(city.cameras.values()))
    second = next(each for each in city.cameras.values() if each.area == first.area and each.id != first.id)
    other = next(each for each in city.cameras.values() if each.area != first.area)
    return first.id, second.id, other.id


async def test_each_camera_is_quiet_busy_or_silent(gateway: Open, city: City, tmp_path: Path) -> None:
    """By what the partitions say together; a silent one sees nothing, though what it saw is open. A token's area is all
    that it is told of, one beyond it is refused, and one that the city does not have."""
    one, two, other = _three(city)
    area = city.cameras[one].area
    beyond = city.cameras[other].area
    told = ShardOutside(
        {
            0: PartitionOutside(5, silent=(two,), busy={one: 2, two: 1}),
            1: PartitionOutside(5, silent=("gone",), busy={one: 1}),
        }
    )
    tokens = tokens_file(tmp_path / "t", grant("here", "inspector", area=area), grant("all", "operator"))

    async with (
        workers({"/outside": told}) as places,
        gateway(tables_workers=places, gateway_tokens_file=tokens) as client,
    ):
        own = await client.get("/cameras", headers=bearer("here"))
        asked = [await client.get(f"/cameras?area={each}", headers=bearer("here")) for each in (beyond, "nowhere")]
        whole = (await client.get("/cameras", headers=bearer("all"))).json()

    states = {each["id"]: (each["state"], each["orders"], each["location"]) for each in own.json()["cameras"]}
    here = [each for each in city.cameras.values() if each.area == area]
    assert states.keys() == {each.id for each in here}
    place = {each: {"lat": city.cameras[each].lat, "lon": city.cameras[each].lon} for each in (one, two)}
    assert (states[one], states[two]) == (("busy", 3, place[one]), ("silent", 0, place[two]))
    assert own.json()["counts"] == {"quiet": len(here) - 2, "busy": 1, "silent": 1}
    assert [each.status_code for each in asked] == [403, 422]
    assert whole["counts"] == {"quiet": len(city.cameras) - 2, "busy": 1, "silent": 1}
    assert own.json()["complete"] is False  # two of four partitions


async def test_many_cameras_are_told_as_cells(gateway: Open, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer has more of them than a map can show; the cells' sums are the counts."""
    monkeypatch.setattr(outside_view, "MOST_CAMERAS", 10)
    one, two, _ = _three(city)
    told = ShardOutside({0: PartitionOutside(5, silent=(two,), busy={one: 2})})

    async with workers({"/outside": told}) as places, gateway(tables_workers=places) as client:
        found = (await client.get("/cameras")).json()

    assert found["cameras"] == []
    cells = found["raster"]["cells"]
    sums = {state: sum(cell[state] for cell in cells) for state in ("quiet", "busy", "silent")}
    assert sums == found["counts"] == {"quiet": len(city.cameras) - 2, "busy": 1, "silent": 1}


async def test_a_cell_of_the_raster_is_asked_for_its_cameras(
    gateway: Open, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each camera is in one cell alone, and is told there one by one; of a box that is none it is said so."""
    monkeypatch.setattr(outside_view, "MOST_CAMERAS", 100)
    told = ShardOutside({0: PartitionOutside(5)})

    async with workers({"/outside": told}) as places, gateway(tables_workers=places) as client:
        raster = (await client.get("/cameras")).json()["raster"]
        asked = [
            await client.get(f"/cameras?within={cell['lat']},{cell['lon']},{north:.9f},{east:.9f}")
            for cell in raster["cells"]
            for north, east in [(cell["lat"] + raster["size"], cell["lon"] + raster["size"])]
        ]
        refused = await client.get("/cameras?within=1,2,3")

    found = [camera["id"] for answer in asked for camera in answer.json()["cameras"]]
    assert sorted(found) == sorted(city.cameras)
    assert refused.status_code == 422


async def test_where_nobody_answers_no_camera_is_called_quiet(gateway: Open) -> None:
    """What nobody was asked is not nothing."""
    async with gateway() as client:
        statuses = [(await client.get(each)).status_code for each in ("/cameras", "/units", "/false-alarms")]

    assert statuses == [503, 503, 503]


async def test_where_units_are_is_told_to_who_may_read_of_people(gateway: Open, tmp_path: Path) -> None:
    """As they reported last, whichever partition has heard it; one that the city does not have is left out."""
    city = load_city(DEMO_CITY)
    if not city.units.rows:
        pytest.skip("the demo city has no units")
    unit = city.units.rows[0].id
    new, old = UnitState(30.2, 114.2, T0 + 60_000, "busy", 1), UnitState(30.1, 114.1, T0, "free")
    told = ShardOutside(
        {0: PartitionOutside(5, units={unit: new}), 1: PartitionOutside(5, units={unit: old, "gone": old})}
    )
    tokens = tokens_file(
        tmp_path / "t", grant("duty", "duty-officer"), grant("roads", "department", department="roads")
    )

    async with (
        workers({"/outside": told}) as places,
        gateway(tables_workers=places, gateway_tokens_file=tokens) as client,
    ):
        found = (await client.get("/units", headers=bearer("duty"))).json()
        status = (await client.get("/units", headers=bearer("roads"))).status_code

    (shown,) = found["units"]
    assert (shown["id"], shown["location"], shown["state"], shown["load"]) == (
        unit,
        {"lat": 30.2, "lon": 114.2},
        "busy",
        1,
    )
    assert status == 403


async def test_whose_alarms_are_false_is_told_the_worst_first(gateway: Open, city: City) -> None:
    """Summed over the partitions; a camera with its name, and only those of the area that is asked for."""
    one, two, other = _three(city)
    told = ShardAlarms(
        {
            0: PartitionAlarms(5, (Seer("a", 0, 90, 5), Seer("b", 1, 1, 9)), (Seer(one, 0, 1, 9), Seer(two, 0, 9, 1))),
            1: PartitionAlarms(5, (Seer("a", 2, 0, 5), Seer("b", 1, 0, 10)), (Seer(other, 0, 0, 30),)),
        }
    )

    async with workers({"/alarms": told}) as places, gateway(tables_workers=places) as client:
        whole = (await client.get("/false-alarms")).json()
        within = (await client.get(f"/false-alarms?limit=1&area={city.cameras[one].area}")).json()

    assert whole["algorithms"] == [
        {"id": "b", "name": "b", "open": 2, "right": 1, "false": 19, "rate": 0.95},
        {"id": "a", "name": "a", "open": 2, "right": 90, "false": 10, "rate": 0.1},
    ]
    assert [each["id"] for each in whole["cameras"]] == [other, one, two]
    (worst,) = within["cameras"]
    assert (worst["id"], worst["name"], worst["rate"]) == (one, city.cameras[one].name, 0.9)
