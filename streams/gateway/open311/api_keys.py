"""Whose an `api_key` is, and what it may: GeoReport has its tokens in the address or the form."""

from collections.abc import Callable, Mapping

from fastapi import Request

from models.access import Holder, may
from streams.access.holders import Holders
from streams.gateway.events.address_rate import AddressRate
from streams.gateway.events.turns import ASKER
from streams.gateway.http.auth import bearer_of
from streams.gateway.http.problems import Problem


class ApiKeys:
    """Asks about each request. All methods raise Problem: 403 for a key that does not hold."""

    def __init__(self, holders: Holders, before_sending: Callable[[Holder], None], public: AddressRate) -> None:
        """`before_sending` is asked about whose key would send something, and raises Problem where it may not now;
        `public` counts who asks without a key."""
        self._holders, self._before_sending, self._public = holders, before_sending, public

    async def sender(self, request: Request, form: Mapping[str, str]) -> Holder | None:
        """Who sends a form; None where nobody needs a key. Raises Problem also for a key that may not send reports."""
        holder = await self._holder(request, form.get("api_key") or request.query_params.get("api_key", ""))
        if not self._holders.open and (holder is None or not may(holder, "report")):
            raise Problem(403, "forbidden", "api_key must be given, and be one that may send reports")
        if holder is not None:
            self._before_sending(holder)
        return holder

    async def asker(self, request: Request) -> Holder | None:
        """Who asks to read. Raises Problem also (429) for too many requests without a key."""
        holder = await self._holder(request, request.query_params.get("api_key", ""))
        if holder is None and not self._holders.open:
            self._public.take(request)
        return holder

    async def sees_all(self, request: Request) -> bool:
        """Whether whoever asks to read may read all orders, with their words."""
        holder = await self.asker(request)
        if holder is None:
            return self._holders.open
        return may(holder, "orders") and not holder.department and not holder.area

    async def _holder(self, request: Request, api_key: str) -> Holder | None:
        token = api_key or bearer_of(request)
        if not token or self._holders.open:
            return None
        holder = await self._holders.of(token)
        if holder is None:
            raise Problem(403, "forbidden", "api_key is not valid")
        ASKER.set(holder)  # from here on; the gate has known the address alone
        return holder
