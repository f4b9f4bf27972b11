"""Cameras 摄像头心跳: those that have been silent for their heartbeat time become an order for their owner.

Of each camera that was heard of the desk keeps one number, the instant; of one that counts though it never was, the
instant from which it does, below zero. For each area it keeps one roll call 点名, the next instant at which somebody
may be missed. So a city of hundreds of thousands of cameras takes no more memory than their names, and no timer of
their own.

At a roll call the cameras that have been silent for too long are reported together: those of one owner behind one link
(a switch, a site) that are `outage_cameras` or more become one order with the list of them, each of the others one of
its own. What goes silent behind a link that is reported already joins that order. The roll is called
`outage_minutes` after the first camera was due, so that all that has gone with it is on the list.
A camera whose order is closed though nothing has come of it is missed again after its heartbeat time.

Each is named with the minute up to which it is known to have been alive, a twelfth of its heartbeat time too late at
the most. `noticed` reads that back from an order's evidence.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from dispatcher.arrivals import nearby, sightings
from dispatcher.arrivals.covered import silencing
from dispatcher.order.row import OPEN, Order, kept_evidence
from dispatcher.partition import index, row_keys
from dispatcher.partition.overlay import Overlay
from dispatcher.partition.state import RollCall
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps.opening import join
from models.city import Camera, City
from models.events import Evidence
from models.inbox import OWN_SIGHTINGS, Sighting
from models.times import HOUR_MS, MINUTE_MS, to_ms

FAULT = "camera-fault"
_STEPS = 12  # a camera's row is written so often per heartbeat time at most
_MISSED = 0  # last heard of: the camera is reported, and missed no more until it is heard of again
_LISTED = 500  # cameras that an order names
_BETWEEN = " · "  # what an order says of each


class Silent(NamedTuple):
    """A camera that is missed, and since when (ms UTC)."""

    camera: Camera
    since: int


class Noticed(NamedTuple):
    """That the desk has noticed the silence of a camera: which one, since when and when it was missed (ms UTC)."""

    camera: str
    since: int
    missed_at: int


def heartbeat_ms(city: City, camera: Camera) -> int:
    """After so long a silence a camera is missed, ms; 0: it never is."""
    minutes = camera.heartbeat_minutes
    return int(city.settings.camera_heartbeat_hours * HOUR_MS if minutes is None else minutes * MINUTE_MS)


def step_of(city: City, camera: Camera, at: int) -> int:
    """The step of its heartbeat time, counted from the epoch, in which a camera is alive at an instant; it is noted
    once in each. 0 where it is never missed."""
    beat = heartbeat_ms(city, camera)
    return beat and at // _step(beat)


def heard(work: UnitOfWork, camera_id: str) -> None:
    """Note that a camera is alive; silence counts from the stream's clock. Nobody misses one that is not registered."""
    if is_noted(work.overlay, work.city, camera_id, work.clock):
        return
    camera = work.city.cameras[camera_id]
    beat = heartbeat_ms(work.city, camera)
    last_heard = _heard_until(beat, work.clock)
    work.overlay.cameras.put(camera_id, last_heard)
    enrol(work, camera.area)
    _call_by(work, camera.area, last_heard + beat)


def count_anew(work: UnitOfWork, order: Order) -> None:
    """An order is closed: the cameras whose silence it was about, and of which nothing has come since, are missed again
    after their heartbeat time."""
    for order_or_child in (order, *work.children(order)):
        for one in noticed(kept_evidence(order_or_child)):
            camera = work.city.cameras.get(one.camera)
            if camera is None or work.overlay.cameras.get(one.camera) != _MISSED:
                continue
            if beat := heartbeat_ms(work.city, camera):
                work.overlay.cameras.put(one.camera, work.clock)
                _call_by(work, camera.area, work.clock + beat)


