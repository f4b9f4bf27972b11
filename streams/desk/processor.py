"""The desk on the transactional stage: inbox in, facts, assignments and rows out, all or nothing.

Everything that inbox partition n leads to in the logs and changelogs goes to their partition n; an assignment goes to
the only partition of its department's topic, a task to that of its unit's, what a camera is asked to that of the
camera's id, and what another desk is asked of the other side of a border to its partition of the inbox.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat

from aiokafka import ConsumerRecord
from msgspec import UNSET
from msgspec.structs import replace

from dispatcher.desk import DeskState, decide
from dispatcher.order import facts
from dispatcher.partition import row_keys
from dispatcher.partition.decision import Decision, failed_rows
from dispatcher.partition.kept_orders import Packing
from dispatcher.partition.state import Meta
from models.inbox import (
    InboxRecord,
    InboxUpdate,
    Item,
    LiveSilence,
    PackChange,
    Sighting,
    Tick,
    clock_headers,
    encode_items,
    read_record,
)
from models.sealed_words import key_names
from models.times import now_ms
from streams import metrics
from streams.control.packs import Packs
from streams.control.silences_followed import FollowedSilences
from streams.dead_letters.letter import INTERNAL, OTHER_CONTENT, of_item, of_record
from streams.desk import counting
from streams.desk.words_end import EndingChanges, WordsEnd
from streams.erasure.report_keys import ReportKeys
from streams.kafka.log_reading import Row
from streams.kafka.sending import Send, partition_of
from streams.kafka.topics import Names
from streams.stage.processing import BROUGHT_BACK, StageError
from streams.stage.same_time import SameTime
from streams.tracing.item_spans import NO_ITEM_SPANS, ItemSpans, begin_item_spans
from streams.tracing.tracer import Tracer

NewestFact = Callable[[int], Awaitable[facts.Fact | None]]  # of a partition's log; None where there is none

_WATCHES = row_keys.watch("").encode()


@dataclass(frozen=True, slots=True)
class DeskOutcome:
    """A decision and the records that make it true, with the ends of words that change."""

    decision: Decision
    sends: list[Send]
    endings: EndingChanges = field(default_factory=dict)
    spans: ItemSpans = NO_ITEM_SPANS


class DeskProcessor:
    """The desk's work on one inbox partition."""

    lookout = None  # what is urgent has come by the lane already

    def __init__(
        self,
        names: Names,
        partition: int,
        partitions: int,
        packs: Packs,
        same_time: SameTime,
        keys: ReportKeys | None = None,
        silences: FollowedSilences | None = None,
        tracer: Tracer | None = None,
        newest_fact: NewestFact | None = None,
    ) -> None:
        self._newest_fact = newest_fact
        self._tracer = tracer
        self._silences = silences or FollowedSilences()
        self._names = names
        self._keys = keys
        self._words_end = None if keys is None else WordsEnd(names, partition, keys)
        self._same_time = same_time
        self._tick_sent = 0  # when the last one was made, ms UTC
        self._partition, self._partitions = partition, partitions
        self._packs = packs
        self._packing = Packing()
        self._state = self._fresh()
        self._logs = {
            "orders": names.orders,
            "outcomes": names.outcomes,
            "notices": names.notices,
            "upward": names.upward,
            "rechecks": names.rechecks,
            "archive": names.archive,
        }
        self._own = {"assignments": names.assignments, "tasks": names.tasks}
        self._places: dict[str, tuple[str, int | None]] = {}  # of a city's departments, units and areas
        self.changelogs: tuple[str, ...] = (names.desk, names.figures)

    @property
    def urgent_offset(self) -> int:
        """The next offset of the urgent lane."""
        return self._state.meta.urgent_offset or 0

    @property
    def patient(self) -> bool:
        """Whether what it decides is replayed: that was over long ago, and nobody waits for it."""
        return self._state.meta.replayed

    def held(self, key: str, row: bytes) -> bytes:
        """The row as it waits for `load`: an order's packed, as the state keeps it, all others as they are."""
        return self._packing.packed(row) if row_keys.is_order(key) else row

    async def load(self, rows: Mapping[str, list[Row]]) -> int | None:
        """Restore the state; None when nothing says where it goes on. Raises StageError when its figures or its newest
        part are gone, and KafkaError."""
        desk, figures = rows[self._names.desk], rows[self._names.figures]
        if self._keys is not None:
            await self._keys.catch_up()  # a former desk of this partition may have set ends of words
        if all(key != row_keys.META for key, _ in reversed(desk)):  # rows without it are of a repair, and no state
            self._state = self._fresh()
            return None
        fact = await self._newest_fact(self._partition) if self._newest_fact is not None else None
        # A load that is cancelled goes on in its thread, and no two threads may pack or unpack with the same.
        packing, self._packing = self._packing, Packing()
        # Beside the event loop: a hundred thousand rows take seconds, and the group waits for heartbeats.
        self._state = await asyncio.to_thread(DeskState.restore, self._partition, _drained(desk), figures, packing)
        # Fact and row become true together. A state without the newest fact, which a broker has lost or somebody has
        # replaced by an older copy, would decide anew what everybody has heard.
        if fact is not None and not facts.is_in(fact, self._state.orders.get(fact.order_id)):
            raise StageError(
                f"{self._names.desk}/{self._partition} lacks fact {fact.seq} of {fact.order_id}, which is in "
                f"{self._names.orders}: it has lost its newest records, or is an older copy; {BROUGHT_BACK}"
            )
        self._check_figures()
        gc.freeze()  # what was restored stays: a full collection would look through all of it, time and again
        return self._state.meta.next_offset

    def _check_figures(self) -> None:
        """Raises StageError when the rows of the two changelogs are not of the same moment: from figures that are older
        it would go on counting, and what it has counted without knowing it would count a second time."""
        desk, figures = (f"{topic}/{self._partition}" for topic in self.changelogs)
        state = self._state
        booked = state.meta.booked
        if booked is UNSET:  # a version wrote it that did not count
            booked = max(state.booked, 1 if len(state.orders) else 0)
        if state.booked < booked:
            lost = "holds no figure of what is in" if not state.figures else "lacks the newest figures of what is in"
            raise StageError(
                f"{figures} {lost} {desk}: it was made anew, has lost its newest records, or is an older copy; "
                "`paidan audit --repair` books them anew"
            )
        if state.booked > booked:
            raise StageError(
                f"{desk} is older than {figures}: it has lost its newest records, none of them of a fact, or is an "
                "older copy; `paidan audit --repair` takes back what was counted since, to be decided again"
            )

    async def decide(self, records: Sequence[ConsumerRecord]) -> DeskOutcome:
        """Decide on a batch of records of the urgent lane and the inbox; where a pack that is to decide cannot be had,
        wait for it. Raises StageError when Kafka's clock is ahead of this machine's."""
        now = now_ms()
        wanted = [self._state.meta.pack]
        inbox: list[InboxRecord] = []
        dead: list[Send] = []
        for record in records:
            read, error = read_record(record, urgent=record.topic == self._names.urgent)
            if not read.replayed:
                self._same_time.taken_in(read.clock, now)
            if error:
                dead.append(of_record(self._names, record, "not-an-inbox-record", error))
            wanted += [item.digest for item in read.items if isinstance(item, PackChange)]
            inbox.append(read)
        cities = await self._packs.awaited(wanted)
        spans = NO_ITEM_SPANS if self._tracer is None else begin_item_spans(self._tracer, records, inbox)
        decision = decide(self._state, inbox, cities)
        metrics.CORE_ERRORS.labels("timer").inc(decision.quarantined)
        for failure in decision.failures:
            metrics.CORE_ERRORS.labels("item").inc()
            dead.append(of_item(self._names, self._partition, failure, decision.clock, INTERNAL))
        for usurper in decision.usurpers:
            metrics.DEAD_LETTERS.labels(OTHER_CONTENT).inc()
            dead.append(of_item(self._names, self._partition, usurper, decision.clock, OTHER_CONTENT))
        sends = self._sends(decision, spans)
        if self._keys is not None:
            # What is set aside may be tried again: then its words are still wanted.
            ended = [] if dead else self._unkept_words(inbox, sends, self._keys)
            sends = [*await self._in_the_clear(sends, self._keys), *ended]
        endings: EndingChanges = {}
        if self._words_end is not None:
            endings = await self._words_end.changes(decision, cities[decision.changes.meta.pack])
            sends += self._words_end.sends(endings, decision.clock)
        return DeskOutcome(decision, [*sends, *dead], endings, spans)

    async def _in_the_clear(self, sends: list[Send], keys: ReportKeys) -> list[Send]:
        """The same with the words opened in what departments and mobile units get, and nowhere else."""
        told = self._names.assignments(""), self._names.tasks("")
        to_open = [send.topic.startswith(told) and bool(key_names(send.value or b"")) for send in sends]
        if not any(to_open):
            return sends
        await keys.catch_up()
        return [
            replace(send, value=keys.opened(send.value)) if asked and send.value else send
            for send, asked in zip(sends, to_open, strict=True)
        ]

    def _unkept_words(self, inbox: Sequence[InboxRecord], sends: Sequence[Send], keys: ReportKeys) -> list[Send]:
        """Tombstones for the keys of sealed words that nothing keeps after this batch.

        Looked at are the words that came with the batch, of sightings and of steps, and those of what was watched where
        it changes. Kept are words that stand in a fact or in what goes on being watched. So the rest is of repeats, of
        what a control zone has swallowed or what was watched in vain, and of steps that were refused. What a parent
        incident covers is its evidence: that stands in a fact, whatever becomes of it."""
        changed = [(send.key or b"").removeprefix(_WATCHES).decode() for send in sends if self._is_watch(send)]
        before = [self._state.watches.get(name) for name in changed if not row_keys.is_covered(name)]
        came = [item for each in inbox for item in each.items if isinstance(item, Sighting)]
        said = [item.text for item in (*came, *(one for each in before if each for one in each.seen)) if item.gist]
        steps = [item for each in inbox for item in each.items if isinstance(item, InboxUpdate)]
        said += [text for step in steps for text in (step.reason, *step.evidence_urls)]
        unkept = key_names("\n".join(said).encode())
        if unkept:
            kept = [send.value or b"" for send in sends if send.topic == self._names.orders or self._is_watch(send)]
            unkept -= key_names(b"\n".join(kept))
        return [Send(self._names.report_keys, name.encode(), None, keys.partition_of(name)) for name in sorted(unkept)]

    def _is_watch(self, send: Send) -> bool:
        """Whether a record is the row of something that is watched."""
        return send.topic == self._names.desk and (send.key or b"").startswith(_WATCHES)

    def settle(self, outcome: DeskOutcome) -> None:
        """The outcome is committed: merge its changes into the state."""
        outcome.decision.changes.apply()
        counting.count(outcome.decision.records, self._state.orders)
        if self._words_end is not None:
            self._words_end.settle(outcome.endings)
        outcome.spans.end()

    def due(self) -> int | None:
        """The earliest timer or end of words; at once while another city pack than this process's own is in force and
        none was ever published, or a silence was set or changed. After a replayed record time goes on with the next
        record, not with the wall's clock.
        """
        if self._began_with_another or self._unheard:
            return 0
        if self._state.meta.replayed:
            return None
        ending = None if self._words_end is None else self._words_end.next_at
        return min((at for at in (self._state.next_due, ending) if at is not None), default=None)

    @property
    def _began_with_another(self) -> bool:
        """Whether a former desk's folder has decided so far. Once a pack was published, no folder decides any more."""
        return not self._state.meta.publication and self._state.meta.pack != self._packs.own.digest

    @property
    def _unheard(self) -> tuple[LiveSilence, ...]:
        """Silences as they are now, of which the inbox does not tell yet."""
        return self._silences.unlike(self._state.silences, self._state.meta.clock)

    def tick(self) -> Send:
        """Tell the own inbox partition the time, or what holds from there on: a new city pack, silences."""
        self._tick_sent = now_ms()
        items: list[Item] = [PackChange(self._packs.own.digest)] if self._began_with_another else []
        items += self._unheard
        meta = self._state.meta
        headers = clock_headers(meta.clock) if meta.replayed else ()
        return Send(self._names.inbox, b"", encode_items(items or [Tick()]), self._partition, headers)

    def ticked(self, at: int) -> None:
        """Raises StageError when Kafka's clock and this machine's differ."""
        self._same_time.just_now(at, self._tick_sent, now_ms())

    def _fresh(self) -> DeskState:
        """A partition that nobody has worked on: the first pack decides until the inbox names another."""
        state = DeskState(self._partition)
        state.meta = Meta(pack=self._packs.first)
        return state

    def _sends(self, decision: Decision, spans: ItemSpans) -> list[Send]:
        """A decision as records of Kafka: what it says to others, then the changed rows of the two changelogs."""
        n = self._partition
        sends = []
        carried = spans.carried(decision.records) if spans else repeat(())
        for out, more in zip(decision.records, carried, strict=False):
            place = self._places.get(out.topic)
            topic, part = place or self._place(out.topic)
            if topic == self._names.inbox and part == n:
                continue  # what it would tell itself it knows
            headers = (*out.headers, *more) if more else out.headers
            sends.append(Send(topic, out.key.encode(), out.value, part, headers))
        sends.extend(
            Send(self._names.desk, key.encode(), value, n, spans.of_row(key)) for key, value in decision.rows.items()
        )
        sends.extend(Send(self._names.figures, key.encode(), value, n) for key, value in decision.figures.items())
        if decision.failures:
            # The dead letters are deleted after a while; the audit must know for ever what changed nothing.
            failed = failed_rows(decision.failures)
            sends.extend(Send(self._names.desk, key.encode(), value, n) for key, value in failed.items())
        return sends

    def _place(self, logical: str) -> tuple[str, int | None]:
        """The topic and the partition of what the core says, to be found again; None: the key says which partition."""
        kind, _, whose = logical.partition("/")
        place: tuple[str, int | None]
        if kind == "inbox":
            place = self._names.inbox, partition_of(whose, self._partitions)
        elif kind == "rechecks":  # what one camera is asked stands together, whatever the areas in which it sees things
            place = self._logs[kind], None
        else:
            place = (self._own[kind](whose), 0) if whose else (self._logs[kind], self._partition)
        self._places[logical] = place
        return place


def _drained(rows: list[Row]) -> Iterator[Row]:
    """The rows in their order, each let go of once it is taken: a million of them shall not be in memory twice."""
    rows.reverse()
    while rows:
        yield rows.pop()
