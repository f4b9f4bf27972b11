"""From a bearer token to its holder."""

from pathlib import Path

from models.access import Holder
from models.errors import UsageError
from models.times import now_ms
from streams.access.tokens import Tokens
from streams.settings import Settings

# With an issuer each is needed; without one they would let in nobody, and where there are no other tokens everybody.
OF_AN_ISSUER = ("oidc_audience", "oidc_keys", "oidc_roles")


class Holders:
    """Whoever the settings let in. Raises UsageError when what they name cannot be read."""

    def __init__(self, settings: Settings) -> None:
        self._tokens = Tokens(Path(settings.gateway_tokens_file)) if settings.gateway_tokens_file else None
        self._signed = None
        if settings.oidc_issuer:
            # Here: what reads signed tokens takes as long to import as a role's own code, and most gateways read none.
            from streams.access.signed_tokens import SignedTokens

            self._signed = SignedTokens(settings)
        elif alone := next((name for name in OF_AN_ISSUER if getattr(settings, name)), None):
            raise UsageError(f"PAIDAN_OIDC_ISSUER must be set together with PAIDAN_{alone.upper()}")

    @property
    def open(self) -> bool:
        """Whether nobody needs a token: for trying out on one machine."""
        return self._tokens is None and self._signed is None

    def next_end(self) -> int:
        """When the first of the tokens in the file ends that hold now, ms UTC; 0 where there is none."""
        return 0 if self._tokens is None else self._tokens.next_end(now_ms()) or 0

    async def of(self, token: str) -> Holder | None:
        """Whose token it is; None for one that does not hold."""
        found = None if self._tokens is None else self._tokens.find(token, now_ms())
        if found is None and self._signed is not None:
            found = await self._signed.find(token)
        return found
