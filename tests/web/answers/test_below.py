"""`below=true`: figures and lists of a department with all that stand below it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from dispatcher.figures.figure_row import FigureRow
from dispatcher.figures.indicators import INDICATORS
from streams.gateway.shards import ShardAnswers
from streams.tables.protocol import PartitionFigures, PartitionOrders, ShardFigures
from tests.support.cities import LEVELS, appended
from tests.support.desks import T0, quiet_city
from tests.support.one_desk import gateway_with_desk
from tests.support.tokens import bearer, one_of_each

CITY = quiet_city(**appended("departments.csv", *LEVELS))
CLOSED = {"roads": 1, "roads-street": 2, "roads-community": 4, "roads-grid": 8, "police": 16}
BELOW = ["roads", "roads-community", "roads-grid", "roads-other", "roads-street"]


@dataclass
class Tables:
    """Tables of one partition: so many closed orders of each department, and what was asked of their lists."""

    client: httpx.AsyncClient
    asked: list[Mapping[str, str]] = field(default_factory=list)

    async def ask(self, path: str, params: Mapping[str, str], kind: type[Any]) -> ShardAnswers[Any]:
        """What a worker would answer."""
        if kind is not ShardFigures:
            self.asked.append(params)
            return ShardAnswers({0: PartitionOrders(1, ())}, 1)
        rows = {name: FigureRow(1, {"closed": count}) for name, count in CLOSED.items()}
        own = {name: row for name, row in rows.items() if params.get("key", name) == name}
        return ShardAnswers({0: PartitionFigures(1, {"department": own})}, 1)

    async def json(self, path: str, token: str = "operator") -> Any:
        """An answer with 200."""
        answer = await self.client.get(path, headers=bearer(token))
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Tables]:
    """Such tables behind a gateway that asks for tokens."""
    tokens = one_of_each(tmp_path / "t")
    async with gateway_with_desk(CITY, T0, gateway_tokens_file=tokens) as (client, behind):
        made = Tables(client)
        monkeypatch.setattr(behind, "ask", made.ask)
        yield made


async def test_figures_are_summed_over_the_levels_where_that_is_asked(tables: Tables) -> None:
    """Each department with all below it, the city as it is; without the parameter each by itself."""
    each = (await tables.json("/status?from=all"))["departments"]
    summed = (await tables.json("/status?from=all&below=true"))["departments"]
    street = (await tables.json("/status/roads-street?from=all&below=true"))["departments"]["roads-street"]
    alone = (await tables.json("/status/roads-street?from=all"))["departments"]["roads-street"]

    assert [each[name]["closed"] for name in CLOSED] == [1, 2, 4, 8, 16]
    assert [summed[name]["closed"] for name in CLOSED] == [15, 14, 12, 8, 16]
    assert (street["closed"], alone["closed"]) == (14, 2)


async def test_a_definition_that_is_to_come_stands_beside_what_counts(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each row, under its version; without one there is no such field."""
    before = await tables.json("/status/roads?from=all")
    changed = replace(INDICATORS["closed"], kind="rate", bottom=("closed",), version=2)
    monkeypatch.setattr("dispatcher.figures.indicators.COMING", (changed,))

    after = await tables.json("/status/roads?from=all")

    row = after["departments"]["roads"]
    assert (row["closed"], row["coming"]) == (1, {"closed": {"version": 2, "value": 1.0}})
    assert row == before["departments"]["roads"] | {"coming": row["coming"]}


@pytest.mark.parametrize("by", ["area", "category", "stage", "actor"])
async def test_only_departments_stand_below_each_other(tables: Tables, by: str) -> None:
    """What would be ignored is refused."""
    answer = await tables.client.get(f"/status?by={by}&below=true", headers=bearer("operator"))

    assert (answer.status_code, answer.json()["field"]) == (422, "below")


@pytest.mark.parametrize(
    ("query", "departments"),
    [
        ("department=roads&below=true", BELOW),
        ("department=roads-grid&below=true", ["roads-grid"]),
        ("department=roads", ["roads"]),
        ("below=true", []),
    ],
)
async def test_lists_have_the_orders_of_the_levels_where_that_is_asked(
    tables: Tables, query: str, departments: list[str]
) -> None:
    """Of a department and all below it; without a department of the whole city, as ever."""
    await tables.json(f"/orders?{query}")

    [asked] = tables.asked
    assert sorted(filter(None, asked.get("department", "").split(","))) == departments


async def test_the_orders_behind_a_sum_are_those_of_all_its_departments(tables: Tables) -> None:
    """The figure's own departments count, which need not be those that have the orders now."""
    await tables.json("/orders?department=roads&below=true&indicator=closed&from=all")

    [asked] = tables.asked
    assert (asked["dimension"], sorted(asked["key"].split(","))) == ("department", BELOW)
    assert "department" not in asked
