"""`/silences`: what people silence 静默 while the city runs: set, approved by a second person, ended, and listed."""

from collections.abc import Awaitable, Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from models.access import Holder, may
from models.city import City
from models.envelope import BYTE_ORDER_MARK, check_attribute
from models.errors import Poison
from models.events import Contract, broken
from models.events.incoming import Degrees, Instant, Name
from models.inbox import LiveSilence
from models.redact import pseudonym, stand_in
from models.times import now_ms, to_text
from streams.control.live_silences import (
    Decide,
    Known,
    SilenceBook,
    SilenceState,
    UnknownSilence,
    approved,
    asks_for_approval,
    check,
    ended,
    set_anew,
    set_before,
    state_of,
)
from streams.control.one_at_a_time import ControlError
from streams.gateway.events.request_event import body_of, idempotency_key
from streams.gateway.events.turns import ASKER, Turns
from streams.gateway.http.auth import holder_of
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problems import Problem, of_poison
from streams.gateway.http.responses import answer, moment, named
from streams.gateway.orders.order_finder import Finder
from streams.gateway.shards import incomplete

ANYBODY = "anybody"  # who has done it where no token says so, nor the body

_Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000, pattern=r"^[^\x00]*$")]
_Number = Annotated[int, Path(ge=1, lt=2**31)]
_Read = TypeVar("_Read", bound=Contract)
_Done = TypeVar("_Done")


class Centre(Contract):
    """The middle of a round place: WGS 84, degrees."""

    lat: Annotated[Degrees, Field(ge=-90, le=90)]
    lon: Annotated[Degrees, Field(ge=-180, le=180)]


class SilenceRequest(Contract):
    """What is to be silenced, and until when: all that is left out, or `*`, matches everything.

    `category` may be a group, `area` one above others; within `radius_m` metres of `location` only what has coordinates
    is silenced. `lifts` stands alone: a control zone of the city's tables that silences nothing meanwhile.
    `owner` answers for it, `comment` says why. `by` is read where no token says who asks.
    """

    category: Name = "*"
    area: Name = "*"
    camera_id: Name = ""
    source: Name = ""
    location: Centre | None = None
    radius_m: Annotated[float, Field(strict=True, gt=0, le=100_000, allow_inf_nan=False)] = 100.0
    lifts: Name = ""
    starts_at: Instant | None = None
    ends_at: Instant
    owner: _Said
    comment: _Said
    by: Name = ""


class SilenceStep(Contract):
    """Who approves or ends a silence, where no token says so."""

    by: Name = ""


_REQUEST, _STEP = TypeAdapter(SilenceRequest), TypeAdapter(SilenceStep)


class _InTurn:
    """The silences for many who ask. They are read, and changed, one after the other: who asks often waits for their
    own. Raises Problem (503) where too many of one wait."""

    def __init__(self, book: SilenceBook) -> None:
        self._book = book
        self._reading, self._changing = Turns(1, 1), Turns(1, 1)

    async def all(self) -> Known:
        async with self._reading.turn(ASKER.get()):
            return await self._book.all()

    async def change(self, decide: Decide) -> LiveSilence:
        async with self._changing.turn(ASKER.get()):
            return await self._book.change(decide)


