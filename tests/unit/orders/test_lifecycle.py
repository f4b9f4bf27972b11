"""The table of states and actions: what it says is complete, and the desk accepts exactly that."""

from typing import get_args

import pytest

from dispatcher.order.lifecycle import ACTIONS, PARTIES, REFUSALS, STATE_TERMS, TABLE, Transition, permit
from dispatcher.order.row import ENDED, OPEN, Assignment, Order, State
from dispatcher.steps.actions import STEPS
from dispatcher.steps.guards import GUARDS
from dispatcher.steps.two_people import _PERSONS, same_person
from models.events.vocabulary import CHECKS, CODES, ROLES, VOCABULARIES
from models.inbox import Actor

STATES: tuple[State, ...] = get_args(State)


def test_every_state_is_open_or_ended() -> None:
    """The two sets divide the states."""
    assert set(STATES) == OPEN | ENDED
    assert not OPEN & ENDED


def test_every_state_has_its_terms() -> None:
    """Each state has a Chinese and an English name of its own."""
    for language in (0, 1):
        terms = {state: names[language] for state, names in STATE_TERMS.items()}
        assert terms.keys() == set(STATES)
        assert len(set(terms.values())) == len(STATES)


def test_the_table_names_only_what_exists() -> None:
    """Every role, state and guard of the table is known, every action has its step, and none is left over."""
    for rule in TABLE:
        assert set(rule.roles) <= set(ROLES)
        assert set(rule.sources) | set(rule.targets) <= set(STATES)
        assert set(rule.guards) <= GUARDS.keys()
    assert STEPS.keys() == ACTIONS.keys()
    assert {guard for rule in TABLE for guard in rule.guards} == GUARDS.keys()


@pytest.mark.parametrize("action", [*ACTIONS, "dance"])
def test_exactly_the_rows_of_the_table_are_permitted(action: str) -> None:
    """For every state and role: a row of the table, or a refusal that has a sentence."""
    for state in STATES:
        for role in (*ROLES, "stranger"):
            rows = [r for r in TABLE if r.action == action and state in r.sources and role in r.roles]
            allowed = permit(action, state, role)
            if rows:
                assert allowed == rows[0]
            else:
                assert not isinstance(allowed, Transition)
                assert allowed in REFUSALS


def test_what_takes_a_code_is_an_action_and_its_codes_have_names() -> None:
    """Each word has a Chinese and an English name, and no two of one field have the same."""
    assert CODES.keys() <= ACTIONS.keys()
    assert CHECKS.keys() <= ACTIONS.keys()
    for vocabulary in VOCABULARIES.values():
        for language in (0, 1):
            names = [both[language] for both in vocabulary.values()]
            assert all(names)
            assert len(set(names)) == len(names)


def test_every_party_is_told_and_is_in_the_table() -> None:
    """The column "never the same person as" names parties that are known, none is left over, each has its refusal."""
    assert {party for row in TABLE for party in row.never} == PARTIES.keys() == _PERSONS.keys()
    assert set(PARTIES.values()) <= REFUSALS.keys()


@pytest.mark.parametrize("row", [row for row in TABLE if row.never], ids=lambda row: row.action)
def test_a_party_to_an_order_takes_no_step_that_another_must_take(row: Transition) -> None:
    """By person, in any role or department; by department, be it the lead or an assist; and nobody without a name."""
    did = Actor("department", "roads", "ren")
    turn = Assignment(attempt=1, department="roads", at=0, assists=("police",), handled_by=did)
    order = Order(
        id="a-1", seq=9, state=row.sources[0], area="a", opened_at=0, recorded_at=0, last_at=0, department="roads",
        assignments=(turn,), return_asked_by=did, extension_asked_by=did, suspension_asked_by=did, appealed_by=did,
        appeal_reviewers=("rita",) if "first-reviewer" in row.never else (),
    )  # fmt: skip

    for role in row.roles:
        refusal = PARTIES[row.never[0]]
        assert same_person(order, row, Actor(role, "", "ren")) == refusal
        assert same_person(order, row, Actor(role, "works", "ren")) == refusal
        assert same_person(order, row, Actor(role, "roads", "other")) == refusal
        assert same_person(order, row, Actor(role, "police", "other")) == refusal
        assert same_person(order, row, Actor(role, "works", "other")) == ""
        assert same_person(order, row, Actor(role)) == ("" if role in ("reporter", "camera") else "missing-name")
        if "first-reviewer" in row.never:
            assert same_person(order, row, Actor(role, "", "rita")) == "same-reviewer"


def test_no_two_rows_contradict() -> None:
    """An action of a role in a state has one row at most."""
    triples = [(r.action, state, role) for r in TABLE for state in r.sources for role in r.roles]
    assert len(triples) == len(set(triples))
