"""`paidan desk`: records of the inbox become orders."""

from streams.desk.role import serve
from streams.run import run_role


def desk() -> None:
    """Role: the one writer of orders and figures. Settings come from the environment."""
    run_role(serve)
