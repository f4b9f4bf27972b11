"""How soon a stage begins its next cycle."""

from streams.kafka.connection import Connection
from streams.stage.processing import StageOptions

OPTIONS = StageOptions(Connection("nowhere:9092"), "group", "claims", busy_rate=2_000.0, pace=0.04)


def test_a_stage_with_little_to_do_does_not_wait() -> None:
    """One record alone is decided at once."""
    assert OPTIONS.pace_at(0.0) == 0.0
    assert OPTIONS.pace_at(1.0) < 0.0001


def test_a_stage_waits_the_longer_the_more_there_is_to_do_up_to_its_pace() -> None:
    """Half of it at half of the rate from which on it is busy, and never more than all of it."""
    assert [OPTIONS.pace_at(rate) for rate in (1_000.0, 2_000.0, 20_000.0)] == [0.02, 0.04, 0.04]
