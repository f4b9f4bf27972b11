"""A thousandth of what `scripts/prove inputs` tries: broken messages of every contract and format among good ones."""

from tests.support.inputs.inputs_tried import tried

INPUTS = 1_000


def test_no_input_makes_intake_fail_lose_a_neighbour_or_let_anything_personal_through(seed: int) -> None:
    """Each is at worst a dead letter that says why, and quotes nothing."""
    found = tried(seed, 0, INPUTS)

    assert found.wrong == []
    assert found.inputs == INPUTS
    assert {"taken in", "invalid", "not-json", "not-xml", "wrong-topic", "opens nothing"} <= (+found.outcomes).keys()
