"""Faust's transport, changed so that it reads what transactions write.

Faust 0.15 reads uncommitted records, and its count of done offsets stops at the first gap that a transaction's marker
leaves. These classes replace some private methods of Faust and one field of aiokafka;
`tests/slow/test_faust_driver.py` fails when an upgrade moves them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from faust.transport.drivers import aiokafka as driver


class ReadCommittedThread(driver.AIOKafkaConsumerThread):
    """The thread that polls Kafka: it never sees an aborted or an open transaction's records."""

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer

    async def _fetch_records(self, *args: Any, **options: Any) -> dict[Any, list[Any]]:
        records = await super()._fetch_records(*args, **options)
        return {tp: newest_of_each_key(batch) for tp, batch in records.items()}


def newest_of_each_key(records: Sequence[Any]) -> list[Any]:
    """Records without those that a later one with the same key replaces, in the order of their offsets.

    All topics that are read here are compacted: the broker may leave these records out as well. A worker that lags
    behind so catches up many times faster, because busy rows are written once for hundreds of their versions.
    """
    newest = {record.key: record.offset for record in records}
    return [record for record in records if newest[record.key] == record.offset]


class InOrderConsumer(driver.Consumer):
    """Commits the highest offset that was handled.

    That is right only where each topic has one agent with concurrency 1: then nothing below it is still in work.
    """

    def _new_consumer_thread(self) -> ReadCommittedThread:
        return ReadCommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Gaps need no book: what was acknowledged is in order."""

    def _new_offset(self, tp: Any) -> int | None:
        acked = self._acked[tp]
        if not acked:
            return None
        highest = max(acked)
        acked.clear()
        self._acked_index[tp].clear()
        return int(highest) + 1


class Transport(driver.Transport):
    """Set it as `app.transport` before the app starts."""

    Consumer = InOrderConsumer

    # What is replaced here, as Faust and aiokafka must still have it: class → names.
    REPLACED: Mapping[type, tuple[str, ...]] = {
        driver.AIOKafkaConsumerThread: ("_create_worker_consumer", "_fetch_records"),
        driver.Consumer: ("_new_consumer_thread", "_add_gap", "_new_offset"),
        driver.Transport: ("Consumer",),
    }
