"""Laws of the desk under whatever comes in: random inboxes, driven by a seed that a failure prints."""

import random
from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatcher.desk import DeskState, decide
from dispatcher.figures import indicators
from dispatcher.figures.booking import bookings
from dispatcher.figures.figure_row import FigureRow, merge_rows
from dispatcher.order.chain import confirmer
from dispatcher.order.facts import (
    KINDS,
    Absorbed,
    Fact,
    KeptApart,
    Linked,
    Opened,
    PartEnded,
    PartOpened,
    PerhapsSame,
    Rejected,
    Related,
    Released,
)
from dispatcher.order.lifecycle import TABLE, permit
from dispatcher.order.row import OPEN, Order
from dispatcher.partition import kept_orders
from models.city import City
from models.events.vocabulary import RETURN_CODES
from models.inbox import Actor, InboxRecord, InboxUpdate, Item, Sighting, Tick
from tests.support.cities import DEPARTMENTS, FILES, LEVELS, appended
from tests.support.desks import (
    DAY,
    HOUR,
    IMPORTER,
    MINUTE,
    T0,
    Desk,
    assert_laws,
    assert_same_state,
    detection,
    facts_of,
    quiet_city,
    report,
    standing_under,
)
from tests.support.examples import examples

# With departments below the roads bureau and the police, so that orders go down and up the levels.
CITY = quiet_city(
    "camera_heartbeat_hours = 30.0\ncall_back_days = 0.5\n"
    "recheck_minutes = 600.0\nrecheck_share = 0.3\nrecheck_pairs_min = 2\njudged_share = 0.8\njudged_by = 2\n",
    **{"inspectors.csv": "id,areas,lat,lon,checks_max\np1,south-w,30.05,114.05,2\np3,south,30.01,114.01,3\n"},
    **{"citizens.csv": "id,areas\n" + "".join(f"{digit * 32},*\n" for digit in "abc")},
    **appended("departments.csv", *(f"{row}," for row in LEVELS)),
)


def stormy_city() -> City:
    """One where all that may weigh, gather or cover something does."""
    head, *rows = FILES["categories.csv"].splitlines()
    weighed = {"illegal-parking": ",0.5,0.85,0.97"}
    lines = [f"{head},verify_at,file_at,urgent_at", *(row + weighed.get(row.partition(",")[0], ",,,") for row in rows)]
    lines.append("camera-fault,order,镜头,Camera,fault,x,50,24,1,4,1,off,,,")
    cameras = FILES["cameras.csv"].replace("owner\n", "owner,heartbeat_minutes,link\n")
    cameras = cameras.replace("police\n", "police,90,mast\n").replace("office\n", "office,,\n")
    storms = "outage_cameras = 2\nstorm_orders = 2\nstorm_wait_minutes = 600.0\n"
    return quiet_city(
        f"camera_heartbeat_hours = 30.0\n{storms}", **{"categories.csv": "\n".join(lines), "cameras.csv": cameras}
    )


STORMY = stormy_city()
# Of a city without mobile units, which tests/unit/outside/test_units.py has: what they do is refused there.
ROWS = tuple(rule for rule in TABLE if rule.roles != ("unit",) and rule.action != "send-unit")
ENDINGS = ("merge", "reject", "force-close", "unmerge", "split")
REMARKS = (
    "comment",
    "remind",
    "supervise",
    "prioritise",
    "re-categorise",
    "move-area",
    "relate",
    "progress",
)  # an order stays where it is
TEXTS = ("路上有个大坑", "路上有个大坑很危险", "水管漏水了", "有人乱停车", "")


