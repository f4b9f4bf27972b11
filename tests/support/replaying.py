"""History without Kafka: events of a file, taken in and decided in this process."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from dispatcher.desk import decide
from dispatcher.figures.figure_row import FigureRow
from dispatcher.order.facts import CE_TYPES, UpdateRefused
from dispatcher.partition.state import DeskState, Meta
from models.city import City
from models.envelope import event_type
from models.inbox import InboxRecord, Tick
from streams.intake.drafts import Keys
from streams.intake.history import Chronicle, Stamped, retell, stamp

PARTITIONS = 3
REFUSED = CE_TYPES[UpdateRefused]


def replay(city: City, file: Path, until: int) -> list[tuple[str, FigureRow]]:
    """The figure rows by Kafka key once all has been decided and all that fell due until an instant (ms) has fired.

    Fails when intake or the desk rejects anything.
    """
    states = [DeskState(number) for number in range(PARTITIONS)]
    for state in states:
        state.meta = Meta(pack=city.digest)
    for number, records in inbox_of(city, file, until):
        decision = decide(states[number], records, {city.digest: city})
        assert decision.failures == []
        refused = [record for record in decision.records if event_type(record.headers) == REFUSED]
        assert refused == []
        decision.changes.apply()
    return [(key, row) for state in states for key, row in state.figures.items()]


def inbox_of(city: City, file: Path, until: int) -> Iterator[tuple[int, list[InboxRecord]]]:
    """The records of the inbox, a partition's next ones at a time, and at last a tick at an instant (ms) for each."""
    areas = sorted(area.id for area in city.areas.at_level(city.merge_level))
    home = {area: number % PARTITIONS for number, area in enumerate(areas)}
    offsets = [0] * PARTITIONS

    def records(number: int, stamped: list[Stamped]) -> tuple[int, list[InboxRecord]]:
        start = offsets[number]
        offsets[number] += len(stamped)
        return number, [
            InboxRecord(number, start + n, each.clock, each.items, replayed=True) for n, each in enumerate(stamped)
        ]

    for _, taken in retell(Chronicle([file]), city, Keys(b"key"), None):
        assert taken.dead == []
        shares: dict[int, list[Stamped]] = defaultdict(list)
        for each in stamp(taken):
            shares[home[each.area]].append(each)
        for number, stamped in shares.items():
            yield records(number, stamped)
    for number in range(PARTITIONS):
        yield records(number, [Stamped("", until, (Tick(),))])
