"""Boston through `paidan history` on a real broker: the figures are the batch computation's, and the audit agrees."""

from pathlib import Path

import pytest

from dispatcher.figures.figure_row import FigureRow, encode
from models.city import load_city
from streams.audit.recompute import Audited, audit
from streams.audit.table_check import check_tables, repair_tables
from streams.kafka.backlog import Backlog
from streams.kafka.topics import city_topics, create_topics
from streams.local.ports import free_ports
from streams.settings import Settings
from tests.support.boston import compare, convert, oracle
from tests.support.kafka import Kafka, Message, Roles, eventually

EVERY = 100  # one case in so many; bench/on_kafka/boston.py takes them all


@pytest.fixture
def boston(shared: Path, settings: Settings, tmp_path: Path) -> tuple[Settings, Path, Path]:
    """Settings with Boston's pack, the file of events, and the file that they come from."""
    cases = shared / "boston_311" / "2015_jan_sep.csv.gz"
    city, events = convert.write(convert.read(cases)[::EVERY], tmp_path)
    workers = (f"127.0.0.1:{free_ports(1)[0]}",)
    return settings.model_copy(update={"city": city, "tables_workers": workers}), events, cases


async def decided(settings: Settings) -> None:
    """Return when the desk has decided all that is in the inbox."""

    async def nothing_left() -> bool:
        return await backlog.measure() == 0

    async with Backlog(settings) as backlog:
        await eventually(nothing_left, timeout=120, what="the end of the inbox")


def figures(audited: list[Audited]) -> list[tuple[str, FigureRow]]:
    """The recomputed rows of all partitions."""
    return [each for part in audited for each in part.figures.items()]


@pytest.mark.timeout(300)
async def test_boston_replayed_agrees_with_the_csv_and_with_its_own_log(
    kafka: Kafka, boston: tuple[Settings, Path, Path], tmp_path: Path
) -> None:
    """Equal to pandas; log, rows and tables agree, also when built anew; a row that was changed is named."""
    settings, events, cases = boston
    city = load_city(settings.city)
    await create_topics(settings, city_topics(settings, city))
    roles = Roles(settings, tmp_path)
    try:
        replay = roles.start("history", str(events), "--until", convert.UNTIL, "--no-model")
        assert await replay.ended(120) == 0, replay.said()
        roles.start("desk")
        port = settings.tables_workers[0].rpartition(":")[2]
        tables = roles.start("tables", tables_port=port)
        await decided(settings)

        audited = await audit(settings, city)
        assert [str(each) for part in audited for each in part.differences] == []
        assert sum(part.orders for part in audited) == len(convert.read(cases)[::EVERY])
        assert compare.differences(figures(audited), oracle.cases(cases, EVERY)) == []
        assert await check_tables(settings, audited) == []

        await repair_tables(settings)
        assert await tables.ended(60) == 70
        roles.start("tables", tables_port=port)
        assert await check_tables(settings, audited) == []

        key, row = next(iter(audited[0].figures.items()))
        wrong = FigureRow(10**6, {**row.counters, "opened": 10**6}, row.sketches)
        await kafka.produce(f"{settings.namespace}.figures", [Message(encode(wrong), key.encode(), partition=0)])
        command = roles.start("audit", "--no-tables")
        assert await command.ended(60) == 1
        assert f"figure opened of {key}: kept 1000000" in command.said()
    finally:
        roles.end()
