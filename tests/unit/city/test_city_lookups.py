"""What the desk asks of a city for every order: who is responsible, by when, what a label means, what is silenced."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from models.city import CityError, read_city
from models.city.pack.difference import differences
from models.times import to_ms
from tests.support.cities import FILES, appended, tiny_city, tiny_files

CITY = tiny_city()
SPRING, AUTUMN = date(2026, 3, 2), date(2026, 9, 1)


@pytest.mark.parametrize(
    ("category", "area", "day", "lead"),
    [
        ("pothole", "south-w", SPRING, "roads"),
        ("street-vendor", "south-w", SPRING, "police"),
        ("street-vendor", "north-w", SPRING, "north-office"),
        ("illegal-parking", "south-w", SPRING, "police"),
        ("illegal-parking", "north-w", SPRING, "north-office"),
        ("guardrail", "south-e", date(2026, 6, 30), "police"),
        ("guardrail", "south-e", date(2026, 7, 1), "north-office"),
        ("guardrail", "south-e", date(2025, 12, 31), "roads"),
        ("guardrail", "south-w", SPRING, "roads"),
        ("road", "south-w", SPRING, "roads"),
        ("pothole", "unlocated", SPRING, "roads"),
    ],
)
def test_the_smallest_area_with_a_row_decides(category: str, area: str, day: date, lead: str) -> None:
    """Areas are asked from the smallest up, in each the category before its group, and only rows valid that day."""
    found = CITY.responsible(category, area, day)

    assert found is not None
    assert found.lead == lead


def test_a_row_knows_its_line_for_the_reason() -> None:
    """An assignment can say which row of the table decided."""
    found = CITY.responsible("illegal-parking", "south-w", SPRING)

    assert found is not None
    assert (found.row, found.assists) == (5, ("roads", "north-office"))


def test_nobody_is_responsible_where_no_row_fits() -> None:
    """No row is an answer, not an error."""
    city = tiny_city({"responsibility.csv": "category,area,lead\nroad,*,roads\n"})

    assert city.responsible("street-vendor", "south-w", SPRING) is None
    assert city.responsible("no-such", "south-w", SPRING) is None


@pytest.mark.parametrize(
    ("category", "condition", "stage", "limit"),
    [
        ("pothole", None, "handle", (24, "hour24")),
        ("pothole", "rebuild", "handle", (20, "work-day")),
        ("pothole", "rebuild", "whole", (40, "day")),
        ("pothole", "rebuild", "check", (2, "day")),
        ("pothole", "no-such", "handle", (24, "hour24")),
        ("guardrail", None, "handle", (5, "work-day")),
        ("street-vendor", None, "handle", (3, "work-day")),
        ("road", None, "handle", (5, "work-day")),
        ("", None, "review", (4, "work-hour")),
    ],
)
def test_a_limit_is_the_category_s_then_its_group_s_then_the_city_s(
    category: str, condition: str | None, stage: str, limit: tuple[int, str]
) -> None:
    """What one level does not say, the next one does."""
    found = CITY.limit(category, condition, 3, stage)

    assert found is not None
    assert (found.amount, found.unit) == limit


def test_a_stage_without_a_row_has_no_limit() -> None:
    """No row is no limit."""
    city = tiny_city({"limits.csv": "category,condition,stage,amount,unit\nroad,,handle,1,day\n"})

    assert city.limit("pothole", None, 3, "accept") is None
    assert city.limit("flooding", None, 3, "handle") is None


def test_the_conditions_of_a_category_can_be_listed() -> None:
    """A reviewer chooses among them."""
    assert CITY.conditions("pothole") == ("rebuild",)
    assert CITY.conditions("flooding") == ()


def test_what_a_condition_is_called_may_stand_in_any_of_its_rows() -> None:
    """The first that says so; a table without these columns, as of before, has none."""
    header, *rows = FILES["limits.csv"].splitlines()
    names = {"pothole,rebuild,handle": ",重建,", "pothole,rebuild,whole": ",翻修,Rebuilt"}
    named = [row + next((names[each] for each in names if row.startswith(each)), "") for row in rows]
    city = tiny_city({"limits.csv": "\n".join([f"{header},condition_zh,condition_en", *named, ""])})

    assert city.limits.called("rebuild") == ("重建", "Rebuilt")
    assert CITY.limits.called("rebuild") == ("", "")
    assert CITY.limits.called("none such") is None


@pytest.mark.parametrize(
    ("vendor", "algorithm", "label", "category"),
    [
        ("other", "any", "vendor", "street-vendor"),
        ("acme", "road-v2", "vendor", "illegal-parking"),
        ("ACME", "Road-V2", "Vendor", "illegal-parking"),
        ("acme", "road-v3", "vendor", "street-vendor"),
        ("", "", "pothole", "pothole"),
    ],
)
def test_the_most_specific_label_row_wins(vendor: str, algorithm: str, label: str, category: str) -> None:
    """The row with the fewest wildcards decides; case does not count."""
    found = CITY.labels.find(vendor, algorithm, label)

    assert found is not None
    assert found.category == category


def test_an_unknown_label_means_nothing() -> None:
    """It is for the classifier or a person."""
    assert CITY.labels.find("acme", "road-v2", "person") is None


@pytest.mark.parametrize(
    ("moment", "category", "area", "silenced"),
    [
        (datetime(2026, 5, 1, 0, 0, tzinfo=UTC), "street-vendor", "south-e", True),
        (datetime(2026, 4, 30, 23, 59, tzinfo=UTC), "street-vendor", "south-e", False),
        (datetime(2026, 5, 3, 14, 0, tzinfo=UTC), "street-vendor", "south-e", False),
        (datetime(2026, 5, 2, tzinfo=UTC), "illegal-parking", "south-e", False),
        (datetime(2026, 5, 2, tzinfo=UTC), "street-vendor", "south-w", False),
    ],
)
def test_a_control_zone_silences_its_category_area_and_time(
    moment: datetime, category: str, area: str, silenced: bool
) -> None:
    """From its local start up to, not including, its end."""
    assert (CITY.silenced(category, area, to_ms(moment)) is not None) is silenced


def _zones(days: str, times: str) -> dict[str, str | None]:
    row = f"south,street-vendor,2026-01-01,2027-01-01,police,夜市,{days},{times}"
    return {"silences.csv": f"area,category,from,to,owner,reason,days,times\n{row}\n"}


@pytest.mark.parametrize(
    ("days", "times", "holds", "does_not"),
    [
        ("", "17:30-23:00", ("07-01 17:30", "07-04 22:59"), ("07-01 17:29", "07-01 23:00", "07-01 00:00")),
        ("sat|SUN", "", ("07-04 00:00", "07-05 23:59"), ("07-03 23:59", "07-06 00:00")),
        ("workday", "06:00-08:00 | 17:00-24:00", ("07-01 07:00", "02-14 23:59"), ("07-04 07:00", "07-02 00:00")),
        ("day-off", "", ("07-04 12:00", "02-16 12:00"), ("02-14 12:00", "07-01 12:00")),
        ("fri", "22:00-06:00", ("07-03 22:00", "07-04 05:59"), ("07-03 05:00", "07-04 06:00", "07-04 22:00")),
        ("", "22:00-06:00", ("07-03 05:59", "07-03 22:00"), ("07-03 06:00", "07-03 21:59")),
    ],
)  # fmt: skip
def test_a_control_zone_may_hold_on_some_days_and_at_some_times_alone(
    days: str, times: str, holds: tuple[str, ...], does_not: tuple[str, ...]
) -> None:
    """By the wall clock and the city's calendar; a slot that goes on past midnight is one of the day on which it
    begins. Within its span: not the year after."""
    city = tiny_city(_zones(days, times))

    def silenced(moment: str, year: int = 2026) -> bool:
        at = datetime.strptime(f"{year}-{moment}", "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
        return city.silenced("street-vendor", "south-w", to_ms(at)) is not None

    assert [each for each in holds if not silenced(each)] == []
    assert [each for each in does_not if silenced(each)] == []
    assert not any(silenced(each, 2027) for each in holds)


def test_a_control_zone_says_its_slots_as_its_table_does() -> None:
    """For whoever reads the list of them."""
    (zone,) = tiny_city(_zones("Sat", "6:00-8:30|22:00-6:00|12:00-24:00")).silences
    assert zone.slots == ("06:00-08:30", "22:00-06:00", "12:00-24:00")
    assert zone.days == ("sat",)


def test_of_two_control_zones_of_one_place_and_day_one_is_lifted_and_seen_to_change_alone() -> None:
    """One holds on working days and one on days off: their days and slots tell them apart."""
    head, place = "area,category,from,to,owner,reason,days,times\n", "south,street-vendor,2026-01-01,2027-01-01"
    evening = f"{place},police,夜市,workday,17:00-23:00\n"
    rows = f"{evening}{place},police,夜市,day-off,10:00-23:00\n"
    city = tiny_city({"silences.csv": head + rows})
    first, second = city.silences
    friday, saturday = (to_ms(datetime(2026, 5, day, 18, tzinfo=ZoneInfo("Asia/Shanghai"))) for day in (15, 16))

    lifted = [city.silences.find("street-vendor", "south-w", at, {second.zone}) for at in (friday, saturday)]
    assert lifted == [first, None]
    [told] = differences(city, tiny_city({"silences.csv": head + rows.replace("夜市,w", "集市,w")}))
    assert told.changed == (first.zone,)


@pytest.mark.parametrize(
    ("days", "times", "wrong"),
    [
        ("someday", "", "days: 'someday' is none of mon, tue, wed, thu, fri, sat, sun, workday, day-off"),
        ("", "0:00-24:00", "times: a slot does not end when it begins; the whole day needs none"),
        ("", "8:00-8:00", "times: a slot does not end when it begins"),
        ("", "17-23", "times: '17-23' is not a slot"),
        ("", "17:60-23:00", "times: '17:60-23:00' is not a slot"),
        ("", "17:00-24:30", "times: '17:00-24:30' is not a slot"),
    ],
)
def test_days_and_times_that_are_none_are_named(days: str, times: str, wrong: str) -> None:
    """With file, line and column."""
    with pytest.raises(CityError) as found:
        tiny_city(_zones(days, times))
    assert f"silences.csv:2: {wrong}" in str(found.value)


def test_a_control_zone_of_a_district_and_a_group_covers_what_lies_in_them() -> None:
    """An area covers its towns and a group its categories."""
    city = tiny_city(appended("silences.csv", "south,order,2026-07-01,2026-07-02,police,x"))
    at = to_ms(datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Asia/Shanghai")))

    assert city.silenced("illegal-parking", "south-w", at) is not None
    assert city.silenced("illegal-parking", "north-w", at) is None
    assert city.silenced("pothole", "south-w", at) is None
    assert city.silenced("", "south-w", at) is None  # nobody knows yet what it is


def test_a_parent_incident_covers_the_categories_of_a_group() -> None:
    """An inhibition of a group holds for each of its categories, and never for the parent itself."""
    assert [row.parent for row in CITY.inhibitors("pothole")] == ["flooding"]
    assert CITY.inhibitors("street-vendor") == ()
    assert tiny_city(appended("inhibitions.csv", "flooding,water,")).inhibitors("flooding") == ()


def test_a_calendar_knows_holidays_and_make_up_days() -> None:
    """A make-up Saturday is worked, a holiday Monday is not."""
    calendar = CITY.calendar

    assert calendar.is_working_day(date(2026, 2, 14))
    assert not calendar.is_working_day(date(2026, 2, 16))
    assert calendar.is_working_day(date(2026, 2, 24))
    assert not calendar.is_working_day(date(2026, 3, 1))
    assert calendar.slots == ((480, 720), (840, 1080))
    assert calendar.zone == ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("day", "slots"),
    [
        (date(2026, 5, 29), ((480, 690),)),
        (date(2026, 5, 28), ((480, 720), (840, 1080))),
        (date(2026, 6, 1), ((480, 720), (870, 1110))),
        (date(2026, 6, 5), ((480, 690),)),
        (date(2026, 9, 4), ((480, 600),)),
        (date(2026, 9, 30), ((480, 720), (870, 1110))),
        (date(2026, 10, 12), ((480, 720), (840, 1080))),
        (date(2026, 12, 24), ((480, 720),)),
        (date(2026, 12, 31), ((480, 720), (840, 1080))),
    ],
)
def test_working_hours_change_with_the_season_the_weekday_and_for_a_day(day: date, slots: tuple[object, ...]) -> None:
    """A short day's own go before those of its weekday, and these before all days'; of each the newest that began."""
    rows = """2026-06-01,slots,08:00-12:00|14:30-18:30
