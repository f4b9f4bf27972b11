"""What the core hands back: everything that must become true together, in one transaction."""

from collections.abc import Mapping, Sequence

import msgspec

from dispatcher.partition import row_keys
from dispatcher.partition.overlay import Overlay
from models.inbox import Item

_decode_places = msgspec.json.Decoder(tuple[tuple[int, int], ...]).decode
_decode_overtaking = msgspec.json.Decoder(tuple[int, int]).decode


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A record to publish. `topic` is logical: orders, outcomes, notices, rechecks, upward, archive,
    assignments/<department>, tasks/<unit>, or inbox/<area>, for the desk of the partition that has an area: where
    that is this desk, it knows already, and nothing is published."""

    topic: str
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class Failure(msgspec.Struct, frozen=True):
    """An item that goes to the dead letters: it changed nothing, and its neighbours went on."""

    offset: int
    index: int
    item: Item
    error: str
    urgent: bool = False  # its record came by the urgent lane


class Overtaking(msgspec.Struct, frozen=True):
    """Where urgent records were decided: those of the urgent lane from offset `first` up to, not including, `end` came
    before the inbox record at offset `before`, and behind the one before that."""

    first: int
    end: int
    before: int


class Decision(msgspec.Struct, frozen=True):
    """The outcome of one batch.

    `records` in the order they must appear; `rows` and `figures` the changed rows of the two changelogs, each once,
    None for a tombstone, with the `meta` row (next input offset, stream clock, pack digest) among `rows`, and a row for
    urgent records that were decided before others. Once
    the transaction is committed, `changes.apply()` writes them into the state; dropping the decision drops them.
    `failures` are the items at which the core raised, `usurpers` the reports under the name of another one.
    `next_due` is the earliest pending timer after the batch, in milliseconds UTC. `quarantined` counts the timers at
    which the rules raised.
    """

    records: list[Outgoing]
    rows: Mapping[str, bytes | None]
    figures: Mapping[str, bytes | None]
    changes: Overlay
    clock: int
    next_due: int | None
    failures: list[Failure]
    usurpers: list[Failure]
    quarantined: int = 0


def failed_rows(failures: Sequence[Failure]) -> dict[str, bytes]:
    """The rows of the desk's changelog that name a batch's items at which the core raised."""
    rows = {}
    for urgent in (False, True):
        places = [(failure.offset, failure.index) for failure in failures if failure.urgent == urgent]
        if places:
            rows[row_keys.failed(places[0][0], urgent=urgent)] = msgspec.json.encode(places)
    return rows


def failed_items(rows: Mapping[str, bytes], *, urgent: bool = False) -> frozenset[tuple[int, int]]:
    """Offset and index of all items of the inbox, or of the urgent lane, at which the core raised, from the rows of the
    desk's changelog."""
    batches = [_decode_places(value) for key, value in rows.items() if row_keys.is_failed(key, urgent=urgent)]
    return frozenset(place for places in batches for place in places)


def overtaking_row(one: Overtaking) -> tuple[str, bytes]:
    """Key and value of the row of the desk's changelog that says where urgent records were decided."""
    return row_keys.urgent(one.first), msgspec.json.encode((one.end, one.before))


def overtakings(rows: Mapping[str, bytes]) -> list[Overtaking]:
    """Where all urgent records were decided, in their order, from the rows of the desk's changelog."""
    firsts = ((row_keys.urgent_offset(key), value) for key, value in rows.items())
    return sorted(
        (Overtaking(first, *_decode_overtaking(value)) for first, value in firsts if first is not None),
        key=lambda one: one.first,
    )
