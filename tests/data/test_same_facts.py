"""The demo city's sample day through the whole core: the same inbox gives the same facts as before, byte for byte."""

from bench.digest import kept, untrained

WHAT_TO_DO = """The sample day comes to other records than it did, of the kinds above. Was that meant?
* No: `scripts/bench digest untrained` in the version before and in this one tells from which change on.
* Yes, of the code or of the demo city's files: `scripts/bench digest --keep`, and CHANGELOG.md says what is decided
  otherwise. Whether logs of before still replay is another question: tests/unit/messages/test_contracts.py asks it."""


def test_the_sample_day_comes_to_the_records_that_it_came_to_before() -> None:
    """Facts, assignments, notices, dead letters in their order; rows and figures as they are in the end."""
    before, now = kept(), untrained()

    moved = {kind: (before.get(kind), now.get(kind)) for kind in before | now if before.get(kind) != now.get(kind)}

    assert moved == {}, WHAT_TO_DO
