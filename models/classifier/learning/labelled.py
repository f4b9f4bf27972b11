"""Labelled texts, from CSV files of any make."""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from models.classifier.errors import ClassifierError
from models.classifier.serving.features import Context

FIELDS = ("area", "hour", "channel", "label", "hint")
_LEAST = 2  # texts of a category
csv.field_size_limit(16 * 1024 * 1024)


class Labelled(msgspec.Struct, frozen=True):
    """Texts with their true categories, and what else was known (None: nothing). All as long as `texts`."""

    texts: list[str]
    labels: list[str]
    contexts: list[Context | None] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Iterable[int]) -> "Labelled":
        """The rows with these numbers, in this order."""
        numbers = [int(row) for row in rows]
        around = self.contexts
        return Labelled(
            [self.texts[row] for row in numbers],
            [self.labels[row] for row in numbers],
            None if around is None else [around[row] for row in numbers],
        )

    def plus(self, other: "Labelled") -> "Labelled":
        """These rows, then the other's."""
        around: list[Context | None] | None = None
        if self.contexts is not None or other.contexts is not None:
            around = [*(self.contexts or [None] * len(self)), *(other.contexts or [None] * len(other))]
        return Labelled(self.texts + other.texts, self.labels + other.labels, around)

    def digest(self) -> str:
        """16 hex characters over texts, labels and contexts in order."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]


def read(
    paths: Sequence[Path], text: str, label: str, context: Mapping[str, str] | None = None, drop: Sequence[str] = ()
) -> Labelled:
    """All rows of the files, in order, with a text and a label; `drop` names labels to leave out ("" for none).

    `context` names columns for the fields of `Context`; an empty cell is a missing value. A row without a label is an
    error, a row without a text is left out. Raises ClassifierError for a file, a column or a value that does not do,
    and when nothing is left.
    """
    rows = Labelled([], [], [] if context else None)
    for path in paths:
        for line, row in _lines(path, [text, label, *(context or {}).values()]):
            name = (row[label] or "").strip()
            if not (row[text] or "").strip() or name in drop:
                continue
            if not name:
                raise ClassifierError(f"{path}:{line}: the column {label!r} is empty: a text without its category")
            rows.texts.append(row[text])
            rows.labels.append(name)
            if rows.contexts is not None:
                rows.contexts.append(_context(path, line, row, context or {}))
    if not rows.texts:
        raise ClassifierError(f"{', '.join(map(str, paths))}: no row has a text in the column {text!r}")
    return rows


def check_classes(rows: Labelled) -> None:
    """Raises ClassifierError unless there are two categories, each with at least two texts."""
    sizes = Counter(rows.labels)
    if not sizes:
        raise ClassifierError("there are no labelled texts yet: nothing to learn from")
    if len(sizes) < 2:
        raise ClassifierError(f"all {len(rows)} texts have the one category {rows.labels[0]!r}; nothing to tell apart")
    few = sorted(name for name, size in sizes.items() if size < _LEAST)
    if few:
        raise ClassifierError(
            f"the category {few[0]!r} has fewer than {_LEAST} texts (and {len(few) - 1} more like it)"
        )


def _lines(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            have = reader.fieldnames or []
            missing = [column for column in columns if column not in have]
            if missing:
                raise ClassifierError(
                    f"{path}: there is no column {missing[0]!r}; the columns are {', '.join(have) or 'none'}"
                )
            for row in reader:
                yield reader.line_num, row
    except OSError as error:
        raise ClassifierError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ClassifierError(f"{path}: is not a CSV file in UTF-8: {error}") from error


def _context(path: Path, line: int, row: Mapping[str, str], context: Mapping[str, str]) -> Context:
    values = {field: (row[column] or "").strip() for field, column in context.items()}
    hour = values.pop("hour", "")
    if hour and not (hour.isdecimal() and int(hour) < 24):
        raise ClassifierError(f"{path}:{line}: the hour {hour!r} is not a number from 0 to 23")
    return Context(hour=int(hour) if hour else None, **values)
