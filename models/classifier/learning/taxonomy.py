"""What the classifier takes from a city's `categories.csv`: names, groups, costs, keywords."""

import csv
from collections.abc import Mapping
from pathlib import Path

import msgspec

from models.classifier.errors import ClassifierError

_NEEDED = ("code", "group", "name_zh", "name_en", "keywords")


class Leaf(msgspec.Struct, frozen=True):
    """One category; `cost` is what missing it costs relative to an ordinary one."""

    code: str
    group: str
    names: tuple[str, ...]
    keywords: tuple[str, ...]
    cost: float


class Taxonomy(msgspec.Struct, frozen=True):
    """The categories that an order can have, by code, in the order of the file: those that are no other's parent."""

    leaves: Mapping[str, Leaf]

    @property
    def groups(self) -> dict[str, str]:
        """Group by category."""
        return {code: leaf.group for code, leaf in self.leaves.items()}

    @property
    def costs(self) -> dict[str, float]:
        """Cost by category."""
        return {code: leaf.cost for code, leaf in self.leaves.items()}


def read_taxonomy(path: Path) -> Taxonomy:
    """From a pack's `categories.csv` (`paidan city check` says more about mistakes). Raises ClassifierError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in _NEEDED if column not in (reader.fieldnames or ())]
            if missing:
                raise ClassifierError(f"{path}: there is no column {missing[0]!r}")
            rows = list(reader)
            upper = {row.get("parent") for row in rows}
            leaves = {row["code"]: _leaf(row) for row in rows if row["code"] not in upper}
    except OSError as error:
        raise ClassifierError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise ClassifierError(f"{path}: is not a table of categories: {error}") from error
    if not leaves:
        raise ClassifierError(f"{path}: has no category")
    return Taxonomy(leaves)


def _leaf(row: Mapping[str, str]) -> Leaf:
    names = tuple(name for name in (row["name_zh"], row["name_en"]) if name)
    keywords = tuple(word.strip() for word in (row["keywords"] or "").split("|") if word.strip())
    return Leaf(row["code"], row["group"] or row["code"], names, keywords, float(row.get("cost") or 1))
