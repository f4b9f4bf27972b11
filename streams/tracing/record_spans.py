"""A span for a record that is part of a trace: in tables and notify for each, in intake for those of a batch, from its
reading to the commit."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from models.inbox import InboxUpdate, Item, Sighting
from models.record import Record
from streams.tracing.trace_context import items_traced_by, traceparent_of
from streams.tracing.tracer import Told, Tracer, WorkSpan

KafkaHeaders = tuple[tuple[str, bytes], ...]
_NAMED = (Sighting, InboxUpdate)
_UNREAD = msgspec.json.Decoder(list[msgspec.Raw])


class RecordSpans:
    """`spans` by the number of their record in the batch; its items carry their traceparents on."""

    def __init__(self, spans: Mapping[int, WorkSpan]) -> None:
        self.spans = spans
        self._items: dict[tuple[str, str], str] = {}

    def come_to(self, items: Iterable[tuple[int, Sighting | InboxUpdate]], dead: Mapping[int, str]) -> None:
        """What the records came to: `items` each with its record's number, and the errors of those that are dead."""
        for n, item in items:
            if n in self.spans and n not in dead:
                self._items[item.source, item.id] = self.spans[n].traceparent
                self.spans[n].say({"paidan.area": item.area})
        for n in self.spans.keys() & dead.keys():
            self.spans[n].fail(dead[n])

    def headers(self, items: Sequence[Item], values: Sequence[bytes]) -> list[KafkaHeaders]:
        """What the inbox records of one area carry beside their values, in which these items stand in this order."""
        if not self._items:
            return [()] * len(values)
        known = [self._items.get((item.source, item.id), "") if isinstance(item, _NAMED) else "" for item in items]
        carried: list[KafkaHeaders] = []
        first = 0
        for value in values:
            behind = first + len(_UNREAD.decode(value))
            carried.append(items_traced_by({n: text for n, text in enumerate(known[first:behind]) if text}))
            first = behind
        return carried

    def end(self) -> None:
        """What they have led to is committed."""
        for span in self.spans.values():
            span.end()


NO_RECORD_SPANS = RecordSpans({})


def begin_record_spans(tracer: Tracer, records: Sequence[Record]) -> RecordSpans:
    """A span of intake for each record of a batch that carries a traceparent; they begin now."""
    begun = ((n, begin_record_span(tracer, "intake", record)) for n, record in enumerate(records))
    spans = {n: span for n, span in begun if span is not None}
    return RecordSpans(spans) if spans else NO_RECORD_SPANS


def begin_record_span(tracer: Tracer, role: str, record: Record) -> WorkSpan | None:
    """A span of a role for a record that carries a traceparent, else None; it begins now."""
    parent = traceparent_of(record.headers)
    return tracer.begin(role, parent, "consumer", place_of(record)) if parent else None


def place_of(record: Record) -> dict[str, Told]:
    """Where a record stands, by OpenTelemetry's names for that."""
    return {
        "messaging.system": "kafka",
        "messaging.destination.name": record.topic,
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
    }
