"""`paidan tables`, `paidan gateway` and `paidan status`: the roles that answer questions, and one that asks."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Annotated, Any

import typer

from models.errors import PaidanError
from streams.run import run_role
from streams.settings import Settings, load_settings

_SECONDS = 10


class StatusError(PaidanError):
    """The gateway does not answer, or not with a status."""


def tables() -> None:
    """Keep the live tables of orders and figures until Ctrl-C, and answer for them over HTTP to the gateway."""
    from streams.tables.role import serve_tables  # here, because Faust takes a second to import

    run_role(serve_tables)


def gateway() -> None:
    """Serve HTTP until Ctrl-C: reports in, status and orders out, the dashboard at `/`."""
    from streams.gateway.role import serve_gateway

    run_role(serve_gateway)


def status(
    first: Annotated[
        str, typer.Option("--from", help="First city-local day, or `all`. Default: the 1st of the month.")
    ] = "",
    to: Annotated[str, typer.Option(help="Last city-local day. Default: today.")] = "",
    url: Annotated[str, typer.Option(help="The gateway. Default: the one of the settings.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the gateway's answer as it is.")] = False,
) -> None:
    """Show the indicators of the city and its departments, from the gateway."""
    settings = load_settings()
    asked = {name: value for name, value in (("from", first), ("to", to)) if value}
    found = fetch_status(settings, url, asked)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    from rich.console import Console

    from streams.terminal.status_table import status_table

    Console().print(status_table(found))


def fetch_status(settings: Settings, url: str, asked: dict[str, str]) -> dict[str, Any]:
    """The gateway's answer to `GET /status`. Raises StatusError with what the gateway says."""
    base = (url or f"http://{_reachable(settings.gateway_host)}:{settings.gateway_port}").rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise StatusError("the gateway's address must begin with http:// or https://")
    try:
        request = urllib.request.Request(f"{base}/status?{urllib.parse.urlencode(asked)}")
        if settings.gateway_tokens:
            request.add_header("Authorization", f"Bearer {settings.gateway_tokens[0].get_secret_value()}")
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:
            found: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as error:
        raise StatusError(f"the gateway at {base} answers {error.code}: {_detail(error)}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise StatusError(
            f"no gateway answers at {base} ({reason}): start it with `paidan up`, or name it with --url"
        ) from error
    return found


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError):
        return str(error.reason)
