"""`GET /detections/{id}`: what has become of a detection or measurement whose sender has asked."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dispatcher.partition.telling.outcomes import SightingOutcome
from models.access import prefixed
from models.envelope import MAX_ATTRIBUTE
from models.redact import pseudonym
from streams.gateway.http.auth import holder_of
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problems import Problem
from streams.gateway.http.responses import answer
from streams.gateway.waiting import FactTail


def outcome_routes(tail: FactTail, key: bytes) -> APIRouter:
    """The routes, with what they need; `key` is that of the pseudonyms."""
    router = APIRouter(tags=["intake"], dependencies=[ONLY_KNOWN])

    @router.get("/detections/{detection_id:path}", summary="What has become of a detection or measurement")
    async def became(
        detection_id: str, source: Annotated[str, Query(max_length=MAX_ATTRIBUTE)], request: Request
    ) -> Response:
        source = prefixed(holder_of(request), source)  # only what it has sent itself
        outcome = tail.outcome_of(pseudonym(key, source), pseudonym(key, detection_id))
        if outcome is None:
            sentence = (
                "nothing is known of this detection (yet): outcomes are kept for an hour where Prefer: wait asked"
            )
            raise Problem(404, "not-found", sentence)
        return answer({"event": {"source": source, "id": detection_id}} | told(outcome))

    return router


def told(outcome: SightingOutcome) -> dict[str, Any]:
    """What has become of a sighting, as it is answered."""
    watched = {"seen": outcome.seen, "wanted": outcome.wanted} if outcome.wanted else {}
    order = {"order": f"/orders/{outcome.order_id}"} if outcome.order_id else {}
    return {"outcome": outcome.outcome} | order | watched
