"""Laws of a city that changes while it runs: its packs switch at records of the inbox, and at nothing else."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatcher.desk import DeskState
from dispatcher.order.facts import Accepted, Fact, Opened
from dispatcher.order.row import Order
from models.inbox import Actor, InboxRecord, PackChange
from tests.properties.desk.test_desk_laws import CITY, random_inbox, totals
from tests.support.cities import FILES
from tests.support.desks import MINUTE, T0, Desk, assert_laws, facts_of, quiet_city, report
from tests.support.examples import examples

OTHER = quiet_city(
    "camera_heartbeat_hours = 10.0\nreopen_days = 1.0\n",
    **{
        "responsibility.csv": FILES["responsibility.csv"].replace("road,*,roads,police", "road,*,works,"),
        "limits.csv": FILES["limits.csv"].replace("pothole,,handle,24", "pothole,,handle,1"),
    },
)
CITIES = {city.digest: city for city in (CITY, OTHER)}


def with_changes(inbox: list[InboxRecord], rng: random.Random) -> list[InboxRecord]:
    """The inbox with changes of the pack strewn in: by publications, by desks that were started, and some too late."""
    found: list[InboxRecord] = []
    for record in inbox:
        items = list(record.items)
        if found and rng.random() < 0.2:
            change = PackChange(rng.choice(list(CITIES)), rng.randrange(4))
            items.insert(rng.randrange(len(items) + 1), change)
        found.append(InboxRecord(record.partition, record.offset, record.clock, tuple(items)))
    return found


def decided(inbox: list[InboxRecord], cuts: random.Random | None = None) -> Desk:
    """A desk that has decided an inbox; with `cuts` in batches of any size, and restored from its rows now and then."""
    desk = Desk(CITY)
    desk.cities = CITIES
    desk.replay(inbox, cuts, restarts=True)
    return desk


def pack_of(fact: Fact, opened: dict[str, str]) -> str:
    """The digest of the pack that a fact names, by itself or by its order."""
    return fact.pack if isinstance(fact, Opened) else fact.decided_under or opened[fact.order_id]


@pytest.mark.slow
@given(st.integers(0, 2**32))
@settings(max_examples=examples(10))
def test_batches_and_restarts_change_nothing_of_what_changing_packs_decide(seed: int) -> None:
    """The same inbox with the same changes gives the same facts, byte for byte, and all laws hold."""
    rng = random.Random(seed)
    inbox = with_changes(random_inbox(seed), rng)

    steady, other = decided(inbox), decided(inbox, rng)

    assert steady.sent == other.sent
    assert steady.state.orders == other.state.orders
    assert totals(steady) == totals(other)
    assert steady.failures == []
    assert_laws(steady)


@pytest.mark.slow
@given(st.integers(0, 2**32))
@example(0x423B66)  # a camera is missed just when the pack changes
@settings(max_examples=examples(8))
def test_every_fact_names_the_pack_that_was_in_force(seed: int) -> None:
    """The change with the highest number so far decides, of equal ones the later; each fact says which that was."""
    desk, opened, highest, in_force = Desk(CITY), dict[str, str](), 0, CITY.digest
    desk.cities = CITIES
    desk.state, desk.sent = DeskState(3), []

    for record in with_changes(random_inbox(seed), random.Random(seed)):
        for item in record.items:
            sent = desk.batch([InboxRecord(3, desk.offset, record.clock, (item,))])
            said = list(facts_of(sent))
            opened |= {fact.order_id: fact.pack for fact in said if isinstance(fact, Opened)}
            if isinstance(item, PackChange) and item.publication >= highest:
                highest, in_force = item.publication, item.digest
                continue  # the timers that were due before it were fired under the former pack
            for fact in said:
                if isinstance(fact, Fact):
                    assert pack_of(fact, opened) == in_force
                else:
                    assert fact.decided_under in ("", in_force)


def test_an_order_keeps_its_limits_and_goes_on_under_the_new_rules() -> None:
    """What was decided stays: due times, department. The next decision is the new pack's, and says so."""
    desk = Desk(CITY)
    desk.cities = CITIES
    desk.feed(report("1", T0), at=T0)
    before: Order = desk.only()

    desk.feed(PackChange(OTHER.digest, 1))
    assert desk.only() == before
    desk.update("accept", Actor("department", "roads"), T0 + MINUTE)
    desk.feed(report("2", T0 + MINUTE, text="别处有个坑", lat=30.09, lon=114.09), at=T0 + MINUTE)

    old, new = sorted(desk.state.orders.values(), key=lambda order: order.opened_at)
    accepted = next(fact for fact in facts_of(desk.sent) if isinstance(fact, Accepted))
    assert (old.pack, accepted.decided_under) == (CITY.digest, OTHER.digest)
    assert (old.department, new.department) == ("roads", "works")
    assert [limit.due for limit in old.limits if limit.stage == "handle"] == [
        limit.due for limit in before.limits if limit.stage == "handle"
    ]
