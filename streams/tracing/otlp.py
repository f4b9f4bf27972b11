"""Spans by OpenTelemetry: batched in a thread of their own, sent by OTLP over HTTP.

What the SDK reads from `OTEL_…` holds too: `OTEL_TRACES_SAMPLER` (how many requests begin a trace),
`OTEL_EXPORTER_OTLP_HEADERS` (a token for the collector), `OTEL_RESOURCE_ATTRIBUTES`.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Mapping

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from streams.tracing.tracer import SpanKind, Told

_SECONDS = 3.0  # for an attempt to send, and so at most for what is left at the end
_KINDS = {
    "server": trace.SpanKind.SERVER,
    "consumer": trace.SpanKind.CONSUMER,
    "client": trace.SpanKind.CLIENT,
    "internal": trace.SpanKind.INTERNAL,
}


class OtelSpan:
    """A span of the SDK."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        where = span.get_span_context()
        kept = f"00-{where.trace_id:032x}-{where.span_id:016x}-{where.trace_flags:02x}"
        self.traceparent = kept if where.trace_flags.sampled else ""

    def say(self, told: Mapping[str, Told]) -> None:
        """Add attributes."""
        self._span.set_attributes(told)

    def fail(self, why: str) -> None:
        """It has come to no good end."""
        self._span.set_status(trace.StatusCode.ERROR, why)

    def end(self) -> None:
        """The span ends now."""
        self._span.end()


class OtelTracer:
    """Begins spans with one provider."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("paidan")

    def begin(self, name: str, parent: str, kind: SpanKind, told: Mapping[str, Told]) -> OtelSpan:
        """A span that begins now, behind the one that the traceparent names; with "" as the first of a trace."""
        before = trace.set_span_in_context(trace.NonRecordingSpan(_place(parent))) if parent else None
        return OtelSpan(self._tracer.start_span(name, before, _KINDS[kind], told))


@contextlib.asynccontextmanager
async def open_otlp(address: str, role: str, namespace: str) -> AsyncIterator[OtelTracer]:
    """A tracer of a role that sends to a collector, `https://host:port`, while the body runs."""
    provider = provider_of(role, namespace)
    exporter = OTLPSpanExporter(f"{address.rstrip('/')}/v1/traces", timeout=_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield OtelTracer(provider)
    finally:
        # By itself the SDK would try for half a minute to reach a collector that is away; a role has six seconds.
        ending = threading.Thread(target=provider.shutdown, name="last spans", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, _SECONDS)


def provider_of(role: str, namespace: str) -> TracerProvider:
    """Whose spans they are. Nothing is done with them until the provider has a processor."""
    named = {"service.name": f"paidan-{role}", "service.namespace": namespace}
    return TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)


def _place(traceparent: str) -> trace.SpanContext:
    _, trace_id, span_id, flags = traceparent.split("-")[:4]
    return trace.SpanContext(int(trace_id, 16), int(span_id, 16), True, trace.TraceFlags(int(flags, 16)))
