"""Every fact survives the wire, and no instant goes out as a number."""

import re
from typing import Any, cast, get_type_hints

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dispatcher.order import facts
from dispatcher.order.facts import KINDS, Fact, UpdateRefused, ce_id, from_wire, to_wire
from dispatcher.order.row import Assignment, Order
from dispatcher.order.wire import INSTANTS, decode, encode
from dispatcher.partition.telling import messages, notices
from models.events import (
    ASSIGNMENT,
    NOTICE,
    OUTGOING,
    RECHECK,
    REWORK,
    STEP_BELOW,
    WITHDRAWAL,
    AssignmentMessage,
    Notice,
    Why,
)
from models.inbox import Actor
from models.times import from_text, to_text
from tests.support.examples import examples

# From 1970 to 2100, as the wire's text reaches from year 1 to 9999.
INSTANT = st.integers(0, 4_102_444_800_000)
SMALL = st.integers(0, 99_999_999)


def built(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Values of a struct, field by field, with instants where the names say so."""
    hints = get_type_hints(kind)
    fields = {}
    for field in msgspec.structs.fields(kind):
        annotation = hints[field.name]
        fields[field.name] = of(annotation, INSTANT if field.name in INSTANTS else SMALL)
    return st.builds(kind, **fields)


def of(annotation: Any, numbers: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    """Values of an annotation."""
    if annotation is int:
        return numbers
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return built(cast(type[Any], annotation))
    arguments: tuple[Any, ...] = getattr(annotation, "__args__", ())
    if type(None) in arguments:
        return st.none() | of(next(one for one in arguments if one is not type(None)), numbers)
    if getattr(annotation, "__origin__", None) is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return st.lists(of(arguments[0], numbers), max_size=2).map(tuple)
        return st.tuples(*(of(one, numbers) for one in arguments))
    if annotation is float:
        return st.floats(allow_nan=False, allow_infinity=False)  # JSON knows neither
    return st.from_type(annotation)


ALL: list[type[Any]] = [*KINDS.values(), UpdateRefused]
FACTS = st.one_of([built(kind) for kind in ALL])
SENT = st.one_of(
    FACTS, *(built(OUTGOING[kind]) for kind in (ASSIGNMENT, NOTICE, RECHECK, REWORK, STEP_BELOW, WITHDRAWAL))
)
# An instant in encoded JSON. Only a key can look like that: inside a text each quotation mark follows a backslash.
IN_JSON = re.compile(rb'([{,]"(?:%b)":)(-?\d+)' % "|".join(sorted(INSTANTS)).encode())


def plainly_encoded(value: msgspec.Struct) -> bytes:
    """The JSON of a value in which every number under an instant's name is replaced by its text."""
    return IN_JSON.sub(lambda at: b'%b"%b"' % (at[1], to_text(int(at[2])).encode()), msgspec.json.encode(value))


def numbers_in(value: Any) -> list[float]:
    """All numbers anywhere in a decoded JSON value."""
    if isinstance(value, dict):
        return [number for inner in value.values() for number in numbers_in(inner)]
    if isinstance(value, list):
        return [number for inner in value for number in numbers_in(inner)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []


@given(FACTS)
def test_every_fact_survives_the_wire(fact: Fact | UpdateRefused) -> None:
    """from_wire(to_wire(fact)) is the fact, and its headers say what it is."""
    kind, headers, value = to_wire(fact)
    named = {name: content.decode() for name, content in headers}

    assert from_wire(kind, value) == fact
    assert named["ce_type"] == kind
    assert named["ce_id"] == ce_id(fact)
    assert named["ce_subject"] == fact.order_id
    assert from_text(named["ce_time"]) == fact.at


@given(FACTS)
def test_no_instant_goes_out_as_a_number(fact: Fact | UpdateRefused) -> None:
    """Every integer on the wire is small: what is an instant stands as text."""
    _, _, value = to_wire(fact)

    instants = {n for n in numbers_in(msgspec.json.decode(value)) if n > 99_999_999}
    assert not instants


@given(SENT)
def test_the_json_is_the_plain_one_with_text_for_its_instants(value: msgspec.Struct) -> None:
    """Byte for byte, whatever a fact or message holds."""
    assert encode(value) == plainly_encoded(value)


@given(built(Order), built(facts.Reopened), st.lists(st.text(), max_size=3).map(tuple))
@settings(max_examples=examples(20))
def test_every_notice_of_a_fact_is_what_it_would_be_alone(
    order: Order, fact: facts.Reopened, others: tuple[str, ...]
) -> None:
    """What the notices of one fact share is encoded once, and nobody sees that."""
    for sent in notices.notices(None, order, fact, others):
        notice = msgspec.json.decode(sent.value)
        alone = Notice(**notice | {"at": fact.at})
        assert sent.value == plainly_encoded(alone)
        assert (sent.key, notice["note"]) == (alone.to, fact.reason)


@given(built(Order), st.lists(st.text(), min_size=1, max_size=3).map(tuple))
@settings(max_examples=examples(20))
def test_an_assist_reads_what_it_would_read_alone(order: Order, assists: tuple[str, ...]) -> None:
    """An assist's assignment is the lead's with another role, whatever the texts in it say."""
    turn = Assignment(attempt=1, department="roads", at=1, assists=assists)
    order = replace(order, assignments=(turn,), text='"role":"lead"')
    why = Why(by="table", note='"role":"lead"')
    fact = facts.Assigned(
        order_id=order.id, seq=1, state="assigned", at=1, recorded_at=1, actor=Actor("desk"), attempt=1,
        department="roads", why=why,
    )  # fmt: skip

    lead, *others = messages.assignment(order, fact)

    assisting = plainly_encoded(replace(decode(lead.value, AssignmentMessage), role="assist"))
    assert [sent.value for sent in others] == [assisting] * len([one for one in assists if one != "roads"])


@given(built(Order))
@settings(max_examples=examples(20))
def test_every_row_survives_its_changelog(order: Order) -> None:
    """A row's JSON decodes to the same row."""
    assert msgspec.json.decode(msgspec.json.encode(order), type=Order) == order


def test_names_on_the_wire_are_kebab_case() -> None:
    """The class's name says the type."""
    assert facts.name(facts.EvidenceAdded) == "evidence-added"
    assert facts.KINDS["sent-to-arbitration"] is facts.SentToArbitration
    assert len(KINDS) == len(Fact.__subclasses__())


def test_words_that_look_like_instants_stay_words() -> None:
    """Whatever a text says, it is not taken for a field."""
    text = 'x","at":1772413200000,"due":{"at":5}\\","at":7'
    fact = facts.Progressed(
        order_id="a-1", seq=2, state="accepted", at=1, recorded_at=2, actor=Actor("department", text), note=text
    )

    kind, _, value = facts.to_wire(fact)

    assert facts.from_wire(kind, value) == fact
    assert msgspec.json.decode(value)["note"] == text
