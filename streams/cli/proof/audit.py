"""`paidan audit`: do log, rows, figures and tables agree?"""

import asyncio
from typing import Annotated

import typer

from dispatcher.figures.indicators import Window
from models.city import City, load_city
from streams.audit.audited_days import audited_days
from streams.cli.days import days_between
from streams.kafka.topics import check_shared
from streams.settings import Settings, load_settings
from streams.terminal.console import Console
from streams.terminal.harmless import say
from streams.terminal.progress import counting

SHOWN = 50

First = Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="First local day, or `all`, the default.")]
Last = Annotated[str, typer.Option("--to", metavar="YYYY-MM-DD", help="Last local day. Default: none.")]


def audit(
    first: First = "",
    last: Last = "",
    tables: Annotated[bool, typer.Option(help="Compare the tables workers' answers, too.")] = True,
    repair: Annotated[bool, typer.Option(help="Repair the desk's rows, build the tables anew.")] = False,
) -> None:
    """Recompute everything from the log and the inbox, and compare it with the rows, the figures and the tables.

    Names each difference and exits with 1 when there is any. --repair first writes what the log says over wrong rows of
    the desk, which ends and restores them, and has the tables' workers begin a new build of the tables; the audit is of
    what came of it. The days limit which figures are compared; orders always are.
    """
    # Here, because all that the roles need takes a while to import.
    from streams.audit.recompute import audit as run
    from streams.audit.table_check import check_tables, silent

    settings = load_settings()
    city = load_city(settings.city)
    window = _window(first, last)
    asyncio.run(check_shared(settings))  # first: without Kafka tables are silent, too
    if repair:
        _repair(settings, city)
    if tables and (advice := asyncio.run(silent(settings))):
        say(f"{advice}; going on, as they may be starting", err=True)
    with counting("reading", None) as advance:
        audited = asyncio.run(run(settings, city, window, advance))
    differences = [difference for part in audited for difference in part.differences]
    of_tables = asyncio.run(check_tables(settings, audited, window)) if tables else []
    differences += of_tables
    console = Console(soft_wrap=True, highlight=False)
    for each in (each for part in audited for each in part.cut):
        console.print(
            f"{each} no longer begins at its first record: what was before it is missing in what is recomputed"
        )
    for part in audited:
        if part.lost:
            console.print(part.lost)
    for difference in differences[:SHOWN]:
        console.print(str(difference))
    if len(differences) > SHOWN:
        console.print(f"… and {len(differences) - SHOWN} more")
    orders, facts = sum(part.orders for part in audited), sum(part.facts for part in audited)
    figures = sum(len(part.figures) for part in audited)
    compared = f"{orders} orders, {facts} facts, {figures} figure rows"
    if differences:
        console.print(f"{len(differences)} differences in {compared}")
        if not repair and (of_tables or any(part.differences and not part.lost and not part.cut for part in audited)):
            console.print("`paidan audit --repair` writes them as the log has them; once after an update that is usual")
        raise typer.Exit(1)
    console.print(f"all agree: {compared}")


def _repair(settings: Settings, city: City) -> None:
    from streams.audit.recompute import AuditError
    from streams.audit.recompute import audit as run
    from streams.audit.repair import repair_desk
    from streams.audit.table_check import repair_tables

    with counting("looking for wrong rows", None) as advance:
        wrong = [part.partition for part in asyncio.run(run(settings, city, None, advance)) if part.differences]
    repaired = 0
    for number in wrong:  # each by itself: one that cannot be repaired keeps none of the others from it
        try:
            repaired += asyncio.run(repair_desk(settings, city, number))
        except AuditError as error:
            say(f"the rows of the desk are not repaired: {error}")
    say(f"{repaired} rows of the desk repaired")
    asyncio.run(repair_tables(settings))
    say("the tables are built anew by their workers, which start again for it")


def _window(first: str, last: str) -> Window | None:
    begin, end = days_between(("--from", first), ("--to", last))
    return None if begin is None and end is None else audited_days(begin, end)
