"""The second set: enough texts of each category, kind, language and script; none twice, none from the corpus."""

from collections import Counter

import pytest

from bench.quality.second_set import FIFTH, FOURTH, NO_FAULT, THIRD, Row, read
from models.classifier.learning.shipped import CALIBRATION, CORPUS, EVERYDAY, lexicon
from models.classifier.learning.taxonomy import read_taxonomy
from tests.conftest import REPOSITORY
from tests.support.learning.texts import TOO_ALIKE, plain, written
from tests.support.learning.twins import alike

ROWS = read()
THIRD_ROWS = read(THIRD)
FOURTH_ROWS = read(FOURTH)
FIFTH_ROWS = read(FIFTH)
FAULTS = [row for row in ROWS if row.category != NO_FAULT]
NONE = [row for row in ROWS if row.category == NO_FAULT]
LEAVES = read_taxonomy(REPOSITORY / "cities" / "demo" / "categories.csv").leaves
LANGUAGES = {"zh", "zh-hant", "en", "mixed"}
KINDS = {"plain", "story", "slip", "dialect", "unnamed", "misleading", "two-matters", "hard-negative"}
NONE_KINDS = {
    "praise",
    "already-repaired",
    "question",
    "suggestion",
    "withdrawal",
    "test",
    "spam",
    "chatter",
    "hotline",
}
PER_CATEGORY = 10
PER_DANGER = 16
# Two texts that share half of their runs of five characters say the same in the same words.
RUN, SHARED_RUNS = 5, 0.5
# What costs at least this to miss is dangerous.
DANGER = 10.0


def test_there_are_enough_texts() -> None:
    """Nine hundred and more, a quarter and more of them English, sixty and more in traditional script."""
    languages = Counter(row.lang for row in ROWS)

    assert len(ROWS) >= 900
    assert set(languages) == LANGUAGES
    assert languages["en"] >= 0.25 * len(ROWS)
    assert languages["zh-hant"] >= 60


@pytest.mark.parametrize("code", sorted(LEAVES))
def test_each_category_has_enough_texts(code: str) -> None:
    """Ten of each, sixteen where it is dangerous to miss one, in both languages."""
    mine = [row for row in FAULTS if row.category == code]

    assert len(mine) >= (PER_DANGER if LEAVES[code].cost >= DANGER else PER_CATEGORY)
    assert {"zh", "en"} <= {row.lang for row in mine}


def test_no_text_has_an_unknown_category() -> None:
    """A code is a leaf of the demo city, and so is that of the second matter."""
    assert {row.category for row in FAULTS} == set(LEAVES)
    assert {row.second for row in ROWS if row.second} <= set(LEAVES)


def test_what_is_no_fault_is_of_every_kind() -> None:
    """A hundred and thirty and more, ten and more of each kind; a fault has no such kind."""
    kinds = Counter(row.none_kind for row in NONE)

    assert len(NONE) >= 130
    assert set(kinds) == NONE_KINDS
    assert min(kinds.values()) >= 10
    assert not [row for row in FAULTS if row.none_kind]


def test_texts_are_written_in_every_way() -> None:
    """Each way occurs; two matters in one text often, and only such a text has a second category, another one."""
    kinds = Counter(row.kind for row in ROWS)
    two = [row for row in ROWS if row.kind == "two-matters"]

    assert set(kinds) == KINDS
    assert min(kinds.values()) >= 40
    assert two == [row for row in ROWS if row.second]
    assert not [row for row in two if row.second == row.category]


@pytest.mark.slow
def test_no_text_stands_in_the_set_twice() -> None:
    """Not even with other spaces or another case, nor nearly the same."""
    texts = [row.text for row in ROWS]

    assert len({plain(text) for text in texts}) == len(texts)
    assert alike(texts, TOO_ALIKE) == []


