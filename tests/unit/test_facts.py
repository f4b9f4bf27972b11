"""Facts, their head and what they must say."""

from typing import get_type_hints

import msgspec
import pytest

from dispatcher.order import facts
from dispatcher.order.folds.apply import FOLDS
from dispatcher.order.folds.changes import Changes, TurnChanges
from dispatcher.order.row import Assignment, Order
from models.inbox import Actor


def test_a_head_is_all_that_every_fact_says() -> None:
    """What the unit of work fills in are the fields of `Fact`, all of them and of the same types."""
    assert get_type_hints(facts.Head) == get_type_hints(facts.Fact)
    assert tuple(facts.Head.__annotations__) == facts.Fact.__struct_fields__


@pytest.mark.parametrize("field", ["order_id", "seq", "state", "at", "recorded_at", "actor"])
def test_a_fact_without_its_head_is_refused(field: str) -> None:
    """A fact that does not say of which order, as which, when, after which state or by whom is none."""
    head = facts.Head(
        order_id="a-1", seq=1, state="closed", at=1, recorded_at=2, actor=Actor("officer"), cause=("s", "u")
    )
    kind, _, value = facts.to_wire(facts.Archived(**head))
    plain = msgspec.json.decode(value)
    del plain[field]

    with pytest.raises(msgspec.ValidationError, match=field):
        facts.from_wire(kind, msgspec.json.encode(plain))


def test_changes_are_fields_of_the_row() -> None:
    """What a fold may change are an order's fields, of their own types; all others its first fact has set for good."""
    order = get_type_hints(Order)
    changes = get_type_hints(Changes)

    assert changes.items() <= order.items()
    assert order.keys() - changes.keys() == {
        "id", "area", "opened_at", "pack", "title", "text", "lat", "lon", "address", "place", "channel", "hint",
        "source", "kind", "due_given", "given_due",
    }  # fmt: skip


def test_changes_of_a_turn_are_fields_of_an_assignment() -> None:
    """What a later fact may change of a department's turn are fields of the assignment, of their own types."""
    assert get_type_hints(TurnChanges).items() <= get_type_hints(Assignment).items()


@pytest.mark.parametrize("kind", facts.KINDS.values(), ids=facts.KINDS)
def test_a_fold_stands_under_the_kind_that_it_takes(kind: type[facts.Fact]) -> None:
    """The one call that the type checker cannot follow passes each fold a fact that it is made for."""
    takes = get_type_hints(FOLDS[kind])["fact"]

    assert issubclass(kind, takes)
