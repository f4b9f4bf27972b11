"""The Faust app: two tables of absolute, versioned rows, read from the desk's compacted topics.

Faust gives at-least-once and no fencing, so nothing is counted here: of two rows the one that is later in its topic
stays, and it is written back even when nothing changed, which mends a changelog that a zombie overwrote. Whatever
should not happen ends the process; another worker takes over, or the supervisor starts it again.
"""

import asyncio
import errno
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import faust
import msgspec
from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from dispatcher.order.row import Order, Tally
from dispatcher.partition import row_keys
from models.city import City
from streams import metrics
from streams.kafka.clients import HEARTBEATS
from streams.kafka.connection import Connection
from streams.kafka.sizes import FETCH_BYTES, MAX_MESSAGE_BYTES
from streams.kafka.topics import Names
from streams.settings import Settings
from streams.tables import stall_guard, stored_row
from streams.tables.faust_transport import Transport
from streams.tables.outside import standing
from streams.tables.stall_guard import ProgressWatch, StallGuard, leave
from streams.tables.stored_row import ARCHIVED, Kept
from streams.tables.views import PartitionView, Views, decode_order
from streams.tracing.record_spans import begin_record_span
from streams.tracing.tracer import Tracer

log = logging.getLogger(__name__)

# A worker that restores its tables is silent for longer than a desk that decides.
_SESSIONS = 2
# A killed member holds up a rebalance for a session, a second one for another; some time more for a busy machine.
_IDLE_SESSIONS = 5
_LOOK_SECONDS = 5.0
# What a request may take until it is given up, if a session does not last longer: Faust starts with none that does.
_REQUEST_SECONDS = 90.0
_ANSWERS = 2  # requests, one after the other, that a question of the watch may take
# A row is as long as a record may be; what is kept around it comes on top.
_MAX_ROW_BYTES = MAX_MESSAGE_BYTES + 4096
_ROWS_AT_ONCE = 200
_ROCKS = {"driver": "rocksdict", "block_cache_size": 64 * 1024 * 1024}
_OF_THE_DISK = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO))
_tallies = msgspec.json.Decoder(Tally)


