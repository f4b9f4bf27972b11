"""CloudEvents over HTTP to the addresses of others: binary mode, signed.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import asyncio
import time
from email.utils import parsedate_to_datetime
from types import TracebackType
from urllib.parse import quote

import httpx

from models.envelope import SPEC_VERSION, Event
from models.times import to_text
from streams.notify.delivery import TargetAnswer
from streams.notify.signature import signature_headers
from streams.tracing.trace_context import TRACEPARENT
from streams.tracing.tracer import current_traceparent

# Tried again although it is 4xx: not the event is wrong, but the moment.
_TRY_AGAIN = frozenset({408, 425, 429})
_LONGEST_RETRY_AFTER = 3600.0
# A longer answer costs its connection.
_READ_BYTES = 64 * 1024
# All printable ASCII but space, double quote and percent sign stays as it is (binding, section 3.1.3.2).
_PLAIN = "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"
_NO_REQUEST = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)  # IDNA's errors are UnicodeErrors


class Webhooks:
    """The one HTTP client for all targets: TLS is verified, no redirect followed, answers' bodies thrown away.

    `HTTPS_PROXY`, `NO_PROXY` and `SSL_CERT_FILE` of the environment hold. `seconds` bounds an attempt as a whole.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        unlimited = httpx.Limits(max_connections=None, max_keepalive_connections=None)  # one per target anyway
        self._client = httpx.AsyncClient(timeout=seconds, follow_redirects=False, limits=unlimited)

    async def __aenter__(self) -> "Webhooks":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def post(self, url: str, key: bytes, event: Event) -> TargetAnswer:
        """One attempt. Whatever the target or the way there does is an answer, never an exception."""
        now = time.time()
        headers = http_headers(event)
        headers |= signature_headers(key, headers["ce-id"], int(now), event.data)
        if traceparent := current_traceparent():
            headers[TRACEPARENT] = traceparent
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream("POST", url, content=event.data, headers=headers) as response,
            ):
                read = 0
                async for chunk in response.aiter_raw():  # to its end, or the connection could not be used again
                    if (read := read + len(chunk)) > _READ_BYTES:
                        break
                return target_answer(response.status_code, response.headers.get("retry-after", ""), now)
        except TimeoutError:
            return TargetAnswer("failed", f"no answer within {self._seconds:g} s")
        except _NO_REQUEST as error:
            return TargetAnswer("failed", f"no answer: {type(error).__name__}")


def http_headers(event: Event) -> dict[str, str]:
    """The event's attributes as HTTP headers; what is not plain ASCII is percent-encoded UTF-8."""
    attributes = {
        "ce-specversion": SPEC_VERSION,
        "ce-id": event.id,
        "ce-source": event.source,
        "ce-type": event.type,
        "ce-time": "" if event.time is None else to_text(event.time),
        "ce-subject": event.subject,
    }
    encoded = {name: quote(value, safe=_PLAIN) for name, value in attributes.items() if value}
    content_type = quote(event.content_type.strip(), safe=f'{_PLAIN} "%')
    return encoded | {"content-type": content_type, "user-agent": "paidan"}


def is_postable(url: str) -> bool:
    """Whether the client can make a request of an address; it reads the whole of it only when it posts."""
    try:
        return bool(httpx.Request("POST", url).url.host)
    except _NO_REQUEST:
        return False


def target_answer(status: int, retry_after: str, now: float) -> TargetAnswer:
    """What a status means: 2xx taken; 4xx but 408, 425 and 429 refused for good; any other to be tried again (3xx too:
    somebody has moved the address and will see to it)."""
    if 200 <= status < 300:
        return TargetAnswer("taken")
    if 400 <= status < 500 and status not in _TRY_AGAIN:
        return TargetAnswer("refused", f"it answered {status}")
    return TargetAnswer("failed", f"it answered {status}", _seconds(retry_after, now))


def _seconds(retry_after: str, now: float) -> float:
    """Seconds that `Retry-After` asks for, as a number or a date (RFC 9110, 10.2.3), at most an hour; else 0."""
    if retry_after.isascii() and retry_after.isdigit():
        seconds = float(retry_after[:9])
    else:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - now
        except (ValueError, OverflowError):
            return 0.0
    return min(max(0.0, seconds), _LONGEST_RETRY_AFTER)
