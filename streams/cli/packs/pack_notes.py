"""What a city pack leaves open, as the commands say it that check or publish one."""

import asyncio
from datetime import date

from models.city import City
from models.city.pack.gaps import gaps
from models.times import local_day, now_ms
from streams.control.model_pointers import in_force
from streams.language import in_locale
from streams.settings import Settings
from streams.terminal.console import Console


def tell_gaps(settings: Settings, city: City, day: date | None = None) -> None:
    """Print a note for each gap of a pack as of a day of the city (None: today), measured at the model in force: none
    keeps it from being used.

    Raises ClassifierError when the model that was promoted cannot be loaded.
    """
    model = asyncio.run(in_force(settings, city))
    known, never_sure = (None, ()) if model is None else (model.classes, model.never_sure)
    console = Console()
    for gap in gaps(city, day or local_day(now_ms(), city.zone), known, never_sure):
        console.print(f"note: {in_locale(gap)}", style="yellow", highlight=False)
