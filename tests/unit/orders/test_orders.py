"""The orders of a partition: rows, packed, and the values of the ones that were touched last."""

from unittest.mock import patch

import msgspec
import pytest

from dispatcher.desk import DeskState
from dispatcher.order.outline import MergedInto, Outline, Turn
from dispatcher.order.row import Assignment, MergedIn, Order
from dispatcher.partition import kept_orders, row_keys
from dispatcher.partition.kept_orders import Orders, Packing, encode_row
from tests.support.desks import T0, Desk, assert_same_state, report


def order(n: int, text: str = "路灯不亮") -> Order:
    """An order of its own."""
    return Order(
        id=f"o-{n}", seq=1, state="assigned", area="a", opened_at=n, recorded_at=n, last_at=n, text=f"{text} {n}" * 9
    )


def test_an_order_is_the_same_at_hand_and_packed() -> None:
    """Whether it was touched just now or long ago, or comes from the changelog, it is the same value."""
    some = {one.id: one for one in map(order, range(40))}
    kept, loaded = Orders(), Orders()
    with patch.object(kept_orders, "WARM", 3):
        for key, one in some.items():
            kept.keep(key, one, encode_row(one))
            loaded.load(key, encode_row(one))

        assert kept == loaded == some
        assert list(kept) == list(some)
        assert kept["o-7"] == some["o-7"]


def test_an_order_that_changes_while_it_is_packed_is_what_it_became() -> None:
    """What is kept last counts, however often it was packed before."""
    kept = Orders()
    with patch.object(kept_orders, "WARM", 1):
        for one in map(order, range(20)):
            kept[one.id] = one
        kept["o-3"] = order(3, "井盖不见了")
        kept["o-4"] = order(4)

        assert kept["o-3"] == order(3, "井盖不见了")


def test_an_order_that_is_taken_away_is_gone() -> None:
    """Neither its row nor its value remains."""
    kept = Orders()
    kept["o-1"] = order(1)

    assert kept.pop("o-1") == order(1)
    assert "o-1" not in kept
    assert kept.get("o-1") is None
    assert len(kept) == 0
    with pytest.raises(KeyError):
        kept["o-1"]


def test_packed_rows_take_less_room_and_lose_nothing() -> None:
    """The first rows stay plain; from then on each is packed against what they have in common."""
    packing, rows = Packing(), [encode_row(order(n)) for n in range(40)]
    packed = [packing.packed(row) for row in rows]

    assert [packing.unpacked(row) for row in packed] == rows
    assert [packing.packed(row) for row in packed[10:]] == packed[10:]
    assert sum(map(len, packed[10:])) < sum(map(len, rows[10:])) / 2


def test_a_state_is_restored_from_rows_that_wait_packed() -> None:
    """Whether the rows of orders come as they are or packed, the state is the same."""
    desk = Desk()
    for n in range(20):
        desk.feed(report(str(n), T0, f"{n} 物业费", category="property-fees"), at=T0)
    packing = Packing()
    rows = [(key, packing.packed(row) if row_keys.is_order(key) else row) for key, row in desk.rows.items()]

    assert sum(row != desk.rows[key] for key, row in rows) > 10
    assert_same_state(DeskState.restore(3, rows, desk.figure_rows.items(), packing), desk.state)


@pytest.mark.parametrize(("outline", "whole"), [(Outline, Order), (Turn, Assignment), (MergedInto, MergedIn)])
def test_an_outline_has_the_fields_of_the_whole(outline: type[msgspec.Struct], whole: type[msgspec.Struct]) -> None:
    """Names and defaults are the same, or a row that leaves a field out would be found elsewhere."""
    fields = {field.name: field.default for field in msgspec.structs.fields(whole)}

    assert all(fields[field.name] == field.default for field in msgspec.structs.fields(outline))
