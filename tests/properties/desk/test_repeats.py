"""What a camera goes on seeing is taken quickly, or decided by all rules: that shows nowhere."""

import random
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dispatcher.arrivals.repeats import Repeats
from models.city import City
from models.inbox import InboxRecord, Item, LiveSilence, Sighting
from tests.properties.desk.test_desk_laws import CITY, STORMY, random_inbox, run
from tests.support.desks import DAY, HOUR, MINUTE, T0, Desk, assert_laws, detection
from tests.support.examples import examples


def seen_again(rng: random.Random, name: str, clock: int) -> Sighting:
    """One of a few things that two cameras see, as they stand or with something about them."""
    some = rng.random() < 0.15
    return detection(
        rng.choice(("again-1", "again-2")) if rng.random() < 0.05 else name,
        clock - rng.choice((0, 0, 0, MINUTE, HOUR, DAY)),
        rng.choice(("street-light", "street-light", "flooding", "water-leak")),
        rng.choice(("cam-sw-1", "cam-sw-2")),
        phase=rng.choice(("start", "end")) if some else "",
        area="south-e" if rng.random() < 0.05 else "south-w",
        content=rng.choice((0, 1, 2)) if some else 0,
        asked=some and rng.random() < 0.3,
    )


def silence(rng: random.Random, number: int, clock: int) -> LiveSilence:
    """Of one category, or of one camera, for a while."""
    return LiveSilence(
        number=rng.randrange(1, 4),
        version=number,
        starts_at=clock - HOUR,
        ends_at=clock + rng.choice((0, HOUR, DAY)),
        category=rng.choice(("street-light", "*")),
        camera=rng.choice(("", "cam-sw-1")),
        owner="works",
        comment="works",
        created_by="dora",
        created_at=clock,
        needs_approval=rng.random() < 0.3,
    )


def crowded_inbox(seed: int, city: City) -> list[InboxRecord]:
    """A random inbox with what two cameras go on seeing among it, some of it by the urgent lane, and silences."""
    rng = random.Random(seed)
    records: list[InboxRecord] = []
    urgent = 0
    for record in random_inbox(seed, 60, city):
        more: list[Item] = [seen_again(rng, f"{record.offset}-{n}", record.clock) for n in range(rng.randrange(5))]
        if rng.random() < 0.05:
            more.insert(0, silence(rng, record.offset + 1, record.clock))
        records.append(replace(record, items=(*record.items, *more)))
        if rng.random() < 0.1:
            clock = record.clock + rng.choice((-HOUR, 0, HOUR))
            ahead = seen_again(rng, f"urgent-{urgent}", clock)
            records.append(InboxRecord(record.partition, urgent, clock, (ahead,), urgent=True))
            urgent += 1
    return records


@pytest.mark.slow
@given(st.integers(0, 2**32), st.sampled_from((CITY, STORMY)))
@settings(max_examples=examples(40))
@example(0, CITY)
@example(75160445, CITY)  # an id comes again that is forgotten, and both times somebody asks
def test_a_repeat_that_is_taken_quickly_comes_to_the_same_as_by_all_rules(seed: int, city: City) -> None:
    """Byte for byte: records, rows and figures."""
    inbox = crowded_inbox(seed, city)
    quick = run(inbox, random.Random(seed), city)

    with patch.object(Repeats, "take", return_value=None):
        slow = run(inbox, random.Random(seed), city)

    assert quick.sent == slow.sent
    assert quick.rows == slow.rows
    assert quick.figure_rows == slow.figure_rows
    assert quick.failures == slow.failures
    assert quick.usurpers == slow.usurpers
    assert_laws(quick)


def _taken(desk: Desk, *items: Item, at: int) -> int:
    """How many of some items are taken quickly."""
    took: list[bool] = []
    usual = Repeats.take

    def watched(self: Repeats, sighting: Sighting, clock: int, latest: int) -> object:
        found = usual(self, sighting, clock, latest)
        took.append(found is not None)
        return found

    with patch.object(Repeats, "take", watched):
        desk.feed(*items, at=at)
    return sum(took)


def test_all_that_a_camera_goes_on_seeing_is_taken_quickly() -> None:
    """All but the first, which opens the order, and what was said before."""
    desk = Desk(CITY)
    again = [detection(str(number), T0 + number * MINUTE) for number in range(12)]

    taken = _taken(desk, *again, again[3], at=T0 + HOUR)

    assert taken == 11
    assert desk.state.tallies[desk.only().id].sightings == 11


@pytest.mark.parametrize(
    "about",
    [{"asked": True}, {"content": 7}, {"category": ""}, {"area": "north-w"}, {"object_id": "another"}],
    ids=lambda about: "".join(about),
)
def test_what_has_something_about_it_is_decided_by_all_rules(about: dict[str, object]) -> None:
    """Somebody waits for its answer, it is compared, nobody is sure of it, or it is not the same."""
    desk = Desk(CITY)
    desk.feed(detection("1", T0), at=T0)

    assert _taken(desk, detection("2", T0 + MINUTE), at=T0 + MINUTE) == 1
    assert _taken(desk, replace(detection("3", T0 + MINUTE), **about), at=T0 + MINUTE) == 0
