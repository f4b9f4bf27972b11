"""Spreadsheet files: what is tolerated, and how every mistake names its file, line and field."""

import re
import sys
import unicodedata
from collections.abc import Mapping

import pytest

from models.city import CityError
from models.city.files.damage import HIDDEN
from tests.support.cities import FILES, appended, tiny_city, tiny_files


def problems(overrides: Mapping[str, str | bytes | None], settings: str = "") -> tuple[str, ...]:
    """The mistakes of the tiny city with these files."""
    with pytest.raises(CityError) as caught:
        tiny_city(overrides, settings)
    return caught.value.problems


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\n\n") + "\n\n",
        lambda text: text + ",,,,\n",
        lambda text: "# who does what\n" + text,
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: text.replace(",", " , "),
        lambda text: text.replace("id,name_zh", "ID,Name_zh"),
        lambda text: "\n".join(line + ",," for line in text.splitlines()),
        lambda text: text.replace(",1,", ",１,").replace(",2,", ",2.0,"),
        lambda text: "sep=;\r\n" + text.replace(",", ";"),
        lambda text: "# departments\nSEP=,\n" + text,
    ],
    ids=[
        *("bom", "crlf", "blank", "empty-cells", "comment", "semicolon", "tab", "spaces", "case", "commas", "digits"),
        *("sep-semicolon", "sep-comma"),
    ],
)
def test_what_spreadsheets_do_to_a_table_changes_nothing(change) -> None:  # type: ignore[no-untyped-def]
    """The departments are the same however the program that saved them writes CSV."""
    plain = tiny_city().departments
    saved = tiny_city({"departments.csv": change(FILES["departments.csv"])}).departments

    assert [(d.id, d.name_zh, d.level, d.parent) for d in plain.values()] == [
        (d.id, d.name_zh, d.level, d.parent) for d in saved.values()
    ]


def test_gbk_is_refused_with_what_to_do() -> None:
    """A table that Chinese Excel saved as GBK is named with its line and the way to save it."""
    (problem,) = problems({"places.csv": FILES["places.csv"].encode("gbk")})

    assert problem.startswith("places.csv:2: the file is not UTF-8; it looks like GBK")
    assert problem.endswith("save it as 'CSV UTF-8'")


@pytest.mark.parametrize(
    ("file", "wanted"), [("places.csv", "'CSV UTF-8'"), ("rules.toml", "UTF-8"), ("areas.geojson", "UTF-8")]
)
def test_utf16_is_refused_with_what_to_do(file: str, wanted: str) -> None:
    """Excel's 'Unicode Text' is not CSV UTF-8; and nobody saves a map as CSV."""
    found = problems({file: "id".encode("utf-16")})

    assert f"{file}:1: the file is UTF-16; save it as {wanted}" in found


def test_a_name_in_one_language_is_enough() -> None:
    """A city that speaks one language has no second name for each thing: it is called in the other as in this one."""
    rows = "\n".join(line for line in FILES["departments.csv"].replace("name_zh,", "").splitlines())
    english = re.sub(r"^([a-z-]+),[^a-z,]+,", r"\1,", rows, flags=re.MULTILINE)

    roads = tiny_city({"departments.csv": english}).departments["roads"]
    (*_, problem) = problems({"departments.csv": english.replace("name_en,", "").replace(",Roads Bureau", "")})

    assert (roads.name_zh, roads.name_en) == ("Roads Bureau", "Roads Bureau")
    assert problem == "departments.csv:1: name_zh: the column is missing"


def test_a_mistake_names_file_line_and_field() -> None:
    """The official finds the cell at once."""
    line = "bad,road,坏,Bad,road,,abc,24,1,3,1,on"

    assert problems(appended("categories.csv", line)) == ("categories.csv:13: merge_radius_m: 'abc' is not a number",)


def test_a_quoted_cell_of_several_lines_counts_as_its_lines() -> None:
    """The line after a cell with a line break in it still has its own number."""
    lines = ('wide,road,"宽\n窄",Wide,road,,1,1,1,3,1,on', "bad,road,坏,Bad,road,,1,1,1,9,1,on")

    (problem,) = problems(appended("categories.csv", *lines))

    assert problem.startswith("categories.csv:15: priority: ")


