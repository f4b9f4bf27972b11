"""A message is as sure as the clause that says what it is about."""

from models.classifier.serving.matter.sure_clause import sure_by_a_clause
from models.guess import Guess

WHOLE = Guess(
    "pothole",
    0.8,
    "m",
    0.9,
    "abstain",
    "probability 0.80 is below the threshold 0.90",
    group="road",
    group_probability=0.85,
    alternatives=(("pothole", 0.8), ("fire", 0.1), ("litter", 0.06)),
)


def clause(category: str, probability: float, outcome: str = "confident") -> Guess:
    """What a clause is by itself."""
    return Guess(category, probability, "m", 0.9, outcome)  # type: ignore[arg-type]


def test_a_sure_clause_beside_others_that_say_nothing_makes_the_message_sure() -> None:
    """With the clause's probability; what is left is shared as before."""
    found = sure_by_a_clause(WHOLE, [clause("pothole", 0.98), clause("litter", 0.3, "abstain")], {})

    assert found is not None
    assert (found.outcome, found.probability, found.reason, found.group_probability) == ("confident", 0.98, "", 0.98)
    assert [(name, round(share, 4)) for name, share in found.alternatives] == [
        ("pothole", 0.98),
        ("fire", 0.01),
        ("litter", 0.006),
    ]


def test_doubt_stays_where_no_clause_is_sure_or_another_fault_is_spoken_for() -> None:
    """Nor does a clause lower what the whole says, or hide what is too costly to miss."""
    unsure, other = clause("pothole", 0.85, "abstain"), clause("litter", 0.6, "abstain")

    assert sure_by_a_clause(WHOLE, [unsure], {}) is None
    assert sure_by_a_clause(WHOLE, [clause("pothole", 0.98), other], {}) is None
    assert sure_by_a_clause(WHOLE, [clause("fire", 0.98)], {}) is None
    assert sure_by_a_clause(WHOLE, [clause("pothole", 0.7)], {}) is None
    assert sure_by_a_clause(WHOLE, [clause("pothole", 0.98)], {"fire": 500.0}) is None
    assert sure_by_a_clause(WHOLE, [clause("pothole", 0.98), clause("none", 1.0)], {}) is not None
