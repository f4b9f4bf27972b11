"""Labels 标注: what an order in the end turned out to be, and how that is known. Pure: an order's row in, a label out.

The label is the category and department that in the end handled the order, or a reviewer's decision, which may be that
it is no fault; the first guess is not a label. While the order waits for a person to decide again, it has none. What a
reviewer said counts no more once the department that got the order by it has given it back rightly.
"""

import msgspec

from dispatcher.order.row import Order, State
from models.formats.quiet_scenes import without_denials
from models.guess import NO_FAULT, Guess
from models.words import whole_text

BLIND = "blind-review"  # a reviewer, who was not shown the guess
REVIEW = "review"  # a reviewer
RETURNED = "return-approved"  # handled under another category than the one under which it was misrouted
HANDLED = "handled"  # handled where it was first sent
MOVED = "moved"  # handled elsewhere than first sent, under the category under which it was misrouted
# Nobody said that the category of an order that was merely moved is right, so nothing is learnt from it.
SURE = frozenset({BLIND, REVIEW, RETURNED, HANDLED})
_STANDING = frozenset({"assigned", "accepted", "suspended", "handled", "closed"})


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """One order's final label with its provenance.

    `text` is what was classified. `model`, `guess`, `probability` and `outcome` are the active model's at that time,
    `shadow_*` the shadow's; empty and None where there was no guess. `blind`: the order belongs to the random share
    that people judge unseen, however its label came about. Instants are ms UTC.
    """

    order_id: str
    text: str
    label: str
    department: str
    decided_by: str
    blind: bool
    opened_at: int
    labelled_at: int
    model: str = ""
    guess: str = ""
    probability: float | None = None
    outcome: str = ""
    shadow_model: str = ""
    shadow_guess: str = ""
    shadow_probability: float | None = None
    shadow_outcome: str = ""
    area: str = ""
    channel: str = ""
    camera_label: str = ""
    hint: str = ""

    @property
    def sure(self) -> bool:
        """Whether a model may learn from it and be judged by it."""
        return self.decided_by in SURE


def final_label(order: Order) -> Label | None:
    """The label of an order, None while there is none or when it has no words to learn from."""
    text = classified_text(order)
    label = standing_label(order.state, order.label, order.label_by == "reviewer", order.guess)
    if not label or not text or _given_back(order):
        return None
    guess, shadow = order.guess, order.shadow
    first = order.evidence_first[0] if order.evidence_first else None
    return Label(
        order_id=order.id,
        text=text,
        label=label,
        department=order.label_department,
        decided_by=_decided_by(order),
        blind=order.blind,
        opened_at=order.opened_at,
        labelled_at=_labelled_at(order),
        model=guess.model if guess else "",
        guess=guess.category if guess else "",
        probability=guess.probability if guess else None,
        outcome=guess.outcome if guess else "",
        shadow_model=shadow.model if shadow else "",
        shadow_guess=shadow.category if shadow else "",
        shadow_probability=shadow.probability if shadow else None,
        shadow_outcome=shadow.outcome if shadow else "",
        area=order.area,
        channel=order.channel,
        camera_label=first.label if first else "",
        hint=order.hint,
    )


def standing_label(state: State, label: str, by_reviewer: bool, guess: Guess | None) -> str:
    """The category that is an order's label in this state; empty while it has none.

    `label` is what it was last decided or handled as, `by_reviewer` whether a reviewer said so. Without one, a reviewer
    may have rejected what the classifier, too, could take for no fault: then that is the label. An order that was
    dispatched on its group, and of which nobody has said which of the group's categories it is, has none.
    """
    if not label:
        no_fault = state == "rejected" and by_reviewer and guess is not None and guess.may_be_no_fault
        return NO_FAULT if no_fault else ""
    only_group = guess is not None and guess.outcome == "group" and label == guess.group != guess.category
    return label if state in _STANDING and not only_group else ""


def classified_text(order: Order) -> str:
    """The words that a classifier was given: a report's title and text; a detection's text without what that denies,
    or its label, if that had no category of its own. A part of a joint order has none: they speak of the whole."""
    if order.part_of:
        return ""
    if order.kind == "report":
        return whole_text(order.title, order.text)
    if order.guess is None or not order.evidence_first:
        return ""
    first = order.evidence_first[0]
    return without_denials(order.text) or (
        "" if first.gist else first.label
    )  # with a gist it had words, which were erased


def _given_back(order: Order) -> bool:
    """Whether what a reviewer decided was undone: dispatching has approved a return since, or taken the order back. It
    is what the order is handled as in the end that counts then."""
    if order.label_by != "reviewer":
        return False
    decided = _labelled_at(order)
    named = order.label, order.label_department
    theirs = [turn for turn in order.assignments if (turn.category, turn.department) == named]
    since = any(turn.misrouted and turn.at >= decided for turn in order.assignments)
    # It may have left review again by being assigned, with nobody saying anew what it is.
    return since or bool(theirs and theirs[-1].misrouted)


def _decided_by(order: Order) -> str:
    if order.label_by == "reviewer":
        return BLIND if order.blind else REVIEW
    misrouted = {turn.category for turn in order.assignments if turn.misrouted}
    if not misrouted:
        return HANDLED
    return MOVED if order.label in misrouted else RETURNED


def _labelled_at(order: Order) -> int:
    if order.label_by == "reviewer":
        decisions = [dispatch.at for dispatch in order.dispatches if dispatch.stage == "review"]
    else:
        decisions = [closing.at for closing in order.closings if not closing.forced]
    return max(decisions, default=order.last_at)
