"""Who has seen the orders of one partition, and how often their alarms were false 误报率, function of the orders' rows.

An order counts for each camera and each algorithm whose alarms are its evidence, as far as its row names them (the
first and the newest), by what people have said of it (`dispatcher.arrivals.watched.false_alarms.alarm_state`).
"""

import sys
from collections.abc import Iterator, Set
from heapq import nsmallest
from typing import Self

import msgspec

from dispatcher.arrivals.watched.false_alarms import AlarmState
from dispatcher.arrivals.watched.weighing import false_rate
from streams.tables.protocol import Seer


class Alarmed(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """By whom an order was seen, and what was said of it. Names are kept once for all orders."""

    cameras: tuple[str, ...]
    algorithms: tuple[str, ...]
    state: AlarmState

    @classmethod
    def of(cls, cameras: tuple[str, ...], algorithms: tuple[str, ...], state: AlarmState) -> Self:
        """The same with names that take no room of their own."""
        return cls(tuple(map(sys.intern, cameras)), tuple(map(sys.intern, algorithms)), state)

    def is_by(self, camera: str, algorithm: str, alarm: str) -> bool:
        """Whether a camera and an algorithm have seen it, and an alarm was found so; what is empty asks nothing. An
        alarm is a camera's: a citizen's report alone is none."""
        return (
            (not camera or camera in self.cameras)
            and (not algorithm or algorithm in self.algorithms)
            and (not alarm or (alarm == self.state and bool(self.cameras)))
        )


class _Seen:
    """The orders of one camera or algorithm."""

    __slots__ = ("false", "open", "other", "right")

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.false: set[str] = set()
        self.right = 0
        self.other = 0

    def put(self, order_id: str, state: AlarmState) -> None:
        if state in ("open", "false"):
            getattr(self, state).add(order_id)
        else:
            self.right += state == "right"
            self.other += state == "unsaid"

    def drop(self, order_id: str, state: AlarmState) -> None:
        if state in ("open", "false"):
            getattr(self, state).discard(order_id)
        else:
            self.right -= state == "right"
            self.other -= state == "unsaid"

    @property
    def empty(self) -> bool:
        return not (self.open or self.false or self.right or self.other)


class AlarmView:
    """The alarms of one partition by who has raised them."""

    def __init__(self) -> None:
        self._algorithms: dict[str, _Seen] = {}
        self._cameras: dict[str, _Seen] = {}
        self._orders: dict[str, set[str]] = {}  # by camera
        self._busy: set[str] = set()

    def put(self, order_id: str, seen: Alarmed) -> None:
        """Count an order; what it counted for before must have been dropped."""
        for algorithm in seen.algorithms:
            self._algorithms.setdefault(algorithm, _Seen()).put(order_id, seen.state)
        for camera in seen.cameras:
            self._cameras.setdefault(camera, _Seen()).put(order_id, seen.state)
            self._orders.setdefault(camera, set()).add(order_id)
            if seen.state == "open":
                self._busy.add(camera)

    def drop(self, order_id: str, seen: Alarmed) -> None:
        """Take back what an order has counted for."""
        for algorithm in seen.algorithms:
            _drop(self._algorithms, algorithm, order_id, seen.state)
        for camera in seen.cameras:
            self._orders[camera].discard(order_id)
            if not self._orders[camera]:
                del self._orders[camera]
            _drop(self._cameras, camera, order_id, seen.state)
            if camera in self._busy and not (camera in self._cameras and self._cameras[camera].open):
                self._busy.discard(camera)

    def of_camera(self, camera: str) -> Set[str]:
        """The orders that a camera has seen."""
        return self._orders.get(camera, frozenset())

    def false_of(self, algorithm: str) -> Set[str]:
        """The orders at which an algorithm was wrong."""
        found = self._algorithms.get(algorithm)
        return frozenset() if found is None else found.false

    def busy(self) -> dict[str, int]:
        """The cameras that see something that is open, with how many orders."""
        return {camera: len(self._cameras[camera].open) for camera in self._busy}

    def worst_algorithms(self, most: int) -> list[Seer]:
        """Those on which people have decided, the ones whose alarms are false most often first."""
        return nsmallest(most, _judged(self._algorithms), key=worst_first)

    def worst_cameras(self, most: int) -> list[Seer]:
        """The same of cameras."""
        return nsmallest(most, _judged(self._cameras), key=worst_first)


def worst_first(seer: Seer) -> tuple[float, int, str]:
    """Where somebody stands in a list that begins with the worst: by the rate that the desk weighs alarms with, so that
    one that was wrong once of one time is not the worst of all."""
    return -false_rate(seer.right, seer.false), -seer.false, seer.name


def _judged(seers: dict[str, _Seen]) -> Iterator[Seer]:
    for name, seen in seers.items():
        if seen.right or seen.false:
            yield Seer(name, len(seen.open), seen.right, len(seen.false))


def _drop(seers: dict[str, _Seen], name: str, order_id: str, state: AlarmState) -> None:
    seers[name].drop(order_id, state)
    if seers[name].empty:
        del seers[name]
