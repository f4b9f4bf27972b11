"""A test that hangs is ended, whatever it hangs in: else one of them holds up a whole run."""

import asyncio
import os
import signal
from collections.abc import Callable

import pytest
import uvloop

from tests.conftest import TimedOut


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_the_timer_of_a_test_ends_what_waits_in_an_event_loop(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Of this test's own timer. uvloop, in which every role runs, logged it and waited on."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        loop = runner.get_loop()
        loop.call_soon(os.kill, os.getpid(), signal.SIGALRM)
        loop.call_later(10, loop.stop)  # without the timer, too, this ends

        with pytest.raises(TimedOut, match="Timeout"):
            loop.run_until_complete(asyncio.Event().wait())
