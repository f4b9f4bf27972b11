"""Cameras 摄像头心跳: one that has been silent for its heartbeat time becomes an order for its owner."""

from dispatcher.arrivals import sightings
from dispatcher.partition import row_keys
from dispatcher.partition.state import Heartbeat
from dispatcher.partition.unit_of_work import UnitOfWork
from models.inbox import Sighting
from models.times import HOUR_MS

FAULT = "camera-fault"
_STEPS = 12  # a camera's row is written so often per heartbeat time at most


def step_ms(heartbeat_hours: float) -> int:
    """So often a camera's life is noted, ms; 0 where no heartbeat is watched."""
    heartbeat_ms = int(heartbeat_hours * HOUR_MS)
    return heartbeat_ms and max(heartbeat_ms // _STEPS, 1)


def heard(work: UnitOfWork, camera: str, area: str) -> None:
    """Note that a camera is alive; silence counts from the stream's clock."""
    heartbeat_ms = int(work.city.settings.camera_heartbeat_hours * HOUR_MS)
    if not heartbeat_ms or not camera:
        return
    step = step_ms(work.city.settings.camera_heartbeat_hours)
    last_seen = (work.clock // step + 1) * step
    cameras = work.overlay.cameras
    heartbeat = cameras.get(camera)
    if heartbeat is None or heartbeat.last_seen < last_seen:
        cameras.put(camera, Heartbeat(area, last_seen, heartbeat_ms))
        work.overlay.timers.push((last_seen + heartbeat_ms, row_keys.camera(camera), "heartbeat"))


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
