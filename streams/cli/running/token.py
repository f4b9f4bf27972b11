"""`paidan token`: who may ask the gateway, in the file of tokens."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from models.access import ACCESS
from models.city import load_city
from models.errors import UsageError
from models.times import now_ms, to_text
from streams.access.tokens import HANDLE, Grant, add_grant, digest, new_token, read_grants, revoke
from streams.settings import Settings, load_settings
from streams.terminal.console import Console, whole_table
from streams.terminal.harmless import say

token = typer.Typer(no_args_is_help=True)

_MOST_DAYS = 3_660


@token.command()
def add(
    role: Annotated[str, typer.Argument(help=f"One of {', '.join(ACCESS)}.")],
    person: Annotated[str, typer.Argument(help="The id of the person or system that it is for.")],
    department: Annotated[str, typer.Option(help="The department's id, for the role department.")] = "",
    area: Annotated[str, typer.Option(help="Only within this area of the city.")] = "",
    source: Annotated[str, typer.Option(help="First part of the sources of what it sends.")] = "",
    days: Annotated[int, typer.Option(min=1, max=_MOST_DAYS, help="So long it holds.")] = 365,
) -> None:
    """Make a token and show it, this once: the file keeps only its digest. The gateway knows it at once."""
    settings = load_settings()
    path = _file(settings)
    city = load_city(settings.city)
    if department and department not in city.departments:
        raise UsageError(f"the city has no department {department}")
    if area and area not in city.areas:
        raise UsageError(f"the city has no area {area}")
    made = new_token()
    stands_for = digest(made)
    add_grant(
        path,
        Grant(
            sha256=stands_for,
            role=role,
            person=person,
            source=source or _source(role, stands_for),
            department=department,
            area=area,
            expires=to_text(now_ms() + int(timedelta(days=days).total_seconds() * 1000)),
        ),
    )
    say(made)


@token.command("list")
def list_() -> None:
    """List the tokens, each by the beginning of its digest."""
    grants = read_grants(_file(load_settings()))
    now = now_ms()
    table = whole_table("token", "role", "person", "department", "area", "source", "until")
    table.columns[0].no_wrap = True  # it is there to be copied
    for each in grants:
        until = each.expires[:10] if now < each.expires_ms else f"{each.expires[:10]} (over)"
        table.add_row(each.handle, each.role, each.person, each.department, each.area, each.source, until)
    Console().print(table if grants else "no tokens")


@token.command("revoke")
def revoke_(handle: Annotated[str, typer.Argument(metavar="TOKEN", help="As `list` shows it.")]) -> None:
    """Take a token away; the gateway refuses it from its next request on."""
    gone = revoke(_file(load_settings()), handle)
    say(f"{gone.handle} of {gone.person} ({gone.role}) is revoked")


def _source(role: str, stands_for: str) -> str:
    """A source of the token's own, unless the role needs one that outlives the token."""
    return "" if role in ACCESS and "source" in ACCESS[role].needs else f"token-{stands_for[:HANDLE]}"


def _file(settings: Settings) -> Path:
    if not settings.gateway_tokens_file:
        raise UsageError("PAIDAN_GATEWAY_TOKENS_FILE must name the file of tokens")
    return Path(settings.gateway_tokens_file)
