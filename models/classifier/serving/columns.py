"""The columns of a model 分类列: one for each category, and one for each kind of what is no fault 非诉求.

The kinds of no fault (a thanks, a question, a test message …) have little in common, so each is learnt by itself under
a label of its own, `none/<kind>`; together they are the one category `none`, as likely as the likeliest of them.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from models.classifier.serving.arrays import Flags, Floats, Ints
from models.guess import NO_FAULT

_KIND = f"{NO_FAULT}/"


def category_of(label: str) -> str:
    """The category that a label stands for: `none` for each kind of no fault, else the label itself."""
    return NO_FAULT if label.startswith(_KIND) else label


def kind_of(label: str) -> str:
    """The kind of no fault that a label names; empty for any other label."""
    return label.removeprefix(_KIND) if label.startswith(_KIND) else ""


class Columns(NamedTuple):
    """Labels in the order of the weights' columns, categories in theirs, each category's first column, and those
    categories by number that have several columns, with their first and the one behind their last."""

    labels: tuple[str, ...]
    categories: tuple[str, ...]
    first: Ints
    several: tuple[tuple[int, int, int], ...]

    @classmethod
    def among(cls, labels: Iterable[str]) -> "Columns":
        """Those of these labels: categories sorted, the kinds of one side by side."""
        ordered = tuple(sorted(set(labels), key=lambda label: (category_of(label), label)))
        of = [category_of(label) for label in ordered]
        categories = tuple(dict.fromkeys(of))
        first = [of.index(name) for name in categories]
        spans = zip(range(len(first)), first, [*first[1:], len(of)], strict=True)
        several = tuple((number, start, end) for number, start, end in spans if end - start > 1)
        return cls(ordered, categories, np.array(first, dtype=np.intp), several)

    @property
    def no_fault(self) -> Flags:
        """Which columns are of no fault."""
        return np.array([category_of(label) == NO_FAULT for label in self.labels], dtype=np.bool_)

    def numbers(self, labels: Sequence[str]) -> Ints:
        """The column of each label. Raises KeyError for a label that has none."""
        number = {label: column for column, label in enumerate(self.labels)}
        return np.array([number[label] for label in labels], dtype=np.intp)

    def category_numbers(self, labels: Sequence[str]) -> Ints:
        """The category of each label by number. Raises KeyError for one that is not among them."""
        number = {name: place for place, name in enumerate(self.categories)}
        return np.array([number[category_of(label)] for label in labels], dtype=np.intp)

    def by_category(self, scores: Floats) -> Floats:
        """Scores of messages x columns as messages x categories: each category has that of its best column."""
        if len(self.labels) == len(self.categories):
            return scores
        best: Floats = np.maximum.reduceat(scores, self.first, axis=1)
        return best

    def chosen(self, scores: Floats, categories: Ints) -> Ints:
        """For each message the best column of the category that was chosen for it."""
        columns = self.first[categories]
        for category, start, end in self.several:
            mine = (categories == category).nonzero()[0]
            if len(mine):
                columns[mine] += scores[mine, start:end].argmax(axis=1)
        return columns
