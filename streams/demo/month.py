"""A month behind the demo city: what would have come in and been done, made of the incidents of its sample day.

The people act on what the desk decides, so the desk decides here as well, in this process: a step of the simulation is
decided, what it leads to is read by the people, and what they will do goes into the line. What comes out is a file for
`paidan history`, which the real desk then decides anew, and alike.
"""

import heapq
import itertools
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta

import msgspec

from dispatcher.clocks import worktime
from dispatcher.desk import DeskState, decide
from dispatcher.order.row import Order
from dispatcher.partition.decision import Decision
from dispatcher.partition.state import Meta
from models.city import City
from models.events import DETECTION, REPORT
from models.inbox import InboxRecord, Tick
from models.times import DAY_MS, HOUR_MS, MINUTE_MS, from_ms, to_ms, to_text
from streams.demo.habits import HOURS, IN_OFFICE, LIFELIKE
from streams.demo.matters import MATTERS, SOON_DAYS, TWICE, Kind
from streams.demo.people import PRESSING, DemoPeople, Reply
from streams.demo.retold import Event, Retold, reporter_of
from streams.intake.batch import Model, take_in
from streams.intake.drafts import Keys
from streams.intake.history import Line, stamp
from streams.kafka.sending import partition_of
from streams.terminal.feed import Planned

DAYS = 30
LEAST_DAYS = 6  # in fewer some list of a seat has nothing in it
SOURCE = "demo/month"
_REPORTS_A_DAY = (38, 58)
_SEEN_A_DAY = 4  # incidents that cameras see
_STORM_BEFORE_END = 8  # days
_STORM_TIMES = 2.5  # as many reports
_STORM_S = (15 * 3600 + 600, 16 * 3600 + 2400)  # in the sample day
_CAMERAS = 16  # that see anything
_DIES_BEFORE_END = 4.7  # days: then one of them is never heard of again
_ALIVE_HOURS = 16.0  # so often a camera that lives is heard
_ALIVE = "litter"  # seen once it is only watched
_SWITCH_DIES_BEFORE_END = 1.6  # days: then nothing is heard any more of the cameras behind one
_ROUND_HOURS = 12.0  # so often those are heard of, all at once
_GAS_BEFORE_END = 40 * MINUTE_MS
_HURRY = 8  # times as quick about what is urgent
_STEP_MS = 10 * MINUTE_MS
_BESIDE_MS = 17 * MINUTE_MS  # between the two of a matter
_TRIES = 1000


