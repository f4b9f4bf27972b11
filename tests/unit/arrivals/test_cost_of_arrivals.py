"""What the core does for an arrival does not grow with the orders that are open: counted, not timed."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from dispatcher.arrivals.nearby import _MEASURED, SCANNED
from dispatcher.order.row import Closing
from dispatcher.partition.identity import digest
from dispatcher.partition.index import Entry, Key
from dispatcher.partition.kept_orders import Orders, encode_row
from dispatcher.partition.layers import Index
from dispatcher.partition.state import DeskState
from models.inbox import Actor, Sighting
from tests.support.desks import DAY, HOUR, MINUTE, T0, Desk, detection, report

FEW, MANY = 1_000, 20_000
METRE = 1 / 111_195  # degrees of latitude
AT = T0 + HOUR


def spread(number: int) -> float:
    """One order every hundred metres, from south to north."""
    return 30.0 + number * 100 * METRE


def dense(number: int) -> float:
    """All of them within some forty metres."""
    return 30.05 + number % 40 * METRE


def crowded(number: int) -> float:
    """All of them in a cell of the grid, seventy metres and more away from where something arrives."""
    return 30.05 + (70 + number % 40) * METRE


def full(count: int, place: Callable[[int], float], **own_fields: Any) -> Desk:
    """A desk with so many open orders of one category in one area, or with fields of their own, restored from their
    rows."""
    desk = Desk()
    desk.feed(detection("first", T0, object_id="o"), at=T0)
    order, meta = desk.only(), desk.rows["meta"]
    (evidence,) = order.evidence_first
    rows = [("meta", meta)]
    for n in range(count):
        names = (f"cam-sw-1|a1|street-light|{n}",)
        own = replace(evidence, id=str(n), object_id=str(n), lat=place(n))
        key = f"{digest('app', str(n)):x}"
        one = replace(
            order,
            id=f"south-w-20260302-{n:010d}",
            opened_at=T0 + n,
            lat=own.lat,
            evidence_first=(own,),
            fingerprints=names,
            report_keys=(key,),
        )
        one = replace(one, **own_fields)
        rows.append((one.id, encode_row(one)))
    desk.state = DeskState.restore(3, rows, list(desk.figure_rows.items()))
    assert len(desk.state.orders) == count
    return desk


@pytest.fixture
def visited(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many entries of the index and rows of orders are looked at."""
    found: Counter[str] = Counter()
    newest, order = Index.newest, Orders.__getitem__

    def counted(self: Index, key: Key) -> Iterator[Entry]:
        for entry in newest(self, key):
            found["entries"] += 1
            yield entry

    def looked_at(self: Orders, key: str) -> Any:
        found["orders"] += 1
        return order(self, key)

    monkeypatch.setattr(Index, "newest", counted)
    monkeypatch.setattr(Orders, "__getitem__", looked_at)
    return found


def cost(desk: Desk, visited: Counter[str], *arrivals: Sighting) -> Counter[str]:
    """What the last of some arrivals takes: entries, orders and calls of functions. Those before it fill what is kept
    of a city at its first use."""
    *before, last = arrivals
    for one in before:
        desk.feed(one, at=AT)
    visited.clear()
    calls = 0

    def called(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    kept = sys.getprofile()
    sys.setprofile(called)
    try:
        desk.feed(last, at=AT + MINUTE)
    finally:
        sys.setprofile(kept)
    return visited + Counter(calls=calls)


def lamp(name: str, lat: float, **own: Any) -> Sighting:
    """A lamp that a camera sees out."""
    return detection(name, AT, lat=lat, **{"object_id": name} | own)


ARRIVALS: dict[str, tuple[Callable[[int], float], tuple[Sighting, ...]]] = {
    "a repeat": (spread, (lamp("r1", spread(3), object_id="3"), lamp("r2", spread(4), object_id="4"))),
    "an opening": (spread, (lamp("n1", 29.90), lamp("n2", 29.95))),
    "an opening by words": (
        spread,
        tuple(report(f"w{n}", AT, f"第{n}盏灯不亮", "street-light", lat=None, lon=None) for n in range(2)),
    ),
    "evidence in a dense place": (dense, (lamp("e1", dense(3)), lamp("e2", dense(4)))),
    "a report in a dense place": (
        dense,
        tuple(report(f"d{n}", AT, f"{n}号楼外面漆黑一片", "street-light", lat=dense(n)) for n in range(2)),
    ),
}


@pytest.mark.parametrize("name", ARRIVALS)
def test_an_arrival_costs_the_same_at_twenty_times_as_many_open_orders(name: str, visited: Counter[str]) -> None:
    """No more entries of the index, no more orders, and hardly more calls: a sorted list is some levels deeper."""
    place, arrivals = ARRIVALS[name]

    few, many = (cost(full(count, place), visited, *arrivals) for count in (FEW, MANY))

    assert few["calls"] > 100  # it is counted
    assert (many["entries"], many["orders"]) <= (few["entries"], few["orders"])
    assert many["calls"] <= 1.05 * few["calls"]


def test_what_lies_beyond_reach_in_a_full_cell_costs_as_much_as_is_measured_at_most(visited: Counter[str]) -> None:
    """A thousand entries of the cell, and none of their orders; the new order then stands before them all."""
    many = cost(full(MANY, crowded), visited, lamp("c1", 30.05 - 30 * METRE), lamp("c2", 30.05 + 220 * METRE))

    assert many["entries"] <= 2 * _MEASURED + SCANNED
    assert many["orders"] <= SCANNED


def test_of_parent_incidents_far_away_the_newest_are_measured_and_none_is_looked_at(visited: Counter[str]) -> None:
    """Each floods another street of one area; what they would cover is seen elsewhere."""
    floods = full(MANY, spread, category="flooding", group="flooding")
    holes = [report(f"h{n}", AT, f"{n}号楼前有个大坑", lat=29.5 - n) for n in range(2)]

    many = cost(floods, visited, *holes)

    assert _MEASURED <= many["entries"] <= _MEASURED + 3 * SCANNED
    assert many["orders"] <= SCANNED
    assert len(floods.state.orders) == MANY + 2


def test_what_has_ended_many_times_before_one_camera_costs_as_much_as_is_compared_at_most(
    visited: Counter[str],
) -> None:
    """Each of them was closed too long ago to be reopened, and stays with the desk until it is archived."""
    closing = Closing(at=T0 - 20 * DAY, by=Actor("desk"))
    ended: dict[str, Any] = {
        "state": "closed",
        "opened_at": T0 - 21 * DAY,
        "closings": (closing,),
        "fingerprints": ("cam-sw-1|a1|street-light|again",),
        "limits": (),
    }

    many = cost(
        full(FEW, spread, **ended), visited, lamp("a1", 29.5, object_id="other"), lamp("a2", 29.8, object_id="again")
    )

    assert SCANNED <= many["orders"] <= SCANNED + 5
