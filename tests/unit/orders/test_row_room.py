"""Rows fit into records, however much is written: one that does not would stop its desk for good."""

from collections.abc import Callable

import pytest

from dispatcher.order.folds.evidence import KEPT
from models.events.incoming import MAX_LINKS, MAX_TEXT
from models.inbox import Actor
from models.sealed_words import ReportKey, seal, seal_links
from streams.kafka.sizes import MAX_RECORD_BYTES
from tests.support.desks import DISPATCHER, T0, Desk, assert_laws, detection, report
from tests.unit.arrivals.test_covering import flooded
from tests.unit.arrivals.test_watched import PARKING, weighing_city

WIDEST = "\x01" * MAX_TEXT  # six bytes a character as JSON
SEALED = seal(ReportKey.new(), {"text": "字" * MAX_TEXT})["text"]
LINKS = tuple("https://media.example/" + "x" * 2000 + str(n) for n in range(MAX_LINKS))
SEALED_LINKS = seal_links(ReportKey.new(), LINKS)
MANY = MAX_RECORD_BYTES // (6 * MAX_TEXT) + 1
HOLDER = Actor("department", "roads", "ren")


def commented(words: str) -> Desk:
    """An order on which its department has more to say than a record holds."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    for n in range(MANY):
        assert desk.update("comment", HOLDER, T0 + n, reason=words) == ""
    return desk


def joined(words: str) -> Desk:
    """An order with more reports than it keeps in full, each as long as one can be."""
    desk = Desk()
    links = SEALED_LINKS if words == SEALED else LINKS
    desk.feed(*(report(str(n), T0, words, media_urls=links, address="x" * 1000) for n in range(3 * KEPT)))
    return desk


def reassigned(words: str) -> Desk:
    """An order that dispatching has given to and fro."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    for n in range(MANY):
        department = ("works", "roads")[n % 2]
        assert desk.update("re-assign", DISPATCHER, T0 + n, reason=words, department=department) == ""
    return desk


def watched(words: str) -> Desk:
    """Many detections that are watched at one place, of cameras whose algorithms describe them."""
    desk = Desk(weighing_city(file_at="0.999999"))
    for n in range(MANY):
        desk.feed(detection(str(n), T0, PARKING, f"cam-{n}", text=words, media_urls=LINKS, confidence=0.001))
    assert desk.state.watches
    return desk


def covered(words: str) -> Desk:
    """A flood that covers many reports."""
    desk, _ = flooded()
    for n in range(MANY):
        desk.feed(report(f"h{n}", T0, words, media_urls=LINKS, lat=30.0501 + n * 1e-6))
    assert desk.state.watches
    return desk


@pytest.mark.parametrize("desk", [commented, joined, reassigned, watched, covered])
def test_a_row_fits_into_a_record_whatever_is_written(desk: Callable[[str], Desk]) -> None:
    """Also what is sent: no step of anybody with the longest of texts makes anything that Kafka would not take."""
    tried = desk(SEALED if desk is joined else WIDEST)

    assert max(len(row) for row in tried.rows.values() if row) < MAX_RECORD_BYTES
    assert max((len(out.value) for out in tried.sent), default=0) < MAX_RECORD_BYTES
    assert_laws(tried)


def test_the_newest_of_long_notes_stay_and_all_short_ones() -> None:
    """Whoever looks at the order reads what was said last."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    for n in range(40):
        desk.update("comment", HOLDER, T0 + n, reason=f"{n} " + "字" * (MAX_TEXT - 10) * (n % 2))

    notes = [entry.note.partition(" ")[0] for entry in desk.only().timeline if entry.fact == "commented"]

    assert [note for note in notes if note] == [str(n) for n in range(40) if n % 2 == 0 or n >= 21]


def test_the_first_and_the_newest_of_long_reports_stay() -> None:
    """As of short ones, but fewer."""
    [order] = joined(SEALED).state.orders.values()

    assert order.evidence_count == 3 * KEPT
    assert order.evidence_first[0].id == "0"
    assert order.evidence_last[-1].id == str(3 * KEPT - 1)
    assert 2 <= len(order.evidence_first) < KEPT
