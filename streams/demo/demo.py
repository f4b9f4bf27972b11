"""The demo: the sample day is fed, what becomes of it watched and shown, and made-up people answer."""

import asyncio
import heapq
import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer, ConsumerRecord
from rich.live import Live

from dispatcher.order.facts import Fact, from_wire
from models.envelope import CE_TIME, event_type, header_map, to_binary
from models.errors import UsageError
from models.events import REPORT, UPDATE
from models.times import from_text, now_ms
from streams.demo.counts import DemoCounts
from streams.demo.fleet import REPORT_SECONDS, DemoFleet
from streams.demo.habits import LIVE, LIVE_SECONDS
from streams.demo.month import DAYS
from streams.demo.people import DemoPeople, Reply
from streams.demo.picture import picture
from streams.demo.retold import Retold, reporter_of
from streams.demo.silenced import set_silences
from streams.demo.waits import DemoError, DemoWait
from streams.kafka.backlog import Backlog
from streams.kafka.clients import follower, started, writer
from streams.kafka.connection import Connection
from streams.kafka.topics import Names
from streams.local.system import System
from streams.tasks import race
from streams.terminal.console import Console
from streams.terminal.feed import SOURCE, Planned, as_record, feed, read_events, scheduled
from streams.terminal.gateway_client import StatusError, ask_status
from streams.terminal.harmless import say
from streams.terminal.status_table import status_table

FEED_SECONDS = 25.0
# Where the output is no terminal, which would say how wide it is.
_WIDTH = 116
# A machine may be busy with other things: so long each wait lasts in which nothing goes on. Nothing tells how far the
# start is.
_START_SECONDS = 240.0
_MONTH_SECONDS = 120.0
_DECIDED_SECONDS = 60.0
_STATUS_SECONDS = 60.0
# When every event is decided the people still have this long to close what they hold.
_PEOPLE_SECONDS = 5.0
_PACE_SECONDS = 1.0
# Between two reports once the sample day is over.
_BETWEEN_SECONDS = (4.0, 20.0)


def read_day(path: Path) -> list[Planned]:
    """The sample day. Raises UsageError when the city has none, or one that cannot be read."""
    if not path.is_file():
        raise UsageError(f"the city pack has no sample day ({path.name}): the demo needs the demo city")
    return list(read_events(path))