2026-10-01,slots,08:00-12:00|14:00-18:00
,fri,08:00-11:30
2026-09-01,fri,08:00-10:00
2026-12-24,short-day,08:00-12:00"""

    city = tiny_city(appended("calendar.csv", rows))

    assert city.calendar.slots_on(day) == slots
    assert city.calendar.version != CITY.calendar.version


def test_a_calendar_s_version_is_that_of_its_content() -> None:
    """Another file with the same days and hours counts alike; another day does not."""
    same = tiny_city({"calendar.csv": FILES["calendar.csv"].replace("元旦", "New Year")})
    other = tiny_city(appended("calendar.csv", "2026-06-19,holiday,端午"))

    assert same.calendar.version == CITY.calendar.version
    assert other.calendar.version != CITY.calendar.version
    assert CITY.calendar.version == "13249e03"  # limits that run name it


def test_a_weekend_may_lie_on_other_days() -> None:
    """Where Friday is free, Sunday is worked."""
    city = tiny_city(appended("calendar.csv", ",weekend,fri|sat"))

    assert not city.calendar.is_working_day(date(2026, 3, 6))
    assert city.calendar.is_working_day(date(2026, 3, 8))


def test_a_pack_travels_as_its_files() -> None:
    """A city made of another's files is the same city."""
    again = read_city(CITY.files)

    assert again.digest == CITY.digest
    assert again == CITY
    assert hash(again) == hash(CITY)
    assert again.files == CITY.files


