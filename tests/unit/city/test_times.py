"""Days as numbers: one spelling, and back."""

from datetime import date

import pytest

from models.times import day_number, numbered_day


@pytest.mark.parametrize(
    ("day", "number"),
    [(date(2026, 3, 1), 20260301), (date(2024, 2, 29), 20240229), (date(9999, 12, 31), 99991231)],
)
def test_a_day_and_its_number_are_one(day: date, number: int) -> None:
    """yyyymmdd stands for the day and comes back as it."""
    assert day_number(day) == number
    assert numbered_day(number) == day


@pytest.mark.parametrize("number", [0, 20260230, 20261301])
def test_what_names_no_day_is_refused(number: int) -> None:
    """A number that is no day of the calendar raises."""
    with pytest.raises(ValueError, match=r"month|day|year"):
        numbered_day(number)
