"""`paidan tables`, `paidan gateway` and `paidan status`: the roles that answer questions."""

from streams.cli.role import run_role


def tables() -> None:
    """Keep the live tables of orders and figures until Ctrl-C, and answer for them over HTTP to the gateway."""
    from streams.tables.serve import serve_tables  # here, because Faust takes a second to import

    run_role(serve_tables)


def gateway() -> None:
    """Serve HTTP until Ctrl-C: reports in, status and orders out, the dashboard at `/`."""
    from streams.gateway.serve import serve_gateway

    run_role(serve_gateway)
