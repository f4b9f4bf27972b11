"""The bootstrap corpus and the calibration texts: enough of each category, and of no fault, in both languages, none
twice, nothing personal."""

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from bench.quality import second_set
from models.classifier.learning.shipped import (
    CALIBRATION,
    CORPUS,
    EVERYDAY,
    calibration,
    corpus,
    everyday,
    lexicon,
    no_fault,
)
from models.classifier.serving.columns import category_of, kind_of
from tests.support.learning.texts import PERSONAL, TOO_ALIKE, in_another_language, not_whole, plain, written
from tests.support.learning.twins import alike

ROOT = Path(__file__).parents[3]
UNLIKE = "unlike"
NO_FAULT = "none"
KINDS = {
    *("praise", "thanks", "already-repaired", "question", "suggestion"),
    *("withdrawal", "test", "spam", "chatter", "hotline"),
}
TEXTS = 16_500
PER_CATEGORY = 150
PER_LANGUAGE = 60
NONE = 2_000
PER_KIND = 110
PER_KIND_AND_LANGUAGE = 30
TRIED_PER_CATEGORY = 6
TRIED_PER_KIND = 6
LETTERS = 3
LETTER = 100
WORDS_PER_CATEGORY = 100


def leaves() -> dict[str, dict[str, str]]:
    """The demo city's categories that have a parent, by code."""
    with (ROOT / "cities" / "demo" / "categories.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row for row in csv.DictReader(file) if row["parent"]}


LEAVES = leaves()
ROWS = written(CORPUS)
LABELLED = [row for row in ROWS if row.file != UNLIKE]
FAULTS = [row for row in LABELLED if row.file != NO_FAULT]
TRIED = [*written(CALIBRATION), *written(EVERYDAY)]


@pytest.mark.parametrize("code", sorted(LEAVES))
def test_each_category_has_enough_texts_in_both_languages(code: str) -> None:
    """150 texts at the least, sixty in each language, and three Chinese ones of the length of a letter."""
    mine = [row for row in LABELLED if row.category == code]
    languages = Counter(row.lang for row in mine)
    letters = [row for row in mine if row.lang == "zh" and len(row.text) >= LETTER]

    assert len(mine) >= PER_CATEGORY
    assert languages["zh"] >= PER_LANGUAGE
    assert languages["en"] >= PER_LANGUAGE
    assert len(letters) >= LETTERS


@pytest.mark.parametrize("code", sorted(LEAVES))
def test_most_texts_do_without_the_name_of_their_category(code: str) -> None:
    """A classifier that has learnt the names alone would know nothing of how people write."""
    names = LEAVES[code]["name_zh"], LEAVES[code]["name_en"].lower()
    mine = [row.text.lower() for row in LABELLED if row.category == code]

    assert sum(any(name in text for name in names) for text in mine) <= len(mine) / 2


def test_every_category_stands_in_the_file_of_its_group() -> None:
    """A code that categories.csv does not know, or knows in another group, is a slip."""
    tried = [row for row in TRIED if row.file != NO_FAULT]
    astray = [row for row in (*FAULTS, *tried) if LEAVES.get(row.category, {}).get("group") != row.file]

    assert not astray


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_of_no_fault_has_enough_texts_in_both_languages(kind: str) -> None:
    """110 texts of each kind at the least, thirty in each language; none of them has a category of the city."""
    mine = [row for row in LABELLED if row.category == f"{NO_FAULT}/{kind}"]
    languages = Counter(row.lang for row in mine)

    assert len(mine) >= PER_KIND
    assert languages["zh"] >= PER_KIND_AND_LANGUAGE
    assert languages["en"] >= PER_KIND_AND_LANGUAGE


def test_what_is_no_fault_stands_in_a_file_of_its_own() -> None:
    """Its kinds are those that are known, and nothing else is in the file."""
    labels = {row.category for row in (*LABELLED, *TRIED) if row.file == NO_FAULT}

    assert {category_of(label) for label in labels} == {NO_FAULT}
    assert {kind_of(label) for label in labels} == KINDS
    assert set(no_fault().labels) == labels
    assert len(no_fault()) >= NONE


@pytest.mark.parametrize("code", sorted({*LEAVES, *(f"{NO_FAULT}/{kind}" for kind in KINDS)}))
def test_each_category_and_kind_is_tried_in_both_languages(code: str) -> None:
    """Six calibration texts at the least, in both languages: how sure a model may be is learnt from them."""
    mine = [row for row in TRIED if row.category == code]

    assert len(mine) >= (TRIED_PER_CATEGORY if code in LEAVES else TRIED_PER_KIND)
    assert {row.lang for row in mine} == {"zh", "en"}


def test_calibration_texts_train_nothing() -> None:
    """They say how sure a model is, so it must not have seen them; nor may they be of the set that judges it."""
    tried = {*calibration().texts, *everyday().texts}

    assert len(tried) == len(TRIED)
    assert not tried & {row.text for row in ROWS}
    assert not tried & {row.text for row in second_set.read()}


def test_unlike_texts_have_no_category_and_train_nothing() -> None:
    """They are there to be abstained on: the shipped model is trained on the labelled ones alone."""
    unlike = [row for row in ROWS if row.file == UNLIKE]

    assert len(unlike) >= 80
    assert not [row for row in unlike if row.category]
    assert len(corpus()) == len(LABELLED) >= TEXTS
    assert not {row.text for row in unlike} & set(corpus().texts)


def test_the_documentation_counts_the_texts() -> None:
    """Those of faults, of no fault and both, and apart from them those that train nothing."""
    said = (ROOT / "docs" / "classifier.md").read_text(encoding="utf-8")
    none, unlike = len(LABELLED) - len(FAULTS), len(ROWS) - len(LABELLED)

    assert f"written for this project: {len(LABELLED):,} texts" in said
    assert f"{len(FAULTS):,} of faults" in said
    assert f"and {none:,} that are no fault" in said
    assert f"{unlike} further ones (`unlike.csv`)" in said


def test_the_language_is_that_of_the_characters() -> None:
    """Chinese texts have Chinese characters, English texts none; only an unlike text may be in neither language."""
    known = [row for row in (*ROWS, *TRIED) if row.lang or row.file != UNLIKE]

    assert {row.lang for row in known} == {"zh", "en"}
    assert not in_another_language(known)


def test_no_text_stands_twice() -> None:
    """Not even under another category, with other spaces or another case."""
    texts = sorted(plain(row.text) for row in (*ROWS, *TRIED))

    assert not [one for one, other in pairwise(texts) if one == other]


@pytest.mark.slow
def test_no_two_texts_are_nearly_the_same() -> None:
    """A text and its twin in two folds would let the measured accuracy flatter."""
    assert not alike([row.text for row in (*ROWS, *TRIED)], TOO_ALIKE)


def test_twins_are_found() -> None:
    """One changed character in a letter is seen, two different letters are not taken for one."""
    letter, other = [row.text for row in LABELLED if row.lang == "zh" and len(row.text) > LETTER][:2]
    twin = letter[:-1] + "。。"

    assert alike([letter, twin, other], TOO_ALIKE) == [(letter, twin)]


def test_texts_are_whole_and_of_readable_length() -> None:
    """No empty text, no stray blank at an end, no line break, nothing over a thousand characters."""
    assert not not_whole([*ROWS, *TRIED])


@pytest.mark.parametrize("text", ["call 13900000000", "139-0000-0000", "8123 4567", "42010619900101000X"])
def test_numbers_of_people_are_recognised(text: str) -> None:
    """Telephone and identity numbers in their usual spellings."""
    assert PERSONAL.search(text)


def test_no_text_has_a_telephone_or_identity_number() -> None:
    """The corpus is shipped with the project: nothing in it may point at a person."""
    assert not [row for row in (*ROWS, *TRIED) if PERSONAL.search(row.text)]


def test_the_lexicon_has_words_for_each_category_and_kind() -> None:
    """A hundred and more of each category, some of each kind of no fault, none twice under one label, none empty, and
    nothing that points at a person."""
    words = lexicon()
    sizes = Counter(words.labels)
    pairs = list(zip(words.texts, words.labels, strict=True))

    assert set(sizes) == {*LEAVES, *(f"{NO_FAULT}/{kind}" for kind in KINDS)}
    assert min(sizes[code] for code in LEAVES) >= WORDS_PER_CATEGORY
    assert len(set(pairs)) == len(pairs)
    assert not [word for word in words.texts if not word or word != word.strip() or PERSONAL.search(word)]
