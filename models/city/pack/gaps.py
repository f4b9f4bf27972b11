"""What a city pack leaves open."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta

from models.city.city import City
from models.city.rules import Condition

# Limits of some weeks reach over the end of the year, and the official days of the next are published in November.
_AHEAD = timedelta(days=60)
_DAY = timedelta(days=1)
_OF_CHINA = ("Asia/Shanghai", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Urumqi", "Asia/Kashgar", "PRC")


def gaps(city: City, today: date, known: Collection[str] | None = None, never_sure: Collection[str] = ()) -> list[str]:
    """What is allowed but seldom meant: categories without a limit, or that nobody is responsible for somewhere, today
    or soon; an order that is due before its handling; rules that hold always; hubs that are to assist; a calendar that
    ends.

    `today` is the city's: what holds later or no longer counts for nothing. `known` are the categories of the model
    in force; None: there is none to ask; `never_sure` those of them that it never dispatches by itself.
    """
    missing = [*_of_categories(city, today), *_of_rules(city), *_of_hubs(city), *_of_the_calendar(city, today)]
    categories = [code for code, category in city.categories.items() if category.parent]
    if known is not None:
        if strange := [code for code in categories if code not in known]:
            missing.append(
                f"{len(strange)} of {len(categories)} categories are unknown to the model in force, so reports of them "
                f"go to review (paidan city bootstrap makes a model): {', '.join(strange)}"
            )
        if doubted := [code for code in categories if code in never_sure]:
            missing.append(
                f"of {len(doubted)} of {len(categories)} categories the model in force is never sure, so reports of "
                f"them go to review until their labels teach it: {', '.join(doubted)}"
            )
    return missing


def _of_categories(city: City, today: date) -> Iterator[str]:
    towns = [town.id for town in city.areas.at_level(city.merge_level)]
    ends = [row.valid_to for row in city.responsibility.rows if row.valid_to is not None]
    ending = sorted({end + _DAY for end in ends if today <= end < today + _AHEAD})
    for code, category in city.categories.items():
        if not category.parent:
            continue
        bare = [town for town in towns if city.responsible(code, town, today) is None]
        if bare:
            yield f"nobody is responsible for {code} {_where(bare, towns)}; such orders go to review"
        for day in ending:
            left = [town for town in towns if town not in bare and city.responsible(code, town, day) is None]
            if left:
                where = _where(left, towns)
                yield f"from {day} on nobody is responsible for {code} {where}; such orders go to review then"
                break
        whole, handle = (city.limit(code, None, category.priority, stage) for stage in ("whole", "handle"))
        if whole is None:
            yield f"{code} has no limit for the whole order"
        elif handle is not None and whole.unit == handle.unit and whole.amount < handle.amount:
            yield (
                f"an order of {code} is due after {whole.amount} {whole.unit} (row {whole.row} of limits.csv), sooner "
                f"than its handling, which may take {handle.amount} (row {handle.row})"
            )


def _of_rules(city: City) -> Iterator[str]:
    for rule in city.rules:
        if rule.when == Condition():
            yield f"rule {rule.id} names no condition: it holds for every order, and none after it is asked"


def _of_hubs(city: City) -> Iterator[str]:
    for row in city.responsibility.rows:
        for name in row.assists:
            if name in city.hubs:
                yield (
                    f"row {row.row} of responsibility.csv has the hub {name} assist: a hub can lead, what it assists "
                    "with never reaches it"
                )


def _of_the_calendar(city: City, today: date) -> Iterator[str]:
    for year in city.calendar.without_holidays(today.year, (today + _AHEAD).year):
        if city.zone.key in _OF_CHINA:
            yield (
                f"calendar.csv names no holidays of {year}, which limits reach: its days count as those of any week "
                f"(paidan city calendar {year} writes the official ones once they are known)"
            )
        else:
            yield f"calendar.csv names no holidays of {year}, which limits reach: its days count as those of any week"


def _where(some: Sequence[str], towns: Sequence[str]) -> str:
    return "anywhere" if len(some) == len(towns) else f"in {', '.join(some)}"
