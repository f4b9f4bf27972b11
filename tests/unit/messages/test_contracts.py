"""What is sent is what the AsyncAPI document says."""

import inspect
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from dispatcher.order import facts
from dispatcher.order.lifecycle import REFUSALS
from models.envelope import event_type, header_map
from models.events import (
    ASSIGNMENT,
    DEAD_LETTER,
    NOTICE,
    OUTGOING,
    RECHECK,
    REWORK,
    STEP_BELOW,
    TASK,
    TASK_WITHDRAWAL,
    WITHDRAWAL,
)
from models.events.incoming import (
    By,
    Contract,
    Detection,
    Location,
    Measurement,
    RecheckAnswer,
    Report,
    Reporter,
    ReportRef,
    UnitReport,
    Update,
)
from models.events.vocabulary import CALL_BACK_CODES, RETURN_CODES, RETURN_OUTCOMES, REVIEW_REASONS, ROLES
from models.formats import FORMATS
from streams.dead_letters.letter import ERRORS, of_record
from streams.documents.asyncapi import asyncapi
from streams.kafka.topics import Names
from tests.conftest import REPOSITORY
from tests.properties.desk.test_desk_laws import random_inbox, run
from tests.support.desks import MINUTE, T0, Desk, quiet_city, report
from tests.support.messages import ORDER, raw
from tests.support.web.schemas import misfits, resolved
from tests.unit.intake.test_intake import BAD
from tests.unit.outside.test_units import life_of_a_task
from tests.unit.steps.test_desk_hubs import life_of_what_is_taken_back
from tests.unit.steps.test_desk_returns import ROADS

DOCUMENT: dict[str, Any] = asyncapi()
HEADERS = DOCUMENT["components"]["messageTraits"]["sent"]["headers"]
Sent = dict[str, dict[str, list[Any]]]
# Random lives in which nearly every kind of fact comes.
SEEDS = (519, 523, 532, 431, 41, 647)
RARE = {facts.Quarantined}


def schema(channel: str, ce_type: str) -> Any:
    """What the document says of the data of a type of event on a channel."""
    for reference in DOCUMENT["channels"][channel]["messages"].values():
        message = resolved(reference["$ref"], DOCUMENT)
        if message["name"] == ce_type:
            return message["payload"]
    raise AssertionError(f"{channel} is not said to carry {ce_type}")


def test_every_reference_in_the_document_leads_somewhere() -> None:
    """No schema or message is named that is not there."""
    pending: list[object] = [DOCUMENT]
    found = []
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            pending += part.values()
            if isinstance(part.get("$ref"), str):
                found.append(resolved(part["$ref"], DOCUMENT))
        elif isinstance(part, list | tuple):
            pending += part
    assert all(isinstance(each, dict) for each in found)


@pytest.fixture(scope="module")
def sent() -> Sent:
    """The data of all events that desks have sent in random lives, one with mobile units, one that goes on and one of
    what a platform above has taken back, by channel and type."""
    events: Sent = defaultdict(lambda: defaultdict(list))
    random_lives = (run(random_inbox(seed)).sent for seed in SEEDS)
    lives = (life_of_a_task(), life_that_goes_on(), life_of_what_is_taken_back())
    for sent in (*random_lives, *(each.sent for each in lives)):
        for out in sent:
            channel = out.topic.partition("/")[0]
            if channel not in ("archive", "inbox"):  # rows, and what desks tell each other: no events
                assert not list(misfits(_texts(out.headers), HEADERS, DOCUMENT))
                events[channel][event_type(out.headers)].append(msgspec.json.decode(out.value))
    return events


def life_that_goes_on() -> Desk:
    """One in which a department says how far it is: few random ones come to that."""
    desk = Desk()
    desk.feed(report("r", T0))
    for n, action in enumerate(("accept", "progress"), 1):
        desk.update(action, ROADS, T0 + n * MINUTE, desk.only().id, reason="the parts have come")
    return desk


def _texts(headers: tuple[tuple[str, bytes], ...]) -> dict[str, str]:
    return {name: value.decode() for name, value in header_map(headers).items()}


def _misfits(events: Sent) -> Iterator[str]:
    for channel, types in events.items():
        for ce_type, data in types.items():
            expected = schema(channel, ce_type)
            for each in data:
                yield from misfits(each, expected, DOCUMENT, ce_type)


def test_all_that_the_desk_sends_is_as_documented(sent: Sent) -> None:
    """Every assignment, withdrawal, notice and fact: each field of its type, none missing, none more."""
    assert set(sent["assignments"]) == {ASSIGNMENT, REWORK, STEP_BELOW, WITHDRAWAL}
    assert set(sent["tasks"]) == {TASK, TASK_WITHDRAWAL, facts.CE_TYPES[facts.UpdateRefused]}
    assert set(sent["notices"]) == {NOTICE}
    assert set(sent["rechecks"]) == {RECHECK}
    assert set(facts.CE_TYPES.values()) - set(sent["orders"]) == {facts.CE_TYPES[kind] for kind in RARE}
    assert list(_misfits(sent)) == []


