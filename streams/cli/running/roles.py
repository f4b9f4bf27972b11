"""`paidan intake`, `desk`, `tables`, `gateway` and `bridge`: the roles that are started without a word."""

from streams.run import run_role


def intake() -> None:
    """Role: take in reports, detections and updates. Settings come from the environment."""
    from streams.intake.role import serve  # here, because the classifier takes a while to import

    run_role(serve)


def desk() -> None:
    """Role: the one writer of orders and figures. Settings come from the environment."""
    from streams.desk.role import serve

    run_role(serve)


def tables() -> None:
    """Keep the live tables of orders and figures until Ctrl-C, and answer for them over HTTP to the gateway."""
    from streams.tables.role import serve  # here, because Faust takes a second to import

    run_role(serve)


def gateway() -> None:
    """Serve HTTP until Ctrl-C: reports in, status and orders out, the dashboard at `/`."""
    from streams.gateway.role import serve

    run_role(serve)


def bridge() -> None:
    """Join this platform to the one above: its orders for this hub come as reports, their steps go up as updates.

    PAIDAN_BRIDGE_* say where the platform above is and which of its departments this platform is.
    """
    from streams.bridge.role import serve

    run_role(serve)
