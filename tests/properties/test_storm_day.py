"""A thousandth of the storm day of a whole city's cameras; `scripts/prove storm` takes all of it."""

from tests.support.storm.storm_day import Compared, judged, play


def test_a_day_of_cameras_opens_the_orders_that_it_should_and_books_what_has_happened() -> None:
    """Of 5,000 detections every incident, silent switch, border and second look is as it was, and no figure differs."""
    whole = Compared()

    for _, found in play(5_000):
        whole.add(found)

    assert judged(whole) == []
    assert whole.detections >= 5_000
    assert whole.true > 80
    assert whole.filed