def random_sighting(rng: random.Random, n: int, at: int) -> Sighting:
    """A report or detection somewhere near the two cameras of one town."""
    category = rng.choice(("pothole", "street-light", "illegal-parking", "flooding", "water-leak", "property-fees"))
    at -= rng.choice((0, 0, 0, MINUTE, 2 * DAY))
    place = {"lat": 30.05 + rng.choice((0, 0.0003, 0.01)), "lon": 114.05 + rng.choice((0, 0.0002))}
    number = str(rng.randrange(n + 1) if rng.random() < 0.1 else n)
    if rng.random() < 0.5:
        return detection(
            number,
            at,
            category,
            rng.choice(("cam-sw-1", "cam-sw-2")),
            phase=rng.choice(("", "start", "end")),
            confidence=(None, 0.4, 0.7, 0.95)[n % 4],
            **place,
        )
    certain = category if rng.random() < 0.7 else ""
    return report(number, at, rng.choice(TEXTS), certain, reporter=rng.choice(("r1", "r2", "")), **place)


def random_update(
    rng: random.Random, n: int, at: int, orders: Mapping[str, Order], endings: float = 0.2
) -> InboxUpdate:
    """Some step on some order, more often than not one that is allowed; so many of `endings` and remarks stay."""
    order = rng.choice(list(orders.values())) if orders else None
    likely = [rule for rule in ROWS if order is not None and order.state in rule.sources]
    rule = rng.choice(likely if likely and rng.random() < 0.9 else ROWS)
    if rule.action in ENDINGS + REMARKS and rng.random() < 1 - endings:  # or few orders would live to see anything else
        rule = rng.choice([other for other in likely or ROWS if other.action not in ENDINGS + REMARKS] or [rule])
    role = rng.choice(rule.roles) if rng.random() < 0.95 else "operator"
    lead = order.department if order is not None and rng.random() < 0.95 else rng.choice(DEPARTMENTS)
    if order is not None and order.held_for:
        if rng.random() < 0.6:  # or hardly an order would be confirmed up to the top
            upward = ("accept", "handle", "check-pass", "check-fail")
            rule = next((row for row in likely if row.action in upward and row.roles == ("department",)), rule)
            role, lead = rule.roles[0], confirmer(order) if "confirms" in rule.guards else order.department
        elif "accountable" in rule.guards:
            lead = rng.choice(order.held_for).department
    named = rng.choice((*DEPARTMENTS, "", "", "nobody"))
    if rule.action == "forward":
        named = rng.choice(("", *sorted(CITY.hierarchy.below(lead))))
    person = rng.choice(("r1", "r2", "p1", "p2"))
    if role == "camera" and order is not None and order.recheck is not None:
        person = order.recheck.camera
    if role == "citizen":
        person = rng.choice(order.jury if order is not None and order.jury else ("a" * 32,))
    others = list(order.apart) if rule.action == "perhaps-same" and order is not None and order.apart else list(orders)
    if rule.action == "relate":
        others = ["north-w-20260302-aaaaaaaaaa", *orders]
    codes = {
        "return": (*RETURN_CODES, ""),
        "approve-return": ("", "", "duplicate", "not-a-problem"),
        "decide": ("", "x"),
        "call-back": ("", "", "not-reached", "x"),
    }
    return InboxUpdate(
        source=IMPORTER if rng.random() < 0.1 else "u",
        id=str(rng.randrange(n + 1) if rng.random() < 0.05 else n),
        at=at - rng.choice((0, 0, 0, 0, MINUTE, HOUR, -MINUTE)),
        action=rule.action if rng.random() < 0.98 else "dance",
        by=Actor(role, lead if role == "department" else "", person),
        area="south-w",
        order_id=order.id if order is not None and rng.random() < 0.97 else "south-w-20260302-aaaaaaaaaa",
        attempt=order.attempt if order is not None and rng.random() < 0.5 else rng.choice((None, 1)),
        reason=rng.choice(("because", "because", "because", "")),
        code=rng.choice(codes.get(rule.action, ("",))),
        category=rng.choice(("pothole", "water-leak", "", "", "no-such")),
        department=named,
        other_order_id=rng.choice(others) if others else "",
        to_area=rng.choice(("south-w", "south-e", "north-w", "south", "")) if rule.action == "move-area" else "",
        report=("app", order.evidence_first[-1].id) if rule.action == "split" and order is not None else None,
        until=at + rng.choice((HOUR, 3 * DAY, 3 * DAY, 500 * DAY)),
        inspector=rng.choice(("p1", "p3", "")),
        priority=rng.choice((1, 2, None)),
        level=rng.choice((1, 2, 3, None)),
        satisfied=rng.choice((True, False, None)),
        satisfaction=rng.choice((1, 5, None)),
        evidence_urls=rng.choice(((), ("https://pictures.example/1.jpg",))),
    )


