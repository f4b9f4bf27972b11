"""Answers as JSON, and how all of them write what has names and an instant that may be missing."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from fastapi.responses import Response

from models.times import to_text

_encoder = msgspec.json.Encoder()


class HasNames(Protocol):
    """A department, a category, an area: what the city's tables call in two languages."""

    @property
    def name_zh(self) -> str:
        """In Chinese."""

    @property
    def name_en(self) -> str:
        """In English."""


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; what it says may change at any moment, so nobody keeps it."""
    more = {"cache-control": "no-store", **(headers or {})}
    return Response(_encoder.encode(content), status, more, "application/json")


def names(known: HasNames | None) -> dict[str, str]:
    """What the city calls something, as fields of an answer; none where it is not known any more."""
    return {} if known is None else {"name_zh": known.name_zh, "name_en": known.name_en}


def named(known: HasNames | None, code: str) -> dict[str, str] | None:
    """A code of the city with its names, where it is `known`; None for an empty one."""
    return {"id": code, **names(known)} if code else None


def moment(instant: int | None) -> str | None:
    """An instant (ms UTC) as RFC 3339; None where there is none."""
    return None if instant is None else to_text(instant)
