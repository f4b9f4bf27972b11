"""`paidan bridge`: the platform above."""

from streams.bridge.role import serve
from streams.run import run_role


def bridge() -> None:
    """Join this platform to the one above: its orders for this hub come as reports, their steps go up as updates.

    PAIDAN_BRIDGE_* say where the platform above is and which of its departments this platform is.
    """
    run_role(serve)