@pytest.mark.slow
def test_no_text_stands_in_the_corpus() -> None:
    """What trains does not judge: neither the same text nor one that is nearly the same."""
    texts = {row.text for row in ROWS}
    # Those too that train nothing.
    corpus = [row.text for row in written(CORPUS)]
    known = {plain(text) for text in corpus}

    assert not [text for text in texts if plain(text) in known]
    assert not [text for pair in alike([*texts, *corpus], TOO_ALIKE) for text in pair if text in texts]


def test_the_file_is_sorted_and_its_texts_are_whole() -> None:
    """By category, kinds of no fault together; no empty text, no blank at an end, no line break."""
    order = [(row.category, row.none_kind) for row in ROWS]

    assert order == sorted(order)
    assert all(isinstance(row, Row) and row.text and row.text == " ".join(row.text.split()) for row in ROWS)


@pytest.mark.slow
def test_what_trains_what_calibrates_and_what_judges_share_no_near_duplicate() -> None:
    """Not by runs of five characters either: corpus, calibration texts and the sets are apart, each from each;
    no word of the lexicon is a whole text of those that judge."""
    of = {row.text: "corpus" for row in written(CORPUS)}
    of |= {row.text: "calibration" for row in (*written(CALIBRATION), *written(EVERYDAY))}
    of |= {row.text: "second" for row in ROWS} | {row.text: "third" for row in THIRD_ROWS}
    of |= {row.text: "fourth" for row in FOURTH_ROWS} | {row.text: "fifth" for row in FIFTH_ROWS}
    words = {plain(word) for word in lexicon().texts}

    assert not [pair for pair in alike(list(of), SHARED_RUNS, RUN) if of[pair[0]] != of[pair[1]]]
    assert not [text for text, origin in of.items() if origin != "corpus" and plain(text) in words]


def test_the_third_set_is_large_enough_to_choose_by() -> None:
    """A hundred and fifty texts and more, of every category, some of no fault, in both languages."""
    assert len(THIRD_ROWS) >= 150
    assert {row.category for row in THIRD_ROWS} == {*LEAVES, NO_FAULT}
    assert {row.lang for row in THIRD_ROWS} == {"zh", "en"}
    assert sum(row.category == NO_FAULT for row in THIRD_ROWS) >= 30


def test_the_fourth_set_is_of_every_category_and_of_a_days_messages() -> None:
    """Five hundred texts, five and more of each category, every kind of no fault, a quarter and more of them English;
    sorted, whole, none twice."""
    sizes = Counter(row.category for row in FOURTH_ROWS)
    order = [(row.category, row.none_kind) for row in FOURTH_ROWS]

    assert len({plain(row.text) for row in FOURTH_ROWS}) == len(FOURTH_ROWS) >= 500
    assert set(sizes) == {*LEAVES, NO_FAULT}
    assert min(sizes.values()) >= 5
    assert {row.none_kind for row in FOURTH_ROWS if row.category == NO_FAULT} == {*NONE_KINDS, "thanks"}
    assert sum(row.lang == "en" for row in FOURTH_ROWS) >= 0.25 * len(FOURTH_ROWS)
    assert order == sorted(order)
    assert all(row.text == " ".join(row.text.split()) for row in FOURTH_ROWS)


def test_the_fifth_set_is_of_every_category_and_of_a_days_messages() -> None:
    """Four hundred texts, four and more of each category, every kind of no fault, a third and more of them English;
    sorted, whole, none twice."""
    sizes = Counter(row.category for row in FIFTH_ROWS)
    order = [(row.category, row.none_kind) for row in FIFTH_ROWS]

    assert len({plain(row.text) for row in FIFTH_ROWS}) == len(FIFTH_ROWS) >= 400
    assert set(sizes) == {*LEAVES, NO_FAULT}
    assert min(sizes.values()) >= 4
    assert {row.none_kind for row in FIFTH_ROWS if row.category == NO_FAULT} == {*NONE_KINDS, "thanks"}
    assert sum(row.lang == "en" for row in FIFTH_ROWS) >= 0.33 * len(FIFTH_ROWS)
    assert order == sorted(order)
    assert all(row.text == " ".join(row.text.split()) for row in FIFTH_ROWS)
