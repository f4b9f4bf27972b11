"""A phone, an identity number and a plate in every field of every contract and format: none of them comes out."""

import json
import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY, generate_latest

from models.city import City
from models.events import CONTRACTS, REPORT
from models.events.incoming import Contract
from models.formats import FORMATS
from models.masking import masked_address
from models.redact import pseudonym
from models.times import MINUTE_MS
from streams.control.models_in_force import LiveModels
from streams.dead_letters.letter import DeadLetterError, decode_dead_letter, of_record, opened
from streams.intake.drafts import Keys
from streams.intake.personal.cleaning import TREATMENTS, text_fields
from streams.intake.processor import IntakeProcessor
from streams.intake.reading.ways import way_of
from streams.kafka.topics import Names
from streams.stage.same_time import SameTime
from tests.support.inputs.every_field import DOCUMENTS, PERSONAL, SAID, TREES, in_each_field, listing_city
from tests.support.messages import record
from tests.support.one_city import one_city

KEYS = Keys(b"k")


@pytest.fixture(scope="module")
def city() -> City:
    """One in which each of the messages opens something."""
    return listing_city()


async def test_nothing_personal_comes_out_of_any_field(city: City, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the inbox nor in dead letters, whose bytes are sealed, nor in logs and metrics."""
    caplog.set_level(logging.DEBUG)
    models = cast(LiveModels, SimpleNamespace(active=None, shadow=None))
    topics = ("t.reports", "t.detections", "t.updates", "t.units")
    intakes = {
        each: IntakeProcessor(
            Names("t"), one_city(city), models, KEYS, 4, SameTime(5 * MINUTE_MS), way_of(Names("t"), each)
        )
        for each in topics
    }
    written = []

    for personal in PERSONAL:
        for each in in_each_field(personal):
            outcome = await intakes[each.topic].decide([each])
            intakes[each.topic].settle(outcome)
            written += [(send.topic, personal, _all_of(send)) for send in outcome.sends]
    told = caplog.text + generate_latest(REGISTRY).decode()

    assert {"t.inbox", "t.dead-letters"} <= {topic for topic, _, _ in written}
    assert [(personal, text) for _, personal, text in written if personal in text] == []
    assert [personal for personal in PERSONAL if personal in told] == []


def _all_of(send: Any) -> str:
    """Key, headers and value as text, whatever escapes they are written with."""
    value = (send.value or b"").decode()
    headers = " ".join(f"{name} {text.decode()}" for name, text in send.headers or ())
    return f"{send.key.decode()} {headers} {json.dumps(json.loads(value), ensure_ascii=False) if value else ''}"


def test_the_messages_hold_every_field_and_every_format() -> None:
    """So that a new one is scanned from its first day."""
    for kind, model in CONTRACTS.items():
        assert set(SAID[kind]) == set(model.model_fields)
        for name, field in model.model_fields.items():
            inner = [part for part in CONTRACT_PARTS if part.__name__ in str(field.annotation)]
            assert all(set(SAID[kind][name]) == set(part.model_fields) for part in inner)
    assert {*TREES, *DOCUMENTS} == set(FORMATS)


CONTRACT_PARTS: list[type[Contract]] = [part for part in Contract.__subclasses__() if part not in CONTRACTS.values()]


def test_what_is_treated_otherwise_than_words_is_there() -> None:
    """An exception for a field that has gone would wait for another of its name."""
    assert TREATMENTS.keys() <= text_fields().keys()


def test_a_dead_letter_is_opened_with_its_own_key_only() -> None:
    """Then headers, key and bytes are as they came in."""
    bad = record(REPORT, {"text": f"电话{PERSONAL[0]}", "location": {"lat": 99, "lon": 1}}, id=PERSONAL[0])
    letter = decode_dead_letter(of_record(Names(), bad, "invalid", "m", key=b"k").value or b"")

    found = opened(letter, b"k")

    assert (letter.headers, letter.original_value, letter.event_id) == ((), None, pseudonym(b"k", PERSONAL[0]))
    assert (found.original_value, found.original_headers) == (bad.value, list(bad.headers))
    assert found.sealed == ""
    with pytest.raises(DeadLetterError, match="PAIDAN_PERSONAL_KEY"):
        opened(letter, b"other")


NAMES: Mapping[str, bool] = {
    "hotline-12345": True, "550e8400-e29b-41d4-a716-446655440000": True, "202603010001": True, "gulou-001": True,
    "13812345678": False, "app/鄂A12345": False, "zhang@163.com": False,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_something_personal_in_it_has_a_pseudonym(name: str) -> None:
    """Which is its own pseudonym, and another one under another key; other names stay."""
    found = pseudonym(b"k", name)

    assert (found == name) == NAMES[name]
    assert pseudonym(b"k", found) == found
    assert NAMES[name] or pseudonym(b"other", name) != found


ADDRESSES = {
    "https://media.example/2026/03/01/a.jpg?n=1": "https://media.example/2026/03/01/a.jpg?n=1",
    "https://zhang:secret@media.example/a.jpg": "https://media.example/a.jpg",
    "https://media.example/13812345678/a.jpg": "https://media.example/***/a.jpg",
    "https://media.example/a?phone=138%201234%205678&n=1": "https://media.example/a?phone=***&n=1",
    "https://media.example/a?by=%25E9%2584%2582A12345": "https://media.example/a?by=***",
    "https://media.example/138/1234/5678": "https://media.example/***",
    "http://media.example/@home": "http://media.example/@home",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_lose_what_is_personal(address: str) -> None:
    """User and password always, of the rest only what must go."""
    assert ADDRESSES[address] == masked_address(address)
