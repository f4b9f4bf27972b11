"""History without Kafka: events of a file, taken in and decided in this process."""

from collections import defaultdict
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

    def run(state: DeskState, stamped: list[Stamped]) -> None:
        start = state.meta.next_offset
        records = [
            InboxRecord(state.partition, start + n, each.clock, each.items, replayed=True)
            for n, each in enumerate(stamped)
        ]
        decision = decide(state, records, {city.digest: city})
        assert decision.failures == []
        refused = [record for record in decision.records if event_type(record.headers) == REFUSED]
        assert refused == []
        decision.changes.apply()

    areas = sorted(area.id for area in city.areas.at_level(city.merge_level))
    home = {area: states[number % PARTITIONS] for number, area in enumerate(areas)}
    for _, taken in retell(Chronicle([file]), city, Keys(b"key"), None):
        assert taken.dead == []
        shares: dict[int, list[Stamped]] = defaultdict(list)
        for each in stamp(taken):
            shares[home[each.area].partition].append(each)
        for number, stamped in shares.items():
            run(states[number], stamped)
    for state in states:
        run(state, [Stamped("", until, (Tick(),))])
    return [(key, row) for state in states for key, row in state.figures.items()]