def is_noted(overlay: Overlay, city: City, camera_id: str, clock: int) -> bool:
    """Whether it is noted already that a camera is alive now, or need not be: `heard` would change nothing."""
    camera = city.cameras.get(camera_id)
    if camera is None or not (beat := heartbeat_ms(city, camera)):
        return True
    return (overlay.cameras.get(camera_id) or 0) >= _heard_until(beat, clock)


def enrol(work: UnitOfWork, area: str) -> None:
    """Call the roll of an area of which something has come. From here on its cameras count of which nothing was ever
    heard: those that have a heartbeat time of their own, or all where the city says so."""
    roll = work.overlay.rolls.get(area)
    if roll is None or roll.pack != work.city.digest:
        _call_next(work, area, _taken_up(work, area))


def _taken_up(work: UnitOfWork, area: str) -> RollCall:
    """The roll of an area under the pack in force. Cameras that it has brought have not been silent yet; those that
    were there before go on counting from where they did."""
    for camera in work.city.cameras_of(area):
        if _counts_unheard(work.city, camera) and work.overlay.cameras.get(camera.id) is None:
            work.overlay.cameras.put(camera.id, -work.clock)
    return RollCall(work.clock, work.city.digest)


def call(work: UnitOfWork, area: str, due: int) -> None:
    """The roll of an area is called: report who is missing."""
    roll, city = work.overlay.rolls.get(area), work.city
    if roll is None or roll.due != due:
        return
    if roll.pack != city.digest:
        roll = _taken_up(work, area)
    missing: dict[tuple[str, str], list[Silent]] = {}
    first = due
    for camera in city.cameras_of(area):
        missed_at = _missed_at(work, camera, roll.since)
        if missed_at is None or missed_at > due:
            continue
        silent = Silent(camera, missed_at - heartbeat_ms(city, camera))
        if silencing.silenced(work.overlay, city, _fault(work, area, silent, due), FAULT, due):
            # Maintenance: it counts anew from here.
            work.overlay.cameras.put(camera.id, due)
            work.book("suppressed", due, area, FAULT)
        else:
            missing.setdefault((camera.owner, camera.link), []).append(silent)
            first = min(first, missed_at)
    for (owner, link), cameras in missing.items():
        for one in cameras:
            work.overlay.cameras.put(one.camera.id, _MISSED)
        _report(work, area, owner, link, cameras, first)
    _call_next(work, area, roll)


