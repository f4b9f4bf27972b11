"""What is urgent overtakes what waits: which sightings are, and what the desk makes of one before its time has come."""

from dataclasses import replace

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from dispatcher.order.facts import Opened
from dispatcher.order.row import kept_evidence
from dispatcher.partition.decision import Overtaking, overtakings
from dispatcher.steps.routing import Urgency
from models.inbox import InboxRecord, Sighting, Tick
from streams.audit.both_lanes import BothLanes
from streams.intake.batch import parted
from streams.stage.share import Share
from tests.support.clusters.counting_stage import Counting, options
from tests.support.desks import DAY, HOUR, MINUTE, T0, Desk, detection, facts_of, guess, quiet_city, report

FLOOD = "桥下积水"
MAY_BE_WATER = (("pothole", 0.6), ("flooding", 0.1))
HARDLY_WATER = (("pothole", 0.6), ("flooding", 0.09))
INPUT, AHEAD = TopicPartition("in", 0), TopicPartition("ahead", 0)


def flood(id: str, at: int, **own: object) -> Sighting:
    """A report of something urgent."""
    return report(id, at, FLOOD, "flooding", **own)


@pytest.mark.parametrize(
    ("sighting", "is_urgent"),
    [
        (report("1", T0), False),
        (flood("1", T0), True),
        (detection("1", T0, "flooding"), True),
        (detection("1", T0, "street-light"), False),
        (report("1", T0, category=""), False),
        (
            report("1", T0, FLOOD, guess=guess("flooding", 0.6, outcome="group", group="water", group_probability=0.9)),
            True,
        ),
        (report("1", T0, FLOOD, guess=guess("flooding", 0.2, outcome="abstain", group_probability=0.3)), True),
        (report("1", T0, guess=guess("pothole", 0.6, outcome="abstain", alternatives=MAY_BE_WATER)), True),
        (report("1", T0, guess=guess("pothole", 0.6, outcome="abstain", alternatives=HARDLY_WATER)), False),
        (report("1", T0, "办证贷款 积水", guess=guess("flooding")), False),  # a rule rejects it
    ],
    ids=["pothole", "report", "camera", "lamp", "unknown", "group", "doubtful", "may be", "hardly", "rejected"],
)
def test_urgent_is_what_rules_and_tables_would_make_an_urgent_order_of(sighting: Sighting, is_urgent: bool) -> None:
    """As the desk routes it: a category of priority 1, also one that is likely, or that a reviewer is to look at."""
    city = quiet_city()

    assert Urgency(city).of(sighting) == is_urgent
    urgent, rest = parted({sighting.area: [sighting]}, city)
    assert (list(urgent), list(rest)) == (([sighting.area], []) if is_urgent else ([], [sighting.area]))


def test_a_rule_of_the_city_makes_urgent_what_no_category_does() -> None:
    """It sees the words, as it does at the desk."""
    rules = '[[rules]]\nid = "gas"\nreason = "Gas 燃气"\nwhen = { text_any = ["燃气"] }\nthen = { priority = 1 }\n'
    urgency = Urgency(quiet_city(**{"rules.toml": rules}))

    assert urgency.of(report("1", T0, "路边燃气味很浓"))
    assert not urgency.of(report("1", T0))


def test_a_rule_makes_urgent_by_the_category_that_it_names() -> None:
    """Though it says nothing of a priority, and the words alone are of something else."""
    rules = (
        '[[rules]]\nid = "gas"\nreason = "Gas 燃气"\nwhen = { text_any = ["燃气"] }\nthen = { category = "flooding" }\n'
    )
    urgency = Urgency(quiet_city(**{"rules.toml": rules}))

    assert urgency.of(report("1", T0, "路边燃气味很浓"))
    assert not urgency.of(report("1", T0))


def test_rules_for_words_make_nothing_urgent_that_has_none() -> None:
    """A camera's detection is asked none of them; where it has words, or its category is urgent, it counts as ever."""
    rules = '[[rules]]\nid = "gas"\nreason = "Gas 燃气"\nwhen = { text_any = ["燃气"] }\nthen = { priority = 1 }\n'
    urgency = Urgency(quiet_city(**{"rules.toml": rules}))

    assert not urgency.of(detection("1", T0))
    assert urgency.of(detection("2", T0, text="燃气味很浓"))
    assert urgency.of(detection("3", T0, "flooding"))


