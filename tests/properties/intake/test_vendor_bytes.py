"""No bytes of a vendor make intake fail, or forget a neighbour."""

import gzip
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from models.formats import FORMATS
from models.inbox import Sighting
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from tests.support.cities import tiny_city
from tests.support.messages import NOW, detection, raw
from tests.unit.messages.test_oddities import MESSAGES

CITY = tiny_city()
PIECES = st.sampled_from(
    [
        *(b"<", b"</", b">", b"&", b"{", b"}", b"[", b"]", b",", b'"', b"\\ud800", b"\0", b"\xff\xfe", b"\xc4", b"-"),
        *(b"--b\r\n\r\n", b"\r\n\r\n", b"\x1f\x8b", b"NaN", b"null", b"1e999", b"9" * 400, b"<!DOCTYPE a>"),
        b"<?xml version='1.0' encoding='x'?>",
    ]
)
WHOLE = st.sampled_from([message.encode() for message in MESSAGES.values()])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good message in which something is left out, put in or written twice, perhaps packed or in another encoding."""
    body = draw(WHOLE)
    for _ in range(draw(st.integers(0, 4))):
        at, long = draw(st.integers(0, len(body))), draw(st.integers(0, 40))
        new = draw(PIECES | st.binary(max_size=8) | WHOLE)
        body = body[:at] + new + body[at + long :]
    changes: list[Callable[[bytes], bytes]] = [bytes, gzip.compress, _wide]
    return draw(st.sampled_from(changes))(body)


CUT = st.sampled_from([b"{", b'{"sensorId": "cam-sw-1", "objects": [', b"[1, ", b'{"text": "', b"[5", b'{"a" 1}'])


def _wide(body: bytes) -> bytes:
    return body.decode(errors="replace").encode("utf-16")


@given(st.sampled_from(sorted(FORMATS)), damaged() | st.binary(max_size=200))
def test_no_bytes_of_a_vendor_make_intake_fail_or_forget_a_neighbour(name: str, body: bytes) -> None:
    """Whatever a message holds, those before and behind it are taken in; it is at worst dead letters with a reason."""
    vendor = raw(body, [("format", name.encode()), ("camera", b"cam-sw-1")])
    batch = [detection(event={"id": "before"}), vendor, detection(event={"id": "behind"})]

    taken = take_in(batch, CITY, None, NOW, Keys(b"k"))

    ids = [item.id for items in taken.items.values() for item in items if isinstance(item, Sighting)]
    assert [one for one in ids if one in ("before", "behind")] == ["before", "behind"]
    assert all(dead.error != "internal-error" and dead.field and dead.record is vendor for dead in taken.dead)
    assert taken.packed()


@given(st.lists(st.booleans(), min_size=1, max_size=8).filter(any), st.data())
def test_a_line_that_cannot_be_read_takes_no_other_along(readable: list[bool], data: st.DataObject) -> None:
    """Of JSON lines each that is whole is a sighting, in their order; what is not is a dead letter."""
    good = b'{"sensorId": "cam-sw-1", "messageid": "%d", "objects": [{"type": "pothole"}]}'
    lines = [good % n if whole else data.draw(CUT) for n, whole in enumerate(readable)]
    record = raw(b"\n".join(lines), [("format", b"deepstream")])

    taken = take_in([record], CITY, None, NOW, Keys(b"k"))

    found = [item.id for items in taken.items.values() for item in items if isinstance(item, Sighting)]
    assert found == [str(n) for n, whole in enumerate(readable) if whole]
    assert len(taken.dead) == readable.count(False)
