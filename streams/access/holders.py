"""From a bearer token to its holder."""

from pathlib import Path

from models.access import Holder
from models.times import now_ms
from streams.access.tokens import Tokens
from streams.settings import Settings


class Holders:
    """Whoever the settings let in. Raises UsageError when what they name cannot be read."""

    def __init__(self, settings: Settings) -> None:
        self._tokens = Tokens(Path(settings.gateway_tokens_file)) if settings.gateway_tokens_file else None

    @property
    def open(self) -> bool:
        """Whether nobody needs a token: for trying out on one machine."""
        return self._tokens is None

    async def of(self, token: str) -> Holder | None:
        """Whose token it is; None for one that does not hold."""
        return None if self._tokens is None else self._tokens.find(token, now_ms())
