"""Forms 办理表单: what people are asked for is what the desk looks at."""

from typing import get_args

import pytest

from dispatcher.order.forms import ASKED, Kind, form
from dispatcher.order.lifecycle import TABLE, Transition
from dispatcher.steps.guards import GUARDS
from models.events import Update
from models.events.vocabulary import CODES

FIELDS = [field for fields in ASKED.values() for field in fields]


def test_forms_name_guards_and_fields_that_there_are() -> None:
    """Each guard is the lifecycle's, each field the contract's, and each kind is used."""
    assert ASKED.keys() <= GUARDS.keys()
    assert {field.name for field in FIELDS} <= Update.model_fields.keys()
    assert {field.kind for field in FIELDS} == set(get_args(Kind))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.action)
def test_a_form_takes_a_reason_and_begins_with_what_is_needed(row: Transition) -> None:
    """No field stands twice; codes are asked for where the action has some, but of who only names a department."""
    fields = form(row)

    names = [field.name for field in fields]
    assert "reason" in names
    assert len(names) == len(set(names))
    assert [field.needed for field in fields] == sorted((field.needed for field in fields), reverse=True)
    assert ("code" in names) == (row.action in CODES and "unroutable" not in row.guards)
