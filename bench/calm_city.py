"""The demo city without storms: there each new incident opens an order of its own.

A load of hundreds of new incidents a second is one storm 抑制 after another to the demo city: parent incidents take
them in, and hardly an order opens. What is measured is how orders are opened and decided, so no number of them is one.
"""

import re
import shutil
import tempfile
from pathlib import Path

from models.city import City, load_city
from streams.settings import DEMO_CITY


def write_calm_city(folder: Path) -> Path:
    """Write the pack to a folder that is not there yet, and return it."""
    shutil.copytree(DEMO_CITY, folder)
    city = folder / "city.toml"
    calm, storms = re.subn(r"(?m)^storm_orders = \d+$", "storm_orders = 0", city.read_text())
    assert storms == 1, "the demo city says in one line how many orders are a storm"
    city.write_text(calm)
    return folder


def load_calm_city() -> City:
    """The city that `write_calm_city` writes."""
    with tempfile.TemporaryDirectory() as name:
        return load_city(write_calm_city(Path(name) / "city"))
