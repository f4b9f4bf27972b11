"""Forms 办理表单: what an action asks of whoever takes it, read off the guards of its row in the lifecycle's table.

Whoever draws a form for people takes it from here, so that it asks for what the desk will look at.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from dispatcher.order.lifecycle import Transition

Kind = Literal[
    "text", "category", "condition", "department", "code", "instant", "level", "priority", "links", "yes-no", "grade",
    "order", "report", "inspector", "plan", "area",
]  # fmt: skip


class Field(msgspec.Struct, frozen=True):
    """One field of the contract `Update`: its name, what kind of answer it takes, and whether the desk asks for it."""

    name: str
    kind: Kind
    needed: bool = False


_REASON = Field("reason", "text")
_CATEGORY = Field("category", "category")
_CONDITION = Field("condition", "condition")
_DEPARTMENT = Field("department", "department")
_CODE = Field("code", "code")
_LINKS = Field("evidence_urls", "links")
_UNTIL = Field("until", "instant", needed=True)
_OTHER = Field("other_order_id", "order")

# What each guard looks at. A guard that is not here looks at nothing that can be given with the step.
ASKED: Mapping[str, tuple[Field, ...]] = {
    "decision": (_CATEGORY, _CONDITION, _CODE),
    "known-department": (_DEPARTMENT,),
    "return-code": (Field("code", "code", needed=True),),
    "return-window": (_LINKS,),
    "reason": (Field("reason", "text", needed=True),),
    "another-department": (_DEPARTMENT, _CATEGORY, _CONDITION, _CODE),
    "mergeable-if-duplicate": (_OTHER,),
    "department": (Field("department", "department", needed=True),),
    "below": (_DEPARTMENT,),
    "parts": (Field("plan", "plan"), _CATEGORY, _CONDITION),
    "known-category": (_CATEGORY, _CONDITION),
    "another-category": (Field("category", "category", needed=True), _CONDITION),
    "another-area": (Field("area", "area", needed=True),),
    "another-priority": (Field("priority", "priority", needed=True),),
    "until": (_UNTIL,),
    "deadline": (_UNTIL,),
    "level": (Field("level", "level", needed=True),),
    "another-inspector": (Field("inspector", "inspector", needed=True),),
    "evidence": (Field("evidence_urls", "links", needed=True),),
    "satisfied": (Field("satisfied", "yes-no"), Field("satisfaction", "grade")),
    "satisfied-if-reached": (Field("satisfied", "yes-no"), Field("satisfaction", "grade"), _CODE),
    "mergeable": (Field("other_order_id", "order", needed=True),),
    "another-order": (Field("other_order_id", "order", needed=True),),
    "beyond-a-border": (Field("other_order_id", "order", needed=True),),
    "kept-apart": (Field("other_order_id", "order", needed=True),),
    "joined-report": (Field("report", "report", needed=True),),
}
# Actions that keep photos without asking for them.
_SHOWN = frozenset({"progress", "check-pass", "check-fail", "verify-pass", "verify-fail", "comment"})


def form(row: Transition) -> tuple[Field, ...]:
    """The fields of an action's form, those that are needed first; each takes a reason."""
    fields: dict[str, Field] = {}
    for guard in row.guards:
        for field in ASKED.get(guard, ()):
            if field.name not in fields or field.needed:
                fields[field.name] = field
    fields.setdefault("reason", _REASON)
    if row.action in _SHOWN:
        fields.setdefault("evidence_urls", _LINKS)
    return tuple(sorted(fields.values(), key=lambda field: not field.needed))
