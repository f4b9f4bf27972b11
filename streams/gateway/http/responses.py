"""Answers as JSON."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi.responses import Response

_encoder = msgspec.json.Encoder()


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; what it says may change at any moment, so nobody keeps it."""
    more = {"cache-control": "no-store", **(headers or {})}
    return Response(_encoder.encode(content), status, more, "application/json")
