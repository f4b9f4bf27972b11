"""How soon a stage begins its next cycle, and how often it tells itself the time."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from models.times import now_ms
from streams.kafka.connection import Connection
from streams.kafka.sending import Send
from streams.stage import share as share_module
from streams.stage.processing import Processor, StageOptions
from streams.stage.share import Share

OPTIONS = StageOptions(Connection("nowhere:9092"), "group", "claims", busy_rate=2_000.0, pace=0.04)


def test_a_stage_with_little_to_do_does_not_wait() -> None:
    """One record alone is decided at once."""
    assert OPTIONS.pace_at(0.0) == 0.0
    assert OPTIONS.pace_at(1.0) < 0.0001


def test_a_stage_waits_the_longer_the_more_there_is_to_do_up_to_its_pace() -> None:
    """Half of it at half of the rate from which on it is busy, and never more than all of it."""
    assert [OPTIONS.pace_at(rate) for rate in (1_000.0, 2_000.0, 20_000.0)] == [0.02, 0.04, 0.04]


def test_a_stage_decides_for_as_long_as_its_transactions_take_up_to_four_times_its_budget() -> None:
    """All partitions of a cycle share that, and none has more than a tenth of a second at once."""
    options = replace(OPTIONS, budget=0.05)

    assert [options.budget_of(4, committing) for committing in (0.01, 0.12, 9.0)] == [0.0125, 0.03, 0.05]
    assert [options.budget_of(1, committing) for committing in (0.01, 0.08, 9.0)] == [0.05, 0.08, 0.1]
    assert replace(OPTIONS, budget=1.0).budget_of(1, 0.01) == 1.0


def test_a_stage_for_which_nobody_waits_decides_for_four_times_its_budget_however_short_its_transactions_are() -> None:
    """None of its partitions has more than a tenth of a second at once then, either."""
    options = replace(OPTIONS, budget=0.05)

    assert [options.budget_of(partitions, 0.01, patient=True) for partitions in (1, 2, 4)] == [0.1, 0.1, 0.05]


def test_a_stage_is_behind_when_what_waits_takes_four_more_cycles() -> None:
    """All of it waits already, so that longer cycles, of which fewer are committed, are over sooner."""
    assert [OPTIONS.is_behind(waiting, 100) for waiting in (0, 100, 500, 501, 2_000)] == [False] * 3 + [True] * 2


def test_a_partition_has_one_tick_outstanding_and_waits_for_none_when_much_is_due() -> None:
    """The next one comes as soon as the last one is read, unless the same timer is still the first: Kafka's clock may
    lie behind."""
    tick, due = Send("t.inbox", b"", b"[]", 0), [now_ms() - 60_000]
    processor = SimpleNamespace(lookout=None, due=lambda: due[0], tick=lambda: tick, ticked=lambda at: None)
    share: Share[Any] = Share(TopicPartition("t.inbox", 0), cast(Processor[Any], processor), OPTIONS)

    first = share.due_tick()
    share.ticked(7, now_ms())
    due[0] += 1
    outstanding = [share.due_tick()]
    share.input.next_offset = 7
    outstanding.append(share.due_tick())
    share.input.next_offset = 8
    after = share.due_tick()
    share.ticked(9, now_ms())
    share.input.next_offset = 10
    same_timer = share.due_tick()
    due[0] = now_ms() + 60_000

    assert (first, outstanding, after) == (tick, [None, None], tick)
    assert (same_timer, share.due_tick()) == (None, None)


def test_a_timer_that_kafka_says_is_not_due_yet_gets_no_tick_a_second_until_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine two minutes ahead of Kafka filled the inbox, which is kept for ever, with one a second for as long."""
    wall, steady = 1_772_000_000.0, [0.0]
    clock = SimpleNamespace(time=lambda: wall + steady[0], monotonic=lambda: steady[0])
    monkeypatch.setattr(share_module, "time", clock)
    tick, due = Send("t.inbox", b"", b"[]", 0), int(wall * 1000) - 60_000
    processor = SimpleNamespace(lookout=None, due=lambda: due, tick=lambda: tick, ticked=lambda at: None)
    share: Share[Any] = Share(TopicPartition("t.inbox", 0), cast(Processor[Any], processor), OPTIONS)

    ticks = []
    for second in range(100):
        steady[0] = float(second)
        if share.due_tick() is not None:
            ticks.append(second)
            share.ticked(second, int((wall + second) * 1000) - 90_000)
            share.input.next_offset = second + 1

    assert ticks[:3] == [0, 30, 31]


def test_a_tick_that_was_lost_waits_no_longer_because_one_before_came_too_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Kafka said of another timer says nothing of this one."""
    steady = [0.0]
    clock = SimpleNamespace(time=lambda: 1_772_000_000.0 + steady[0], monotonic=lambda: steady[0])
    monkeypatch.setattr(share_module, "time", clock)
    tick, due = Send("t.inbox", b"", b"[]", 0), [1_771_999_940_000]
    processor = SimpleNamespace(lookout=None, due=lambda: due[0], tick=lambda: tick, ticked=lambda at: None)
    share: Share[Any] = Share(TopicPartition("t.inbox", 0), cast(Processor[Any], processor), OPTIONS)
    share.due_tick()
    share.ticked(0, due[0] - 50_000)
    share.input.next_offset = 1

    steady[0], due[0] = 2.0, due[0] + 1
    lost = share.due_tick()  # its transaction fails: nobody hears of it
    steady[0] = 4.0

    assert (lost, share.due_tick()) == (tick, tick)
