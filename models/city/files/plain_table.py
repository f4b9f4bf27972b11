"""Large tables, read column by column: the registry of a whole city has hundreds of thousands of rows.

That is right only where nothing is odd, and says nothing else: the types of the rows (`cells`) alone have a word on
what is wrong, so no error text is written twice. A property test searches for a table that is read otherwise
(`tests/properties/computed/test_plain_table.py`).
"""

import csv
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

from models.city.files.cells import (
    AS_DATE,
    CODE,
    Code,
    Corners,
    Id,
    Latitude,
    Longitude,
    Minutes,
    Row,
    WordList,
    corners,
    word_list,
)
from models.city.files.damage import SHORTENED, UNSEEN

# What a spreadsheet, an editor or the clipboard may leave; comments and errors of formulas begin with a number sign.
_ODD = UNSEEN | frozenset("#\ufffd")
_LIKE_SHORTENED = re.compile(r"[eE][+-]?\d")  # that begins with letters, since there are more digits
_AN_AS_DATE = re.compile(rf"^(?:{AS_DATE.pattern})$", re.MULTILINE)
_OF_NUMBERS = frozenset("0123456789.+-")

_LIKE_CORNERS = re.compile(r"-?\d+(?:\.\d+)? -?\d+(?:\.\d+)?(?:\|-?\d+(?:\.\d+)? -?\d+(?:\.\d+)?){2,}", re.ASCII)

# Characters of some hundred rows: few lists are alive at once, fewer than make the collector look through all.
_STRETCH = 1 << 15

T = TypeVar("T")
Column = Sequence[str]
Values = Sequence[Any]
_Reader = Callable[[Column], Values | None]


def read_plain(text: str, row_type: type[Row], make: Callable[..., T]) -> list[T] | None:
    """What `make` makes of each row of a CSV file: of its line, then of the values of the type's columns in the type's
    own order. None where the file has to be read row by row, as the type has columns of other kinds, or a cell is odd.
    """
    readers = _readers(row_type)
    characters = _characters(text)
    if readers is None or not _ODD.isdisjoint(characters):
        return None
    found = _columns(text)
    if found is None:
        return None
    lines, columns = found
    fields, like_shortened = row_type.model_fields, _LIKE_SHORTENED.search(text)
    padded = _is_padded(text, characters)
    del text  # it is large, and its cells have been copied
    if not columns.keys() <= readers.keys():
        return None
    values: list[Values] = [lines]
    for name, read in readers.items():
        default = fields[name].default
        if name not in columns:
            if fields[name].is_required():
                return None
            values.append([default] * len(lines))
            continue
        column = [cell.strip() for cell in columns[name]] if padded else columns[name]
        if like_shortened and any(map(SHORTENED.fullmatch, column)):
            return None
        if "" not in column:
            made = read(column)
        elif fields[name].is_required():
            return None
        else:
            made = _with_default(read, column, default)
        if made is None:
            return None
        values.append(made)
    return list(map(make, *values))


def delimiter_of(header: str) -> str:
    """What parts the cells of a CSV file with this header: comma, semicolon or tab."""
    return max(",;\t", key=header.count)


def _characters(text: str) -> set[str]:
    """What `set(text)` is, several times as quickly."""
    seen = np.zeros(sys.maxunicode + 1, bool)
    for start in range(0, len(text), _STRETCH):
        encoded = text[start : start + _STRETCH].encode("utf-32-le", "surrogatepass")
        seen[np.frombuffer(encoded, np.dtype("<u4"))] = True
    return set(map(chr, np.flatnonzero(seen).tolist()))


def _is_padded(text: str, characters: set[str]) -> bool:
    """Whether a cell may begin or end with a blank; False where none does."""
    if any(sign.isspace() for sign in characters - {" ", "\r", "\n"}):
        return True
    beside = (delimiter_of(text.partition("\n")[0]), '"', "\r", "\n")
    return (
        text.startswith(" ") or text.endswith(" ") or any(f" {sign}" in text or f"{sign} " in text for sign in beside)
    )


