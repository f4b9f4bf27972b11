"""What the classifier takes from a city's `categories.csv`: names, groups, costs, keywords."""

import csv
from collections.abc import Mapping
from pathlib import Path

import msgspec

from models.classifier.errors import ClassifierError

_NEEDED = ("code", "group", "name_zh", "name_en", "keywords")


class Topic(msgspec.Struct, frozen=True):
    """One category; `cost` is what missing it costs relative to an ordinary one."""

    code: str
    group: str
    names: tuple[str, ...]
    keywords: tuple[str, ...]
    cost: float


class Taxonomy(msgspec.Struct, frozen=True):
    """The categories that an order can have, by code, in the order of the file: those that are no other's parent."""

    topics: Mapping[str, Topic]

    @property
    def groups(self) -> dict[str, str]:
        """Group by category."""
        return {code: topic.group for code, topic in self.topics.items()}

    @property
    def costs(self) -> dict[str, float]:
        """Cost by category."""
        return {code: topic.cost for code, topic in self.topics.items()}


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
            topics = {row["code"]: _topic(row) for row in rows if row["code"] not in upper}
    except OSError as error:
        raise ClassifierError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise ClassifierError(f"{path}: is not a table of categories: {error}") from error
    if not topics:
        raise ClassifierError(f"{path}: has no category")
    return Taxonomy(topics)


def _topic(row: Mapping[str, str]) -> Topic:
    names = tuple(name for name in (row["name_zh"], row["name_en"]) if name)
    keywords = tuple(word.strip() for word in (row["keywords"] or "").split("|") if word.strip())
    return Topic(row["code"], row["group"] or row["code"], names, keywords, float(row.get("cost") or 1))
