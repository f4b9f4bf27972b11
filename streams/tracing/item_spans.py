"""Desk: a span for each item of the inbox that is part of a trace, and what the records that it leads to carry on.

The core knows of no trace, and no fact does: the log of orders is the same whether somebody watches or not. Whose a
fact is, it says itself, by the update that it names as its cause or by the sighting that it holds. What follows at the
same instant and names nobody is of the same item. What a timer leads to is of no trace: it comes hours later.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from dispatcher.partition.decision import Outgoing
from models.envelope import event_type
from models.inbox import InboxRecord, InboxUpdate, Sighting
from models.record import Record
from streams.tracing.record_spans import KafkaHeaders, place_of
from streams.tracing.trace_context import traced_by, traceparents_of_items
from streams.tracing.tracer import Tracer, WorkSpan

# Who reads these goes by their bytes: an audit, and who waits for an answer.
_NOT_MARKED = frozenset({"orders", "outcomes"})


class _Evidence(msgspec.Struct, frozen=True):
    source: str
    id: str


class _Said(msgspec.Struct, frozen=True):
    """What a fact or a refusal says of where it comes from."""

    order_id: str = ""
    recorded_at: str = ""
    cause: tuple[str, str] | None = None
    evidence: _Evidence | None = None
    source: str = ""
    id: str = ""

    @property
    def origin(self) -> tuple[str, str]:
        """Source and id of what has led to it, empty where it does not say."""
        if self.cause is not None:
            return self.cause
        return (self.source, self.id) if self.evidence is None else (self.evidence.source, self.evidence.id)


_said = msgspec.json.Decoder(_Said)


class ItemSpans:
    """`spans` by source and id of their item."""

    def __init__(self, spans: Mapping[tuple[str, str], WorkSpan]) -> None:
        self._spans = spans
        self._of_orders: dict[str, WorkSpan] = {}

    def __bool__(self) -> bool:
        return bool(self._spans)

    def carried(self, records: Sequence[Outgoing]) -> list[KafkaHeaders]:
        """What each of the records that a batch leads to carries beside its own headers."""
        carried: list[KafkaHeaders] = []
        steps = defaultdict[WorkSpan, list[str]](list)
        span: WorkSpan | None = None
        since = ""
        for out in records:
            if out.topic == "orders":
                said = _said.decode(out.value)
                if said.origin != ("", "") or said.recorded_at != since:
                    span, since = self._spans.get(said.origin), said.recorded_at
                if span is not None:
                    steps[span].append(event_type(out.headers))
                    if said.order_id:
                        self._of_orders[said.order_id] = span
            marked = span is not None and out.topic not in _NOT_MARKED
            carried.append(traced_by(span.traceparent) if span is not None and marked else ())
        for each, types in steps.items():
            orders = tuple(order for order, of in self._of_orders.items() if of is each)
            each.say({"paidan.facts": tuple(types), "paidan.orders": orders})
        return carried

    def of_row(self, key: str) -> KafkaHeaders:
        """What a row of the desk's changelog carries: that of an order, the trace that has changed it last."""
        span = self._of_orders.get(key)
        return () if span is None else traced_by(span.traceparent)

    def end(self) -> None:
        """What they have led to is committed."""
        for span in self._spans.values():
            span.end()


NO_ITEM_SPANS = ItemSpans({})


def begin_item_spans(tracer: Tracer, records: Sequence[Record], inbox: Sequence[InboxRecord]) -> ItemSpans:
    """A span for each traced item of these records, which `inbox` are when they are read; they begin now."""
    spans: dict[tuple[str, str], WorkSpan] = {}
    for record, read in zip(records, inbox, strict=True):
        for index, parent in traceparents_of_items(record.headers).items():
            item = read.items[index] if 0 <= index < len(read.items) else None
            if isinstance(item, Sighting | InboxUpdate):
                told = place_of(record) | {"paidan.area": item.area}
                spans[item.source, item.id] = tracer.begin("desk", parent, "consumer", told)
    return ItemSpans(spans) if spans else NO_ITEM_SPANS
