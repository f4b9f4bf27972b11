"""What GeoReport v2 answers, from the tables and to the topic of reports."""

import base64
import binascii
import re
import uuid
from collections.abc import Mapping

import msgspec
from fastapi import Request
from fastapi.responses import Response

from dispatcher.order.row import Order
from models.access import prefixed
from models.city import City
from models.envelope import Event
from models.events import REPORT
from streams.gateway.events.on_behalf import of_report
from streams.gateway.http.auth import is_citizen
from streams.gateway.open311.api_keys import ApiKeys
from streams.gateway.open311.asked import SOURCE, Search, check_jurisdiction, form_of, report_of, search_of, wrong
from streams.gateway.open311.georeport import Fields, GeoReport
from streams.gateway.open311.written import listed, written
from streams.gateway.orders.order_finder import Finder, seen
from streams.gateway.routes.receiving import Receiver
from streams.gateway.shards import PARTIAL, incomplete
from streams.tables.protocol import Brief, brief

_TOKEN = re.compile(r"([^\n]*open311)\n([0-9a-f]{32})")


class ServiceRequests:
    """Services, requests and tokens, each as a Response in a format. All methods raise Problem."""

    def __init__(self, city: City, reports: str, receiver: Receiver, finder: Finder, keys: ApiKeys) -> None:
        """`reports` is the topic of reports."""
        self._city, self._reports = city, reports
        self._receiver, self._finder, self._keys = receiver, finder, keys
        self._georeport = GeoReport(city)

    def services(self, format: str) -> Response:
        """All services."""
        return listed(format, "services", "service", self._georeport.services())

    def service(self, format: str, code: str) -> Response:
        """What a service asks for."""
        if code not in self._city.categories:
            raise wrong("service_code was not found", 404)
        found = self._georeport.definition(code)
        return written(format, "service_definition", found, found)

    async def search(self, format: str, request: Request) -> Response:
        """The requests that the query parameters ask for."""
        asked = request.query_params
        whole, search = await self._keys.sees_all(request), search_of(asked, self._city)
        if search.ids:
            return _requests(format, await self._by_ids(search, whole, _extensions(asked)))
        lines = await self._searched(search)
        shown = await self._finder.in_the_clear(lines, list[Brief]) if whole else lines
        return _requests(format, [self._georeport.brief(each, whole) for each in shown])

    async def one(self, format: str, request: Request, request_id: str) -> Response:
        """One request."""
        whole = await self._keys.sees_all(request)
        order = (await self._finder.order(request_id, None)).order
        return _requests(format, [self._request(order, whole, _extensions(request.query_params))])

    async def create(self, format: str, request: Request) -> Response:
        """Take a form as a report. The answer is its token, once the report is safe in Kafka."""
        form = await form_of(request)
        check_jurisdiction(form.get("jurisdiction_id", ""), self._city)
        holder = await self._keys.sender(request, form)
        data = report_of(form, self._city)
        if is_citizen(holder):
            data["reporter"] = {}  # the key says who it is
        body = msgspec.json.encode(data)
        said = Event(uuid.uuid4().hex, prefixed(holder, SOURCE), REPORT, body, None)
        event, _ = await self._receiver.read(body, lambda: of_report(said, holder))
        await self._receiver.write(self._reports, event.id, event)
        return _requests(format, [{"token": _token(event), "service_notice": None, "account_id": None}])

    async def of_token(self, format: str, request: Request, token: str) -> Response:
        """The id of a token's request, empty while there is none yet."""
        await self._keys.asker(request)
        source, event_id = _named(token)
        known, complete = await self._finder.by_report(source, event_id)
        if known is None and not complete:
            raise incomplete(PARTIAL)
        return _requests(format, [{"token": token, "service_request_id": None if known is None else known.id}])

    async def _by_ids(self, search: Search, whole: bool, extensions: bool) -> list[Fields]:
        """Those that there are."""
        found = []
        for request_id in search.ids:
            if (held := await seen(self._finder, request_id, None)) is not None:
                found.append(self._request(held.order, whole, extensions))
        return found

    def _request(self, order: Order, whole: bool, extensions: bool) -> Fields:
        return self._georeport.request(order, brief(order), whole, extensions)

    async def _searched(self, search: Search) -> list[Brief]:
        """A page of what was searched for."""
        wanted = {"category": ",".join(search.codes), "state": search.states}
        lines = await self._finder.newest(wanted, search.since, search.until, search.skip + search.size)
        return lines[search.skip :]


def _requests(format: str, found: list[Fields]) -> Response:
    return listed(format, "service_requests", "request", found)


def _extensions(asked: Mapping[str, str]) -> bool:
    return asked.get("extensions") == "true"


def _token(event: Event) -> str:
    """By what a client asks for the order of a report: no more than a name, and none that can be guessed."""
    return base64.urlsafe_b64encode(f"{event.source}\n{event.id}".encode()).rstrip(b"=").decode()


def _named(token: str) -> tuple[str, str]:
    try:
        match = _TOKEN.fullmatch(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    except (binascii.Error, ValueError):
        match = None
    if match is None:
        raise wrong("token was not found", 404)
    return match[1], match[2]
