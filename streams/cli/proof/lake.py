"""`paidan export`, `lake`, `query`: the log and the tables as Parquet, and SQL over them."""

import asyncio
import logging
import sys
from typing import Annotated

import msgspec
import typer

from models.city import City, load_city
from streams.cli.packs.publishing import pack_in_force
from streams.control.packs import Packs
from streams.kafka.topics import check_shared
from streams.run import run_until_stopped
from streams.settings import Settings, load_settings
from streams.terminal.console import Console, whole_table
from streams.terminal.harmless import say
from streams.terminal.progress import counting
from streams.terminal.safe_csv import write_safe_csv

log = logging.getLogger(__name__)


def export() -> None:
    """Write what is new since the last time as Parquet to PAIDAN_LAKE. May be ended and run again at any moment."""
    from streams.lake.exporting import export as run  # here, because Parquet takes a while to import
    from streams.lake.parquet import Lake

    settings = load_settings()
    lake = Lake(settings.lake_address)
    city, _ = asyncio.run(pack_in_force(settings))
    with counting("exporting", None) as advance:
        done = asyncio.run(run(settings, city, lake, advance))
    say(f"{done.records} records of the log, {done.files} files written to {lake.address}")


def lake() -> None:
    """Role: write what is new as Parquet to PAIDAN_LAKE every PAIDAN_LAKE_SECONDS, until Ctrl-C."""
    run_until_stopped(_again_and_again)


async def _again_and_again(settings: Settings) -> None:
    from streams.kafka.kept_up import keep_up
    from streams.lake.exporting import export as run
    from streams.lake.parquet import Lake

    city: City = load_city(settings.city)  # only its zone counts, which no publication changes
    lake = Lake(settings.lake_address)
    await check_shared(settings)
    await Packs(settings, city).check()

    async def export_once() -> None:
        done = await run(settings, city, lake)
        log.info("%d records of the log, %d files written to %s", done.records, done.files, lake.address)

    # What is away comes back; nothing is lost or doubled meanwhile.
    await keep_up("not exported this time", settings.lake_seconds, export_once)


def query(
    sql: Annotated[
        str,
        typer.Argument(
            help="One query; the tables are facts, assignments, orders, figures, and indicators(FIRST_DAY, LAST_DAY)."
        ),
    ],
    live: Annotated[
        bool,
        typer.Option("--live", help="Read orders and figures as they stand, too: live_orders, live_figures, …"),
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV in which nothing is a formula.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a row.")] = False,
) -> None:
    """Ask the Parquet in PAIDAN_LAKE, and what stands in Kafka, in SQL (DuckDB); docs/lake.md has every column."""
    from streams.lake.exporting import standing
    from streams.lake.parquet import Lake
    from streams.lake.querying import ask

    settings = load_settings()
    lake, tables = Lake(settings.lake_address), None
    if live:
        asyncio.run(check_shared(settings))
        with counting("reading what stands", None) as advance:
            tables = asyncio.run(standing(settings, advance))
    found = ask(lake, sql, tables)
    if as_csv:
        write_safe_csv(found.names, found.rows, sys.stdout)
    elif as_json:
        for row in found.rows:
            line = dict(zip(found.names, row, strict=True))
            sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    else:
        table = whole_table(*found.names)
        for row in found.rows:
            table.add_row(*("" if cell is None else str(cell) for cell in row))
        Console().print(table)
