"""The public keys of a provider of signed tokens (JWKS), from a file or an address; they change as it likes."""

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import jwt
import msgspec

from models.errors import UsageError
from streams.addresses import LOOPBACK, is_web_address

log = logging.getLogger(__name__)

KEPT_SECONDS = 300.0  # then it is asked whether it has withdrawn one
AGAIN_SECONDS = 10.0  # however many tokens come with keys that nobody knows, the provider is asked no more often
_ANSWER_SECONDS = 5.0
_MOST_BYTES = 1_000_000
_SECRET = "oct"  # the kind of keys that are no public ones


class KeySet:
    """Asked for a key that it does not know, it looks again; while the provider is away it keeps what it has."""

    def __init__(self, place: str) -> None:
        """Raises UsageError for an address that somebody on the way could answer."""
        self._address = place if "://" in place else ""
        if self._address and not _is_sure(place):
            raise UsageError("PAIDAN_OIDC_KEYS must be a file or an https address")
        self._file = Path(place)
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._asked = self._read = float("-inf")
        self._asking = asyncio.Lock()
        self._again: asyncio.Task[None] | None = None

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key of that id; without one the only key there is. None when there is none."""
        now = time.monotonic()
        key = self._of(key_id)
        if key is None:
            await self._ask_again(now)
            return self._of(key_id)
        if now - self._read > KEPT_SECONDS and (self._again is None or self._again.done()):
            self._again = asyncio.create_task(self._ask_again(now))  # beside the request: the provider may be away
        return key

    async def _ask_again(self, now: float) -> None:
        async with self._asking:  # whoever comes meanwhile waits for the same answer
            if now >= self._asked + AGAIN_SECONDS:
                await self._ask()

    def _of(self, key_id: str) -> jwt.PyJWK | None:
        if key_id:
            return self._keys.get(key_id)
        return next(iter(self._keys.values())) if len(self._keys) == 1 else None

    async def _ask(self) -> None:
        self._asked = time.monotonic()
        try:
            self._keys = _public(await self._fetched())
        except (OSError, httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, jwt.PyJWTError, ValueError) as error:
            log.error("the keys for signed tokens cannot be had: %s; those known stay", error or type(error).__name__)
            return
        self._read = self._asked

    async def _fetched(self) -> bytes:
        if not self._address:
            return self._file.read_bytes()
        async with httpx.AsyncClient(timeout=_ANSWER_SECONDS) as client, client.stream("GET", self._address) as answer:
            answer.raise_for_status()
            content = b""
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > _MOST_BYTES:
                    raise ValueError(f"there are more than {_MOST_BYTES} bytes of them")
        return content


def _is_sure(place: str) -> bool:
    if not is_web_address(place):
        return False
    address = urlsplit(place)
    return address.scheme == "https" or address.hostname in LOOPBACK


def _public(content: bytes) -> dict[str, jwt.PyJWK]:
    """The keys by their ids, or by their place where they have none. Raises what jwt and msgspec raise, ValueError."""
    given = msgspec.json.decode(content, type=dict[str, object]).get("keys")
    if not isinstance(given, list):
        raise ValueError("they are no set of keys")
    public = [key for key in given if isinstance(key, dict) and key.get("kty") != _SECRET and key.get("use") != "enc"]
    keys = jwt.PyJWKSet(public).keys  # those of kinds that it does not know it leaves out
    return {str(key.key_id or number): key for number, key in enumerate(keys)}
