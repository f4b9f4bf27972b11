"""A world so small that every way through it can be tried: processes that claim one partition and work on it.

Each process lives a few *assignments*, one after the other; the group may take any of them away at any moment, whatever
it was doing (a crash, a pause, a lost session), and a process that was only paused goes on as if nothing had happened.
The processes run the product's own `claim`; every await of theirs is a point at which any other may go on instead.
"""

import contextlib
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced

from streams.stage.claims import claim

TP = TopicPartition("in", 0)


@dataclass(frozen=True, slots=True)
class Faults:
    """What the ledger forgets to do, to show that the law needs it."""

    fences_owners: bool = True
    fences_claimers: bool = True


@dataclass(slots=True)
class World:
    """What the broker knows. `outputs[n]` counts how often record n took effect."""

    records: int
    faults: Faults
    claimer: str = ""
    pending: str = ""
    claim: str = ""
    fenced: set[str] = field(default_factory=set)
    offset: int = 0
    outputs: list[int] = field(default_factory=list)

    def key(self) -> tuple[object, ...]:
        return self.claimer, self.pending, self.claim, frozenset(self.fenced), self.offset, tuple(self.outputs)

    def law_holds(self) -> bool:
        """Each record below the committed offset took effect once, no other at all."""
        return self.outputs == [1] * self.offset + [0] * (self.records - self.offset)


class _Point:
    """A point at which others may go on: what is to be done when this one's turn comes."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act

    def __await__(self) -> Generator[Callable[[], object], object, Any]:
        return (yield self._act)


class _Ledger:
    def __init__(self, world: World, me: str) -> None:
        self._world, self._me = world, me

    @contextlib.asynccontextmanager
    async def claimer(self, tp: TopicPartition) -> AsyncIterator["_Ledger"]:
        await _Point(self._start)
        yield self

    async def owner_of(self, tp: TopicPartition) -> str:
        return str(await _Point(lambda: self._world.claim))

    async def fence(self, owner: str) -> None:
        if self._world.faults.fences_owners:
            await _Point(lambda: self._world.fenced.add(owner))

    async def commit(self, owner: str) -> None:
        await _Point(self._write)
        await _Point(self._commit)

    def _start(self) -> None:
        self._world.claimer, self._world.pending = self._me, ""

    def _write(self) -> None:
        self._check()
        self._world.pending = self._me

    def _commit(self) -> None:
        self._check()
        if self._world.faults.fences_claimers and self._world.pending != self._me:
            raise ProducerFenced  # aborted by a newer claimer's start
        self._world.claim, self._world.pending = self._me, ""

    def _check(self) -> None:
        if self._world.faults.fences_claimers and self._world.claimer != self._me:
            raise ProducerFenced


async def _life(world: World, me: str) -> None:
    """Claim the partition, read where it goes on, and take each record in a transaction of its own."""
    await claim(_Ledger(world, me), TP, me)
    position = int(await _Point(lambda: world.offset))
    while position < world.records:
        await _Point(lambda: _alive(world, me))
        await _Point(lambda at=position: _take(world, me, at))  # type: ignore[misc]
        position += 1


def _alive(world: World, me: str) -> None:
    if me in world.fenced:
        raise ProducerFenced


def _take(world: World, me: str, position: int) -> None:
    _alive(world, me)
    world.outputs[position] += 1
    world.offset = position + 1


class _Process:
    """Its present assignment, how far that is (`heard`: what it was told so far), and what it wants to do next."""

    def __init__(self, world: World, number: int) -> None:
        self._world, self._number = world, number
        self.assignment = -1
        self.heard: tuple[object, ...] = ()
        self._life: Coroutine[Callable[[], object], object, None] | None = None
        self._wants: Callable[[], object] | None = None

    def assign(self) -> None:
        """The group gives it the partition (again): a new name."""
        if self._life is not None:
            self._life.close()
        self.assignment += 1
        self.heard = ()
        self._life = _life(self._world, f"{self._number}/{self.assignment}")
        self._advance(lambda life: life.send(None))

    @property
    def at_work(self) -> bool:
        return self._wants is not None

    def go_on(self) -> None:
        """One step."""
        assert self._wants is not None
        try:
            told = self._wants()
        except ProducerFenced as error:
            self.heard += ("fenced",)
            raised = error
            self._advance(lambda life: life.throw(raised))
            return
        self.heard += (told,)
        self._advance(lambda life: life.send(told))

    def _advance(self, step: Callable[[Coroutine[Callable[[], object], object, None]], Callable[[], object]]) -> None:
        assert self._life is not None
        try:
            self._wants = step(self._life)
        except (StopIteration, ProducerFenced):
            self._wants = None

    def close(self) -> None:
        if self._life is not None:
            self._life.close()


Choice = tuple[str, int]


class _Run:
    """One way through the world, replayed from its beginning."""

    def __init__(self, processes: int, records: int, faults: Faults, way: tuple[Choice, ...]) -> None:
        self.world = World(records, faults, outputs=[0] * records)
        self.processes = [_Process(self.world, number) for number in range(processes)]
        for choice in way:
            self.take(choice)

    def take(self, choice: Choice) -> None:
        kind, number = choice
        process = self.processes[number]
        process.assign() if kind == "assign" else process.go_on()

    def choices(self, assignments: int) -> list[Choice]:
        again = [("assign", n) for n, each in enumerate(self.processes) if each.assignment + 1 < assignments]
        return again + [("go on", n) for n, each in enumerate(self.processes) if each.at_work]

    def key(self) -> tuple[object, ...]:
        return self.world.key(), tuple((each.assignment, each.heard) for each in self.processes)

    def close(self) -> None:
        for process in self.processes:
            process.close()


def search(
    processes: int, assignments: int, records: int, faults: Faults = Faults()
) -> tuple[int, tuple[Choice, ...] | None]:
    """Go every way; how many states there are, and a way to one in which the law is broken (None: there is none)."""
    known: set[tuple[object, ...]] = set()
    ways: deque[tuple[Choice, ...]] = deque([()])
    while ways:
        way = ways.popleft()
        run = _Run(processes, records, faults, way)
        choices = run.choices(assignments)
        run.close()
        for choice in choices:
            there = _Run(processes, records, faults, (*way, choice))
            key, good = there.key(), there.world.law_holds()
            there.close()
            if not good:
                return len(known), (*way, choice)
            if key not in known:
                known.add(key)
                ways.append((*way, choice))
    return len(known), None


if __name__ == "__main__":
    processes, assignments, records = (int(number) for number in sys.argv[1:4])
    tried, wrong = search(processes, assignments, records)
    print(f"{processes} processes, {assignments} assignments each, {records} records: {tried:,} states,", end=" ")
    print("the law holds" if wrong is None else f"broken by {wrong}")
    sys.exit(wrong is not None)