def test_all_mistakes_come_at_once() -> None:
    """Every file is read to its end before anything is said."""
    found = problems(
        appended("departments.csv", "Bad Id,坏,Bad,1,", "roads,又,Again,1,")
        | appended("limits.csv", "pothole,,sometime,1,day", "pothole,,check,0,day", "pothole,,check,1,year")
        | appended("cameras.csv", "cam-x,30.05,114.05,south-e,错,nobody")
    )

    assert [problem.split(": ")[:2] for problem in found] == [
        ["cameras.csv:7", "lat"],
        ["cameras.csv:7", "owner"],
        ["departments.csv:6", "id"],
        ["departments.csv:7", "id"],
        ["limits.csv:16", "stage"],
        ["limits.csv:17", "amount"],
        ["limits.csv:18", "unit"],
    ]


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("departments.csv", "police,城管局,City Order Bureau,1", "police,城管局,City Order Bureau,first"),
        (
            "categories.csv",
            "flooding,water,积水,Flooding,water,积水|flood,200",
            "flooding,water,积水,Flooding,water,,far",
        ),
        ("categories.csv", "road,,道路,Roads,road,路,50", "road,,道路,Roads,road,路,-50"),
        ("limits.csv", "pothole,rebuild,handle,20,work-day", "pothole,rebuild,handle,20,weeks"),
        ("departments.csv", "police,城管局,City Order Bureau,1,", "police,城管局,City Order Bureau,1,,x"),
        ("departments.csv", "police,城管局", 'police,"城管局'),
    ],
)
def test_a_row_that_cannot_be_read_is_one_mistake(name: str, before: str, after: str) -> None:
    """What refers to it is not held against the other files."""
    (problem,) = problems({name: FILES[name].replace(before, after)})

    assert problem.startswith(name)


def test_an_unknown_column_is_named() -> None:
    """A misspelt heading is not silently ignored."""
    text = FILES["departments.csv"].replace("parent", "parents")

    (problem,) = problems({"departments.csv": text})

    assert problem.startswith("departments.csv:1: parents: is not a column of this file")


def test_a_missing_column_is_named() -> None:
    """A table without a column that it needs says which."""
    (problem,) = problems({"silences.csv": "area,category,from,to,owner\n"})

    assert problem == "silences.csv:1: reason: the column is missing"


def test_too_many_cells_are_named() -> None:
    """A comma too many would shift values into other columns."""
    (problem,) = problems(appended("departments.csv", "parks,园林,局,Parks,1,,"))

    assert problem == "departments.csv:6: level: 'Parks' is not a number"


def test_a_cell_beyond_the_header_is_named() -> None:
    """A value without a heading belongs nowhere."""
    (problem,) = problems(appended("departments.csv", "parks,园林局,Parks,1,,oops,x"))

    assert problem == "departments.csv:6: has 7 cells but the header names 5 columns"


@pytest.mark.parametrize(
    "name",
    [
        "city.toml",
        "areas.geojson",
        "calendar.csv",
        "categories.csv",
        "departments.csv",
        "limits.csv",
        "responsibility.csv",
    ],
)
def test_a_missing_file_is_the_only_mistake(name: str) -> None:
    """A pack without one of its files is refused, and what refers to that file is not held against the others."""
    assert problems({name: None}) == (f"{name}:1: the file is missing",)


@pytest.mark.parametrize("text", ["", "\ufeff", "# to be written\n"])
def test_a_head_that_says_nothing_is_refused(text: str) -> None:
    """A city without a name and a zone is none, also when its file was emptied."""
    missing = ("id", "name_en", "name_zh", "zone")

    assert problems({"city.toml": text}) == tuple(f"city.toml:1: {name}: is missing" for name in missing)


def test_an_unknown_file_is_named() -> None:
    """A misspelt file name is not silently ignored."""
    (problem,) = problems({"silence.csv": "area\n"})

    assert problem.startswith("silence.csv:1: is not a file of a city pack")


def test_a_setting_out_of_range_is_named_with_its_line() -> None:
    """The settings are checked like the tables."""
    found = problems({}, "reopen_days = -1.0\nreopen_weeks = 2\n")

    assert found == (
        "city.toml:12: settings.reopen_days: -1.0: must be at least 0",
        "city.toml:13: settings.reopen_weeks: is not known here",
    )


