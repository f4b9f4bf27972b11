"""What is not settled is no thanks, however it thanks."""

import csv
from pathlib import Path

import pytest

from models.classifier.learning import shipped
from models.classifier.serving.matter.reminders import REMINDER, kind_in
from models.guess import NO_FAULT_KINDS, OF_AN_ORDER
from models.plain_words import plain
from tests.conftest import REPOSITORY


@pytest.mark.parametrize(
    ("text", "taken_for"),
    [
        ("上次反映的问题还没解决", "already-repaired"),
        ("我上周反映的事到现在没有回复", "already-repaired"),
        ("请尽快处理我的投诉", "withdrawal"),
        ("怎么还没处理", "question"),
        ("谢谢，但是还没有解决", "thanks"),
        ("請重新處理", "withdrawal"),
        ("说修好了其实没修", "already-repaired"),
        ("it happened again", "already-repaired"),
        ("The problem I reported last week has not been solved", "already-repaired"),
        ("Any update on my report?", "question"),
        ("thanks but it's still not fixed", "thanks"),
    ],
)
def test_what_is_not_settled_yet_or_comes_again_is_a_reminder(text: str, taken_for: str) -> None:
    """Whatever its words are taken for; and it is offered to the order that it speaks of."""
    assert kind_in(plain(text), taken_for) == REMINDER
    assert REMINDER in OF_AN_ORDER & NO_FAULT_KINDS.keys()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("已经修好了，谢谢", "already-repaired"),
        ("没想到这么快就解决了", "praise"),
        ("你们还没来，它自己好了", "already-repaired"),
        ("不用再处理了，撤销吧", "withdrawal"),
        ("power is back on", "already-repaired"),
        ("工单没解决就给我办结了，谁批准的", "hotline"),
        ("路灯还没修好", ""),
    ],
)
def test_what_is_over_stays_so(text: str, kind: str) -> None:
    """So does what complains of the hotline itself, and what is a fault."""
    assert kind_in(plain(text), kind) == kind


def test_hardly_a_text_of_another_kind_sounds_like_one() -> None:
    """Of all that are no fault, in the corpus and in the sets that judge it."""
    files = [*shipped.CORPUS.glob("*.csv"), *(REPOSITORY / "bench/quality").glob("*_set.csv")]
    rows = [row for file in files for row in _rows(file) if (row["category"] or "").startswith("none")]
    texts = [(row["text"], row.get("kind") or row["category"].partition("/")[2]) for row in rows]

    mistaken = [(text, kind) for text, kind in texts if kind_in(plain(text), kind) != kind]

    assert len(texts) > 3_000
    assert len(mistaken) <= 2, mistaken


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))
