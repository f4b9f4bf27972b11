"""A thousandth of the storm day of a whole city's cameras; `scripts/prove storm` takes all of it."""

from models.city import read_city
from tests.support.storm.sites import SERVED
from tests.support.storm.storm_day import drawn, play
from tests.support.storm.storm_district import District
from tests.support.storm.storm_judged import Compared, compared, judged


def test_a_day_of_cameras_opens_the_orders_that_it_should_and_books_what_has_happened() -> None:
    """Of 5,000 detections every incident, silent switch, border and second look is as it was, and no figure differs."""
    whole = Compared()

    for _, found in play(5_000):
        whole.add(found)

    assert judged(whole) == []
    assert whole.detections >= 5_000
    assert whole.true > 80
    assert whole.filed


def test_an_order_that_a_storm_by_chance_took_in_is_told_as_a_difference() -> None:
    """In a city that is small for its day so many lamps fail at once that one is a storm; nothing breaks off."""
    pack, districts = drawn(5_000)
    sites = districts["d00"]
    district = District(read_city(pack), 0, sites).run()
    assert compared(district).wrong == []
    served = next(site for site in sites if site.kind is SERVED)
    del district.held[served.posts[0].id]

    (wrong,) = compared(district).wrong
    assert wrong.startswith("looks: ")
    assert f"'{served.answer}: no order': 1" in wrong
