"""When an inbox record counts as come in, and what of it can be read."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from models.envelope import LATEST
from models.inbox import InboxRecord, Tick, clock_headers, clock_of, encode_items, read_record

APPENDED = 1_700_000_000_000
REPLAYED = 1_600_000_000_000


@dataclass(frozen=True)
class Appended:
    """A record of the inbox."""

    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    topic: str = "inbox"
    partition: int = 3
    offset: int = 17
    timestamp: int = APPENDED
    key: bytes | None = None


def test_a_record_counts_from_when_the_log_appended_it() -> None:
    """Without a `clock` header the log's own time is the record's clock."""
    read, error = read_record(Appended(encode_items((Tick(),)), (("trace", b"1"),)))

    assert read == InboxRecord(3, 17, APPENDED, (Tick(),))
    assert error == ""


def test_a_replayed_record_counts_from_the_clock_it_carries() -> None:
    """What `clock_headers` writes is what decides."""
    read, error = read_record(Appended(encode_items((Tick(),)), clock_headers(REPLAYED)))

    assert read == InboxRecord(3, 17, REPLAYED, (Tick(),), replayed=True)
    assert error == ""


@pytest.mark.parametrize("clock", [b"", b"soon", b"-1", str(LATEST).encode()])
def test_a_clock_that_is_no_instant_of_this_era_is_refused(clock: bytes) -> None:
    """No number, before 1970 or from 2200 on."""
    with pytest.raises(ValueError, match=r"clock|int"):
        clock_of((("clock", clock),), APPENDED)


DEEP = b'[{"type":"tick","x":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}]"


@pytest.mark.parametrize(
    "record",
    [
        Appended(None),
        Appended(b"{"),
        Appended(b'[{"type":"other"}]'),
        Appended(b"[]", (("clock", b"soon"),)),
        Appended(DEEP),
    ],
)
def test_what_cannot_be_read_has_no_items_and_says_why(record: Appended) -> None:
    """It still takes its place in the log, at the time at which it was appended."""
    read, error = read_record(record)

    assert read == InboxRecord(3, 17, APPENDED, ())
    assert error
