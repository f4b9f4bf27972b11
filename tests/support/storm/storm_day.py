"""The storm day: `scripts/prove storm [N]` takes N detections (5,000,000) through intake and the core, and compares.

The detections are what the sites say (`sites.py`), as CloudEvents, Hikvision's alarms and DeepStream's frames. Intake
reads them as it reads Kafka's, the desk decides on what intake wrote, one district after the other. People accept and
handle some of the orders; cameras that are asked to look again answer. At the end every order and figure is compared
with what has happened. Ends with 1 where they differ.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from dispatcher.desk import DeskState, decide
from dispatcher.figures.figure_row import FigureRow
from dispatcher.order.facts import Linked, Opened, RecheckAnswered, UpdateRefused
from dispatcher.order.row import Order
from dispatcher.partition.decision import Outgoing
from dispatcher.partition.state import Meta
from models.city import City, read_city
from models.envelope import Event, to_binary
from models.events import DETECTION, RECHECKED, UPDATE
from models.inbox import OWN_SIGHTINGS, Heard, InboxRecord, Item, Tick, decode_items, encode_items
from models.times import MINUTE_MS, from_text, to_text
from streams.intake.batch import packed_items, take_in
from streams.intake.drafts import Keys
from tests.support.desks import facts_of
from tests.support.storm.sites import (
    ALARMS_FALSE,
    DOUBTFUL,
    FILE_AT,
    HOLE,
    LAST_START,
    NEVER_SEEN,
    PERSON,
    RAIN,
    ROUNDS,
    SERVED,
    SILENT,
    SWITCH,
    Post,
    Saying,
    Site,
    is_right,
    sites_of,
    storm_orders,
)
from tests.support.storm.storm_city import CATEGORIES, WATCHING_MINUTES, storm_pack

BEGIN = from_text("2026-03-01T16:00:00Z")  # midnight in the city
ROUND_MS = 24 * 60 * MINUTE_MS // ROUNDS
SEED = 14
LEAST = 100_000  # detections of a whole day
_BATCH = 500  # cameras that speak before the desk decides, at most
_AGAIN = 50  # one record in so many is sent twice
_DISTRICT = 312_500  # detections of a district, at most
_KEYS = Keys(b"storm")
_SOURCE = "urn:storm/cameras"


@dataclass
class Tape:
    """What a district's day was made of: the records that intake got, what the desk got of them and at which clock,
    what it has sent, and its rows and figures at the end."""

    taken: list[ConsumerRecord] = field(default_factory=list)
    inbox: list[tuple[int, bytes]] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)
    rows: dict[str, bytes] = field(default_factory=dict)
    figures: Mapping[str, FigureRow] = field(default_factory=dict)


@dataclass
class Compared:
    """What some detections came to: how many there were, the orders that had to be opened and those that were, how many
    of the doubtful ones that were filed are false alarms, and what differs from the truth."""

    detections: int = 0
    true: int = 0
    opened: int = 0
    filed: int = 0
    false: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Compared") -> None:
        """Both together."""
        self.detections += other.detections
        self.true += other.true
        self.opened += other.opened
        self.filed += other.filed
        self.false += other.false
        self.wrong += other.wrong


def _record(value: bytes, headers: Any, at: int) -> ConsumerRecord:
    return ConsumerRecord("detections", 0, 0, at, 0, None, value, None, -1, len(value), tuple(headers))


def _event(name: str, source: str, kind: str, data: dict[str, Any], at: int) -> ConsumerRecord:
    headers, value = to_binary(Event(name, source, kind, msgspec.json.encode(data), at))
    return _record(value, headers, at)


def _cloud_event(post: Post, said: Saying, name: str, at: int) -> ConsumerRecord:
    data: dict[str, Any] = {"camera_id": post.id, "label": said.label, "confidence": said.confidence, "algorithm": "a"}
    data |= {key: value for key, value in (("object_id", said.object_id), ("phase", said.phase)) if value}
    return _event(name, _SOURCE, DETECTION, data, at)


def _hikvision(post: Post, said: Saying, name: str, at: int) -> ConsumerRecord:
    value = (
        f"<EventNotificationAlert><channelID>1</channelID><dateTime>{to_text(at)}</dateTime>"
        f"<eventType>{said.label}</eventType><eventState>active</eventState><UUID>{name}</UUID>"
        f"<detectionConfidence>{round(said.confidence * 100)}</detectionConfidence>"
        f"<targetID>{said.object_id}</targetID></EventNotificationAlert>"
    ).encode()
    return _record(value, (("format", b"hikvision"), ("camera", post.id.encode())), at)


def _deepstream(post: Post, said: Saying, name: str, at: int) -> ConsumerRecord:
    """A frame in which somebody walks by as well."""
    seen = {"id": said.object_id, "type": said.label, "confidence": said.confidence}
    walks = {"id": "9", "type": PERSON, "confidence": 0.8}
    frame = {"messageid": name, "sensorId": post.id, "@timestamp": to_text(at), "objects": [seen, walks]}
    return _record(msgspec.json.encode(frame), (("format", b"deepstream"),), at)


def _found_by(order: Order) -> str:
    """What the camera that was asked to look again has found."""
    looked = [check for check in order.checks if check.by.role == "camera"]
    if looked:
        return "passed" if looked[0].passed else "failed"
    return "silent" if order.recheck is None else order.recheck.found or "silent"


_MAKES = {0: (_hikvision, 1), 1: (_deepstream, 2)}  # by what is left of a camera's number; with detections a message


class District:
    """A district's day: its sites speak, its desk decides, and what must become of it is counted meanwhile."""

    def __init__(
        self, city: City, number: int, sites: list[Site], begin: int = BEGIN, tape: Tape | None = None
    ) -> None:
        self.city, self.sites, self.begin, self.tape = city, sites, begin, tape
        self.state = DeskState(number)
        self.state.meta = Meta(pack=city.digest)
        self.truth: dict[str, Counter[str]] = {code: Counter() for code in CATEGORIES.values()}
        self.orders: Counter[str] = Counter()  # by the camera that founded them
        self.silent: dict[str, str] = {}  # what orders for silent cameras list
        self.storms = self.related = self.detections = self.again = 0
        self.answered: Counter[str] = Counter()
        self.asked: dict[str, tuple[str, str]] = {}  # of each camera the order and the source that it is asked about
        self.held: dict[str, tuple[str, str]] = {}  # of each camera its order and who has it
        self.wrong: list[str] = []
        self._updates = 0
        self._remembered: list[int] = []  # sightings seen, counted and watched, after each round

    def run(self) -> Compared:
        """The whole day, batch by batch."""
        cameras = [(site, n) for site in self.sites for n in range(len(site.posts))]
        size = min(_BATCH, len(cameras) // 20)  # the clock of a batch is that of its last record
        for turn in range(ROUNDS):
            for first in range(0, len(cameras), size):
                records: list[ConsumerRecord] = []
                for n, (site, number) in enumerate(islice(cameras, first, first + size), first):
                    records += self._said(
                        site, number, turn, self.begin + turn * ROUND_MS + n * ROUND_MS // len(cameras)
                    )
                self._take(records)
            counted = len(self.state.watches) + len(self.state.tallies)
            self._remembered.append(counted + sum(map(len, self.state.seen.values())))
        self._decide([(Tick(),)], self.begin + ROUNDS * ROUND_MS + (WATCHING_MINUTES + 1) * MINUTE_MS)
        return self._compared()

    def _said(self, site: Site, number: int, turn: int, at: int) -> Iterator[ConsumerRecord]:
        """What a camera says in a round, and what people do about its order then."""
        post, said = site.posts[number], site.says(number, turn)
        if said is not None:
            name = f"{post.id}/{turn}"
            make, holds = _MAKES.get(int(post.id[-5:]) % 8, (_cloud_event, 1))
            if said.phase or site.kind is SERVED:
                make, holds = _cloud_event, 1
            record = make(post, said, name, at)
            self.detections += holds
            yield record
            if said.fate != "dropped":
                category = CATEGORIES[said.label]
                self.truth[category][said.fate] += 1
                if turn % 2 and number == 0 and make is _cloud_event and int(post.id[-5:]) % _AGAIN == 2:
                    self.truth[category]["again"] += 1
                    self.detections += 1
                    yield record
        if number == 0 and turn == site.start + 1 and site.kind in (SERVED, DOUBTFUL) and post.id in self.held:
            yield from self._work(site, at + 1)
        if turn == site.start + 2 and site.answer.startswith("answers-") and post.id in self.asked:
            order, source = self.asked[post.id]
            data = {"order_id": order, "camera_id": post.id, "result": site.answer.removeprefix("answers-")}
            yield _event(f"{post.id}/answer", source, RECHECKED, data, at + 1)

    def _work(self, site: Site, at: int) -> Iterator[ConsumerRecord]:
        """What is there is handled, a doubtful one checked as well; what is not is returned."""
        order, department = self.held[site.posts[0].id]
        theirs = {"department": department, "id": "p-1"}
        yield self._update(order, at, "accept", theirs)
        if site.kind is DOUBTFUL and not is_right(site):
            yield self._update(order, at + 1, "return", theirs, code="not-a-problem", reason="nothing is there")
            dispatcher = {"role": "dispatcher", "id": "d-1"}
            yield self._update(order, at + 2, "approve-return", dispatcher, code="not-a-problem")
            return
        yield self._update(order, at + 1, "handle", theirs, evidence_urls=["https://pictures.example/1.jpg"])
        if site.kind is DOUBTFUL:
            yield self._update(order, at + 2, "check-pass", {"role": "inspector", "id": "i-1"})

    def _update(self, order: str, at: int, action: str, by: dict[str, str], **more: Any) -> ConsumerRecord:
        self._updates += 1
        data = {"action": action, "order_id": order, "by": by} | more
        return _event(f"{self.state.partition}/{self._updates}", "urn:storm/people", UPDATE, data, at)

    def _take(self, records: list[ConsumerRecord]) -> None:
        """Intake reads a batch, and the desk decides on what intake has written."""
        if not records:
            return
        now = records[-1].timestamp
        if self.tape is not None:
            self.tape.taken += records
        taken = take_in(records, self.city, None, now, _KEYS)
        self.wrong += [f"{dead.error} {dead.field}: {dead.message}" for dead in taken.dead]
        packed = [value for _, value in taken.packed()]
        alive: dict[str, list[Heard]] = {}
        for camera, area in taken.heard.items():
            alive.setdefault(area, []).append(Heard(camera, area))
        packed += [value for heard in alive.values() for value in packed_items(heard)]
        self._decide([decode_items(value) for value in packed], now)

    def _decide(self, items: list[tuple[Item, ...]], clock: int) -> None:
        start, number = self.state.meta.next_offset, self.state.partition
        past = self.tape is not None  # what is played again over Kafka comes with the day's own clocks
        records = [InboxRecord(number, start + n, clock, some, past) for n, some in enumerate(items)]
        decision = decide(self.state, records, {self.city.digest: self.city})
        self.wrong += [failure.error for failure in decision.failures]
        self._see(decision.records)
        decision.changes.apply()
        if self.tape is not None:
            self.tape.inbox += [(clock, encode_items(some)) for some in items]
            self.tape.sent += decision.records
            self.tape.rows.update({key: row for key, row in decision.rows.items() if row is not None})
            self.tape.figures = self.state.figures

    def _see(self, sent: list[Outgoing]) -> None:
        opened: dict[str, str] = {}
        for fact in facts_of(sent):
            if isinstance(fact, Opened):
                self._opened(fact)
                opened[fact.order_id] = fact.evidence.camera
            elif isinstance(fact, Linked):
                self.related += fact.kind == "related"
            elif isinstance(fact, RecheckAnswered):
                self.answered[fact.outcome] += 1
            elif isinstance(fact, UpdateRefused):
                self.wrong.append(f"{fact.action} refused: {fact.reason}")
        for out in sent:
            if out.topic == "rechecks":
                request = msgspec.json.decode(out.value)
                self.asked[out.key] = request["order_id"], request["source"]
            elif out.topic.startswith("assignments/") and out.key in opened:
                self.held[opened[out.key]] = out.key, out.topic.partition("/")[2]

    def _opened(self, fact: Opened) -> None:
        if fact.evidence.algorithm == "storm":
            self.storms += 1
        elif fact.evidence.source == OWN_SIGHTINGS:
            self.silent[fact.order_id] = fact.evidence.text
        else:
            self.orders[fact.evidence.camera] += 1

    def _compared(self) -> Compared:
        """What differs from the truth."""
        doubtful = {site.posts[0].id: site for site in self.sites if site.kind is DOUBTFUL}
        filed = [site for camera, site in doubtful.items() if self.orders[camera]]
        false = sum(not is_right(site) for site in filed)
        right = sum(map(is_right, doubtful.values()))
        faults = [site for site in self.sites if site.kind in (SWITCH, SILENT, NEVER_SEEN)]
        rains = sum(site.kind is RAIN for site in self.sites)
        sure = sum(truth["opens"] for code, truth in self.truth.items() if code != CATEGORIES[HOLE])
        self._equal("storms", self.storms, rains)
        self._equal("related", self.related, 2 * sum(site.kind.name == "border" for site in self.sites))
        self._compare_cameras(doubtful)
        self._compare_silences(faults)
        self.compare_answers()
        self._compare_memory()
        for code, truth in self.truth.items():
            self._compare_figures(code, truth, rains if code == CATEGORIES["waterlogging"] else 0, len(filed), false)
        opened = self.orders.total() + self.storms + len(self.silent)
        true = sure + right + len(faults) + rains
        return Compared(self.detections, true, opened, len(filed), false, self.wrong)

    def _compare_cameras(self, doubtful: dict[str, Site]) -> None:
        """Each incident is one order, founded by the camera that has seen it first."""
        expected: Counter[str] = Counter()
        for site in self.sites:
            if site.kind is not DOUBTFUL:
                for number, post in enumerate(site.posts):
                    said = site.says(number, site.start)
                    expected[post.id] += said is not None and said.fate == "opens"
        found = Counter({camera: count for camera, count in self.orders.items() if camera not in doubtful})
        self._equal("incidents without an order of their own", (expected - found).total(), 0)
        self._equal("orders without an incident of their own", (found - expected).total(), 0)

    def _compare_silences(self, faults: list[Site]) -> None:
        """Each site that falls silent is one order, which lists its cameras."""
        lists = list(self.silent.values())
        self._equal("orders for silent cameras", len(lists), len(faults))
        listed = [sum(all(post.id in text for post in site.posts) for text in lists) for site in faults]
        self._equal("silent sites that are not in one list", sum(count != 1 for count in listed), 0)

    def compare_answers(self) -> None:
        """What cameras find is the check, or is kept for the inspector who makes it; the others are found silent."""
        checked: Counter[str] = Counter()
        for site in self.sites:
            if site.kind is SERVED:
                held = self.held.get(site.posts[0].id)  # a storm by chance may have taken it in
                came_to = "no order" if held is None else _found_by(self.state.orders[held[0]])
                checked[f"{site.answer}: {came_to}"] += 1
        expected: Counter[str] = Counter()
        for site in self.sites:
            if site.kind is SERVED:
                outcome = {"gone": "passed", "there": "failed"}.get(site.answer.removeprefix("answers-"), "silent")
                expected[f"{site.answer}: {outcome}"] += 1
        self._equal("looks", checked, expected)
        self._equal("silent looks", self.answered["silent"], expected["mute: silent"])

    def _compare_memory(self) -> None:
        """What the desk remembers of sightings grows with incidents, hardly with detections: these go on for three
        rounds more when the last incident has begun and was answered."""
        before, *after = self._remembered[LAST_START + 2 :]
        if max(after) - before > max(before // 10, 10):
            self.wrong.append(f"what is remembered of sightings: {max(after)}, {before} before, though nothing is new")

    def _compare_figures(self, code: str, truth: Counter[str], storms: int, filed: int, false: int) -> None:
        """The figures of a category. Of doubtful ones it is known how many were filed, from the orders."""
        figures: Counter[str] = Counter()
        for key, row in self.state.figures.items():
            if key.startswith(f"category/{code}/"):
                figures.update(row.counters)
        seen = sum(truth[fate] for fate in ("opens", "joins", "expires", "doubtful"))
        opened, expired = truth["opens"] + storms, truth["expires"]
        if code == CATEGORIES[HOLE]:
            opened, expired = filed, truth["doubtful"] - false
        self._equal(f"{code}: detections", figures["detections"], seen)
        self._equal(f"{code}: duplicates", figures["duplicates"], truth["again"])
        self._equal(f"{code}: opened", figures["opened"], opened)
        self._equal(f"{code}: merged", figures["merged"], truth["joins"])
        self._equal(f"{code}: expired", figures["expired"], expired)

    def _equal(self, what: str, found: object, expected: object) -> None:
        if found != expected:
            self.wrong.append(f"{what}: {found} instead of {expected}")


def drawn(detections: int, seed: int = SEED) -> tuple[dict[str, bytes], dict[str, list[Site]]]:
    """The city's pack for at least so many detections, and what stands in each district."""
    count = max(-(-detections // _DISTRICT), 2)
    cameras = -(-detections * 46 // 1000 // count)  # 230,000 of five million
    districts = {f"d{n:02d}": sites_of(f"d{n:02d}", cameras, seed) for n in range(count)}
    streets = max(len(site.posts) for site in districts["d00"] if site.kind is RAIN)
    return storm_pack(districts, cameras, storm_orders(streets)), districts


def play(detections: int, seed: int = SEED) -> Iterator[tuple[str, Compared]]:
    """At least so many detections, district by district; what each came to."""
    pack, districts = drawn(detections, seed)
    city = read_city(pack)
    for number, name in enumerate(list(districts)):
        yield name, District(city, number, districts.pop(name)).run()


def judged(whole: Compared) -> list[str]:
    """What does not hold of a whole day."""
    wrong = list(whole.wrong)
    if abs(whole.opened - whole.true) > max(whole.true // 100, 1):
        wrong.append(f"{whole.opened:,} orders instead of {whole.true:,}")
    if whole.false > max((1 - FILE_AT) * whole.filed, 1):
        wrong.append(f"{whole.false:,} of {whole.filed:,} doubtful ones that were filed are false alarms")
    return wrong


def refuse_few(detections: int) -> None:
    """End the process where so few detections prove nothing."""
    if detections < LEAST:
        sys.exit(f"a day of {LEAST:,} detections at least: in a smaller city lamps that fail by chance make a storm")


def main(detections: int, seed: int) -> int:
    """Say what it came to; 1 when something is wrong."""
    refuse_few(detections)
    print(f"TEST_SEED={seed}; alarms are false in {ALARMS_FALSE:.0%} more than they say", flush=True)
    whole, started = Compared(), time.process_time()
    for name, found in play(detections, seed):
        whole.add(found)
        used = time.process_time() - started
        memory = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
        print(f"{name}: {whole.detections:,} detections, {used:.0f} s of computing, {memory} MiB", flush=True)
    print(f"{whole.true:,} orders had to be opened, {whole.opened:,} were")
    print(f"{whole.filed:,} doubtful incidents were filed, {whole.false:,} of them are false alarms")
    wrong = judged(whole)
    print(*wrong[:20], sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(os.environ.get("TEST_SEED") or SEED)))
