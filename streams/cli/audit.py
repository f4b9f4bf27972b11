"""`paidan audit`: do log, rows, figures and tables agree?"""

import asyncio
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from dispatcher.indicators import Window
from models.city import load_city
from models.errors import UsageError
from streams.cli.progress import counting
from streams.settings import load_settings

SHOWN = 50

DayOption = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First local day.")]
LastOption = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last local day.")]


def audit(
    first: DayOption = None,
    last: LastOption = None,
    tables: Annotated[bool, typer.Option(help="Compare the tables workers' answers, too.")] = True,
    repair: Annotated[bool, typer.Option(help="Have the stopped tables read everything anew.")] = False,
) -> None:
    """Recompute everything from the log and the inbox, and compare it with the rows, the figures and the tables.

    Names each difference and exits with 1 when there is any. --repair rewrites the tables from the compacted topics:
    stop their workers, repair, start them again. The days limit which figures are compared; orders always are.
    """
    # Here, because all that the roles need takes a while to import.
    from streams.audit import audit as run
    from streams.audit_tables import check_tables, repair_tables

    settings = load_settings()
    city = load_city(settings.city)
    if repair:
        asyncio.run(repair_tables(settings))
        typer.echo("the tables will be written anew when their workers start")
    window = _window(first, last)
    with counting("reading", None) as advance:
        audited = asyncio.run(run(settings, city, window, advance))
    differences = [difference for part in audited for difference in part.differences]
    if tables and not repair:
        differences += asyncio.run(check_tables(settings, audited, window))
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for difference in differences[:SHOWN]:
        console.print(str(difference))
    if len(differences) > SHOWN:
        console.print(f"… and {len(differences) - SHOWN} more")
    orders, facts = sum(len(part.orders) for part in audited), sum(part.facts for part in audited)
    figures = sum(len(part.figures) for part in audited)
    compared = f"{orders} orders, {facts} facts, {figures} figure rows"
    if differences:
        console.print(f"{len(differences)} differences in {compared}")
        raise typer.Exit(1)
    console.print(f"all agree: {compared}")


def _window(first: datetime | None, last: datetime | None) -> Window | None:
    if first is None and last is None:
        return None
    if first is not None and last is not None and last < first:
        raise UsageError("--to lies before --from")
    numbers = [None if day is None else int(day.strftime("%Y%m%d")) for day in (first, last)]
    return Window(last=numbers[1] or 99991231, first=numbers[0])
