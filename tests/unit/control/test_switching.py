"""What switches with the city pack: the gateway's application, and the lines to webhooks."""

import asyncio
from typing import Any, cast

import httpx
import pytest

from streams.access.holders import Holders
from streams.gateway.app import Parts
from streams.gateway.shutdown import Shutdown
from streams.gateway.switchboard import Switchboard
from streams.intake.unlisted import LabelWatch
from streams.notify.lines import Lines
from streams.notify.targets import Target
from streams.settings import load_settings
from tests.support.cities import FILES, tiny_city

OLD = tiny_city()
NEW = tiny_city({"departments.csv": FILES["departments.csv"] + "parks,园林局,Parks,1,\n"})


def board(ready: bool) -> tuple[Switchboard, Parts]:
    """A gateway of the old city, without Kafka and tables, whose pack is at hand or not."""
    settings = load_settings(kafka="127.0.0.1:1", personal_key="for these tests only")
    nothing: Any = None
    labels = LabelWatch(settings, OLD)
    parts = Parts(settings, OLD, nothing, nothing, nothing, Holders(settings), Shutdown(), labels=labels)
    return Switchboard(parts, lambda: ready), parts


async def departments(switchboard: Switchboard) -> set[str]:
    """Those that the gateway knows."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(switchboard), base_url="http://localhost") as client:
        return {each["id"] for each in (await client.get("/seat")).json()["departments"]}


async def test_the_gateway_serves_for_a_new_city_without_a_restart() -> None:
    """Its routes, and what it watches, know the new department."""
    switchboard, parts = board(ready=True)
    assert await departments(switchboard) == set(OLD.departments)

    await switchboard.use(NEW)

    assert await departments(switchboard) == set(NEW.departments)
    assert cast(LabelWatch, parts.labels).city == NEW


@pytest.mark.parametrize("path", ["/seat", "/orders", "/reports"])
async def test_without_the_pack_in_force_nothing_is_answered_by_the_former_one(path: str) -> None:
    """503 and when to come again; how the gateway is can be asked at any time."""
    switchboard, _ = board(ready=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(switchboard), base_url="http://localhost") as client:
        answer = await client.post(path, json={}) if path == "/reports" else await client.get(path)
        alive = await client.get("/livez")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"] == "urn:paidan:problem:no-city-pack"
    assert alive.status_code == 200


class Noted:
    """A line that notes when it begins and ends; `fails` makes it fail at once."""

    def __init__(self, target: Target, notes: list[str]) -> None:
        self._name, self._notes = f"{target.name} {target.url}", notes

    async def run(self, stop: asyncio.Event, /) -> None:
        """Until stopped."""
        self._notes.append(f"begin {self._name}")
        if "fails" in self._name:
            raise RuntimeError(self._name)
        await stop.wait()
        self._notes.append(f"end {self._name}")


def target(name: str, url: str) -> Target:
    """A department's webhook."""
    return Target(name, url, "department", "notices", name, f"assignments.{name}")


async def test_only_lines_that_are_gone_or_changed_end() -> None:
    """The others go on as if nothing had happened; at the end all finish."""
    notes: list[str] = []
    async with Lines(lambda each: Noted(each, notes)) as lines:
        await lines.have([target("roads", "a"), target("works", "b"), target("parks", "c")])
        await asyncio.sleep(0)
        await lines.have([target("roads", "a"), target("works", "d")])
        await asyncio.sleep(0)

    assert notes[:3] == ["begin roads a", "begin works b", "begin parks c"]
    assert notes[3:6] == ["end works b", "end parks c", "begin works d"]
    assert sorted(notes[6:]) == ["end roads a", "end works d"]


async def test_a_line_that_fails_ends_all() -> None:
    """And says what it failed with."""

    async def send() -> None:
        async with Lines(lambda each: Noted(each, [])) as lines:
            await lines.have([target("roads", "a"), target("works", "fails")])
            await lines.failed()

    with pytest.raises(RuntimeError, match="works fails"):
        await send()
