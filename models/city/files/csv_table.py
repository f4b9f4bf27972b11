"""Spreadsheet files to rows: what Excel, WPS and LibreOffice write, with every mistake named by line and column."""

import csv
import io
import re
from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError

from models.city.files.cells import Bilingual, Row
from models.city.files.damage import FORMULA_ERRORS, damage
from models.city.files.errors import Problems
from models.city.files.plain_table import delimiter_of, read_plain

_NAMES_DELIMITER = re.compile(r"sep=([,;\t])[ \r]*", re.IGNORECASE)  # the first line of some of Excel's files

R = TypeVar("R", bound=Row)
T = TypeVar("T")


def decode_text(file: str, content: bytes, problems: Problems) -> str | None:
    """The text of a UTF-8 file, with or without byte-order mark; None and a note when it is anything else."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.add(file, 1, "", f"the file is UTF-16; save it as {_wanted(file)}")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        guess = "it looks like GBK, which Chinese Excel writes by default; " if _is_gbk(content) else ""
        problems.add(file, line, "", f"the file is not UTF-8; {guess}save it as {_wanted(file)}")
        return None
    if "\x00" in text:
        problems.add(file, text.count("\n", 0, text.index("\x00")) + 1, "", "the file holds a NUL character")
        return None
    return text


def _wanted(file: str) -> str:
    return "'CSV UTF-8'" if file.endswith(".csv") else "UTF-8"  # as spreadsheets call it in their menus


def _is_gbk(content: bytes) -> bool:
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def read_table(file: str, content: bytes, row_type: type[R], problems: Problems) -> list[R]:
    """The rows of a CSV file, in order, each with its line number; mistakes go to `problems`.

    Tolerated: byte-order mark, any line ending, comma, semicolon or tab, blank lines, rows of empty cells, lines that
    begin with '#', spaces around cells, columns in any order, empty columns at the end. An empty cell means the
    column's default.
    """
    text = decode_text(file, content, problems)
    if text is None:
        problems.unread.add(file)
        return []
    rows: list[R] = []
    columns: list[str] | None = None
    for line, cells in _cells(file, text, problems):
        if columns is None:
            columns = _header(file, line, cells, row_type, problems)
            if columns is None:
                problems.unread.add(file)
                return []
            continue
        if any(cells[len(columns) :]):
            problems.add(file, line, "", f"has {len(cells)} cells but the header names {len(columns)} columns")
            problems.excused.update(cells)
            continue
        if damaged := [(name, found) for name, cell in zip(columns, cells, strict=False) if (found := damage(cell))]:
            for name, found in damaged:
                problems.add(file, line, name, found)
            problems.excused.update(cells)
            continue
        given: dict[str, object] = {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell}
        try:
            rows.append(row_type.model_validate(given | {"row": line}))
        except ValidationError as error:
            problems.add_validation(file, line, error)
            problems.excused.update(str(cell) for cell in given.values())
    if columns is None:
        problems.add(file, 1, "", "the file has no header line")
        problems.unread.add(file)
    return rows


def read_registry(
    file: str, content: bytes, row_type: type[Row], make: Callable[..., T], problems: Problems
) -> list[T]:
    """What `make` makes of each row of a CSV file, of its line and the values of its columns by their names; quickly
    where nothing in the file is odd. Mistakes go to `problems`, as in `read_table`."""
    plain = read_plain(_text_or_nothing(content), row_type, make)  # which alone holds the text, and lets go of it
    return [make(**dict(row)) for row in read_table(file, content, row_type, problems)] if plain is None else plain


def _text_or_nothing(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""


def _cells(file: str, text: str, problems: Problems) -> list[tuple[int, list[str]]]:
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    named = _NAMES_DELIMITER.fullmatch(first)
    delimiter = delimiter_of(first) if named is None else named[1]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped) and (not stripped[0].startswith("#") or stripped[0] in FORMULA_ERRORS):
                lines.append((line, stripped))
            line = reader.line_num + 1
    except csv.Error as error:
        problems.add(file, line, "", f"the line is not CSV: {error}")
        problems.unread.add(file)  # nothing of what follows is known
    return lines if named is None else lines[1:]


def _header(file: str, line: int, cells: list[str], row_type: type[Row], problems: Problems) -> list[str] | None:
    fields = {field.alias or name: field for name, field in row_type.model_fields.items() if name != "row"}
    columns = [cell.lower() for cell in cells]
    while columns and not columns[-1]:
        columns.pop()
    named = [name for name in columns if name]
    unknown = [name for name in named if name not in fields]
    for name in unknown:
        problems.add(file, line, name, f"is not a column of this file (known: {', '.join(fields)})")
    for name in {name for name in named if named.count(name) > 1}:
        problems.add(file, line, name, "the column appears twice")
    missing = [name for name, field in fields.items() if field.is_required() and name not in named]
    if issubclass(row_type, Bilingual) and not Bilingual.model_fields.keys().isdisjoint(named):
        missing = [name for name in missing if name not in Bilingual.model_fields]
    for name in missing:
        problems.add(file, line, name, "the column is missing")
    return None if unknown or missing or len(set(named)) < len(named) else columns
