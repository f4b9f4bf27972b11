"""Attacks on a running gateway, on loopback: what each of them takes of its memory, its time and its log.

    scripts/prove attacks

A broker, a gateway, intake, desk and tables of their own are started for it, and end with it. Bounded in number and
time: some three minutes in all. The page on reliability has the figures.
"""

import asyncio
import contextlib
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from models.city import load_city
from models.times import now_ms, to_text
from streams.kafka.topics import city_topics, create_topics
from streams.local.broker import LocalBroker
from streams.local.ports import free_ports
from tests.support.kafka import Kafka, Role, Roles, eventually, is_well, own_settings
from tests.support.tokens import bearer, one_of_each

MIB = 2**20
_PIECE = b"%x\r\n%s\r\n" % (MIB, b"x" * MIB)
_LIVEZ_EVERY = 0.02
_AWAY_SECONDS = 40
_PER_ADDRESS = 500  # so many connections the gateway holds of one address


@dataclass(frozen=True)
class Target:
    """A running gateway that asks for tokens, each of which is called like its role."""

    role: Role
    port: int

    async def connect(self, address: int = 1) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection that comes from 127.0.0.`address`."""
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(f"127.0.0.{address}", 0))

    def memory(self, figure: str = "VmRSS") -> float:
        """What its process holds, or (VmHWM) the most that it has held, in MiB."""
        lines = Path(f"/proc/{self.role.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(figure)) / 1_024

    @property
    def descriptors(self) -> int:
        """How many files and connections it has open."""
        return sum(1 for _ in Path(f"/proc/{self.role.process.pid}/fd").iterdir())

    @contextlib.asynccontextmanager
    async def watched(self, what: str) -> AsyncIterator[None]:
        """Say how much its memory grew at most meanwhile and afterwards, how many descriptors it had at most, and the
        longest that a probe waited."""
        Path(f"/proc/{self.role.process.pid}/clear_refs").write_text("5")
        before, seen = self.memory(), _Seen()
        watching = [asyncio.create_task(each) for each in (self._probe(seen), self._count(seen))]
        started = time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - started
            async with asyncio.timeout(30):
                while seen.asking:
                    await asyncio.sleep(0.01)
            for each in watching:
                each.cancel()
            most, kept = self.memory("VmHWM") - before, self.memory() - before
            print(
                f"{what}: {seconds:.1f} s, memory +{most:.0f} MiB at most, +{kept:.0f} afterwards, "
                f"{seen.descriptors} descriptors, /livez within {seen.longest:.2f} s"
            )

    async def _probe(self, seen: "_Seen") -> None:
        """Ask whether it lives, again and again, the last time beyond the end of what is tried."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=30) as client:
            while True:
                seen.asking, asked = True, time.monotonic()
                answer = await client.get("/livez")
                assert answer.status_code == 200, answer.text
                seen.longest = max(seen.longest, time.monotonic() - asked)
                seen.asking = False
                await asyncio.sleep(_LIVEZ_EVERY)

    async def _count(self, seen: "_Seen") -> None:
        while True:
            seen.descriptors = max(seen.descriptors, self.descriptors)
            await asyncio.sleep(0.2)


@dataclass
class _Seen:
    """What was seen of a gateway so far."""

    descriptors: int = 0
    longest: float = 0.0
    asking: bool = False


async def two_lengths(target: Target, mebibytes: int = 800) -> tuple[str, int]:
    """A body in pieces beside a short length; the status, and how many MiB were on their way by then."""
    reader, writer = await target.connect()
    answered, sent = asyncio.create_task(_status(reader)), 0
    writer.write(_head("POST", "/reports", "app", "Content-Length: 5", "Transfer-Encoding: chunked"))
    with contextlib.suppress(ConnectionError):
        while sent < mebibytes and not answered.done():
            writer.write(_PIECE)
            await writer.drain()
            await asyncio.sleep(0)
            sent += 1
    writer.close()
    return await answered, sent


