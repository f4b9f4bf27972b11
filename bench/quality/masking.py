"""How well masking tells what is personal: sentences of which is known what must go and that the others must stay.

    python -m bench.quality.masking

The rules were written with half of the sentences in sight; figures are of the other half.
"""

import csv
import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.quality import second_set
from models.masking import Found, find, mask

FILE = Path(__file__).with_name("masking.csv")
HALVES = ("rules", "figures")
KINDS = {
    "mobile": "mobile numbers 手机",
    "landline": "landlines 座机",
    "foreign": "phones elsewhere",
    "plate": "plates 车牌",
    "foreignplate": "plates elsewhere",
    "id": "identity numbers 身份证",
    "ssn": "SSN, National Insurance",
    "document": "passports, permits, licences 证件",
    "mail": "addresses of mail 邮箱",
    "card": "bank cards, accounts 银行卡",
    "handle": "WeChat, QQ and other accounts",
    "name": "names after 我叫, my name is, beside a number",
}
_MARKED = re.compile(r"\{([a-z]+)\|([^}]*)\}")
CHARACTERS = 100


class Sentence(NamedTuple):
    """One sentence, in which half it is, and what must go of it: from where to where, and of which kind."""

    text: str
    half: str
    personal: tuple[Found, ...]


class Judged(NamedTuple):
    """Of each kind how many must go and how many went; of the clean sentences how many there are and were changed."""

    asked: Counter[str]
    gone: Counter[str]
    clean: int
    changed: int

    @property
    def recall(self) -> float:
        """The share that went of all that must go."""
        return self.gone.total() / self.asked.total()

    @property
    def false_alarms(self) -> float:
        """The share of clean sentences that were changed."""
        return self.changed / self.clean


def read(half: str = "") -> list[Sentence]:
    """The sentences of one half, or all of them."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = [_sentence(row["text"], row["half"]) for row in csv.DictReader(file, strict=True)]
    return [row for row in rows if half in ("", row.half)]


def _sentence(written: str, half: str) -> Sentence:
    """A sentence in which `{kind|words}` marks what must go."""
    text, personal, at = "", [], 0
    for marked in _MARKED.finditer(written):
        text += written[at : marked.start()]
        personal.append(Found(len(text), len(text) + len(marked[2]), marked[1]))
        text, at = text + marked[2], marked.end()
    return Sentence(text + written[at:], half, tuple(personal))


def judge(sentences: Sequence[Sentence]) -> Judged:
    """Something has gone when no letter and no digit of it is left."""
    asked, gone, clean, changed = Counter[str](), Counter[str](), 0, 0
    for text, _, personal in sentences:
        masked = {n for found in find(text) for n in range(found.start, found.end)}
        for start, end, kind in personal:
            asked[kind] += 1
            gone[kind] += not any(text[n].isalnum() and n not in masked for n in range(start, end))
        clean += not personal
        changed += not personal and bool(masked)
    return Judged(asked, gone, clean, changed)


def figures() -> str:
    """What stands in the documentation: by kind how much of what must go goes, in the half that judges."""
    found = judge(read("figures"))
    lines = ["| what | must go | goes |", "|---|---|---|"]
    lines += [f"| {name} | {found.asked[kind]} | {found.gone[kind]} |" for kind, name in KINDS.items()]
    lines += [
        f"| all | {found.asked.total()} | {found.gone.total()} ({found.recall:.1%}) |",
        f"| clean sentences | 0 of {found.clean} | {found.changed} changed ({found.false_alarms:.1%}) |",
    ]
    return "\n".join(lines)


def _microseconds(texts: Sequence[str]) -> float:
    """Of processor time a text; the best of five rounds."""
    rounds = []
    for _ in range(5):
        started = time.process_time()
        for text in texts:
            mask(text)
        rounds.append(time.process_time() - started)
    return min(rounds) / len(texts) * 1e6


def of_length(texts: Sequence[str]) -> list[str]:
    """Messages of a hundred characters, made of one text after another."""
    joined = " ".join(texts)
    return [joined[at : at + CHARACTERS] for at in range(0, len(joined) - CHARACTERS, CHARACTERS)]


def usual_reports() -> dict[str, list[str]]:
    """The texts of reports as people write them, by language."""
    texts = [row.text for row in second_set.read()]
    return {
        "Chinese": [text for text in texts if not text.isascii()],
        "English": [text for text in texts if text.isascii()],
    }


def main() -> None:
    """Print the figures, and what a message of a hundred characters costs."""
    print(figures())
    usual = {f"{language} reports": of_length(texts) for language, texts in usual_reports().items()}
    usual["the same, each with a phone in it"] = [f"{text[:45]} 电话13812345678 {text[61:]}" for text in _all(usual)]
    for name, texts in usual.items():
        print(f"{name}: {_microseconds(texts):.0f} µs a message of {CHARACTERS} characters, {len(texts)} messages")


def _all(named: dict[str, list[str]]) -> list[str]:
    return [text for texts in named.values() for text in texts]


if __name__ == "__main__":
    main()
