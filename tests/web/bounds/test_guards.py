"""Who may ask the gateway, and how much it reads."""

import asyncio
import json
import resource
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from models.errors import UsageError
from streams import connections, http_server
from streams.gateway import off_loop, role, waiting
from streams.gateway.http import problems
from streams.gateway.http.body_limit import BodyLimit
from streams.gateway.routes import live
from streams.http_server import HttpServer
from streams.settings import load_settings
from tests.support.tokens import bearer, grant, one_of_each, tokens_file
from tests.web.conftest import NOWHERE, Open

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "path", ["/status", "/orders", "/orders/x", "/metrics", "/openapi.json", "/events/assignments"]
)
async def test_with_tokens_configured_data_need_one(gateway: Open, tmp_path: Path, path: str) -> None:
    """No token and a wrong one are both answered with 401 and how to send one."""
    async with gateway(gateway_tokens_file=one_of_each(tmp_path / "t")) as client:
        for headers in ({}, {"authorization": "Bearer bad"}, {"authorization": "admin"}):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"


async def test_any_of_the_tokens_opens(gateway: Open, tmp_path: Path) -> None:
    """Tokens can be changed one after the other, without a gap."""
    path = tokens_file(tmp_path / "t", grant("good", "ops"), grant("other", "ops"))
    async with gateway(gateway_tokens_file=path) as client:
        for token in ("good", "other"):
            answer = await client.get("/metrics", headers=bearer(token))
            assert answer.status_code == 200


async def test_the_page_and_the_probes_need_no_token(gateway: Open, tmp_path: Path) -> None:
    """They hold no data; the page asks for the token itself."""
    async with gateway(gateway_tokens_file=one_of_each(tmp_path / "t")) as client:
        for path in ("/", "/o/gulou-20260301-aaaaaaaaaa", "/page/app.js", "/livez"):
            assert (await client.get(path)).status_code == 200


async def test_beyond_loopback_tokens_are_required() -> None:
    """The role refuses to start and names the setting."""
    settings = load_settings(kafka=NOWHERE, gateway_host="0.0.0.0", personal_key="for these tests only")
    with pytest.raises(UsageError, match="PAIDAN_GATEWAY_TOKENS_FILE"):
        await role.serve(settings, asyncio.Event())


@pytest.mark.slow
async def test_without_tokens_another_host_name_is_not_served(gateway: Open) -> None:
    """A page elsewhere whose name points to this machine gets nothing."""
    async with gateway("http://evil.example") as client:
        assert (await client.get("/metrics")).status_code == 421
    for base in ("http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080"):
        async with gateway(base) as client:
            assert (await client.get("/metrics")).status_code == 200


async def test_a_form_of_another_page_cannot_report(gateway: Open) -> None:
    """What a browser sends without asking first is no JSON, and is not taken."""
    async with gateway() as client:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            answer = await client.post("/reports", content=b'{"text": "x"}', headers={"content-type": kind})
            assert answer.status_code == 415


