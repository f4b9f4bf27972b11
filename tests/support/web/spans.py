"""Spans as a collector gets them, and as a tracer keeps them in memory."""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from streams.tracing.otlp import OtelTracer, provider_of
from tests.support.web.receiver import Received

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
SPANS_PATH = "/v1/traces"


@dataclass(frozen=True, slots=True)
class KeptSpan:
    """A span that has arrived: whose it is, of which trace, behind which span, and all else that it says."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    said: str


def spans_in(posts: Iterable[Received]) -> Iterator[KeptSpan]:
    """The spans of what was sent to a collector by OTLP over HTTP."""
    for post in posts:
        body = gzip.decompress(post.body) if post.headers.get("content-encoding") == "gzip" else post.body
        for of_service in ExportTraceServiceRequest.FromString(body).resource_spans:
            [service] = [
                each.value.string_value for each in of_service.resource.attributes if each.key == "service.name"
            ]
            for scope in of_service.scope_spans:
                for span in scope.spans:
                    said = f"{span.attributes} {span.status} {span.events}"
                    trace, parent = span.trace_id.hex(), span.parent_span_id.hex()
                    yield KeptSpan(service, span.name, trace, span.span_id.hex(), parent, said)


class RememberingTracer(OtelTracer):
    """Keeps in memory what has ended."""

    def __init__(self, role: str) -> None:
        self._kept = InMemorySpanExporter()
        provider = provider_of(role, "test")
        provider.add_span_processor(SimpleSpanProcessor(self._kept))
        super().__init__(provider)

    @property
    def ended(self) -> list[tuple[str, str, dict[str, object]]]:
        """Name, trace and attributes of each span that has ended, in that order."""
        spans = self._kept.get_finished_spans()
        return [(span.name, f"{span.context.trace_id:032x}", dict(span.attributes or {})) for span in spans]