def _columns(text: str) -> tuple[list[int], dict[str, Column]] | None:
    """The line of each row, and the cells by the header's names. None unless each row is one line and has as many cells
    as the header, and that is the first line."""
    head, _, _ = text.partition("\n")
    delimiter, quoted = delimiter_of(head), '"' in text
    if text.count("\r") != text.count("\r\n"):
        return None
    names: list[str] = []
    columns: list[list[str]] = []
    lines: list[int] = []
    count = 0
    for part in _parts(text):
        rows = _rows(part, delimiter, quoted)
        if rows is None:
            return None
        if not count:
            names = [name.strip().lower() for name in rows[0]]
            columns = [[] for _ in names]
            rows[0] = []
        kept = list(filter(None, rows))
        if not set(map(len, kept)) <= {len(names)}:
            return None
        for column, cells in zip(columns, zip(*kept, strict=True), strict=bool(kept)):
            column += cells
        lines += [line for line, cells in enumerate(rows, count + 1) if cells]
        count += len(rows)
    if not all(names) or len(set(names)) < len(names):
        return None
    return lines, dict(zip(names, columns, strict=True))


def _parts(text: str) -> Iterator[list[str]]:
    """The lines of a text, some at a time."""
    start = 0
    while start <= len(text):
        end = text.find("\n", start + _STRETCH)
        end = len(text) if end < 0 else end
        yield text[start:end].replace("\r\n", "\n").removesuffix("\r").split("\n")
        start = end + 1


def _rows(lines: Sequence[str], delimiter: str, quoted: bool) -> list[list[str]] | None:
    """The cells of each line, none of an empty one; None where a row is not one line, or is not CSV."""
    if max(map(len, lines)) > csv.field_size_limit():
        return None
    if not quoted:
        return [line.split(delimiter) if line else [] for line in lines]
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows if len(rows) == len(lines) else None


def _with_default(read: _Reader, column: Column, default: object) -> Values | None:
    """The values of a column of which some cells are empty."""
    made = read([cell for cell in column if cell])
    if made is None:
        return None
    rest = iter(made)
    return [next(rest) if cell else default for cell in column]


def _readers(row_type: type[Row]) -> dict[str, _Reader] | None:
    """How each column of a type is read; None where one is of another kind, or has rules of its own."""
    found: dict[str, _Reader] = {}
    for name, kind in get_type_hints(row_type, include_extras=True).items():
        if name in ("row", "model_config"):
            continue
        reader = _choices(kind) if get_origin(kind) is Literal else _READERS.get(kind)
        field = row_type.model_fields[name]
        if reader is None or field.alias or (field.metadata and kind is str):
            return None
        found[name] = reader
    return found


def _texts(column: Column) -> Values:
    return column


def _ids(column: Column) -> Values | None:
    joined = "\n".join(column)
    return column if unicodedata.is_normalized("NFKC", joined) and not _AN_AS_DATE.search(joined) else None


def _codes(column: Column) -> Values | None:
    known = {cell: sys.intern(cell) for cell in set(column)}
    return [known[cell] for cell in column] if all(map(CODE.fullmatch, known)) else None


def _numbers(least: float, most: float) -> _Reader:
    def read(column: Column) -> Values | None:
        if not set("".join(column)) <= _OF_NUMBERS:
            return None
        try:
            found = list(map(float, column))
        except ValueError:
            return None
        return found if not found or (least <= min(found) and max(found) <= most) else None

    return read


def _choices(kind: object) -> _Reader:
    known = {choice: choice for choice in get_args(kind)}

    def read(column: Column) -> Values | None:
        return [known[cell] for cell in column] if set(column) <= known.keys() else None

    return read


def _word_lists(column: Column) -> Values:
    return list(map(word_list, column))


def _corner_lists(column: Column) -> Values | None:
    try:
        return [_plain_corners(cell) or corners(cell) for cell in column]
    except ValueError:
        return None


def _plain_corners(cell: str) -> tuple[tuple[float, float], ...] | None:
    """The corners in a cell of plain numbers in their ranges; None where its type has to look."""
    if not _LIKE_CORNERS.fullmatch(cell):
        return None
    found = tuple((float(lat), float(lon)) for lat, _, lon in (part.partition(" ") for part in cell.split("|")))
    return found if all(-90 <= lat <= 90 and -180 <= lon <= 180 for lat, lon in found) else None


_READERS: Mapping[object, _Reader] = {
    str: _texts,
    Id: _ids,
    Code: _codes,
    Latitude: _numbers(-90, 90),
    Latitude | None: _numbers(-90, 90),
    Longitude: _numbers(-180, 180),
    Longitude | None: _numbers(-180, 180),
    Minutes | None: _numbers(0, 525_600),
    WordList: _word_lists,
    Corners: _corner_lists,
}
