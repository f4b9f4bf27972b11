"""Mutated inputs through intake, among good neighbours: `scripts/prove inputs [N]` tries so many.

What must hold: intake never fails, takes in each neighbour once, lets nothing personal out, and neither time nor memory
grows beyond bounds.
"""

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from aiokafka import ConsumerRecord

from models.events import REPORT, UNIT
from models.events.above import source_of
from models.inbox import InboxUpdate, Sighting, decode_items
from streams.dead_letters.letter import ERRORS, INTERNAL, of_record
from streams.intake.batch import Taken, take_in
from streams.intake.drafts import Keys
from streams.intake.reading.ways import ANY, Way, way_of
from streams.kafka.topics import Names
from tests.support.inputs.every_field import SAID, leaked, listing_city
from tests.support.inputs.mutations import mutated
from tests.support.messages import NOW, record

NEIGHBOUR = "neighbour"
_CITY, _KEYS, _NAMES = listing_city(), Keys(b"for tests only"), Names("t")
_BATCH = 20  # inputs, each with a neighbour behind it
_CHUNK = 2_000
_WARM = 2_000  # inputs after which a process has all that it keeps: rules, caches, what was compiled
_KEPT_MB = 100  # what a process may keep more than when it was warm
_AT_ONCE_MB = 150  # what taking in a batch may need beside what is there before
_SECONDS = 5.0  # of computing for a batch, which takes some hundredths: what needs more than that needs any time
_TOPICS = (_NAMES.reports, _NAMES.detections, _NAMES.updates, _NAMES.updates_of("roads"), _NAMES.above)
_WAYS = (*[ANY] * 6, *(way_of(_NAMES, topic) for topic in _TOPICS))


@dataclass
class Tried:
    """What some inputs came to. `slowest` is the longest computing time of a batch in seconds, `largest` the most
    memory in MB that one needed beside what was there before, each with its first input; `kept` is by how many MB the
    memory of a process has grown after the first thousands; `wrong` what should not have been, with the number of an
    input. Memory is 0 where the system is not Linux."""

    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, 0)
    largest: tuple[float, int] = (0.0, 0)
    kept: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Tried") -> None:
        """Both together."""
        self.inputs += other.inputs
        self.outcomes += other.outcomes
        self.slowest = max(self.slowest, other.slowest)
        self.largest = max(self.largest, other.largest)
        self.kept = max(self.kept, other.kept)
        self.wrong += other.wrong


def tried(seed: int, first: int, count: int) -> Tried:
    """Take in the inputs with these numbers, some at a time."""
    found = Tried()
    for number in range(first, first + count, _BATCH):
        numbers = range(number, min(number + _BATCH, first + count))
        try:
            _batch(seed, numbers, found)
        except Exception as error:
            error.add_note(f"seed {seed}, inputs {numbers[0]} to {numbers[-1]}")
            raise
    return found


def _batch(seed: int, numbers: range, found: Tried) -> None:
    way = random.Random(f"{seed}/{numbers[0]}/way").choice(_WAYS)
    inputs = [mutated(seed, number).record(number) for number in numbers]
    neighbours = [_neighbour(way, number) for number in numbers]
    records = [record for pair in zip(inputs, neighbours, strict=True) for record in pair]

    started, before = time.process_time(), _memory_from_here()
    taken = take_in(records, _CITY, None, NOW, _KEYS, way=way)
    seconds, needed = time.process_time() - started, _memory("VmHWM") - before
    found.slowest, found.largest = max(found.slowest, (seconds, numbers[0])), max(found.largest, (needed, numbers[0]))
    if seconds > _SECONDS:
        found.wrong.append(f"inputs {numbers[0]} to {numbers[-1]}: {seconds:.1f} s of computing")
    if needed > _AT_ONCE_MB:
        found.wrong.append(f"inputs {numbers[0]} to {numbers[-1]}: {needed:.0f} MB of memory")

    found.inputs += len(numbers)
    found.outcomes.update(dead.error for dead in taken.dead)
    found.outcomes["taken in"] += sum(map(len, taken.items.values())) - len(numbers)
    found.outcomes["opens nothing"] += taken.ignored.total() + taken.unlisted.total()
    found.wrong += [f"inputs {numbers[0]} to {numbers[-1]}: {what}" for what in _wrong(taken, neighbours)]


