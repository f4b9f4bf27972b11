"""The documents of the contracts say what the code does."""

import msgspec

from dispatcher.order import facts
from dispatcher.order.row import Assignment, Order, Why
from dispatcher.partition import outgoing
from models.inbox import Actor
from streams.dead_letters.letter import ERRORS
from streams.documents.asyncapi import Assigned, asyncapi, document
from streams.documents.contract_tables import DOCS, page
from tests.unit.test_intake import BAD


def test_the_asyncapi_document_is_current() -> None:
    """`python -m streams.documents.contract_tables` writes it anew."""
    assert document() == (DOCS / "asyncapi.yaml").read_text()


def test_the_page_of_contracts_is_current() -> None:
    """`python -m streams.documents.contract_tables` writes its tables anew."""
    text = (DOCS / "contracts.md").read_text()
    assert page(text) == text


def test_every_reference_in_the_document_leads_somewhere() -> None:
    """No schema or message is named that is not there."""
    whole = asyncapi()
    pending: list[object] = [whole]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            pending += part.values()
            if isinstance(part.get("$ref"), str):
                found: object = whole
                for step in part["$ref"].removeprefix("#/").split("/"):
                    assert isinstance(found, dict)
                    found = found[step]
        elif isinstance(part, list | tuple):
            pending += part


def test_an_assignment_has_the_documented_fields() -> None:
    """Neither more nor fewer."""
    actor = Actor("system")
    turn = Assignment(attempt=1, department="roads", at=5)
    order = Order(
        id="a-20260301-abcdefghij", seq=2, state="assigned", area="a", opened_at=1, recorded_at=1, last_at=1,
        assignments=(turn,),
    )  # fmt: skip
    fact = facts.Assigned(
        order_id=order.id, seq=2, state="assigned", at=5, recorded_at=5, actor=actor, department="roads", attempt=1,
        category="pothole", why=Why(by="table"),
    )  # fmt: skip
    [sent] = outgoing.assignment(order, fact)
    assert set(Assigned.__struct_fields__) == set(msgspec.json.decode(sent.value))


def test_every_class_of_dead_letter_is_documented() -> None:
    """All that the bad inputs lead to."""
    assert {error for _, error, _, _ in BAD.values()} <= set(ERRORS)
