"""What is compared of words is what its definition says, however quickly it is made."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.arrivals.worded import numbered
from dispatcher.arrivals.worded.gists import gist_of
from dispatcher.arrivals.worded.numbered import names_in
from models.plain_words import fold, fold_many

PARTS = [
    *("12", "3号楼", "二单元", "No. ", "lamp ", "lamps 12 to 14", "k12+300", "2026-03-02", "3天", "两个月", "10:30"),
    *("第三次", "第 3", "#", "#a", "A座", "甲区", "iv 期", "call 311", "打12345", "致电 110", " may 5", "5th", "x"),
    *(
        "twenty-one",
        "third lamp",
        "Block B ",
        "1-2-301",
        "3栋2单元401",
        " ",
        "-",
        "到",
        "、",
        " and ",
        "１２",
        "٣",
        "é",
    ),
    *("٣", "flat 3/4", "$12", "abc12号", "单元401", "of", "个", "\n", "一", "k", "百"),
]


@given(st.lists(st.text(st.one_of(st.sampled_from("aZ路 <&>;\u3000\u200b\u0301臺İﬁ\n"), st.characters())), max_size=8))
def test_many_texts_are_folded_like_single_ones(texts: list[str]) -> None:
    """Whatever is odd in one of them."""
    assert fold_many(texts) == [fold(text) for text in texts]


@given(st.text(max_size=60))
def test_a_sketch_holds_the_checksum_of_each_pair_of_characters(text: str) -> None:
    """Of one character alone its own; sorted, two bytes each."""
    plain = "".join(fold(text).split())
    pairs = [plain[at : at + 2] for at in range(len(plain) - 1)] or ([plain] if plain else [])
    sums = sorted({zlib.crc32(pair.encode("utf-32-le", "surrogatepass")) & 0xFFFF for pair in pairs})

    assert gist_of("", text).pairs == struct.pack(f"<{len(sums)}H", *sums)


@given(st.lists(st.sampled_from(PARTS), max_size=10).map("".join))
def test_numbers_are_found_as_if_they_were_looked_for_everywhere(text: str) -> None:
    """They are tried only where they can begin, and none begins elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbered, "_each", lambda pattern, _, text: list(pattern.finditer(text)))
        expected = names_in(text)

    assert names_in(text) == expected
