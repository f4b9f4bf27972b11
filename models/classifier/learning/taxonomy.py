"""What the classifier takes from a city's `categories.csv`: names, groups, costs, keywords."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from models.city.categories import read_categories
from models.city.files.errors import Problems
from models.city.values import Category
from models.classifier.errors import ClassifierError


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
    """From a pack's `categories.csv`. Raises CityError with all mistakes in it, ClassifierError when it cannot be read
    or has no category.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ClassifierError(f"{path}: cannot be read: {error.strerror}") from error
    problems = Problems()
    rows = read_categories(content, problems)
    problems.raise_if_any()
    parents = {row.parent for row in rows}
    leaves = {row.code: _leaf(row) for row in rows if row.code not in parents}
    if not leaves:
        raise ClassifierError(f"{path}: has no category")
    return Taxonomy(leaves)


def _leaf(row: Category) -> Leaf:
    return Leaf(row.code, row.group, (row.name_zh, row.name_en), row.keywords, row.cost)
