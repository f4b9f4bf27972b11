"""Shelves: the orders of a partition by what most lists ask for, so that few are looked at for a list of few."""

from collections.abc import Iterable, Iterator

from streams.tables.orders.wanted import OrderKind, Summary, Wanted, is_in, is_of_kind

# What some orders have and most have not: which, and of whom or what it is.
_Trait = tuple[str, str]
_ANY: _Trait = ("", "")


class Shelves:
    """Orders by trait and kind: how many there are, and which where they are few, without a look at the others.

    Each order stands on the shelf of its kind under `_ANY` and under each of its traits.
    """

    def __init__(self) -> None:
        self._by_trait: dict[_Trait, dict[OrderKind, set[str]]] = {}

    def put(self, summary: Summary) -> None:
        """Let an order stand where it belongs now."""
        kind = summary.kind
        for trait in (_ANY, *_traits(summary, summary.marks)):
            self._by_trait.setdefault(trait, {}).setdefault(kind, set()).add(summary.id)

    def drop(self, summary: Summary) -> None:
        """Take away an order that was put as this."""
        kind = summary.kind
        for trait in (_ANY, *_traits(summary, summary.marks)):
            kinds = self._by_trait[trait]
            kinds[kind].discard(summary.id)
            if not kinds[kind]:
                del kinds[kind]
            if not kinds:
                del self._by_trait[trait]

    def fewest(self, wanted: Wanted) -> list[set[str]]:
        """Shelves that hold all wanted orders, by kind and the rarest of the wanted traits."""
        chosen = ([*self._wanted(trait, wanted)] for trait in _traits_asked(wanted) or (_ANY,))
        return min(chosen, key=size)

    def _wanted(self, trait: _Trait, wanted: Wanted) -> Iterator[set[str]]:
        for kind, orders in self._by_trait.get(trait, {}).items():
            if is_in(kind.state, wanted.sort) and is_of_kind(kind, wanted):
                yield orders


def _traits(one: Summary | Wanted, marks: Iterable[str]) -> Iterator[_Trait]:
    """The traits that an order has, or that are asked for, with these marks."""
    for mark in marks:
        yield "mark", mark
    if one.overdue:
        yield "overdue", ""
    if one.quarantined:
        yield "quarantined", ""
    if one.inspector:
        yield "inspector", one.inspector
    if one.confirmer:
        yield "confirmer", one.confirmer
    if one.unit:
        yield "unit", one.unit


def _traits_asked(wanted: Wanted) -> tuple[_Trait, ...]:
    return tuple(_traits(wanted, (wanted.mark,) if wanted.mark else ()))


def is_told_by_shelves(wanted: Wanted) -> bool:
    """Whether a list is asked for by kinds and one trait at most."""
    others = (
        wanted.report, wanted.reporter, wanted.camera, wanted.algorithm, wanted.alarm, wanted.words, wanted.counted
    )  # fmt: skip
    without = wanted.overdue is False or wanted.quarantined is False
    return len(_traits_asked(wanted)) <= 1 and not without and not any(others)


def size(shelves: list[set[str]]) -> int:
    """How many orders stand on some shelves."""
    return sum(map(len, shelves))
