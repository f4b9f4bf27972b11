"""The quick way for names and addresses of machines lets nothing through that the careful one would mask."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.quality.masking import read
from models.masking import USUAL, mask
from models.masking.masked_address import _is_personal
from models.masking.plain_name import is_plain
from tests.support.examples import examples

DIGITS = st.from_regex(
    r"[0-9]{1,19}|(?:00|011|86|852|0|1|89)[0-9]{7,13}|[1-6][0-9]{5}19[0-9]{2}0[1-9]1[0-9]{1,5}", fullmatch=True
)
NUMBERS = st.sampled_from(
    ["13812345678", "138-1234-5678", "8613812345678", "010-62345678", "075582345678", "110101199003077758",
     "6222021234567890123", "4111-1111-1111-1111", "212-555-0143", "078-05-1120", "852-9123-4567", "07911-123456",
     "AB12CDE", "7ABC123", "E12345678", "wj01-12345", "A123456", "l38l2345678", "00441632960961",
     "0086_969994998977", "0050.968422827195"]
)  # fmt: skip
DIGESTS = st.from_regex(r"(?:[0-9-]{1,9}/)?[0-9a-f]{16,40}(?:[.][0-9-]{1,9})?", fullmatch=True)
WORDS = st.sampled_from(
    ["cam", "event", "img", "phone", "tel", "id", "card", "plate", "qq", "wx", "wechat", "passport", "my name", "two",
     "one", "three", "four", "at", "dot", "com", "T", "Z", "A", "AB", "x", "order", "lamp", "O", "l", "I"]
)  # fmt: skip
JOINTS = st.sampled_from(["", "-", "_", ".", ":", "/", "--", ", ", "?", "=", ";", " "])
NAMES = st.lists(st.tuples(DIGITS | NUMBERS | WORDS, JOINTS), min_size=1, max_size=6).map(
    lambda parts: "".join(part + joint for part, joint in parts)
)


@given(NAMES | DIGESTS)
@settings(max_examples=examples(1000))
def test_what_is_plain_holds_nothing_to_mask(name: str) -> None:
    """As a name, in small letters too, and as an address."""
    for each in (name, name.lower()):
        if is_plain(each):
            assert mask(each, USUAL) == each
            assert not _is_personal(each, USUAL)


def test_nothing_personal_of_the_sentences_is_plain() -> None:
    """Whatever must go is looked for when it stands alone, so that its shape alone would have told."""
    alone = {sentence.text[start:end] for sentence in read() for start, end, _ in sentence.personal}

    assert [text for text in alone if is_plain(text) and mask(text, USUAL) != text] == []


@pytest.mark.parametrize(
    "name",
    ["e-123", "gulou-001", "cam-17-1772352000000", "5f3a9c0d1e2b4a6f8c7d", "20260301080000-cam3", "illegal_parking",
     "a87dd2badf45e1bb2684e73fd2f24183", "cd497fc994b7f98a043a9236", "media.example/c3f865b772307cb3e5b2d7c2f26e10.jpg",
     "5007-12345", "1234567890123456789", "bailu-001-1772413200123", "2026-11-28T08:00:00.000Z",
     "media.example/1234.jpg", "media.example/cam-17/1772352000000.jpg", "snapshots/9f86d081884c7d659a2feaa0c55ad015"],
)  # fmt: skip
def test_what_machines_usually_make_is_plain(name: str) -> None:
    """Counters, instants and digests: else the quick way would spare nothing."""
    assert is_plain(name)


@pytest.mark.parametrize("name", ["abcdefabcdef13812345.678", "h.example/138/12345678abcdefabcdef.jpg"])
def test_a_number_that_only_begins_or_ends_in_a_digest_is_seen(name: str) -> None:
    """The digits of the digest itself are chance; those before and behind it, with its first and last, may not be."""
    assert not is_plain(name)
