"""Facts, their head and what they must say."""

from typing import get_type_hints

import msgspec
import pytest

from dispatcher.order import facts
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
