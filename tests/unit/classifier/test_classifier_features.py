"""Pieces of text: every script, any bytes that can be a string, bounded, the same alone and in a batch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.classifier.serving.features import AROUND, BODY, CUT, HEADS, PARTS, Context, pieces, shorten
from models.classifier.serving.vectoriser import count
from tests.support.learning.classifiers import small_model, small_rows


def surfaces(text: str, block: int) -> list[str]:
    """The words behind the pieces of one block."""
    found = pieces([text])
    mine = found.block == block
    return [found.texts[0][s:e].lower() for s, e in zip(found.start[mine], found.end[mine], strict=True)]


def test_ideographs_are_tokens_alone_and_in_pairs() -> None:
    """Chinese gives its characters and their pairs."""
    assert surfaces("路灯坏", BODY) == ["路", "灯", "坏", "路灯", "灯坏"]


def test_words_are_tokens_with_their_parts() -> None:
    """English gives its words, their pairs, and parts of three to five characters with the word's ends."""
    assert surfaces("Big pit", BODY) == ["big", "pit", "big pit"]
    assert sorted(surfaces("pits", PARTS)) == ["its", "its", "pi", "pit", "pit", "pits", "pits", "pits", "ts"]


def test_the_head_counts_apart() -> None:
    """What lies within the first characters is counted a second time."""
    text = "路" * 30
    assert surfaces(text, HEADS).count("路") == 25


def test_context_is_optional_and_counts_only_what_is_known() -> None:
    """Missing fields and missing contexts give no pieces."""
    found = pieces(["路", "路"], [Context(hint="pothole", hour=0), None])
    assert (found.block == AROUND).sum() == 2
    assert set(found.doc[found.block == AROUND].tolist()) == {0}


def test_long_text_is_cut_to_head_and_tail() -> None:
    """A megabyte costs no more than the cut, and the tail survives."""
    short = shorten("头" * 1_000_000 + "尾")
    assert len(short) <= CUT + 1
    assert short.endswith("尾")


def test_text_that_grows_when_normalised_stays_bounded() -> None:
    """One character may become eighteen in compatibility form; the bound holds all the same."""
    assert len(shorten("\ufdfa" * 10_000)) <= CUT + 1


@pytest.mark.parametrize("text", ["", " ", "\x00\x00", "\ud800", "🚧🚧", "\n\r\t", "!?。，", "\u202e路", "𠀀𠀁"])
def test_strange_text_is_counted_without_complaint(text: str) -> None:
    """Empty, control characters, lone surrogates, emoji, rare planes."""
    assert len(pieces([text]).texts) == 1


@given(st.lists(st.text(max_size=60), min_size=1, max_size=6))
def test_a_batch_counts_each_message_as_if_alone(texts: list[str]) -> None:
    """No piece crosses from one message into the next."""
    together = count(texts)
    for row, text in enumerate(texts):
        assert (together[row] != count([text])[0]).nnz == 0


def test_training_and_service_weigh_alike() -> None:
    """Rows from counts, as in training, equal rows from texts, as in service."""
    model = small_model()
    texts = small_rows().texts[:200]
    served = model.vectoriser.encode(texts, None, model.vectoriser.table())
    trained, known = model.vectoriser.weigh(count(texts))
    assert np.array_equal(served.rows.features, trained.indices)
    assert np.allclose(served.rows.values, trained.data, atol=1e-6)
    assert np.allclose(served.known, known, atol=1e-6)
