"""Coordinates of maps in China are read as where they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.city.ground.distances import distance_m
from models.events import DETECTION, REPORT, Detection, Report, parse
from models.events.datum import to_gcj02, to_wgs84

lats, lons = st.floats(3.9, 53.6), st.floats(73.5, 135.1)


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
        ((48.2, 16.4), (48.2, 16.4)),
    ],
)
def test_gcj02_is_moved_as_its_maps_are(place: tuple[float, float], shown: tuple[float, float]) -> None:
    """The pairs that the published implementations agree on; nothing beyond China."""
    assert to_gcj02(*place) == pytest.approx(shown, abs=1e-9)
    assert to_wgs84("gcj02", *shown) == pytest.approx(place, abs=1e-7)


def test_bd09_is_moved_once_more() -> None:
    """Baidu's 39.915, 116.404 is 39.90865673957631, 116.39762729119315 in GCJ-02."""
    assert to_gcj02(*to_wgs84("bd09", 39.915, 116.404)) == pytest.approx(
        (39.90865673957631, 116.39762729119315), abs=1e-8
    )


@given(lats, lons)
def test_what_was_moved_is_found_again(lat: float, lon: float) -> None:
    """To less than a millimetre, however far it was moved: some hundred metres."""
    shown = to_gcj02(lat, lon)

    assert distance_m(lat, lon, *shown) < 1_500
    assert distance_m(lat, lon, *to_wgs84("gcj02", *shown)) < 0.001


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_location_says_of_which_datum_it_is_and_is_wgs84_once_it_is_read(datum: str) -> None:
    """So nothing behind the contract knows of another."""
    said = b'{"lat": 30.6, "lon": 114.3, "datum": "%s"}' % datum.encode()

    report = parse(REPORT, b'{"text": "x", "location": ' + said + b"}")
    detection = parse(DETECTION, b'{"camera_id": "c", "label": "l", "location": ' + said + b"}")

    assert isinstance(report, Report)
    assert isinstance(detection, Detection)
    assert report.location is not None
    assert report.location == detection.location
    assert (report.location.lat, report.location.lon) == to_wgs84(datum, 30.6, 114.3)  # type: ignore[arg-type]
    assert report.location.datum == ""
    assert distance_m(30.6, 114.3, report.location.lat or 0, report.location.lon or 0) > 300
