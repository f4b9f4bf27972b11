"""What intake leaves out of the heartbeats that devices send, and how it batches them, changes nothing for the desk."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.inbox import Heard, decode_items
from streams.intake import processor
from streams.intake.processor import IntakeProcessor
from tests.support.desks import DAY, MINUTE, T0, Desk, assert_laws
from tests.unit.outside.test_cameras import behind, registry
from tests.unit.outside.test_signs_of_life import intake, keepalive

CITY = registry(*behind("sw", 4), "slow,south-w,roads,300,", "usual,south-e,police,,")
CAMERAS = st.lists(st.sampled_from([*CITY.cameras, "stranger"]), min_size=1, max_size=8)
# So many minutes after the one before, the cameras of a batch, and whether it is aborted first and comes again.
BATCH = st.tuples(st.sampled_from([0, 0, 1, 4, 5, 30, 59, 61, 130]), CAMERAS, st.booleans())


async def passed_on(tried: IntakeProcessor, cameras: list[str], at: int, *, aborted: bool) -> list[bytes]:
    """What the inbox gets of a batch of heartbeats."""
    records = [keepalive(camera, at) for camera in cameras]
    if aborted:
        await tried.decide(records)
    outcome = await tried.decide(records)
    tried.settle(outcome)
    return [send.value or b"" for send in outcome.sends]


@given(st.lists(BATCH, max_size=12))
def test_heartbeats_that_intake_leaves_out_change_no_fact(course: list[tuple[int, list[str], bool]]) -> None:
    """As if the desk heard of each, whatever stands in one batch, and whichever batch is aborted and comes again."""
    tried, told, told_all = intake(CITY), Desk(CITY), Desk(CITY)
    at = T0
    with asyncio.Runner() as runner, pytest.MonkeyPatch.context() as patched:
        for minutes, cameras, aborted in course:
            at += minutes * MINUTE
            patched.setattr(processor, "now_ms", lambda at=at: at)
            told.tick(at)
            told_all.tick(at)
            for value in runner.run(passed_on(tried, cameras, at, aborted=aborted)):
                told.feed(*decode_items(value), at=at)
            for camera in cameras:
                told_all.feed(Heard(camera, "south-w"), at=at)
    told.tick(at + 3 * DAY)
    told_all.tick(at + 3 * DAY)

    assert told.sent == told_all.sent
    assert told.rows | {"meta": b""} == told_all.rows | {"meta": b""}
    assert_laws(told)
