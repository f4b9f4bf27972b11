"""The gateway's application for the city pack in force: made anew for each; what has begun ends in the former one."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from starlette.types import ASGIApp, Receive, Scope, Send

from models.city import City
from streams.gateway.app import Parts, make_app
from streams.gateway.http.problems import not_now

# What tells how the gateway is, it tells at any time.
_ALWAYS = frozenset({"/livez", "/readyz", "/metrics"})


class Switchboard:
    """ASGI application. `ready` says whether the pack in force is at hand: without it nothing is read or taken, but
    answered with 503."""

    def __init__(self, parts: Parts, ready: Callable[[], bool]) -> None:
        self._parts, self._ready = parts, ready
        self._application: ASGIApp = make_app(parts)

    async def use(self, city: City) -> None:
        """Serve for this city from now on."""
        parts = replace(self._parts, city=city)
        self._application = await asyncio.to_thread(make_app, parts)
        for watch in (parts.drift, parts.labels):
            if watch is not None:
                watch.city = city
        if parts.pulse is not None:
            parts.pulse.look_at(city.departments)
        if parts.hubs is not None:
            parts.hubs.look_at(city)
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"] not in _ALWAYS and not self._ready():
            sentence = "the city pack in force cannot be had at the moment: try again"
            await not_now(sentence, "no-city-pack").response()(scope, receive, send)
            return
        await self._application(scope, receive, send)