def fits(update: InboxUpdate, at: int, orders: Mapping[str, Order]) -> bool:
    """Whether a step may well be taken: in time, with its reason, and after what has to come before it."""
    order, other = orders.get(update.order_id), orders.get(update.other_order_id)
    if order is None or not update.reason or not at - MINUTE <= update.at <= at:
        return False
    if update.attempt not in (None, order.attempt):
        return False
    row = permit(update.action, order.state, update.by.role)
    holds = {
        "extension-requested": order.extension_asked,
        "suspension-requested": order.suspension_asked_until is not None,
        "kept-apart": update.other_order_id in order.apart,
        "appealed": order.appeal == "asked",
        "accountable": order.held_for != (),
        "confirms": confirmer(order) != "",
        "evidence": update.evidence_urls != (),
        "joined-report": len(order.evidence_first) > 1,
        "lead": update.by.department == order.department,
        "mergeable": other is not None and other.id != order.id and other.state in OPEN,
    }
    return not isinstance(row, str) and all(holds.get(guard, True) for guard in row.guards)


def fitting_update(rng: random.Random, n: int, at: int, orders: Mapping[str, Order]) -> Item:
    """The first of some random steps that fits; a remark where no other one does."""
    drawn = (random_update(rng, n, at, orders, endings=0.4) for _ in range(30))
    fitting = [update for update in drawn if fits(update, at, orders)]
    return min(fitting, key=lambda update: update.action in (*REMARKS, "keep-apart", "perhaps-same"), default=Tick())


def random_inbox(seed: int, length: int = 60, city: City = CITY) -> list[InboxRecord]:
    """A random inbox of one partition, made while a desk decides it, so that its steps fit; `seed` says it all. Every
    other one has fewer orders, of each of which more becomes: most of its steps are taken."""
    rng, lively = random.Random(seed), seed % 2 == 1
    desk = Desk(city)
    clock = T0
    for offset in range(1, length):
        clock += rng.choice((0, MINUTE, MINUTE, HOUR, 5 * HOUR, DAY, 20 * DAY) if rng.random() < 0.15 else (0, MINUTE))
        items: list[Item] = []
        for index in range(rng.choice((1, 1, 2, 3))):
            n = offset * 10 + index
            if rng.random() < (0.1 if lively and len(desk.state.orders) > 1 else 0.25):
                items.append(random_sighting(rng, n, clock))
            elif lively and rng.random() < 0.9:
                items.append(fitting_update(rng, n, clock, desk.state.orders))
            elif rng.random() < 0.95:
                items.append(random_update(rng, n, clock, desk.state.orders))
            else:
                items.append(Tick())
        desk.batch([InboxRecord(3, offset, clock, tuple(items))])
    return desk.inbox


def run(inbox: list[InboxRecord], cuts: random.Random | None = None, city: City = CITY) -> Desk:
    """A desk that has decided an inbox, one record at a time or cut at random."""
    desk = Desk(city)
    desk.replay(inbox, cuts)
    return desk


def totals(desk: Desk) -> dict[str, tuple[object, object]]:
    """The figure rows that say something, without their versions."""
    rows = desk.state.figures.items()
    return {key: (row.counters, row.sketches) for key, row in rows if row.counters or row.sketches}


@pytest.mark.slow
@given(st.integers(0, 2**32))
@settings(max_examples=examples(25))
def test_rows_are_folds_figures_are_sums_and_nothing_is_lost_by_restoring(seed: int) -> None:
    """After any inbox: seq without gaps, row == fold(log), figures == sum of bookings, restore(rows) == state."""
    desk = run(random_inbox(seed))

    assert desk.failures == []
    assert "quarantined" not in desk.names()
    assert_laws(desk)