def _neighbour(way: Way, number: int) -> ConsumerRecord:
    """A good record of a kind that is taken on this way, and of which each is kept: of a unit's reports the last is."""
    if way.above:
        return record(REPORT, SAID[REPORT], source=source_of(NEIGHBOUR), id=f"n{number}", offset=number)
    kinds = [each for each in way.takes if each != UNIT]
    kind = kinds[number % len(kinds)]
    return record(kind, SAID[kind], source=NEIGHBOUR, id=f"n{number}", offset=number)


def _wrong(taken: Taken, neighbours: Sequence[ConsumerRecord]) -> Iterator[str]:
    for dead in taken.dead:
        if dead.error == INTERNAL or dead.error not in ERRORS:
            yield f"{dead.error} at {dead.record.offset}: {dead.message}"
    items = [item for _, value in taken.packed() for item in decode_items(value)]
    sure = [item for item in items if isinstance(item, Sighting | InboxUpdate)]
    there = Counter(item.id for item in sure if item.source in (NEIGHBOUR, source_of(NEIGHBOUR)))
    if there != Counter(dict(record.headers)["ce_id"].decode() for record in neighbours):
        yield f"of {len(neighbours)} neighbours there are {sorted(there.elements())}"
    for said in _said(taken):
        if leak := leaked(said):
            yield leak


def _said(taken: Taken) -> Iterator[str]:
    """All that is written of a batch, and what stands in metrics and the counts of labels."""
    for area, value in taken.packed():
        yield f"{area} {value.decode()}"
    for one in taken.dead:
        what = (one.error, one.message, one.field, one.rule, "intake")
        send = of_record(_NAMES, one.record, *what, index=one.index, keep=one.kept, key=_KEYS.hmac)
        yield f"{send.key!r} {(send.value or b'').decode()} {send.headers}"
    yield f"{list(taken.unlisted)} {list(taken.ignored)} {taken.heard}"


_PROCESS = Path("/proc/self")  # what Linux says of this process


def _memory(figure: Literal["VmRSS", "VmHWM"]) -> float:
    """What this process holds in memory, or the most that it has held, in MB."""
    if not _PROCESS.exists():
        return 0.0
    lines = (_PROCESS / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(figure)) / 1_024


def _memory_from_here() -> float:
    """What this process holds in memory; the most that it has held counts from here."""
    if _PROCESS.exists():
        (_PROCESS / "clear_refs").write_text("5")
    return _memory("VmRSS")


_warm: dict[str, float] = {}  # what this process held when it was warm, and how many inputs it has tried


def _chunk(seed: int, first: int, count: int) -> Tried:
    """In a process of its own."""
    found = tried(seed, first, count)
    _warm["inputs"] = _warm.get("inputs", 0) + count
    if _warm["inputs"] >= _WARM:
        found.kept = _memory("VmRSS") - _warm.setdefault("memory", _memory("VmRSS"))
    return found


def main(count: int, seed: int) -> int:
    """Try so many inputs on all cores and say what they came to; 1 when something was wrong."""
    print(f"TEST_SEED={seed}", flush=True)
    started, all_of_them, said = time.monotonic(), Tried(), 0
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        chunks = [pool.submit(_chunk, seed, n, min(_CHUNK, count - n)) for n in range(0, count, _CHUNK)]
        for chunk in as_completed(chunks):
            all_of_them.add(chunk.result())
            if all_of_them.inputs * 20 // count > said:
                said = all_of_them.inputs * 20 // count
                rate = all_of_them.inputs / (time.monotonic() - started)
                print(
                    f"{all_of_them.inputs:,} inputs, {rate:,.0f} a second, {len(all_of_them.wrong)} wrong", flush=True
                )
            if len(all_of_them.wrong) >= 20:
                pool.shutdown(cancel_futures=True)
                break
    if all_of_them.kept > _KEPT_MB:
        all_of_them.wrong.append(f"memory has grown by {all_of_them.kept:.0f} MB")
    print(*(f"{count:>9,} {what}" for what, count in all_of_them.outcomes.most_common()), sep="\n")
    seconds, at = all_of_them.slowest
    print(f"slowest batch of {_BATCH}: {seconds:.2f} s of computing, from input {at}")
    needed, at = all_of_them.largest
    print(f"most memory for a batch: {needed:.0f} MB, from input {at}")
    print(f"memory of a process grew by {all_of_them.kept:.0f} MB")
    print(*all_of_them.wrong[:20], sep="\n")
    return int(bool(all_of_them.wrong))


if __name__ == "__main__":
    chosen = os.environ.get("TEST_SEED") or random.SystemRandom().randrange(2**32)
    sys.exit(main(int(sys.argv[1]), int(chosen)))
