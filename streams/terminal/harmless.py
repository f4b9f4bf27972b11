"""Text from outside on a terminal 终端: what commands a terminal is shown, not obeyed.

Reports, file names and messages of others may hold escape sequences that set a title, clear the screen or write what
was never said, and marks that turn the direction of writing. This is the one way by which commands write text; tables
go through `streams.terminal.console`.
"""

import re
import sys

import typer

# Control characters but tab and line break, and what turns the direction of writing. A line break of two stays one.
_COMMANDS = re.compile("(?!\\r\\n)[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """The text with each such character written as its number, as JSON writes it: of JSON the meaning stays."""
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def say(text: str, *, err: bool = False) -> None:
    """Write a line of text, harmless, to stdout or stderr."""
    typer.echo(harmless(text), err=err)


def hand_out(data: str) -> None:
    """Write data to stdout: as they are where another program reads them, harmless where a person does."""
    sys.stdout.write(harmless(data) if sys.stdout.isatty() else data)
