"""Marks 标记: what about an order is to be looked at, besides its state. Lists can be asked for one."""

from collections.abc import Callable, Mapping

import msgspec

from dispatcher.order.row import OPEN, Order, all_merged, has_reporters, unroutable
from models.events.vocabulary import Names

_PRESSING = 2  # the last priority that a list marks as urgent: more than the matters of life and limb alone


class Mark(msgspec.Struct, frozen=True):
    """One mark: its names, what it says of an order, and whether an order has it."""

    names: Names
    meaning: str
    is_on: Callable[[Order], bool]


def perhaps_same(order: Order) -> tuple[str, ...]:
    """Its candidates of which nobody has said yet whether they are the same: not those that were merged into it, be
    it with another one."""
    merged = all_merged(order)
    return tuple(each for each in order.candidates if each not in merged)


MARKS: Mapping[str, Mark] = {
    "urgent": Mark(
        ("紧急", "urgent"),
        "open, of priority 1 or 2",
        lambda order: order.state in OPEN and order.priority <= _PRESSING,
    ),
    "unanswered": Mark(
        ("未响应", "unanswered"),
        "open, and nobody has answered its reporters yet",
        lambda order: order.state in OPEN and has_reporters(order) and order.first_response_at is None,
    ),
    "reminded": Mark(
        ("催办", "reminded"),
        "open, and a reporter has reminded of it",
        lambda order: order.state in OPEN and bool(order.reminded_on),
    ),
    "extension-request": Mark(
        ("延期申请", "extension requests"),
        "more time is asked for",
        lambda order: order.state in OPEN and order.extension_asked,
    ),
    "suspension-request": Mark(
        ("挂账申请", "suspension requests"),
        "it is asked that its clocks stand still",
        lambda order: order.state in OPEN and order.suspension_asked_until is not None,
    ),
    "call-back": Mark(
        ("待回访", "to call back"),
        "closed, and its reporters have not said in time whether it was settled",
        lambda order: order.call_back,
    ),
    "appeal": Mark(("申诉", "appeals"), "the department has appealed", lambda order: order.appeal == "asked"),
    "candidates": Mark(
        ("疑似重复", "perhaps the same"),
        "open, and others nearby may be the same that are not merged into it",
        lambda order: order.state in OPEN and bool(perhaps_same(order)),
    ),
    "unroutable": Mark(
        ("无法派遣", "without a department"),
        "in review because no department follows from what is known",
        unroutable,
    ),
}


def marks_of(order: Order) -> tuple[str, ...]:
    """The names of the marks that an order has."""
    return tuple(name for name, mark in MARKS.items() if mark.is_on(order))
