"""What is taken for no fault and may be one: when it is feared, and what for."""

import pytest

from models.classifier.serving.matter.behind_no_fault import ALONE, ALONE_COSTLY, NEAR, NEAR_COSTLY, feared
from models.guess import Guess

COSTS = {"fire": 50.0, "pothole": 2.0}
FAR = -0.9


def clause(category: str, probability: float) -> Guess:
    """What a clause is by itself."""
    return Guess(category, probability, "m", 0.5, alternatives=((category, probability),))


@pytest.mark.parametrize(
    ("fire", "pothole", "clauses", "found"),
    [
        (FAR, FAR, [], ""),
        (NEAR_COSTLY, FAR, [], "fire"),
        (FAR, NEAR, [], "pothole"),
        (FAR, NEAR_COSTLY, [], ""),
        (FAR, FAR, [clause("none", 0.99), clause("fire", ALONE_COSTLY)], "fire"),
        (FAR, FAR, [clause("pothole", ALONE)], "pothole"),
        (FAR, FAR, [clause("pothole", ALONE_COSTLY)], ""),
        (NEAR_COSTLY, NEAR + 0.2, [], "fire"),
    ],
)
def test_the_sooner_feared_the_more_it_costs_to_miss(
    fire: float, pothole: float, clauses: list[Guess], found: str
) -> None:
    """By the score of the whole or by a clause alone; of two the costly one. No fault itself is never feared."""
    assert feared({"none": 1.5, "fire": fire, "pothole": pothole}, clauses, COSTS) == found
