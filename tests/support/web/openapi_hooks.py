"""What schemathesis must know besides the OpenAPI document to make requests that are good: no schema can say it.

It loads this file by the variable SCHEMATHESIS_HOOKS.
"""

import itertools
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.internal.lambda_sources
import schemathesis
from hypothesis import strategies as st

from streams.reporter_links import ReporterLink, ReporterLinks
from streams.tables.protocol import from_cursor, sort_of

# CPython before 3.11.5 fails at random when it parses a source deep in the stack (gh-106905), which hypothesis does to
# describe a function. Nothing but that description is lost.
if sys.version_info < (3, 11, 5):
    hypothesis.internal.lambda_sources.lambda_description = lambda function: function.__qualname__

NOW = datetime.now(UTC)
CAMERA = "bailu-001"
LINK_KEY, LINKED_ORDER = "OPENAPI_LINK_KEY", "OPENAPI_LINKED_ORDER"  # what links are made with, and to where they lead
# A silence is made in a tenth of a second: of the many that are good some are enough. A measurement is read as a
# detection is: of either there are a thousand.
_ONE_SILENCE_IN, _ONE_MEASUREMENT_IN = 25, 4
_silences, _measurements, _reporters = itertools.count(), itertools.count(), itertools.count()
ALERT = (
    "<EventNotificationAlert><channelID>1</channelID><eventType>linedetection</eventType>"
    "<eventState>active</eventState></EventNotificationAlert>"
)


_links = ReporterLinks(os.environ[LINK_KEY])


def _before_now(seconds: int) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


# A detection is of the last minutes, and none is ahead of the gateway's clock. (Times of answers are tried again, too.)
schemathesis.openapi.format("date-time", st.integers(0, 300).map(_before_now))
schemathesis.openapi.media_type("application/octet-stream", st.just(ALERT.encode()))


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: "schemathesis.Case[Any]") -> bool:
    """Fewer of what takes long, or is tried elsewhere."""
    if case.operation.path == "/measurements":
        return next(_measurements) % _ONE_MEASUREMENT_IN == 0
    if case.meta is None or not case.operation.path.startswith("/silences") or case.operation.method.upper() == "GET":
        return True
    good = case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE
    return not good or next(_silences) % _ONE_SILENCE_IN == 0


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: "schemathesis.Case[Any]", kwargs: dict[str, Any]) -> None:
    """`from` is no later than `to`, a trend is of some days, a cursor is of the list's order, a step is somebody's, a
    place has two coordinates, and a vendor's bytes go with `format`."""
    if case.meta is None or case.meta.generation.mode is not schemathesis.GenerationMode.POSITIVE:
        return
    query: dict[str, Any] = case.query
    body: Any = case.body
    first, last = query.get("from"), query.get("to")
    if isinstance(first, str) and isinstance(last, str) and first != "all" and first > last:
        query["from"], query["to"] = last, first
    if case.headers.get("ce-time"):
        case.headers["ce-time"] = _before_now(1)
    if case.operation.path == "/orders/{order_id}/updates":
        by = body.get("data", body)["by"]
        by["role"] = by.get("role") or "operator"
    if case.operation.path == "/status" and query.get("by") != "department":  # nothing else stands below another
        query.pop("below", None)
    if case.operation.path == "/prefill":  # a place has both, and where there is none somebody is named
        place = {"lat", "lon"} & query.keys()
        if len(place) == 1 or not (place or case.headers.get("Reporter-Id")):
            query["lat"], query["lon"] = 36.1, 120.4
    if case.operation.path == "/silences" and isinstance(body, dict):  # it ends ahead, and after it begins
        body.pop("starts_at", None)
        body.pop("lifts", None)  # what it names may be over, and it stands alone
        body["ends_at"] = (NOW + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%SZ")
    if case.operation.path == "/trend":  # of some days: not of all, and not of centuries
        query["from"], query["to"] = str(NOW.date() - timedelta(days=6)), str(NOW.date())
    if query.get("cursor") and case.operation.path == "/orders":
        query["sort"] = sort_of(from_cursor(query["cursor"]))
    if case.operation.path.startswith("/r/"):  # of another reporter each time: each may ask and say so much a minute
        link = ReporterLink(os.environ[LINKED_ORDER], f"{next(_reporters):032x}", int(time.time()) + 60)
        case.path_parameters["token"] = _links.token(link)
    if case.operation.path == "/detections":
        if case.media_type == "application/octet-stream":
            query |= {"format": "hikvision", "camera": CAMERA}
        else:
            query.pop("format", None)
