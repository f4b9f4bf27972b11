"""`paidan tables`: the live tables."""

from streams.run import run_role
from streams.tables.role import serve


def tables() -> None:
    """Keep the live tables of orders and figures until Ctrl-C, and answer for them over HTTP to the gateway."""
    run_role(serve)
