"""`paidan tail`: what departments receive, as it comes."""

import asyncio
import json
from datetime import datetime
from typing import Annotated

import typer

from models.city import load_city
from models.errors import UsageError
from models.times import from_ms
from streams.kafka.connection import Connection
from streams.kafka.topics import Names, check_topics, city_topics
from streams.settings import Settings, load_settings
from streams.terminal.harmless import say
from streams.terminal.tail import Received, follow_assignments

_SHOWN_CHARS = 60

tail = typer.Typer(no_args_is_help=True)


@tail.command()
def assignments(
    department: Annotated[
        list[str] | None, typer.Option("--department", "-d", help="Department id; repeatable.")
    ] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with the oldest.")] = False,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Follow what departments receive until Ctrl-C; all departments unless some are named."""
    settings = load_settings()
    known = load_city(settings.city).departments
    chosen = department or list(known)
    if unknown := sorted(set(chosen) - set(known)):
        raise UsageError(f"no department {', '.join(unknown)}: the city has {', '.join(known)}")
    if not from_start:
        say("waiting for new assignments; --from-start begins with the oldest", err=True)
    try:
        asyncio.run(_follow(settings, chosen, from_start, count, as_json))
    except KeyboardInterrupt:
        return


async def _follow(
    settings: Settings, departments: list[str], from_start: bool, count: int | None, as_json: bool
) -> None:
    city, names = load_city(settings.city), Names(settings.namespace)
    followed = set(map(names.assignments, departments))
    await check_topics(settings, [topic for topic in city_topics(settings, city) if topic.name in followed])
    zone = city.zone
    seen = 0
    async for each in follow_assignments(Connection.of(settings), names, departments, from_start):
        say(_as_json(each) if as_json else _line(each, from_ms(each.timestamp).astimezone(zone)))
        seen += 1
        if seen == count:
            return


def _as_json(each: Received) -> str:
    return json.dumps({"department": each.department, "type": each.type, "data": each.data}, ensure_ascii=False)


def _line(each: Received, moment: datetime) -> str:
    data, kind = each.data, each.type.split(".")[-2] if "." in each.type else each.type
    words = " ".join(str(data.get("title") or data.get("text") or "").split())[:_SHOWN_CHARS]
    why = data.get("why") or {}
    by = why.get("rule") or why.get("by", "")
    parts = [
        f"{moment:%H:%M:%S}",
        f"{each.department:20}",
        f"{kind:9}",
        data.get("order_id", ""),
        f"#{data.get('attempt', '')}",
        data.get("category", ""),
        f"({by})" if by else "",
        words,
    ]
    return " ".join(part for part in parts if part)
