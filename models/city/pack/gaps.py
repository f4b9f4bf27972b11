"""What a city pack leaves open."""

from datetime import date

from models.city.city import City


def gaps(city: City, today: date) -> list[str]:
    """What is allowed but seldom meant: categories that nobody is responsible for somewhere, or without a limit.

    `today` is the city's: what holds later or no longer counts for nothing.
    """
    missing: list[str] = []
    for code, category in city.categories.items():
        if not category.parent:
            continue
        towns = city.areas.at_level(city.merge_level)
        bare = [town.id for town in towns if city.responsible(code, town.id, today) is None]
        if bare:
            where = "anywhere" if len(bare) == len(towns) else f"in {', '.join(bare)}"
            missing.append(f"nobody is responsible for {code} {where}; such orders go to review")
        if city.limit(code, None, "whole") is None:
            missing.append(f"{code} has no limit for the whole order")
    years = {day.year for day in city.calendar.holidays}
    if today.year not in years:
        missing.append(f"calendar.csv names no holidays of {today.year} (paidan city calendar {today.year})")
    return missing
