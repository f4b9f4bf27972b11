"""What the desk's metrics count of cameras that are asked to look again."""

from collections.abc import Mapping

from prometheus_client import REGISTRY

from streams.desk import counting
from tests.support.desks import HOUR, INSPECTOR, MINUTE, Desk
from tests.unit.outside.test_rechecks import ASKED, CAMERA, answer, desk_with, handled, seen

_NAMES = {"rechecks": ("asked", "passed", "failed", "silent", "person"), "recheck_pairs": ("agreed", "differed")}


def counted(desk: Desk) -> Mapping[str, float]:
    """By how much each count of looks has grown with all that this desk has sent, by outcome, and in potholes without
    the right."""

    def read() -> dict[str, float]:
        of = {"without right": ("rechecks_without_right", {"category": "pothole"})}
        of |= {each: (name, {"outcome": each}) for name, outcomes in _NAMES.items() for each in outcomes}
        found = {each: REGISTRY.get_sample_value(f"paidan_{name}_total", labels) for each, (name, labels) in of.items()}
        return {each: value or 0.0 for each, value in found.items()}

    before = read()
    counting.count(desk.sent, desk.state.orders)
    return {each: value - before[each] for each, value in read().items() if value != before[each]}


def test_each_look_of_a_camera_is_counted_by_what_it_came_to() -> None:
    """One is gone, one still there, one camera says nothing: only the last check is left to a person."""
    desk = desk_with()
    for number in (1, 2, 3):
        handled(desk, number)
    seen(desk, ASKED + MINUTE, 1, phase="end")
    seen(desk, ASKED + MINUTE, 2)
    desk.tick(ASKED + HOUR)

    assert counted(desk) == {"asked": 3, "passed": 1, "failed": 1, "silent": 1, "person": 1}


def test_whether_cameras_and_inspectors_agree_is_counted_and_where_cameras_have_lost_the_right() -> None:
    """What an inspector checks as well is compared; after a pair that differs the next check is a person's."""
    desk = desk_with("recheck_share = 1.0\nrecheck_pairs_min = 2\nrecheck_agreement_min = 0.6\n")
    for number, action in ((1, "check-pass"), (2, "check-fail")):
        order = handled(desk, number)
        seen(desk, ASKED + MINUTE, number, phase="end")
        assert desk.update(action, INSPECTOR, ASKED + 2 * MINUTE, order=order) == ""
    last = handled(desk, 3, ASKED + HOUR)
    assert answer(desk, last, "check-fail", ASKED + HOUR + MINUTE, by=CAMERA) == ""

    assert counted(desk) == {
        "asked": 3, "passed": 2, "failed": 1, "person": 3, "agreed": 1, "differed": 1, "without right": 1,
    }  # fmt: skip
