"""The outline of an order: the fields of its row by which it is found and its timers are set.

To restore a desk takes no more of a million rows than this. Names, types and defaults are those of `Order`.
"""

import msgspec

from dispatcher.order.row import Recheck, RunningLimit, State
from models.events import AssetRef


class Turn(msgspec.Struct, frozen=True, gc=False):
    """What an `Assignment` says about timers."""

    handle_missed_at: int | None = None


class TurnAbove(msgspec.Struct, frozen=True, gc=False):
    """The same of a department that has handed the order down."""

    department: str
    handled_at: int | None = None
    handle_missed_at: int | None = None


class TaskGivenTo(msgspec.Struct, frozen=True, gc=False):
    """The same of a mobile unit's `Task`."""

    unit: str
    due: int


class MergedInto(msgspec.Struct, frozen=True, gc=False):
    """What a `MergedIn` says of who asks for the order."""

    reporters: tuple[str, ...] = ()


class Outline(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The fields of `Order` that `index.keys_of`, `index.entry_of` and `timers` look at."""

    id: str
    state: State
    area: str
    opened_at: int
    lat: float | None = None
    lon: float | None = None
    asset: AssetRef | None = None
    report_keys: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()
    merged_in: tuple[MergedInto, ...] = ()
    fingerprints: tuple[str, ...] = ()
    part_of: str = ""
    category: str = ""
    group: str = ""
    waiting_since: int | None = None
    assignments: tuple[Turn, ...] = ()
    held_for: tuple[TurnAbove, ...] = ()
    overdue_at: int | None = None
    limits: tuple[RunningLimit, ...] = ()
    fired: tuple[str, ...] = ()
    supervise_at: int | None = None
    supervision_ordered: bool = False
    suspended_until: int | None = None
    archive_at: int | None = None
    quarantined: str = ""
    recheck: Recheck | None = None
    inspector: str = ""
    task: TaskGivenTo | None = None
    check_escalates_at: int | None = None
    call_back_at: int | None = None