def silence_routes(city: City, book: SilenceBook, finder: Finder, key: bytes) -> APIRouter:
    """The routes, with what they need; `key` is that of the pseudonyms, under which sources are known."""
    router, taken = APIRouter(tags=["silences"], dependencies=[ONLY_KNOWN]), _InTurn(book)

    @router.get("/silences", summary="What people have silenced while the city runs, the newest first")
    async def listed(
        request: Request,
        state: Annotated[
            SilenceState | Literal[""], Query(description="only those; absent: all that are not over")
        ] = "",
    ) -> Response:
        holder, now = holder_of(request), now_ms()
        people = may(holder, "act", "staff")
        known = sorted((await _done(taken.all())).values(), key=lambda one: one.number, reverse=True)
        shown = [_document(one, city, now, people) for one in known if _concerns(city, holder, one.area)]
        wanted = [one for one in shown if (one["state"] == state if state else one["state"] != "expired")]
        zones = list(control_zones(city, known, now, holder))
        return answer({"silences": wanted, "control_zones": zones, "as_of": to_text(now), "zone": city.zone.key})

    @router.post("/silences", status_code=201, summary="Silence something for a time")
    async def wanted(request: Request) -> Response:
        holder, now = holder_of(request), now_ms()
        try:
            check_attribute("idempotency-key", sent_as := idempotency_key(request))
            asked = _parsed(_REQUEST, await body_of(request))
            said = _lifting(city, asked)
        except Poison as poison:
            raise of_poison(poison) from None
        within(finder, holder, said.area)
        by = _who(holder, said.by, key)
        silence = LiveSilence(
            number=0,
            starts_at=max(now, said.starts_at or now),
            ends_at=said.ends_at,
            category=said.category or "*",
            area=said.area or "*",
            camera=said.camera_id,
            source=pseudonym(key, said.source) if said.source else "",
            lat=None if said.location is None else said.location.lat,
            lon=None if said.location is None else said.location.lon,
            radius_m=0.0 if said.location is None else said.radius_m,
            lifts=said.lifts,
            owner=said.owner,
            comment=said.comment,
            created_by=by,
            created_at=now,
            asked=stand_in(key, f"{by}\n{sent_as}") if sent_as else "",
            said=stand_in(key, asked.model_dump_json(exclude={"by"})) if sent_as else "",
        )
        made, status = await _done(_set(silence))
        return answer(_document(made, city, now), status, {"location": "/silences"})

    async def _set(silence: LiveSilence) -> tuple[LiveSilence, int]:
        """What is asked for again is answered as it stands: by now it may be over."""
        if silence.asked and (before := set_before(await taken.all(), silence)) is not None:
            return before, 200
        try:
            check(city, silence)
        except Poison as poison:
            raise of_poison(poison) from None
        setting, was_set = set_anew(silence, asks_for_approval(city, silence)), False

        def decide(now: Known) -> LiveSilence:
            nonlocal was_set
            was_set = set_before(now, silence) is not None  # by the same, sent twice at once
            return setting(now)

        return await taken.change(decide), 200 if was_set else 201

    @router.post("/silences/{number}/approve", summary="Approve a silence that waits for a second person")
    async def approve(number: _Number, request: Request) -> Response:
        return await _step(request, number, approving=True)

    @router.post("/silences/{number}/end", summary="End a silence before its time")
    async def end(number: _Number, request: Request) -> Response:
        return await _step(request, number, approving=False)

    async def _step(request: Request, number: int, *, approving: bool) -> Response:
        holder, now, body = holder_of(request), now_ms(), await request.body()
        by = _who(holder, _parsed(_STEP, await body_of(request)).by if body else "", key)
        if holder is not None and holder.area:
            there = (await _done(taken.all())).get(number)
            within(finder, holder, "*" if there is None else there.area)
        step = approved(number, by, now) if approving else ended(number, by, now)
        return answer(_document(await _done(taken.change(step)), city, now))

    return router


def within(finder: Finder, holder: Holder | None, area: str) -> None:
    """Raises Problem (403) for an area beyond that of the token; `*` is the whole city."""
    if holder is not None and holder.area and (area in ("", "*") or not finder.is_within(holder, area)):
        raise Problem(403, "forbidden", "the area lies beyond that of the token", field="area")


def _concerns(city: City, holder: Holder | None, area: str) -> bool:
    """Whether what is silenced in an area, `*` being the whole city, is silenced somewhere where a holder sees orders:
    that area lies within theirs, or theirs within it."""
    if holder is None or holder.area == "" or area == "*":
        return True
    return holder.area in city.areas.ancestors(area) or area in city.areas.ancestors(holder.area)


