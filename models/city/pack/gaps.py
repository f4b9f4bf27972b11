"""What a city pack leaves open."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from models.city.city import City

# Limits of some weeks reach over the end of the year, and the official days of the next are published in November.
_AHEAD = timedelta(days=60)
_DAY = timedelta(days=1)


def gaps(city: City, today: date, known: Collection[str] | None = None, never_sure: Collection[str] = ()) -> list[str]:
    """What is allowed but seldom meant: categories without a limit, or that nobody is responsible for somewhere, today
    or soon; hubs that are to assist; a calendar that ends.

    `today` is the city's: what holds later or no longer counts for nothing. `known` are the categories of the model
    in force; None: there is none to ask; `never_sure` those of them that it never dispatches by itself.
    """
    missing: list[str] = []
    ends = [row.valid_to for row in city.responsibility.rows if row.valid_to is not None]
    ending = sorted({end + _DAY for end in ends if today <= end < today + _AHEAD})
    for code, category in city.categories.items():
        if not category.parent:
            continue
        towns = [town.id for town in city.areas.at_level(city.merge_level)]
        bare = [town for town in towns if city.responsible(code, town, today) is None]
        if bare:
            missing.append(f"nobody is responsible for {code} {_where(bare, towns)}; such orders go to review")
        for day in ending:
            left = [town for town in towns if town not in bare and city.responsible(code, town, day) is None]
            if left:
                where = _where(left, towns)
                missing.append(f"from {day} on nobody is responsible for {code} {where}; such orders go to review then")
                break
        if city.limit(code, None, city.categories[code].priority, "whole") is None:
            missing.append(f"{code} has no limit for the whole order")
    for row in city.responsibility.rows:
        missing += [
            f"row {row.row} of responsibility.csv has the hub {name} assist: a hub can lead, what it assists with "
            "never reaches it"
            for name in row.assists
            if name in city.hubs
        ]
    for year in city.calendar.without_holidays(today.year, (today + _AHEAD).year):
        missing.append(
            f"calendar.csv names no holidays of {year}, which limits reach: its days count as those of any week "
            f"(paidan city calendar {year} writes the official ones once they are known)"
        )
    if known is not None:
        categories = [code for code, category in city.categories.items() if category.parent]
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


def _where(some: Sequence[str], towns: Sequence[str]) -> str:
    return "anywhere" if len(some) == len(towns) else f"in {', '.join(some)}"