class Month:
    """The events of so many days before `until`, ms UTC, and the desks that have decided them, as they stand when
    `lines` has come to its end. `day` is the city's sample day; these desks decide with `model` and `keys` as the real
    one will."""

    def __init__(
        self,
        city: City,
        day: Sequence[Planned],
        model: Model | None,
        keys: Keys,
        until: int,
        seed: int,
        days: int,
    ) -> None:
        self._days = days
        self._city, self._model, self._keys, self._until = city, model, keys, until
        self._chance = random.Random(seed)
        paces = {action: hours * HOUR_MS / 1000 for action, hours in HOURS.items()}
        self._people = DemoPeople(seed, HOUR_MS / 1000, LIFELIKE, paces, f"{SOURCE}/people")
        self._begin = until - days * DAY_MS
        self._states = self._desks(4)
        self._numbers = itertools.count(1)
        self._waiting: list[tuple[int, int, Event | Reply]] = []
        self._retold = Retold(city, self._chance)
        self._reports = [each for each in day if each.event.get("type") == REPORT and self._is_good(each.event)]
        detections = [each for each in day if each.event.get("type") == DETECTION]
        self._seen = [each for each in detections if self._is_good(each.event)]
        self._heard = {each.event["data"].get("camera_id") for each in detections}

    def lines(self) -> Iterator[bytes]:
        """The events, oldest first: structured CloudEvents with their times. Step by step: what comes in or is done,
        then what it leads to."""
        for at, event in self._arrivals():
            if at >= self._begin:
                heapq.heappush(self._waiting, (at, next(self._numbers), event))
        now = self._begin
        while self._waiting and self._waiting[0][0] < self._until:
            now = max(now + _STEP_MS, self._waiting[0][0])
            made = list(self._due(min(now, self._until - 1)))
            yield from (line.value or b"" for line in made)
            for decision in self._decided(made, self._states):
                self._later(decision, now)

    def orders(self) -> list[Order]:
        """All orders as they stand at the month's end."""
        for state in self._states:
            last = InboxRecord(state.partition, state.meta.next_offset, self._until, (Tick(),), replayed=True)
            decide(state, [last], {self._city.digest: self._city}).changes.apply()
        return [order for state in self._states for order in state.orders.values()]

    def _arrivals(self) -> Iterator[tuple[int, Event]]:
        stormy = [each for each in self._reports if _STORM_S[0] <= (each.at_s or 0) <= _STORM_S[1]]
        first = from_ms(self._begin).astimezone(self._city.zone).date()
        for number in range(self._days + 1):
            midnight = to_ms(datetime.combine(first + timedelta(days=number), time.min, self._city.zone))
            count = self._chance.randint(*_REPORTS_A_DAY)
            for _ in range(count):
                yield self._report(midnight, self._chance.choice(self._reports))
            if number == self._days - _STORM_BEFORE_END:
                for _ in range(int(count * _STORM_TIMES)):
                    yield self._report(midnight, self._chance.choice(stormy))
        yield from self._cameras()
        yield from self._under_way()
        gas = [each for each in self._reports if "燃气" in each.event["data"]["text"]]
        yield self._until - _GAS_BEFORE_END, self._report(0, self._chance.choice(gas))[1]

    def _under_way(self) -> Iterator[tuple[int, Event]]:
        """The reports of the matters that whoever opens the city finds under way."""
        for number in range(TWICE):
            for matter in MATTERS.values():
                at = self._until - int(matter.days * DAY_MS) - number * _BESIDE_MS
                event = self._of_kind(matter.kind, at)
                self._people.matters[event["source"], event["id"]] = matter
                yield at, event

    def _of_kind(self, kind: Kind, at: int) -> Event:
        """A report of which the desk, asked about it alone, makes what a matter needs."""
        for _ in range(_TRIES):
            sample = self._chance.choice(self._reports)
            event = self._report(at - int((sample.at_s or 0) * 1000), sample)[1]
            order = self._tried(event, at)
            if order is not None and _is_of(kind, order, self._city):
                return event
        raise ValueError(f"the sample day has no report that is {kind}")

    def _tried(self, event: Event, at: int) -> Order | None:
        whole = {"specversion": "1.0", "time": to_text(at), "datacontenttype": "application/json"} | event
        desks = self._desks(1)
        list(self._decided([Line(SOURCE, 1, at, msgspec.json.encode(whole))], desks))
        return next(iter(desks[0].orders.values()), None)

    def _desks(self, partitions: int) -> list[DeskState]:
        states = [DeskState(number) for number in range(partitions)]
        for state in states:
            state.meta = Meta(pack=self._city.digest)
        return states

    def _report(self, midnight: int, sample: Planned) -> tuple[int, Event]:
        """One of the sample day's reports again, about another place, at about the same time of day."""
        at = midnight + int((sample.at_s or 0) * 1000) + self._chance.randint(-30, 30) * MINUTE_MS
        event = self._retold.report(sample, f"m-{next(self._numbers):06d}")
        if known := reporter_of(event):
            self._people.known_as[event["source"], event["id"]] = known
        return at, event

    def _cameras(self) -> Iterator[tuple[int, Event]]:
        """A few cameras that are heard of all the time, until one of them dies, and those behind one switch, until that
        fails; and what they see. What is silent stays so in the sample day."""
        names = sorted({each.event["data"]["camera_id"] for each in self._seen})
        behind = self._behind_a_switch()
        dying = self._chance.choice([each for each in self._city.cameras if each not in self._heard | behind])
        cameras = [dying, *self._chance.sample(names, _CAMERAS - 1)]
        for camera in cameras:
            lives = (self._days - (_DIES_BEFORE_END if camera == cameras[0] else 0)) * DAY_MS
            at = self._chance.uniform(0, _ALIVE_HOURS) * HOUR_MS
            while at < lives:
                yield self._begin + int(at), self._detection(camera, _ALIVE, "")
                at += self._chance.uniform(0.7, 1.3) * _ALIVE_HOURS * HOUR_MS
        rounds = range(int((self._days - _SWITCH_DIES_BEFORE_END) * 24 / _ROUND_HOURS) + 1)
        for number, camera in itertools.product(rounds, sorted(behind)):
            yield self._begin + int(number * _ROUND_HOURS * HOUR_MS), self._detection(camera, _ALIVE, "", "end")
        labels = sorted({each.event["data"]["label"] for each in self._seen} - {_ALIVE})
        for number in range(self._days * _SEEN_A_DAY):
            at = self._begin + number * DAY_MS // _SEEN_A_DAY + self._chance.randrange(2 * HOUR_MS)
            camera, label = self._chance.choice(cameras[1:]), self._chance.choice(labels)
            for turn in range(self._chance.randint(2, 5)):
                yield at, self._detection(camera, label, f"{camera}/{number}", "start" if turn == 0 else "ongoing")
                at += self._chance.randrange(2, 7) * MINUTE_MS

    def _behind_a_switch(self) -> set[str]:
        """The cameras behind one switch that are not heard of in the sample day: as many as any switch has."""
        links: dict[str, set[str]] = {}
        for camera in self._city.cameras.values():
            if camera.id not in self._heard:
                links.setdefault(camera.link, set()).add(camera.id)
        return max(links.values(), key=len)

    def _detection(self, camera: str, label: str, thing: str, phase: str = "") -> Event:
        confidence = round(self._chance.uniform(0.8, 0.99), 2)
        data = {"camera_id": camera, "label": label, "confidence": confidence, "object_id": thing, "phase": phase}
        number = next(self._numbers)
        return {"id": f"m-{number:06d}", "source": "vision://lanjing", "type": DETECTION, "data": data}

    def _due(self, now: int) -> Iterator[Line]:
        while self._waiting and self._waiting[0][0] <= now:
            at, number, each = heapq.heappop(self._waiting)
            if isinstance(each, Reply):
                said = self._people.event(each, at)
                each = {"id": said.id, "source": said.source, "type": said.type, "data": each.data}
            whole = {"specversion": "1.0", "time": to_text(at), "datacontenttype": "application/json"} | each
            yield Line(SOURCE, number, at, msgspec.json.encode(whole))

    def _decided(self, lines: Sequence[Line], states: Sequence[DeskState]) -> Iterator[Decision]:
        """What desks make of them; like the records that history writes."""
        if not lines:
            return
        taken = take_in(lines, self._city, self._model, lines[-1].timestamp, self._keys)
        for each in stamp(taken):
            state = states[partition_of(each.area, len(states))]
            record = InboxRecord(state.partition, state.meta.next_offset, each.clock, each.items, replayed=True)
            decision = decide(state, [record], {self._city.digest: self._city})
            decision.changes.apply()
            yield decision

    def _later(self, decision: Decision, now: int) -> None:
        """What the people will do about it, and when: who works in an office does so in working time."""
        for reply in self._people.on_decision(decision):
            delay = int(reply.delay * 1000 / (_HURRY if reply.urgent and not reply.exact else 1))
            in_office = reply.data["by"]["role"] in IN_OFFICE and not (reply.urgent or reply.exact)
            at = worktime.add_work(self._city.calendar, now, delay) if in_office else now + delay
            heapq.heappush(self._waiting, (at, next(self._numbers), reply))

    def _is_good(self, event: Event) -> bool:
        """Whether intake takes it: the sample day holds some that it must refuse."""
        whole = {"specversion": "1.0", "time": to_text(self._begin)} | event
        line = Line(SOURCE, 1, self._begin, msgspec.json.encode(whole))
        return bool(take_in([line], self._city, None, self._begin, self._keys).items)


def _is_of(kind: Kind, order: Order, city: City) -> bool:
    """Whether an order, as the desk leaves it at first, suits a matter."""
    if order.state == "review":
        nowhere = order.timeline[-1].note == "unlocated"
        return kind == ("nowhere" if nowhere else "doubtful" if order.guess and order.guess.alternatives else "")
    if order.state != "assigned" or order.priority <= PRESSING or order.due is None or order.assignments[-1].binding:
        return False
    if order.due - order.opened_at <= SOON_DAYS * DAY_MS:
        return kind == "soon-due" and bool(order.reporters)
    assists = order.assignments[-1].assists
    return kind == "plain" or (
        kind == "shared" and bool(assists) and assists[0] in city.hierarchy.below(order.department)
    )
