"""What transports put around a vendor's message: compression, headers, parts with boundaries, pictures, stray bytes."""

import binascii
import codecs
import quopri
import re
import zlib
from collections.abc import Iterator

from models.errors import Poison

MAX_BYTES = 2_000_000  # of a record, and of what it unpacks to
# What devices say packs to a twentieth at best; what becomes so many times as long was made to, unless it is little.
_MOST_TIMES, _LITTLE = 100, 64 * 1024

# In front of a document: a byte order mark, blanks, line breaks, and the zeros of a device that sends its whole buffer.
_STRAY = b"\0\t\n\r\x0c\x1e "
_MARK = codecs.BOM_UTF8
_BEGINNINGS = (b"<", b"{", b"[")
_LINES = (b"Code=", b"Heartbeat")  # how a document of Dahua's event manager begins, which is no XML or JSON
# Behind the head of an HTTP or SIP message, or a preamble, a document or a boundary begins at the start of a line.
_START = re.compile(rb"^(?:--[^\s-]|[<{\[])", re.MULTILINE)
_GZIP = b"\x1f\x8b"
_EITHER = 32 + zlib.MAX_WBITS  # gzip or zlib, as the head says
_TRANSFER = re.compile(rb"^content-transfer-encoding:[ \t]*(base64|quoted-printable)", re.IGNORECASE | re.MULTILINE)
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
    if not bare.startswith((*_BEGINNINGS, *_LINES, b"--")) and (start := _START.search(bare)):
        bare = bare[start.start() :]
    if not bare.startswith(b"--"):
        return (bare,)
    found = tuple(part for part in _parts(bare) if part.startswith((*_BEGINNINGS, *_LINES)))
    return found or (bare,)


def _unpacked(value: bytes) -> bytes:
    """What a gzip file holds, all of its members, or what zlib has packed (`deflate`); anything else is itself. No more
    is made than a record may hold."""
    if not _is_packed(value):
        return value
    unpacked, most = b"", min(MAX_BYTES, max(_LITTLE, _MOST_TIMES * len(value)))
    while _is_packed(value):
        member = zlib.decompressobj(wbits=_EITHER)
        try:
            unpacked += member.decompress(value, most + 1 - len(unpacked))
        except zlib.error:
            raise Poison("data", "must be a whole gzip file, or not compressed") from None
        if len(unpacked) > most:
            raise Poison("data", f"must have at most {most} bytes once it is unpacked", "too-large")
        if not member.eof:
            raise Poison("data", "must be a whole gzip file, or not compressed")
        value = member.unused_data
    return unpacked


def _is_packed(value: bytes) -> bool:
    """Whether it begins as a gzip file or as a zlib stream (RFC 1950) does."""
    return value.startswith(_GZIP) or (value.startswith(b"x") and int.from_bytes(value[:2], "big") % 31 == 0)


def _parts(body: bytes) -> Iterator[bytes]:
    """What lies between the boundaries, without the headers of each part (RFC 2046 5.1)."""
    boundary = b"\n" + body.splitlines()[0].rstrip()
    for part in (b"\n" + body).split(boundary):  # at the beginning of a line only
        head, blank, rest = part.replace(b"\r\n\r\n", b"\n\n", 1).partition(b"\n\n")
        # Devices leave out the headers, or the blank line after them.
        if blank and not _bare(head).startswith((*_BEGINNINGS, *_LINES)):
            yield _bare(_as_sent(head, rest))
        else:
            yield _bare(part)


def _as_sent(head: bytes, body: bytes) -> bytes:
    """A part's bytes before they were made fit for transport (RFC 2045 6)."""
    encoding = _TRANSFER.search(head)
    if encoding is None:
        return body
    try:
        return quopri.decodestring(body) if encoding[1].lower().startswith(b"q") else binascii.a2b_base64(body)
    except binascii.Error:
        return body


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
