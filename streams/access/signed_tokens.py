"""Signed tokens (OIDC, JWT) of a provider: who somebody is in its house, and which of our roles that makes them.

Algorithms are pinned by the settings, and only those with a public key can be: a token that is signed with nothing, or
with our own public key as a secret, is none.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import jwt
import msgspec

from models.access import ACCESS, Holder
from models.errors import UsageError
from models.redact import KNOWN_AS
from streams.access.holders import OF_AN_ISSUER
from streams.access.key_sets import KeySet
from streams.access.tokens import MOST_PERSON, SIGNED_SOURCE
from streams.settings import Settings

log = logging.getLogger(__name__)

LEEWAY_SECONDS = 30  # so far may two clocks differ
_REQUIRED = ["exp", "iss", "aud", "sub"]


class Rank(msgspec.Struct, frozen=True):
    """What a word of the provider's makes of its bearer."""

    word: str
    role: str
    department: str = ""
    area: str = ""


def read_ranks(mapped: Sequence[str]) -> tuple[Rank, ...]:
    """The setting `word=role`, `word=department:roads`, `word=inspector@gulou`. Raises UsageError."""
    ranks = []
    for each in mapped:
        word, _, said = each.rpartition("=")
        named, _, area = said.partition("@")
        role, _, department = named.partition(":")
        if not word or role not in ACCESS:
            raise UsageError(f"PAIDAN_OIDC_ROLES: {each!r} is not word=role with a role of {', '.join(ACCESS)}")
        if bool(department) != ("department" in ACCESS[role].needs):
            raise UsageError(
                f"PAIDAN_OIDC_ROLES: {each!r} must have a department, as in word=department:roads, or none"
            )
        ranks.append(Rank(word, role, department, area))
    return tuple(ranks)


class SignedTokens:
    """The tokens of one provider."""

    def __init__(self, settings: Settings) -> None:
        """Raises UsageError when a part of the settings is missing or wrong."""
        for name in OF_AN_ISSUER:
            if not getattr(settings, name):
                raise UsageError(f"PAIDAN_{name.upper()} must be set together with PAIDAN_OIDC_ISSUER")
        self._issuer, self._audience = settings.oidc_issuer, settings.oidc_audience
        self._algorithms = settings.oidc_algorithms
        self._claim = tuple(settings.oidc_role_claim.split("."))
        self._ranks = read_ranks(settings.oidc_roles)
        self._keys = KeySet(settings.oidc_keys)

    async def find(self, token: str) -> Holder | None:
        """Whose token it is; None for one that does not hold, or whose bearer has no role here."""
        try:
            head = jwt.get_unverified_header(token)
            if head.get("alg") not in self._algorithms:
                return None
            key = await self._keys.find(str(head.get("kid", "")))
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=list(self._algorithms),
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": _REQUIRED, "enforce_minimum_key_length": True},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            log.debug("a signed token does not hold: %s", error)
            return None
        return self._holder(claims)

    def _holder(self, claims: Mapping[str, Any]) -> Holder | None:
        person = claims["sub"]
        if not isinstance(person, str) or not person.isprintable() or not 0 < len(person) <= MOST_PERSON:
            return None
        if person.startswith(KNOWN_AS):  # so the gateway itself names a reporter; nobody may be called so
            return None
        words = _words(claims, self._claim)
        rank = next((rank for rank in self._ranks if rank.word in words), None)
        if rank is None:
            return None
        own = hashlib.sha256(f"{self._issuer}\0{person}".encode()).hexdigest()[:16]
        return Holder(rank.role, person, f"{SIGNED_SOURCE}{own}", rank.department, rank.area)


def _words(claims: Mapping[str, Any], path: Sequence[str]) -> frozenset[str]:
    """The words that a claim holds: a list of them, or a text with blanks between, as `scope` has it."""
    found: Any = claims
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, str):
        return frozenset(found.split())
    return frozenset(each for each in found if isinstance(each, str)) if isinstance(found, list) else frozenset()