@pytest.mark.slow
@given(st.integers(0, 2**32))
@settings(max_examples=examples(15))
def test_batch_sizes_change_nothing(seed: int) -> None:
    """The same inbox in other batches gives byte-equal records, rows of orders, and figures."""
    inbox = random_inbox(seed)

    one, other = run(inbox), run(inbox, random.Random(seed))

    assert one.sent == other.sent
    assert one.state.orders == other.state.orders
    assert standing_under(one.state) == standing_under(other.state)
    assert totals(one) == totals(other)


@given(st.integers(0, 2**32), st.integers(1, 89))
@settings(max_examples=examples(10))
def test_storms_outages_and_weighed_evidence_keep_all_laws(seed: int, stop: int) -> None:
    """Where detections are weighed and gathered, and children come up: any batches, and a restart anywhere, come to the
    same facts, rows and totals, and nothing fails."""
    inbox = random_inbox(seed, 90, STORMY)
    steady, cut = run(inbox, city=STORMY), run(inbox, random.Random(seed), STORMY)
    restored = run(inbox[:stop], city=STORMY)
    restored.state = DeskState.restore(3, list(restored.rows.items()), list(restored.figure_rows.items()))
    for record in inbox[stop:]:
        restored.batch([record])

    assert steady.failures == []
    assert "quarantined" not in steady.names()
    assert steady.sent == cut.sent == restored.sent
    assert totals(steady) == totals(cut) == totals(restored)
    assert standing_under(steady.state) == standing_under(cut.state)
    assert_laws(steady)


@pytest.mark.slow
@given(st.integers(0, 2**32))
@settings(max_examples=examples(15))
def test_a_desk_that_has_hardly_an_order_at_hand_decides_the_same(seed: int) -> None:
    """Which orders are at hand as values, and which as packed rows, shows nowhere."""
    inbox = random_inbox(seed)
    usual = run(inbox)

    with patch.object(kept_orders, "WARM", 1), patch.object(kept_orders.Packing, "_SAMPLES", 1):
        forgetful = run(inbox)

        assert usual.sent == forgetful.sent
        assert usual.rows == forgetful.rows
        assert_laws(forgetful)


@pytest.mark.slow
@given(st.integers(0, 2**32), st.integers(1, 59))
@settings(max_examples=examples(15))
def test_a_restored_desk_decides_like_one_that_never_stopped(seed: int, stop: int) -> None:
    """Stopping anywhere and going on from the rows changes not one byte."""
    inbox = random_inbox(seed)
    steady = run(inbox)

    first = run(inbox[:stop])
    first.state = DeskState.restore(3, list(first.rows.items()), list(first.figure_rows.items()))
    for record in inbox[stop:]:
        first.batch([record])

    assert steady.sent == first.sent
    assert steady.state.orders == first.state.orders


@given(st.integers(0, 2**32))
@settings(max_examples=examples(10))
def test_a_decision_that_is_dropped_leaves_no_trace(seed: int) -> None:
    """`decide` changes nothing in the state: deciding twice gives the same, and the state stays equal to its rows."""
    inbox = random_inbox(seed)
    desk = run(inbox[:30])

    dropped = decide(desk.state, inbox[30:], desk.cities)
    assert_same_state(DeskState.restore(3, list(desk.rows.items()), list(desk.figure_rows.items())), desk.state)
    kept = decide(desk.state, inbox[30:], desk.cities)

    assert dropped.records == kept.records
    assert dropped.rows == kept.rows
    assert dropped.figures == kept.figures


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_random_inboxes_reach_most_of_the_life(seed: int) -> None:
    """The generator is worth its name: long runs meet most kinds of facts."""
    names = set(run(random_inbox(seed, 1000)).names())

    print(f"seed {seed}; never met: {sorted(set(KINDS) - names)}")
    assert len(names) >= 25


