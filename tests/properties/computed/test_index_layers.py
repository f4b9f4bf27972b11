"""The layered index against a plain one: a set of entries under each key, sorted anew whenever somebody asks."""

import random
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.partition.index import Entry, Key
from dispatcher.partition.layers import FEW, Entered, Index
from tests.support.examples import examples

KEYS: tuple[Key, ...] = ("kind/a/b", 17, "cell/a/b/1/2")


def entry(n: int) -> Entry:
    """The entry of order `n`: every third is opened at the same instant as others, some lie nowhere."""
    return n // 3, f"order-{n % 3}-{n}", None if n % 5 == 0 else 30.0, None if n % 5 == 0 else 114.0


@given(st.integers(0, 2**32), st.sampled_from((5, FEW, 20 * FEW)))
@settings(max_examples=examples(40))
def test_a_layered_index_answers_like_a_plain_one(seed: int, orders: int) -> None:
    """Whatever is added and taken away, kept as a batch or dropped, each key gives its entries newest first, and their
    number."""
    rng = random.Random(seed)
    base: Entered = {}
    plain: dict[Key, set[Entry]] = {key: set() for key in KEYS}
    for _ in range(12):
        layered = Index(base)
        batch = {key: set(entries) for key, entries in plain.items()}
        for _ in range(rng.choice((0, 1, 3, orders))):
            key, one = rng.choice(KEYS), entry(rng.randrange(orders))
            if one in batch[key]:
                layered.remove(key, one)
                batch[key].remove(one)
            else:
                layered.add(key, one)
                batch[key].add(one)
            assert next(layered.newest(key), None) == max(batch[key], default=None)
        for key in KEYS:
            assert layered.count(key) == len(batch[key])
            assert list(layered.newest(key)) == sorted(batch[key], reverse=True)
            assert list(islice(layered.newest(key), 3)) == sorted(batch[key], reverse=True)[:3]
        if rng.random() < 0.7:
            layered.apply()
            plain = batch
        assert {key: list(entries) for key, entries in base.items()} == {k: sorted(v) for k, v in plain.items() if v}
