"""`paidan settings`: what is in force, and what there is to set."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams.settings import Settings, load_settings, settings_table


def settings(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table of the documentation instead.")] = False,
) -> None:
    """Show every setting with its value in force; secrets stay hidden."""
    if markdown:
        typer.echo(settings_table(), nl=False)
        return
    table = Table("variable", "value", "meaning")
    for name, value in load_settings():
        shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        table.add_row(f"PAIDAN_{name.upper()}", shown, Settings.model_fields[name].description)
    Console().print(table)
