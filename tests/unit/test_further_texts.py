"""The further texts: enough of each category in both languages, none twice, none from the corpus or the second set."""

from collections import Counter

import pytest

from bench import second_set
from bench.classifier import FURTHER, with_further_texts
from models.classifier.learning.shipped import CORPUS, TAXONOMY, corpus
from models.classifier.learning.taxonomy import read_taxonomy
from tests.support.texts import PERSONAL, TOO_ALIKE, in_another_language, not_whole, plain, written
from tests.support.twins import alike

ROWS = written(FURTHER)
CATEGORIES = read_taxonomy(TAXONOMY)
PER_CATEGORY = 60
PER_LANGUAGE = 20


@pytest.mark.parametrize("code", sorted(CATEGORIES.leaves))
def test_each_category_has_enough_texts_in_both_languages(code: str) -> None:
    """Sixty texts at the least, twenty in each language."""
    languages = Counter(row.lang for row in ROWS if row.category == code)

    assert languages.total() >= PER_CATEGORY
    assert languages["zh"] >= PER_LANGUAGE
    assert languages["en"] >= PER_LANGUAGE


def test_every_category_stands_in_the_file_of_its_group() -> None:
    """All are leaves of the demo city, so none is of no fault."""
    assert not [row for row in ROWS if CATEGORIES.groups.get(row.category) != row.file]


def test_the_language_is_that_of_the_characters() -> None:
    """Each text is in one of two languages, as its characters say."""
    assert {row.lang for row in ROWS} == {"zh", "en"}
    assert not in_another_language(ROWS)


@pytest.mark.slow
def test_no_text_stands_elsewhere() -> None:
    """Neither twice here, nor in the corpus that they are added to, nor in the second set that judges; nor nearly."""
    texts = {row.text for row in ROWS}
    others = [*(row.text for row in written(CORPUS)), *(row.text for row in second_set.read())]
    known = {plain(text) for text in others}

    assert len({plain(text) for text in texts}) == len(ROWS)
    assert not [text for text in texts if plain(text) in known]
    assert not [pair for pair in alike([*texts, *others], TOO_ALIKE) if not texts.isdisjoint(pair)]


def test_texts_are_whole_and_point_at_nobody() -> None:
    """What is held of the corpus's texts is held of these too, so that they can join it as they are."""
    assert not not_whole(ROWS)
    assert not [row for row in ROWS if PERSONAL.search(row.text)]


def test_they_are_learnt_beside_the_corpus() -> None:
    """All of both with their categories; the corpus itself has none of them."""
    together = with_further_texts()
    pairs = Counter(zip(together.texts, together.labels, strict=True))

    assert pairs == Counter(zip(corpus().texts, corpus().labels, strict=True)) + Counter(
        (row.text, row.category) for row in ROWS
    )