@pytest.mark.slow
@given(st.integers(0, 2**32))
@settings(max_examples=examples(25))
@example(2558)  # a dispatcher who is to say whose an order is gives a code
def test_no_sequence_of_actions_leaves_the_table(seed: int) -> None:
    """From the state before an action to the state after it, one of the table's rows for that role leads."""
    inbox = random_inbox(seed)
    asked: dict[tuple[str, str], list[InboxUpdate]] = {}  # an identity that was forgotten may come again
    for update in (item for record in inbox for item in record.items if isinstance(item, InboxUpdate)):
        asked.setdefault((update.source, update.id), []).append(update)
    chains: dict[str, list[Fact]] = {}
    for fact in facts_of(run(inbox).sent):
        if isinstance(fact, Fact):
            chains.setdefault(fact.order_id, []).append(fact)

    for chain in chains.values():
        before: str = ""
        for cause, group in groupby(chain, key=lambda fact: fact.cause):
            took = list(group)
            # What is merged into, taken from or linked to keeps its state; a new order has none before; a joint order
            # and its parts follow each other.
            followed = isinstance(took[0], PartEnded | PartOpened) or (
                isinstance(took[0], Rejected) and took[0].reason == "joint-order-ended"
            )
            acted_on = (
                before
                and not followed
                and not isinstance(took[0], Absorbed | Released | Linked | KeptApart | PerhapsSame | Related)
            )
            if cause is not None and acted_on:
                after = took[-1].state
                assert any(
                    (rule.action, before in rule.sources, after in rule.targets) == (update.action, True, True)
                    and update.by.role in rule.roles
                    for update in asked[cause]
                    for rule in TABLE
                ), (asked[cause], before, after)
            before = took[-1].state


@given(st.integers(0, 2**32))
@settings(max_examples=examples(5))
def test_no_order_counts_twice_over_the_levels(seed: int) -> None:
    """Each order is one department's, or nobody's yet; with those below, the topmost departments come to the city's own
    sums, figure by figure."""
    desk = run(random_inbox(seed))
    orders = {f.order_id: f for f in facts_of(desk.sent) if isinstance(f, Opened)}
    sums = indicators.totals(desk.state.figures.items(), indicators.Window(99991231))
    own = {key: row for (dimension, key), row in sums.items() if dimension == "department"}

    summed = indicators.with_below(own, CITY.hierarchy)

    tops = [row for key, row in summed.items() if not CITY.hierarchy.above(key)]
    assert merge_rows(tops).counters == indicators.city(sums).counters
    assert merge_rows(tops).sketches == indicators.city(sums).sketches
    assert sum(row.counters.get("opened", 0) for row in own.values()) == len(orders)
    for above in ("roads", "police"):
        parts = [own[key] for key in (above, *CITY.hierarchy.below(above)) if key in own]
        assert merge_rows(parts).counters == summed.get(above, FigureRow()).counters


@given(st.integers(0, 2**32))
@settings(max_examples=examples(10))
def test_an_order_is_open_once_and_overdue_only_while_it_is_open(seed: int) -> None:
    """On each day by what it counts for; and an order that was merged has one with which it goes on, which knows it."""
    orders = run(random_inbox(seed, 90)).state.orders

    for order in orders.values():
        stocks: dict[str, Counter[str]] = {}
        for row, amounts in bookings(order, CITY.zone).items():
            if row.startswith("area/"):
                stocks[row.rpartition("/")[2]] = Counter(
                    {name: amounts.get(name, 0) for name in ("open", "overdue_open")}
                )
        standing = Counter[str]()
        for day in sorted(stocks):
            standing.update(stocks[day])
            assert 0 <= standing["overdue_open"] <= standing["open"] <= 1
        assert standing["open"] == (order.state in OPEN)
        assert all(orders[child].parent == order.id for child in order.children)
        assert order.state != "merged" or order.id in orders[order.parent].children
