"""Cameras 摄像头心跳: one that has been silent for its heartbeat time becomes an order for its owner."""

from dispatcher.arrivals import sightings
from dispatcher.partition import row_keys
from dispatcher.partition.state import Heartbeat
from dispatcher.partition.unit_of_work import UnitOfWork
from models.inbox import Sighting
from models.times import HOUR_MS

FAULT = "camera-fault"
_STEPS = 12  # a camera's row is written so often per heartbeat time at most


def heard(work: UnitOfWork, sighting: Sighting) -> None:
    """Note that a camera is alive; silence counts from the stream's clock."""
    heartbeat_ms = int(work.city.settings.camera_heartbeat_hours * HOUR_MS)
    if not heartbeat_ms or not sighting.camera:
        return
    step = max(heartbeat_ms // _STEPS, 1)
    last_seen = (work.clock // step + 1) * step
    cameras = work.overlay.cameras
    heartbeat = cameras.get(sighting.camera)
    if heartbeat is None or heartbeat.last_seen < last_seen:
        cameras.put(sighting.camera, Heartbeat(sighting.area, last_seen, heartbeat_ms))
        work.overlay.timers.push((last_seen + heartbeat_ms, row_keys.camera(sighting.camera), "heartbeat"))


def silent(work: UnitOfWork, camera_id: str, due: int) -> None:
    """A camera's heartbeat time is over. An entry that it has outlived vanishes."""
    heartbeat = work.overlay.cameras.get(camera_id)
    if heartbeat is None or heartbeat.last_seen + heartbeat.heartbeat_ms != due:
        return
    work.overlay.cameras.put(camera_id, None)
    camera = work.city.cameras.get(camera_id)
    if camera is None or not work.city.settings.camera_heartbeat_hours:
        return
    fault = Sighting(
        kind="detection",
        source="paidan/heartbeat",
        id=f"{camera_id}/{due}",
        at=due,
        area=heartbeat.area,
        place="camera",
        lat=camera.lat,
        lon=camera.lon,
        text=f"{camera.name}: 摄像头离线 / camera silent",
        camera=camera_id,
        algorithm="heartbeat",
        label="silent",
        category=FAULT,
    )
    sightings.find_or_open(work, fault, camera.owner)
