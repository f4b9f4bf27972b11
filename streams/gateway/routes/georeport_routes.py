"""`/open311/v2`: Open311 GeoReport v2 for citizens' apps, in JSON and XML. Its own standard describes it."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from models.city import City
from streams.gateway.http.problems import Problem, no_such_address
from streams.gateway.open311.asked import check_jurisdiction
from streams.gateway.open311.georeport import discovery
from streams.gateway.open311.request_updates import RequestUpdates
from streams.gateway.open311.service_requests import ServiceRequests
from streams.gateway.open311.written import FORMATS, refusal, written


class _RefusingInItsForm(APIRoute):
    """A route whose refusals are in the standard's form and not problem documents."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                status = 400 if problem.status == 422 else problem.status
                return refusal(request.path_params.get("format", ""), status, problem.detail, problem.headers)

        return handled


def georeport_routes(city: City, service: ServiceRequests, updates: RequestUpdates, is_open: bool) -> APIRouter:
    """The routes, with what they need; all of them are 404 unless `is_open`."""

    def check(request: Request, format: str) -> None:
        if not is_open or format not in FORMATS:
            raise no_such_address()
        check_jurisdiction(request.query_params.get("jurisdiction_id", ""), city)

    router = APIRouter(
        prefix="/open311/v2", include_in_schema=False, route_class=_RefusingInItsForm, dependencies=[Depends(check)]
    )

    @router.get("/discovery.{format}")
    async def where(request: Request, format: str) -> Response:
        found = discovery(str(request.url).partition("?")[0].rpartition("/")[0])
        return written(format, "discovery", found, found)

    @router.get("/services.{format}")
    async def services(format: str) -> Response:
        return service.services(format)

    @router.get("/services/{code}.{format}")
    async def definition(code: str, format: str) -> Response:
        return service.service(format, code)

    @router.get("/requests.{format}")
    async def requests(request: Request, format: str) -> Response:
        return await service.search(format, request)

    @router.get("/requests/{request_id}.{format}")
    async def one(request: Request, request_id: str, format: str) -> Response:
        return await service.one(format, request, request_id)

    @router.post("/requests.{format}")
    async def create(request: Request, format: str) -> Response:
        return await service.create(format, request)

    @router.get("/tokens/{token}.{format}")
    async def of_token(request: Request, token: str, format: str) -> Response:
        return await service.of_token(format, request, token)

    @router.get("/servicerequestupdates.{format}")
    async def changes(request: Request, format: str) -> Response:
        return await updates.search(format, request)

    @router.post("/servicerequestupdates.{format}")
    async def add(request: Request, format: str) -> Response:
        return await updates.create(format, request)

    return router
