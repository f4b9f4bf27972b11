"""Assets 部件: their register, how one is named, whose it is, and that its id groups the orders."""

import json
from typing import Any

import pytest

from dispatcher.desk import DeskState
from models.city import City, CityError
from models.city.pack.difference import differences
from models.envelope import event_type
from models.events import ASSIGNMENT, AssetRef
from models.guess import Guess
from models.inbox import Actor, Sighting
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from tests.support.cities import FILES, tiny_city
from tests.support.desks import HOUR, INSPECTOR, REVIEWER, T0, Desk, detection, guess, quiet_city, report
from tests.support.messages import NOW
from tests.support.messages import detection as detected
from tests.support.messages import report as reported

_HEAD, _LIGHT = ",merge\n", "60,168,1,3,1,on"
LIGHTS = FILES["categories.csv"].replace(_HEAD, ",merge,assets\n", 1).replace(_LIGHT, f"{_LIGHT},灯杆")
# Two lamps 39 m apart, one far from both, and a hydrant beside the first; a number of the national standard's form.
ASSETS = """id,kind,lat,lon,area,name,owner
LD-0101,灯杆,30.0500,114.0500,south-w,梧桐路1号杆,works
LD-0102,灯杆,30.0500,114.0504,south-w,,works
3702020101000123,灯杆,30.0700,114.0700,south-w,,police
XF-0001,消火栓,30.0500,114.0500,south-w,,police
"""
FILES_OF = {"categories.csv": LIGHTS, "assets.csv": ASSETS}
CITY = tiny_city(FILES_OF)
KEYS = Keys(b"for these tests only")
DARK = "street-light"


@pytest.fixture
def desk() -> Desk:
    """A desk of a city with a register of assets."""
    return Desk(quiet_city(**FILES_OF))


def taken(*records: Any, city: City = CITY) -> list[Sighting]:
    """What intake makes of records, as sightings."""
    found = take_in(records, city, None, NOW, KEYS)
    return [item for items in found.items.values() for item in items if isinstance(item, Sighting)]


def assigned(sent: Any) -> list[dict[str, Any]]:
    """The assignments among what a desk has sent."""
    found = [out for out in sent if out.topic.startswith("assignments/")]
    return [json.loads(out.value) for out in found if event_type(out.headers) == ASSIGNMENT]


