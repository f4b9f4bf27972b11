"""Asks all tables workers at once and keeps one answer per partition."""

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Generic, Protocol, Self, TypeVar

import httpx
import msgspec

from streams.gateway.events.turns import ASKER, Turns
from streams.gateway.http.problems import Problem, not_now
from streams.settings import Settings

log = logging.getLogger(__name__)

_ADDRESSES_SECONDS = 5.0
_MOST_CONNECTIONS = 200
# So many questions of one token at a time, which many may share: the tables answer one after the other, and who asks
# for hundreds of lists waits for them alone. Of those that wait there may be many: one request asks for many orders.
_MOST_OF_ONE, _MOST_WAITING_OF_ONE = 50, 1_000


class _Partition(Protocol):
    @property
    def offset(self) -> int: ...


P = TypeVar("P", bound=_Partition)


PARTIAL = "not all partitions of the tables can be asked at the moment"


def incomplete(detail: str) -> Problem:
    """503: what was asked for may be where nobody answers."""
    return not_now(detail, "incomplete")


class ShardAnswers(Generic[P]):
    """What was answered, by partition; `total` is how many partitions there are."""

    def __init__(self, partitions: Mapping[int, P], total: int) -> None:
        self.partitions = partitions
        self.total = total

    @property
    def complete(self) -> bool:
        """Whether every partition was answered for."""
        return len(self.partitions) >= self.total

    def some(self) -> Self:
        """These answers. Raises Problem when there is none at all: what nobody answered is not nothing."""
        if not self.partitions:
            raise incomplete("no partition of the tables answers at the moment")
        return self

    def whole(self) -> Self:
        """These answers. Raises Problem unless every partition was answered for."""
        if not self.complete:
            raise incomplete(PARTIAL)
        return self

    def merged(self, other: "ShardAnswers[P]") -> "ShardAnswers[P]":
        """Both together; of two answers for a partition the one that has read further."""
        return ShardAnswers(_furthest([self.partitions, other.partitions]), self.total)


class _Answer(Protocol[P]):
    @property
    def partitions(self) -> dict[int, P]: ...


class Shards:
    """The tables workers, as the setting `tables_workers` lists them; a DNS name stands for all its addresses."""

    def __init__(self, settings: Settings) -> None:
        self._workers = settings.workers
        self._total = settings.partitions
        self._timeout = settings.tables_seconds
        token = settings.tables_token.get_secret_value()
        self._client = httpx.AsyncClient(
            timeout=self._timeout,
            headers={"authorization": f"Bearer {token}"} if token else {},
            limits=httpx.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=50),
            trust_env=False,
            # They are asked over plain HTTP: whom the world trusts, which takes long to load, is not looked up.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )
        self._found: tuple[float, tuple[str, ...]] = (0.0, ())
        self._silent: set[str] = set()
        self._turns = Turns(_MOST_CONNECTIONS, _MOST_OF_ONE, _MOST_WAITING_OF_ONE)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def ask(self, path: str, params: Mapping[str, str], kind: type[_Answer[P]]) -> ShardAnswers[P]:
        """One answer per partition: of several the one with the highest offset. Workers that fail are left out. Raises
        Problem (503) where too many questions of the same token wait."""
        async with self._turns.turn(ASKER.get()):
            workers = await self._addresses()
            answers = await asyncio.gather(*(self._ask(worker, path, params, kind) for worker in workers))
        return ShardAnswers(_furthest([answer.partitions for answer in answers if answer is not None]), self._total)

    async def _ask(
        self, worker: str, path: str, params: Mapping[str, str], kind: type[_Answer[P]]
    ) -> _Answer[P] | None:
        try:
            response = await self._client.get(f"http://{worker}{path}", params=dict(params))
            response.raise_for_status()
            answer = msgspec.json.decode(response.content, type=kind)
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            if worker not in self._silent:
                self._silent.add(worker)
                log.warning("the tables worker %s is left out: %s", worker, error or type(error).__name__)
            return None
        self._silent.discard(worker)
        return answer

    async def _addresses(self) -> tuple[str, ...]:
        asked_at, known = self._found
        if time.monotonic() - asked_at < _ADDRESSES_SECONDS and known:
            return known
        resolved = await asyncio.gather(*(_resolve(worker) for worker in self._workers))
        found = tuple(sorted({address for addresses in resolved for address in addresses}))
        self._found = (time.monotonic(), found)
        return found


async def _resolve(worker: str) -> list[str]:
    host, _, port = worker.rpartition(":")
    host = host.strip("[]")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
    except OSError as error:
        log.warning("the tables worker %s is not found: %s", worker, error)
        return []
    return [f"[{a[4][0]}]:{port}" if a[0] == socket.AF_INET6 else f"{a[4][0]}:{port}" for a in found]


def _furthest(answers: list[Mapping[int, P]]) -> dict[int, P]:
    best: dict[int, P] = {}
    for partitions in answers:
        for number, answer in partitions.items():
            if number not in best or answer.offset > best[number].offset:
                best[number] = answer
    return best
