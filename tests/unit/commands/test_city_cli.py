"""`paidan city`: check, try, calendar."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.city import CityError
from models.city.pack.gaps import gaps
from models.city.pack.official_days import official_days
from models.classifier import Context
from models.errors import UsageError
from models.guess import NO_FAULT, Guess
from models.redact import reporter_hash
from streams.cli.packs import city as command
from streams.cli.packs.city import app
from streams.settings import load_settings
from tests.support.cities import CITY_TOML, FILES, tiny_city, tiny_files, written
from tests.support.desks import guess
from tests.unit.city.test_assets import FILES_OF

RUNNER = CliRunner()
WIDE = {"COLUMNS": "200"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tiny city as a folder, with a note beside it that is no part of the pack."""
    written(tmp_path, tiny_files())
    (tmp_path / "notes.txt").write_text("not part of the pack")
    (tmp_path / "~$places.csv").write_bytes(b"a spreadsheet is open")
    return tmp_path


def test_check_counts_what_the_pack_holds(folder: Path) -> None:
    """A good pack is summed up, with its digest."""
    result = RUNNER.invoke(app, ["check", str(folder)], env=WIDE)

    assert result.exit_code == 0
    assert tiny_city().digest in result.stdout
    assert "小城 Tiny (tiny)" in result.stdout


def test_citizen_prints_what_stands_for_a_person_in_the_pool() -> None:
    """The hash that intake gives to their reports, however the number is written."""
    found = [RUNNER.invoke(app, ["citizen", number]).stdout for number in ("13800138000", "+86 138 0013 8000")]

    assert found == [f"{reporter_hash(load_settings().hmac_key, '13800138000')}\n"] * 2
    assert isinstance(RUNNER.invoke(app, ["citizen", " "]).exception, UsageError)


def test_check_names_every_mistake(folder: Path) -> None:
    """A bad pack ends with its mistakes and exit code 2."""
    (folder / "limits.csv").write_text(FILES["limits.csv"] + "*,,nap,0,day\n")

    result = RUNNER.invoke(app, ["check", str(folder)], env=WIDE)

    assert isinstance(result.exception, CityError)
    assert [problem.split(": ")[1] for problem in result.exception.problems] == ["amount", "stage"]


def test_check_of_no_folder_says_so(tmp_path: Path) -> None:
    """A wrong path is one sentence."""
    result = RUNNER.invoke(app, ["check", str(tmp_path / "nowhere")])

    assert isinstance(result.exception, CityError)
    assert "is not a folder with a city pack" in str(result.exception)


def test_a_folder_of_a_name_too_long_cannot_be_read(tmp_path: Path) -> None:
    """Nobody can tell whether it is there; that is a mistake as well, and no traceback."""
    result = RUNNER.invoke(app, ["check", str(tmp_path / ("x" * 300))])

    assert isinstance(result.exception, CityError)
    assert "cannot be read: File name too long" in str(result.exception)


def test_gaps_are_told_but_not_refused() -> None:
    """Categories without anybody responsible or without a limit are allowed and named."""
    city = tiny_city(
        {
            "responsibility.csv": "category,area,lead\nroad,*,roads\norder,south,police\n",
            "limits.csv": "category,condition,stage,amount,unit\nroad,,whole,7,day\norder,,whole,7,day\n",
        }
    )

    found = gaps(city, date(2026, 3, 1))

    assert "nobody is responsible for flooding anywhere; such orders go to review" in found
    assert "nobody is responsible for street-vendor in north-e, north-w; such orders go to review" in found
    assert "water-leak has no limit for the whole order" in found
    assert not any("pothole" in gap for gap in found)


def test_a_hub_that_is_to_assist_is_told() -> None:
    """Its platform takes orders to lead; a bridge carries nothing else."""
    departments = FILES["departments.csv"].splitlines()
    with_hub = "\n".join(
        [f"{departments[0]},hub", *(f"{row}," for row in departments[1:]), "east,东区平台,East hub,1,,on"]
    )
    rows = "category,area,lead,assists\nroad,*,roads,east\norder,*,east,police\n"
    city = tiny_city({"departments.csv": with_hub + "\n", "responsibility.csv": rows})

    found = [gap for gap in gaps(city, date(2026, 3, 1)) if "hub" in gap]

    assert found == [
        "row 2 of responsibility.csv has the hub east assist: a hub can lead, what it assists with never reaches it"
    ]


def test_a_rule_without_a_condition_is_told() -> None:
    """It decides every order, and whoever meant it for some hears of it before they publish."""
    rules = '[[rules]]\nid = "all"\nreason = "all"\nwhen = {}\nthen = {priority = 2}\n'

    found = gaps(tiny_city({"rules.toml": rules}), date(2026, 3, 1))

    assert found == ["rule all names no condition: it holds for every order, and none after it is asked"]


