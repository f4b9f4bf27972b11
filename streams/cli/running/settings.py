"""`paidan settings`: what is in force, and what there is to set."""

from streams.settings import Settings, load_settings
from streams.terminal.console import Console, whole_table


def settings() -> None:
    """Show every setting with its value in force; secrets stay hidden."""
    table = whole_table("variable", "value", "meaning")
    for name, value in load_settings():
        shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        table.add_row(f"PAIDAN_{name.upper()}", shown, Settings.model_fields[name].description)
    Console().print(table)
