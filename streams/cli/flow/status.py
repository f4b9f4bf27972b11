"""`paidan status`: the indicators of the city and its departments, from the gateway."""

import json
from typing import Annotated

import typer

from streams.settings import load_settings
from streams.terminal.console import Console
from streams.terminal.harmless import say


def status(
    first: Annotated[
        str,
        typer.Option(
            "--from", metavar="YYYY-MM-DD", help="First city-local day, or `all`. Default: the 1st of the month."
        ),
    ] = "",
    to: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Last city-local day. Default: today.")] = "",
    below: Annotated[bool, typer.Option("--below", help="Count each department with all that stand below it.")] = False,
    url: Annotated[str, typer.Option(help="The gateway. Default: the one of the settings.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the gateway's answer as it is.")] = False,
) -> None:
    """Show the indicators of the city and its departments, from the gateway."""
    from streams.terminal.gateway_client import ask_status  # here, so that help is quick
    from streams.terminal.status_table import status_table

    asked = {name: value for name, value in (("from", first), ("to", to), ("below", "true" if below else "")) if value}
    answer = ask_status(load_settings(), url, asked)
    if as_json:
        say(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    console = Console()
    console.print(status_table(answer, console, below=below))
