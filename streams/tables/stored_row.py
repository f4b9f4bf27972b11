"""What a table holds under a key: an absolute row with its version, and where it was read."""

import hashlib

import msgspec

from dispatcher.figures import figure_row
from dispatcher.partition import row_keys

ARCHIVED = -1


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """One row of a table. `offset` is that of the record it came in, ARCHIVED for one from the archive topic.

    The table comes to what the compacted topics come to, however often and late their records are read (`later`).
    """

    partition: int
    offset: int
    version: int
    row: msgspec.Raw


class _OrderVersion(msgspec.Struct):
    seq: int


class _TallyVersion(msgspec.Struct):
    sightings: int


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Kept)
_order = msgspec.json.Decoder(_OrderVersion)
_tally = msgspec.json.Decoder(_TallyVersion)


def encode(kept: Kept) -> bytes:
    """The value in the table."""
    return _encoder.encode(kept)


def decode(value: bytes) -> Kept:
    """The row of `encode`. Raises msgspec.DecodeError or ValidationError."""
    return _decoder.decode(value)


def key_in_partition(key: str, partition: int) -> str:
    """The key in the table of what more than one partition may have a row of: cameras that have moved to another area,
    mobile units."""
    return f"{key}/{partition}"


def key_in_topic(key: str) -> str:
    """The key of the topic that `key_in_partition` was made of."""
    return key.rpartition("/")[0]


def order_version(key: str, row: bytes) -> int:
    """The version of an order's row (its seq) or of its tally (its sightings). Raises msgspec errors for other rows."""
    return _tally.decode(row).sightings if row_keys.is_tally(key) else _order.decode(row).seq


def figure_version(key: str, row: bytes) -> int:
    """The version of a figure row. Raises ValueError when the key is none, msgspec errors when the row is none."""
    figure_row.parse_key(key)
    return figure_row.version_of(row)


def later(held: bytes | None, incoming: Kept) -> Kept:
    """The truth of two rows under one key.

    Of two records of one topic it is the later one; one that is read again has both a lower offset and a lower version.
    A row of the archive is an order's last.
    """
    if held is None:
        return incoming
    kept = decode(held)
    if incoming.offset == ARCHIVED != kept.offset:
        return incoming
    if kept.offset == ARCHIVED != incoming.offset:
        return kept
    return incoming if incoming.offset >= kept.offset or incoming.version > kept.version else kept


def mark(version: int, row: bytes) -> str:
    """What stands for a row when tables are audited: its version and a digest of its bytes."""
    return f"{version} {hashlib.blake2b(row, digest_size=8).hexdigest()}"
