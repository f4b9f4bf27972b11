"""The demo city: complete, without gaps, and with a sample day that its own contracts understand."""

import csv
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from models.city import CitySettings, LimitStage, RuleInput, Unit, load_city, read_city
from models.city.pack.loader import OPTIONAL, REQUIRED
from models.errors import Poison
from models.events import DETECTION, REPORT, parse
from tests.support.desks import T0, Desk, detection
from tests.support.inputs.every_source import MEASURED

DEMO = Path(__file__).parents[3] / "cities" / "demo"
CITY = load_city(DEMO)
TOWNS = CITY.areas.at_level("town")
WEST, SOUTH, EAST, NORTH = CITY.areas.shape("yunhe").bounds


@pytest.fixture(scope="module")
def day() -> list[dict[str, Any]]:
    """The lines of the sample day."""
    return [json.loads(line) for line in (DEMO / "day.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_demo_city_is_as_large_as_it_claims() -> None:
    """Enough of everything to look like a city."""
    departments = CITY.departments.values()

    assert len(departments) >= 14
    assert {department.level for department in departments} == {1, 2}
    assert sum(bool(category.parent) for category in CITY.categories.values()) >= 60
    assert len(CITY.areas.at_level("district")) == 4
    assert all(sum(town.parent == d.id for town in TOWNS) >= 5 for d in CITY.areas.at_level("district"))
    assert len(CITY.places) >= 150
    assert len(CITY.cameras) >= 220
    assert len(CITY.rules) >= 8
    assert {limit.unit for limit in CITY.limits.rows} == set(get_args(Unit))
    assert {limit.stage for limit in CITY.limits.rows} == set(get_args(LimitStage))


def test_the_labels_of_as_many_algorithms_as_a_large_city_has_mean_a_category() -> None:
    """In English and in Chinese; most of what cameras can see is named in both."""
    labels = {row.label for row in CITY.labels.rows} - {"*"}
    english = {label for label in labels if label.isascii()}

    assert len(labels) >= 326
    assert min(len(english), len(labels - english)) >= 150
    seen = {row.category for row in CITY.labels.rows if row.label in english}
    assert len(seen & {row.category for row in CITY.labels.rows if row.label in labels - english}) >= 35


def test_what_business_systems_measure_means_a_category() -> None:
    """Gas, heating, manhole covers and muck trucks: each on the side of its threshold that is an alarm."""
    meant = {name: CITY.labels.find("", "", f"{name}-{side}") for name, (_, _, side) in MEASURED.items()}

    assert {name: row.category if row else None for name, row in meant.items()} == {
        "gas-pressure": "gas-leak",
        "heating-temperature": "heating-failure",
        "manhole-tilt": "manhole-damaged",
        "muck-truck-speed": "mud-truck",
    }


def test_towns_cover_the_city_without_gap_or_overlap() -> None:
    """Their areas add up to the city's, and no two share ground."""
    whole = CITY.areas.shape("yunhe")
    shapes = [CITY.areas.shape(town.id) for town in TOWNS]

    assert shapely.union_all(shapes).symmetric_difference(whole).area == pytest.approx(0, abs=1e-12)
    assert sum(shape.area for shape in shapes) == pytest.approx(whole.area, rel=1e-9)


def test_neighbours_share_their_border_point_by_point() -> None:
    """A border is one line: what two towns touch in is made of the same positions on both sides."""
    for index, one in enumerate(TOWNS):
        for other in TOWNS[index + 1 :]:
            shapes = CITY.areas.shape(one.id), CITY.areas.shape(other.id)
            shared = shapes[0].intersection(shapes[1])
            if shared.length == 0:
                continue
            positions = {tuple(at) for at in shapely.get_coordinates(shared)}
            assert positions <= {tuple(at) for at in shapely.get_coordinates(shapes[0])}
            assert positions <= {tuple(at) for at in shapely.get_coordinates(shapes[1])}


@given(st.floats(SOUTH - 0.02, NORTH + 0.02), st.floats(WEST - 0.02, EAST + 0.02))
def test_every_point_lies_in_one_town_or_outside(lat: float, lon: float) -> None:
    """The quick location agrees with brute force, and inside the city there is always a town."""
    point = shapely.Point(lon, lat)
    holding = [town.id for town in TOWNS if CITY.areas.shape(town.id).intersects(point)]
    inner = [town for town in TOWNS if CITY.areas.shape(town.id).contains(point)]

    found = CITY.areas.locate(lat, lon)

    assert (found.id if found else None) == (holding[0] if holding else None)
    assert len(inner) <= 1
    assert bool(holding) == CITY.areas.shape("yunhe").intersects(point)


@given(st.data())
def test_a_corner_of_a_border_belongs_to_the_lowest_id(data: st.DataObject) -> None:
    """Positions on shared borders are located too, always alike."""
    town = data.draw(st.sampled_from(TOWNS))
    lon, lat = data.draw(st.sampled_from(shapely.get_coordinates(CITY.areas.shape(town.id)).tolist()))
    holding = [t.id for t in TOWNS if CITY.areas.shape(t.id).intersects(shapely.Point(lon, lat))]

    found = CITY.areas.locate(lat, lon)

    assert found is not None
    assert found.id == holding[0]


def test_every_town_has_inspectors_and_one_thing_its_plan() -> None:
    """Checks are given to somebody of the district, and a restaurant is opened by three departments, in order."""
    assert all(len(CITY.inspectors.find(town.id)) == 2 for town in TOWNS)
    assert [(part.part, part.department, part.after) for part in CITY.plan("restaurant")] == [
        ("fire", "fire-rescue", ()),
        ("licence", "market", ("fire",)),
        ("sign", "city-order", ()),
    ]


@pytest.mark.parametrize("day", [date(2025, 6, 2), date(2026, 3, 2), date(2027, 9, 1)])
def test_somebody_is_responsible_for_everything_everywhere(day: date) -> None:
    """Every category has a lead in every town and limits for handling and for the whole order."""
    for code, category in CITY.categories.items():
        if not category.parent:
            continue
        assert CITY.limit(code, None, 3, "handle") is not None
        assert CITY.limit(code, None, 3, "whole") is not None
        for town in TOWNS:
            assert CITY.responsible(code, town.id, day) is not None, (code, town.id)


def test_a_department_has_something_to_do() -> None:
    """Every department leads or assists somewhere."""
    rows = CITY.responsibility.rows
    busy = {name for row in rows for name in (row.lead, *row.assists)} | {c.owner for c in CITY.cameras.values()}

    assert busy == set(CITY.departments)


def test_handling_fits_into_the_whole_round_the_clock() -> None:
    """Limits in hours and days: a stage is never longer than the order."""
    hours = {"hour24": 1, "day": 24, "work-hour": 1, "work-day": 24}
    for limit in CITY.limits.rows:
        whole = CITY.limit(limit.category, limit.condition or None, limit.priority or 3, "whole")
        assert whole is not None
        assert limit.amount * hours[limit.unit] <= whole.amount * hours[whole.unit], limit


@pytest.mark.parametrize(
    ("seen", "rule"),
    [
        (RuleInput(text="想申请开餐饮店一件事", area="nantang"), "open-a-restaurant"),
        (RuleInput(text="家里有很大的煤气味", area="gulou"), "smell-of-gas"),
        (RuleInput(text="电梯困人了", category="elevator-fault", area="gulou"), "people-in-lift"),
        (RuleInput(label="烟火", category="fire", area="xinhe"), "fire-cameras"),
        (RuleInput(text="下穿通道积水", category="flooding", area="tieta"), "underpass-flooded"),
        (RuleInput(category="noise-construction", hour=23, area="xuefu"), "night-works"),
        (RuleInput(category="air-pollution", area="lingang"), "harbour-industry"),
        (RuleInput(category="unpaid-wages", text="包工头不给钱"), "migrant-wages"),
        (RuleInput(category="illegal-parking", text="一辆僵尸车"), "abandoned-vehicles"),
        (RuleInput(category="illegal-building", area="gulou"), "old-town-heritage"),
        (RuleInput(text="有人受贿"), "complaints-about-officials"),
        (RuleInput(text="刷单兼职日结"), "advertising"),
        (RuleInput(source="app://bike-swift", hint="bike-clutter"), "bike-operators"),
        (RuleInput(category="illegal-parking", area="xuefu", hour=7, channel="app"), "school-run-parking"),
        (RuleInput(category="pothole", area="gulou", text="路上有个坑", hour=12), None),
    ],
)
def test_a_rule_of_the_demo_city_has_its_case(seen: RuleInput, rule: str | None) -> None:
    """Each rule shows what rules are for."""
    found = CITY.first_rule(seen)

    assert (found.id if found else None) == rule


def test_the_demo_city_survives_the_journey_over_a_topic() -> None:
    """It can be made again from its own files."""
    assert read_city(CITY.files).digest == CITY.digest


def test_the_sample_day_is_a_day(day: list[dict[str, Any]]) -> None:
    """About 1,200 events in order of time, of both kinds and in both languages, with repeats."""
    seconds = [line["at_s"] for line in day]
    texts = [line["event"]["data"].get("text") for line in day if line["topic"] == "reports"]
    english = [text for text in texts if isinstance(text, str) and text.isascii()]
    repeated = Counter((line["event"]["source"], line["event"]["id"]) for line in day)
    again = Counter(line["event"]["data"].get("object_id") for line in day if line["topic"] == "detections")

    assert 1_100 <= len(day) <= 1_300
    assert seconds == sorted(seconds)
    assert 0 <= seconds[0] <= seconds[-1] < 86_400
    assert all("time" not in line["event"] for line in day)
    assert 0.15 < len(english) / len(texts) < 0.4
    assert sum(count > 1 for count in repeated.values()) >= 10
    assert sum(count > 2 for count in again.values()) >= 80


def test_the_sample_day_is_understood_but_for_what_is_broken_on_purpose(day: list[dict[str, Any]]) -> None:
    """A few events break their contract; all others are valid, and their cameras and most labels are known."""
    broken = 0
    unknown = 0
    for line in day:
        event = line["event"]
        try:
            parse(event["type"], json.dumps(event["data"]).encode())
        except Poison:
            broken += 1
            continue
        assert event["type"] == {"reports": REPORT, "detections": DETECTION}[line["topic"]]
        if line["topic"] == "detections":
            data = event["data"]
            unknown += CITY.labels.find(data.get("vendor", ""), data.get("algorithm", ""), data["label"]) is None

    assert 10 <= broken <= 20
    assert 1 <= unknown <= 10


def test_nobody_trained_on_the_sample_day(day: list[dict[str, Any]]) -> None:
    """No text of the day stands in the classifier's bootstrap corpus."""
    folder = Path(__file__).parents[3] / "models" / "classifier" / "learning" / "corpus"
    corpus: set[str] = set()
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            corpus.update(row["text"] for row in csv.DictReader(file))
    written = {str(line["event"]["data"].get("text")) for line in day}

    assert corpus
    assert not corpus & written


def test_smoke_of_which_a_camera_is_not_sure_goes_to_a_person_first() -> None:
    """The demo city shows what weighing does: of what a camera is surer of, its department hears at once."""
    desk = Desk(CITY)
    for n, (town, confidence) in enumerate((("binjiang", 0.65), ("lingang", 0.99))):
        camera = next(one for one in CITY.cameras.values() if one.area == town)
        seen = detection(str(n), T0, "air-pollution", lat=camera.lat, camera=camera.id, confidence=confidence)
        desk.feed(replace(seen, area=town, lon=camera.lon), at=T0)
    unsure, sure = desk.state.orders.values()

    assert (unsure.state, unsure.timeline[-1].note) == ("review", "unverified")
    assert (sure.state, CITY.settings.storm_orders) == ("assigned", 12)


@pytest.mark.parametrize("name", CitySettings.model_fields)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    """The page of the city pack lists what can be set, what it is without, and what it means."""
    page = (DEMO.parents[1] / "docs" / "city-pack.md").read_text(encoding="utf-8")
    field = CitySettings.model_fields[name]
    default = (
        "–" if field.default is None else f"`{field.default}`" if isinstance(field.default, str) else field.default
    )

    assert f"| `{name}` | {default} | {field.description} |" in page


def test_every_file_and_column_is_documented() -> None:
    """Nobody has to read code to write a pack."""
    page = (DEMO.parents[1] / "docs" / "city-pack.md").read_text(encoding="utf-8")
    for name in (*REQUIRED, *OPTIONAL):
        assert f"`{name}`" in page
    for file in DEMO.glob("*.csv"):
        header = file.read_text(encoding="utf-8").splitlines()[0].split(",")
        described = re.split(r"`", page.split(f"**{file.name}** ")[1])[1]
        assert {column.strip() for column in described.split(",")} == set(header), file.name
