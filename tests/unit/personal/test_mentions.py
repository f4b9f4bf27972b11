"""Whose dead letters are."""

import pytest

from models.redact import reporter_hash
from streams.dead_letters.letter import decode_dead_letter, of_record
from streams.dead_letters.mentions import mentions
from streams.kafka.topics import Names
from tests.support.messages import raw

KEY = b"for these tests only"
HASH = reporter_hash(KEY, "13812345678")
REPORT = [("ce_source", b"app"), ("ce_id", b"r-1")]
WRITTEN = b'{"reporter": {"phone": "138 1234 5678", "id": "u-17"}, "orders": ["a-1"], "text": "or 13812345679"}'


@pytest.mark.parametrize(
    ("value", "whose", "theirs"),
    [
        (WRITTEN, ("", HASH, None), True),
        (WRITTEN, ("", reporter_hash(KEY, "u-17"), None), True),
        (WRITTEN, ("", reporter_hash(KEY, "13812345679"), None), False),
        (WRITTEN, ("a-1", "", None), True),
        (WRITTEN, ("a-2", "", None), False),
        (WRITTEN, ("", "", ("app", "r-1")), True),
        (WRITTEN, ("", "", ("app", "r-2")), False),
        (b"no JSON 13812345678", ("", HASH, None), False),
        (b"[" * 100_000, ("", HASH, None), False),
        (None, ("", HASH, None), False),
    ],
)
def test_a_dead_letter_is_theirs_whose_name_stands_in_it(
    value: bytes | None, whose: tuple[str, str, tuple[str, str] | None], theirs: bool
) -> None:
    """As a whole text of its own, however a number is written; what is no JSON is nobody's."""
    letter = decode_dead_letter(of_record(Names(), raw(value, REPORT), "invalid", "m", key=KEY).value or b"")

    assert mentions(letter, KEY, *whose) == theirs
    assert not mentions(letter, b"another key of somebody", "", HASH, None)
