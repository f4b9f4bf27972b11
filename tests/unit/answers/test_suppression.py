"""Small counts withheld: nobody who knows the rule learns them from the rest and the sum."""

from collections import defaultdict
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.gateway.open_figures.suppression import LEAST, withheld

Seen = tuple[tuple[int | None, ...], int | None]


def told(counts: tuple[int, ...], least: int) -> Seen:
    """What everybody sees of a table: its cells, None where withheld, and its sum."""
    cells = {str(number): count for number, count in enumerate(counts)}
    hidden = withheld(cells, least)
    shown = tuple(None if name in hidden.cells else count for name, count in cells.items())
    return shown, None if hidden.total else sum(counts)


@pytest.mark.parametrize(("cells", "least", "most"), [(2, 4, 30), (3, 3, 18), (4, 3, 11)])
def test_all_tables_that_look_alike_leave_each_small_count_open(cells: int, least: int, most: int) -> None:
    """Every small table, sorted by what is seen of it: in those that look alike a withheld small cell has every small
    value. So nobody can reckon it, who knows the rule and has a list of all tables."""
    alike: dict[Seen, list[tuple[int, ...]]] = defaultdict(list)
    for counts in product(range(most + 1), repeat=cells):
        alike[told(counts, least)].append(counts)

    for (shown, total), tables in alike.items():
        # A larger count than those that were tried could stand behind what is near the bound.
        if total is None or sum(count or 0 for count in shown) + most < total:
            continue
        for cell, count in enumerate(shown):
            small = {table[cell] for table in tables if 0 < table[cell] < least}
            assert count is not None or not small or len(small) > 1, (shown, total)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_a_small_cell_is_never_told_and_never_follows_from_the_sum(counts: list[int]) -> None:
    """What is withheld comes to so much that each small cell may be anything from 1 to the bound."""
    cells = {f"area-{number}": count for number, count in enumerate(counts)}
    hidden = withheld(cells)
    small = {name for name, count in cells.items() if 0 < count < LEAST}

    assert small <= hidden.cells
    assert all(cells[name] for name in hidden.cells)  # a 0 is told: it speaks of nobody
    if small and not hidden.total:
        kept_back = hidden.cells - small
        rest = sum(cells[name] for name in hidden.cells) - (len(small) - 1) - LEAST * len(kept_back)
        assert kept_back
        assert rest >= LEAST - 1
    if not small:
        assert hidden == withheld({})


def test_which_others_are_kept_back_does_not_depend_on_their_counts() -> None:
    """Of the smallest that is large enough one would know that it is at most as large as those that are told."""
    first = withheld({"a": 2, "b": 50, "c": 90})
    second = withheld({"a": 2, "b": 90, "c": 50})

    assert first == second
