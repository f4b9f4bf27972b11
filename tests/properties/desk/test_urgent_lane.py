"""Laws of the urgent lane, wherever in the inbox its records are decided."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.auditing import Recount
from dispatcher.order.facts import Fact, Opened
from dispatcher.order.folds.apply import apply
from dispatcher.order.row import Order
from dispatcher.partition.decision import failed_items, overtakings
from models.envelope import event_type
from models.inbox import InboxRecord, Sighting
from streams.audit.both_lanes import BothLanes
from tests.properties.desk.test_desk_laws import CITY, random_inbox, totals
from tests.support.desks import Desk, assert_laws, facts_of
from tests.support.examples import examples

FURTHEST = 25  # records of the inbox that an urgent one may overtake


def overtaken(seed: int) -> list[InboxRecord]:
    """A random inbox of which some sightings came by the urgent lane and were decided before what waited."""
    rng = Random(seed)
    decided: list[InboxRecord] = []
    urgent = earliest = 0
    for record in random_inbox(seed):
        if not all(isinstance(item, Sighting) for item in record.items) or rng.random() < 0.4:
            decided.append(record)
            continue
        came = InboxRecord(record.partition, urgent, record.clock, record.items, urgent=True)
        earliest = max(earliest, len(decided) - rng.randrange(FURTHEST), 1)  # the first names the pack
        decided.insert(earliest, came)
        urgent, earliest = urgent + 1, earliest + 1
    return decided


def lanes(records: list[InboxRecord]) -> tuple[list[InboxRecord], list[InboxRecord]]:
    """The inbox and the urgent lane of what was decided."""
    return [each for each in records if not each.urgent], [each for each in records if each.urgent]


@given(st.integers(0, 10**6))
@settings(max_examples=examples(15))
def test_what_both_lanes_were_decided_to_be_is_decided_again_from_the_logs(seed: int) -> None:
    """The rows of the changelog say in which order; cuts and restarts change no byte."""
    first, again = Desk(CITY), Desk(CITY)
    first.replay(overtaken(seed), Random(seed), restarts=True)
    inbox, urgent = lanes(first.inbox[1:])
    both = BothLanes(urgent, overtakings(first.rows))

    order = [*both.with_urgent(inbox), *both.rest()]
    again.replay(order, Random(seed + 1), restarts=True)

    assert order == first.inbox[1:]
    assert again.sent == first.sent
    assert totals(again) == totals(first)


@given(st.integers(0, 10**6))
@settings(max_examples=examples(15))
def test_an_urgent_record_never_moves_the_clock(seed: int) -> None:
    """It is that of the inbox alone, so no timer fires before its time."""
    desk = Desk(CITY)
    desk.replay([])

    for record in overtaken(seed):
        before = desk.state.meta.clock
        desk.batch([record])
        assert desk.state.meta.clock == (before if record.urgent else max(before, record.clock))


@given(st.integers(0, 10**6))
@settings(max_examples=examples(15))
def test_no_order_is_lost_or_doubled_by_an_urgent_record(seed: int) -> None:
    """Rows are folds of their facts, an order is opened once, and the audit finds each sighting where it is."""
    desk = Desk(CITY)
    desk.replay(overtaken(seed), Random(seed), restarts=True)
    facts = facts_of(desk.sent)
    opened = [fact.order_id for fact in facts if isinstance(fact, Opened)]

    assert len(opened) == len(set(opened))
    assert_laws(desk)
    assert differences(desk) == []


@given(st.integers(0, 10**6))
@settings(max_examples=examples(15))
def test_the_steps_of_an_order_never_go_back_in_time(seed: int) -> None:
    """Also where the backlog adds to what an urgent record has opened, later by its own time."""
    desk = Desk(CITY)
    desk.replay(overtaken(seed))
    rows: dict[str, Order] = {}

    for fact in facts_of(desk.sent):
        if isinstance(fact, Fact):
            before = rows.get(fact.order_id)
            rows[fact.order_id] = after = apply(before, fact)
            assert fact.at <= fact.recorded_at
            assert before is None or before.last_at <= after.last_at


def differences(desk: Desk) -> list[str]:
    """What the audit of log, inbox and urgent lane finds in the figures."""
    failed = failed_items(desk.rows), failed_items(desk.rows, urgent=True)
    recount = Recount(3, desk.city.zone, *failed)
    for out in desk.sent:
        if out.topic == "orders":
            recount.fact(event_type(out.headers), out.value)
    for record in desk.inbox[1:]:
        recount.inbox(record, desk.cities, desk.city.digest)
    recount.check_figures(desk.state.figures)
    return [str(each) for each in recount.differences]
