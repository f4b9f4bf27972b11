"""Cameras 摄像头心跳: one that has been silent for its heartbeat time becomes an order for its owner."""

from dispatcher.arrivals import sightings
from dispatcher.partition import row_keys
from dispatcher.partition.state import Heartbeat
from dispatcher.partition.unit_of_work import Work
from models.inbox import Sighting
from models.times import HOUR_MS

FAULT = "camera-fault"
_STEPS = 12  # a camera's row is written so often per heartbeat time at most


def heard(work: Work, seen: Sighting) -> None:
    """Note that a camera is alive; silence counts from the stream's clock."""
    heartbeat = int(work.city.settings.camera_heartbeat_hours * HOUR_MS)
    if not heartbeat or not seen.camera:
        return
    step = max(heartbeat // _STEPS, 1)
    last_seen = (work.clock // step + 1) * step
    cameras = work.overlay.cameras
    known = cameras.get(seen.camera)
    if known is None or known.last_seen < last_seen:
        cameras.put(seen.camera, Heartbeat(seen.area, last_seen, heartbeat))
        work.overlay.timers.push((last_seen + heartbeat, row_keys.camera(seen.camera), "heartbeat"))


def silent(work: Work, camera_id: str, due: int) -> None:
    """A camera's heartbeat time is over. An entry that it has outlived vanishes."""
    row = work.overlay.cameras.get(camera_id)
    if row is None or row.last_seen + row.heartbeat_ms != due:
        return
    work.overlay.cameras.put(camera_id, None)
    known = work.city.cameras.get(camera_id)
    if known is None or not work.city.settings.camera_heartbeat_hours:
        return
    fault = Sighting(
        kind="detection",
        source="paidan/heartbeat",
        id=f"{camera_id}/{due}",
        at=due,
        area=row.area,
        place="camera",
        lat=known.lat,
        lon=known.lon,
        text=f"{known.name}: 摄像头离线 / camera silent",
        camera=camera_id,
        algorithm="heartbeat",
        label="silent",
        category=FAULT,
    )
    sightings.take(work, fault, known.owner)
