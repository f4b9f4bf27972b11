"""The lake on a real broker: what is in the Parquet is what the audit recomputes, however often an export dies."""

import itertools
import signal
from functools import partial
from pathlib import Path

import pytest

from dispatcher.figures.figure_row import parse_key
from models.city import City, load_city
from streams.audit.recompute import audit
from streams.kafka.topics import Names
from streams.lake import exporting
from streams.lake.exporting import export, standing
from streams.lake.lake_columns import TABLES
from streams.lake.parquet import Lake
from streams.lake.querying import ask
from streams.settings import Settings
from tests.broker.recomputed.test_whatif import pothole
from tests.broker.roles.test_desk import AREA, city, departments, opened
from tests.support.kafka import Kafka, Message, Roles, eventually

__all__ = ["city", "departments"]


class Dying(Lake):
    """A lake at which an export dies before it has written so many files."""

    def __init__(self, address: str, writes: int) -> None:
        super().__init__(address)
        self._left = writes

    def put(self, *given: object) -> None:
        """Write one, or die."""
        if not self._left:
            raise RuntimeError("killed")
        self._left -= 1
        super().put(*given)  # type: ignore[arg-type]


async def as_audited(settings: Settings, pack: City, lake: Lake) -> None:
    """Counts and figures of the lake are those of the log, and no row is there twice; what stands is the same."""
    audited = await audit(settings, pack)
    assert [difference for part in audited for difference in part.differences] == []
    counted = 'SELECT count(*) FILTER (seq IS NOT NULL), count(*), count(DISTINCT (partition, "offset")) FROM facts'
    [(facts, records, distinct)] = ask(lake, counted).rows
    assert facts == sum(part.facts for part in audited)
    assert records == distinct == facts + sum(part.refusals for part in audited)
    assigned = "SELECT department, count(*) FROM assignments GROUP BY ALL"
    assignments = sorted(ask(lake, assigned).rows, key=repr)
    counted = """SELECT key, sum(count)::BIGINT FROM figures
        WHERE dimension = 'department' AND figure = 'assigned' GROUP BY ALL"""
    assert assignments == sorted(ask(lake, counted).rows, key=repr)
    assert assignments
    assert ask(lake, "SELECT count(*) FROM orders").rows == [(sum(part.orders for part in audited),)]
    figures: list[tuple[object, ...]] = []
    for part in audited:
        for key, row in part.figures.items():
            dimension, name, day, partition = parse_key(key)
            if dimension != "actor":
                at = (partition, dimension, name, day)
                figures += ((*at, figure, count, None) for figure, count in row.counters.items())
                figures += ((*at, figure, each.count, each.total) for figure, each in row.sketches.items())
    live = await standing(settings)
    for table in ("orders", "figures"):
        now = ask(lake, f"SELECT * FROM live_{table} ORDER BY ALL", live).rows
        assert now == ask(lake, f"SELECT * FROM {table} ORDER BY ALL").rows
        assert now
    kept = ask(lake, "SELECT partition, dimension, key, day, figure, count, total_ms FROM figures").rows
    assert sorted(kept, key=repr) == sorted(figures, key=repr)


class Stalled(Lake):
    """A lake into which an export writes only later: it has read, and then stands still."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._held: list[tuple[object, ...]] = []

    def put(self, *given: object) -> None:
        """Keep it for later."""
        self._held.append(given)

    def go_on(self, table: str) -> int:
        """Write what was kept of a table: how many files."""
        held = [given for given in self._held if given[0] == table]
        for given in held:
            super().put(*given)  # type: ignore[arg-type]
        return len(held)


def has_opened(count: int, records: list[object]) -> bool:
    """Whether so many orders are there."""
    return len(opened(records)) == count


async def killed_until_done(settings: Settings, pack: City, place: str) -> int:
    """Export again and again, each time up to one more write: how often it died before it had nothing left to do."""
    for writes in itertools.count():
        try:
            await export(settings, pack, Dying(place, writes))
        except RuntimeError:
            continue
        return writes
    raise AssertionError


@pytest.mark.timeout(120)
async def test_the_parquet_is_the_log_whatever_write_an_export_dies_at(
    kafka: Kafka,
    topics: Names,
    roles: Roles,
    settings: Settings,
    city: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over several blocks of the log, and again when more has come; what is not new is not read again."""
    monkeypatch.setattr(exporting, "BLOCK", 4)
    pack, place = load_city(city), str(tmp_path / "lake")
    stalled = Stalled(place)
    roles.start("desk", city=str(city))
    for batch in (range(3), range(3, 5)):
        await kafka.produce(topics.inbox, [Message(pothole(str(n)), AREA.encode(), partition=0) for n in batch])
        await kafka.read_until(topics.orders, partial(has_opened, batch.stop), timeout=60)
        if batch.start == 0:
            await export(settings, pack, stalled)  # it has read as far as this, and stands still

        assert await killed_until_done(settings, pack, place) > 1
        await as_audited(settings, pack, Lake(place))
        assert await export(settings, pack, Lake(place)) == (0, 0)

    lasting = Lake(place)
    assert await export(settings, pack, lasting) == (0, 0)
    for table in TABLES:  # when it goes on at last, it cuts short what the others have filled
        assert stalled.go_on(table)
        await export(settings, pack, lasting)
        assert await export(settings, pack, lasting) == (0, 0)
    await as_audited(settings, pack, lasting)


@pytest.mark.timeout(120)
async def test_a_role_that_is_killed_as_it_writes_leaves_no_row_twice_and_none_out(
    kafka: Kafka, topics: Names, roles: Roles, settings: Settings, city: Path, tmp_path: Path
) -> None:
    """By SIGKILL at its first file; the role that is started then, when more has come, goes to the end."""
    place = tmp_path / "lake"

    async def has_come(count: int) -> None:
        new = [Message(pothole(str(n)), AREA.encode(), partition=0) for n in range(count - 3, count)]
        await kafka.produce(topics.inbox, new)
        await kafka.read_until(topics.orders, partial(has_opened, count), timeout=60)

    async def has_begun() -> bool:
        return any(place.rglob("*.parquet*"))

    async def has_nothing_left() -> bool:
        # The first one may have read before the last records came; what began after it was said has not.
        return last.said()[said_before:].count(" 0 records of the log, 0 files written") > 1

    killed = roles.start("lake", city=str(city), lake=str(place), lake_seconds="0.01")
    roles.start("desk", city=str(city))
    await has_come(3)
    await eventually(has_begun, every=0.001)
    killed.signal(signal.SIGKILL)
    assert await killed.ended() == -signal.SIGKILL
    last = roles.start("lake", city=str(city), lake=str(place), lake_seconds="0.1")
    await has_come(6)
    said_before = len(last.said())
    await eventually(has_nothing_left)
    await as_audited(settings, load_city(city), Lake(str(place)))
