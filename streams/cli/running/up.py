"""`paidan up`: everything on this machine until Ctrl-C."""

from typing import Annotated

import typer

from streams.local.system import Counts, running_system
from streams.run import run_until_stopped
from streams.settings import Settings
from streams.terminal.harmless import say


def up(
    intake: Annotated[int, typer.Option(min=1, help="Intake processes.")] = 1,
    desk: Annotated[int, typer.Option(min=1, help="Desk processes.")] = 1,
    tables: Annotated[int, typer.Option(min=1, help="Tables processes.")] = 1,
) -> None:
    """Run the local Kafka (unless PAIDAN_KAFKA is set), create the topics, and keep every role running until Ctrl-C.

    What the roles log is in the folder `logs` of the data folder.
    """

    async def run(settings: Settings) -> None:
        async with running_system(settings, Counts(intake, desk, tables)) as system:
            say(f"Kafka      {system.settings.kafka}\nDashboard  {system.settings.gateway_url}")
            say(f"Logs       {system.settings.data / 'logs'}")
            say(f"To join in from another terminal: {system.joining}\nStop with Ctrl-C.")
            await system.watch()

    run_until_stopped(run)
