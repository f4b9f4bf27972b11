"""TOML files of a pack: the document, and the lines on which its keys stand, which the parser does not tell."""

import re
import tomllib
from typing import Any

from models.city.files.csv_table import decode_text
from models.city.files.errors import Problems
from models.city.files.nesting import too_deep


class Toml:
    """A TOML file as a document that can still name lines; mistakes of syntax go to `problems`."""

    def __init__(self, file: str, content: bytes, problems: Problems) -> None:
        text = decode_text(file, content, problems)
        self.lines = (text or "").splitlines()
        self.document: dict[str, Any] = {}
        self.is_read = False  # an empty file is read, too
        if text is None:
            return
        if (line := too_deep(text)) is not None:
            problems.add(file, line, "", "the file nests too deep to be a table of a pack")
            return
        try:
            self.document = tomllib.loads(text)
            self.is_read = True
        except ValueError as error:  # of a number of thousands of digits it is no TOMLDecodeError
            problems.add(file, _line_of(error), "", f"the file is not TOML: {error}")

    def line(self, key: str, start: int = 1, end: int | None = None) -> int:
        """The first line from `start` to before `end` that gives this key a value, else `start`."""
        pattern = re.compile(rf"(^|[\s{{,.]){re.escape(key)}\s*=")
        for number, line in enumerate(self.lines[start - 1 : None if end is None else end - 1], start):
            if pattern.search(line):
                return number
        return start

    def starts(self, table: str) -> list[int]:
        """The lines on which the tables of an array begin ([[table]])."""
        pattern = re.compile(rf"\s*\[\[\s*{re.escape(table)}\s*\]\]")
        return [number for number, line in enumerate(self.lines, 1) if pattern.match(line)]


def _line_of(error: ValueError) -> int:
    # Python 3.11 gives the line only in the text of the error.
    match = re.search(r"at line (\d+)", str(error))
    return int(match.group(1)) if match else 1
