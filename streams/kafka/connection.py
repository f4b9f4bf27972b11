"""How the cluster is reached: the one value that every client, Faust's too, is built from.

What a secured cluster asks for, TLS and SASL, enters here and nowhere else.
"""

from dataclasses import dataclass
from typing import Any, Self

from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Connection:
    """The addresses of a cluster, `host:port,…`."""

    bootstrap: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The one that the settings name, or that of the running local broker. Raises UsageError without either."""
        return cls(settings.bootstrap)

    def options(self) -> dict[str, Any]:
        """What every client of aiokafka is given."""
        return {"bootstrap_servers": self.bootstrap}

    def faust_options(self) -> dict[str, Any]:
        """The same for a Faust app."""
        return {"broker": ";".join(f"kafka://{address}" for address in self.bootstrap.split(","))}
