"""Whether two versions decide alike, byte for byte: digests of all that the core makes of two long inboxes.

Run: `scripts/bench digest [demo] [boston]` in both versions and compare what they print. `demo` is the demo city's
sample day with its made-up people, classified by the shipped model; `boston` every twelfth case of the optional data
folder (PAIDAN_SHARED, default `../shared`). No Kafka: intake's code and the desk's run in this process, on a clock of
the data's own, so nothing but the code can move a digest.

`untrained` is the sample day without a model, the same on every machine. What it comes to is kept beside this file, and
a test compares; `scripts/bench digest --keep` keeps what it comes to now.
"""

import csv
import hashlib
import heapq
import itertools
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.on_kafka.boston import cases_file
from dispatcher.desk import DeskState, decide
from dispatcher.partition.decision import Decision
from dispatcher.partition.state import Meta
from models.city import City, load_city
from models.classifier import Classifier
from models.envelope import to_binary
from models.inbox import InboxRecord, Item, Tick, decode_items, encode_items
from models.times import from_text
from streams.demo.demo import read_day
from streams.demo.people import DemoPeople, Reply
from streams.intake.batch import Model, take_in
from streams.intake.drafts import Keys
from streams.intake.history import Chronicle, Line, retell, stamp
from streams.terminal.feed import Planned, as_record
from tests.support.boston import convert

BEGIN = from_text("2026-03-02T00:00:00Z")
STEP_MS = 20_000
QUIET_MS = 40 * 24 * 3_600_000  # till all limits of the day are up and what is closed is archived
EVERY = 12
PARTITIONS = 3
DEMO = Path(__file__).parents[1] / "cities" / "demo"
KEPT = Path(__file__).with_name("digest.csv")
_KEYS = Keys(b"key")
Digests = dict[str, tuple[int, str]]  # by kind: how many records, and their digest


class Witness:
    """Desks that share the areas out, and a digest of each kind of record that they ever made."""

    def __init__(self, city: City) -> None:
        self.city = city
        self._homes: dict[str, int] = {}
        self._states = [DeskState(number) for number in range(PARTITIONS)]
        for state in self._states:
            state.meta = Meta(pack=city.digest)
        self._hashes: dict[str, hashlib._Hash] = defaultdict(hashlib.sha256)
        self._rows: dict[str, dict[tuple[int, str], bytes | None]] = {"rows": {}, "figures": {}}
        self.counts: dict[str, int] = defaultdict(int)

    def home(self, area: str) -> int:
        """The partition of an area: areas are shared out in the order in which they turn up."""
        return self._homes.setdefault(area, len(self._homes) % PARTITIONS)

    def feed(self, clock: int, items: Mapping[str, Sequence[Item]], replayed: bool) -> list[Decision]:
        """Decide on items by area."""
        shares: dict[int, list[tuple[Item, ...]]] = defaultdict(list)
        for area, some in items.items():
            shares[self.home(area)].append(tuple(some))
        return [self.run(number, [(clock, part) for part in parts], replayed) for number, parts in shares.items()]

    def run(self, number: int, parts: Sequence[tuple[int, tuple[Item, ...]]], replayed: bool) -> Decision:
        """Decide on records of one partition: clock and items of each; and then on what its desk tells others."""
        state = self._states[number]
        start = state.meta.next_offset
        records = []
        for n, (clock, items) in enumerate(parts):
            packed = encode_items(items)
            self.note("inbox", b"%d|%s" % (clock, packed))
            records.append(InboxRecord(number, start + n, clock, decode_items(packed), replayed))
        decision = decide(state, records, {self.city.digest: self.city})
        for failure in decision.failures:
            self.note("failures", failure.error.encode())
        for out in decision.records:
            kind = out.topic.partition("/")[0]
            if kind != "inbox":  # that is noted where it is decided
                self.note(kind, repr((out.topic, out.key, out.value, out.headers)).encode())
        for key, row in decision.rows.items():
            self._rows["rows"][number, key] = row
        for key, row in decision.figures.items():
            self._rows["figures"][number, key] = row
        decision.changes.apply()
        for out in decision.records:
            kind, _, area = out.topic.partition("/")
            if kind == "inbox" and self.home(area) != number:
                self.run(self.home(area), [(self._states[number].meta.clock, decode_items(out.value))], replayed)
        return decision

    def tick(self, clock: int, replayed: bool) -> list[Decision]:
        """Tell all partitions the time."""
        return [self.run(number, [(clock, (Tick(),))], replayed) for number in range(PARTITIONS)]

    def note(self, kind: str, value: bytes) -> None:
        """Take one more record of a kind into its digest."""
        self._hashes[kind].update(b"%d:%b" % (len(value), value))
        self.counts[kind] += 1

    def digests(self) -> Digests:
        """Count and digest by kind; rows and figures as the last value of each key."""
        for kind, table in self._rows.items():
            for (number, key), value in sorted(table.items()):
                self.note(kind, repr((number, key, value)).encode())
        return {kind: (self.counts[kind], self._hashes[kind].hexdigest()[:32]) for kind in sorted(self._hashes)}


