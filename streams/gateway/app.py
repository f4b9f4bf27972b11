"""The gateway's FastAPI application: its routes, its guards, its documentation."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp

from dispatcher.figures.indicators import INDICATORS
from models.access import may
from models.city import City
from streams.access.holders import Holders
from streams.bridge.figures_heard import HubsHeard
from streams.control.city_in_force import CityInForce
from streams.control.live_silences import SilenceBook
from streams.dead_letters.recent_letters import RecentLetters
from streams.erasure.report_keys import ReportKeys
from streams.gateway import windows
from streams.gateway.events.address_rate import AddressRate
from streams.gateway.events.event_rate import EventRate
from streams.gateway.events.event_writer import EventWriter
from streams.gateway.http import problems
from streams.gateway.http.auth import Gate, ask_for, holder_of
from streams.gateway.http.body_limit import BodyLimit
from streams.gateway.http.cross_site import CrossSite
from streams.gateway.http.in_time import InTime
from streams.gateway.http.measuring import Measuring
from streams.gateway.http.openapi import describe
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problem_language import ProblemLanguage
from streams.gateway.http.responses import answer
from streams.gateway.http.without_body import WithoutBody
from streams.gateway.open311.api_keys import ApiKeys
from streams.gateway.open311.request_updates import RequestUpdates
from streams.gateway.open311.service_requests import ServiceRequests
from streams.gateway.open311.step_log import StepLog
from streams.gateway.open_figures.monthly import OpenFigures
from streams.gateway.open_figures.open_page import open_routes
from streams.gateway.orders.order_finder import Finder
from streams.gateway.outside.outside_routes import outside_routes
from streams.gateway.outside.outside_view import Outside
from streams.gateway.routes.area_map import map_routes
from streams.gateway.routes.georeport_routes import georeport_routes
from streams.gateway.routes.live import live_routes
from streams.gateway.routes.order_sightings import InboxSightings, order_sighting_routes
from streams.gateway.routes.orders import order_routes
from streams.gateway.routes.pages import page_routes
from streams.gateway.routes.prefill import prefill_routes
from streams.gateway.routes.receiving import Receiver, intake_routes
from streams.gateway.routes.reporter_page import reporter_routes
from streams.gateway.routes.seat import seat_routes
from streams.gateway.routes.sighting_outcomes import outcome_routes
from streams.gateway.routes.silence_routes import silence_routes
from streams.gateway.shards import Shards
from streams.gateway.shutdown import Shutdown
from streams.gateway.status import Status
from streams.gateway.waiting import FactTail
from streams.intake.unlisted import LabelWatch
from streams.kafka.topics import Names
from streams.learning.drift_watch import DriftWatch
from streams.readiness.checks import judge
from streams.readiness.pulse import Pulse
from streams.reporter_links import ReporterLinks
from streams.settings import Settings
from streams.tables.protocol import Shard
from streams.tracing.request_spans import RequestSpans
from streams.tracing.tracer import Tracer

_FROM = Annotated[
    str | None, Query(alias="from", description="first city-local day, or `all`; default: the 1st of the month")
]
_TO = Annotated[str | None, Query(description="last city-local day; default: today")]
_BELOW = Annotated[bool, Query(description="departments with all that stand below them")]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes work with."""

    settings: Settings
    city: City
    shards: Shards
    writer: EventWriter
    tail: FactTail
    holders: Holders
    shutdown: Shutdown
    drift: DriftWatch | None = None
    pulse: Pulse | None = None
    labels: LabelWatch | None = None
    keys: ReportKeys | None = None
    cities: CityInForce | None = None
    silences: SilenceBook | None = None
    hubs: HubsHeard | None = None
    letters: RecentLetters | None = None
    tracer: Tracer | None = None
    steps: StepLog | None = None