@pytest.mark.parametrize(("days", "told"), [(2, True), (3, False)])
def test_an_order_that_is_due_before_its_handling_is_told(days: int, told: bool) -> None:
    """Whoever keeps the limit of their stage would be late all the same."""
    limits = FILES["limits.csv"] + f"water,,whole,{days},work-day\n"

    found = [gap for gap in gaps(tiny_city({"limits.csv": limits}), date(2026, 3, 1)) if "sooner" in gap]

    assert bool(found) is told
    assert not found or found[0].startswith("an order of water-leak is due after 2 work-day (row ")


@pytest.mark.parametrize(("zone", "told"), [("Asia/Shanghai", True), ("Europe/London", False)])
def test_official_chinese_days_are_offered_to_chinese_cities(zone: str, told: bool) -> None:
    """Elsewhere they are no help."""
    elsewhere = CITY_TOML.replace("Asia/Shanghai", zone)

    (gap,) = gaps(tiny_city({"city.toml": elsewhere}), date(2026, 11, 27))

    assert gap.startswith("calendar.csv names no holidays of 2027")
    assert ("paidan city calendar" in gap) is told


@pytest.mark.parametrize(("day", "told"), [(date(2026, 10, 1), False), (date(2026, 11, 27), True)])
def test_the_next_year_s_holidays_are_missed_before_the_year_ends(day: date, told: bool) -> None:
    """Limits reach over the end of the year, so its last weeks ask for the next calendar."""
    found = gaps(tiny_city(), day)

    assert any(gap.startswith("calendar.csv names no holidays of 2027") for gap in found) is told


@pytest.mark.parametrize(("day", "told"), [(date(2026, 10, 31), False), (date(2026, 12, 1), True)])
def test_a_responsibility_that_ends_with_the_year_is_missed_before_it_does(day: date, told: bool) -> None:
    """Such orders would go to people from the new year's first day on, and nobody has asked for that."""
    rows = (
        "category,area,lead,valid_to\nroad,*,roads,\norder,*,police,2026-12-31\norder,south,police,\nwater,*,works,\n"
    )

    found = gaps(tiny_city({"responsibility.csv": rows}), day)

    lost = (
        "from 2027-01-01 on nobody is responsible for street-vendor in north-e, north-w; such orders go to review then"
    )
    assert (lost in found) is told
    assert not any("nobody is responsible for pothole" in gap for gap in found)


def test_categories_of_which_the_model_is_never_sure_are_told() -> None:
    """It has seen no text of them: reports of them go to review, which the check says beforehand."""
    city = tiny_city()
    codes = [code for code, category in city.categories.items() if category.parent]

    found = gaps(city, date(2026, 3, 1), known=codes, never_sure=codes[:2])

    assert any(
        gap.startswith(f"of 2 of {len(codes)} categories") and gap.endswith(", ".join(codes[:2])) for gap in found
    )


def test_categories_that_the_model_does_not_know_are_told() -> None:
    """Reports of a category that the model in force never learnt go to review, which the check says beforehand."""
    city = tiny_city()
    codes = [code for code, category in city.categories.items() if category.parent]

    found = gaps(city, date(2026, 3, 1), known=codes[1:])

    assert any(gap.startswith(f"1 of {len(codes)} categories are unknown") and gap.endswith(codes[0]) for gap in found)


