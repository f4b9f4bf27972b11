"""What processes remember of what came in: nobody fills their memory by sending what nobody has sent before."""

import dataclasses
import functools
import gc
import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord

import dispatcher
from dispatcher.arrivals.worded.gists import gist_of, similarity
from dispatcher.arrivals.worded.numbered import contradict
from models.gist import Gist
from streams import intake
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from tests.support.inputs.every_field import DOCUMENTS, HEADERS, SAID, TREES, documents, filled, listing_city
from tests.support.messages import NOW, raw, record, report

MOST_MB = 80  # a cache that is full of the longest that comes in
CITY, KEYS = listing_city(), Keys(b"k")
LONGEST = ["😀" * length for length in (128, 200, 256, 500, 1_000, 10_000)]  # as the contracts let fields be
LONGEST.append(f"https://media.example/{'😀' * 2_000}")
NUMBERS = "、".join(f"{n}到{n + 40}" for n in range(100, 9_000, 50))  # each a name by which things are told apart


@pytest.fixture(scope="module", autouse=True)
def hostile() -> None:
    """Everything as long as may be, in each field of each contract and vendor's format; texts that are compared."""
    for said in LONGEST:
        came = [record(kind, each) for kind, data in SAID.items() for each in filled(data, saying(said))]
        came += [with_header(name, said * 100) for name in HEADERS]
        for name, tree in TREES.items():
            came += [vendor(name, msgspec.json.encode(each)) for each in filled(tree, saying(said))]
        for name, text in DOCUMENTS.items():
            came += [vendor(name, each) for each in documents(text, saying(said))]
        take_in(came, CITY, None, NOW, KEYS)
    texts = [*LONGEST, NUMBERS[:300], NUMBERS, "".join(map(chr, range(0x4E00, 0x4E00 + 9_000)))]
    gists = [gist_of(title, text) for text in texts for title in ("", text[:500])]
    for gist in gists:
        similarity(gist.pairs, gists[0].pairs)
        contradict(gist.named, (("", "1"),))
        contradict(gist.titled, (("", "1"),))


def saying(said: str) -> Callable[[str], str]:
    """What fills every text with this."""
    return lambda _: said


def vendor(name: str, value: bytes) -> ConsumerRecord:
    """A vendor's bytes."""
    return raw(value, [("format", name.encode()), ("camera", b"cam-sw-1")], "t.detections", 0, NOW)


def with_header(name: str, said: str) -> ConsumerRecord:
    """A good report but for one header."""
    good = report()
    headers = [*(pair for pair in good.headers if pair[0] != name), (name, said.encode())]
    return raw(good.value, headers)


def caches() -> list[Any]:
    """Every cache of a function of ours, and of each table of a city."""
    for package in (dispatcher, intake):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    ours = [module for name, module in sys.modules.items() if name.split(".")[0] in ("models", "dispatcher", "streams")]
    tables = [getattr(CITY, field.name) for field in dataclasses.fields(CITY)]
    kept = [value for holder in (*ours, *tables) for value in getattr(holder, "__dict__", {}).values()]
    return list({id(each): each for each in kept if isinstance(each, functools._lru_cache_wrapper)}.values())


def size(value: Any) -> int:
    """Bytes that a key or a value takes, with what it holds."""
    return sys.getsizeof(value) + sum(map(size, held(value)))


def held(value: Any) -> Iterator[Any]:
    """What it holds."""
    if isinstance(value, Gist):
        yield from msgspec.structs.astuple(value)
    elif isinstance(value, dict):
        yield from (*value.keys(), *value.values())
    elif isinstance(value, list | tuple | frozenset):
        yield from value


def test_every_cache_has_a_limit() -> None:
    """None grows with the number of different things that have come in."""
    assert caches()
    assert [each.__qualname__ for each in caches() if each.cache_info().maxsize is None] == []


def test_no_cache_takes_much_memory_when_it_is_full_of_the_longest() -> None:
    """As many entries as it has room for, each as large as the largest that hostile messages have made."""
    full = {}
    for cache in caches():
        kept = [each for each in gc.get_referents(cache) if not callable(each) and type(each) is not dict]
        full[cache.__module__, cache.__qualname__] = 2 * max(map(size, kept), default=0) * cache.cache_info().maxsize

    assert {name: megabytes for name, most in full.items() if (megabytes := most >> 20) > MOST_MB} == {}
