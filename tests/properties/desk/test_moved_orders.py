"""Laws of moving 改区: whatever an order has gone through, it counts in one area, and moving changes nothing else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.figures.booking import Bookings, bookings
from dispatcher.order.facts import AreaMoved
from dispatcher.order.folds.apply import apply
from dispatcher.order.row import Order
from models.inbox import Actor
from tests.properties.desk.test_desk_laws import random_inbox, run
from tests.support.desks import Desk
from tests.support.examples import examples

AREAS = ("south-w", "south-e", "north-w", "north-e")


def moved(order: Order, area: str) -> Order:
    """The order as it is after it was moved."""
    fact = AreaMoved(
        order_id=order.id, seq=order.seq + 1, state=order.state, at=order.last_at, recorded_at=order.recorded_at,
        actor=Actor("dispatcher"), area=area, from_area=order.area, reason="beyond the bridge",
    )  # fmt: skip
    return apply(order, fact)


def counted(desk: Desk, order: Order) -> Bookings:
    """What an order counts for."""
    return bookings(order, desk.city.zone)


@given(st.integers(0, 2**32), st.sampled_from(AREAS))
@settings(max_examples=examples(15))
def test_an_order_counts_in_exactly_one_area_wherever_it_is_moved(seed: int, area: str) -> None:
    """All of its figures are the same under the other area's name; moved back they are what they were."""
    desk = run(random_inbox(seed))
    for order in desk.state.orders.values():
        here = counted(desk, order)

        there = moved(order, area)

        renamed = {row.replace(f"area/{order.area}/", f"area/{area}/"): amounts for row, amounts in here.items()}
        assert counted(desk, there) == renamed
        assert {row.split("/")[1] for row in counted(desk, there) if row.startswith("area/")} == {area}
        assert counted(desk, moved(there, order.area)) == here


@given(st.integers(0, 2**32))
@settings(max_examples=examples(15))
def test_the_areas_together_count_each_order_once(seed: int) -> None:
    """Also after moves among all that may happen to orders, the sum over areas is the number of orders."""
    desk = run(random_inbox(seed))
    gone = {fact.key for fact in desk.sent if fact.topic == "archive"}

    opened = sum(desk.count("opened", f"area/{area}") for area in (*AREAS, "unlocated"))

    assert opened == len(desk.state.orders) + len(gone)
