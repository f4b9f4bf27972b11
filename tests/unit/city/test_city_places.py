"""Places found in words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from shapely.geometry import box

from models.city import Place, Places
from models.city.areas import Areas
from models.plain_words import fold
from tests.support.cities import appended, tiny_city

CITY = tiny_city()


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("我在梧桐路上", "south-w"),
        ("梧桐路小学门口有个坑", "south-e"),
        ("梧桐小学门口有个坑", "south-e"),
        ("从梧桐路去梧桐路小学", "south-e"),
        ("hole in wutong road", "south-w"),
        ("Hole by WUTONG ROAD PRIMARY SCHOOL!", "south-e"),
        ("Ｗｕｔｏｎｇ Ｒｏａｄ", "south-w"),
        ("the swutong roads", None),
        ("中山路有人", None),
        ("北东镇中山路有人", "north-e"),
        ("Zhongshan Road, Southwest", "south-w"),
        ("南区中山路", "south-w"),
        ("荷花苑和梧桐路", None),
        ("北西镇荷花苑和梧桐路", "north-w"),
        ("北东镇垃圾没人收", "north-e"),
        ("北东镇和北西镇都有", None),
        ("南区垃圾没人收", None),
        ("没有地点", None),
        ("", None),
    ],
)
def test_the_longest_name_in_a_text_is_its_place(text: str, area: str | None) -> None:
    """Names shared by several places need an area in the text; what stays ambiguous is no place."""
    found = CITY.places.find(text)

    assert (found.area if found else None) == area
    # Asked of one place, be it an area named by itself, the answer is the same.
    places = {*CITY.places.all, *filter(None, map(CITY.places.find, ("北东镇", "北西镇")))}
    assert [place for place in places if CITY.places.is_named(place, text)] == [place for place in (found,) if place]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("我在梧桐路上", "我在 上"),
        ("梧桐路小学门口有个坑", " 门口有个坑"),
        ("从梧桐路去梧桐路小学", "从 去 "),
        ("Hole by WUTONG ROAD!", "hole by  !"),
        ("北东镇中山路 Wutong Road", "    "),
        ("the swutong roads", "the swutong roads"),
        ("", ""),
    ],
)
def test_what_is_left_of_a_text_without_the_names_of_places(text: str, left: str) -> None:
    """Of areas, too, in either script; a longer name goes as a whole."""
    assert CITY.places.without_names(text) == left


def test_an_area_named_by_itself_has_no_point() -> None:
    """Nobody knows where in a town somebody means."""
    found = CITY.places.find("北东镇垃圾没人收")

    assert found is not None
    assert (found.kind, found.lat, found.lon) == ("area", None, None)


def test_one_place_under_two_names_is_not_ambiguous() -> None:
    """Two rows of one area, named in one text, leave no doubt about the area."""
    city = tiny_city(appended("places.csv", "桐叶苑,,,estate,south-w,,"))

    found = city.places.find("梧桐路桐叶苑")

    assert found is not None
    assert found.area == "south-w"


def test_a_name_of_which_folding_leaves_nothing_names_nothing() -> None:
    """No text holds it, and the other places are found as ever."""
    city = tiny_city(appended("places.csv", "<br>,,,road,south-e,,"))

    assert (place := city.places.find("梧桐路有坑<br>")) is not None
    assert place.area == "south-w"


@pytest.mark.parametrize("short", ["梧", "<b>梧</b>", "w", "北"])
def test_a_name_of_one_character_names_nothing_and_hides_no_other(short: str) -> None:
    """Also one of an area, and one of which folding leaves no more."""
    towns = [replace(area, name_zh=short) if area.id == "north-e" else area for area in CITY.areas]
    areas = Areas(towns, {area.id: box(0, 0, 1, 1) for area in towns}, CITY.merge_level)
    places = Places(CITY.places.all, areas, CITY.merge_level)

    found = {text: places.find(text) for text in ("梧桐路有坑", "wutong road", "北西镇", short, "在北边 w")}

    assert [place.area if place else None for place in found.values()] == ["south-w", "south-w", "north-w", None, None]


def test_names_may_overlap() -> None:
    """A longer name that begins inside a shorter one is found."""
    city = tiny_city(appended("places.csv", "南塘桥,,,road,south-w,,", "桥西大巷,,,road,north-e,,"))

    found = city.places.find("南塘桥西大巷")

    assert found is not None
    assert found.name_zh == "桥西大巷"


_ALPHABET = "甲乙丙丁 ab"
_NAMES = st.lists(st.text("甲乙丙丁ab", min_size=2, max_size=4), min_size=1, max_size=8, unique=True)


@given(_NAMES, st.text(_ALPHABET, max_size=30))
def test_the_compiled_pattern_finds_what_a_plain_search_finds(names: list[str], text: str) -> None:
    """The longest of all names in the text, Latin ones as whole words."""
    places = Places([Place(0, name, "", (), "road", "south-w") for name in names], CITY.areas, CITY.merge_level)

    def occurs(name: str) -> bool:
        word = re.escape(name)
        if re.match("[a-z0-9]", name):
            word = f"(?<![a-z0-9])(?<!_){word}(?![a-z0-9])"
        return re.search(word, fold(text)) is not None

    longest = max((len(name) for name in names if occurs(name)), default=0)
    found = places.find(text)

    assert (0 if found is None else len(found.name_zh)) == longest


def test_a_place_lists_all_its_names() -> None:
    """Both languages and the aliases."""
    assert Place(0, "甲路", "A Road", ("甲",), "road", "x").names == ("甲路", "A Road", "甲")
