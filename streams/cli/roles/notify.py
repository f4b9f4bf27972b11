"""`paidan notify`: notices and assignments as signed POSTs."""

from typing import Annotated

import typer

from models.city import load_city
from models.errors import UsageError
from streams.notify.role import serve
from streams.notify.signature import shown_key, target_key
from streams.notify.targets import targets
from streams.run import run_role
from streams.settings import load_settings
from streams.terminal.harmless import say


def notify(
    show_key: Annotated[
        str,
        typer.Option("--show-key", metavar="TARGET", help="Print a target's key, e.g. of department-roads, and end."),
    ] = "",
) -> None:
    """Role: send notices and assignments to webhooks. Settings come from the environment, addresses also from the
    city's departments."""
    if show_key:
        say(_key(show_key))
        return
    run_role(serve)


def _key(name: str) -> str:
    settings = load_settings()
    known = [target.name for target in targets(settings, load_city(settings.city).departments)]
    if name not in known:
        raise UsageError(f"no target {name}: there are {', '.join(known) or 'none'}")
    return shown_key(target_key(settings.webhook_secret.get_secret_value().encode(), name))
