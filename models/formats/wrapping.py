"""What transports put around a vendor's message: compression, headers, parts with boundaries, pictures, stray bytes."""

import codecs
import re
import zlib
from collections.abc import Iterator

from models.errors import Poison

MAX_BYTES = 2_000_000  # of a record, and of what it unpacks to

# In front of a document: a byte order mark, blanks, line breaks, and the zeros of a device that sends its whole buffer.
_STRAY = b"\0\t\n\r\x0c\x1e "
_MARK = codecs.BOM_UTF8
_BEGINNINGS = (b"<", b"{", b"[")
# Behind the head of an HTTP or SIP message, or a preamble, a document or a boundary begins at the start of a line.
_START = re.compile(rb"^(?:--[^\s-]|[<{\[])", re.MULTILINE)
_GZIP = b"\x1f\x8b"
# How a document in another Unicode encoding begins: with a byte order mark, or its first letter. The longer ones first.
_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    *((first + b"\0", "utf-16-le") for first in _BEGINNINGS),
    *((b"\0" + first + b"\0", "utf-16-be") for first in _BEGINNINGS),  # a lone zero in front is stray
)


def documents(value: bytes) -> tuple[bytes, ...]:
    """The messages in a body, in UTF-8 or what is no Unicode: itself, unpacked where it is gzip, without the head of a
    message around it; or of a multipart one (alert stream, form-data) each part with XML or JSON.

    Pictures and other parts are left out. What has no such part comes back as it is, for its reader to refuse. Raises
    Poison for what is no whole gzip file, or longer than a record may be.
    """
    bare = _bare(_unpacked(value))
    if not bare.startswith((*_BEGINNINGS, b"--")) and (start := _START.search(bare)):
        bare = bare[start.start() :]
    if not bare.startswith(b"--"):
        return (bare,)
    found = tuple(part for part in _parts(bare) if part.startswith(_BEGINNINGS))
    return found or (bare,)


def _unpacked(value: bytes) -> bytes:
    """What a gzip file holds, all of its members; anything else is itself. No more is made than a record may hold."""
    if not value.startswith(_GZIP):
        return value
    unpacked = b""
    while value.startswith(_GZIP):
        member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            unpacked += member.decompress(value, MAX_BYTES + 1 - len(unpacked))
        except zlib.error:
            raise Poison("data", "must be a whole gzip file, or not compressed") from None
        if len(unpacked) > MAX_BYTES:
            raise Poison("data", f"must have at most {MAX_BYTES} bytes once it is unpacked", "too-large")
        if not member.eof:
            raise Poison("data", "must be a whole gzip file, or not compressed")
        value = member.unused_data
    return unpacked


def _parts(body: bytes) -> Iterator[bytes]:
    """What lies between the boundaries, without the headers of each part (RFC 2046 5.1)."""
    boundary = b"\n" + body.splitlines()[0].rstrip()
    for part in (b"\n" + body).split(boundary):  # at the beginning of a line only
        head, blank, rest = part.replace(b"\r\n\r\n", b"\n\n", 1).partition(b"\n\n")
        # Devices leave out the headers, or the blank line after them.
        yield _bare(rest if blank and not _bare(head).startswith(_BEGINNINGS) else part)


def _bare(value: bytes) -> bytes:
    """Without what is stray around it, in UTF-8 where it was in another encoding of Unicode."""
    for beginning, encoding in _WIDE:
        if value.startswith(beginning):
            try:
                value = value.decode(encoding).encode()
            except UnicodeError:
                return value
            break
    return value.strip(_STRAY).removeprefix(_MARK).strip(_STRAY)
