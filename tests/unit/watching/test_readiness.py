"""What is looked at, what it comes to, and what a series of looks tells of a stage."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streams.readiness import pulse
from streams.readiness.checks import CHECKS, Bound, judge
from streams.readiness.pulse import Pulse
from streams.readiness.stage_lag import StageLag
from streams.settings import load_settings

ONE, TWO = TopicPartition("in", 0), TopicPartition("in", 1)
GOOD: dict[str, float | None] = {check.name: check.least for check in CHECKS}


def test_what_is_within_all_limits_is_ready() -> None:
    """The limits themselves are good."""
    assert judge(GOOD).wrong == ()
    assert judge({check.name: check.least if check.most is None else check.most for check in CHECKS}).wrong == ()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_each_figure_beyond_its_limit_is_named(check: Bound) -> None:
    """Also one that nobody knows yet; the others stay good."""
    beyond = check.least - 1 if check.most is None else check.most + 1

    for value, said in ((beyond, check.wrong), (None, f"{check.name} is not known yet")):
        found = judge(GOOD | {check.name: value})
        assert found.wrong == (said,)
        assert [name for name, result in found.checks.items() if not result.ok] == [check.name]


def test_what_waits_is_counted_from_when_it_was_first_seen() -> None:
    """The oldest tells for how long; once it is committed, the next one does."""
    lag = StageLag()

    lag.see(100.0, {ONE: 5}, {ONE: 5}, {ONE: 5})
    assert (lag.waiting, lag.oldest(100.0), lag.stalled(100.0)) == (0, 0.0, 0.0)
    lag.see(110.0, {ONE: 5}, {ONE: 8}, {ONE: 8})
    lag.see(120.0, {ONE: 5}, {ONE: 9}, {ONE: 9})
    assert (lag.waiting, lag.oldest(121.0), lag.stalled(121.0)) == (4, 11.0, 11.0)
    lag.see(130.0, {ONE: 8}, {ONE: 9}, {ONE: 9})
    assert (lag.waiting, lag.oldest(131.0), lag.stalled(131.0), lag.since_commit(131.0)) == (1, 11.0, 1.0, 1.0)
    lag.see(140.0, {ONE: 9}, {ONE: 9}, {ONE: 9})
    assert (lag.waiting, lag.oldest(150.0), lag.stalled(150.0), lag.since_commit(150.0)) == (0, 0.0, 0.0, 10.0)


def test_a_backlog_that_is_there_at_the_first_look_waits_from_then_on() -> None:
    """Who has just started accuses nobody; a group that has never committed has everything before it."""
    lag = StageLag()

    lag.see(1_000.0, {}, {ONE: 7, TWO: 3}, {ONE: 7, TWO: 3})

    assert (lag.waiting, lag.oldest(1_000.0), lag.stalled(1_000.0)) == (10, 0.0, 0.0)
    assert (lag.oldest(1_040.0), lag.stalled(1_040.0), lag.since_commit(1_040.0)) == (40.0, 40.0, None)


def test_a_partition_that_stands_still_is_seen_while_another_goes_on() -> None:
    """As where the desk cannot write what one area needs: all was said to be well for five minutes."""
    lag = StageLag()

    for n in range(5):
        ends = {ONE: 10 + n, TWO: 4}
        lag.see(100.0 + 10 * n, {ONE: 10 + n, TWO: 3}, ends, ends)

    assert (lag.waiting, lag.stalled(141.0), lag.since_commit(141.0)) == (1, 41.0, 1.0)


def test_what_an_open_transaction_hides_is_no_fault_of_the_stage() -> None:
    """That has a check of its own."""
    lag = StageLag()

    for n in range(5):
        lag.see(100.0 + 10 * n, {ONE: 4}, {ONE: 4}, {ONE: 9})

    assert (lag.stalled(141.0), lag.held(141.0)) == (0.0, 41.0)


def test_a_transaction_that_stays_open_is_told_from_many_short_ones() -> None:
    """Short ones move the place up to which all can be read; one that stays open does not."""
    lag = StageLag()

    for n in range(5):
        lag.see(100.0 + n, {ONE: n}, {ONE: n}, {ONE: n + 2})
    assert lag.held(104.0) == 0.0
    lag.see(110.0, {ONE: 4}, {ONE: 4}, {ONE: 9})
    assert lag.held(110.0) == 6.0
    lag.see(111.0, {ONE: 9}, {ONE: 9}, {ONE: 9})
    assert lag.held(112.0) == 0.0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=40))
def test_nothing_waits_for_longer_than_something_has_waited(steps: list[tuple[int, int]]) -> None:
    """Whatever is written and committed: figures are never negative, and 0 exactly where nothing waits."""
    lag, end, done = StageLag(), 0, 0

    for now, (written, decided) in enumerate(steps):
        end += written
        done = min(end, done + decided)
        lag.see(float(now), {ONE: done}, {ONE: end}, {ONE: end})
        assert lag.waiting == end - done
        for figure in (lag.oldest(now + 1.0), lag.stalled(now + 1.0)):
            assert (figure > 0) == (end > done)


class Cluster:
    """A cluster that answers at once: where partitions end, what a group has committed, how many are in it."""

    def __init__(self) -> None:
        self.end, self.committed, self.members = 0, 0, 1

    async def end_offsets(self, parts: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The same for all."""
        return dict.fromkeys(parts, self.end)

    async def list_consumer_group_offsets(self, group: str) -> dict[TopicPartition, Any]:
        """Of the inbox only."""
        return {TopicPartition("city.inbox", 0): SimpleNamespace(offset=self.committed)} if "desk" in group else {}

    async def describe_consumer_groups(self, groups: list[str]) -> list[Any]:
        """As the protocol has it."""
        described = [(0, group, "Stable", "consumer", "roundrobin", [object()] * self.members) for group in groups]
        return [SimpleNamespace(groups=described)]

    async def look(self, watch: Pulse) -> None:
        """Let the pulse look once."""
        await watch._look(self, self, self)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that moves when it is told to."""
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(pulse, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def watch(tmp_path: Path, clock: SimpleNamespace) -> Pulse:
    """The pulse of a city whose data folder is still to be made."""
    return Pulse(load_settings(kafka="nowhere:1", namespace="city", partitions=1, data=tmp_path / "not" / "yet"), ())


def test_before_kafka_has_answered_nothing_is_said_of_intake_and_desk(clock: SimpleNamespace, watch: Pulse) -> None:
    """A gateway that has just started is not ready, and accuses nobody but in the end a Kafka that stays silent."""
    assert watch.figures().keys() == {"broker", "disk"}
    assert watch.section() is None
    assert judge(watch.figures()).wrong[0] == "intake-members is not known yet"
    clock.now += 11
    assert judge(watch.figures()).wrong[0] == "Kafka does not answer"


def test_the_room_is_known_also_for_a_data_folder_that_no_folder_can_be(tmp_path: Path) -> None:
    """The gateway needs none of its own: a name too long for a file is no reason to end."""
    data = tmp_path / ("x" * 300)

    assert Pulse(load_settings(kafka="nowhere:1", partitions=1, data=data), ()).figures()["disk"]


async def test_what_a_dead_desk_and_a_silent_kafka_look_like(clock: SimpleNamespace, watch: Pulse) -> None:
    """Its members are gone, what has come for it waits; once Kafka is silent, the last answer grows old."""
    cluster = Cluster()
    rest: dict[str, float | None] = {"tables-missing": 0, "city-pack": 1, "following": 1}

    await cluster.look(watch)
    assert judge(watch.figures() | rest).wrong == ()
    cluster.members, cluster.end, clock.now = 0, 4, 1_002.0
    await cluster.look(watch)
    clock.now = 1_009.0
    assert judge(watch.figures() | rest).wrong == ("no intake is at work", "no desk is at work")
    section = watch.section()
    assert section is not None
    assert section["desk"] == {"members": 0, "waiting": 8, "oldest_seconds": 7.0, "since_commit_seconds": None}
    clock.now = 1_032.5
    wrong = judge(watch.figures() | rest).wrong
    assert {
        "Kafka does not answer",
        "intake takes nothing in from a partition",
        "the desk decides nothing in a partition",
    } < set(wrong)