@pytest.mark.parametrize(
    "url",
    [
        "tiles.example.org/{z}/{x}/{y}.png",
        "javascript://tiles.example.org/{z}/{x}/{y}",
        "https://tiles.example.org/{z}/{x}.png",
        "https://{x}.example.org/{z}/{x}/{y}.png",
        "https://{s}.example.org/{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}/{y}{r}.png",
        "https://tiles.example.org; script-src */{z}/{x}/{y}.png",
        "https://somebody@tiles.example.org/{z}/{x}/{y}.png",
    ],
)
def test_a_street_map_is_of_one_server_that_the_address_names(url: str) -> None:
    """No part of the server's name varies, and nothing of it could be read as more than a server."""
    found = problems({}, f'tiles_attribution = "whoever drew it"\ntiles_url = "{url}"\n')

    assert len(found) == 1
    assert found[0].startswith("city.toml:13: settings.tiles_url: ")


def test_a_street_map_says_whose_it_is() -> None:
    """The address alone is refused; with the owner it is taken."""
    url = "https://tiles.example.org:8443/streets/{z}/{x}/{y}.png?style=plain"
    named = f'tiles_attribution = "whoever drew it"\ntiles_url = "{url}"\n'

    [found] = problems({}, f'tiles_url = "{url}"\n')

    assert "whose map it is" in found
    assert tiny_city(settings=named).settings.tiles_url == url


def test_a_zone_that_does_not_exist_is_named() -> None:
    """The zone must be one of the IANA data base."""
    files = tiny_files()
    text = files["city.toml"].decode().replace("Asia/Shanghai", "Asia/Yunhe")

    (problem,) = problems({"city.toml": text})

    assert problem == "city.toml:5: zone: 'Asia/Yunhe' is not an IANA time zone (Asia/Shanghai)"