class Tables:
    """The tables of one worker process, in one build of them. `app` is the Faust service to start and stop."""

    def __init__(
        self, settings: Settings, city: City, folder: str, build: int = 1, tracer: Tracer | None = None
    ) -> None:
        self._tracer = tracer
        self._folder = folder
        self.build = build
        self._names = Names(settings.namespace)
        self.views = Views(city.zone)
        self.guard = StallGuard(session_seconds(settings))
        self._answer_seconds = _ANSWERS * request_seconds(settings)
        self._progress = ProgressWatch(_IDLE_SESSIONS * session_seconds(settings))
        self._taken = 0
        self.app = _faust_app(settings, folder, build)
        self.app.transport = Transport(self.app.conf.broker_consumer, self.app)
        self._memory = settings.tables_store == "memory"
        self._orders = self._table("orders", settings)
        self._figures = self._table("figures", settings)
        self._agent("orders", self._take_order, self._names.desk, self._names.archive)
        self._agent("figures", self._take_figures, self._names.figures)
        self.app.on_partitions_assigned.connect(self._assigned)

    def _table(self, name: str, settings: Settings) -> Any:
        table = self.app.Table(
            name,
            key_type=bytes,
            value_type=bytes,
            partitions=settings.partitions,
            options=None if self._memory else _ROCKS,
            extra_topic_configs={"max.message.bytes": _MAX_ROW_BYTES},
        )
        table.on_recover(self._recovered)
        return table

    def _agent(self, name: str, take: Any, *topics: str) -> None:
        """Have each row of these topics taken, one by one. One that cannot be kept ends the process."""
        source = self.app.topic(
            *topics, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", allow_empty=True
        )

        fresh = metrics.TABLES_FRESH_SECONDS.labels(name)

        async def keep(stream: Any) -> None:
            async for event in stream.events():
                message = event.message
                span = None if self._tracer is None else begin_record_span(self._tracer, "tables", message)
                try:
                    take(message.topic, message.key.decode(), message.value, message.partition, message.offset)
                except Exception as error:
                    where = f"{message.topic}-{message.partition} at {message.offset}"
                    self.leave_for_files(error)
                    # The topic is our own: a row that is none means that somebody else wrote to it, or a bug.
                    log.exception("a row that cannot be kept")
                    leave(stall_guard.POISON, f"{where} holds a row that cannot be kept: {type(error).__name__}")
                self._taken += 1
                fresh.observe(max(0.0, time.time() - message.timestamp))
                if span is not None:
                    span.end()

        self.app.agent(source, name=f"keep-{name}", concurrency=1)(keep)
        self.app.transport.kept_in |= dict.fromkeys(topics, self._names.tables_changelog(name, self.build))

    # Rows come in

    def _take_order(self, topic: str, key: str, row: bytes | None, partition: int, offset: int) -> None:
        if standing.is_wanted(key):
            self._take_standing(key, row, partition, offset)
            return
        tally = row_keys.is_tally(key)
        if not tally and not row_keys.is_order(key):
            return
        if row is None:
            # An order that leaves the desk's changelog is in the archive since the same transaction, as it was then.
            if tally and self._orders.get(key.encode()) is not None:
                self.guard.check()
                del self._orders[key.encode()]
            return
        place = ARCHIVED if topic == self._names.archive else offset
        incoming = Kept(partition, place, stored_row.order_version(key, row), msgspec.Raw(row))
        if (self._put(self._orders, key, incoming)) is incoming and partition in self.views.ready:
            self.views.ready[partition].put_order(key, incoming)

    def _take_standing(self, key: str, row: bytes | None, partition: int, offset: int) -> None:
        kept_as = stored_row.key_in_partition(key, partition)
        view = self.views.ready.get(partition)
        if row is not None and standing.stands(key, row):
            # There is no version in it: a record that is read again is followed by those that came after it.
            incoming = Kept(partition, offset, 0, msgspec.Raw(row))
            if self._put(self._orders, kept_as, incoming) is incoming and view is not None:
                view.put_order(kept_as, incoming)
        elif self._orders.get(kept_as.encode()) is not None:
            self.guard.check()
            del self._orders[kept_as.encode()]
            if view is not None:
                view.standing.drop(key)

    def _take_figures(self, topic: str, key: str, row: bytes | None, partition: int, offset: int) -> None:
        if row is None:
            raise ValueError(f"{topic} holds a tombstone")
        incoming = Kept(partition, offset, stored_row.figure_version(key, row), msgspec.Raw(row))
        if self._put(self._figures, key, incoming) is incoming and partition in self.views.ready:
            self.views.ready[partition].put_figures(key, incoming)

    def _put(self, table: Any, key: str, incoming: Kept) -> Kept:
        row = stored_row.later(table.get(key.encode()), incoming)
        self.guard.check()
        table[key.encode()] = stored_row.encode(row)
        metrics.TABLES_ROWS.labels(table.name).inc()
        return row

    # Partitions come and go

    @property
    def owned(self) -> frozenset[int]:
        """The partitions of both tables that the group has given to this worker."""
        actives: set[TP] = self.app.assignor.assigned_actives()
        sources = {self._names.desk, self._names.figures}
        found = [frozenset(tp.partition for tp in actives if tp.topic == source) for source in sources]
        return frozenset.intersection(*found)

    @property
    def partitions(self) -> Mapping[int, PartitionView]:
        """The partitions that this worker can answer for now."""
        owned = self.owned
        return {number: view for number, view in self.views.ready.items() if number in owned}

    @property
    def behind(self) -> list[int] | str:
        """The owned partitions that cannot be answered for yet; `all` before the group has given any."""
        if self.app.rebalancing or self.app.consumer_generation_id == 0:
            return "all"
        return sorted(self.owned - self.views.ready.keys())

    async def _assigned(self, *_: object, **__: object) -> None:
        # Not only when all is recovered: a recovery that another rebalance interrupts never comes to that, and a
        # partition that was away in between would come back with a view that missed what was written meanwhile.
        self.views.keep_only(self.owned)

    async def _recovered(self) -> None:
        # Faust calls this for each table, when all of them are recovered and before new rows flow.
        try:
            await self.views.make(self.owned, self._rows(self._orders), self._rows(self._figures))
        except Exception as error:
            self.leave_for_files(error)
            log.exception("the views cannot be made")
            leave(stall_guard.POISON, f"the tables hold a row that cannot be read: {type(error).__name__}")

    def leave_for_files(self, error: BaseException | None) -> None:
        """Leave where it is the disk, or the files of the tables, that are bad."""
        if fault := file_fault(error, self._folder):
            leave(*fault)

    def _rows(self, table: Any) -> Iterable[tuple[bytes, bytes]]:
        return list(table.items()) if self._memory else table.items()

    async def beat(self) -> None:
        """Keep the stall guard quiet for as long as the event loop turns; from before the app starts until cancelled.

        It is no task of the app's: Faust starts those only after the tables are recovered, which may rightly take
        longer than a session (a killed member's partitions are given away only when its session has ended).
        """
        while True:
            self.guard.beat()
            await asyncio.sleep(1.0)

    async def watch(self) -> None:
        """Leave when work waits and none is done for a minute; until cancelled. While no broker answers nothing waits:
        a worker goes on answering with what it has."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                async with asyncio.timeout(self._answer_seconds):
                    waiting = await self._waiting()
            except TimeoutError:
                waiting = "the consumer's thread"
            except KafkaError as error:
                log.debug("what waits cannot be told: %r", error)
                waiting = ""
            except ConsumerNotStarted:
                waiting = "the consumer's start"
            # None of those of which Faust has not asked yet where they begin.
            restored = sum(filter(None, self.app.tables.recovery.active_offsets.values()))
            self._progress.look((self._taken, self.views.rows_read, restored, self.owned), waiting)

    async def _waiting(self) -> str:
        unfinished = await self.app.consumer.unfinished()  # first: where no broker answers nothing comes, nor waits
        if behind := self.behind:
            return f"partitions still to come ({behind})"
        return ", ".join(f"{left} offsets of {tp.topic}/{tp.partition}" for tp, left in unfinished.items() if left)

    # Rows go out

    def order(self, order_id: str) -> Order | None:
        """An order's row as it is kept now."""
        value = self._orders.get(order_id.encode())
        return None if value is None else decode_order(bytes(stored_row.decode(value).row))

    def tally(self, order_id: str) -> Tally | None:
        """How often the order's incident was seen again."""
        value = self._orders.get(row_keys.tally(order_id).encode())
        return None if value is None else _tallies.decode(bytes(stored_row.decode(value).row))

    async def marks(self, name: Literal["orders", "figures"]) -> dict[int, dict[str, str]]:
        """The marks of all rows that a table holds, for each partition that can be answered for. Of orders only those
        that lists show in the same version."""
        found: dict[int, dict[str, str]] = {number: {} for number in self.partitions}
        for count, (raw, value) in enumerate(self._rows(self._orders if name == "orders" else self._figures)):
            key, row = raw.decode(), stored_row.decode(value)
            shown: Kept | None = row if name == "figures" else self._shown(key, row)
            if shown is not None and row.partition in found:
                found[row.partition][key] = stored_row.mark(shown.version, bytes(shown.row))
            if count % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    def _shown(self, key: str, row: Kept) -> Kept | None:
        if row_keys.is_tally(key):
            return row
        view = self.views.ready.get(row.partition)
        seq = None if view is None else view.orders.seq(key)
        if seq != row.version and (value := self._orders.get(key.encode())) is not None:
            row = stored_row.decode(value)  # it may have come since these rows were begun with
        return row if seq == row.version else None


