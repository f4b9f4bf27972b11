"""A message is as sure as the clause that says what it is about."""

from msgspec.structs import replace

from models.classifier.serving.matter.sure_clause import as_sure_as_a_clause, sure_by_a_clause
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


def clause(category: str, probability: float, outcome: str = "confident", kind: str = "") -> Guess:
    """What a clause is by itself."""
    return Guess(category, probability, "m", 0.9, outcome, kind=kind)  # type: ignore[arg-type]


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


def test_what_is_doubtfully_no_fault_is_the_fault_of_its_sure_clause() -> None:
    """Its kind is gone; no fault stays among the alternatives."""
    whole = replace(WHOLE, category="none", kind="chatter", alternatives=(("none", 0.6), ("pothole", 0.3)), second="")

    found = sure_by_a_clause(whole, [clause("pothole", 0.93), clause("none", 0.99, kind="thanks")], {})

    assert found is not None
    assert (found.category, found.outcome, found.probability, found.kind) == ("pothole", "confident", 0.93, "")
    assert [(name, round(share, 4)) for name, share in found.alternatives] == [("pothole", 0.93), ("none", 0.06)]


def test_a_fault_that_is_over_stays_in_doubt() -> None:
    """Repaired by now, or withdrawn: a clause says so, and a person looks."""
    whole = replace(WHOLE, category="none", alternatives=(("none", 0.6), ("pothole", 0.3)))

    for kind in ("already-repaired", "withdrawal"):
        assert sure_by_a_clause(whole, [clause("pothole", 0.93), clause("none", 0.6, "abstain", kind)], {}) is None


def test_what_is_added_to_a_doubtful_clause_makes_it_no_less_likely() -> None:
    """It stays in doubt; what is left is shared as before."""
    found = as_sure_as_a_clause(WHOLE, [clause("pothole", 0.88, "abstain"), clause("none", 0.99)], 0.9)

    assert found is not None
    assert (found.outcome, found.probability, found.group_probability) == ("abstain", 0.88, 0.88)
    assert [(name, round(share, 4)) for name, share in found.alternatives] == [
        ("pothole", 0.88),
        ("fire", 0.06),
        ("litter", 0.036),
    ]


def test_a_clause_raises_nothing_beside_another_fault_or_to_where_it_would_be_sure() -> None:
    """Nor one that is less likely, or of another category."""
    likelier = clause("pothole", 0.88, "abstain")

    assert as_sure_as_a_clause(WHOLE, [likelier, clause("litter", 0.6, "abstain")], 0.9) is None
    assert as_sure_as_a_clause(WHOLE, [likelier], 0.87) is None
    assert as_sure_as_a_clause(WHOLE, [clause("pothole", 0.7, "abstain")], 0.9) is None
    assert as_sure_as_a_clause(WHOLE, [clause("none", 0.99)], 0.9) is None
