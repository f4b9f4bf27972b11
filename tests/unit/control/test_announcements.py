"""Packs that are announced: one at a time, nothing is published meanwhile, and what comes is what was announced."""

import pytest
from msgspec.structs import replace

from models.times import to_text
from streams.control.one_at_a_time import ControlError
from streams.control.publications import (
    Announcement,
    Publications,
    announced,
    cancelled,
    come,
    published,
    rolled_back_to,
)
from tests.support.desks import HOUR, T0

DUE = T0 + HOUR
BEGUN = Publications("old")


def ahead(now: Publications = BEGUN) -> Publications:
    """A pack `new` is announced in place of `old`."""
    made = announced("new", "old", DUE, T0, "olga", "the new year")(now)
    return replace(now, announcements=(*now.announcements, made))


def test_what_is_announced_is_open_until_it_comes_and_comes_as_it_was_announced() -> None:
    """Who, which, instead of which and why are those of the announcement; when is when it came."""
    now = ahead()
    assert now.announced == Announcement(
        number=1, digest="new", before="old", comes_at=to_text(DUE), at=to_text(T0), by="olga", comment="the new year"
    )
    assert now.announced.due == DUE

    made = come(1, DUE + 1)(now)

    assert (made.number, made.digest, made.before, made.by) == (1, "new", "old", "olga")
    assert (made.action, made.at, made.comment, made.announced) == ("publish", to_text(DUE + 1), "the new year", 1)
    after = Publications("old", (made,), (replace(now.announced, publication=1),))
    assert after.announced is None
    with pytest.raises(ControlError, match="is not open any more"):
        come(1, DUE + 2)(after)
    assert rolled_back_to("old", "new", DUE + 3, "otto")(after).number == 2


def test_nothing_else_is_published_or_announced_while_something_is_announced() -> None:
    """Else it would be compared with a pack that is not in force when it comes."""
    now = ahead()

    for decide in (
        published("third", "old", T0, "otto"),
        rolled_back_to("third", "old", T0, "otto"),
        announced("third", "old", DUE, T0, "otto"),
    ):
        with pytest.raises(ControlError, match=r"new is announced for .*: cancel that first"):
            decide(now)


def test_what_is_announced_can_be_cancelled_until_it_comes() -> None:
    """It says by whom and why; from then on it cannot come, and another one can be announced."""
    now = ahead()
    made = cancelled(T0 + 1, "otto", "not yet")(now)
    after = replace(now, announcements=(made,))

    assert (made.cancelled_by, made.cancelled_for, made.is_open) == ("otto", "not yet", False)
    with pytest.raises(ControlError, match="is not open any more"):
        come(1, DUE)(after)
    with pytest.raises(ControlError, match="nothing is announced"):
        cancelled(T0 + 2, "otto")(after)
    assert ahead(after).announced is not None
    with pytest.raises(ControlError, match="announcement 1 is not open"):
        come(1, DUE)(ahead(after))
