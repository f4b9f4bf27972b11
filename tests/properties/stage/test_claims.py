"""The claims of partitions, through every interleaving of a small world; `scripts/prove claims` takes a larger one."""

import pytest

from tests.support.clusters.small_world import Faults, search


@pytest.mark.parametrize(
    ("processes", "assignments", "records"),
    [(2, 1, 2), pytest.param(2, 2, 1, marks=pytest.mark.slow), pytest.param(3, 1, 1, marks=pytest.mark.slow)],
)
def test_every_record_takes_effect_once_whatever_the_interleaving(
    processes: int, assignments: int, records: int
) -> None:
    """Assignments, pauses and losses at every step: no output is lost, none doubled."""
    states, broken = search(processes, assignments, records)

    assert broken is None
    assert states > 100


@pytest.mark.slow
@pytest.mark.parametrize("faults", [Faults(fences_owners=False), Faults(fences_claimers=False)])
def test_without_either_fence_a_record_takes_effect_twice(faults: Faults) -> None:
    """The search would find a protocol that is wrong: both fences are needed."""
    _, broken = search(2, 2, 1, faults)

    assert broken is not None
