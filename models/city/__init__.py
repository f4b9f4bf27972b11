"""The city pack 城市包: all that differs between cities, as a folder of files that an official edits in a spreadsheet.

`load_city` reads and checks a folder; `read_city` does the same from bytes. A `City` is a frozen value.
"""

from models.city.areas import Area, Areas
from models.city.calendar import Calendar
from models.city.city import City
from models.city.files.errors import CityError
from models.city.ground.assets import Asset
from models.city.lookups import Hierarchy
from models.city.pack.loader import load_city, read_city
from models.city.places import Place, Places
from models.city.rules import Rule, RuleInput, RuleOutcome
from models.city.tunables import CitySettings
from models.city.values import (
    ORDINARY,
    URGENT,
    Camera,
    Category,
    Department,
    Inhibition,
    Inspector,
    LabelRule,
    Limit,
    LimitStage,
    MobileUnit,
    Responsibility,
    Silence,
    Unit,
)

__all__ = [
    "ORDINARY",
    "URGENT",
    "Area",
    "Areas",
    "Asset",
    "Calendar",
    "Camera",
    "Category",
    "City",
    "CityError",
    "CitySettings",
    "Department",
    "Hierarchy",
    "Inhibition",
    "Inspector",
    "LabelRule",
    "Limit",
    "LimitStage",
    "MobileUnit",
    "Place",
    "Places",
    "Responsibility",
    "Rule",
    "RuleInput",
    "RuleOutcome",
    "Silence",
    "Unit",
    "load_city",
    "read_city",
]