async def test_a_long_body_is_refused(gateway: Open) -> None:
    """With a length that says so, and in pieces without one."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    async with gateway(gateway_body_bytes=1000) as client:
        whole = await client.post("/reports", content=b"x" * 2000, headers=JSON)
        piecemeal = await client.post("/reports", content=pieces(), headers=JSON)
    assert [whole.status_code, piecemeal.status_code] == [413, 413]
    assert whole.json()["type"] == "urn:paidan:problem:too-large"


async def test_a_length_beside_pieces_is_refused(gateway: Open) -> None:
    """Two servers would read such a request differently."""
    both = JSON | {"content-length": "5", "transfer-encoding": "chunked"}

    async with gateway() as client:
        answer = await client.post("/reports", content=b"{}   ", headers=both)

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:paidan:problem:two-lengths")


async def test_a_stranger_s_body_is_not_read(gateway: Open, tmp_path: Path) -> None:
    """The token comes first: without one not even the first piece is asked for."""
    asked = False

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal asked
        asked = True
        yield b"x"

    async with gateway(gateway_tokens_file=one_of_each(tmp_path / "t")) as client:
        answer = await client.post("/reports", content=pieces(), headers=JSON)
        barred = await client.post("/reports", content=pieces(), headers=JSON | bearer("sensor"))

    assert (answer.status_code, barred.status_code, asked) == (401, 403, False)


async def test_a_body_that_does_not_end_in_time_is_refused() -> None:
    """However many pieces come, and what came is not kept."""
    app = FastAPI()
    problems.install(app)

    @app.post("/")
    async def whole(request: Request) -> int:
        return len(await request.body())

    async def endless() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    transport = httpx.ASGITransport(BodyLimit(app, 1000, seconds=0.1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        slow = await client.post("/", content=endless())
        quick = await client.post("/", content=b"xyz")

    assert (slow.status_code, slow.json()["type"]) == (408, "urn:paidan:problem:too-slow")
    assert quick.json() == 3


async def test_a_connection_that_does_not_say_what_it_wants_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that never ends, nothing at all, and half a second request; who is in time is answered."""
    monkeypatch.setattr(http_server, "HEADER_SECONDS", 0.3)
    app = FastAPI()
    whole = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

    async with HttpServer(app, "127.0.0.1", 0) as server:
        host, port = server.address.split(":")

        async def heard(sent: bytes) -> bytes:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(sent)
            said = await asyncio.wait_for(reader.read(), 10)  # one may be silent longer where nothing was begun
            writer.close()
            return said

        idle, half, second = await asyncio.gather(heard(b""), heard(whole[:20]), heard(whole + whole[:20]))

    assert (idle, half) == (b"", b"")
    assert second.startswith(b"HTTP/1.1 404")


async def _answer(server: HttpServer, sent: bytes) -> bytes:
    """All that a server says to these bytes, up to the end of the connection."""
    host, port = server.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    said = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return said


