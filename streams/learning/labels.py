"""Final labels from the log: what models learn from and are judged by."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from typing import TextIO
from zoneinfo import ZoneInfo

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from dispatcher.order import facts
from dispatcher.order.final_label import Label, final_label
from dispatcher.order.folds.apply import apply
from dispatcher.order.row import Order
from models.classifier.learning.labelled import Labelled
from models.classifier.serving.features import Context
from models.envelope import event_type
from models.errors import PaidanError
from models.guess import NO_FAULT
from models.times import local_hour, to_text
from streams.erasure.report_keys import ReportKeys, open_report_keys
from streams.kafka.clients import scanner, started
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_whole
from streams.kafka.topics import Names, check_shared
from streams.settings import Settings
from streams.terminal.safe_csv import write_safe_csv

_REFUSED = facts.CE_TYPES[facts.UpdateRefused]
_BATCH = 2000  # records between two words of progress
_INSTANTS = ("opened_at", "labelled_at")
# The CSV's columns: the label's fields, and the city-local hour, which is derived.
COLUMNS = (*Label.__struct_fields__, "hour")


class LogError(PaidanError):
    """The log holds something that is no fact of an order."""


async def read_labels(settings: Settings, progress: Callable[[int], None] = lambda _: None) -> list[Label]:
    """The final labels of all orders of the log, by the time at which they were settled.

    Partitions are folded one after the other, so that only one of them is in memory. `progress` hears of the number of
    records read since the last call. Raises LogError, TopicError when the log is not there or has other partitions than
    the settings say, UsageError when words are sealed and the settings have no key for them, and KafkaError when the
    cluster fails.
    """
    topic = Names(settings.namespace).orders
    await check_shared(settings, topic)
    labels: list[Label] = []
    async with open_report_keys(settings) as keys, started(scanner(Connection.of(settings))) as consumer:
        for number in range(settings.partitions):
            orders = await _folded(consumer, TopicPartition(topic, number), progress, keys)
            labels += [label for order in orders.values() if (label := final_label(order)) is not None]
    return sorted(labels, key=lambda label: (label.labelled_at, label.order_id))


async def _folded(
    consumer: AIOKafkaConsumer, part: TopicPartition, progress: Callable[[int], None], keys: ReportKeys | None
) -> dict[str, Order]:
    orders: dict[str, Order] = {}
    async for _, records in read_whole(consumer, [part], at_once=_BATCH):
        for record in records:
            _take(orders, record, keys)
        progress(len(records))
    return orders


def _take(orders: dict[str, Order], record: ConsumerRecord, keys: ReportKeys | None) -> None:
    """Words that were erased are empty: nothing is learnt from them."""
    kind = event_type(record.headers)
    if kind == _REFUSED:
        return
    try:
        fact = facts.from_wire(kind, record.value if keys is None else keys.opened(record.value, ""))
        assert isinstance(fact, facts.Fact)  # a refusal has another type
        orders[fact.order_id] = apply(orders.get(fact.order_id), fact)
    except (KeyError, ValueError, TypeError, msgspec.MsgspecError) as error:
        where = f"{record.topic}-{record.partition} at {record.offset}"
        raise LogError(f"{where} holds no fact that follows from those before it; `paidan audit` says more") from error


def between(labels: Iterable[Label], since: int | None, until: int | None) -> list[Label]:
    """Those settled at or after `since` and before `until` (ms UTC; None: no bound)."""
    return [
        label
        for label in labels
        if (since is None or label.labelled_at >= since) and (until is None or label.labelled_at < until)
    ]


def write_csv(labels: Iterable[Label], zone: ZoneInfo, file: TextIO) -> None:
    """The labels as CSV with `COLUMNS`; instants are RFC 3339 in UTC, what is not known is empty. A text that a
    spreadsheet would take for a formula has an apostrophe before it, which says nothing to whoever learns from it."""
    rows = (
        msgspec.structs.asdict(label)
        | {name: to_text(getattr(label, name)) for name in _INSTANTS}
        | {"hour": local_hour(label.opened_at, zone)}
        for label in labels
    )
    write_safe_csv(COLUMNS, ([row[name] for name in COLUMNS] for row in rows), file)


def as_rows(labels: Sequence[Label], zone: ZoneInfo, fields: Iterable[str] | None = None) -> Labelled:
    """The sure labels as texts to learn from or to judge by; `fields` names what else is taken along (None: all)."""
    sure = [label for label in labels if label.sure]
    contexts: list[Context | None] = [_context(label, zone, fields) for label in sure]
    some = fields is None or bool(list(fields))
    return Labelled([label.text for label in sure], [label.label for label in sure], contexts if some else None)


def _context(label: Label, zone: ZoneInfo, fields: Iterable[str] | None) -> Context:
    whole = Context(
        area=label.area,
        hour=local_hour(label.opened_at, zone),
        channel=label.channel,
        label=label.camera_label,
        hint=label.hint,
    )
    return whole if fields is None else Context(**{name: getattr(whole, name) for name in fields})


def without_unknown(labels: Iterable[Label], known: Container[str]) -> tuple[list[Label], dict[str, int]]:
    """The sure labels whose category is among the `known` ones, or that it is no fault; and how many others there are
    of which: those of categories that the city has given another code or up. What learns them guesses what nobody is
    responsible for any more."""
    kept, gone = [], Counter[str]()
    for label in labels:
        if not label.sure:
            continue
        if label.label in known or label.label == NO_FAULT:
            kept.append(label)
        else:
            gone[label.label] += 1
    return kept, dict(gone)


def without_rare(rows: Labelled, least: int) -> tuple[Labelled, dict[str, int]]:
    """The rows of categories with at least `least` of them, and how many rows of which others were left out."""
    sizes = Counter(rows.labels)
    rare = {name: size for name, size in sizes.items() if size < least}
    return rows.take(n for n, name in enumerate(rows.labels) if name not in rare), rare


def newest(labels: Sequence[Label]) -> int:
    """When the newest of them was settled, ms UTC. What opens later cannot have been learnt from."""
    return max(label.labelled_at for label in labels)
