"""What a new pack changes: rows by what names them, fields that must stay, and where open orders would go."""

from datetime import date

import pytest

from dispatcher.steps.elsewhere import elsewhere
from models.city import City
from models.city.pack.difference import TableDifference, differences, unchangeable
from tests.support.cities import CITY_TOML, FILES, appended, tiny_city
from tests.support.desks import MINUTE, OPERATOR, REVIEWER, T0, Desk, quiet_city, report

DAY = date(2026, 3, 2)
MAY_DAY = "2026-05-01T08:00"
Change = dict[str, str | bytes | None]


def changed(file: str, old: str, new: str) -> Change:
    """The tiny city's file with one text for another."""
    assert old in FILES[file]
    return {file: FILES[file].replace(old, new)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (appended("cameras.csv", "cam-9,30.02,114.02,south-w,路口,police"), ("cameras.csv", ("cam-9",), (), ())),
        (changed("cameras.csv", "30.15,114.03", "30.16,114.03"), ("cameras.csv", (), ("cam-nw-1",), ())),
        (
            changed("responsibility.csv", "order,north,north-office,police,,\n", ""),
            ("responsibility.csv", (), (), ("order north",)),
        ),
        (changed("limits.csv", "pothole,,handle,24", "pothole,,handle,8"), ("limits.csv", (), ("pothole handle",), ())),
        (changed("calendar.csv", "2026-01-03,holiday", "2026-01-05,holiday"), None),
        (changed("rules.toml", "review = true", "reject = true"), ("rules.toml", (), ("fees-are-reviewed",), ())),
        (
            changed("silences.csv", "庙会", "灯会"),
            ("silences.csv", (), (f"south-e street-vendor {MAY_DAY}",), ()),
        ),
        ({"places.csv": None}, None),
    ],
)
def test_a_row_is_added_changed_or_removed(
    change: dict[str, str | bytes | None],
    expected: tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]] | None,
) -> None:
    """It is known again by what names it; only files with a difference are told of."""
    [found] = differences(tiny_city(), tiny_city(change))

    if expected is not None:
        assert found == TableDifference(*expected)
    assert found.file == next(iter(change))
    assert sum(map(len, found[1:])) > 0


def test_where_a_row_stands_says_nothing() -> None:
    """A table in another order is the same table; rules are not, the first that holds decides."""
    head, *rows = FILES["limits.csv"].splitlines()
    turned = {"limits.csv": "\n".join([head, *reversed(rows)])}
    rules = FILES["rules.toml"].split("[[rules]]")
    other_rules = {"rules.toml": "[[rules]]".join([rules[0], *reversed(rules[1:])])}

    assert differences(tiny_city(), tiny_city(turned)) == ()
    assert [each.changed for each in differences(tiny_city(), tiny_city(other_rules))] == [("the order of rules",)]


def test_settings_are_named_and_what_all_hangs_on_must_stay() -> None:
    """A setting may change; zone, levels and id may not."""
    later = tiny_city({"city.toml": CITY_TOML.replace("Asia/Shanghai", "Asia/Tokyo") + "reopen_days = 3.0\n"})

    [found] = differences(tiny_city(), later)
    assert set(found.changed) == {"zone", "settings reopen_days"}
    assert unchangeable(tiny_city(), later) == ("zone",)
    assert unchangeable(tiny_city(), tiny_city(settings="reopen_days = 3.0")) == ()


def other(old: str, new: str) -> City:
    """The quiet city with another row of responsibility."""
    return quiet_city(**{"responsibility.csv": FILES["responsibility.csv"].replace(old, new)})


def test_an_open_order_is_told_of_where_its_department_would_be_another() -> None:
    """By today's tables: another department, or a person where nobody is responsible any more."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    order = desk.only()

    assert elsewhere(order, desk.city, other("road,*,roads,police", "road,*,works,"), DAY) == "works"
    assert elsewhere(order, desk.city, other("road,*,roads,police,,\n", ""), DAY) == "review"
    assert elsewhere(order, desk.city, other("water,*,works", "water,*,police"), DAY) == ""


def test_an_order_that_a_person_has_moved_or_that_is_over_is_not_told_of() -> None:
    """No table has put it where it is, so none moves it."""
    desk = Desk()
    desk.feed(report("1", T0, category=""), at=T0)
    assert desk.update("decide", REVIEWER, T0 + MINUTE, category="pothole", department="police") == ""
    moved, works = desk.only(), other("road,*,roads,police", "road,*,works,")

    assert moved.department == "police"
    assert elsewhere(moved, desk.city, works, DAY) == ""
    assert desk.update("force-close", OPERATOR, T0 + 2 * MINUTE, reason="nothing there") == ""
    assert elsewhere(desk.only(), desk.city, works, DAY) == ""
