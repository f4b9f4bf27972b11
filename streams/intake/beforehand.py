"""What is known of an event before it is a record, for whoever has to answer for it then, as the gateway does.

It is read as intake will read it, and raises the same.
"""

from typing import NamedTuple

from dispatcher.partition.identity import area_of
from models import envelope
from models.city import City
from streams.intake.drafts import of_each
from streams.intake.meanings import Ignored, Meaning, check_orders, meaning_of, order_place, unit_heard
from streams.intake.personal.cleaning import cleaner_for
from streams.intake.placing import Described, Placement, Point, by_camera
from streams.intake.reading.said import SaidDetection, SaidRecheck, SaidUnit, SaidUpdate, Statement, content_of
from streams.intake.reading.statements import StatementReader, Vendor, named_alone
from streams.intake.reading.ways import ANY


class Known(NamedTuple):
    """What is known of an event before intake meets it: under which identity it will go, of several detections that of
    the first good one, and the area, empty where it has still to be looked up. `ends` says why nothing will come of it
    (`ignored`, `unlisted`, `no-alarm`, of where a unit is `noted`), empty where something may. `content` is the digest
    of what a report or an update says, as intake will work it out; 0 for a detection. `events`: how many detections its
    message holds."""

    source: str
    id: str
    area: str
    ends: str = ""
    content: int = 0
    events: int = 1


def check(city: City, now_ms: int, event: envelope.Event, key: bytes, vendor: Vendor | None = None) -> Known:
    """What is known of a good event; `key` is that of the pseudonyms.

    Raises Poison, the same as intake does when it meets the event as a record that came in at `now_ms`.
    """
    cleaner = cleaner_for(city, key)
    statements = StatementReader(city, now_ms).check(event, vendor)
    each = of_each(statements, lambda one: _known(city, cleaner.clean(one), key))
    found = [one for one in each if isinstance(one, Known)]
    open_ended = next((one for one in found if not one.ends), None)
    if open_ended is not None or found:
        return (open_ended or found[0])._replace(events=len(each))
    source, event_id = named_alone(event, vendor)
    return Known(cleaner.name(source), cleaner.name(event_id), "", "no-alarm")


def _known(city: City, statement: Statement, key: bytes) -> Known:
    """What is known of one statement, without personal data; it asks what `DraftReader` asks. Raises Poison as that."""
    ANY.check(statement, statement.id)
    said, ends = statement.said, ""
    check_orders(city, said)
    place: Point | Placement | Described | None = None
    if isinstance(said, SaidDetection):
        meant = meaning_of(city, said, measured=statement.measured)
        if isinstance(meant, Meaning):
            place = meant.point or (None if meant.camera is None else by_camera(meant.camera))
        else:
            ends = "ignored" if isinstance(meant, Ignored) else "unlisted"
    elif isinstance(said, SaidRecheck):
        place = Placement(area_of(said.order_id), "given")
    elif isinstance(said, SaidUpdate):
        place = order_place(said)
    elif isinstance(said, SaidUnit):
        unit_heard(city, said, statement.at)
        ends = "noted"
    area = place.area if isinstance(place, Placement) else ""
    content = 0 if isinstance(said, SaidDetection) else content_of(said, key)
    return Known(statement.source, statement.id, area, ends, content)