def demo(model: Model | None) -> Digests:
    """The sample day in steps of 20 s, each event at its own time, answers as the seeded people give them."""
    witness, people = Witness(load_city(DEMO)), DemoPeople(seed=7, pace=900.0)
    numbers = itertools.count()
    waiting: list[tuple[int, int, Planned | Reply]] = []
    for planned in read_day(DEMO / "day.jsonl"):
        heapq.heappush(waiting, (BEGIN + int((planned.at_s or 0.0) * 1000), next(numbers), planned))
    now = BEGIN
    while waiting:
        now += STEP_MS
        lines: list[Line] = []
        while waiting and waiting[0][0] <= now:
            at, number, each = heapq.heappop(waiting)
            lines.append(_line(each, at, number, people))
        taken = take_in(lines, witness.city, model, now, _KEYS)
        for dead in taken.dead:
            witness.note("dead", f"{dead.error} {dead.message} {dead.field} {dead.rule}".encode())
        for decision in [*witness.feed(now, taken.items, False), *(witness.tick(now, False) if not lines else ())]:
            for reply in people.on_decision(decision):
                heapq.heappush(waiting, (now + int(reply.delay * 1000), next(numbers), reply))
        if not lines and waiting:
            now = max(now, waiting[0][0] - STEP_MS)
    for hours in range(0, QUIET_MS // 3_600_000, 6):
        witness.tick(now + hours * 3_600_000, False)
    return witness.digests()


def _line(each: Planned | Reply, at: int, number: int, people: DemoPeople) -> Line:
    if isinstance(each, Reply):
        headers, value = to_binary(people.event(each, at))
        return Line("updates", number, at, value, headers=headers)
    key, value, given = as_record(each, at)
    return Line(each.topic, number, at, value, key=key, headers=given)


def boston() -> Digests:
    """Every twelfth case of Boston's nine months, as `paidan history` would replay them."""
    with tempfile.TemporaryDirectory() as name:
        folder, file = convert.write(convert.read(cases_file())[::EVERY], Path(name))
        witness = Witness(load_city(folder))
        for _, taken in retell(Chronicle([file]), witness.city, _KEYS, None):
            shares: dict[int, list[tuple[int, tuple[Item, ...]]]] = defaultdict(list)
            for each in stamp(taken):
                shares[witness.home(each.area)].append((each.clock, each.items))
            for number, parts in shares.items():
                witness.run(number, parts, True)
        witness.tick(from_text(convert.UNTIL) - 1, True)
        return witness.digests()


def untrained() -> Digests:
    """The sample day without a model: people say what each text is."""
    return demo(None)


def kept() -> Digests:
    """What the day came to when that was kept."""
    with KEPT.open(encoding="utf-8", newline="") as lines:
        return {row["kind"]: (int(row["count"]), row["digest"]) for row in csv.DictReader(lines)}


def keep(found: Digests) -> None:
    """Keep what the day comes to."""
    with KEPT.open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out, lineterminator="\n")
        lines.writerow(["kind", "count", "digest"])
        lines.writerows([kind, *each] for kind, each in found.items())


WHAT: dict[str, Callable[[], Digests]] = {
    "demo": lambda: demo(Classifier.shipped().in_city(load_city(DEMO).categories)),
    "boston": boston,
    "untrained": untrained,
}


def main() -> None:
    """Print the digests of what is asked for, or keep those of the day without a model."""
    if sys.argv[1:] == ["--keep"]:
        keep(untrained())
        return
    for name in sys.argv[1:] or ["demo", "boston"]:
        found = WHAT[name]()
        for kind, (count, digest) in found.items():
            print(f"{name:10}{kind:14}{count:9,d} {digest}")


if __name__ == "__main__":
    main()
