"""The quantile sketch at its edges."""

import itertools

import msgspec
import pytest

from dispatcher.figures.sketch import Sketch, bucket, middle


def test_an_empty_sketch_has_no_quantiles() -> None:
    """No values: None, not 0."""
    empty = Sketch()
    assert (empty.quantile(0.5), empty.max(), empty.mean()) == (None, None, None)


def test_the_rank_is_rounded_down() -> None:
    """Of 1 to 11, the 0.9 quantile has rank 9: the tenth value."""
    sketch = Sketch().add(dict.fromkeys(range(1, 12), 1))
    assert sketch.quantile(0.9) == 10
    assert sketch.quantile(0.5) == 6
    assert 11 == sketch.quantile(1.0) == sketch.max()
    assert sketch.quantile(0.0) == 1


def test_the_mean_is_exact() -> None:
    """The sum is kept in whole milliseconds, whatever the buckets."""
    assert Sketch().add({10_135_454_000: 1, 1: 1}).mean() == (10_135_454_000 + 1) / 2


def test_a_negative_duration_is_refused() -> None:
    """Nothing lasts less than no time."""
    with pytest.raises(ValueError, match="-1 ms"):
        bucket(-1)


def test_buckets_follow_each_other_without_gaps() -> None:
    """One more millisecond is the same bucket or the next one."""
    buckets = [bucket(value) for value in range(20_000)]
    assert all(later - earlier in (0, 1) for earlier, later in itertools.pairwise(buckets))
    assert buckets[:128] == list(range(128))
    assert [middle(n) for n in range(128)] == [float(n) for n in range(128)]


def test_it_travels_as_a_short_list() -> None:
    """Count, sum, and the buckets that hold something."""
    sketch = Sketch().add({5: 2, 1000: 1})
    assert msgspec.json.encode(sketch) == b'[3,1010,{"5":2,"317":1}]'
    assert sketch == msgspec.json.decode(msgspec.json.encode(sketch), type=Sketch)
