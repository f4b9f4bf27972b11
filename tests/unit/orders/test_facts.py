"""Facts: their head, what they must say and keep, and what they may change."""

from typing import get_type_hints

import msgspec
import pytest

from dispatcher.order import facts
from dispatcher.order.folds.apply import FOLDS
from dispatcher.order.folds.changes import Changes, TurnChanges
from dispatcher.order.row import Assignment, Order
from dispatcher.steps.opening import evidence
from models.events import Evidence
from models.inbox import Actor, Sighting


def test_a_head_is_all_that_every_fact_says() -> None:
    """What the unit of work fills in are the fields of `Fact`, all of them and of the same types."""
    assert get_type_hints(facts.Head) == get_type_hints(facts.Fact)
    assert tuple(facts.Head.__annotations__) == facts.Fact.__struct_fields__


@pytest.mark.parametrize("field", ["order_id", "seq", "state", "at", "recorded_at", "actor"])
def test_a_fact_without_its_head_is_refused(field: str) -> None:
    """A fact that does not say of which order, as which, when, after which state or by whom is none."""
    head = facts.Head(
        order_id="a-1", seq=1, state="closed", at=1, recorded_at=2, actor=Actor("duty-officer"), cause=("s", "u"),
        decided_under="",
    )  # fmt: skip
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
        "id", "opened_at", "pack", "title", "text", "lat", "lon", "address", "place", "channel", "hint",
        "source", "kind", "due_given", "given_due", "part_of",
    }  # fmt: skip


def test_changes_of_a_turn_are_fields_of_an_assignment() -> None:
    """What a later fact may change of a department's turn are fields of the assignment, of their own types."""
    assert get_type_hints(TurnChanges).items() <= get_type_hints(Assignment).items()


@pytest.mark.parametrize("kind", facts.KINDS.values(), ids=facts.KINDS)
def test_a_fold_stands_under_the_kind_that_it_takes(kind: type[facts.Fact]) -> None:
    """The one call that the type checker cannot follow passes each fold a fact that it is made for."""
    takes = get_type_hints(FOLDS[kind])["fact"]

    assert issubclass(kind, takes)


def test_evidence_keeps_of_a_sighting_all_that_it_has_a_field_for() -> None:
    """A sighting's copy with its order loses nothing but what stands in the order itself or must stay in the inbox."""
    seen = Sighting(
        kind="detection", source="cams", id="7", at=5, area="south-w", place="camera", lat=30.0, lon=114.0, address="a",
        title="t", text="x", channel="c", reporter="r", contact="sealed", hint="h", media_urls=("u",), due_given=True,
        due=9, camera="cam", label="l", algorithm="g", object_id="o", confidence=0.5, phase="end", category="pothole",
    )  # fmt: skip

    kept = evidence(seen, 12.34, "near")

    shared = set(Evidence.__struct_fields__) & set(Sighting.__struct_fields__)
    assert {name: getattr(kept, name) for name in shared} == {name: getattr(seen, name) for name in shared}
    assert set(Evidence.__struct_fields__) - shared == {"distance_m", "rule"}
    assert (kept.distance_m, kept.rule) == (12.3, "near")
    assert set(Sighting.__struct_fields__) - shared == {
        "area", "place", "title", "contact", "hint", "due_given", "due", "phase", "category", "guess", "shadow",
        "asked", "asset", "joins", "ignored",
    }  # fmt: skip