# The register


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("LD0101,灯杆,30.05,114.05,south-w,,works", "assets.csv:6: id: ld0101 stands already in line 2"),
        ("LD-9,灯杆,30.05,114.05,south-w,,works", "assets.csv:6: id: 'LD-9' cannot be told from other words"),
        ("路灯十二,灯杆,30.05,114.05,south-w,,works", "assets.csv:6: id: '路灯十二' cannot be told from other words"),
        ("12345,灯杆,30.05,114.05,south-w,,works", "assets.csv:6: id: '12345' cannot be told from other words"),
        ("LD-0103,灯杆,30.05,114.05,south-w,,nobody", "assets.csv:6: owner: 'nobody' is not a department"),
        ("LD-0103,灯杆,30.05,114.05,south-e,,works", "assets.csv:6: lat: 30.05, 114.05 is in south-w, not in south-e"),
        ("LD-0103,,30.05,114.05,south-w,,works", "assets.csv:6: kind: is missing"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(row: str, problem: str) -> None:
    """Every mistake has its file, line and field."""
    with pytest.raises(CityError) as caught:
        tiny_city(FILES_OF | {"assets.csv": f"{ASSETS}{row}\n"})

    assert [found[: len(problem)] for found in caught.value.problems] == [problem]


def test_a_category_can_only_be_about_kinds_that_there_are() -> None:
    """A kind that is written otherwise in the two files would never be found."""
    with pytest.raises(CityError) as caught:
        tiny_city(FILES_OF | {"assets.csv": ASSETS.replace("灯杆", "路灯")})

    assert caught.value.problems == ("categories.csv:4: assets: '灯杆' is not a kind of assets.csv",)


# What names an asset


@pytest.mark.parametrize(
    ("text", "asset"),
    [
        ("灯杆LD-0101不亮", "LD-0101"),
        ("lamp ld0101 is dark.", "LD-0101"),
        ("ＬＤ－０１０１号灯不亮", "LD-0101"),
        ("编码3702020101000123的路灯不亮", "3702020101000123"),
        ("LD-0101和LD-0102都不亮", ""),
        ("LD-01011不亮", ""),
        ("XLD-0101不亮", ""),
        ("路灯不亮", ""),
    ],
)
def test_an_asset_is_named_by_its_id_in_the_words(text: str, asset: str) -> None:
    """In whatever spelling, but as a word of its own; who names two names none."""
    [seen] = taken(reported(text, location={"lat": 30.01, "lon": 114.01}))

    assert seen.asset == asset
    assert (seen.lat, seen.lon, seen.place) == (30.01, 114.01, "polygon")


def test_an_asset_is_named_by_a_field() -> None:
    """Of reports, detections and measurements; an id that the register does not have is not kept."""
    records = [
        reported("不亮", asset="ld-0102"),
        reported("不亮", asset="13800138000", location={"lat": 30.01, "lon": 114.01}),
        detected(label="lamp_off", asset="LD-0102"),
        detected(label="lamp_off", object_id="LD-0102"),
    ]

    assert [each.asset for each in taken(*records)] == ["LD-0102", "", "LD-0102", "LD-0102"]


def test_a_report_without_coordinates_is_at_the_asset_that_it_names() -> None:
    """The register knows where that stands."""
    [seen] = taken(reported("LD-0102不亮"))

    assert (seen.area, seen.lat, seen.lon, seen.place) == ("south-w", 30.05, 114.0504, "asset")


def test_a_number_of_the_standards_form_is_known_though_it_is_masked() -> None:
    """What looks like an account of somebody's is masked in the words, as ever, and known as the asset's."""
    [seen] = taken(reported("卡号3702020101000123的路灯不亮"))

    assert seen.asset == "3702020101000123"


# Whose it is


def test_the_owner_of_the_asset_that_is_named_gets_the_order(desk: Desk) -> None:
    """Not whom the table names for all street lights; the assignment says which asset it is and of which kind."""
    sent = desk.feed(report("1", T0, "灯不亮", DARK, asset="LD-0102"))

    order = desk.only()
    assert order.department == "works"
    assert order.assignments[-1].why is not None
    assert (order.assignments[-1].why.asset, order.assignments[-1].why.table_row) == ("LD-0102", None)
    assert order.asset == AssetRef("LD-0102", "灯杆")
    [message] = assigned(sent)
    assert message["location"]["asset"] == {"id": "LD-0102", "kind": "灯杆"}


def test_the_only_fitting_asset_around_decides_as_well(desk: Desk) -> None:
    """A hydrant beside it is nothing to a street light; between two lamps nobody knows which, and the table decides."""
    desk.feed(report("1", T0, "灯不亮", DARK, lat=30.0703, lon=114.07))
    desk.feed(report("2", T0, "这里的灯不亮", DARK, lat=30.05, lon=114.0502))

    found = {order.evidence_first[0].id: order for order in desk.state.orders.values()}
    assert (found["1"].department, found["1"].asset) == ("police", AssetRef("3702020101000123", "灯杆"))
    assert (found["2"].department, found["2"].asset) == ("roads", None)


def test_what_names_no_asset_and_no_place_is_at_none(desk: Desk) -> None:
    """The table decides, as in a city without a register."""
    desk.feed(report("1", T0, "灯不亮", DARK, lat=None, lon=None))

    assert (desk.only().department, desk.only().asset) == ("roads", None)


def test_what_is_no_fault_of_the_asset_is_not_its_owners(desk: Desk) -> None:
    """Who parks beside a lamp names it for the place; that is kept, and the table decides."""
    desk.feed(report("1", T0, "LD-0101灯杆旁有车乱停", "illegal-parking", asset="LD-0101"))

    assert desk.only().department == "police"
    assert desk.only().asset == AssetRef("LD-0101", "灯杆")


def test_a_person_who_says_what_it_is_sends_it_to_the_owner(desk: Desk) -> None:
    """The asset was named before anybody knew the category."""
    unsure = guess(DARK, 0.3, outcome="abstain", reason="low")
    desk.feed(report("1", T0, "LD-0101有问题", guess=unsure, asset="LD-0101"))

    assert desk.update("decide", REVIEWER, T0 + HOUR, category=DARK) == ""

    assert desk.only().department == "works"


def test_a_rule_of_the_city_goes_before_the_owner() -> None:
    """What is written by hand is meant."""
    rules = '[[rules]]\nid = "r"\nreason = "x"\nwhen = { hint = "灯" }\nthen = { department = "police" }\n'
    desk = Desk(quiet_city(**FILES_OF, **{"rules.toml": rules}))

    desk.feed(report("1", T0, "灯不亮", DARK, asset="LD-0101", hint="灯"))

    assert desk.only().department == "police"


# Its id groups the orders


def test_reports_that_name_one_asset_are_one_incident(desk: Desk) -> None:
    """Whatever their words and wherever the reporters stood; another category at it is another incident."""
    desk.feed(report("1", T0, "灯不亮了一个星期", DARK, asset="LD-0101"))
    desk.feed(report("2", T0 + HOUR, "晚上漆黑一片请来维修", DARK, asset="LD-0101", lat=30.053, lon=114.053))
    desk.feed(report("3", T0 + HOUR, "杆下有个大坑", "pothole", asset="LD-0101"))

    orders = {order.category: order for order in desk.state.orders.values()}
    assert [seen.id for seen in orders[DARK].evidence_first] == ["1", "2"]
    assert orders[DARK].evidence_first[1].rule == "asset"
    assert set(orders) == {DARK, "pothole"}


@pytest.mark.parametrize("make", [report, detection])
def test_two_assets_are_two_incidents_that_may_be_one(desk: Desk, make: Any) -> None:
    """However near and however alike: each lamp has its order, and these name each other as candidates."""
    for number, asset in enumerate(["LD-0101", "LD-0102"]):
        own = {"guess": Guess(DARK, 0.99, "m", 0.5)} if make is report else {}
        desk.feed(make(str(number), T0, category=DARK, text="灯不亮", asset=asset, object_id=asset, **own))

    first, second = sorted(desk.state.orders.values(), key=lambda order: order.seq)
    assert {first.asset, second.asset} == {AssetRef("LD-0101", "灯杆"), AssetRef("LD-0102", "灯杆")}
    assert (first.candidates, second.candidates) == ((second.id,), (first.id,))


def test_an_order_learns_its_asset_from_a_later_report_and_is_found_by_it(desk: Desk) -> None:
    """Also after the desk was restored from its rows."""
    where = {"lat": 30.05, "lon": 114.0502}
    desk.feed(report("1", T0, "灯不亮了一个星期", DARK, **where))
    desk.feed(report("2", T0 + HOUR, "灯不亮了一个星期", DARK, asset="LD-0102", **where))
    assert desk.only().asset == AssetRef("LD-0102", "灯杆")
    desk.state = DeskState.restore(3, list(desk.rows.items()), list(desk.figure_rows.items()))

    desk.feed(report("3", T0 + 2 * HOUR, "漆黑一片", DARK, asset="LD-0102", lat=30.055, lon=114.055))

    assert desk.only().evidence_count == 3


def test_a_closed_order_is_reopened_by_what_its_asset_is_reported_for_again(desk: Desk) -> None:
    """As by what is seen again near its place."""
    works = Actor("department", "works")
    desk.feed(report("1", T0, "灯不亮", DARK, asset="LD-0101"))
    for action, by in (("accept", works), ("handle", works), ("check-pass", INSPECTOR)):
        assert desk.update(action, by, T0 + HOUR, evidence_urls=("https://photos/1",)) == ""
    assert desk.only().state == "closed"

    desk.feed(report("2", T0 + 3 * HOUR, "又不亮了", DARK, asset="LD-0101", lat=30.053, lon=114.053))

    assert desk.only().state == "assigned"


def test_a_city_without_a_register_looks_for_nothing() -> None:
    """A field that names something is left out."""
    [seen] = taken(reported("LD-0101不亮", asset="LD-0101"), city=tiny_city())

    assert seen.asset == ""


def test_a_row_that_is_added_is_told_among_the_differences() -> None:
    """`paidan city diff` names assets by their ids."""
    more = tiny_city(FILES_OF | {"assets.csv": f"{ASSETS}LD-0103,灯杆,30.05,114.05,south-w,,works\n"})

    [found] = differences(CITY, more)
    assert (found.file, found.added, found.changed, found.removed) == ("assets.csv", ("LD-0103",), (), ())
