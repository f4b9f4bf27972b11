"""The contracts of the messages that go out: what departments, reporters, supervisors and operators are told, and how.

CloudEvents data as frozen structs: their fields, in this order, are the JSON. Instants (`at`, `accept_by`, …) are
integer milliseconds inside and RFC 3339 text on the wire. Where a struct leaves out defaults, so does the JSON.
"""

import base64
from collections.abc import Mapping
from typing import Literal

import msgspec

# An assignment has the type of the fact that makes it; the topic tells them apart.
ASSIGNMENT = "city.order.assigned.v1"
WITHDRAWAL = "city.order.withdrawn.v1"
NOTICE = "city.notice.v1"
DEAD_LETTER = "city.dead-letter.v1"

Audience = Literal["reporter", "department", "supervisor"]


class Evidence(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One sighting of the incident, as it is kept with its order. `distance_m` is to the founding sighting."""

    kind: Literal["report", "detection"]
    source: str
    id: str
    at: int
    text: str = ""
    channel: str = ""
    reporter: str = ""
    lat: float | None = None
    lon: float | None = None
    address: str = ""
    media_urls: tuple[str, ...] = ()
    camera: str = ""
    label: str = ""
    algorithm: str = ""
    object_id: str = ""
    confidence: float | None = None
    distance_m: float | None = None
    rule: str = ""


class Why(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """The reason of an assignment: what decided (`by`: rule, table, reviewer, dispatcher, officer, suggestion,
    reopening) and all that a person needs to check it."""

    by: str
    rule: str = ""
    table_row: int | None = None
    note: str = ""
    model: str = ""
    probability: float | None = None
    threshold: float | None = None
    outcome: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()
    terms: tuple[tuple[str, float], ...] = ()


class OrderLocation(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """Where it is 事发地点: coordinates (WGS 84, degrees) where they are known, an address in words, the area's id."""

    lat: float | None = None
    lon: float | None = None
    address: str = ""
    area: str


class Deadlines(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """When the department must have accepted 签收时限 and handled 处置时限 it; null where there is no limit."""

    accept_by: int | None
    handle_by: int | None


class AssignmentMessage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order for a department 派单, as its lead gets it and, with the role `assist`, each assist."""

    order_id: str
    seq: int
    attempt: int
    at: int
    role: Literal["lead", "assist"]
    lead: str
    assists: tuple[str, ...]
    binding: bool
    category: str
    condition: str
    priority: int
    title: str
    text: str
    location: OrderLocation
    evidence: tuple[Evidence, ...]
    due: Deadlines
    why: Why


class WithdrawalMessage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The order is no longer this department's 撤回派单; `reason` is the name of the fact that took it away."""

    order_id: str
    seq: int
    attempt: int
    at: int
    reason: str


class Notice(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a reporter (by hash), a department or the supervisors are told about an order 通知.

    `to` is the reporter's hash, the department's id or `supervisor`; `kind` the name of the fact that it tells, `state`
    the order's state after it, `note` the reason, note, outcome or stage that belongs to it.
    """

    audience: Audience
    to: str
    order_id: str
    seq: int
    kind: str
    state: str
    at: int
    note: str


class DeadLetterHeader(msgspec.Struct, frozen=True, omit_defaults=True):
    """One header: its value as text, or as base64 when it is not UTF-8."""

    name: str
    value: str | None = None
    base64: str | None = None


class DeadLetter(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One dead letter 死信: a record that could not be taken in, with its place and the rule that it broke.

    `topic`, `partition`, `offset` say where the record is; `index` which of its items, where it held several. `error`
    is the class, `field` and `rule` what was broken, `message` the sentence. `value_base64` holds the bytes up to 512
    kB; a longer value leaves `value_sha256` only. `at` is when the record came in.
    """

    topic: str
    partition: int
    offset: int
    index: int | None = None
    at: str
    stage: str
    error: str
    field: str = ""
    rule: str = ""
    message: str
    headers: tuple[DeadLetterHeader, ...] = ()
    headers_cut: bool = False
    key_base64: str | None = None
    value_length: int = 0
    value_base64: str | None = None
    value_sha256: str | None = None

    @property
    def original_key(self) -> bytes | None:
        """The original record's key."""
        return None if self.key_base64 is None else base64.b64decode(self.key_base64)

    @property
    def original_value(self) -> bytes | None:
        """The original record's value; None when it had none or only its digest was kept."""
        return None if self.value_base64 is None else base64.b64decode(self.value_base64)

    @property
    def original_headers(self) -> list[tuple[str, bytes]]:
        """The original record's headers."""
        return [
            (h.name, base64.b64decode(h.base64) if h.base64 is not None else (h.value or "").encode())
            for h in self.headers
        ]


OUTGOING: Mapping[str, type[msgspec.Struct]] = {
    ASSIGNMENT: AssignmentMessage,
    WITHDRAWAL: WithdrawalMessage,
    NOTICE: Notice,
    DEAD_LETTER: DeadLetter,
}
