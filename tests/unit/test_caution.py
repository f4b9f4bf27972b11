"""A city's switch between as sure as its target says and surer."""

import pytest

from models.city.tunables import CitySettings


def test_a_usual_city_asks_for_its_target() -> None:
    """Nothing is added to what the city itself asks for."""
    assert CitySettings(target_accuracy=0.97).asked_accuracy == 0.97


def test_a_cautious_city_asks_for_half_the_errors() -> None:
    """What is left to be wrong is halved, whatever the target."""
    for target in (0.8, 0.9, 0.97):
        asked = CitySettings(target_accuracy=target, caution="cautious").asked_accuracy

        assert 1 - asked == pytest.approx((1 - target) / 2)
