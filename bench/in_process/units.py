"""What it costs to find the nearest mobile unit that suits and is free, among 1,000 of a city.

Run: `scripts/bench units [--units 1000] [--json]`. One partition's desk to which each unit has reported; microseconds
of processor time for one order whose place is drawn anew each time.
"""

import argparse
import json
import random
import time
from typing import NamedTuple

from msgspec.structs import replace

from bench.interpreter import build
from dispatcher.partition.identity import Memory
from dispatcher.partition.overlay import Overlay
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.units import tasking
from models.inbox import Item, UnitHeard, UnitMode
from tests.support.cities import tiny_city
from tests.support.desks import T0, Desk, detection

TIMES = 2_000
SEED = 7
_SOUTH, _WEST, _SIDE = 30.0, 114.0, 0.2  # the tiny city, degrees: 22 by 19 km
_DENSE = 0.004


class Case(NamedTuple):
    """How the units stand: within how many degrees of the city's middle, and which share of them is free."""

    name: str
    side: float
    free: float


CASES = (
    Case("spread over 22 by 19 km", _SIDE, 1.0),
    Case("the same, nine of ten busy", _SIDE, 0.1),
    Case("all within 400 m", _DENSE, 1.0),
    Case("spread, and none is free", _SIDE, 0.0),
)


def _place(chance: random.Random, side: float) -> tuple[float, float]:
    lat, lon = (corner + (_SIDE - side) / 2 + chance.random() * side for corner in (_SOUTH, _WEST))
    return lat, lon


def measured(case: Case, units: int) -> dict[str, float]:
    """Median, 99th percentile and the dearest of all searches, microseconds."""
    chance = random.Random(SEED)
    names = [f"unit-{n}" for n in range(units)]
    rows = "".join(f"{name},car,*,,\n" for name in names)
    desk = Desk(tiny_city({"units.csv": f"id,kind,areas,department,skills\n{rows}"}))
    heard: list[Item] = []
    for name in names:
        lat, lon = _place(chance, case.side)
        state: UnitMode = "free" if chance.random() < case.free else "busy"
        heard.append(UnitHeard(unit=name, area="south-w", at=T0, state=state, lat=lat, lon=lon))
    desk.feed(*heard, detection("d", T0, "street-light"), at=T0)
    work = UnitOfWork(Overlay(desk.state), desk.city, Memory(desk.city.settings), desk.clock, False, desk.clock)
    places = [_place(chance, _SIDE) for _ in range(TIMES)]
    orders = [replace(desk.only(), lat=lat, lon=lon) for lat, lon in places]
    costs = []
    for order in orders:
        began = time.process_time_ns()
        found = tasking.free(work, order)
        costs.append((time.process_time_ns() - began) / 1_000)
        assert (found is not None) == (case.free > 0)
    costs.sort()
    return {"median": costs[TIMES // 2], "p99": costs[TIMES * 99 // 100], "dearest": costs[-1]}


def main() -> None:
    """Print one table; `--json` prints one object instead."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=1_000)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    wanted = parser.parse_args()
    found = {case.name: {key: round(value, 1) for key, value in measured(case, wanted.units).items()} for case in CASES}
    if wanted.json:
        print(json.dumps({"interpreter": build(), "units": wanted.units, "cases": found}, indent=2))
        return
    print(f"{build()}; the nearest of {wanted.units:,} units, microseconds")
    for name, costs in found.items():
        print(f"{name:32}" + "".join(f"{key} {value:8.1f}  " for key, value in costs.items()))


if __name__ == "__main__":
    main()
