"""Labels that the city has not listed 未登记的告警标签: how often each has come, so that an official can give it a row.

Each partition's intake counts for itself since it took the partition up, and writes its counts beside what a batch
leads to, in the same transaction: a count is lost by no restart and raised by no batch that was aborted. The topic is
compacted by run and label, so it holds one record for each; whoever wants to know adds them up.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec
from aiokafka import TopicPartition

from models.city import City
from models.times import to_text
from streams.intake.drafts import Unlisted
from streams.kafka.clients import log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_whole, take_newest
from streams.kafka.sending import Send
from streams.kafka.topics import Names, all_topics, check_topics
from streams.settings import Settings

MOST = 1_000  # labels that one run tells apart: an algorithm may say something new each time
OTHERS = Unlisted("…", "…", "…")
_MOST_SERIES = 100
_series: set[Unlisted] = set()  # of this process's metrics


class LabelCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often a label has come that the city has not listed, and from when to when, RFC 3339."""

    vendor: str
    algorithm: str
    label: str
    count: int
    first: str
    last: str


def series(name: Unlisted) -> Unlisted:
    """Under which name a label counts in the metric: its own, or `other` when this process has a hundred already."""
    if name not in _series and len(_series) >= _MOST_SERIES:
        return Unlisted("other", "other", "other")
    _series.add(name)
    return name


class UnlistedTally:
    """The counts of one partition since it was taken up."""

    def __init__(self) -> None:
        self._run = uuid.uuid4().hex
        self._counts: dict[Unlisted, LabelCount] = {}

    def raised(self, found: Mapping[Unlisted, int], now_ms: int) -> dict[Unlisted, LabelCount]:
        """What the counts become by what a batch has found at `now_ms`; they are not changed yet."""
        known, now = self._counts, to_text(now_ms)
        room = MOST - len(known)
        told = Counter[Unlisted]()
        for name, count in found.items():
            fresh = name not in known and name not in told
            told[OTHERS if fresh and room <= 0 else name] += count
            room -= fresh
        after = {}
        for name, count in told.items():
            before = known.get(name)
            after[name] = LabelCount(
                vendor=name.vendor,
                algorithm=name.algorithm,
                label=name.label,
                count=count + (before.count if before else 0),
                first=before.first if before else now,
                last=now,
            )
        return after

    def sends(self, names: Names, counts: Mapping[Unlisted, LabelCount]) -> list[Send]:
        """The records that say so."""
        return [
            Send(
                names.unlisted,
                msgspec.json.encode((self._run, name.vendor, name.algorithm, name.label)),
                msgspec.json.encode(count),
                0,
            )
            for name, count in counts.items()
        ]

    def settle(self, counts: Mapping[Unlisted, LabelCount]) -> None:
        """These are committed."""
        self._counts |= counts


async def read_unlisted(settings: Settings, city: City) -> list[LabelCount]:
    """All that the city's table does not list by now, the most frequent first.

    Raises TopicError without the topic, KafkaError when the cluster fails.
    """
    topic = Names(settings.namespace).unlisted
    await check_topics(settings, [one for one in all_topics(settings, ()) if one.name == topic])
    rows: dict[str, bytes] = {}
    async with started(log_reader(Connection.of(settings))) as consumer:
        async for _, records in read_whole(consumer, [TopicPartition(topic, 0)]):
            take_newest(rows, records)
    return summed(rows.values(), city)


def summed(rows: Iterable[bytes], city: City) -> list[LabelCount]:
    """The counts of all runs, added up by label, without those that the city's table lists by now."""
    sums: dict[tuple[str, str, str], LabelCount] = {}
    for row in rows:
        one = msgspec.json.decode(row, type=LabelCount)
        name = (one.vendor, one.algorithm, one.label)
        if city.labels.find(*name) is not None:
            continue
        before = sums.get(name)
        sums[name] = one if before is None else _together(before, one)
    return sorted(sums.values(), key=lambda each: (-each.count, each.vendor, each.algorithm, each.label))


def _together(one: LabelCount, other: LabelCount) -> LabelCount:
    return msgspec.structs.replace(
        one,
        count=one.count + other.count,
        first=min(one.first, other.first),
        last=max(one.last, other.last),
    )