def test_the_schemas_name_the_words_of_fields_that_take_one_of_a_few() -> None:
    """Incoming and outgoing alike."""
    parts = DOCUMENT["components"]["schemas"]

    assert parts["Update"]["properties"]["code"]["anyOf"][0]["enum"] == ["", *RETURN_CODES, *CALL_BACK_CODES]
    assert parts["By"]["properties"]["role"]["anyOf"][0]["enum"] == ["", *ROLES]
    assert parts["FactReturned"]["properties"]["code"]["enum"] == [*RETURN_CODES]
    assert parts["FactUpdateRefused"]["properties"]["reason"]["enum"] == [*REFUSALS]
    assert parts["Notice"]["properties"]["kind"]["enum"] == [*facts.KINDS]


# One good message of each contract, and of what is in one.
GOOD: dict[type[Contract], dict[str, Any]] = {
    Report: {"text": "a"},
    Detection: {"camera_id": "c", "label": "l"},
    Measurement: {"sensor_id": "s", "quantity": "q", "value": 2.0, "threshold": 1.0},
    RecheckAnswer: {"order_id": ORDER, "camera_id": "c", "result": "gone"},
    UnitReport: {"unit": "u", "state": "free"},
    Update: {
        "action": "accept",
        "by": {"role": "inspector"},
        "order_id": ORDER,
        "report": {"source": "app", "id": "1"},
    },
    By: {"role": "inspector", "department": "roads"},
    Location: {},
    Reporter: {},
    ReportRef: {"source": "app", "id": "1"},
}


@pytest.mark.parametrize("contract", GOOD, ids=lambda contract: contract.__name__)
def test_the_schemas_take_null_where_the_contracts_do(contract: type[Contract]) -> None:
    """Many systems write null for what they do not know; what is needed may be neither left out nor null."""
    fields = DOCUMENT["components"]["schemas"][contract.__name__]["properties"]

    assert {name for name, field in fields.items() if {"type": "null"} in field.get("anyOf", ())} == {
        name for name in fields if _is_good(contract, GOOD[contract] | {name: None})
    }


def _is_good(contract: type[Contract], data: dict[str, Any]) -> bool:
    try:
        contract.model_validate(data)
    except ValidationError:
        return False
    return True


def test_the_reasons_that_the_desk_itself_gives_are_documented(sent: Sent) -> None:
    """In random lives, in a city whose rules have ids of their own."""
    said = "because"  # by the operator who split an order
    known = REVIEW_REASONS.keys() | {rule.id for rule in quiet_city().rules} | {said}
    reviews = {data["reason"] for data in sent["orders"][facts.CE_TYPES[facts.SentToReview]]}

    assert reviews - known == set()


def test_what_came_of_an_approved_return_has_names(sent: Sent) -> None:
    """In random lives: the pages show them as what was noted with the step."""
    assert {data["outcome"] for data in sent["orders"][facts.CE_TYPES[facts.ReturnApproved]]} <= RETURN_OUTCOMES.keys()


def test_an_assignment_has_all_documented_fields(sent: Sent) -> None:
    """In the order of the contract: nothing is left out but what the place and the reason lack, and what is a hub's."""
    fields = {
        ce_type: [field.name for field in msgspec.structs.fields(kind) if field.required]
        for ce_type, kind in OUTGOING.items()
    }
    for ce_type, data in (*sent["assignments"].items(), *sent["notices"].items()):
        assert {tuple(each) for each in data} == {tuple(fields[ce_type])}


@pytest.mark.parametrize("value", [b"x", b"\xff", b"x" * 600_000, None], ids=["text", "bytes", "long", "none"])
def test_dead_letters_are_as_documented(value: bytes | None) -> None:
    """Whatever the record was."""
    letter = of_record(Names(), raw(value, [("a", b"b"), ("c", b"\xff")]), "invalid", "what is wrong", "text", "rule")

    assert event_type(letter.headers) == DEAD_LETTER
    assert list(misfits(_texts(letter.headers), HEADERS, DOCUMENT)) == []
    assert list(misfits(msgspec.json.decode(letter.value or b""), schema("deadLetters", DEAD_LETTER), DOCUMENT)) == []


def test_every_class_of_dead_letter_is_documented() -> None:
    """All that the bad inputs lead to."""
    assert {error for _, error, _, _ in BAD.values()} <= set(ERRORS)


def test_the_table_of_vendors_fields_names_what_the_decoders_read() -> None:
    """Each format has a row, and no row names a field that its decoder does not know."""
    page = (REPOSITORY / "docs" / "contracts.md").read_text("utf-8")
    _, *rows = re.findall(r"^\| `(\w+)` \|(.*\|.*\|.*\|.*\|.*)\|$", page, re.MULTILINE)

    assert [name for name, _ in rows] == list(FORMATS)
    for name, cells in rows:
        source = inspect.getsource(sys.modules[FORMATS[name].decode.__module__])
        fields = {part for field in re.findall(r"`([^`]+)`", cells) for part in re.findall(r"\w+", field)}
        assert [field for field in sorted(fields - {"class", "objects", "duration"}) if field not in source] == []
