"""What operators write beside a change is kept for good: why a pack came, a model went, words were erased."""

import msgspec

from models.times import DAY_MS
from streams.control.model_pointers import CHANGES, INITIAL, Change, Pointers, promoted, rolled_back
from streams.control.publications import Publications, announced, cancelled, published, rolled_back_to
from streams.erasure.report_keys import Erasure

WHY = "asked for by 13800138000, plate 鄂A12345"
KEPT = "asked for by ***, plate ***"


def test_why_a_pack_came_is_kept_without_what_is_personal() -> None:
    """Published or rolled back."""
    first = published("b", "a", 0, "olga", WHY)(Publications("a"))
    back = rolled_back_to("a", "b", 1, "olga", WHY)(Publications("a", (first,)))

    assert [first.comment, back.comment] == [KEPT, KEPT]


def test_why_a_pack_is_announced_or_taken_back_is_kept_without_what_is_personal() -> None:
    """The announcement stays when it is cancelled."""
    ahead = announced("b", "a", DAY_MS, 0, "olga", WHY)(Publications("a"))
    gone = cancelled(1, "olga", WHY)(Publications("a", announcements=(ahead,)))

    assert [ahead.comment, gone.comment, gone.cancelled_for] == [KEPT] * 3


def test_why_a_model_went_or_came_all_the_same_is_kept_without_what_is_personal() -> None:
    """The reason for overruling a judgement, and that for going back."""
    now = Pointers(INITIAL, "", "p" * 16)
    for records in (promoted("n" * 16, INITIAL, 0, forced=WHY)(now), rolled_back("p" * 16, 1, WHY)(now)):
        [change] = [value for key, value in records.items() if key.startswith(CHANGES) and value]
        assert msgspec.json.decode(change, type=Change).forced == KEPT


def test_who_asked_for_an_erasure_is_not_what_remains_of_it() -> None:
    """The record stands in the place of the key for good."""
    assert Erasure(1, "clerk 13800138000", WHY).masked() == Erasure(1, "clerk ***", KEPT)
