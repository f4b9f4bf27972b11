"""What the gateway answers has the shape that its OpenAPI document says, with no field that it does not list."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from dispatcher.figures.figure_row import FigureRow
from dispatcher.figures.indicators import indicators
from dispatcher.order.row import Order
from models.city import City
from models.inbox import Actor
from models.times import MINUTE_MS
from streams.gateway.http.answers import ANSWERS, SCHEMAS
from streams.gateway.http.responses import answer
from streams.gateway.orders.order_document import document, line
from streams.gateway.routes.area_map import outlines
from streams.gateway.routes.silence_routes import control_zones
from streams.gateway.seats import moves, seat
from streams.tables.protocol import brief
from tests.support.desks import HOUR, INSPECTOR, T0, Desk, quiet_city, report
from tests.support.web.schemas import misfits

CITY = quiet_city()
WHOLE = {"components": {"schemas": SCHEMAS}}


def wrong(value: Any, name: str) -> list[str]:
    """What of a value the schema of this name does not have."""
    answered = msgspec.json.decode(answer(value).body)
    return list(misfits(answered, {"$ref": f"#/components/schemas/{name}"}, WHOLE))


def a_long_life() -> Iterator[Order]:
    """An order after each of its steps: seen and reported, extended, handled twice, closed, opened again."""
    desk = Desk()
    desk.feed(report("1", T0, text="路面有个大坑", channel="12345", reporter="a" * 32), at=T0)
    yield desk.only()
    lead, dispatcher = Actor("department", "roads", "ren"), Actor("dispatcher", "", "dai")
    steps: list[tuple[str, Actor, dict[str, Any]]] = [
        ("accept", lead, {}),
        ("progress", lead, {"reason": "on the way", "evidence_urls": ("https://p.example/1.jpg",)}),
        ("request-extension", lead, {"reason": "rain"}),
        ("approve-extension", dispatcher, {}),
        ("handle", lead, {"evidence_urls": ("https://p.example/2.jpg",)}),
        ("check-fail", INSPECTOR, {"reason": "still there"}),
        ("handle", lead, {"evidence_urls": ("https://p.example/3.jpg",)}),
        ("check-pass", INSPECTOR, {}),
        ("reopen", Actor("operator", "", "olga"), {"reason": "it is there again"}),
    ]
    for n, (action, by, more) in enumerate(steps, 1):
        assert desk.update(action, by, T0 + n * MINUTE_MS, **more) == ""
        yield desk.only()


def test_an_order_has_its_shape_after_each_step() -> None:
    """The whole, its line in a list, and what may be done with it."""
    for order in a_long_life():
        assert wrong(document(order, None, CITY, T0 + HOUR), "Order") == []
        assert wrong(document(order, None, CITY, T0 + HOUR, names_people=False), "Order") == []
        assert wrong(line(brief(order), CITY), "OrderLine") == []
        assert wrong({"attempt": order.attempt, "moves": moves(None, order, CITY)}, "Moves") == []


def test_what_the_city_shows_of_itself_has_its_shape(city: City) -> None:
    """Its seats, its areas, its control zones, and figures of nothing."""
    assert wrong(seat(None, city), "Seat") == []
    assert wrong(outlines(city), "Areas") == []
    zones = [dict(each) for each in control_zones(city, [], T0)]
    assert zones
    assert [wrong(each, "ControlZone") for each in zones] == [[]] * len(zones)
    assert wrong(dict(indicators(FigureRow())), "Figures") == []


def test_every_address_answers_with_a_shape_of_its_own() -> None:
    """A document of any shape is none that a program could be made from."""
    known = {name for answers in ANSWERS.values() for shapes in answers.values() for name in shapes if "/" not in name}

    assert known <= set(SCHEMAS)
    assert "Document" not in known
    assert [name for name, schema in SCHEMAS.items() if schema.get("properties") == {} and name != "Document"] == []


@pytest.mark.parametrize("field", ["timeline", "held_by", "why", "evidence"])
def test_the_shape_of_an_order_tells_its_parts(field: str) -> None:
    """A part that is not as it is said is found."""
    order = next(a_long_life())
    shown = document(order, None, CITY, T0 + HOUR)

    assert wrong(shown | {field: {"no": "part"}}, "Order") != []
