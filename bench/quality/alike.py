"""How surely and how often the rule of words finds that two reports mean one thing.

    scripts/bench alike FILE [--show WANTED]

FILE is a CSV, also compressed (`.gz`), of real reports with columns `id`, `title`, `detail`. Nobody has said of all
pairs which are one matter. So a pair counts as one where it was read and found so (`alike.csv`: ids alone), else where
it is a *near-duplicate*: where at least `NEAR` of the shorter text stands in runs of at least `RUN` characters word for
word in the other one, of which the sketches that the rule compares know nothing.

Told is of each threshold how many of the pairs that the rule joins are one matter (precision), and how many of the
near-duplicates it joins, pairs and messages (recall). All reports are compared, wherever they are from and whatever
they are about; the desk compares only what is near in place and time, in one merge group, so it is right more often.
`--show` prints what is to be read: the pairs that the rule joins at a threshold and are no near-duplicates.
"""

import argparse
import csv
import gzip
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import sparse

from dispatcher.arrivals import merging
from dispatcher.arrivals.worded.gists import gist_of
from dispatcher.order.row import Order
from models.events import Evidence
from models.inbox import Sighting

READ = Path(__file__).with_name("alike.csv")
NEAR, RUN = 0.6, 8
THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7)
_LEAST = 0.12  # less alike by their pairs of characters than that, no two texts are near-duplicates
_COMPARED = 1000  # characters
_AT_ONCE = 512


class Message(NamedTuple):
    """A report as the file has it."""

    id: str
    title: str
    text: str


class Found(NamedTuple):
    """What the rule comes to at a threshold: shares between 0 and 1, and how many pairs it joins."""

    wanted: float
    joined: int
    precision: float
    recall: float
    of_messages: float


class Pair(NamedTuple):
    """Two messages that may be alike; `read`: what those found who have read them."""

    one: Message
    other: Message
    near: bool
    read: bool | None


def messages(path: Path) -> list[Message]:
    """The messages of a file, each whose text is there."""
    raw = path.read_bytes()
    lines = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode().splitlines(keepends=True)
    rows = [Message(row["id"], row["title"].strip(), row["detail"].strip()) for row in csv.DictReader(lines)]
    return [row for row in rows if row.text]


def pairs(found: Sequence[Message], read: Path = READ) -> list[Pair]:
    """All pairs that share enough to be looked at."""
    with read.open() as lines:
        said = {frozenset((row["id"], row["other"])): row["same"] == "yes" for row in csv.DictReader(lines)}
    return [
        Pair(one, other, _is_near(one.text, other.text), said.get(frozenset((one.id, other.id))))
        for one, other in _alike(found)
    ]


def measured(known: Sequence[Pair], thresholds: Iterable[float] = THRESHOLDS) -> Iterator[Found]:
    """What the rule comes to at each threshold."""
    near = [pair for pair in known if pair.near]
    for wanted in thresholds:
        joined = [pair for pair in known if joins(pair, wanted)]
        right = sum(pair.near if pair.read is None else pair.read for pair in joined)
        hit = [pair for pair in joined if pair.near]
        yield Found(wanted, len(joined), right / len(joined), len(hit) / len(near), len(_of(hit)) / len(_of(near)))


def joins(pair: Pair, wanted: float) -> bool:
    """Whether the desk's own rule finds that both mean one thing: alike words, and no number that tells them apart."""
    one, other = pair.one, pair.other
    evidence = Evidence(kind="report", source="file", id=one.id, at=0, text=one.text)
    order = Order(
        id=one.id, seq=1, state="review", area="", opened_at=0, recorded_at=0, last_at=0, title=one.title,
        evidence_first=(evidence,),
    )  # fmt: skip
    sighting = Sighting(kind="report", source="file", id=other.id, at=0, area="", title=other.title, text=other.text)
    return merging.alike(sighting, order, wanted)


def _of(some: Sequence[Pair]) -> set[str]:
    return {each.id for pair in some for each in (pair.one, pair.other)}


def _alike(found: Sequence[Message]) -> Iterator[tuple[Message, Message]]:
    sketches = [np.frombuffer(gist_of("", each.text).pairs, dtype="<u2") for each in found]
    ends = np.cumsum([0, *map(len, sketches)])
    columns = np.concatenate(sketches).astype(np.int32)
    held = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(found), 1 << 16))
    sizes = np.diff(ends)
    for first in range(0, len(found), _AT_ONCE):
        common = (held[first : first + _AT_ONCE] @ held.T).toarray()
        union = sizes[first : first + _AT_ONCE, None] + sizes[None, :] - common
        for row, column in np.argwhere(common >= _LEAST * union).tolist():
            if first + row < column:
                yield found[first + row], found[column]


def _is_near(one: str, other: str) -> bool:
    shorter, longer = sorted(("".join(one.split())[:_COMPARED], "".join(other.split())[:_COMPARED]), key=len)
    runs = SequenceMatcher(None, shorter, longer, autojunk=False).get_matching_blocks()
    return sum(run.size for run in runs if run.size >= RUN) >= NEAR * len(shorter)


def main() -> None:
    """Print what the rule comes to, or the pairs that are to be read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--show", type=float, metavar="WANTED", help="print what is to be read")
    given = parser.parse_args()
    known = pairs(messages(given.file))
    if given.show is not None:
        for pair in known:
            if pair.read is None and not pair.near and joins(pair, given.show):
                print(pair.one.id, pair.other.id, *(f"\n  {each.title} | {each.text}" for each in pair[:2]))
        return
    near = [pair for pair in known if pair.near]
    print(f"{len(near)} pairs of near-duplicates among {len(_of(near))} messages")
    print("wanted  joined  precision  recall  of messages")
    for found in measured(known):
        print("{:6.2f}  {:6,}  {:9.3f}  {:6.3f}  {:11.3f}".format(*found))


if __name__ == "__main__":
    main()