def test_the_digest_tells_any_change_of_the_bytes() -> None:
    """The order of the files does not count, every byte does."""
    files = tiny_files()
    reversed_files = dict(reversed(files.items()))

    assert read_city(reversed_files).digest == CITY.digest
    assert read_city(files | {"labels.csv": files["labels.csv"] + b"\n"}).digest != CITY.digest


def test_a_city_cannot_be_changed() -> None:
    """All that a city gives out is frozen."""
    with pytest.raises(AttributeError):
        CITY.id = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        CITY.departments["x"] = CITY.departments["roads"]  # type: ignore[index]
    with pytest.raises(TypeError):
        CITY.files["x"] = b""  # type: ignore[index]
    with pytest.raises(ValueError, match="frozen"):
        CITY.departments["roads"].level = 7  # type: ignore[misc]


def test_optional_files_may_be_absent() -> None:
    """A pack needs no cameras, labels, places, rules, inhibitions or silences."""
    names = ("cameras.csv", "labels.csv", "places.csv", "rules.toml", "inhibitions.csv", "silences.csv")

    city = tiny_city(dict.fromkeys(names))

    tables = (city.cameras, city.places, city.rules, city.inhibitions, city.silences)
    assert [len(table) for table in tables] == [0, 0, 0, 0, 0]
    assert city.places.find("梧桐路") is None
    assert city.labels.find("a", "b", "pothole") is None


