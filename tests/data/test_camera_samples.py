"""Vendors' messages as they were found in the field become detections."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from models.formats import Reading, Site, decode_format
from models.times import from_text

SITE = Site(ZoneInfo("Asia/Shanghai"))
SAMPLES = [
    ("deepstream_full.json", "deepstream", ["moving"], "2026-02-21T03:26:33.414Z"),
    ("deepstream_minimal.json", "deepstream", ["person", "car", "overcrowding"], "2026-04-05T10:30:00Z"),
    ("nvidia_metropolis_alert.json", "metropolis", ["vehicle_waiting"], "2025-01-01T00:00:00Z"),
    ("gb28181_alarm_notify.xml", "gb28181", ["device-alarm"], "2009-12-04T08:23:32Z"),
    ("onvif_objectsinside.xml", "onvif", ["ObjectsInside"], "2026-10-04T19:50:54Z"),
    ("hikvision_isapi_alert.xml", "hikvision", ["VMD"], "2024-05-01T04:34:56Z"),
    ("gat1400_motorvehicle_redacted.json", "gat1400", ["motor-vehicle"], "2021-04-11T09:13:37Z"),
    ("dahua_notifyEventStream_condensed.json", "dahua", ["TrafficJunction"], "2024-01-30T07:34:55.305Z"),
]


@pytest.mark.parametrize(("file", "name", "labels", "at"), SAMPLES)
def test_a_sample_from_the_field_is_read(shared: Path, file: str, name: str, labels: list[str], at: str) -> None:
    """Label and instant of each shared sample."""
    found = decode_format(name, (shared / "camera_events" / file).read_bytes(), SITE)
    readings = [each for each in found if isinstance(each, Reading)]
    assert labels == [reading.detection.label for reading in readings]
    assert {from_text(at)} == {reading.at for reading in readings}
