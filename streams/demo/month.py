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
from typing import Any

import msgspec

from dispatcher.clocks import worktime
from dispatcher.desk import DeskState, decide
from dispatcher.partition.decision import Decision
from dispatcher.partition.state import Meta
from models.city import City, Place
from models.events import DETECTION, REPORT
from models.inbox import InboxRecord
from models.times import DAY_MS, HOUR_MS, MINUTE_MS, from_ms, to_ms, to_text
from streams.demo.habits import HOURS, IN_OFFICE, LIFELIKE
from streams.demo.people import DemoPeople, Reply
from streams.intake.batch import Model, take_in
from streams.intake.drafts import Keys
from streams.intake.history import Line, stamp
from streams.kafka.sending import partition_of
from streams.terminal.feed import Planned

DAYS = 30
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

Event = dict[str, Any]


def month(
    city: City, day: Sequence[Planned], model: Model | None, keys: Keys, until: int, seed: int, days: int = DAYS
) -> Iterator[bytes]:
    """The events of so many days before `until`, ms UTC, oldest first: structured CloudEvents with their times.

    `day` is the city's sample day; the desk decides with `model` and `keys` as the real one will.
    """
    yield from _Month(city, day, model, keys, until, seed, days).lines()


class _Month:
    def __init__(
        self, city: City, day: Sequence[Planned], model: Model | None, keys: Keys, until: int, seed: int, days: int
    ) -> None:
        self._days = days
        self._city, self._model, self._keys, self._until = city, model, keys, until
        self._chance = random.Random(seed)
        paces = {action: hours * HOUR_MS / 1000 for action, hours in HOURS.items()}
        self._people = DemoPeople(seed, HOUR_MS / 1000, LIFELIKE, paces, f"{SOURCE}/people")
        self._begin = until - days * DAY_MS
        self._states = [DeskState(number) for number in range(4)]
        for state in self._states:
            state.meta = Meta(pack=city.digest)
        self._numbers = itertools.count(1)
        self._waiting: list[tuple[int, int, Event | Reply]] = []
        self._places = [each for each in city.places.all if each.lat is not None and each.name_zh and each.name_en]
        self._reports = [each for each in day if each.event.get("type") == REPORT and self._is_good(each.event)]
        detections = [each for each in day if each.event.get("type") == DETECTION]
        self._seen = [each for each in detections if self._is_good(each.event)]
        self._heard = {each.event["data"].get("camera_id") for each in detections}

    def lines(self) -> Iterator[bytes]:
        """Step by step: what comes in or is done, then what it leads to."""
        for at, event in self._arrivals():
            if at >= self._begin:
                heapq.heappush(self._waiting, (at, next(self._numbers), event))
        now = self._begin
        while self._waiting and self._waiting[0][0] < self._until:
            now = max(now + _STEP_MS, self._waiting[0][0])
            made = list(self._due(min(now, self._until - 1)))
            yield from (line.value or b"" for line in made)
            for decision in self._decided(made):
                self._later(decision, now)

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
        gas = [each for each in self._reports if "燃气" in each.event["data"]["text"]]
        yield self._until - _GAS_BEFORE_END, self._report(0, self._chance.choice(gas))[1]

    def _report(self, midnight: int, sample: Planned) -> tuple[int, Event]:
        """One of the sample day's reports again, about another place, at about the same time of day."""
        at = midnight + int((sample.at_s or 0) * 1000) + self._chance.randint(-30, 30) * MINUTE_MS
        data = self._elsewhere(sample.event["data"])
        event = sample.event | {"id": f"m-{next(self._numbers):06d}", "data": data}
        if known := (data.get("reporter") or {}).get("phone"):
            self._people.known_as[event["source"], event["id"]] = known
        return at, event

    def _elsewhere(self, data: dict[str, Any]) -> dict[str, Any]:
        """The same about another place of the city: in its words, its address and its coordinates."""
        there = self._chance.choice(self._places)
        moved = data | {"text": self._renamed(data["text"], there)}
        if place := data.get("location"):
            moved["location"] = (
                {"lat": there.lat, "lon": there.lon}
                if "lat" in place
                else {"address": self._renamed(place["address"], there)}
            )
        return moved

    def _renamed(self, text: str, there: Place) -> str:
        here = self._city.places.find(text)
        if here is None:
            return text
        for old, new in ((here.name_zh, there.name_zh), (here.name_en, there.name_en)):
            text = text.replace(old, new) if old and new else text
        return text

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

    def _decided(self, lines: Sequence[Line]) -> Iterator[Decision]:
        """What the desk makes of them; like the records that history writes."""
        if not lines:
            return
        taken = take_in(lines, self._city, self._model, lines[-1].timestamp, self._keys)
        for each in stamp(taken):
            state = self._states[partition_of(each.area, len(self._states))]
            record = InboxRecord(state.partition, state.meta.next_offset, each.clock, each.items, replayed=True)
            decision = decide(state, [record], {self._city.digest: self._city})
            decision.changes.apply()
            yield decision

    def _later(self, decision: Decision, now: int) -> None:
        """What the people will do about it, and when: who works in an office does so in working time."""
        for reply in self._people.on_decision(decision):
            delay = int(reply.delay * 1000 / (_HURRY if reply.urgent else 1))
            in_office = reply.data["by"]["role"] in IN_OFFICE and not reply.urgent
            at = worktime.add_work(self._city.calendar, now, delay) if in_office else now + delay
            heapq.heappush(self._waiting, (at, next(self._numbers), reply))

    def _is_good(self, event: Event) -> bool:
        """Whether intake takes it: the sample day holds some that it must refuse."""
        whole = {"specversion": "1.0", "time": to_text(self._begin)} | event
        line = Line(SOURCE, 1, self._begin, msgspec.json.encode(whole))
        return bool(take_in([line], self._city, None, self._begin, self._keys).items)
