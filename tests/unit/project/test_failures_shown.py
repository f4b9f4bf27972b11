"""Where a test has failed is shown, whatever becomes garbage meanwhile: else nobody hears what has failed."""

import ast
import asyncio
import gc
import inspect
from collections.abc import Iterator

import pytest


@pytest.fixture
def eager_collector() -> Iterator[None]:
    """The collector looks through all that it watches, again and again."""
    usual = gc.get_threshold()
    gc.set_threshold(500, 1, 1)
    yield
    gc.set_threshold(*usual)


@pytest.mark.usefixtures("eager_collector")
def test_a_failed_future_is_dropped_while_code_is_read(caplog: pytest.LogCaptureFixture) -> None:
    """asyncio logs it with its traceback; what is read is read to its end."""
    source, loop = inspect.getsource(asyncio.base_events), asyncio.new_event_loop()
    future = loop.create_future()
    try:
        raise ValueError("nobody asks " + str(future.done()))
    except ValueError as error:
        future.set_exception(error)
    itself: list[object] = [future]
    itself.append(itself)
    del future, itself

    read = ast.parse(source)
    loop.close()

    assert isinstance(read, ast.Module)
    assert "nobody asks" in caplog.text