def make_app(parts: Parts) -> ASGIApp:
    """The application. Starting and stopping its parts is the caller's affair."""
    app = FastAPI(
        title="Paidan 派单",
        summary="Reports and detections become work orders; this shows what became of them.",
        docs_url=None,  # FastAPI's own loads its scripts from elsewhere; ours is among the pages
        redoc_url=None,
        redirect_slashes=False,
    )
    key = parts.settings.hmac_key
    finder = Finder(parts.city, parts.shards, key, parts.keys)
    problems.install(app)
    app.add_middleware(BodyLimit, most=parts.settings.gateway_body_bytes)  # inside the gate: the token comes first
    rate = EventRate(parts.settings.gateway_events_per_second, parts.settings.gateway_citizen_per_minute)
    app.add_middleware(Gate, holders=parts.holders, before_sending=rate.begin)
    app.add_middleware(CrossSite)
    app.add_middleware(InTime, shutdown=parts.shutdown)
    app.add_middleware(Measuring)
    if parts.tracer is not None:
        app.add_middleware(RequestSpans, tracer=parts.tracer)
    app.add_middleware(ProblemLanguage)
    app.add_middleware(WithoutBody)
    app.include_router(order_routes(parts.city, finder))
    app.include_router(order_sighting_routes(finder, InboxSightings(parts.settings, parts.city.settings)))
    app.include_router(seat_routes(parts.city, finder, parts.settings.partitions))
    receiver = Receiver(parts.city, parts.writer, parts.tail, finder, parts.shutdown, key, rate)
    names = Names(parts.settings.namespace)
    app.include_router(intake_routes(names, receiver, finder))
    public = AddressRate(parts.settings.gateway_public_per_minute)
    keys = ApiKeys(parts.holders, rate.begin, public)
    georeport = ServiceRequests(parts.city, names.reports, receiver, finder, keys)
    steps = parts.steps or StepLog(parts.settings)
    updates = RequestUpdates(parts.city, names.updates, receiver, finder, keys, steps)
    app.include_router(georeport_routes(parts.city, georeport, updates, parts.settings.gateway_open311))
    app.include_router(prefill_routes(parts.city, finder, key))
    app.include_router(reporter_routes(parts.city, names, receiver, finder, _links(parts.settings)))
    app.include_router(outcome_routes(parts.tail, key))
    book = parts.silences or SilenceBook(parts.settings)
    app.include_router(silence_routes(parts.city, book, finder, key))
    app.include_router(live_routes(parts.city, parts.tail))
    figures = OpenFigures(parts.city, parts.shards)
    app.include_router(open_routes(figures, public, parts.settings.gateway_open_figures))
    app.include_router(page_routes(parts.city, parts.settings.gateway_open_figures))
    app.include_router(map_routes(parts.city))
    app.include_router(outside_routes(parts.city, finder, Outside(parts.city, parts.shards)))
    _status_routes(app, Status(parts.city, parts.shards), parts)
    _operation_routes(app, parts)
    described = lru_cache(partial(describe, app, parts.city, tokens=not parts.holders.open))
    app.openapi = described  # type: ignore[method-assign] # the way that FastAPI's documentation shows
    return app


def _links(settings: Settings) -> ReporterLinks | None:
    """What reads reporters' links; None without a key."""
    key = settings.link_key.get_secret_value()
    return ReporterLinks(key) if key else None


def _status_routes(app: FastAPI, status: Status, parts: Parts) -> None:
    @app.get(
        "/status",
        tags=["status"],
        dependencies=[ONLY_KNOWN],
        summary="The indicators of the city and of each department",
    )
    async def of_all(
        request: Request,
        first: _FROM = None,
        to: _TO = None,
        by: Annotated[str, Query(description="department, category, area, stage or actor")] = "department",
        below: _BELOW = False,
    ) -> Response:
        holder = holder_of(request)
        if by == "actor":
            ask_for(holder, "staff")
        window = windows.window(status.city, first, to)
        found = await status.of_all(window, by, below=below)
        hubs = {} if parts.hubs is None else parts.hubs.section(window)
        access = {"hubs": hubs, "access": "open" if parts.holders.open else "tokens"}
        if not may(holder, "orders"):  # how the system does is nobody's affair who may not even see an order
            return answer({**found, **access})
        drift = None if parts.drift is None else parts.drift.section()
        stages = None if parts.pulse is None else parts.pulse.section()
        unlisted = None if parts.labels is None else parts.labels.section()
        letters = None if parts.letters is None else parts.letters.section()
        words = "sealed" if parts.settings.words_key.get_secret_value() else "clear"
        inner = {"stages": stages, "drift": drift, "unlisted": unlisted, "dead_letters": letters, "words": words}
        return answer({**found, **inner, **access})

    @app.get("/trend", tags=["status"], dependencies=[ONLY_KNOWN], summary="Indicators of the city, day by day")
    async def by_day(
        first: _FROM = None,
        to: _TO = None,
        of: Annotated[str, Query(description="which indicators, with commas; default: all")] = "",
    ) -> Response:
        wanted = [name for name in of.split(",") if name] or list(INDICATORS)
        return answer(await status.by_day(windows.window(status.city, first, to), wanted))

    @app.get(
        "/status/{department}", tags=["status"], dependencies=[ONLY_KNOWN], summary="The indicators of one department"
    )
    async def of_one(department: str, first: _FROM = None, to: _TO = None, below: _BELOW = False) -> Response:
        return answer(await status.of_one(windows.window(status.city, first, to), department, below=below))


def _operation_routes(app: FastAPI, parts: Parts) -> None:
    @app.get("/livez", tags=["operation"], summary="The process runs")
    async def alive() -> Response:
        return answer({"alive": True})

    @app.get("/readyz", tags=["operation"], summary="Whether the whole system works, and what does not")
    async def ready() -> Response:
        shard = await parts.shards.ask("/shard", {}, Shard)
        following = parts.tail.following.is_set()
        figures = {"tables-missing": float(shard.total - len(shard.partitions)), "following": float(following)}
        figures["city-pack"] = float(parts.cities is None or parts.cities.is_ready)
        found = judge(figures | ({} if parts.pulse is None else parts.pulse.figures()))
        state: Mapping[str, object] = {
            "ready": not found.wrong,
            "wrong": found.wrong,
            "checks": found.checks,
            "partitions": {"answered": len(shard.partitions), "total": shard.total},
            "following": following,
        }
        return answer(state, 503 if found.wrong else 200)

    @app.get("/metrics", tags=["operation"], summary="For Prometheus")
    async def measured() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