@pytest.mark.parametrize(
    ("name", "line", "problem"),
    [
        ("departments.csv", "parks,园林局,Parks,1,police", "departments.csv:6: level: parks does not stand below its"),
        ("departments.csv", "parks,园林局,Parks,2,nobody", "departments.csv:6: parent: 'nobody' is not a department"),
        ("categories.csv", "x,nothing,某,X,x,,1,1,1,3,1,on", "categories.csv:13: parent: 'nothing' is not a category"),
        ("categories.csv", "x,pothole,某,X,x,,1,1,1,3,1,on", "categories.csv:13: parent: pothole has a parent itself"),
        (
            "responsibility.csv",
            "road,*,works,,,",
            "responsibility.csv:9: category: road in *: line 2 gives the same days",
        ),
        ("responsibility.csv", "pothole,*,nobody,,,", "responsibility.csv:9: lead: 'nobody' is not a department"),
        ("responsibility.csv", "pothole,moon,works,,,", "responsibility.csv:9: area: 'moon' is not an area"),
        ("responsibility.csv", "pot,*,works,,,", "responsibility.csv:9: category: 'pot' is not a category"),
        ("responsibility.csv", "pothole,*,works,works,,", "responsibility.csv:9: assists: works leads already"),
        (
            "responsibility.csv",
            "guardrail,south-e,works,,2026-06-01,2026-06-02",
            "responsibility.csv:9: category: guardrail in south-e: line 7 gives the same days",
        ),
        (
            "responsibility.csv",
            "pothole,*,works,,2026-06-02,2026/06/01",
            "responsibility.csv:9: valid_to: 2026-06-01 lies before 2026-06-02",
        ),
        (
            "responsibility.csv",
            "pothole,*,works,,2026-02-30,",
            "responsibility.csv:9: valid_from: '2026-02-30' is not a",
        ),
        ("limits.csv", "pothole,,handle,2,day", "limits.csv:16: category: pothole - handle stands already in line 10"),
        ("limits.csv", "pot,,handle,2,day", "limits.csv:16: category: 'pot' is not a category"),
        ("limits.csv", "pothole,,check,1.5,day", "limits.csv:16: amount: '1.5' is not a whole number"),
        ("labels.csv", "*,*,x,road,0.5", "labels.csv:9: category: road is a group; name one of its categories"),
        ("labels.csv", "*,*,x,pothole,1.5", "labels.csv:9: min_confidence: 1.5 is not a share (0 to 1)"),
        ("labels.csv", "*,*,POTHOLE,guardrail,0.5", "labels.csv:9: label: * * pothole stands already in line 2"),
        (
            "cameras.csv",
            "cam-sw-1,30.05,114.05,south-w,x,police",
            "cameras.csv:7: id: cam-sw-1 stands already in line 2",
        ),
        (
            "cameras.csv",
            "c,31.05,114.05,south-w,x,police",
            "cameras.csv:7: lat: 31.05, 114.05 is outside the city, not",
        ),
        ("cameras.csv", "c,30.05,114.15,south-w,x,police", "cameras.csv:7: lat: 30.05, 114.15 is in south-e, not in"),
        ("cameras.csv", "c,130.05,114.15,south-w,x,police", "cameras.csv:7: lat: 130.05 is not a latitude"),
        ("cameras.csv", "c,30.05,114.15,south,x,police", "cameras.csv:7: area: 'south' is not a town"),
        ("places.csv", "某路,,,road,north,,", "places.csv:7: area: 'north' is not a town"),
        ("places.csv", "路,,,road,south-w,,", "places.csv:7: name_zh: a place needs a name of two characters"),
        ("places.csv", "某路,,,road,south-w,30.01,", "places.csv:7: lat: lat and lon are given together"),
        ("inhibitions.csv", "flooding,rain,", "inhibitions.csv:3: child: 'rain' is not a category"),
        ("silences.csv", "*,*,2026-05-03,2026-05-01,x,y", "silences.csv:3: to: lies not after from"),
        ("silences.csv", "*,*,soon,2026-05-01,x,y", "silences.csv:3: from: 'soon' is not a local time"),
        ("calendar.csv", "2026-01-01,make-up,x", "calendar.csv:18: date: 2026-01-01 stands already in line 3"),
        ("calendar.csv", ",holiday,x", "calendar.csv:18: date: a holiday needs a date"),
        ("calendar.csv", ",short-day,08:00-12:00", "calendar.csv:18: date: a short-day needs a date"),
        (
            "calendar.csv",
            "2026-01-01,short-day,08:00-12:00",
            "calendar.csv:18: date: 2026-01-01 is a holiday, on which",
        ),
        ("calendar.csv", ",fri,8:00-9:00\n,fri,8:00-9:00", "calendar.csv:19: date: fri stands already in line 18"),
        ("calendar.csv", "2026-06-01,weekend,sat", "calendar.csv:18: date: weekend holds for every day and takes no"),
        ("calendar.csv", ",weekend,sat|someday", "calendar.csv:18: value: 'someday' is not a day of the week"),
        ("calendar.csv", "2026-03-01,feast,x", "calendar.csv:18: kind: 'feast': must be one of 'holiday', "),
    ],
)
def test_a_broken_reference_is_named(name: str, line: str, problem: str) -> None:
    """Every name that one table uses must stand in the table that defines it."""
    (found,) = problems(appended(name, line))

    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("slots", "problem"),
    [
        ("", "a working day needs at least one slot"),
        ("12:00-08:00", "'12:00-08:00' does not end after it starts"),
        ("08:00-12:00|11:00-14:00", "'11:00-14:00' does not follow the slot before it"),
        ("08:00-25:00", "'08:00-25:00' is not a slot (08:30-12:00)"),
        ("8-12", "'8-12' is not a slot (08:30-12:00)"),
    ],
)
def test_working_slots_are_ordered_times_of_one_day(slots: str, problem: str) -> None:
    """Working time is counted by slots that cannot overlap."""
    found = problems({"calendar.csv": f"date,kind,value\n,slots,{slots}\n"})

    assert any(text.startswith(f"calendar.csv:2: value: {problem}") for text in found)


def test_a_calendar_without_slots_is_refused() -> None:
    """Working hours without hours mean nothing."""
    (problem,) = problems({"calendar.csv": "date,kind,value\n2026-01-01,holiday,元旦\n"})

    assert problem.startswith("calendar.csv:1: kind: a row of kind slots is missing")