def file_fault(error: BaseException | None, folder: str) -> tuple[str, str] | None:
    """Cause and sentence where RocksDB, which has one class for all that fails, could not read or write its files in
    the folder; None for all else."""
    said = str(error)
    if said.startswith("Corruption"):
        what = f"the files in {folder} are damaged: remove that folder, and the worker makes it anew from Kafka: {said}"
        return stall_guard.DAMAGED, what
    if said.startswith("IO error") or (isinstance(error, OSError) and error.errno in _OF_THE_DISK):
        return stall_guard.DISK, f"the files in {folder} could not be written or read: {said}"
    return None


def session_seconds(settings: Settings) -> float:
    """How long a worker may be silent until its partitions are another's."""
    return _SESSIONS * settings.session_timeout_ms / 1000


def request_seconds(settings: Settings) -> float:
    """How long a request may take until it is given up."""
    return max(_REQUEST_SECONDS, session_seconds(settings))


def _faust_app(settings: Settings, folder: str, build: int) -> Any:
    return faust.App(
        Names(settings.namespace).tables_group(),
        version=build,
        **Connection.of(settings).faust_options(),
        store="memory://" if settings.tables_store == "memory" else "rocksdb://",
        datadir=folder,
        autodiscover=False,
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        topic_disable_leader=True,
        table_standby_replicas=0,
        broker_request_timeout=request_seconds(settings),
        broker_session_timeout=session_seconds(settings),
        broker_heartbeat_interval=session_seconds(settings) / HEARTBEATS,
        broker_commit_interval=1.0,
        broker_max_poll_records=2000,
        broker_check_crcs=False,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=FETCH_BYTES,
        producer_max_request_size=_MAX_ROW_BYTES + 4096,
        # One request for many small rows: without it each row is a request of its own.
        producer_linger=0.02,
        producer_max_batch_size=256 * 1024,
        stream_wait_empty=False,
    )
