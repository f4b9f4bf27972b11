"""When is a report too late? What intake says of an event's own time.

An event is held to its receipt: when Kafka took it in, not when intake gets to it, so that nothing grows too old while
intake is down. A dead letter that is sent again is as old as it was when it came in first.

* `ahead-of-time`: a report or detection is dated more than `future_tolerance_minutes` after its receipt.
* `too-late`: a report is dated more than `identity_reports_days` before its first receipt, a detection more than
  `identity_detections_minutes`. For so long the desk remembers who said what; of anything older it could not tell
  whether it has been said before.
* An update and the answer of a camera that was asked are not judged here: only the desk knows the time of its order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from aiokafka import ConsumerRecord

from models import envelope
from models.city import CitySettings
from models.envelope import CE_TIME
from models.errors import Poison
from models.events import DETECTION, MEASUREMENT, REPORT
from models.record import Record
from models.times import DAY_MS, MINUTE_MS
from streams.dead_letters.letter import RECEIVED, REPLAYED

_SENDERS = 0  # the type of a record's time where its topic left that to whoever sent it (CreateTime)


class Receipt(NamedTuple):
    """When Kafka took a record in, ms UTC: `now` this one, `first` the one it replays, to which its age counts."""

    now: int
    first: int


def taken_in_at(record: Record, now_ms: int) -> int:
    """When Kafka took a record in, ms UTC, by Kafka's own clock, also where that is a little ahead of ours: whoever
    steps and whatever fires is held to it. A record that comes from nowhere, or of a time that no clock shows (a topic
    that others made keeps what its senders say), is of `now_ms`."""
    return record.timestamp if 0 < record.timestamp < envelope.LATEST else now_ms


def as_taken_in(records: Iterable[ConsumerRecord], now_ms: int) -> Sequence[ConsumerRecord]:
    """The records as Kafka took them in. Where its topic left the time to its sender, a record may be of one that has
    still to come: it has come by `now_ms`, and says nothing of Kafka's clock."""
    return [
        replace(record, timestamp=now_ms) if record.timestamp_type == _SENDERS and record.timestamp > now_ms else record
        for record in records
    ]


def receipt_of(record: Record, headers: Mapping[str, bytes], now_ms: int) -> Receipt:
    """The receipt of a record that is read at `now_ms`, which counts where Kafka has not said when it came in. Raises
    Poison for a `received` header that is no time."""
    now = taken_in_at(record, now_ms)
    given = envelope.attribute(headers, RECEIVED) if REPLAYED in headers else ""
    first = envelope.instant(RECEIVED, given) if given else 0
    return Receipt(now, min(first, now) if first > 0 else now)


class TimeRule:
    """The rule with one city's settings."""

    def __init__(self, settings: CitySettings) -> None:
        self._settings = settings
        self._ahead = int(settings.future_tolerance_minutes * MINUTE_MS)
        self._back = {
            REPORT: int(settings.identity_reports_days * DAY_MS),
            **dict.fromkeys((DETECTION, MEASUREMENT), int(settings.identity_detections_minutes * MINUTE_MS)),
        }

    def is_kept(self, ce_type: str, at: int, received: int) -> bool:
        """Whether an event of this type is in time, dated `at` and come in for the first time at `received`, ms UTC."""
        back = self._back.get(ce_type)
        return back is None or received - back <= at <= received + self._ahead

    def check(self, ce_type: str, at: int, receipt: Receipt, field: str = CE_TIME) -> None:
        """Raises Poison when an event of this type, dated `at`, ms UTC, is ahead of its time or too late.

        `field` is where the sender has said when it happened.
        """
        back = self._back.get(ce_type)
        if back is None:
            return
        given = self._settings
        if at > receipt.now + self._ahead:
            most = given.future_tolerance_minutes
            rule = f"must be at most {most:g} minutes ahead of the receipt (future_tolerance_minutes)"
            raise Poison(field, rule, "ahead-of-time")
        if at < receipt.first - back:
            days, minutes = given.identity_reports_days, given.identity_detections_minutes
            raise Poison(
                field,
                f"must be at most {days:g} days before the receipt (identity_reports_days)"
                if ce_type == REPORT
                else f"must be at most {minutes:g} minutes before the receipt (identity_detections_minutes)",
                "too-late",
            )
