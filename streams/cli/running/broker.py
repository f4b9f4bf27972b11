"""`paidan broker`: the local Kafka alone."""

from streams.local.broker import LocalBroker
from streams.run import run_until_stopped
from streams.settings import BROKER_FOLDER, Settings
from streams.terminal.harmless import say


def broker() -> None:
    """Run the local Kafka in the foreground until Ctrl-C. Its data stays in the data folder."""
    run_until_stopped(_run_broker)


async def _run_broker(settings: Settings) -> None:
    async with LocalBroker(settings.make_data() / BROKER_FOLDER, port=settings.broker_port) as running:
        say(running.bootstrap)
        await running.watch()
