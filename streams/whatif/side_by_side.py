"""A namespace's inbox decided twice, partition by partition: as it was, and under another pack or model."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, timedelta

import msgspec
from aiokafka import TopicPartition

from dispatcher.figures.indicators import Window
from dispatcher.whatif.comparing import PartitionComparison, WhatIf, compare, summed
from dispatcher.whatif.course import Course, chained
from dispatcher.whatif.two_courses import TwoCourses
from models.city import City
from models.errors import UsageError
from models.inbox import InboxRecord
from models.times import from_text, from_wall, local_day, wall_midnight
from streams.audit.audited_days import audited_days
from streams.audit.recompute import LogReader, reading
from streams.erasure.report_keys import open_report_keys
from streams.intake.batch import Model
from streams.kafka.topics import check_shared
from streams.settings import Settings
from streams.whatif.read_again import ReadAgain


class _Recorded(msgspec.Struct):
    recorded_at: str


_recorded = msgspec.json.Decoder(_Recorded)


class Tried(msgspec.Struct, frozen=True):
    """What came of it. `judged` and `erased` are as `ReadAgain` counts them; `off_log` names the orders whose facts in
    the log are not those that this version of Paidan decides from the same inbox: with any, the rest says little.
    `without_holidays` are the years of what was decided of which the calendar that was tried names none."""

    what: WhatIf
    judged: int
    erased: int
    off_log: tuple[str, ...]
    without_holidays: tuple[int, ...] = ()


class Span(msgspec.Struct, frozen=True):
    """From the beginning of a city-local day to the end of another; None: from the first record, to the last."""

    first: date | None = None
    last: date | None = None

    def window(self) -> Window:
        """The days as figures have them."""
        return audited_days(self.first, self.last)

    def since(self, city: City) -> int:
        """The instant at which the other course parts from the real one, ms UTC."""
        return 0 if self.first is None else _begin(self.first, city)

    def until(self, city: City) -> int | None:
        """The first instant that no longer counts, ms UTC."""
        return None if self.last is None else _begin(self.last + timedelta(days=1), city)


async def try_out(
    settings: Settings,
    own: City,
    other: City,
    span: Span,
    *,
    packs_stay: bool = False,
    model: Model | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Tried:
    """Decide all partitions twice; `own` is the city of the settings' folder, `other` the pack to try, or where
    `packs_stay`, the one in force: then each record is decided under the pack that really decided it.

    Raises UsageError when the inbox does not reach back to its first record, or when words are sealed and the settings
    have no key for them; TopicError where topics are missing or have other partitions than the settings say;
    AuditError when a desk does not come to rest; KafkaError when the cluster fails.
    """
    parts: list[PartitionComparison] = []
    off_log: list[str] = []
    years: set[int] = set()
    await check_shared(settings)
    async with open_report_keys(settings) as keys, reading(settings, own, progress) as reader:
        again = ReadAgain(other, model, keys)
        for number in range(settings.partitions):
            compared, unlike = await _partition(reader, number, other, again, span, packs_stay, years)
            parts.append(compared)
            off_log += unlike
    bare = other.calendar.without_holidays(min(years), max(years)) if years else ()
    return Tried(summed(parts, span.window()), again.judged, again.erased, tuple(off_log), tuple(bare))


async def _partition(
    reader: LogReader, number: int, other: City, again: ReadAgain, span: Span, packs_stay: bool, years: set[int]
) -> tuple[PartitionComparison, list[str]]:
    """What a partition comes to, and the orders that are off its log; the years in which the other course decides are
    added to `years`."""
    names, packs, zone = reader.names, reader.packs, other.zone
    log, desk = TopicPartition(names.orders, number), TopicPartition(names.desk, number)
    for topic in (names.inbox, names.urgent):
        if not await reader.is_whole(TopicPartition(topic, number)):
            raise UsageError(f"the beginning of {topic} is no longer there: nothing can be decided again from it")
    ends = await reader.ends_at_rest(number)
    rows = await reader.rows(desk, ends[desk])
    meta, first = reader.begun(rows)
    cities = {other.digest: other} | await packs.at_hand([first])
    until = span.until(other)
    courses = TwoCourses(number, first, "" if packs_stay else other.digest, span.since(other), again.record)
    over = False
    async for decided, named in reader.decided(number, meta, rows):
        cities |= named
        records: list[InboxRecord] = []
        for record in decided:
            late = until is not None and record.clock >= until
            over = over or (late and not record.urgent)
            if not over and not late:  # of what was urgent some may have come later than what it was decided before
                records.append(record)
        years.update(local_day(each.clock, zone).year for each in records if each.clock >= span.since(other))
        courses.feed(records, cities)
    chains = await _chains(reader, log, ends[log], until)
    unlike = _unlike(chains, courses.real)
    courses.finish(meta.clock if until is None else min(meta.clock, until - 1), cities)
    return compare(courses.real, courses.whatif, zone, span.window()), unlike


async def _chains(reader: LogReader, log: TopicPartition, end: int, until: int | None) -> Mapping[str, bytes]:
    """The digest of each order's facts in the log, up to an instant of the desk's clock."""
    chains: dict[str, bytes] = defaultdict(bytes)
    async for batch in reader.records(log, end):
        for record in batch:
            if until is None or from_text(_recorded.decode(record.value).recorded_at) < until:
                key = record.key.decode()
                chains[key] = chained(chains[key], record.value)
    return chains


def _unlike(log: Mapping[str, bytes], real: Course) -> list[str]:
    return sorted(key for key in log.keys() | real.chains.keys() if log.get(key) != real.chains.get(key))


def _begin(day: date, city: City) -> int:
    return from_wall(wall_midnight(day), city.zone)
