"""The figures that everybody may read: of whole months, small counts withheld, kept and counted by address."""

import csv
import io
from collections.abc import Mapping
from typing import Any, cast

import msgspec
import pytest

from dispatcher.figures.figure_row import FigureRow
from models.times import from_text
from streams.gateway.http.problems import Problem
from streams.gateway.open_figures import monthly
from streams.gateway.open_figures.monthly import KEPT_SECONDS, OpenFigures, open_document
from streams.gateway.shards import ShardAnswers, Shards
from streams.tables.protocol import PartitionFigures, ShardFigures
from tests.support.cities import FILES, tiny_city
from tests.web.answers.test_partial import workers
from tests.web.conftest import Open

CITY = tiny_city()
TODAY = from_text("2026-03-10T02:00:00Z")


def row(received: int, opened: int = 0, closed: int = 0, **more: int) -> FigureRow:
    """A row of figures."""
    return FigureRow(1, {"received": received, "opened": opened, "closed": closed, **more})


AREAS = {"south-w": row(40, 30, 20), "south-e": row(2, 12, 9), "north-w": row(31, 0, 1)}
CATEGORIES = {"pothole": row(60, 30, 25), "flooding": row(13, 12, 5)}
SUMS = {"area": AREAS, "category": CATEGORIES}


class StubShards:
    """Answers as the tables do, and counts how often it is asked."""

    def __init__(self, sums: Mapping[str, Mapping[str, FigureRow]] = SUMS, total: int = 1) -> None:
        self.part = PartitionFigures(1, {name: dict(rows) for name, rows in sums.items()})
        self.total = total
        self.asked: list[Mapping[str, str]] = []

    async def ask(self, path: str, params: Mapping[str, str], kind: type[Any]) -> ShardAnswers[PartitionFigures]:
        """The figures, whatever is asked for."""
        self.asked.append(params)
        return ShardAnswers({0: self.part}, self.total)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the tenth of March."""
    monkeypatch.setattr(monthly, "now_ms", lambda: TODAY)


def opened(shards: StubShards, **more: Any) -> OpenFigures:
    """Open figures over such tables."""
    return OpenFigures(CITY, cast(Shards, shards), **more)


def test_small_counts_and_what_would_give_them_away_are_withheld() -> None:
    """One of the others with them, while the sum is told; a 0 speaks of nobody."""
    document = open_document(CITY, SUMS)

    told = {each["id"]: each for each in document["areas"]}
    assert document["counts"] == {"received": 73, "opened": 42, "closed": 30}
    assert told["south-e"]["received"] is None
    assert [each["received"] for each in told.values()].count(None) == 2
    assert [each["opened"] for each in told.values()] == [0, 12, 30]
    assert told["south-e"]["name_zh"] == "南东街"
    assert [each["received"] for each in document["categories"]] == [13, 60]


def test_a_sum_that_one_table_cannot_tell_is_told_by_none() -> None:
    """Else the areas' sum would give away what the categories withhold."""
    document = open_document(CITY, {"area": {"south-w": row(7)}, "category": {"pothole": row(2), "flooding": row(5)}})

    assert document["counts"]["received"] is None
    assert {each["received"] for each in document["areas"] + document["categories"]} == {None}
    assert document["counts"]["opened"] == 0


@pytest.mark.parametrize(
    ("satisfied", "unsatisfied", "rate"), [(30, 10, 0.75), (5, 35, 0.13), (30, 4, None), (4, 30, None), (9, 0, 1)]
)
def test_a_rate_that_tells_of_few_is_withheld(satisfied: int, unsatisfied: int, rate: float | None) -> None:
    """With how many there are it would say how many are missing. A half of a hundredth goes up, as on the pages."""
    judged = {"citizen_judged": satisfied + unsatisfied, "citizen_agreed": satisfied}
    sums = {"area": {"south-w": row(40, satisfied=satisfied, unsatisfied=unsatisfied, **judged)}, "category": {}}

    rates = open_document(CITY, sums)["rates"]
    assert (rates["satisfaction_rate"], rates["citizen_agreement"]) == (rate, rate)


@pytest.mark.usefixtures("now")
async def test_the_last_month_that_is_over_is_told_and_kept() -> None:
    """The tables are asked once, until the time is over."""
    seconds = [0.0]
    shards = StubShards()
    figures = opened(shards, clock=lambda: seconds[0])

    first, again = await figures.of_month(""), await figures.of_month("2026-02")

    assert first is again
    assert shards.asked == [{"dimension": "area,category", "from": "20260201", "to": "20260228"}]
    assert msgspec.json.decode(first.json)["month"] == "2026-02"
    seconds[0] = KEPT_SECONDS
    await figures.of_month("")
    assert len(shards.asked) == 2


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(
    "month", ["2026-03", "2026-04", "2023-02", "2026-13", "9999-12", "0001-01", "2026", "x", "2026-2", "-1"]
)
async def test_no_month_is_told_that_is_not_over(month: str) -> None:
    """From two windows that overlap one could reckon what lies between them."""
    with pytest.raises(Problem) as caught:
        await opened(StubShards()).of_month(month)

    assert (caught.value.status, caught.value.more["field"]) == (422, "month")


@pytest.mark.usefixtures("now")
async def test_nothing_is_told_while_a_partition_is_missing() -> None:
    """What it lacks would be told by the difference to a later answer."""
    with pytest.raises(Problem) as caught:
        await opened(StubShards(total=2)).of_month("")

    assert caught.value.status == 503


@pytest.mark.usefixtures("now")
async def test_nothing_in_the_csv_is_a_formula() -> None:
    """A name that begins as one gets an apostrophe; what is withheld is empty."""
    city = tiny_city({"categories.csv": FILES["categories.csv"].replace("Pothole", "=HYPERLINK(1)")})
    figures = OpenFigures(city, cast(Shards, StubShards()))

    rows = list(csv.DictReader(io.StringIO((await figures.of_month("")).csv.decode())))

    assert [each["value"] for each in rows if each["table"] == "city"] == ["73", "42", "30"]
    assert {each["name_en"] for each in rows if each["id"] == "pothole"} == {"'=HYPERLINK(1)"}
    assert [each["value"] for each in rows if (each["id"], each["indicator"]) == ("south-e", "received")] == [""]


@pytest.mark.usefixtures("standing_rates")
@pytest.mark.slow
async def test_everybody_may_read_them_and_keep_them(gateway: Open) -> None:
    """With a tag by which a copy is known as the same, and so often from one address."""
    empty = {number: PartitionFigures(1, {"area": {}, "category": {}}) for number in range(4)}
    async with (
        workers({"/figures": ShardFigures(empty)}) as places,
        gateway(tables_workers=places, gateway_open_figures=True, gateway_public_per_minute=4) as client,
    ):
        first = await client.get("/open/figures")
        again = await client.get("/open/figures", headers={"if-none-match": first.headers["etag"]})
        table = await client.get("/indicators.csv")
        page = await client.get("/open")
        last = [(await client.get("/open/figures")).status_code for _ in range(2)][-1]

    assert (first.status_code, first.headers["cache-control"]) == (200, f"public, max-age={KEPT_SECONDS}")
    assert (again.status_code, again.content) == (304, b"")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert page.status_code == 200
    assert last == 429


async def test_a_city_that_does_not_open_them_has_no_such_address(gateway: Open) -> None:
    """That is so unless the settings say otherwise. The page was there, with a list of months and nothing in them."""
    async with gateway() as client:
        asked = [await client.get(path) for path in ("/open/figures", "/indicators.csv", "/open")]

    assert [each.status_code for each in asked] == [404, 404, 404]
