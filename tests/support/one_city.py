"""A city that nobody publishes another pack of."""

from typing import cast

from models.city import City
from streams.control.city_in_force import CityInForce


class OneCity:
    """What intake asks of the city in force."""

    def __init__(self, city: City) -> None:
        self.city = city

    async def ready(self) -> City:
        """It is there."""
        return self.city


def one_city(city: City) -> CityInForce:
    """The city as one that is in force for good."""
    return cast(CityInForce, OneCity(city))
