"""The index: under which keys an order is found again. All of them are functions of its row; this is their one grammar.

| key                         | leads to the orders                      | while they are              |
|-----------------------------|------------------------------------------|-----------------------------|
| <report key>                | that a report is in                      | in memory                   |
| <reporter key>              | in which a reporter's matter goes on     | open                        |
| fingerprint/<fingerprint>   | of what one camera sees again and again  | not rejected                |
| cell/<area>/<group>/<y>/<x> | of a merge group in one cell of the grid | neither rejected nor merged |
| cell/<area>//<y>/<x>        | of no group yet in one cell of the grid  | waiting for a person        |
| rejected/<fingerprint>      | of what one camera has seen              | rejected                    |
| cell/<area>/<group>!/<y>/<x> | of what cameras have seen in that cell  | rejected                    |
| kind/<area>/<category>      | of a category, or of none, in an area    | open                        |
| asset/<id>/<group>          | of a merge group at one asset            | neither rejected nor merged |
| checks/<inspector>          | whose check an inspector has             | waiting for it              |
| tasks/<unit>                | that a mobile unit is to look at         | waiting for it              |
| unit/<y>/<x>                | no order: units in one cell of a coarser grid | reported free there    |

An order that was moved to another area 改区 is found under that and under the one where it was found.

The keys of a report and of a reporter are the numbers to which they are digested; the others are texts. The index
lives in memory alone: it is rebuilt from the rows, so its keys stand on no wire. `layers.Index` holds it.
"""

import math
from collections.abc import Iterator

from dispatcher.order.outline import Outline
from dispatcher.order.row import OPEN, Order, all_reporters
from dispatcher.partition import identity
from models.city.ground.distances import cell_of, cells
from models.inbox import OWN_PLACE, Sighting

Key = str | int
Entry = tuple[int, str, float | None, float | None]  # opened_at, order id, lat, lon: of one order always the same

UNIT_CELL = 0.02  # degrees; about 2 km north to south
_COLUMNS = round(360 / UNIT_CELL)
NO_GROUP = ""  # of an order whose category nobody knows yet
_SPOT = 0.0005  # degrees; about 55 m north to south: of one place, for who sees the same in many
_AT, _BY_WORDS, _COVERED = "|at:", "|words:", "|covered:"


def entry_of(order: Order | Outline) -> Entry:
    """What stands under each of an order's keys."""
    return order.opened_at, order.id, order.lat, order.lon


def areas_of(order: Order | Outline) -> tuple[str, ...]:
    """The areas in which an order is looked for: where it was found, as its id says, which decides its partition; and
    the one that it was moved to 改区."""
    found_in = identity.area_of(order.id)
    return (order.area,) if found_in == order.area else (order.area, found_in)


def keys_of(order: Order | Outline) -> set[Key]:
    """The keys under which an order is found."""
    if order.part_of:  # what is seen again is a matter of the joint order
        return _waited_for(order)
    keys = _waited_for(order)
    keys.update(int(key, 16) for key in order.report_keys)
    if order.state == "rejected":
        return keys | _keys_of_rejected(order)
    own = order.fingerprints
    if order.state == "closed":  # what it covered comes up, and reopens nothing
        own = tuple(one for one in own if _COVERED not in one)
    keys.update(map(of_fingerprint, known_by(own, order.category)))
    if order.state == "merged":
        return keys
    nobody_knows = not order.group and order.waiting_since is not None  # it waits for a person to say what it is
    areas = areas_of(order)
    if order.lat is not None and order.lon is not None and (order.group or nobody_knows):
        cell = cell_of(order.lat, order.lon)
        keys.update(_cell_key(area, order.group, *cell) for area in areas)
    if order.asset is not None and order.group:
        keys.add(of_asset(order.asset.id, order.group))
    if order.state in OPEN:
        keys.update(map(of_reporter, all_reporters(order)))
        if order.category or nobody_knows:
            keys.update(of_kind(area, order.category) for area in areas)
    return keys


def _keys_of_rejected(order: Order | Outline) -> set[Key]:
    """What a camera has seen, and was nothing, is found again by its next look; what it covered was another's."""
    own = tuple(one for one in order.fingerprints if _COVERED not in one)
    keys: set[Key] = set(map(of_rejected, known_by(own, order.category)))
    if keys and order.group and order.lat is not None and order.lon is not None:
        cell = cell_of(order.lat, order.lon)
        keys.update(_cell_key(area, rejected_group(order.group), *cell) for area in areas_of(order))
    return keys


def _waited_for(order: Order | Outline) -> set[Key]:
    """The keys of whoever is to look at it."""
    keys: set[Key] = {of_checks(order.inspector)} if order.inspector else set()
    if order.task is not None:
        keys.add(of_tasks(order.task.unit))
    return keys


def same_keys(before: Order, after: Order) -> bool:
    """Whether two rows of one order surely have the same keys; False says nothing."""
    return (
        (before.state == after.state or (before.state in OPEN and after.state in OPEN))
        and before.report_keys is after.report_keys
        and before.reporters is after.reporters
        and before.merged_in is after.merged_in
        and before.fingerprints is after.fingerprints
        and before.area == after.area
        and before.group == after.group
        and before.category == after.category
        and before.inspector == after.inspector
        and before.asset is after.asset
        and (None if before.task is None else before.task.unit) == (None if after.task is None else after.task.unit)
        and (after.group != "" or (before.waiting_since is None) == (after.waiting_since is None))
    )


