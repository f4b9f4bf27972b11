"""Options that several commands of the classifier share, and what they mean."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from models.classifier.learning.labelled import FIELDS
from models.errors import UsageError
from models.times import day_of_text

Files = Annotated[list[Path], typer.Argument(metavar="CSV", help="Files of labelled texts, UTF-8 with a header.")]
Text = Annotated[str, typer.Option(help="Column of the text.")]
Label = Annotated[str, typer.Option(help="Column of the category.")]
Around = Annotated[
    list[str] | None,
    typer.Option("--context", metavar="FIELD=COLUMN", help=f"What else is known: {', '.join(FIELDS)}. Repeatable."),
]
Drop = Annotated[list[str] | None, typer.Option(help="A label to leave out, e.g. Other. Repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")]
Target = Annotated[float, typer.Option(min=0.5, max=0.999, help="Accuracy of automatic dispatch.")]
Day = Annotated[str, typer.Option(help="Day of training that the model records; today unless given.")]
Model = Annotated[Path, typer.Argument(help="A model file, or a folder with one.")]


def fields_of(context: list[str] | None) -> dict[str, str]:
    """Column by field of what else is known, from the options `--context`. Raises UsageError."""
    fields = {}
    for entry in context or ():
        field, _, column = entry.partition("=")
        if field not in FIELDS or not column:
            raise UsageError(f"--context {entry!r}: give FIELD=COLUMN with one of {', '.join(FIELDS)}")
        fields[field] = column
    return fields


def day_of(given: str) -> str:
    """The day that a model records, today (UTC) unless it is given. Raises UsageError."""
    try:
        return (day_of_text(given) if given else datetime.now(UTC).date()).isoformat()
    except ValueError as error:
        raise UsageError(f"--day {given!r}: give a day like 2026-03-01") from error