def test_what_a_rule_says_of_one_camera_it_says_of_no_other() -> None:
    """What cameras see without words is routed once, but for each area and hour."""
    when = '{ category = "street-light", area = "south-w", hours = "0-12" }'
    rules = f'[[rules]]\nid = "dark"\nreason = "Dark 黑"\nwhen = {when}\nthen = {{ priority = 1 }}\n'
    urgency = Urgency(quiet_city(**{"rules.toml": rules}))

    for _ in range(2):
        assert urgency.of(detection("1", T0))
        assert not urgency.of(detection("1", T0, area="south-e"))
        assert not urgency.of(detection("1", T0 + 5 * HOUR))


def test_an_urgent_report_counts_from_its_own_time_and_leaves_the_clock() -> None:
    """The desk is a day behind: a timer that is due meanwhile does not fire, as its acknowledgement may still wait."""
    desk = Desk()
    desk.feed(report("slow", T0), at=T0)
    slow = desk.only().id
    before = desk.names(slow)
    now = T0 + 20 * DAY

    sent = desk.urgent(flood("gas", now - MINUTE), at=now)

    [opened] = [fact for fact in facts_of(sent) if isinstance(fact, Opened)]
    assert (opened.at, opened.recorded_at) == (now - MINUTE, now)
    assert opened.whole is not None
    assert opened.whole.due > now
    assert desk.order(opened.order_id).state == "assigned"
    assert (desk.state.meta.clock, desk.state.meta.urgent_clock) == (T0, now)
    assert desk.names(slow) == before
    desk.tick(now)
    assert desk.names(slow) != before


def test_a_repeat_that_waited_in_the_backlog_joins_what_was_opened_before_it() -> None:
    """Its own time is earlier, and it is no step back: the order stays one."""
    desk = Desk()
    desk.urgent(flood("first", T0 + HOUR), at=T0 + HOUR)

    desk.feed(flood("waited", T0 + MINUTE), at=T0 + 2 * MINUTE)

    order = desk.only()
    assert [one.id for one in kept_evidence(order)][:2] == ["first", "waited"]
    assert order.last_at >= order.opened_at


@pytest.mark.parametrize("between", [0, MINUTE, 2 * DAY])
def test_the_same_event_by_both_lanes_is_taken_once(between: int) -> None:
    """Whichever of the two is decided first, and however far behind the inbox is."""
    ahead, behind = Desk(), Desk()

    ahead.urgent(flood("1", T0), at=T0 + between)
    ahead.feed(flood("1", T0), at=T0)
    behind.feed(flood("1", T0), at=T0)
    behind.urgent(flood("1", T0), at=T0 + between)

    for desk in (ahead, behind):
        assert (desk.count("duplicates"), len(desk.only().report_keys)) == (1, 1)


def test_identities_of_two_urgent_batches_lie_in_two_rows() -> None:
    """The inbox stands still between them: the second row must not take the place of the first."""
    desk = Desk()
    desk.urgent(flood("1", T0), at=T0)
    desk.urgent(flood("2", T0), at=T0)

    again = Desk()
    again.replay(desk.inbox)

    assert len([key for key in desk.rows if key.startswith("seen/report/")]) == 2
    assert overtakings(desk.rows) == [Overtaking(0, 1, 1), Overtaking(1, 2, 1)]


def test_some_of_what_is_not_urgent_is_in_each_batch() -> None:
    """However much is urgent, the clock of the inbox goes on; both go on behind what was decided of each."""
    share = Share(INPUT, Counting("t", 0), replace(options("nowhere:1", "t"), urgent=AHEAD.topic))
    assert share.urgent is not None
    for inlet in (share.input, share.urgent):
        inlet.take([_record(inlet.tp, offset) for offset in range(100)])

    batch = share.batch()

    assert {each.topic for each in batch.urgent} == {AHEAD.topic}
    assert (len(batch.urgent), len(batch.rest)) == (48, 16)
    assert share.offsets_after(batch) == {AHEAD: 48, INPUT: 16}


def _record(tp: TopicPartition, offset: int) -> ConsumerRecord:
    return ConsumerRecord(tp.topic, tp.partition, offset, T0, 0, None, b"", None, 0, 0, ())


def test_where_an_urgent_record_was_decided_must_be_known() -> None:
    """Nobody guesses it: a record that no row names is an error."""
    urgent = [InboxRecord(0, number, T0, (Tick(),), urgent=True) for number in range(3)]

    with pytest.raises(LookupError, match="urgent record 2"):
        BothLanes(urgent, [Overtaking(0, 2, 5)])