def test_the_error_s_text_counts_and_lists_the_mistakes() -> None:
    """It can be shown as it is."""
    with pytest.raises(CityError, match=r"^the city pack has 1 mistake:\nlimits.csv:16: stage: ") as caught:
        tiny_city(appended("limits.csv", "*,,nap,1,day"))

    assert caught.value.exit_code == 2


TEXTS = """action,category,text
handle,*,done
handle,road,the road is in order again
handle,pothole,filled
handle,pothole,done
return,*,not ours
"""


def test_standard_texts_are_those_of_the_action_the_category_s_first() -> None:
    """Then its group's, then those of all; each once, in the order of the file."""
    texts = tiny_city({"standard_texts.csv": TEXTS}).standard_texts

    assert texts.find("handle", "pothole") == ("filled", "done", "the road is in order again")
    assert texts.find("handle", "street-vendor") == ("done",)
    assert texts.find("handle", "") == ("done",)
    assert texts.find("accept", "pothole") == ()
    assert CITY.standard_texts.find("handle", "pothole") == ()


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("handel,*,done", "standard_texts.csv:7: action: 'handel' is not an action of an update"),
        ("handle,holes,done", "standard_texts.csv:7: category: 'holes' is not a category"),
        ("handle,*,", "standard_texts.csv:7: text: "),
    ],
)
def test_a_standard_text_that_nobody_would_be_offered_is_named(row: str, wrong: str) -> None:
    """Its action, or its category, is none."""
    with pytest.raises(CityError) as found:
        tiny_city({"standard_texts.csv": f"{TEXTS}{row}\n"})
    assert wrong in str(found.value)
