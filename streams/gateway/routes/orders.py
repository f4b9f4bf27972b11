"""`GET /orders`, `/orders/{id}`, `/reports/{id}`: what has become of what was reported."""

from collections.abc import Mapping
from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from models.access import may, prefixed
from models.city import City, LimitStage
from models.envelope import MAX_ATTRIBUTE
from models.times import now_ms
from streams.gateway import windows
from streams.gateway.http.auth import ask_for, holder_of
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problems import Problem
from streams.gateway.http.responses import answer
from streams.gateway.orders.order_document import document, line
from streams.gateway.orders.order_finder import ALARMS, MOST_ORDERS, Finder, missing
from streams.gateway.orders.order_table import MOST_ROWS, as_csv
from streams.tables.marks import MARKS
from streams.tables.orders.order_words import LEAST, MOST_LOOKED_FOR, words_in
from streams.tables.protocol import Sort


def order_routes(city: City, finder: Finder) -> APIRouter:
    """The routes, with what they need."""
    router = APIRouter(tags=["orders"], dependencies=[ONLY_KNOWN])

    @router.get("/orders", summary="List orders, or those behind a figure; newest or most urgent first")
    async def orders(
        request: Request,
        department: str = "",
        below: Annotated[bool, Query(description="with `department`: those of all departments below it, too")] = False,
        state: Annotated[str, Query(description="states with commas; `open` for all open ones")] = "",
        area: Annotated[str, Query(description="an area of any level")] = "",
        category: str = "",
        overdue: bool | None = None,
        quarantined: Annotated[bool | None, Query(description="set aside because the desk failed at it")] = None,
        inspector: Annotated[
            str, Query(max_length=MAX_ATTRIBUTE, description="whose check this inspector was given and has not made")
        ] = "",
        confirmer: Annotated[
            str, Query(description="which were handled below this department, which is to confirm them next")
        ] = "",
        unit: Annotated[
            str, Query(max_length=MAX_ATTRIBUTE, description="which this mobile unit was given to look at, and has not")
        ] = "",
        camera: Annotated[
            str, Query(max_length=MAX_ATTRIBUTE, description="only orders that this camera has seen")
        ] = "",
        algorithm: Annotated[
            str, Query(max_length=MAX_ATTRIBUTE, description="only orders that this algorithm of cameras has seen")
        ] = "",
        alarm: Annotated[
            str, Query(description="only orders of cameras at which people found the alarm `right` or `false`")
        ] = "",
        words: Annotated[
            str,
            Query(
                max_length=MOST_LOOKED_FOR,
                description="only orders in which each of these words occurs, which blanks part: in the number, title, "
                "text or address, or in what one of their sightings says",
            ),
        ] = "",
        indicator: Annotated[str, Query(description="only orders that this indicator of `/status` counts")] = "",
        stage: Annotated[str, Query(description="with `indicator`: as it stands under `by=stage`")] = "",
        actor: Annotated[
            str, Query(max_length=MAX_ATTRIBUTE, description="with `indicator`: as it stands under `by=actor`")
        ] = "",
        first: Annotated[str | None, Query(alias="from", description="city-local day, with `indicator`")] = None,
        to: Annotated[str | None, Query(description="city-local day, with `indicator`")] = None,
        mark: Annotated[str, Query(description=f"only orders that have a mark: {', '.join(MARKS)}")] = "",
        sort: Annotated[
            Sort,
            Query(
                description="`urgent`: open ones alone, the most urgent first, within a priority what is due first, "
                "then the oldest; `surest`: those in review alone, within a priority those first of whose category the "
                "classifier is surest"
            ),
        ] = "newest",
        count: Annotated[bool, Query(description="say also how many there are in all, as `total`")] = False,
        limit: Annotated[int, Query(ge=1, le=MOST_ORDERS)] = 50,
        cursor: Annotated[str, Query(description="`next` of the page before")] = "",
    ) -> Response:
        holder = holder_of(request)
        if actor or (holder is not None and any(each not in ("", holder.person) for each in (inspector, unit))):
            ask_for(holder, "staff")
        # What is to be confirmed lies with a department below: whose it is says who is to confirm it.
        confined, area = finder.own(holder, confirmer or department, area)
        department = department if confirmer else confined
        finder.check(confirmer, "")
        _check_stage(stage)
        if not indicator:  # a figure may be of one that the city has no more
            finder.check(department, category)
        department = finder.with_below(department, below)
        wanted = {"department": department, "category": category, "state": state, "area": finder.areas(area)}
        _check_mark(mark)
        _check_alarm(alarm)
        _check_words(words)
        wanted |= {"camera": camera, "algorithm": algorithm, "alarm": alarm, "words": words}
        wanted |= {"mark": mark, "count": "true" if count and not (indicator or words) else ""}
        wanted |= {"inspector": inspector, "confirmer": confirmer, "unit": unit}
        wanted |= _flags({"overdue": overdue, "quarantined": quarantined})
        windows.window(city, first, to)  # what is no day is refused also where it is not asked for
        if indicator:
            keys = {"stage": stage, "actor": actor, "department": department, "category": category}
            wanted |= finder.counted(indicator, keys, first, to)
        wanted["sort"] = sort
        if "text/csv" in request.headers.get("accept", ""):
            return _table(as_csv(await finder.every(wanted, MOST_ROWS), city))
        return answer(await finder.page(wanted, limit, cursor))

    @router.get("/orders/{order_id}", summary="One order: state, timeline, evidence, reasons, who held it how long")
    async def order(order_id: str, request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(f"/o/{order_id}", 303)
        holder = holder_of(request)
        found = await finder.order(order_id, holder)
        # Whoever works on orders must know who has: who handles one never checks it.
        return answer(document(found.order, found.tally, city, now_ms(), names_people=may(holder, "act", "staff")))

    @router.get("/reports/{report_id:path}", summary="The order that a report has become part of")
    async def report(
        report_id: str, source: Annotated[str, Query(max_length=MAX_ATTRIBUTE)], request: Request
    ) -> Response:
        holder = holder_of(request)
        reads = may(holder, "orders")
        if not reads:  # then only those that it has sent itself
            source = prefixed(holder, source)
        known, complete = await finder.by_report(source, report_id)
        if known is None or not await finder.is_shown(known.id, holder):
            raise missing("no order is known for this report (yet)", complete)
        return answer({"report": {"source": source, "id": report_id}, "order": line(known, city, words=reads)})

    return router


def _flags(asked: Mapping[str, bool | None]) -> dict[str, str]:
    """Those that were asked for, as tables are asked."""
    return {name: "true" if flag else "false" for name, flag in asked.items() if flag is not None}


def _table(content: bytes) -> Response:
    headers = {"cache-control": "no-store", "content-disposition": 'attachment; filename="orders.csv"'}
    return Response(content, 200, headers, "text/csv; charset=utf-8")


def _check_stage(stage: str) -> None:
    if stage and stage not in get_args(LimitStage):
        raise Problem(422, "invalid", "stage must be one that has a limit", field="stage", rule="unknown")


def _check_mark(mark: str) -> None:
    if mark and mark not in MARKS:
        raise Problem(422, "invalid", f"mark must be one of {', '.join(MARKS)}", field="mark", rule="unknown")


def _check_alarm(alarm: str) -> None:
    if alarm and alarm not in ALARMS:
        raise Problem(422, "invalid", f"alarm must be one of {', '.join(ALARMS)}", field="alarm", rule="unknown")


def _check_words(words: str) -> None:
    if words and max((len(word.folded) for word in words_in(words)), default=0) < LEAST:
        raise Problem(422, "invalid", f"words must hold one of {LEAST} characters", field="words", rule="is too short")
