"""A district's storm day: intake reads what its cameras say, the desk decides, and the truth is counted beside."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from dispatcher.desk import DeskState, decide
from dispatcher.figures.figure_row import FigureRow
from dispatcher.order.facts import EvidenceAdded, Linked, Opened, RecheckAnswered, UpdateRefused
from dispatcher.partition.decision import Outgoing
from dispatcher.partition.state import Meta
from models.city import City
from models.events import RECHECKED, UPDATE
from models.inbox import OWN_SIGHTINGS, Heard, InboxRecord, Item, Tick, decode_items, encode_items, packed_items
from models.times import MINUTE_MS, from_text
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from tests.support.desks import facts_of
from tests.support.storm.sites import (
    DOUBTFUL,
    ROUNDS,
    SERVED,
    Site,
    is_right,
)
from tests.support.storm.storm_city import CATEGORIES, WATCHING_MINUTES
from tests.support.storm.storm_messages import MAKES, cloud_event, event

BEGIN = from_text("2026-03-01T16:00:00Z")  # midnight in the city
ROUND_MS = 24 * 60 * MINUTE_MS // ROUNDS
_BATCH = 500  # cameras that speak before the desk decides, at most
_AGAIN = 50  # one record in so many is sent twice
_KEYS = Keys(b"storm")


@dataclass
class Tape:
    """What a district's day was made of: the records that intake got, what the desk got of them and at which clock,
    what it has sent, and its rows and figures at the end."""

    taken: list[ConsumerRecord] = field(default_factory=list)
    inbox: list[tuple[int, bytes]] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)
    rows: dict[str, bytes] = field(default_factory=dict)
    figures: Mapping[str, FigureRow] = field(default_factory=dict)


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
        self.remembered: list[int] = []  # sightings seen, counted and watched, after each round

    def run(self) -> "District":
        """The whole day, batch by batch; itself, when it is over."""
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
            self.remembered.append(counted + sum(map(len, self.state.seen.values())))
        self._decide([(Tick(),)], self.begin + ROUNDS * ROUND_MS + (WATCHING_MINUTES + 1) * MINUTE_MS)
        return self

    def _said(self, site: Site, number: int, turn: int, at: int) -> Iterator[ConsumerRecord]:
        """What a camera says in a round, and what people do about its order then."""
        post, said = site.posts[number], site.says(number, turn)
        if said is not None:
            name = f"{post.id}/{turn}"
            make, holds = MAKES.get(int(post.id[-5:]) % 8, (cloud_event, 1))
            if said.phase or site.kind is SERVED:
                make, holds = cloud_event, 1
            record = make(post, said, name, at)
            self.detections += holds
            yield record
            if said.fate != "dropped":
                category = CATEGORIES[said.label]
                self.truth[category][said.fate] += 1
                if turn % 2 and number == 0 and make is cloud_event and int(post.id[-5:]) % _AGAIN == 2:
                    self.truth[category]["again"] += 1
                    self.detections += 1
                    yield record
        if number == 0 and turn == site.start + 1 and site.kind in (SERVED, DOUBTFUL) and post.id in self.held:
            yield from self._work(site, at + 1)
        if turn == site.start + 2 and site.answer.startswith("answers-") and post.id in self.asked:
            order, source = self.asked[post.id]
            data = {"order_id": order, "camera_id": post.id, "result": site.answer.removeprefix("answers-")}
            yield event(f"{post.id}/answer", source, RECHECKED, data, at + 1)

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
        return event(f"{self.state.partition}/{self._updates}", "urn:storm/people", UPDATE, data, at)

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
            elif isinstance(fact, EvidenceAdded) and fact.order_id in self.silent:
                self.silent[fact.order_id] += f"\n{fact.evidence.text}"  # cameras whose limit was up a little later
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
