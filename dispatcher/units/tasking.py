"""Tasks 核实任务 of mobile units: who is sent to look at an order, and what comes of a unit that does not answer.

The nearest unit that suits is asked; when it declines, or does not take the next step in time, the next nearest; after
`unit_tries`, or when there is none, a person decides as without units. Who is free is known from the units' own reports
and from the tasks of the desk's own partition: one that two partitions send at once declines one of the tasks.
"""

from collections.abc import Iterable

from dispatcher.order import facts
from dispatcher.order.chain import holders
from dispatcher.order.row import Order, TaskKind
from dispatcher.partition import index
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from dispatcher.units.nearest import Near, Ring, nearest, one_ring, rings_around
from models.city import URGENT, MobileUnit
from models.inbox import Actor
from models.times import MINUTE_MS

_KM = 1_000.0
_FEW = 100  # units of an area: to look at as many costs what the cells of ten kilometres around cost


def look_at(work: UnitOfWork, order: Order, *, unverified: bool) -> Order:
    """Send a unit to what was opened and is doubtful or urgent 核实; nobody where the city has none."""
    urgent = order.priority == URGENT and order.state in ("review", "assigned")
    return send(work, order) if (unverified and order.state == "review") or urgent else order


def send(work: UnitOfWork, order: Order, actor: Actor = DESK, reason: str = "") -> Order:
    """Give an order to the nearest unit that suits: to verify it, or once it is handled to check that. The order as it
    is where there is none. Nobody is sent to what was over long ago."""
    found = None if work.replayed else free(work, order)
    if found is None:
        return order
    return work.emit(
        facts.TaskGiven(
            **work.head(order, work.clock, actor),
            unit=found.id,
            what=_what(order),
            due=work.clock + int(work.city.settings.unit_accept_minutes * MINUTE_MS),
            distance_m=round(found.away_m, 1),
            reason=reason,
        )
    )


def free(work: UnitOfWork, order: Order) -> Near | None:
    """The nearest unit that suits and is free; what it has to do makes it further away."""
    serving, settings = work.city.units.serving(order.area), work.city.settings
    if not serving or order.lat is None or order.lon is None or len(order.tried) >= settings.unit_tries:
        return None
    since = work.clock - settings.unit_silent_minutes * MINUTE_MS
    wanted = _skills(work, order)
    kept_from_it = frozenset(holders(order)) if _what(order) == "check" else frozenset[str]()

    def extra_m(unit_id: str) -> float | None:
        unit, state = serving.get(unit_id), work.overlay.units.get(unit_id)
        if unit is None or state is None or state.state != "free" or state.at < since or unit_id in order.tried:
            return None
        if not _suits(unit, wanted) or unit.department in kept_from_it:
            return None
        if work.overlay.index.count(index.of_tasks(unit_id)):
            return None
        return state.load * settings.unit_load_km * _KM

    if len(serving) <= _FEW:
        units = work.overlay.units
        heard = [index.entry_of_unit(name, at.lat, at.lon) for name in serving if (at := units.get(name)) is not None]
        rings: Iterable[Ring] = one_ring(heard)
    else:
        rings = rings_around(order.lat, order.lon, work.overlay.index.newest)
    return nearest(order.lat, order.lon, settings.unit_reach_km * _KM, rings, extra_m)


def lapse(work: UnitOfWork, order: Order, due: int) -> Order:
    """The unit has not taken its next step in time: the next nearest is asked."""
    task = order.task
    assert task is not None  # else its timer would not be pending
    return send(work, work.emit(facts.TaskLapsed(**work.timer_head(order, due), unit=task.unit, stage=task.stage)))


def decline(work: UnitOfWork, order: Order, at: int, actor: Actor, reason: str) -> Order:
    """The unit cannot do it: the next nearest is asked."""
    return send(work, work.emit(facts.TaskDeclined(**work.head(order, at, actor), reason=reason)))


def accept(work: UnitOfWork, order: Order, at: int, actor: Actor) -> Order:
    """The unit is on its way."""
    due = work.clock + int(work.city.settings.unit_arrive_minutes * MINUTE_MS)
    return work.emit(facts.TaskAccepted(**work.head(order, at, actor), due=due))


def arrive(work: UnitOfWork, order: Order, at: int, actor: Actor) -> Order:
    """The unit says that it is there; it has `unit_result_minutes` to say what it has found."""
    due = work.clock + int(work.city.settings.unit_result_minutes * MINUTE_MS)
    return work.emit(facts.UnitArrived(**work.head(order, at, actor), due=due))


def _what(order: Order) -> TaskKind:
    return "check" if order.state == "handled" else "verify"


def _skills(work: UnitOfWork, order: Order) -> frozenset[str]:
    """The order's category and its group, one of which a unit that is not sent for everything must know."""
    kind = work.city.categories.get(order.category)
    return frozenset() if kind is None else frozenset((kind.code, kind.parent))


def _suits(unit: MobileUnit, wanted: frozenset[str]) -> bool:
    return not unit.skills or not wanted.isdisjoint(unit.skills)