def try_out(folder: Path, *arguments: str) -> str:
    """What `paidan city try` prints."""
    result = RUNNER.invoke(app, ["try", *arguments, "--city", str(folder)], env=WIDE, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_try_shows_the_row_that_decides(folder: Path) -> None:
    """Area by the point, department and row of the table, limits."""
    shown = try_out(folder, "有个坑", "--at", "30.05,114.05", "--category", "pothole")

    assert "南西街 Southwest (south-w), by polygon" in shown
    assert "responsibility.csv:2" in shown
    assert "道路局 Roads Bureau (roads)" in shown
    assert "handle 24 hour24" in shown


def test_try_shows_the_rule_that_decides(folder: Path) -> None:
    """Place by the words, rule by its line and reason."""
    shown = try_out(folder, "荷花苑水深齐腰", "--category", "flooding")

    assert "(north-w), by words" in shown
    assert "rules.toml:2 deep-water-first" in shown
    assert "(works)" in shown
    assert "police, roads" in shown


def test_try_takes_a_camera_s_label(folder: Path) -> None:
    """The category is that of the label table, vendor and algorithm counted."""
    assert "(illegal-parking)" in try_out(folder, "", "--label", "acme/road-v2/vendor", "--at", "30.15,114.05")
    assert "(street-vendor)" in try_out(folder, "", "--label", "vendor", "--at", "30.15,114.05")


def test_try_shows_the_owner_of_the_asset_that_the_words_name(tmp_path: Path) -> None:
    """As intake does, which takes its place, too: the table's department was shown, which does not get the order."""
    written(tmp_path, tiny_files(FILES_OF))

    shown = try_out(tmp_path, "3702020101000123 灯不亮了", "--category", "street-light")

    assert "(south-w), by asset" in shown
    assert "assets.csv 3702020101000123" in shown
    assert "(police)" in shown


@pytest.mark.parametrize(("category", "sentence"), [("pothole", ""), (NO_FAULT, "nothing is the matter")])
def test_try_asks_the_model_as_intake_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch, category: str, sentence: str
) -> None:
    """Beside the words stand the label alone and no area where it knows none; what surely is no fault opens nothing."""
    asked: list[Context] = []

    class Sure:
        def classify(self, texts: Sequence[str], contexts: Sequence[Context]) -> list[Guess]:
            asked.extend(contexts)
            return [guess(category)]

    async def in_force(*_: object) -> Sure:
        return Sure()

    monkeypatch.setattr(command, "in_force", in_force)
    result = RUNNER.invoke(app, ["try", "a man looks into a hole", "--label", "acme/v2/scene", "--city", str(folder)])

    assert [(each.label, each.area) for each in asked] == [("scene", "")]
    assert sentence in str(result.exception)
    assert (result.exception is None) is not bool(sentence)


def test_try_says_of_a_label_that_opens_nothing_why(folder: Path) -> None:
    """One that labels.csv does not list or drops; a `?` goes to a person without being classified."""
    table = folder / "labels.csv"
    table.write_text(table.read_text("utf-8") + "*,*,person,-,\n*,*,smoke,?,\n", "utf-8")

    for label, why in (("car", "is not in labels.csv"), ("person", "is dropped by labels.csv")):
        result = RUNNER.invoke(app, ["try", "", "--label", label, "--city", str(folder)])
        assert isinstance(result.exception, UsageError)
        assert why in str(result.exception)
    for label, text, why in (
        ("car", "street, cars, people walking", "nothing is the matter"),
        ("person", "two men repaint a fence", "surely names nothing"),
    ):
        result = RUNNER.invoke(app, ["try", text, "--label", label, "--city", str(folder)])
        assert why in str(result.exception)
    assert "review" in try_out(folder, "", "--label", "smoke", "--at", "30.05,114.05")


def test_try_shows_who_reads_what_is_not_dispatched(folder: Path) -> None:
    """A rule can send to review or reject."""
    assert "review: fees-are-reviewed" in try_out(folder, "物业费", "--category", "property-fees")
    assert "rejected: adverts-rejected" in try_out(folder, "办证贷款", "--category", "pothole")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--at", "here"], "--at 'here': give two numbers, lat,lon"),
        (["--at", "30.05"], "--at '30.05': give two numbers, lat,lon"),
        (["--at", "31.05,114.05"], "--at 31.05,114.05 lies outside the city"),
        (["--category", "pot"], "'pot' is not a category of Tiny"),
        (["--when", "noon"], "--when 'noon': give a time like 2026-03-01T22:30"),
    ],
)
def test_a_wrong_call_is_one_sentence(folder: Path, arguments: list[str], sentence: str) -> None:
    """What cannot be tried says what to give instead."""
    result = RUNNER.invoke(app, ["try", "x", *arguments, "--city", str(folder)])

    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == sentence


def test_calendar_writes_rows_that_a_pack_takes(tmp_path: Path) -> None:
    """The official days of a year, added to the working slots, make a calendar."""
    target = tmp_path / "days.csv"

    result = RUNNER.invoke(app, ["calendar", "2026", "--out", str(target)])
    rows = target.read_text(encoding="utf-8")
    city = tiny_city({"calendar.csv": rows + ",slots,09:00-17:00\n"})

    assert result.exit_code == 0
    assert rows.startswith("date,kind,value\n2026-01-01,holiday,元旦\n")
    assert len(city.calendar.holidays) == sum(kind == "holiday" for _, kind, _ in official_days(2026))


def test_the_tiny_city_s_days_are_the_official_ones() -> None:
    """The Spring Festival of the test city is that of 2026."""
    official = [",".join(row) for row in official_days(2026) if row[0] < "2026-03"]

    assert [line for line in FILES["calendar.csv"].splitlines() if line.startswith("2026")] == official


def test_a_year_that_is_not_known_yet_is_one_sentence() -> None:
    """The official arrangement is published late in the year before."""
    with pytest.raises(UsageError, match="the official holidays of 2090 are not known, only those of 2004 to "):
        official_days(2090)