class Demo:
    """Feeds, watches, answers and shows, all at once."""

    def __init__(self, system: System, day: list[Planned], seconds: float, seed: int, since: int) -> None:
        """`since` (ms UTC) is when the demo begins: what is older was done before, and is shown by its figures only."""
        self._system, self._since = system, since
        self._names = Names(system.settings.namespace)
        self._day = day
        self._faster = max(each.at_s or 0.0 for each in day) / seconds
        senders = {each.event.get("source", SOURCE) for each in day}
        self._chance = random.Random(seed)
        self._people = DemoPeople(seed, _PACE_SECONDS, LIVE, LIVE_SECONDS, senders=senders)
        self._fleet = DemoFleet(system.city, seed)
        for each in day:
            if known := reporter_of(each.event):
                self._people.known_as[each.event["source"], each.event["id"]] = known
        self._counts = DemoCounts(total=len(day))
        self._waiting: list[tuple[float, int, Reply]] = []
        self._order = itertools.count()

    async def run(self, stay: bool) -> None:
        """Until all is decided, or with `stay` until it is cancelled; the final picture stays on the screen."""
        console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
        hint = "Ctrl-C stops everything." if stay else "Ends by itself."
        say(f"To join in from another terminal: {self._system.joining}")
        connection = Connection.of(self._system.settings)
        async with (
            started(writer(connection)) as producer,
            Backlog(self._system.settings) as backlog,
        ):
            with Live(console=console, refresh_per_second=4, get_renderable=lambda: self._picture(hint)):
                await race(
                    self._watch(connection),
                    self._answer(producer),
                    self._drive(producer),
                    self._decide(connection, backlog, producer, stay),
                )
        await self._show_status(console)

    async def _show_status(self, console: Console) -> None:
        """Print the status that the gateway gives as soon as it has caught up with the log, and keep it in a file."""
        closed = len(self._counts.settled_ever)
        waiting = DemoWait(_STATUS_SECONDS, "a complete status")
        while not (status := await asyncio.to_thread(self._ask_status)) or status["city"]["closed"] < closed:
            waiting.see(closed - status["city"]["closed"] if status else None)
            await asyncio.sleep(0.25)
        (self._system.settings.data / "status.json").write_text(json.dumps(status, ensure_ascii=False, indent=1))
        console.print()  # a picture that is not drawn over ends without a line break
        console.print(status_table(status, console))

    def _ask_status(self) -> dict[str, Any] | None:
        """The status of the month before and of today; None while it cannot be had whole."""
        today = datetime.now(self._system.city.zone).date()
        asked = {"from": str(today - timedelta(days=DAYS + 1)), "to": str(today)}
        try:
            status = ask_status(self._system.settings, "", asked)
        except StatusError:  # not up yet: asked again, until time is over
            return None
        return status if status["complete"] else None

    def _picture(self, hint: str) -> Any:
        return picture(self._counts, self._system.city, self._system.settings.gateway_url, hint)

    async def _feed(self, connection: Connection, backlog: Backlog) -> None:
        """Send the day as soon as the stages are at work, so much faster; each event happens when it is sent."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                await backlog.stages_at_work()
        except TimeoutError:
            raise DemoError(
                f"starting intake and desk took more than {_START_SECONDS:.0f} s: see the logs in the data folder"
            ) from None
        waiting = DemoWait(_MONTH_SECONDS, "deciding the month before")
        while (left := await backlog.measure()) != 0:
            waiting.see(left)
            await asyncio.sleep(0.25)
        await set_silences(self._system.settings, self._system.city, now_ms())
        self._counts.began_ms = now_ms()

        def sent() -> None:
            self._counts.sent += 1

        await feed(connection, self._names, scheduled(self._day, None, self._faster), sent)

    async def _watch(self, connection: Connection) -> None:
        """Count every fact and tell the people of every fact and assignment."""
        departments = {self._names.assignments(each): each for each in self._system.city.departments}
        topics = (*departments, self._names.orders)
        async with started(follower(connection, *topics, auto_offset_reset="earliest")) as consumer:
            async for record in consumer:
                self._later(self._replies(record, departments.get(record.topic)))

    def _replies(self, record: ConsumerRecord, department: str | None) -> Iterator[Reply]:
        kind = event_type(record.headers)
        before = from_text(header_map(record.headers)[CE_TIME].decode()) <= self._since
        if department is not None:
            if before:
                return iter(())
            return self._people.on_assignment(department, kind, json.loads(record.value))
        fact = from_wire(kind, record.value)
        if not isinstance(fact, Fact):
            return iter(())
        self._counts.settle(fact)
        if before:
            return iter(())
        self._counts.add(fact, record.timestamp)
        self._fleet.on_fact(fact)
        return self._people.on_fact(fact)

    def _later(self, replies: Iterator[Reply]) -> None:
        for reply in replies:
            heapq.heappush(self._waiting, (time.monotonic() + reply.delay, next(self._order), reply))

    async def _answer(self, producer: AIOKafkaProducer) -> None:
        """Send what the people do when its time has come."""
        while True:
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, reply = heapq.heappop(self._waiting)
                if self._people.is_moot(reply):
                    continue
                headers, value = to_binary(self._people.event(reply, now_ms()))
                topic = self._names.updates if reply.kind == UPDATE else self._names.detections
                await producer.send_and_wait(topic, value, key=reply.data["order_id"].encode(), headers=headers)
            await asyncio.sleep(0.05)

    async def _drive(self, producer: AIOKafkaProducer) -> None:
        """Let the mobile units say where they are, time and again."""
        while True:
            for event in self._fleet.reports(now_ms()):
                headers, value = to_binary(event)
                await producer.send_and_wait(self._names.units, value, key=event.source.encode(), headers=headers)
            await asyncio.sleep(REPORT_SECONDS)

    async def _measure(self, backlog: Backlog, feeding: "asyncio.Task[None]") -> None:
        """Keep the backlog up to date until a measurement begun after the last event finds none."""
        waiting: DemoWait | None = None
        while waiting is None or self._counts.backlog != 0:
            await asyncio.sleep(0.25)
            if waiting is None and feeding.done():
                waiting = DemoWait(_DECIDED_SECONDS, "deciding every event")
            found = await backlog.measure()
            if found is not None:
                self._counts.backlog = found if waiting else max(found, 1)
            if waiting is not None:
                waiting.see(found)

    async def _go_on(self, producer: AIOKafkaProducer) -> None:
        """Send now and then one more of the day's reports, about another place, for ever."""
        retold = Retold(self._system.city, self._chance)
        samples = [each for each in self._day if each.event.get("type") == REPORT and reporter_of(each.event)]
        for number in itertools.count(1):
            await asyncio.sleep(self._chance.uniform(*_BETWEEN_SECONDS))
            sample = self._chance.choice(samples)
            event = retold.report(sample, f"later-{number}")
            self._people.known_as[event["source"], event["id"]] = reporter_of(event)
            key, value, headers = as_record(msgspec.structs.replace(sample, event=event), now_ms())
            await producer.send_and_wait(self._names.reports, value, key=key, headers=headers)

    async def _decide(self, connection: Connection, backlog: Backlog, producer: AIOKafkaProducer, stay: bool) -> None:
        """Return when the day is sent and decided, and the people have had their time; with `stay` never."""
        feeding = asyncio.create_task(self._feed(connection, backlog))
        measuring = asyncio.create_task(self._measure(backlog, feeding))
        try:
            await feeding
            await measuring
            await asyncio.sleep(_PEOPLE_SECONDS)
            if stay:
                await self._go_on(producer)
        finally:
            feeding.cancel()
            measuring.cancel()
            await asyncio.gather(feeding, measuring, return_exceptions=True)
