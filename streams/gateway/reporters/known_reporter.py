"""What the city knows of a reporter 报事人 from their last reports, for whoever is about to report for them again:
where they were, and how they report.

Only whoever has sent a report knows of it: an app by its own reports, a citizen by those of the own token. Who the
reporter is, is compared by the keyed hash; nothing is told that was not said in such a report.
"""

import asyncio
from collections import Counter
from typing import Any

from fastapi import Request

from dispatcher.order.row import kept_evidence
from models.access import Holder, is_source_of, may
from models.city import City
from models.errors import Poison
from models.events import Evidence
from models.redact import pseudonym, reporter_hash
from models.sealed_words import ERASED
from models.times import to_text
from streams.gateway.events.request_event import attribute
from streams.gateway.http.auth import is_citizen
from streams.gateway.http.problems import Problem, of_poison
from streams.gateway.http.responses import named
from streams.gateway.orders.order_finder import Finder, Held, seen

HEADER = "Reporter-Id"
LOOKED_AT = 5  # orders, the newest first


def reporter_asked(request: Request, holder: Holder | None) -> str:
    """Whose next report it is, as `reporter.id` of a report says it: a citizen's own token says it, an app's header;
    empty where nobody is named. Raises Problem (403) for whoever may not know, (422) for what is no header."""
    try:
        given = attribute(request, HEADER).strip()
    except Poison as poison:
        raise of_poison(poison) from None
    if is_citizen(holder):
        if given not in ("", holder.person):
            raise Problem(403, "forbidden", "a reporter is told of themselves", field=HEADER)
        return holder.person
    if given and not may(holder, "report"):
        raise Problem(403, "forbidden", "of reporters is told who reports for them", field=HEADER)
    return given


async def known_reporter(
    city: City, finder: Finder, key: bytes, holder: Holder | None, person: str
) -> dict[str, Any] | None:
    """Where the newest of their reports was and by which channel most of them came; None where nothing is known.
    `key` is that of the pseudonyms. Raises Problem while not all partitions of the tables can be asked."""
    who = reporter_hash(key, person)
    orders = await finder.newest_of(who, LOOKED_AT)
    found = [one for one in await asyncio.gather(*(seen(finder, each.id, holder) for each in orders)) if one]
    own = [(seen.at, held.order.area, seen) for held in found for seen in _reports(held, who, holder, key)]
    if not own:
        return None
    at, area, last = max(own, key=lambda one: one[0])
    channels = Counter(seen.channel for _, _, seen in own if seen.channel)
    place = None if last.lat is None or last.lon is None else {"lat": last.lat, "lon": last.lon}
    return {
        "last": {
            "at": to_text(at),
            "area": named(city.areas.get(area), area),
            "address": "" if last.address == ERASED else last.address,
            "location": place,
        },
        "channel": max(channels, key=channels.__getitem__) if channels else "",
    }


def _reports(held: Held, who: str, holder: Holder | None, key: bytes) -> list[Evidence]:
    """What a reporter has reported of an order by this holder."""
    seen = kept_evidence(held.order)
    return [
        one
        for one in seen
        if one.reporter == who
        and (holder is None or is_source_of(holder, one.source) or one.source == pseudonym(key, holder.source))
    ]
