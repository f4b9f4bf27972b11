"""docs/http.md is complete, and each figure that is shown opens into its orders."""

import re

import httpx
import pytest

from dispatcher.figures.indicators import Window, contributes
from dispatcher.order.folds.apply import PHOTOS
from models.city import City
from models.inbox import Actor
from streams.gateway.orders.order_document import document
from streams.gateway.orders.order_finder import Finder
from streams.gateway.shards import Shards
from streams.settings import load_settings
from tests.conftest import REPOSITORY
from tests.support.desks import HOUR, INSPECTOR, T0, Desk, report
from tests.web.conftest import NOWHERE, Open


def _checked() -> Desk:
    """A desk whose only order `ren` of roads has handled, and the inspector has passed an hour later."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    lead = Actor("department", "roads", "ren")
    desk.update("accept", lead, T0)
    desk.update("handle", lead, T0, evidence_urls=("e",))
    desk.update("check-pass", INSPECTOR, T0 + HOUR)
    return desk


async def test_every_route_is_documented(gateway: Open) -> None:
    """Each path of the API stands in docs/http.md."""
    page = (REPOSITORY / "docs" / "http.md").read_text()
    async with gateway() as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    missing = [path for path in paths if not re.search(re.escape(path) + r"[`?, ]", page)]
    assert missing == []


@pytest.mark.parametrize(
    ("keys", "dimension", "key"),
    [
        ({"stage": "check", "actor": "", "department": "roads", "category": ""}, "stage", "check"),
        ({"stage": "", "actor": "otto", "department": "", "category": ""}, "actor", "otto"),
        ({"stage": "", "actor": "", "department": "roads", "category": "pothole"}, "department", "roads"),
        ({"stage": "", "actor": "", "department": "", "category": ""}, "city", ""),
    ],
)
def test_a_figure_of_each_table_opens_into_its_orders(
    city: City, keys: dict[str, str], dimension: str, key: str
) -> None:
    """Whatever `/status?by=` can show can be asked for as a list; what else is given still narrows it."""
    asked = Finder(city, Shards(load_settings(kafka=NOWHERE)), b"key").counted(
        "check_on_time_rate", keys, "2026-03-01", None
    )

    assert (asked["dimension"], asked["key"], asked["from"]) == (dimension, key, "20260301")
    assert asked.get(dimension, "") == ""
    assert "category" not in asked or dimension == "category"


def test_an_order_counts_under_its_stage_and_its_actor() -> None:
    """The check that an inspector made in time opens under both."""
    desk = _checked()
    window, zone = Window(last=20991231), desk.city.zone

    for dimension, key, counts in (("stage", "check", True), ("actor", INSPECTOR.id, True), ("actor", "ren", False)):
        assert contributes(desk.only(), "check_on_time_rate", dimension, key, window, zone) is counts


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/orders?depatment=roads", "depatment"),
        ("/orders?department=foo", "department"),
        ("/orders?category=foo", "category"),
        ("/orders?area=foo", "area"),
        ("/orders?state=foo", "state"),
        ("/status?form=all", "form"),
        ("/status/roads?by=area", "by"),
        ("/orders/gulou-1?x=1", "x"),
        ("/events/assignments?department=roads", "department"),
    ],
)
async def test_a_filter_that_is_none_is_refused(gateway: Open, path: str, field: str) -> None:
    """A slip in a name or a value answers neither with everything nor with nothing."""
    async with gateway() as client:
        answer = await client.get(path)

    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("path", ["/orders/%2e", "/orders/%2e%2e", "/orders/a%2Fb"])
async def test_what_can_be_no_order_is_not_found(gateway: Open, path: str) -> None:
    """Whatever the client's own path becomes, the tables are not asked for something else."""
    async with gateway() as client:
        answer = await client.send(client.build_request("GET", httpx.URL("http://localhost", raw_path=path.encode())))

    assert answer.status_code == 404


def test_of_a_reporter_s_step_nothing_but_the_role_is_shown(city: City) -> None:
    """Its hash stays within: who reads two orders cannot tell that they are of one person."""
    desk = _checked()
    [reporter] = desk.only().reporters
    desk.update("feedback", Actor("reporter", "", reporter), T0 + 2 * HOUR, satisfied=True)

    shown = document(desk.only(), None, city, T0 + 3 * HOUR)

    by = [entry["by"] for entry in shown["timeline"]]
    assert {"role": "reporter"} in by
    assert reporter not in str(shown["timeline"])
    assert {"role": "department", "department": "roads", "id": "ren"} in by


def test_an_order_shows_the_photos_of_each_step(city: City) -> None:
    """Whoever checks sees what was done, and whoever does it again what was found."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    lead = Actor("department", "roads", "ren")
    desk.update("accept", lead, T0)
    desk.update("progress", lead, T0, reason="half done", evidence_urls=("http://a/half.jpg",))
    desk.update("handle", lead, T0, evidence_urls=("http://a/done.jpg", "http://a/done-2.jpg"))
    desk.update("check-fail", INSPECTOR, T0 + HOUR, reason="still deep", evidence_urls=("http://a/deep.jpg",))

    shown = document(desk.only(), None, city, T0 + HOUR)["timeline"]

    assert {line["fact"]: line["evidence_urls"] for line in shown if "evidence_urls" in line} == {
        "progressed": ("http://a/half.jpg",),
        "handled": ("http://a/done.jpg", "http://a/done-2.jpg"),
        "checked": ("http://a/deep.jpg",),
    }


def test_a_row_keeps_the_newest_photos_only() -> None:
    """A row must fit into a record; the log keeps all."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    lead = Actor("department", "roads", "ren")
    desk.update("accept", lead, T0)
    for n in range(2 * PHOTOS):
        desk.update(
            "progress", lead, T0 + n, reason=str(n), evidence_urls=(f"http://a/{n}-1.jpg", f"http://a/{n}-2.jpg")
        )

    entries = [entry for entry in desk.only().timeline if entry.fact == "progressed"]
    kept = [entry.note for entry in entries if entry.evidence_urls]

    assert kept == [str(n) for n in range(2 * PHOTOS - PHOTOS // 2, 2 * PHOTOS)]
    assert len(entries) == 2 * PHOTOS


def test_each_step_says_how_long_after_the_one_before_it_came(city: City) -> None:
    """By the wall clock and in working time, which stands still in the evening; the first one comes after nothing."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    lead = Actor("department", "roads", "ren")
    desk.update("accept", lead, T0 + HOUR)
    desk.update("progress", lead, T0 + 15 * HOUR)

    shown = document(desk.only(), None, city, T0 + 16 * HOUR)["timeline"]

    assert "after_seconds" not in shown[0]
    steps = {step["fact"]: (step["after_seconds"], step["after_work_seconds"]) for step in shown[1:]}
    assert steps["assigned"] == (0, 0)
    assert steps["accepted"] == (3600, 3600)
    wall, work = steps["progressed"]
    assert 0 < work < wall == 14 * 3600