@pytest.mark.parametrize(
    ("name", "line", "problem"),
    [
        ("cameras.csv", "3.4020000001E+19,30.05,114.05,south-w,x,police", "id: '3.4020000001E+19' is a number that a"),
        ("cameras.csv", "3-Mar,30.05,114.05,south-w,x,police", "id: '3-Mar' is a date that a spreadsheet made"),
        ("cameras.csv", "2026/3/5,30.05,114.05,south-w,x,police", "id: '2026/3/5' is a date that a spreadsheet made"),
        ("cameras.csv", "c\u200b,30.05,114.05,south-w,x,police", "id: 'c\\u200b' holds an invisible character"),
        ("cameras.csv", "c-9\u200d,30.05,114.05,south-w,x,police", "id: 'c-9\\u200d' holds an invisible character"),
        ("cameras.csv", "c-００１,30.05,114.05,south-w,x,police", "id: 'c-００１' holds full-width characters"),
        ("cameras.csv", "#N/A,30.05,114.05,south-w,x,police", "id: '#N/A' is what a spreadsheet writes"),
        ("cameras.csv", "c,3_0.05,114.05,south-w,x,police", "lat: '3_0.05' is not a number"),
        ("labels.csv", "*,*,1.2E+15,pothole,0.5", "label: '1.2E+15' is a number that a spreadsheet shortened"),
        ("labels.csv", "*,*,pot\u00adhole,pothole,0.5", "label: 'pot\\xadhole' holds an invisible character"),
        ("places.csv", "某\u2060路,,,road,south-w,,", "name_zh: '\\u67d0\\u2060\\u8def' holds an invisible character"),
        ("silences.csv", "*,*,2026-05-01,2026-05-03,#REF!,y", "owner: '#REF!' is what a spreadsheet writes"),
        ("limits.csv", "pothole,,check,4²,day", "amount: '4²' holds a raised or circled digit"),
        ("departments.csv", "roads²,名,Name,1,", "id: 'roads²' holds a raised or circled digit"),
        ("departments.csv", "roads-②,名,Name,1,", "id: 'roads-②' holds a raised or circled digit"),
        ("calendar.csv", "2026-05-0¹,holiday,五一", "date: '2026-05-0¹' holds a raised or circled digit"),
        ("limits.csv", "pothole,,check,1_0,day", "amount: '1_0' is not a number"),
        ("limits.csv", f"pothole,,check,{'9' * 400},day", f"amount: '{'9' * 400}' is not a number"),
        ("limits.csv", "pothole,,check,④,day", "amount: '④' holds a raised or circled digit"),
        (
            "limits.csv",
            "pothole,,check,1000000000,day",
            "amount: 1000000000 day is longer than 10 years (at most 3650)",
        ),
        ("limits.csv", "pothole,,check,1e308,hour24", "amount: '1e308' is a number that a spreadsheet shortened"),
        ("limits.csv", "pothole,,check,2501,work-day", "amount: 2501 work-day is longer than 10 years"),
        ("categories.csv", "x,road,某,X,x,,1,1000000000,1,3,1,on", "merge_hours: 1000000000.0: must be at most 87600"),
        ("categories.csv", "x,road,某,X,x,,1,1,1,3,10³,on", "cost: '10³' holds a raised or circled digit"),
    ],
)
def test_what_spreadsheets_and_slips_of_the_pen_do_to_a_cell_is_named(name: str, line: str, problem: str) -> None:
    """A cell that no longer says what was meant is a mistake with line and column, in whatever table it stands."""
    (found,) = problems(appended(name, line))

    assert found.split(":", 2)[2].strip().startswith(problem)


def test_every_character_that_only_formats_is_known() -> None:
    """Those that are looked for are all that Unicode has, though not all of it is looked through."""
    assert {sign for sign in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(sign) == "Cf"} == HIDDEN


@pytest.mark.parametrize("name", ["می‌روم路", "👩‍🚒站前路"])
def test_a_joiner_within_a_word_is_no_damage(name: str) -> None:
    """Scripts and emoji that need an invisible joiner between their signs keep it."""
    city = tiny_city(appended("places.csv", f"{name},,,road,south-w,,"))

    assert name in {place.name_zh for place in city.places.all}


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("areas.geojson", '{"type": "FeatureCollection",\n"features":' + "[" * 100_000 + "]" * 100_000 + "}", 2),
        ("areas.geojson", '{"a":' * 100_000 + "1" + "}" * 100_000, 1),
        ("rules.toml", "\n\nx = " + "[" * 100_000 + "]" * 100_000, 3),
        ("city.toml", "x = " + "{a=" * 100_000 + "1" + "}" * 100_000, 1),
    ],
)
def test_a_file_that_nests_without_end_is_a_mistake(name: str, content: str, line: int) -> None:
    """Depth that would end a parser is told with file and line."""
    found = problems({name: content})

    assert any(text.startswith(f"{name}:{line}: the file nests too deep") for text in found)