def control_zones(
    city: City, known: Iterable[LiveSilence], now: int, holder: Holder | None = None
) -> Iterable[Mapping[str, Any]]:
    """The control zones of the city's tables that are not over and concern a holder, with whether each holds at this
    moment (ms UTC), and what lifts it."""
    lifting = {one.lifts: one.number for one in known if one.lifts and state_of(one, now) == "active"}
    for start, end, row in city.silences.to_come(now):
        if not _concerns(city, holder, row.area):
            continue
        yield {
            "lifts": row.zone,
            "line": row.row,
            "category": None if row.category == "*" else named(city.categories.get(row.category), row.category),
            "area": None if row.area == "*" else named(city.areas.get(row.area), row.area),
            "starts_at": to_text(start),
            "ends_at": to_text(end),
            "days": list(row.days),
            "times": list(row.slots),
            "owner": row.owner,
            "reason": row.reason,
            "holds": start <= now and row.zone not in lifting and city.silences.is_time(row, now),
            "lifted_by": lifting.get(row.zone),
        }


def _lifting(city: City, said: SilenceRequest) -> SilenceRequest:
    """What is asked for, with the category and the area of the zone that it lifts. Raises Poison for anything beside
    that: a zone is lifted as a whole."""
    if not said.lifts:
        return said
    narrowed = {said.category, said.area} - {"", "*"} or said.camera_id or said.source or said.location
    if narrowed:
        raise Poison("lifts", "stands alone: a control zone is lifted as a whole")
    zones = (row for row in city.silences if row.zone == said.lifts)
    return next((said.model_copy(update={"category": row.category, "area": row.area}) for row in zones), said)


def _who(holder: Holder | None, said: str, key: bytes) -> str:
    """Who asks, as in the facts of orders: a name that holds something personal is a pseudonym."""
    return pseudonym(key, holder.person if holder is not None else said or ANYBODY)


def _parsed(reader: "TypeAdapter[_Read]", body: bytes) -> _Read:
    body = body.removeprefix(BYTE_ORDER_MARK)
    try:
        return reader.validate_json(body)
    except ValidationError as error:
        raise of_poison(broken(error, body)) from None


async def _done(work: Awaitable[_Done]) -> _Done:
    """What is read or changed. Raises Problem where it cannot be."""
    try:
        return await work
    except UnknownSilence as error:
        raise Problem(404, "not-found", str(error)) from None
    except ControlError as error:
        raise Problem(409, "refused", str(error)) from None
    except KafkaError:
        raise incomplete("the silences cannot be read or changed at the moment") from None


def _document(silence: LiveSilence, city: City, now: int, people: bool = True) -> Mapping[str, Any]:
    """A silence as it is answered; with `people` also who has set, approved and ended it."""
    place = None if silence.lat is None else {"lat": silence.lat, "lon": silence.lon}
    shown: dict[str, Any] = {
        "number": silence.number,
        "state": state_of(silence, now),
        "category": None if silence.category == "*" else named(city.categories.get(silence.category), silence.category),
        "area": None if silence.area == "*" else named(city.areas.get(silence.area), silence.area),
        "camera_id": silence.camera,
        "source": silence.source,
        "location": place,
        "radius_m": silence.radius_m if place else None,
        "lifts": silence.lifts,
        "starts_at": to_text(silence.starts_at),
        "ends_at": to_text(silence.ends_at),
        "owner": silence.owner,
        "comment": silence.comment,
        "needs_approval": silence.needs_approval,
        "created_at": to_text(silence.created_at),
        "approved_at": moment(silence.approved_at),
        "ended_at": moment(silence.ended_at),
    }
    if people:
        shown |= {"created_by": silence.created_by, "approved_by": silence.approved_by, "ended_by": silence.ended_by}
    return shown
