"""What is met in the field, case by case: `field_cases.toml` says what comes in and what must come of it."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
from starlette.requests import Request

from models.city import CityError
from models.city.areas import Area, Areas
from models.city.pack.gaps import gaps
from models.events import DETECTION, REPORT
from models.inbox import Sighting
from models.masking import mask
from models.times import day_of_text
from streams.gateway.events.request_event import read_event
from streams.intake.batch import Taken, take_in
from streams.intake.drafts import Keys
from streams.terminal.harmless import harmless
from tests.support.cities import appended, tiny_city
from tests.support.desks import Desk, quiet_city
from tests.support.desks import report as reported
from tests.support.learning.classifiers import small_model
from tests.support.messages import NOW, raw, record

Case = dict[str, Any]
CASES: list[Case] = tomllib.loads((Path(__file__).parent / "field_cases.toml").read_text("utf-8"))["case"]
KEYS = Keys(b"k")
DEGREE_M = 111_195  # of latitude


@pytest.mark.parametrize("case", CASES, ids=[case["fact"] for case in CASES])
def test_what_is_met_in_the_field_comes_to_what_it_should(case: Case) -> None:
    """Each row of the table, tried in the way that its kind names."""
    WAYS[case["kind"]](case)


def test_no_fact_is_told_twice() -> None:
    """And every way of trying is of use."""
    facts = [case["fact"] for case in CASES]

    assert len(set(facts)) == len(facts)
    assert {case["kind"] for case in CASES} == WAYS.keys()


def _is_seen(case: Case) -> None:
    """Bodies of a device are detections of its camera, and so many orders."""
    headers = [("format", case["format"].encode()), ("camera", b"cam-sw-1")]
    bodies = [body.encode(case.get("encoding", "utf-8")) for body in case["bodies"]]
    taken = take_in([raw(body, headers, offset=n) for n, body in enumerate(bodies)], _CITY, None, NOW, KEYS)

    seen = [item for item in taken.items.get("south-w", []) if isinstance(item, Sighting)]
    assert taken.dead == []
    assert [_part(item, wanted) for item, wanted in zip(seen, case["sees"], strict=True)] == case["sees"]
    if "orders" in case:
        assert _orders(taken) == case["orders"]


def _opens(case: Case) -> None:
    """Detections of one camera come to so many orders."""
    records = [
        record(
            DETECTION,
            {"camera_id": "cam-sw-1"} | {name: value for name, value in said.items() if name != "at"},
            id=str(n),
            time=NOW + said["at"] * 1000,
            offset=n,
        )
        for n, said in enumerate(case["data"])
    ]

    assert _orders(take_in(records, _CITY, None, NOW + 60_000, KEYS)) == case["orders"]


def _is_taken_in(case: Case) -> None:
    """A report with these headers and this body is this item, or refused."""
    named = {"ce_id": "1", "ce_source": "s", "ce_type": REPORT, "ce_specversion": "1.0"} | case.get("headers", {})
    headers = [(name, value.encode()) for name, value in named.items()]
    taken = take_in([raw(case["body"].encode(), headers)], _CITY, None, NOW, KEYS)

    assert [dead.error for dead in taken.dead] == ([case["refused"]] if "refused" in case else [])
    for items in taken.items.values():
        assert [_part(item, case["is"]) for item in items] == [case["is"]]


def _is_no_day(case: Case) -> None:
    with pytest.raises(ValueError, match="2026"):
        day_of_text(case["text"])


def _is_id(case: Case) -> None:
    """A header of a request holds this id."""
    headers = [(b"content-type", b"application/json"), (b"ce-id", case["text"].encode())]
    request = Request({"type": "http", "method": "POST", "headers": headers, "state": {"holder": None}})

    assert read_event(request, REPORT, b"{}").id == case["becomes"]


def _is_masked(case: Case) -> None:
    for text, masked in case["pairs"]:
        assert mask(text) == masked


def _is_harmless(case: Case) -> None:
    for text, shown in case["pairs"]:
        assert harmless(text) == shown


def _is_classified_alike(case: Case) -> None:
    one, other = small_model().classify(case["alike"])

    assert one == other


def _is_placed(case: Case) -> None:
    found = [_CITY.places.find(text) for text in case["texts"]]

    assert [place.area if place else "" for place in found] == case["areas"]


def _are_reports(case: Case) -> None:
    """Two reports so far apart come to so many orders."""
    desk = Desk(_CITY)
    for n, text in enumerate(case["texts"]):
        there = 30.05 + n * case["metres"] / DEGREE_M
        desk.feed(reported(str(n), NOW, text, "street-light", lat=there), at=NOW)

    assert len(desk.state.orders) == case["orders"]


def _is_covered(case: Case) -> None:
    """A hole so far from a flood that stands over it."""
    for metres, orders in zip(case["metres"], case["orders"], strict=True):
        desk = Desk(_CITY)
        desk.feed(reported("1", NOW, "路面积水", "flooding"), reported("2", NOW, lat=30.05 - metres / DEGREE_M), at=NOW)
        assert len(desk.state.orders) == orders


def _is_open(case: Case) -> None:
    assert any(gap.startswith(case["says"]) for gap in gaps(_CITY, case["day"]))


def _is_mistaken(case: Case) -> None:
    [problem] = _problems(appended(case["file"], case["line"]))

    assert problem.split(":", 2)[2].strip().startswith(case["says"])


def _nests(case: Case) -> None:
    problems = _problems({case["file"]: '{"features": ' + "[" * 90_000 + "]" * 90_000 + "}"})

    assert any(problem.startswith(case["says"]) for problem in problems)


def _is_one_meridian(case: Case) -> None:
    areas = Areas([Area("e", "e", "e", "town", "", 0, 0)], {"e": shapely.box(179, -17, 180, -16)}, "town")

    assert all(areas.locate(lat, lon) == areas.get("e") for lat, lon in case["points"])


_CITY = quiet_city()
WAYS: dict[str, Callable[[Case], None]] = {
    "device": _is_seen,
    "detections": _opens,
    "event": _is_taken_in,
    "day": _is_no_day,
    "header": _is_id,
    "masked": _is_masked,
    "terminal": _is_harmless,
    "classified": _is_classified_alike,
    "placed": _is_placed,
    "reports": _are_reports,
    "covered": _is_covered,
    "open": _is_open,
    "cell": _is_mistaken,
    "nested": _nests,
    "meridian": _is_one_meridian,
}


def _part(item: object, wanted: Case) -> Case:
    """Of an item what is asked for; what it has not said is empty."""
    return {name: "" if (value := getattr(item, name)) is None else value for name in wanted}


def _orders(taken: Taken) -> int:
    """How many orders the desk opens of what was taken in."""
    desk = Desk(_CITY)
    for items in taken.items.values():
        desk.feed(*items, at=NOW + 60_000)
    return len(desk.state.orders)


def _problems(overrides: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(CityError) as caught:
        tiny_city(overrides)
    return caught.value.problems
