"""The contracts of what comes in, and that documents and tables say the same."""

from typing import get_args

import pytest
from pydantic import ValidationError

from dispatcher.order.lifecycle import ACTIONS
from models.errors import Poison
from models.events import (
    CONTRACTS,
    DETECTION,
    MEASUREMENT,
    RECHECKED,
    REPORT,
    UNIT,
    UPDATE,
    Action,
    Detection,
    Report,
    Update,
    parse,
)
from models.times import from_text


def test_the_vocabulary_of_actions_is_that_of_the_table() -> None:
    """An action that the desk knows can be asked for, and no other."""
    assert set(ACTIONS) == set(get_args(Action))


def test_events_are_frozen() -> None:
    """Nobody changes what was said."""
    with pytest.raises(ValidationError, match="frozen"):
        Report(text="a").text = "b"  # type: ignore[misc]


def test_what_a_contract_does_not_know_is_ignored() -> None:
    """An upstream may say more than is asked for."""
    assert Report(text="a") == parse(REPORT, b'{"text": "a", "mood": {"angry": true}}')


def test_blanks_around_words_do_not_count() -> None:
    """Ideographic ones neither."""
    assert Detection(camera_id="c", label="x y") == parse(DETECTION, '{"camera_id":" c","label":"　x y "}'.encode())


def test_times_are_instants_inside_and_text_outside() -> None:
    """Whatever the zone they were written in."""
    update = parse(
        UPDATE,
        b'{"action":"request-suspension","by":{"role":"x"},"order_id":"a-20260301-abcdefghij",'
        b'"until":"2026-03-01T16:00:00+08:00"}',
    )
    assert isinstance(update, Update)
    assert from_text("2026-03-01T08:00:00Z") == update.until
    assert '"until":"2026-03-01T08:00:00.000Z"' in update.model_dump_json()


def test_each_type_has_one_contract() -> None:
    """And a type that has none is poison."""
    assert {REPORT, DETECTION, MEASUREMENT, RECHECKED, UPDATE, UNIT} == set(CONTRACTS)
    with pytest.raises(Poison, match="ce_type must be one of"):
        parse("city.report.received.v2", b"{}")


@pytest.mark.parametrize("length", [1, 10_000])
def test_texts_at_the_bounds_are_taken(length: int) -> None:
    """One character and ten thousand."""
    event = parse(REPORT, b'{"text":"%s"}' % (b"x" * length))
    assert isinstance(event, Report)
    assert len(event.text) == length