def of_report(source: str, event_id: str) -> Key:
    """The key of the orders that the report with this identity is in."""
    return identity.digest(source, event_id)


def of_reporter(reporter: str) -> Key:
    """The key of the open orders of somebody who has reported, by their pseudonym. No report has it: each has a
    source."""
    return identity.digest("", reporter)


def of_fingerprint(fingerprint: str) -> Key:
    """The key of the orders whose incident has this fingerprint."""
    return f"fingerprint/{fingerprint}"


def of_rejected(fingerprint: str) -> Key:
    """The key of the rejected orders whose incident has this fingerprint."""
    return f"rejected/{fingerprint}"


def rejected_group(group: str) -> str:
    """What stands for a merge group in the cells of its rejected orders: no group's code ends so."""
    return f"{group}!"


def of_kind(area: str, category: str) -> Key:
    """The key of the open orders of a category in an area; of those that have none yet where it is empty."""
    return f"kind/{area}/{category}"


def of_asset(asset: str, group: str) -> Key:
    """The key of the orders of a merge group whose incident is at an asset."""
    return f"asset/{asset}/{group}"


def of_checks(inspector: str) -> Key:
    """The key of the orders whose check an inspector has been given and not made."""
    return f"checks/{inspector}"


def of_tasks(unit: str) -> Key:
    """The key of the orders that a mobile unit has been given to look at."""
    return f"tasks/{unit}"


def unit_cell(lat: float, lon: float) -> tuple[int, int]:
    """The cell of the units' grid in which a place lies: row and column."""
    return math.floor(lat / UNIT_CELL), math.floor(lon / UNIT_CELL)


def of_unit_cell(y: int, x: int) -> Key:
    """The key of the units in a cell that are free; its columns go round the earth."""
    return f"unit/{y}/{x % _COLUMNS}"


def of_unit(lat: float, lon: float) -> Key:
    """The key of the units around a place that are free."""
    return of_unit_cell(*unit_cell(lat, lon))


def entry_of_unit(unit: str, lat: float, lon: float) -> Entry:
    """What stands under the key of a unit's cell."""
    return 0, unit, lat, lon


def cells_around(area: str, group: str, lat: float, lon: float, radius_m: float) -> Iterator[Key]:
    """The keys of all cells of a merge group that a circle may touch."""
    for y, x in cells(lat, lon, radius_m):
        yield _cell_key(area, group, y, x)


def _cell_key(area: str, group: str, y: int, x: int) -> Key:
    return f"cell/{area}/{group}/{y}/{x}"


def fingerprint(sighting: Sighting) -> str:
    """Camera, algorithm, label and object: what one incident looks like to one camera. Empty for a report.

    Where it is the words that say what is seen, and surely, their category too: a label such as `person` is that of a
    fallen tree as well as of a fire. What nobody is sure of is known without: whatever the camera has described there.

    What comes with coordinates of its own, and neither an object nor a phase, is where it lies too: a drone sees the
    same in many places. Who names phases tells of one thing, wherever that moves, and its end ends whatever it was."""
    if sighting.kind != "detection":
        return ""
    seen = "|".join((sighting.camera, sighting.algorithm, sighting.label, sighting.object_id))
    if sighting.place in OWN_PLACE and not (sighting.object_id or sighting.phase) and sighting.lat is not None:
        seen = f"{seen}{_AT}{_spot(sighting.lat)}/{_spot(sighting.lon or 0.0)}"
    if sighting.category or sighting.guess is None or sighting.phase == "end":
        return seen
    return f"{seen}{_BY_WORDS}{sure}" if (sure := sighting.guess.sure) else seen


def covered_by(parent: str, fingerprint: str) -> str:
    """The fingerprint of what a parent incident of a category covers, as it stands in the parent's row."""
    return f"{fingerprint}{_COVERED}{parent}" if fingerprint else ""


def known_by(fingerprints: tuple[str, ...], category: str) -> set[str]:
    """The fingerprints by which an order of a category is found that has these in its row. What it covers is part of it
    as long as it is of the category that covers it."""
    known = set[str]()
    for own in fingerprints:
        seen, covered, parent = own.rpartition(_COVERED)
        if not covered:
            known.update(_known_as(own))
        elif parent == category:
            known.update(_known_as(seen))
    return known


def only_covers(order: Order, fingerprint: str) -> bool:
    """Whether what has a fingerprint is nothing of an order's own, but covered by it at the most."""
    own = tuple(one for one in order.fingerprints if _COVERED not in one)
    return fingerprint not in known_by(own, order.category)


def _known_as(fingerprint: str) -> tuple[str, ...]:
    """The fingerprints by which an incident is found that has this one: itself, that without what words say, and that
    without its place."""
    unsaid = fingerprint.rpartition(_BY_WORDS)[0] or fingerprint
    return tuple(dict.fromkeys((fingerprint, unsaid, unsaid.rpartition(_AT)[0] or unsaid)))


def _spot(degrees: float) -> int:
    return math.floor(degrees / _SPOT)
