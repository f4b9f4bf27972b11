"""`paidan demo`: the whole path on this machine, with the demo city's sample day and made-up people who answer."""

import shutil
import time
from typing import Annotated, Any

import typer
from filelock import FileLock, Timeout

from models.city import City
from models.errors import UsageError
from models.times import now_ms
from streams.demo.behind import put_month_behind
from streams.demo.demo import FEED_SECONDS, Demo, read_day
from streams.demo.month import DAYS, LEAST_DAYS
from streams.local.system import Counts, running_system
from streams.run import run_until_stopped
from streams.settings import Settings, load_settings
from streams.tasks import race


def demo(
    stay: Annotated[bool, typer.Option("--stay", help="Go on until Ctrl-C instead of ending by itself.")] = False,
    seconds: Annotated[float, typer.Option(min=1, help="How long the sample day takes.")] = FEED_SECONDS,
    seed: Annotated[int, typer.Option(help="Seed of the month before and of what the made-up people do.")] = 1,
    month: Annotated[bool, typer.Option(help="Put a month behind the city before the day begins.")] = True,
    days: Annotated[int, typer.Option(min=LEAST_DAYS, max=DAYS, help="How many days of that month.")] = DAYS,
) -> None:
    """Run everything, put a month behind the demo city, feed its sample day in half a minute, and show live what
    becomes of it.

    Departments, reviewers, inspectors and reporters are made up and answer within seconds, now and then late or
    wrongly. Ends with the final status when every event is decided. What it keeps lies in the folder `demo` of the
    data folder and is thrown away at the next start.
    """
    base = load_settings()
    day = read_day(base.city / "day.jsonl")
    folder = base.data / "demo"
    update: dict[str, Any] = {"data": folder}
    if base.kafka:  # on a cluster that others use too every demo has topics of its own
        update["namespace"] = f"{base.namespace}-demo-{int(time.time())}"

    async def run(settings: Settings) -> None:
        begun = now_ms()

        async def put_behind(settings: Settings, city: City) -> None:
            if month:
                await put_month_behind(settings, city, day, begun, seed, days)

        async with running_system(settings, Counts(), quick=True, before=put_behind) as system:
            await race(system.watch(), Demo(system, day, seconds, seed, begun).run(stay))

    try:
        held = FileLock(base.make_data() / "demo.lock").acquire(blocking=False)
    except Timeout:
        raise UsageError(f"another demo runs in {folder}: stop it, or choose another PAIDAN_DATA for it") from None
    with held:
        shutil.rmtree(folder, ignore_errors=True)
        # The screen is for the live view.
        run_until_stopped(run, base.model_copy(update=update), log_file=folder / "logs" / "demo.log")
