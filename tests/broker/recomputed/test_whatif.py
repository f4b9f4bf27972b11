"""`paidan whatif` on a real broker: what a desk has really decided, beside what another pack would have come to."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from models.city import load_city
from models.inbox import Sighting, decode_items, encode_items
from models.times import local_day, now_ms
from streams.kafka.topics import Names
from streams.settings import Settings
from streams.whatif.side_by_side import Span, Tried, try_out
from tests.broker.roles.test_desk import AREA, city, departments, opened, report
from tests.support.cities import FILES, tiny_files, written
from tests.support.desks import guess
from tests.support.kafka import Kafka, Message, Roles
from tests.unit.control.test_whatif import Knows

WORKDAYS = "date,kind,value\n,slots,08:00-12:00|14:00-18:00\n"

__all__ = ["city", "departments"]


def pothole(id: str) -> bytes:
    """An inbox record of a report that intake was sure about, far from all others in what it says."""
    [item] = decode_items(report(id, text=f"第{id}件事"))
    assert isinstance(item, Sighting)
    return encode_items([msgspec.structs.replace(item, guess=guess("pothole"))])


@pytest.mark.timeout(120)
async def test_the_log_is_decided_again_and_another_pack_beside_it(
    kafka: Kafka, topics: Names, roles: Roles, settings: Settings, city: Path, tmp_path: Path
) -> None:
    """The pack that decided makes no difference and leads to the facts of the log; with another department for the
    roads, or a model that sees water in everything, the orders go elsewhere, and the command says so; a model that sees
    what was seen makes no difference, and days without anything in them have nothing to compare. Of a calendar without
    holidays it is said for which years."""
    table = FILES["responsibility.csv"].replace("road,*,roads,", "road,*,works,")
    other = written(tmp_path / "other", tiny_files({"responsibility.csv": table, "calendar.csv": WORKDAYS}))
    await kafka.produce(topics.inbox, [Message(pothole(str(n)), AREA.encode(), partition=0) for n in range(3)])
    await kafka.produce(topics.urgent, [Message(pothole("urgent"), AREA.encode(), partition=0)])
    roles.start("desk", city=str(city))
    await kafka.read_until(topics.orders, lambda records: len(opened(records)) == 4, timeout=60)
    command = roles.start("whatif", "--pack", str(other), "--json", city=str(city))

    own = load_city(city)
    same = await try_out(settings, own, own, Span())
    alike, flooded = [
        await try_out(settings, own, own, Span(), packs_stay=True, model=Knows(category))
        for category in ("pothole", "flooding")
    ]
    never = await try_out(settings, own, load_city(other), Span(last=date(2026, 1, 1)))

    assert (same.off_log, same.what.orders, same.what.unlike, same.what.changes) == ((), 4, (), ())
    assert (never.off_log, never.what.orders, never.without_holidays) == ((), 0, ())
    assert (alike.judged, alike.off_log, alike.what.unlike, alike.what.changes) == (4, (), (), ())
    assert [(each.real, each.whatif) for each in flooded.what.elsewhere] == [(("roads",), ("works",))] * 4
    assert await command.ended(60) == 0, command.said()
    tried = msgspec.json.decode(command.said().splitlines()[-1], type=Tried)
    assert [(each.real, each.whatif) for each in tried.what.elsewhere] == [(("roads",), ("works",))] * 4
    assert tried.off_log == ()
    assert (same.without_holidays, tried.without_holidays) == ((), (local_day(now_ms(), own.zone).year,))
    assert "calendar.csv names no holidays of 2" in command.said()
