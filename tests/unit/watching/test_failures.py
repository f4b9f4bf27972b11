"""When a role has failed so often in a row that it ends."""

from streams.stage.failures import HEALTHY_SECONDS, FailuresInARow


def test_failures_are_a_row_until_something_goes_well() -> None:
    """However slowly they come, as each waits for an answer."""
    now = [0.0]
    failures = FailuresInARow(lambda: now[0])

    def failed_after(seconds: float) -> int:
        now[0] += seconds
        return failures.failed()

    assert [failed_after(HEALTHY_SECONDS) for _ in range(3)] == [1, 2, 3]
    failures.succeeded()
    assert [failed_after(1.0) for _ in range(2)] == [1, 2]


def test_failures_that_lie_far_apart_are_no_row() -> None:
    """Nothing comes to an idle role that could go well: five failures of as many weeks ended it."""
    now = [0.0]
    failures = FailuresInARow(lambda: now[0])

    def failed_after(seconds: float) -> int:
        now[0] += seconds
        return failures.failed()

    assert [failed_after(HEALTHY_SECONDS + 1) for _ in range(5)] == [1] * 5
    assert failed_after(1.0) == 2
