"""Requests that no client should send: each gets its answer, and none of them is a fault of the gateway."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from models.city import City
from streams.access.holders import Holders
from streams.access.rights import NEEDED
from streams.gateway.app import Parts, make_app
from streams.gateway.events.event_writer import EventWriter
from streams.gateway.shards import Shards
from streams.gateway.shutdown import Shutdown
from streams.gateway.waiting import FactTail
from streams.http_server import HttpServer
from streams.settings import load_settings
from tests.web.conftest import NOWHERE

ORDER = "/orders/gulou-20260301-aaaaaaaaaa/updates"
TRAILERS = b"2;x=1\r\n{}\r\n0\r\nX: 1\r\n\r\n"
STEP = '"action": "accept", "by": {"department": "roads"}'
JSON = "Content-Type: application/json\r\n"


def _get(path: str, headers: str = "", method: str = "GET", version: str = "1.1", host: str = "localhost") -> bytes:
    named = f"Host: {host}\r\n" if host != "-" else ""
    return f"{method} {path} HTTP/{version}\r\n{named}{headers}Connection: close\r\n\r\n".encode("latin-1")


def _post(body: str | bytes, path: str = "/reports", headers: str = JSON) -> bytes:
    raw = body if isinstance(body, bytes) else body.encode()
    return _get(path, f"{headers}Content-Length: {len(raw)}\r\n", "POST") + raw


ODD = {
    # who is asked
    "no host": (_get("/metrics", version="1.0", host="-"), 421),
    "an empty host": (_get("/metrics", host=""), 421),
    "a host that is none": (_get("/metrics", host="[half"), 421),
    "no host, with a body": (_get("/reports", f"{JSON}Content-Length: 2\r\n", "POST", "1.0", "-") + b"{}", 421),
    "a user before the host": (_get("/metrics", host="evil@localhost"), 421),
    "a way behind the host": (_get("/metrics", host="localhost/evil.example"), 421),
    "a question behind the host": (_get("/metrics", host="localhost?evil.example"), 421),
    "a port that is none": (_get("/metrics", host="localhost:evil.example"), 421),
    "two hosts in one": (_get("/metrics", host="localhost, evil.example"), 421),
    "the host's name with the dot of the root": (_get("/metrics", host="localhost."), 421),
    "the host as one number": (_get("/metrics", host="2130706433"), 421),
    "the host in capitals": (_get("/livez", host="LOCALHOST:80"), 200),
    "the host of IPv6": (_get("/livez", host="[::1]:8080"), 200),
    "a foreign address in the first line": (_get("http://evil.example/metrics"), 404),
    "two hosts": (_get("/livez", "Host: evil.example\r\n"), 400),
    # methods
    "OPTIONS *": (_get("*", method="OPTIONS"), 404),
    "CONNECT": (_get("localhost:1", method="CONNECT"), 404),
    "TRACE": (_get("/orders", method="TRACE"), 405),
    "a method that is none": (_get("/orders", method="FROB"), 405),
    # paths and parameters
    "NUL in the path": (_get("/orders/%00"), 404),
    "NUL in a file's name": (_get("/page/%00"), 404),
    "an escaped way up": (_get("/page/..%2f..%2fapp.py"), 404),
    "a way up from the orders": (_get("/orders/.."), 404),
    "an escaped way up from the orders": (_get("/orders/%2e%2e"), 404),
    "half of it escaped": (_get("/orders/.%2E"), 404),
    "where one is": (_get("/orders/."), 404),
    "a way up to the moves": (_get("/orders/%2e%2e/moves"), 404),
    "a way up for a step": (_post(f"{{{STEP}}}", "/orders/%2e%2e/updates"), 422),
    "two slashes": (_get("//orders"), 404),
    "a slash too many": (_get("/orders/"), 404),
    "a very long name": (_get("/orders/" + "x" * 5_000), 404),
    "thousands of parameters": (_get("/orders?" + "&".join(f"p{n}=1" for n in range(3_000))), 422),
    "a parameter twice": (_get("/orders?limit=1&limit=2"), 422),
    "an endless number": (_get("/orders?limit=" + "9" * 5_000), 422),
    "digits of another script": (_get("/status?to=%D9%A2%D9%A0%D9%A2%D9%A6-01-01"), 422),
    "a week for a day": (_get("/status?from=2026-W09-7"), 422),
    "an empty day": (_get("/orders?from="), 422),
    "a stage that is none": (_get("/orders?stage=null"), 422),
    # headers
    "hundreds of cookies": (_get("/livez", "".join(f"Cookie: c{n}=1\r\n" for n in range(500))), 200),
    "a range": (_get("/page/app.js", "Range: bytes=0-10\r\n"), 200),
    "conditions that make no sense": (_get("/page/app.js", "If-Modified-Since: soon\r\nIf-Match: *\r\n"), 200),
    "languages that are none": (_get("/livez?x", "Accept-Language: zh;q=abc,;;,q=9e999,\xe9\r\n"), 200),
    "a token that is no text": (_get("/livez", "Authorization: Bearer \xff\xfe\r\n"), 200),
    # bodies
    "nothing": (_post(""), 422),
    "null": (_post("null"), 422),
    "UTF-16": (_post('{"text": "x"}'.encode("utf-16")), 422),
    "NaN": (_post('{"text": "x", "location": {"lat": NaN, "lon": 1}}'), 422),
    "a number beyond all bounds": (_post('{"text": "x", "location": {"lat": 1e999, "lon": 1}}'), 422),
    "a number without end": (_post(f'{{"text": "x", "location": {{"lat": {"9" * 5_000}, "lon": 1}}}}'), 422),
    "half a surrogate": (_post('{"text": "\\ud800"}'), 422),
    "half a surrogate in a name": (_post('{"\\ud800": 1, "text": "x"}'), 422),
    "too deep": (_post('{"text": "x", "more": ' + "[" * 5_000 + "]" * 5_000 + "}"), 422),
    "too deep in a step": (_post(f'{{{STEP}, "more": {"[" * 5_000}{"]" * 5_000}}}', ORDER), 422),
    "the order twice": (_post(f'{{{STEP}, "order_id": "a", "order_id": "b"}}', ORDER), 422),
    "a step of no order": (_post(f"{{{STEP}}}", "/orders/%00/updates"), 422),
    "a type that is none": (_post("{}", headers="Content-Type: \xff;;=\r\n"), 415),
    "another charset": (_post('{"text": "x"}', headers="Content-Type: application/json; charset=gbk\r\n"), 415),
    "a batch": (_post("[]", headers="Content-Type: application/cloudevents-batch+json\r\n"), 415),
    "a vocabulary in JSON": (_post("{}", headers="Content-Type: application/geo+json\r\n"), 422),
    "a form": (_post("text=x", headers="Content-Type: application/x-www-form-urlencoded\r\n"), 415),
    # headers of an event
    "a key twice": (_post('{"text": "x"}', headers=f"{JSON}Idempotency-Key: a\r\nIdempotency-Key: b\r\n"), 422),
    "an id that is no part of an address": (_post('{"text": "x"}', headers=f"{JSON}ce-id: ..\r\n"), 422),
    "a key that is none": (_post('{"text": "x"}', headers=f"{JSON}Idempotency-Key: .\r\n"), 422),
    "half a surrogate in a step": (_post(f'{{{STEP}, "reason": "\\ud800", "more": NaN}}', ORDER), 422),
    "a line break behind an id": (_post('{"text": "x"}', headers=f"{JSON}ce-id: a%0A\r\n"), 422),
    "an id with NUL": (_post('{"text": "x"}', headers=f"{JSON}ce-id: a%00b\r\n"), 422),
    "an id with half a surrogate": (_post('{"text": "x"}', headers=f"{JSON}ce-id: %ed%a0%80\r\n"), 422),
    "a day that is none": (_post('{"text": "x"}', headers=f"{JSON}ce-time: 2026-02-30T00:00:00Z\r\n"), 422),
    "a wait in powers": (_post('{"text": "x"}', headers=f"{JSON}Prefer: wait=1e9\r\n"), 400),
    "a wait beyond all bounds": (_post('{"text": "x"}', headers=f"{JSON}Prefer: wait=99999999999\r\n"), 400),
    "half a second's wait": (_post('{"text": "x"}', headers=f"{JSON}Prefer: wait=0.5\r\n"), 400),
    "a wait without a number": (_post('{"text": "x"}', headers=f"{JSON}Prefer: wait\r\n"), 400),
    "a wait backwards": (_post('{"text": "x"}', headers=f"{JSON}Prefer: wait=-1\r\n"), 400),
    # another protocol
    "a socket's beginning": (_get("/livez", "Connection: Upgrade\r\nUpgrade: websocket\r\n"), 200),
    "HTTP/2 in the clear": (_get("/livez", "Connection: Upgrade\r\nUpgrade: h2c\r\n"), 200),
    "HTTP/0.9": (b"GET /livez\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 3, 400),
    "no protocol at all": (b"\x00\xff\r\n\r\n", 400),
    "a name without a value": (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nodd\r\n\r\n", 400),
    # framing
    "a length below zero": (_get("/reports", "Content-Length: -5\r\n", "POST"), 400),
    "two lengths": (_get("/reports", "Content-Length: 5\r\nContent-Length: 6\r\n", "POST") + b"abcde", 400),
    "a length beside pieces": (
        _get("/reports", f"{JSON}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "POST")
        + b"2\r\n{}\r\n0\r\n\r\n",
        400,
    ),
    "a coding that is unknown": (_get("/reports", "Transfer-Encoding: gzip, chunked\r\n", "POST") + b"0\r\n\r\n", 400),
    "pieces without a size": (_get("/reports", f"{JSON}Transfer-Encoding: chunked\r\n", "POST") + b"zz\r\n", 400),
    "trailers": (_get("/reports", f"{JSON}Transfer-Encoding: chunked\r\n", "POST") + TRAILERS, 422),
    "a body that waits to be asked for, of a type that is not taken": (
        _get("/reports", "Content-Type: text/plain\r\nContent-Length: 9\r\nExpect: 100-continue\r\n", "POST"),
        415,
    ),
    "an expectation that is none": (
        _get("/reports", f"{JSON}Content-Length: 2\r\nExpect: 200-maybe\r\n", "POST") + b"{}",
        422,
    ),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def place(city: City) -> AsyncIterator[tuple[str, int]]:
    """Host and port of a gateway on a real socket; nothing listens where its Kafka and tables should be."""
    settings = load_settings(kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only")
    shutdown = Shutdown()
    shards, writer = Shards(settings), EventWriter(settings, shutdown)
    app = make_app(Parts(settings, city, shards, writer, FactTail(settings), Holders(settings), shutdown))
    async with HttpServer(app, "127.0.0.1", 0) as server:
        host, port = server.address.split(":")
        yield host, int(port)
    await writer.stop()
    await shards.close()


async def _said(place: tuple[str, int], sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*place)
    writer.write(sent)
    said = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return said


@pytest.mark.parametrize("name", ODD)
async def test_an_odd_request_is_answered(place: tuple[str, int], name: str) -> None:
    """With the status that says what is wrong with it; a refusal is a problem document, and nobody guesses its type."""
    sent, status = ODD[name]

    head, _, body = (await _said(place, sent)).partition(b"\r\n\r\n")

    assert head.split(b" ")[1] == str(status).encode(), head + body
    assert head.lower().count(b"x-content-type-options: nosniff") == 1
    if status >= 400:
        assert b"content-type: application/problem+json" in head.lower()
        assert json.loads(body)["status"] == status


@pytest.mark.parametrize("route", sorted(NEEDED))
async def test_every_answer_is_of_the_type_that_it_says(place: tuple[str, int], route: str) -> None:
    """Whoever makes it; of the stream of events that never ends, too."""
    method, path = route.split(" ")
    reader, writer = await asyncio.open_connection(*place)
    writer.write(_get(re.sub(r"{.*?}", "x", path), method=method))

    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.close()

    assert head.lower().count(b"x-content-type-options: nosniff") == 1


async def test_requests_that_come_at_once_are_answered_in_turn(place: tuple[str, int]) -> None:
    """Pipelining: a refusal between two answers spoils neither."""
    keep = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"

    said = await _said(place, keep % b"/livez" + keep % b"/nowhere" + _get("/livez"))

    assert [part.split(b" ")[0] for part in said.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200"]


@pytest.mark.parametrize("path", ["/orders/x%0d%0aSet-Cookie:a=b", "/orders/%5cevil.example", "/orders/%E4%BD%A0"])
async def test_a_redirect_stays_on_this_site(place: tuple[str, int], path: str) -> None:
    """Whatever the order's name holds, it is a name within `/o/`."""
    head = await _said(place, _get(path, "Accept: text/html\r\n"))

    [location] = [line for line in head.split(b"\r\n") if line.lower().startswith(b"location:")]
    assert location.split(b" ")[1].startswith(b"/o/")
    assert b"set-cookie:" not in head.lower().replace(location.lower(), b"")