def _step(beat: int) -> int:
    return max(beat // _STEPS, 1)


def _heard_until(beat: int, clock: int) -> int:
    """What is noted of a camera that is heard of now: the end of the step of its heartbeat time."""
    step = _step(beat)
    return (clock // step + 1) * step


def _missed_at(work: UnitOfWork, camera: Camera, since: int) -> int | None:
    """When a camera is missed; None where nobody misses it, or it is reported already."""
    beat = heartbeat_ms(work.city, camera)
    last_heard = work.overlay.cameras.get(camera.id)
    if last_heard is None and _counts_unheard(work.city, camera):  # by a roll from before each had a row of its own
        last_heard = since
    return abs(last_heard) + beat if beat and last_heard else None


def _counts_unheard(city: City, camera: Camera) -> bool:
    """Whether a camera is missed though nothing was ever heard of it."""
    stated = camera.heartbeat_minutes is not None or city.settings.unheard_cameras_missed
    return stated and heartbeat_ms(city, camera) > 0


def _call_next(work: UnitOfWork, area: str, roll: RollCall) -> None:
    """Set when the roll is called next."""
    moments = (_missed_at(work, camera, roll.since) for camera in work.city.cameras_of(area))
    _call_at(work, area, roll, min((at for at in moments if at is not None), default=None))


def _call_by(work: UnitOfWork, area: str, missed_at: int) -> None:
    """Call the roll of an area in time for one who is missed at an instant."""
    roll = work.overlay.rolls.get(area)
    if roll is not None and not 0 < roll.due <= missed_at + _wait_ms(work):
        _call_at(work, area, roll, missed_at)


def _call_at(work: UnitOfWork, area: str, roll: RollCall, first: int | None) -> None:
    """Call the roll for the first who is missed at an instant; for nobody where nobody will be."""
    due = first + _wait_ms(work) if first is not None else 0
    work.overlay.rolls.put(area, replace(roll, due=due))
    if due:
        work.overlay.timers.push((due, row_keys.roll(area), "roll-call"))


def _wait_ms(work: UnitOfWork) -> int:
    return int(work.city.settings.outage_minutes * MINUTE_MS)


def noticed(kept: Iterable[Evidence]) -> Iterator[Noticed]:
    """The cameras whose silence the desk itself has noticed, as evidence names them. Evidence from before each of them
    was named with its own minute tells of the one camera that it is about, silent since it was missed."""
    for one in kept:
        if one.source != OWN_SIGHTINGS:
            continue
        named = [found for line in one.text.splitlines()[1:] if (found := _read(line)) is not None]
        if one.camera and not named:
            named = [(one.camera, one.at)]
        yield from (Noticed(camera, since, one.at) for camera, since in named)


def _line(work: UnitOfWork, silent: Silent) -> str:
    """A camera with its name and, in the city's time, the minute up to which it was alive."""
    since = datetime.fromtimestamp(silent.since / 1000, work.city.zone)
    return _BETWEEN.join((silent.camera.id, silent.camera.name, since.isoformat(timespec="minutes")))


def _read(line: str) -> tuple[str, int] | None:
    """Camera and instant of such a line; None of any other."""
    camera, _, rest = line.partition(_BETWEEN)
    try:
        return camera, to_ms(datetime.fromisoformat(rest.rpartition(_BETWEEN)[2]))
    except ValueError:
        return None


def _report(work: UnitOfWork, area: str, owner: str, link: str, cameras: Sequence[Silent], at: int) -> None:
    """Tell the owner of cameras that have gone silent, together where they are many."""
    outage = _outage(work, area, owner, link, cameras, at)
    if (reported := _open_outage(work, outage)) is not None:
        join(work, reported, outage, "outage")
    elif len(cameras) >= work.city.settings.outage_cameras:
        sightings.find_or_open(work, outage, owner)
    else:
        for one in cameras:
            sightings.find_or_open(work, _fault(work, area, one, at), owner)


def _open_outage(work: UnitOfWork, outage: Sighting) -> Order | None:
    """The open order of the same owner and link."""
    for order_id in nearby.seen_as(work, index.fingerprint(outage)):
        order = work.order(order_id)
        if order is not None and outage.area in index.areas_of(order) and order.state in OPEN:
            return order
    return None


def _fault(work: UnitOfWork, area: str, silent: Silent, at: int) -> Sighting:
    """One camera that is silent."""
    camera = silent.camera
    text = f"{camera.name}: 摄像头离线 / camera silent\n{_line(work, silent)}"
    return replace(_silence(area, camera, at, f"{camera.id}/{at}", text), camera=camera.id, label="silent")


def _outage(work: UnitOfWork, area: str, owner: str, link: str, cameras: Sequence[Silent], at: int) -> Sighting:
    """Many cameras that are silent together, with the list of them."""
    named = [_line(work, one) for one in cameras[:_LISTED]]
    more = [f"… +{len(cameras) - _LISTED}"] if len(cameras) > _LISTED else []
    behind = f" ({link})" if link else ""
    head = f"{len(cameras)} 个摄像头同时离线{behind} / {len(cameras)} cameras silent together{behind}"
    found = _silence(area, cameras[0].camera, at, f"{area}/{owner}/{link}/{at}", "\n".join([head, *named, *more]))
    return replace(found, label="outage", object_id=f"{owner}/{link}")


def _silence(area: str, camera: Camera, at: int, id: str, text: str) -> Sighting:
    """What the desk itself notices, where a camera stands."""
    return Sighting(
        kind="detection",
        source=OWN_SIGHTINGS,
        id=id,
        at=at,
        area=area,
        place="camera",
        lat=camera.lat,
        lon=camera.lon,
        text=text,
        algorithm="heartbeat",
        category=FAULT,
    )
