"""Faust's transport, changed so that it reads what transactions write.

Faust 0.15 reads uncommitted records, and its count of done offsets stops at the first gap that a transaction's marker
leaves. These classes replace three private methods of Faust and one field of aiokafka;
`tests/unit/test_faust_driver.py` fails when an upgrade moves them.
"""

from collections.abc import Mapping
from typing import Any

from faust.transport.drivers import aiokafka as driver


class ReadCommittedThread(driver.AIOKafkaConsumerThread):
    """The thread that polls Kafka: it never sees an aborted or an open transaction's records."""

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer


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
        driver.AIOKafkaConsumerThread: ("_create_worker_consumer",),
        driver.Consumer: ("_new_consumer_thread", "_add_gap", "_new_offset"),
        driver.Transport: ("Consumer",),
    }
