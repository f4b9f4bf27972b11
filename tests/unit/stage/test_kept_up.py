"""What goes on beside a role's work while Kafka comes and goes."""

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.kafka.kept_up import keep_up


class _Done(Exception):
    """What is not of Kafka."""


@pytest.mark.parametrize("away", [KafkaConnectionError("no broker"), OSError("no descriptor")])
async def test_a_step_that_kafka_fails_is_taken_again_and_said(
    away: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The next one begins anew, also after one that has ended well; what is no fault of Kafka's ends it."""
    steps = iter([away, None, away, _Done()])
    taken = 0

    async def step() -> None:
        nonlocal taken
        taken += 1
        if (fault := next(steps)) is not None:
            raise fault

    with pytest.raises(_Done):
        await keep_up("the log cannot be followed", 0.0, step)

    assert taken == 4
    assert [record.getMessage() for record in caplog.records] == [f"the log cannot be followed: {away!r}"] * 2
