"""`paidan gateway`: what people and other systems ask over HTTP."""

from streams.gateway.role import serve
from streams.run import run_role


def gateway() -> None:
    """Serve HTTP until Ctrl-C: reports in, status and orders out, the dashboard at `/`."""
    run_role(serve)
