"""What transports put around a vendor's message: parts with headers and boundaries, pictures, stray bytes."""

from collections.abc import Iterator

# In front of a document: a byte order mark, blanks, line breaks, and the zeros of a device that sends its whole buffer.
_STRAY = b"\0\t\n\r\x0c "
_MARK = b"\xef\xbb\xbf"
_BEGINNINGS = (b"<", b"{", b"[")
# How XML in UTF-16 begins: with a byte order mark, or its first letter.
WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")


def documents(value: bytes) -> tuple[bytes, ...]:
    """The messages in a body: itself, or of a multipart one (alert stream, form-data) each part with XML or JSON.

    Pictures and other parts are left out. What has no such part comes back as it is, for its reader to refuse.
    """
    bare = _bare(value)
    if not bare.startswith(b"--"):
        return (bare,)
    found = tuple(part for part in _parts(bare) if part.startswith(_BEGINNINGS))
    return found or (bare,)


def _parts(body: bytes) -> Iterator[bytes]:
    """What lies between the boundaries, without the headers of each part (RFC 2046 5.1)."""
    boundary = b"\n" + body.splitlines()[0].rstrip()
    for part in (b"\n" + body).split(boundary):  # at the beginning of a line only
        head, blank, rest = part.replace(b"\r\n\r\n", b"\n\n", 1).partition(b"\n\n")
        # Devices leave out the headers, or the blank line after them.
        yield _bare(rest if blank and not _bare(head).startswith(_BEGINNINGS) else part)


def _bare(value: bytes) -> bytes:
    if value[:2] in WIDE:  # in UTF-16 half of the bytes are zeros
        return value
    return value.strip(_STRAY).removeprefix(_MARK).strip(_STRAY)
