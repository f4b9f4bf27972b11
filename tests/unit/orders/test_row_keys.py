"""The keys of the desk's changelog: what is built is parsed, and nothing else is."""

import pytest

from dispatcher.partition import row_keys

ORDER = "south-w-20260301-abcdefghij"


@pytest.mark.parametrize(
    ("key", "kind", "name"),
    [
        (row_keys.META, "meta", ""),
        (ORDER, "order", ORDER),
        (row_keys.tally(ORDER), "tally", ORDER),
        (
            row_keys.watch(row_keys.opening_watch("south-w", "dirt", row_keys.by_camera("cam/1"))),
            "watch",
            "south-w/dirt/-/cam/1",
        ),
        (
            row_keys.watch(row_keys.opening_watch("south-w", "dirt", row_keys.in_cell(10, -2))),
            "watch",
            "south-w/dirt/10/-2",
        ),
        (row_keys.watch(row_keys.covered(ORDER)), "watch", f"covered/{ORDER}"),
        (row_keys.roll("south-w"), "roll", "south-w"),
        (row_keys.algorithm("a/1"), "algorithm", "a/1"),
        (row_keys.watch(row_keys.reopening_watch(ORDER)), "watch", f"reopen/{ORDER}"),
        (row_keys.camera("cam/1"), "camera", "cam/1"),
        (row_keys.seen("report/20513", 7), "seen", "report/20513/7"),
        (row_keys.failed(7), "failed", "7"),
    ],
)
def test_a_key_names_the_kind_and_the_name_of_its_row(key: str, kind: str, name: str) -> None:
    """`parse` takes apart what the functions build, and an order's is the only key that is taken for one."""
    assert row_keys.parse(key) == (kind, name)
    assert row_keys.is_order(key) == (kind == "order")
    assert row_keys.is_tally(key) == (kind == "tally")
    assert row_keys.is_failed(key) == (kind == "failed")


@pytest.mark.parametrize("key", ["meta/1", "order/x", "/x", "tallies/x"])
def test_a_key_of_no_kind_is_refused(key: str) -> None:
    """A row that is none of the desk's means a bug or a stranger in the topic."""
    with pytest.raises(ValueError, match="is no row of the desk"):
        row_keys.parse(key)


def test_a_row_of_identities_names_its_bucket() -> None:
    """The bucket is all before the offset."""
    _, name = row_keys.parse(row_keys.seen("report/20513", 7))

    assert row_keys.seen_bucket(name) == "report/20513"
