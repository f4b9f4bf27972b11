"""What a packed batch may come to: aiokafka unpacks whatever a client has packed, and a packed batch that a topic takes
may come to gigabytes.

Within `at_most` its reader refuses a batch that would come to more than MAX_BATCH_BYTES, and all that is more than so
many bytes in all; it stops there as it does at a batch that is broken. Elsewhere, where a process reads what Paidan
itself wrote, nothing is bounded. It works on private names of aiokafka; a test fails when an upgrade changes them.
"""

import contextlib
import struct
import zlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial, wraps
from typing import Any

from aiokafka import codec
from aiokafka.errors import CorruptRecordException
from aiokafka.record import default_records
from aiokafka.record._crecords import default_records as compiled

# Of one batch: several times the longest record, and more than the usual clients pack into one.
MAX_BATCH_BYTES = 16 * 1024 * 1024

_XERIAL_HEADER = 16
_GZIP = 16 + zlib.MAX_WBITS
_USUAL, _USUAL_TIMES = 16 * 1024, 8  # most batches come to less than so many bytes and so many times their length
_CODECS = ("gzip", "snappy", "lz4", "zstd")


class TooLong(CorruptRecordException):
    """A packed batch comes to more than it may."""


class _Room:
    """How many bytes may still be unpacked."""

    def __init__(self, left: int) -> None:
        self.left = left


_room: ContextVar[_Room | None] = ContextVar("room", default=None)


@contextlib.contextmanager
def at_most(total: int) -> Iterator[None]:
    """While the body runs, and in the tasks that it begins, no more than `total` bytes are unpacked: what is beyond
    raises TooLong, which is a CorruptRecordException, and so does each batch beyond MAX_BATCH_BYTES."""
    before = _room.set(_Room(total))
    try:
        yield
    finally:
        _room.reset(before)


def _gzip(packed: bytes, most: int) -> bytes:
    parts, left = [], bytes(packed)
    while left:
        one = zlib.decompressobj(_GZIP)
        parts.append(one.decompress(left, most + 1))
        most -= len(parts[-1])
        if most < 0 or not one.eof:
            raise TooLong
        left = one.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _snappy(packed: bytes, most: int) -> bytes:
    data, blocks = bytes(packed), []
    if not codec._detect_xerial_stream(data):
        blocks.append(data)
    else:
        at = _XERIAL_HEADER
        while at < len(data):
            end = at + 4 + max(0, struct.unpack_from("!i", data, at)[0])
            blocks.append(data[at + 4 : end])
            at = end
    if sum(map(codec.cramjam.snappy.decompress_raw_len, blocks)) > most:
        raise TooLong
    return bytes(codec.snappy_decode(data))


def _into(unpack: Callable[[bytes, bytearray], int], packed: bytes, most: int) -> bytes:
    fits = _USUAL + _USUAL_TIMES * len(packed)
    while True:
        room = bytearray(min(fits, most))
        try:
            length = unpack(packed, room)
        except codec.cramjam.DecompressionError as error:  # no room for it; a broken one the broker has refused
            if fits >= most:
                raise TooLong from error
            fits *= _USUAL_TIMES
        else:
            return bytes(memoryview(room)[:length])


_WITHIN: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "snappy": _snappy,
    "lz4": partial(_into, codec.cramjam.lz4.decompress_into),
    "zstd": partial(_into, codec.cramjam.zstd.decompress_into),
}


def _bounded(decode: Callable[[Any], bytes], within: Callable[[bytes, int], bytes]) -> Callable[[Any], bytes]:
    @wraps(decode)
    def bounded(packed: Any) -> bytes:
        room = _room.get()
        if room is None:
            return decode(packed)
        unpacked = within(packed, MAX_BATCH_BYTES)
        room.left -= len(unpacked)
        if room.left < 0:
            raise TooLong
        return unpacked

    return bounded


for _name in _CODECS:
    for _module in (default_records, compiled):
        _decode = f"{_name}_decode"
        setattr(_module, _decode, _bounded(getattr(codec, _decode), _WITHIN[_name]))