async def unended_bodies(target: Target, connections: int = 1_000) -> Counter[str]:
    """Connections without a token, each with 983 kB of a body that goes on; what each is told."""

    async def one(number: int) -> str:
        reader, writer = await target.connect(2 + number // _PER_ADDRESS)
        with contextlib.suppress(ConnectionError):
            writer.write(_head("POST", "/reports", "", "Transfer-Encoding: chunked"))
            writer.write(b"%x\r\n%s\r\n" % (983_000, b"x" * 983_000))
            await asyncio.wait_for(writer.drain(), 20)
        said = await _status(reader)
        writer.close()
        return said

    return Counter(await asyncio.gather(*(one(number) for number in range(connections))))


async def slow_heads(target: Target, connections: int = 10_000) -> float:
    """Connections that never say what they want, from twenty addresses; how long the last one was held, in seconds."""
    longest = 0.0

    async def one(number: int) -> None:
        nonlocal longest
        try:
            reader, writer = await target.connect(2 + number % 20)
        except OSError:
            return
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            writer.write(b"GET / HTTP/1.1\r\nHost: local")
            await asyncio.wait_for(reader.read(), 60)
        longest = max(longest, time.monotonic() - began)
        writer.close()

    await asyncio.gather(*(one(number) for number in range(connections)))
    return longest


async def attributes(target: Target, kilobytes: int = 920) -> str:
    """An XML body with attributes alone; the status."""
    body = b"<EventNotificationAlert " + b" ".join(b'a%d=""' % n for n in range(kilobytes * 100)) + b"/>"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{target.port}", timeout=60) as client:
        address = "/detections?format=hikvision&camera=gulou-002"
        headers = bearer("sensor") | {"content-type": "application/xml"}
        return str((await client.post(address, content=body, headers=headers)).status_code)


async def listeners(target: Target, connections: int) -> Counter[str]:
    """Connections that all ask for the stream of assignments at once; what each is told."""

    async def one(number: int) -> tuple[str, asyncio.StreamWriter | None]:
        try:
            reader, writer = await target.connect(2 + number // _PER_ADDRESS)
        except OSError:
            return "", None
        with contextlib.suppress(ConnectionError):
            writer.write(_head("GET", "/events/assignments", "operator"))
        return await _status(reader), writer

    opened = await asyncio.gather(*(one(number) for number in range(connections)))
    for _, writer in opened:
        if writer is not None:
            writer.close()
    return Counter(status for status, _ in opened)


async def hang_ups(target: Target, times: int = 100) -> int:
    """Posts whose sender hangs up in the middle of the body; how many bytes they added to the log."""
    before, open_before = target.role.log.stat().st_size, target.descriptors
    for _ in range(times):
        _, writer = await target.connect()
        writer.write(_head("POST", "/reports", "app", "Content-Length: 5000", "Content-Type: application/json"))
        writer.write(b'{"text": "half')
        await writer.drain()
        writer.transport.abort()

    async def all_gone() -> bool:
        return target.descriptors <= open_before

    await eventually(all_gone, 30.0, "the end of the connections")
    return target.role.log.stat().st_size - before


async def while_kafka_is_away(broker: LocalBroker, roles: Roles, seconds: int = _AWAY_SECONDS) -> dict[str, int]:
    """End the broker; how many lines each role logs in that time."""
    before = {role.name: len(role.said().splitlines()) for role in roles.started}
    await broker.kill()
    await asyncio.sleep(seconds)
    return {role.name: len(role.said().splitlines()) - before[role.name] for role in roles.started}


def _head(method: str, path: str, token: str, *more: str) -> bytes:
    own = [f"Authorization: Bearer {token}"] if token else []
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *own, *more, "", ""]).encode()


async def _status(reader: asyncio.StreamReader) -> str:
    """The status of an answer; empty where the connection ended without one."""
    try:
        line = await asyncio.wait_for(reader.readline(), 60)
    except (ConnectionError, TimeoutError):
        return ""
    return line.split(b" ")[1].decode() if line.count(b" ") > 1 else ""


async def _tried(target: Target, what: str, attack: Callable[[], Awaitable[object]]) -> None:
    async with target.watched(what):
        found = await attack()
    print(f"    {dict(found) if isinstance(found, Counter) else found}", flush=True)


async def main() -> None:
    """Try all of them and print the figures."""
    print(to_text(now_ms()))
    with tempfile.TemporaryDirectory() as folder:
        async with LocalBroker(Path(folder) / "kafka", quick=True) as broker:
            gateway, tables = free_ports(2)
            settings = own_settings(
                Kafka(broker.bootstrap, broker),
                Path(folder) / "data",
                partitions=2,
                gateway_port=gateway,
                gateway_tokens_file=one_of_each(Path(folder) / "tokens"),
                tables_workers=(f"127.0.0.1:{tables}",),
            )
            await create_topics(settings, city_topics(settings, load_city(settings.city)))
            roles = Roles(settings, Path(folder))
            try:
                target = Target(roles.start("gateway"), gateway)
                roles.start("tables", tables_port=str(tables))
                roles.start("intake")
                roles.start("desk")
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway}", timeout=30) as client:
                    await eventually(lambda: is_well(client, "/readyz"), 120, "all roles")
                print(f"memory of the gateway before: {target.memory():.0f} MiB")
                for what, attack in (
                    ("two lengths, 800 MiB", lambda: two_lengths(target)),
                    ("1,000 unended bodies of 983 kB without a token", lambda: unended_bodies(target)),
                    ("10,000 heads that never end", lambda: slow_heads(target)),
                    ("920 kB of attributes", lambda: attributes(target)),
                    ("400 streams of assignments at once", lambda: listeners(target, 400)),
                    ("3,000 streams of assignments at once", lambda: listeners(target, 3_000)),
                    ("100 senders that hang up, bytes of log", lambda: hang_ups(target)),
                ):
                    await _tried(target, what, attack)
                print(f"lines of log in {_AWAY_SECONDS} s without Kafka: {await while_kafka_is_away(broker, roles)}")
                print({role.name: "alive" if role.alive else role.process.returncode for role in roles.started})
            finally:
                for role in roles.started:
                    role.signal(signal.SIGKILL)
                    role.process.wait()


if __name__ == "__main__":
    asyncio.run(main())
