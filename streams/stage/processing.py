"""What a stage does with its input partitions, and how: the processor, its outcomes, the options, and the end."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced

from models.errors import PaidanError
from streams.kafka.connection import Connection
from streams.kafka.log_reading import Row
from streams.kafka.sending import Send

# Somebody else has started a producer with this one's transactional id: what it owned is the other's now.
FENCED = (ProducerFenced, InvalidProducerEpoch)

# What is to be done about a state that is lost, or its newest part; no repair can write it from the log.
BROUGHT_BACK = "docs/operations.md says how it is brought back"

_MOST_BUDGETS = 4
_AT_ONCE = 0.1  # seconds: for no longer may the event loop stand still


class StageError(PaidanError):
    """The stage cannot go on safely: the process must exit and start again from the log."""

    exit_code = 70


class Outcome(Protocol):
    """What a batch leads to: all of `sends` become visible together, or none."""

    @property
    def sends(self) -> Sequence[Send]:
        """The records to publish, in order."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a look at records ahead of their turn comes to: `sends` belong into the transaction of the cycle, and once
    that is committed, `settle` is to be called."""

    sends: Sequence[Send]
    settle: Callable[[], None]


# Looks for what is urgent in records before their turn has come 前哨; each comes to the processor again, in its turn.
# It changes nothing before its glance is settled.
Lookout = Callable[[Sequence[ConsumerRecord]], Awaitable[Glance]]

O = TypeVar("O", bound=Outcome)  # noqa: E741 - the one letter for the one thing that a processor gives


class Processor(Protocol[O]):
    """What a stage does with one input partition. Only `load` and `decide` may take time; `decide` must leave the state
    as it was."""

    @property
    def changelogs(self) -> tuple[str, ...]:
        """The topics of the state, read at the input's partition number; none for a stage without a state."""

    def held(self, key: str, row: bytes, /) -> bytes:
        """How a row of a changelog waits in memory until all are read and `load` takes them: a desk holds a million."""

    @property
    def urgent_offset(self) -> int:
        """The next offset of the urgent lane, by the state as it was loaded and settled; 0 for a stage without one."""

    @property
    def lookout(self) -> Lookout | None:
        """Who looks ahead of what waits in the partition, where much does; None for nobody."""

    @property
    def patient(self) -> bool:
        """Whether nobody waits for what it decides, as while a history is replayed."""

    def load(self, rows: Mapping[str, list[Row]], /) -> Awaitable[int | None]:
        """Rebuild the state from all rows of the changelogs, as `held` gave them, and let go of these; return the next
        input offset, None when none is known. A load that is cancelled leaves the state as it was."""

    def decide(self, records: Sequence[ConsumerRecord], /) -> Awaitable[O]:
        """Decide on a batch without changing anything: records of the urgent lane, if any, come first. What it raises
        stops the process."""

    def settle(self, outcome: O, /) -> None:
        """The outcome is committed: make it part of the state."""

    def due(self) -> int | None:
        """When the state next wants a tick, milliseconds UTC; None for never."""

    def tick(self) -> Send:
        """The record that tells the state's own input the time."""

    def ticked(self, at: int, /) -> None:
        """Kafka has taken the tick in, at this instant by its own clock, ms UTC. What it raises stops the process."""


@dataclass(frozen=True, slots=True)
class StageOptions:
    """How a stage works; times in seconds, `_ms` in milliseconds.

    From `busy_rate` records a second on a cycle begins no sooner than `pace` after the one before, at lower rates the
    sooner, and at once where there is little to do: a transaction costs much the same for ten records as for a
    thousand. The batches of a cycle are cut so that deciding stays near `budget`; where a transaction takes longer, as
    with many topics, near its time, but no more than four times the budget: else such a stage would mostly wait. Where
    nobody waits, or all wait already (`is_behind`), it is four times the budget: what is counted and kept together is
    written less often. After `max_failures` tenures in a row that have committed nothing (`streams/stage/failures.py`)
    the process ends.
    `packed` are topics that only Paidan reads: what the stage writes to them is packed.
    `urgent` is a topic whose partition n is decided ahead of what waits in input partition n 急件通道; empty: none.
    `claims` is the topic that says which process owns which input partition (`streams/stage/claims.py`). `traces` are
    partitions that the stage has written to if it ever worked, kept for ever: one with a state, to that of the same
    number. `partitions`: so many each topic that it reads has, by which claims and states are kept; 0: however many.
    """

    connection: Connection
    group: str
    claims: str
    session_timeout_ms: int = 6_000
    transaction_timeout_ms: int = 10_000
    max_records: int = 2_000
    budget: float = 0.05
    idle: float = 0.2
    busy_rate: float = 2_000.0
    pace: float = 0.04
    max_failures: int = 5
    backoff: float = 0.2
    traces: tuple[TopicPartition, ...] = ()
    urgent: str = ""
    packed: frozenset[str] = frozenset()
    partitions: int = 0

    def budget_of(self, partitions: int, committing: float, patient: bool = False) -> float:
        """The seconds to decide for each of so many partitions, in a cycle whose transaction takes `committing`; for
        one that is `patient`, as many as may be."""
        most = _MOST_BUDGETS * self.budget
        whole = most if patient else min(max(self.budget, committing), most)
        return min(whole / partitions, max(self.budget, _AT_ONCE))

    def is_behind(self, waiting: int, batch: int) -> bool:
        """Whether so much waits that it takes four more cycles with a batch of that size: then longer ones, of which
        fewer have to be committed, are over sooner."""
        return waiting > (1 + _MOST_BUDGETS) * batch

    def pace_at(self, rate: float) -> float:
        """The seconds between the beginnings of two cycles at so many records a second."""
        return self.pace * min(1.0, rate / self.busy_rate)
