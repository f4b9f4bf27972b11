"""`paidan intake`, `desk` and `feed`: the two stages as roles, and events from a file."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.role import run_role


def intake() -> None:
    """Role: take in reports, detections and updates. Settings come from the environment."""
    from streams.intake import serve_intake  # here, because the classifier takes a while to import

    run_role(serve_intake)


def desk() -> None:
    """Role: the one writer of orders and figures. Settings come from the environment."""
    from streams.roles import serve_desk

    run_role(serve_desk)