@pytest.mark.parametrize(
    "sent", [b"not HTTP\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 99_999]
)
async def test_what_is_no_request_is_answered_with_a_problem(sent: bytes) -> None:
    """No HTTP, no Host, a head too large: a document as for all other errors, and the connection ends."""
    async with HttpServer(FastAPI(), "127.0.0.1", 0) as server:
        head, _, body = (await _answer(server, sent)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 Bad Request")
    assert b"content-type: application/problem+json" in head.lower()
    assert json.loads(body)["type"] == "urn:paidan:problem:bad-request"


async def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes beyond the bound is told when to try again."""
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 1)
    monkeypatch.setattr(connections, "YIELDS_SECONDS", 60.0)

    async with HttpServer(FastAPI(), "127.0.0.1", 0) as server:
        host, port = server.address.split(":")
        _, idle = await asyncio.open_connection(host, int(port))
        refused = await _answer(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        idle.close()

    assert refused.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 5" in refused


async def test_who_does_not_read_the_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is held any more; until then a piece of it is, however long it is."""
    monkeypatch.setattr(connections, "WRITE_SECONDS", 0.2)
    monkeypatch.setattr(http_server, "_LOOK_SECONDS", 0.05)
    app, asked = FastAPI(), asyncio.Event()

    @app.get("/")
    async def long() -> Response:
        asked.set()
        return Response(b"x" * 20_000_000)

    async with HttpServer(app, "127.0.0.1", 0) as server:
        loop, (host, port) = asyncio.get_running_loop(), server.address.split(":")
        with closing(socket.create_connection((host, int(port)))) as deaf:
            await loop.run_in_executor(None, deaf.sendall, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await asyncio.wait_for(asked.wait(), 10)
            held = await _all_gone(server)

    assert 0 < held <= 2 * 65_536 + 1_000


class _Reader:
    """A connection of which so much waits and so much has gone, as a test says."""

    def __init__(self) -> None:
        self.waits, self.read, self.speaks, self.is_cut_off = 65_536, 0, False, False

    def unread(self) -> int:
        return self.waits

    def has_spoken(self) -> bool:
        return self.speaks

    def gone(self) -> int:
        return self.read

    def abort(self) -> None:
        self.is_cut_off = True


def test_who_reads_is_not_cut_off_however_much_waits_for_it() -> None:
    """After each piece that has gone comes the next, of this answer or of another: something waits at every look."""
    together, steady, deaf = connections.Connections(10), _Reader(), _Reader()
    for one in (steady, deaf):
        together.enter(one, "10.0.0.1", 0.0)

    for second in range(0, 60, 2):
        together.abort_unread(float(second))
        steady.read += connections.LEAST_BYTES // 5

    assert (steady.is_cut_off, deaf.is_cut_off) == (False, True)


def test_who_has_spoken_while_nobody_was_read_makes_no_room() -> None:
    """Thousands come in one turn of the loop, and it is over a second until it reads anybody: who had asked
    something was cut off as silent for longest. Who is silent goes, and where nobody is, nobody."""
    together, asks, silent, late = connections.Connections(2), _Reader(), _Reader(), _Reader()
    together.enter(asks, "10.0.0.1", 0.0)
    together.enter(silent, "10.0.0.2", 0.5)
    asks.speaks = True

    assert together.enter(late, "10.0.0.3", 2.0) == ""
    assert (asks.is_cut_off, silent.is_cut_off) == (False, True)

    late.speaks = True
    assert together.enter(_Reader(), "10.0.0.4", 4.0) == "2 connections are open already"
    assert (asks.is_cut_off, late.is_cut_off) == (False, False)


async def test_what_has_come_and_was_not_read_is_seen() -> None:
    """As soon as the system has it, before the loop has looked."""
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with HttpServer(FastAPI(), "127.0.0.1", 0) as server:
        loop, (host, port) = asyncio.get_running_loop(), server.address.split(":")
        with closing(socket.create_connection((host, int(port)))) as client:
            client.sendall(request)
            assert (await loop.run_in_executor(None, client.recv, 12)).startswith(b"HTTP/1.1 404")
            [one] = server.connections
            before = one.has_spoken()
            client.sendall(request)
            after = one.has_spoken()

    assert (before, after) == (False, True)


async def test_what_has_gone_of_long_answers_is_counted() -> None:
    """Over all that a connection is answered: what still waits is not gone."""
    app = FastAPI()

    @app.get("/")
    async def long() -> Response:
        return Response(b"x" * 300_000)

    async with (
        HttpServer(app, "127.0.0.1", 0) as server,
        httpx.AsyncClient(base_url=f"http://{server.address}") as client,
    ):
        for _ in range(3):
            await client.get("/")
        [one] = server.connections

        assert (one.unread(), one.gone()) == (0, 900_000)


async def _all_gone(server: HttpServer) -> int:
    """Wait until nobody is connected; the most that waited to be sent until then."""
    most = 0
    async with asyncio.timeout(10):
        while server.connections:
            most = max([most, *(one.unread() for one in tuple(server.connections))])
            await asyncio.sleep(0.01)
    return most


async def test_a_long_answer_comes_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it is sent piece by piece; that of a HEAD has none."""
    app, body = FastAPI(), bytes(range(256)) * 10_000

    @app.api_route("/", methods=["GET", "HEAD"])
    async def long() -> Response:
        return Response(body)

    async with (
        HttpServer(app, "127.0.0.1", 0) as server,
        httpx.AsyncClient(base_url=f"http://{server.address}") as client,
    ):
        whole, head = await client.get("/"), await client.head("/")

    assert (whole.content == body, head.content) == (True, b"")
    assert whole.headers["content-length"] == head.headers["content-length"] == str(len(body))


async def test_connections_of_one_address_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes beyond the bound is told so, but a probe is answered; those of a proxy are not counted."""
    monkeypatch.setattr(connections, "YIELDS_SECONDS", 60.0)
    request = b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    async def heard(*proxies: str) -> list[bytes]:
        async with HttpServer(FastAPI(), "127.0.0.1", 0, proxies, 1) as server:
            host, port = server.address.split(":")
            _, idle = await asyncio.open_connection(host, int(port))
            said = [await _answer(server, request % path) for path in (b"/", b"/livez")]
            idle.close()
            return [each.split(b" ")[1] for each in said]

    assert await heard() == [b"503", b"404"]  # this application has no probe, but it was asked for it
    assert await heard("127.0.0.0/8") == [b"404", b"404"]


async def test_a_silent_connection_keeps_out_nobody_of_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks something takes its place."""
    monkeypatch.setattr(connections, "YIELDS_SECONDS", 0.0)

    async with HttpServer(FastAPI(), "127.0.0.1", 0, per_address=1) as server:
        host, port = server.address.split(":")
        silent, to_silent = await asyncio.open_connection(host, int(port))
        answered = await _answer(server, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(silent.read(), 10) == b""
        to_silent.close()

    assert answered.startswith(b"HTTP/1.1 404")


async def test_a_connection_waits_longer_for_the_next_request_than_its_client_keeps_it() -> None:
    """Or a request would be on its way when the connection ends, and its sender would not know what became of it."""
    async with (
        HttpServer(FastAPI(), "127.0.0.1", 0) as server,
        httpx.AsyncClient(base_url=f"http://{server.address}") as client,
    ):
        await client.get("/")
        [connection] = server.connections
        assert isinstance(connection, H11Protocol)
        ends = connection.timeout_keep_alive_task
        assert ends is not None
        kept = ends.when() - asyncio.get_running_loop().time()

    expiry = httpx.Limits().keepalive_expiry
    assert expiry is not None
    assert kept > 10 * expiry


async def test_silent_connections_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that has been silent longest goes; where all are at work, probes are answered still."""
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 2)
    monkeypatch.setattr(connections, "YIELDS_SECONDS", 0.0)
    app, working, go_on = FastAPI(), asyncio.Semaphore(0), asyncio.Event()

    @app.get("/work")
    async def work() -> None:
        working.release()
        await go_on.wait()

    @app.get("/livez")
    async def alive() -> str:
        return "yes"

    request = b"GET /%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    async with HttpServer(app, "127.0.0.1", 0) as server:
        host, port = server.address.split(":")
        silent = [await asyncio.open_connection(host, int(port)) for _ in range(20)]
        at_work = [asyncio.create_task(_answer(server, request % b"work")) for _ in range(2)]
        for _ in at_work:
            await asyncio.wait_for(working.acquire(), 10)
        ended = [await asyncio.wait_for(reader.read(), 10) for reader, _ in silent]
        refused, probed = await _answer(server, request % b"work"), await _answer(server, request % b"livez")
        go_on.set()
        worked = await asyncio.gather(*at_work)

    assert ended == [b""] * 20
    assert [each.split(b" ")[1] for each in (refused, probed, *worked)] == [b"503", b"200", b"200", b"200"]


async def test_who_hangs_up_while_sending_is_no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is logged, and nothing is answered that would count as one."""
    app, told = FastAPI(), []
    problems.install(app)

    @app.post("/")
    async def whole(request: Request) -> int:
        return len(await request.body())

    come = iter([{"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}])
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [], "state": {}}

    async def receive() -> Any:
        return next(come)

    async def send(message: Any) -> None:
        told.append(message)

    await BodyLimit(app, 1000)(scope, receive, send)

    assert [message["status"] for message in told if "status" in message] == [400]
    assert caplog.records == []


@pytest.mark.parametrize(("soft", "hard", "taken", "held"), [
    (1_024, 1_048_576, 2_250, 2_000), (1_024, 1_500, 1_500, 1_250), (65_536, 65_536, None, 2_000), (100, 100, 100, 1),
])  # fmt: skip
def test_as_many_connections_are_held_as_there_are_descriptors(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, taken: int | None, held: int
) -> None:
    """The process takes what the system lets it have, and keeps some for itself."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))

    assert http_server._most_connections() == held
    assert asked == ([] if taken is None else [(taken, hard)])


async def test_listeners_are_bounded(gateway: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes beyond the bound is told when to try again."""
    monkeypatch.setattr(live, "MOST_LISTENERS", 0)

    async with gateway() as client:
        answer = await client.get("/events/assignments")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


async def test_who_would_wait_beyond_the_bound_is_answered_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of those who wait looks at every fact."""
    monkeypatch.setattr(waiting, "MOST_WAITERS", 1)
    tail = waiting.FactTail(load_settings(kafka=NOWHERE))

    with tail.waiting(waiting.Waiter("s", "1")):
        crowded = tail.is_crowded(None)

    assert (crowded, tail.is_crowded(None)) == (True, False)


async def test_large_bodies_are_checked_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time; beyond the bound the next is told when to try again; a small one is never kept waiting."""
    monkeypatch.setattr(off_loop, "MOST_LARGE", 2)
    checks, go_on, here = off_loop.OffLoop(), threading.Event(), threading.get_ident()

    def work() -> int:
        go_on.wait(10)
        return threading.get_ident()

    large = [asyncio.create_task(checks.run(60_000, work)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(problems.Problem, match="are being checked") as refused:
        await checks.run(60_000, work)
    small = await checks.run(100, threading.get_ident)
    go_on.set()
    beside = await asyncio.gather(*large)

    assert (refused.value.status, refused.value.headers["retry-after"]) == (503, "2")
    assert small == here
    assert len({*beside}) == 1
    assert here not in beside


async def test_all_bodies_together_are_bounded() -> None:
    """503 and when to try again; what was held for a request is given back with its end."""
    app = FastAPI()
    problems.install(app)

    @app.post("/")
    async def whole(request: Request) -> int:
        return len(await request.body())

    transport = httpx.ASGITransport(BodyLimit(app, 1000, together=100))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        too_many = await client.post("/", content=b"x" * 101)
        again = [(await client.post("/", content=b"x" * 100)).json() for _ in range(3)]

    assert (too_many.status_code, too_many.headers["retry-after"]) == (503, "5")
    assert again == [100, 100, 100]


async def test_a_process_without_descriptors_goes_on_following(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be opened now is opened later: the gateway does not end with it."""
    tail, tries, again = waiting.FactTail(load_settings(kafka=NOWHERE)), 0, asyncio.Event()

    async def follow() -> None:
        nonlocal tries
        tries += 1
        if tries > 1:
            again.set()
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(tail, "_follow", follow)
    monkeypatch.setattr(waiting, "_AGAIN_SECONDS", 0.0)
    running = asyncio.create_task(tail.run())

    await asyncio.wait_for(again.wait(), 10)

    assert not running.done()
    running.cancel()


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/livez", "/metrics", "/page/app.js", "/o/x", "/openapi.json", "/status", "/nowhere"]
)
async def test_head_is_answered_as_get_is_without_the_body(gateway: Open, path: str) -> None:
    """By status and headers alone, errors too; monitors and load balancers ask in this way."""
    async with gateway() as client:
        shown, head = await client.get(path), await client.head(path)

    assert (head.status_code, head.content) == (shown.status_code, b"")
    assert head.headers["content-type"] == shown.headers["content-type"]


async def test_head_of_a_stream_ends(gateway: Open) -> None:
    """Though the stream itself goes on for ever."""
    async with gateway() as client:
        answer = await client.head("/events/assignments")

    assert (answer.status_code, answer.content) == (200, b"")


async def test_head_needs_a_token_as_get_does(gateway: Open, tmp_path: Path) -> None:
    """It says whether there is something."""
    async with gateway(gateway_tokens_file=one_of_each(tmp_path / "t")) as client:
        assert (await client.head("/orders")).status_code == 401
        assert (await client.head("/metrics", headers=bearer("ops"))).status_code == 200
