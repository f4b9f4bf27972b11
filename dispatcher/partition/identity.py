"""Event identity: an event with the same CloudEvents `source` and `id` is taken once within its window.

Where what is said has a digest, that is remembered beside it: the same source and id with another content is no repeat.
Digests of eight bytes lie in buckets by the stream clock, so that whole buckets can be forgotten. A bucket is kept for
the window and at most one bucket's width longer. Archived orders are remembered in the same way, for a year.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from models.city import CitySettings
from models.events import Evidence
from models.events.incoming import ORDER_AREA, ORDER_REST
from models.inbox import Sighting
from models.times import DAY_MS, MINUTE_MS

Digest = int

# Pairs of the digits of base 32 (RFC 4648) in lower case: ten bits each.
_PAIRS = tuple(a + b for a in "abcdefghijklmnopqrstuvwxyz234567" for b in "abcdefghijklmnopqrstuvwxyz234567")
_NAMED = re.compile(f"(?<![a-z0-9-]){ORDER_AREA}-{ORDER_REST}(?![a-z0-9-])")


class KeptFor(msgspec.Struct, frozen=True):
    """How long identities of a kind are kept, and how wide their buckets are."""

    kept_ms: int
    bucket_ms: int

    def remembers(self, met: int, clock: int) -> bool:
        """Whether what was met at one instant is still known at another one."""
        return met // self.bucket_ms >= self.oldest(clock)

    def oldest(self, clock: int) -> int:
        """The number of the oldest bucket that is still known at an instant."""
        return (clock - self.kept_ms) // self.bucket_ms


def windows(settings: CitySettings) -> dict[str, KeptFor]:
    """The windows of a city by kind: report, detection, update, archived."""
    reports = KeptFor(int(settings.identity_reports_days * DAY_MS), DAY_MS)
    return {
        "report": reports,
        "update": reports,
        "detection": KeptFor(int(settings.identity_detections_minutes * MINUTE_MS), MINUTE_MS),
        "archived": KeptFor(366 * DAY_MS, 30 * DAY_MS),
    }


class Memory:
    """The names of the buckets in force, asked for by the thousand while the clock stands in one of them."""

    def __init__(self, settings: CitySettings) -> None:
        self._windows = windows(settings)
        self._names: dict[str, tuple[int, int, tuple[str, ...]]] = {}

    def bucket(self, kind: str, clock: int) -> tuple[str, int]:
        """The bucket for what is met now, and when it may be forgotten."""
        window = self._windows[kind]
        number = clock // window.bucket_ms
        return f"{kind}/{number}", (number + 1) * window.bucket_ms + window.kept_ms

    def buckets(self, kind: str, clock: int, latest: int) -> tuple[str, ...]:
        """All buckets of the window that ends at `clock`, newest first, and before them those up to `latest`, the last
        instant at which anything was met."""
        window = self._windows[kind]
        last, first = max(clock, latest) // window.bucket_ms, window.oldest(clock)
        kept = self._names.get(kind)
        if kept is None or kept[:2] != (last, first):
            names = tuple(f"{kind}/{number}" for number in range(last, first - 1, -1))
            kept = self._names[kind] = (last, first, names)
        return kept[2]


def digest(source: str, event_id: str) -> Digest:
    """Eight bytes that stand for an identity; source and id are length-prefixed, so they cannot run together."""
    return int.from_bytes(hashlib.blake2b(_joined(source, event_id), digest_size=8).digest(), "big")


def with_content(identity: Digest, content: int) -> Digest:
    """Eight bytes that stand for an identity together with what was said under it; 0: that something was compared."""
    return int.from_bytes(hashlib.blake2b(b"%d:%d" % (identity, content), digest_size=8).digest(), "big")


def is_kept(sighting: Sighting, evidence: Iterable[Evidence]) -> bool:
    """Whether this very sighting is among evidence: the same source and id, of the same instant, as a device that
    begins to count anew uses its ids again."""
    at = sighting.at if sighting.seen_at is None else sighting.seen_at
    return any(
        (one.source, one.id) == (sighting.source, sighting.id) and at in (one.at, one.seen_at) for one in evidence
    )


def kept_reports(kind: str, keys: Sequence[str], evidence: Iterable[Evidence]) -> set[tuple[str, str]]:
    """Source and id of each report that has joined an order of this kind and that its evidence still has, of the
    order's report keys; the one that has founded it has not joined it."""
    joined = set(keys[1 if kind == "report" else 0 :])
    return {(one.source, one.id) for one in evidence if report_key(one.source, one.id) in joined}


def report_key(source: str, event_id: str) -> str:
    """The short name under which an order remembers a report, so that updates can name the order by it."""
    return f"{digest(source, event_id):016x}"


def order_id(area: str, day: int, source: str, event_id: str) -> str:
    """`<area>-<yyyymmdd>-<10 characters>` of the founding evidence, `day` being yyyymmdd: the same evidence always
    founds the same order."""
    name = _base32(int.from_bytes(hashlib.sha256(_joined(source, event_id)).digest()[:7], "big") >> 6)
    return f"{area}-{day}-{name}"


def _base32(bits: int) -> str:
    """Fifty bits as ten digits of base 32."""
    return "".join([_PAIRS[bits >> shift & 1023] for shift in (40, 30, 20, 10, 0)])


def area_of(order_id: str) -> str:
    """The area of an order, from its id: whatever stands before the day and the digest, hyphens and all. A text that
    is no order's id names some area that there is not."""
    return order_id.rsplit("-", 2)[0]


def named_in(words: str) -> tuple[str, ...]:
    """The ids of orders 工单编号 that a text names, each once, in their order; whether there are such orders is another
    matter."""
    return tuple(dict.fromkeys(_NAMED.findall(words.lower()))) if "-" in words else ()


def share(order: str) -> float:
    """A number in [0, 1) that is drawn from the order's id and nothing else."""
    return int.from_bytes(hashlib.sha256(order.encode()).digest()[:8], "big") / 2**64


def _joined(source: str, event_id: str) -> bytes:
    second = event_id.encode("utf-8", "surrogatepass")
    return b"%b%d:%b" % (_prefixed(source), len(second), second)


@lru_cache(maxsize=1024)
def _prefixed(source: str) -> bytes:
    """A source with its length before it: there are few, and each has sent thousands."""
    name = source.encode("utf-8", "surrogatepass")
    return b"%d:%b" % (len(name), name)
