"""The newest of many: one who sends most pushes out their own."""

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.partition.telling.outcomes import SightingOutcome
from streams.gateway.events.fair_newest import FairNewest
from streams.gateway.waiting import FactTail
from streams.settings import load_settings


def test_who_sends_most_pushes_out_their_own() -> None:
    """One busy camera platform had all the room within seconds."""
    kept: FairNewest[int] = FairNewest(4)
    kept.keep("quiet", ("quiet", "1"), 1)
    for number in range(9):
        kept.keep("busy", ("busy/1", str(number)), number)

    assert kept.get(("quiet", "1")) == 1
    assert [number for number in range(9) if kept.get(("busy/1", str(number))) is not None] == [6, 7, 8]
    assert len(kept) == 4


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 6)), max_size=60), st.integers(1, 8))
def test_the_largest_gives_way_whatever_comes(sent: list[tuple[str, int]], most: int) -> None:
    """As a plain list says: what is sent again is the newest, and of several that have most, any may give way."""
    kept: FairNewest[int] = FairNewest(most)
    had: list[tuple[str, str]] = []

    for at, (whose, number) in enumerate(sent):
        key = (whose, str(number))
        kept.keep(whose, key, at)
        had = [each for each in had if each != key] + [key]
        if len(had) > most:
            shares = [sum(each[0] == one for each in had) for one, _ in had]
            [gone] = [each for each in had if kept.get(each) is None]
            assert shares[had.index(gone)] == max(shares)
            assert had.index(gone) == min(n for n, each in enumerate(had) if each[0] == gone[0])
            had.remove(gone)
        assert kept.get(key) == at

    assert len(kept) == len(had)
    assert all(kept.get(each) is not None for each in had)


def test_whoever_asks_seldom_hears_what_has_become_of_a_detection_beside_one_who_asks_for_all() -> None:
    """Whatever sources a token sends under, they begin alike."""
    tail = FactTail(load_settings(kafka="localhost:1", partitions=1))
    tail.take_outcome(SightingOutcome("quiet", "1", 0, "repeat"))

    for number in range(10_001):
        tail.take_outcome(SightingOutcome(f"busy/{number % 100}", str(number), 0, "repeat"))

    assert tail.outcome_of("quiet", "1") is not None
    assert tail.outcome_of("busy/1", "1") is None
    assert tail.outcome_of("busy/0", "10000") is not None
