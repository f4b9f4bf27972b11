"""What a role needs in order to be traced, without any library: a tracer that begins spans, or none.

    gateway   one span for each request that writes, or that belongs to a trace
    intake    one for each traced record
    desk      one for each traced item of the inbox
    tables    one for each traced row of an order
    notify    one for each traced event and target
    bridge    one for each traced record that crosses it

A trace begins with a request, or with the `traceparent` that somebody has written to an input topic. Without
PAIDAN_TRACES there is no tracer, and nobody looks for a traceparent.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from typing import Literal, Protocol

from models.errors import UsageError
from streams.settings import Settings

SpanKind = Literal["server", "consumer", "client", "internal"]
Told = str | int | tuple[str, ...]

# The traceparent that goes with what is sent on behalf of the request, or of the event, at hand; "" for none.
_current: ContextVar[str] = ContextVar("traceparent", default="")


class WorkSpan(Protocol):
    """A piece of work. It is kept once it has ended: what never took effect is not to be seen."""

    @property
    def traceparent(self) -> str:
        """What those carry for whom it goes before; "" where the trace is not kept."""

    def say(self, told: Mapping[str, Told], /) -> None:
        """Add attributes. They hold nothing that somebody has written: ids of orders, names of steps, numbers."""

    def fail(self, why: str, /) -> None:
        """It has come to no good end."""

    def end(self) -> None:
        """The span ends now."""


class Tracer(Protocol):
    """Begins spans and sends them away in the background; what cannot be sent is lost."""

    def begin(self, name: str, parent: str, kind: SpanKind, told: Mapping[str, Told], /) -> WorkSpan:
        """A span that begins now, behind the one that the traceparent names; with "" as the first of a trace."""


@contextlib.asynccontextmanager
async def open_tracer(settings: Settings, role: str) -> AsyncIterator[Tracer | None]:
    """The tracer of a role; None without PAIDAN_TRACES. What is left to send is sent at the end, for a few seconds.

    Raises UsageError where the extra `traces` is not installed.
    """
    if not settings.traces:
        yield None
        return
    try:
        from streams.tracing.otlp import open_otlp  # here, because only who wants it has what it imports
    except ImportError as error:
        raise UsageError("PAIDAN_TRACES needs more: pip install 'paidan[traces]'") from error
    async with open_otlp(settings.traces, role, settings.namespace) as tracer:
        yield tracer


def current_traceparent() -> str:
    """What to send along with a request or a record: "" where nothing is traced."""
    return _current.get()


@contextlib.contextmanager
def on_behalf_of(span: WorkSpan) -> Iterator[None]:
    """What is sent while the body runs belongs to this span."""
    token = _current.set(span.traceparent)
    try:
        yield
    finally:
        _current.reset(token)
