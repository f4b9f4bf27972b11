"""What the desk writes of the ends of words: by when those of an archived order are to go, and then that they are."""

from collections.abc import Mapping, Sequence

import msgspec

from dispatcher.order.row import Order
from dispatcher.partition.decision import Decision, Outgoing
from models.city import City
from streams.erasure.report_keys import Erasure, ReportKeys
from streams.erasure.retention import BY, Ending, ending_key, endings
from streams.kafka.sending import Send
from streams.kafka.topics import Names

_ORDERS_AT_ONCE = 200  # with 500 reports each a transaction stays below some 20 MB
_decode_order = msgspec.json.Decoder(Order).decode

EndingChanges = Mapping[str, Ending | None]


class WordsEnd:
    """The ends of words in one partition of the inbox."""

    def __init__(self, names: Names, partition: int, keys: ReportKeys) -> None:
        self._topic = names.report_keys
        self._partition = partition
        self._keys = keys
        self._pending = keys.endings_of(partition)

    @property
    def next_at(self) -> int | None:
        """When the next words come to their end, ms UTC."""
        return self._pending.next_at

    async def changes(self, decision: Decision, city: City) -> EndingChanges:
        """What changes with a decision, by order: the endings of what it archives, None for those that have come."""
        new = endings(_archived(decision.records), city.retention)
        if self.next_at is None or self.next_at > decision.clock:
            return new
        await self._keys.catch_up()  # what somebody had erased meanwhile stays as it was asked for
        return new | dict.fromkeys(self._pending.due(decision.clock, _ORDERS_AT_ONCE))

    def sends(self, changes: EndingChanges, clock: int) -> list[Send]:
        """The records that make the changes true."""
        found: list[Send] = []
        for order, ending in changes.items():
            value = None if ending is None else msgspec.json.encode(ending)
            found.append(Send(self._topic, ending_key(order).encode(), value, self._partition))
            if ending is None:
                found += self._destroyed(self._pending.of(order), clock)
        return found

    def settle(self, changes: EndingChanges) -> None:
        """The changes are committed."""
        for order, ending in changes.items():
            self._pending.put(order, ending)

    def _destroyed(self, ending: Ending, clock: int) -> list[Send]:
        value = msgspec.json.encode(Erasure(clock, BY, ending.why))
        names = self._keys.known(ending.names)
        return [Send(self._topic, name.encode(), value, self._keys.partition_of(name)) for name in names]


def _archived(records: Sequence[Outgoing]) -> list[Order]:
    return [_decode_order(record.value) for record in records if record.topic == "archive"]
