"""Who may ask: the holder of a token whose role has the right; on loopback without tokens this machine's own users."""

import re
from collections.abc import Callable
from typing import TypeGuard

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from models.access import ACCESS, RIGHTS, Holder, Right, may
from models.errors import UsageError
from streams.access.holders import Holders
from streams.access.rights import NEEDED, methods
from streams.addresses import LOOPBACK
from streams.gateway.events.address_rate import address_of
from streams.gateway.events.turns import ASKER
from streams.gateway.http.problems import Problem, no_such_address
from streams.settings import Settings

_SCHEME = "bearer "
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Za-z.-]+))(?::[0-9]*)?")  # uri-host [ ":" port ], RFC 9110 7.2


def check_exposure(settings: Settings, holders: Holders) -> None:
    """Raises UsageError when the gateway would listen beyond this machine without asking for tokens."""
    if settings.gateway_host not in LOOPBACK and holders.open:
        raise UsageError(
            f"the gateway would listen on {settings.gateway_host} without a token: set PAIDAN_GATEWAY_TOKENS_FILE, "
            "and write the file with `paidan token add`, or PAIDAN_OIDC_ISSUER"
        )


class Gate:
    """ASGI middleware. Lets a request through with its holder, or answers 401 and 403; without tokens only requests
    that name this machine pass (421)."""

    def __init__(self, app: ASGIApp, holders: Holders, before_sending: Callable[[Holder], None]) -> None:
        """`before_sending` is asked about who would send something; what it raises is the answer."""
        self._app, self._holders, self._before_sending = app, holders, before_sending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Nothing of the body is read before it is let through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        request.state.holders = self._holders
        try:
            holder = request.state.holder = await self._holder(request)
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        before = ASKER.set(holder or (None if self._holders.open else address_of(request)))
        try:
            await self._app(scope, receive, send)
        finally:
            ASKER.reset(before)

    async def _holder(self, request: Request) -> Holder | None:
        if self._holders.open:
            if _host(request) not in LOOPBACK:
                # A page elsewhere could have its own name point to this machine and let the browser ask.
                raise Problem(421, "misdirected", "without tokens the gateway answers to localhost only")
            return None
        there = methods(request.scope["path"])
        route = there.get(request.method)
        if route and not NEEDED[route]:
            return None
        token = bearer_of(request)
        holder = await self._holders.of(token) if token else None
        if holder is None:
            raise Problem(
                401, "unauthorized", "send a valid token: `Authorization: Bearer …`", {"www-authenticate": "Bearer"}
            )
        if route is None:  # what has no row is not asked of the router either
            if there:
                allow = ", ".join(there)
                raise Problem(405, "method-not-allowed", f"this address takes {allow}", {"allow": allow})
            raise no_such_address()
        if not may(holder, *NEEDED[route]):
            raise forbidden(holder, NEEDED[route])
        if request.method == "POST":
            self._before_sending(holder)
        return holder


def holder_of(request: Request) -> Holder | None:
    """Who asks; None for whoever tries it out without tokens."""
    found: Holder | None = request.state.holder
    return found


async def still_holds(request: Request) -> bool:
    """Whether whoever asked would be let in now, as who they were: for an answer that goes on for longer than a token
    may hold, or may be the same holder's."""
    holders: Holders = request.state.holders
    return holders.open or await holders.of(bearer_of(request)) == holder_of(request)


def is_citizen(holder: Holder | None) -> TypeGuard[Holder]:
    """Whether a token is one person's, who speaks for nobody else."""
    return holder is not None and holder.role == "reporter"


def ask_for(holder: Holder | None, right: Right) -> None:
    """Raises Problem (403) when the role has not this right besides that which the route asks for."""
    if holder is not None and not may(holder, right):
        raise forbidden(holder, (right,))


def forbidden(holder: Holder, needed: tuple[Right, ...]) -> Problem:
    """403: who asks is known, and may not."""
    able = [role for role, access in ACCESS.items() if not access.rights.isdisjoint(needed)]
    what = " or ".join(RIGHTS[right] for right in needed)
    return Problem(403, "forbidden", f"the role {holder.role} may not {what}", role=holder.role, roles=able)


def _host(request: Request) -> str:
    """The host that a request names itself, without the port; empty where it names none, or more than a host."""
    named = _HOST.fullmatch(request.headers.get("host", ""))
    return "" if named is None else (named[1] or named[2]).lower()


def bearer_of(request: Request) -> str:
    """The token of a request's header; empty without one."""
    given = request.headers.get("authorization", "")
    return given[len(_SCHEME) :].strip() if given.lower().startswith(_SCHEME) else ""
