"""Laws of sealed words: what is opened is what was sealed, and nothing opens them but their own key."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import UsageError
from models.sealed_words import ERASED, CityKey, ReportKey, SealError, key_names, seal, unseal, unsealed_json

WORDS = st.text(min_size=1, max_size=80).filter(lambda text: text.isprintable())
CITY = CityKey(bytes(range(32)))


@given(WORDS, WORDS)
def test_what_is_opened_is_what_was_sealed(text: str, title: str) -> None:
    """Each field for itself; what is empty stays empty."""
    key = ReportKey.new()

    sealed = seal(key, {"text": text, "title": title, "address": ""})

    assert (unseal(key, sealed["text"]), unseal(key, sealed["title"]), sealed["address"]) == (text, title, "")
    assert text not in sealed["text"] or len(text) < 8


@given(WORDS)
def test_another_key_opens_nothing(text: str) -> None:
    """Neither one of another name nor another secret under the same name."""
    key, other = ReportKey.new(), ReportKey.new()
    sealed = seal(key, {"text": text})["text"]

    for wrong in (other, ReportKey(key.name, other.secret)):
        with pytest.raises(SealError):
            unseal(wrong, sealed)


@given(WORDS, st.data())
def test_what_was_changed_is_refused(text: str, data: st.DataObject) -> None:
    """One character of the seal, or its field: words cannot be moved from one field to another."""
    key = ReportKey.new()
    sealed = seal(key, {"text": text})["text"]
    start = sealed.rindex(":") + 1
    at = data.draw(st.integers(start, len(sealed) - 2))  # of the last character some bits say nothing

    with pytest.raises(SealError):
        unseal(key, sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :])
    with pytest.raises(SealError):
        unseal(key, sealed.replace(":text:", ":title:"))


def test_no_two_reports_have_the_same_key() -> None:
    """Nor do the same words look alike in two reports."""
    first, second = ReportKey.new(), ReportKey.new()

    assert first.name != second.name
    assert first.secret != second.secret
    assert (
        seal(first, {"text": "x"})["text"].rpartition(":")[2] != seal(second, {"text": "x"})["text"].rpartition(":")[2]
    )


@given(WORDS)
def test_words_are_opened_wherever_they_stand_in_json(text: str) -> None:
    """With their key as they were written, without it as erased; all else stays as it is, byte for byte."""
    key = ReportKey.new()
    told = {"order": "a/1", "text": text, "evidence": [{"text": text, "note": "sealed:1:x"}]}
    plain = msgspec.json.encode(told)
    sealed = msgspec.json.encode(
        told
        | {"text": seal(key, {"text": text})["text"]}
        | {"evidence": [{"text": seal(key, {"text": text})["text"], "note": "sealed:1:x"}]}
    )

    assert key_names(sealed) == {key.name}
    assert unsealed_json(sealed, {key.name: key}.get) == plain
    assert msgspec.json.decode(unsealed_json(sealed, lambda name: None))["text"] == ERASED
    assert unsealed_json(sealed, lambda name: ReportKey(name, bytes(32))) == sealed


def test_the_citys_key_opens_what_it_wrapped() -> None:
    """Another city's does not, nor does it under another name; a key of another length is refused at once."""
    key = ReportKey.new()
    wrapped = CITY.wrap(key)

    assert CITY.unwrap(key.name, wrapped) == key
    with pytest.raises(SealError):
        CityKey(bytes(32)).unwrap(key.name, wrapped)
    with pytest.raises(SealError):
        CITY.unwrap("another", wrapped)
    with pytest.raises(UsageError):
        CityKey.of("too-short")
