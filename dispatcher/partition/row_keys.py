"""The keys of the desk's changelog: what a row is, its key says. This is their one grammar.

| key                               | the row                                                         |
|-----------------------------------|-----------------------------------------------------------------|
| `meta`                            | where the partition stands                                      |
| `<order id>`                      | the order; the only keys besides `meta` without a slash         |
| `tally/<order id>`                | how often the order's incident was seen again                   |
| `watch/<area>/<group>/<spot>`     | detections that are still too few to open an order              |
| `watch/reopen/<order id>`         | detections that are still too few to reopen a closed one        |
| `watch/covered/<order id>`        | sightings that a parent incident covers until it ends           |
| `watch/covered/<order id>/<n>`    | more of them, where one row cannot hold all                     |
| `camera/<camera id>`              | when a camera was last heard of                                 |
| `roll/<area>`                     | when the cameras of an area are looked through for silent ones  |
| `algorithm/<name>`                | how often an algorithm of cameras was right, and how often not  |
| `silence/<number>`                | a silence that was set while the city runs                      |
| `agreement/<category>`            | whether cameras and inspectors agreed on what was handled       |
| `unit/<unit id>`                  | where a mobile unit is, and whether it is free                  |
| `seen/<kind>/<bucket>/<offset>`   | identities that were met: those of one bucket, from one batch   |
| `failed/<offset>`                 | the items of a batch at which the core raised                   |
| `failed/urgent/<offset>`          | those of the urgent lane                                        |
| `urgent/<offset>`                 | before which record of the inbox urgent ones were decided       |

The pending timers name what they are of by the same keys.
"""

from typing import Literal

Kind = Literal[
    "meta", "order", "tally", "watch", "camera", "roll", "algorithm", "silence", "agreement", "unit", "seen", "failed",
    "urgent",
]  # fmt: skip

META = "meta"
_PREFIXES: dict[str, Kind] = {
    "tally": "tally",
    "watch": "watch",
    "camera": "camera",
    "roll": "roll",
    "algorithm": "algorithm",
    "silence": "silence",
    "agreement": "agreement",
    "unit": "unit",
    "seen": "seen",
    "failed": "failed",
    "urgent": "urgent",
}
_TALLY = "tally/"
_CAMERA = "camera/"
_UNIT = "unit/"
_FAILED = "failed/"
_FAILED_URGENT = "failed/urgent/"
_URGENT = "urgent/"
_COVERED = "covered/"


def tally(order_id: str) -> str:
    """The key of an order's tally."""
    return f"{_TALLY}{order_id}"


def watch(name: str) -> str:
    """The key of the watch with that name."""
    return f"watch/{name}"


def camera(camera_id: str) -> str:
    """The key of a camera's heartbeat."""
    return f"{_CAMERA}{camera_id}"


def roll(area: str) -> str:
    """The key of an area's roll call."""
    return f"roll/{area}"


def algorithm(name: str) -> str:
    """The key of what is known of an algorithm."""
    return f"algorithm/{name}"


def silence(number: str) -> str:
    """The key of the silence with that number."""
    return f"silence/{number}"


def agreement(category: str) -> str:
    """The key of how cameras and inspectors have agreed in a category."""
    return f"agreement/{category}"


def seen(bucket: str, offset: int) -> str:
    """The key of the identities that the batch from `offset` on adds to a bucket, `<kind>/<number>`."""
    return f"seen/{bucket}/{offset}"


def seen_bucket(name: str) -> str:
    """The bucket of a row of identities, from the name that `parse` gives."""
    return name.rpartition("/")[0]


def failed(offset: int, *, urgent: bool = False) -> str:
    """The key of a batch's failures in the inbox or in the urgent lane, by the offset of the first."""
    return f"{_FAILED_URGENT if urgent else _FAILED}{offset}"


def urgent(offset: int) -> str:
    """The key of where records of the urgent lane, from this offset on, were decided."""
    return f"{_URGENT}{offset}"


def urgent_offset(key: str) -> int | None:
    """The offset in a key of `urgent`; None for other keys."""
    return int(key.removeprefix(_URGENT)) if key.startswith(_URGENT) else None


def unit(unit_id: str) -> str:
    """The key of a mobile unit."""
    return f"{_UNIT}{unit_id}"


def opening_watch(area: str, group: str, spot: str) -> str:
    """The name of the watch for detections of a merge group that may open an order, at a spot of `in_cell` or
    `by_camera`."""
    return f"{area}/{group}/{spot}"


def in_cell(y: int, x: int) -> str:
    """The spot of what is watched in a cell of the grid, whoever sees it."""
    return f"{y}/{x}"


def by_camera(camera_id: str) -> str:
    """The spot of what is watched camera by camera."""
    return f"-/{camera_id}"


def reopening_watch(order_id: str) -> str:
    """The name of the watch for detections that may reopen a closed order."""
    return f"reopen/{order_id}"


def covered(order_id: str, number: int = 0) -> str:
    """The name of the watch for what a parent incident covers until it ends: of the first row, or of a further one;
    sorted by their names they are in their order."""
    return f"{_COVERED}{order_id}/{number:03}" if number else f"{_COVERED}{order_id}"


def is_covered(name: str) -> bool:
    """Whether a watch of that name is of what a parent incident covers."""
    return name.startswith(_COVERED)


def parse(key: str) -> tuple[Kind, str]:
    """The kind of a row and its name, which is the key without the kind's prefix. Raises ValueError for other keys."""
    if key == META:
        return "meta", ""
    prefix, slash, name = key.partition("/")
    if not slash:
        return "order", key
    kind = _PREFIXES.get(prefix)
    if kind is None:
        raise ValueError(f"{key!r} is no row of the desk")
    return kind, name


def is_order(key: str) -> bool:
    """Whether a key is an order's: its id."""
    return "/" not in key and key != META


def is_failed(key: str, *, urgent: bool = False) -> bool:
    """Whether a row names items of the inbox, or of the urgent lane, at which the core raised."""
    return key.startswith(_FAILED) and key.startswith(_FAILED_URGENT) == urgent


def is_tally(key: str) -> bool:
    """Whether a key is that of an order's tally."""
    return key.startswith(_TALLY)


def is_camera(key: str) -> bool:
    """Whether a key is that of a camera's heartbeat."""
    return key.startswith(_CAMERA)


def is_unit(key: str) -> bool:
    """Whether a key is that of a mobile unit."""
    return key.startswith(_UNIT)
