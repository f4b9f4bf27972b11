"""What the core hands back: everything that must become true together, in one transaction."""

from collections.abc import Mapping
from typing import Any

import msgspec

from models.inbox import Item

META = "meta"
FAILED = "failed"  # a row `failed/<offset>` of the desk's changelog names the items at which the core raised


class Outgoing(msgspec.Struct, frozen=True):
    """A record to publish. `topic` is logical: orders, notices, archive, or assignments/<department>."""

    topic: str
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class Failure(msgspec.Struct, frozen=True):
    """An item at which the core raised: it changed nothing and goes to the dead letters; its neighbours went on."""

    offset: int
    index: int
    item: Item
    error: str


class Decision(msgspec.Struct, frozen=True):
    """The outcome of one batch.

    `records` in the order they must appear; `rows` and `figures` the changed rows of the two changelogs, each once,
    None for a tombstone, with the `meta` row (next input offset, stream clock, pack digest) among `rows`. `changes`
    is the overlay that `DeskState.merge` applies once the transaction is committed; dropping the decision drops it.
    `next_due` is the earliest pending timer after the batch, in milliseconds UTC. `quarantined` counts the timers at
    which the rules raised.
    """

    records: list[Outgoing]
    rows: Mapping[str, bytes | None]
    figures: Mapping[str, bytes | None]
    changes: Any
    clock: int
    next_due: int | None
    failures: list[Failure]
    quarantined: int = 0
