"""What comes and goes 抖动: held as one incident for the hold time, whether the source names phases or not."""

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.order.row import kept_evidence
from models.inbox import Sighting
from tests.support.desks import MINUTE, T0, Desk, assert_laws, detection, quiet_city

HOLD, RESOLVE = 30, 45  # minutes
CITY = quiet_city(
    f"detection_hold_minutes = {HOLD}.0\ndetection_resolve_minutes = {RESOLVE}.0\ncamera_heartbeat_hours = 0.0\n"
)
# Minutes from one sighting to the next: around the limits, and anything between.
gaps = st.lists(
    st.one_of(st.integers(1, 3 * (HOLD + RESOLVE)), st.sampled_from([RESOLVE, RESOLVE + 1, HOLD + RESOLVE])), max_size=8
)


def _seen(*sightings: Sighting) -> list[tuple[int, str]]:
    """When and by which rule what was seen became evidence; repeats do not."""
    desk = Desk(CITY)
    for one in sightings:
        desk.feed(one, at=max(desk.clock, one.at))
    assert_laws(desk)
    order = desk.only()
    kept = dict.fromkeys((each.at, each.rule) for each in kept_evidence(order))
    assert order.evidence_count == len(kept)
    return list(kept)


@given(gaps)
def test_a_source_without_phases_is_held_like_one_that_says_when_it_has_ended(gaps: list[int]) -> None:
    """As if it had said so when nobody had seen the incident for the resolve time."""
    at, plain, phased = T0, [detection("0", T0)], [detection("0", T0, phase="start")]
    for number, gap in enumerate(gaps, 1):
        if gap > RESOLVE:
            phased.append(detection(f"end-{number}", at + RESOLVE * MINUTE, phase="end"))
        at += gap * MINUTE
        plain.append(detection(str(number), at))
        phased.append(detection(str(number), at, phase="ongoing"))

    seen = _seen(*plain)

    assert seen == _seen(*phased)
    assert len(seen) == 1 + sum(gap > HOLD + RESOLVE for gap in gaps)


@given(st.integers(RESOLVE + HOLD + 1, 10_000))
def test_while_another_camera_sees_it_it_has_not_ended(gap: int) -> None:
    """Of a camera that looks again after long, the sighting is a repeat: the incident was there all the time."""
    first = detection("0", T0, camera="cam-sw-1")
    steady = [detection(f"s-{n}", T0 + n * RESOLVE * MINUTE, camera="cam-sw-2") for n in range(1, gap // RESOLVE + 1)]

    seen = _seen(first, *steady, detection("1", T0 + gap * MINUTE, camera="cam-sw-1"))

    assert [rule for _, rule in seen] == ["", "near"]


def test_without_a_resolve_time_it_never_ends_by_itself() -> None:
    """As it was before there was one."""
    desk = Desk(quiet_city("detection_hold_minutes = 30.0\n"))
    for number in range(3):
        desk.feed(detection(str(number), T0 + number * 500 * MINUTE), at=T0 + number * 500 * MINUTE)

    assert desk.only().evidence_count == 1
