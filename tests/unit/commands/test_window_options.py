"""Days and classes that commands are asked for are checked, and named in words."""

import pytest
from typer.testing import CliRunner

from models.errors import UsageError
from streams.cli.days import first_or_last
from streams.cli.main import app


@pytest.mark.parametrize("given", ["1.5.2026", "2026-5-1", "20260501", "2026-W18-5", "2026-02-30", "yesterday"])
def test_a_day_that_is_none_is_refused_in_words(given: str) -> None:
    """With the spelling that is meant."""
    with pytest.raises(UsageError, match="give a day like 2026-03-01"):
        first_or_last("--from", given)


@pytest.mark.parametrize("given", ["", "all"])
def test_a_window_may_be_open(given: str) -> None:
    """Without the option, or with `all`, as the gateway takes it."""
    assert first_or_last("--from", given) is None


@pytest.mark.slow
@pytest.mark.parametrize("command", [("audit",), ("labels", "export"), ("status",)])
def test_help_shows_days_as_people_write_them(command: tuple[str, ...]) -> None:
    """Not as a program does."""
    told = CliRunner().invoke(app, [*command, "--help"]).output

    assert "YYYY-MM-DD" in told
    assert "%Y" not in told


@pytest.mark.parametrize("command", [("list",), ("replay", "--all")])
def test_an_unknown_class_of_dead_letters_is_refused(command: tuple[str, ...]) -> None:
    """Nothing is listed or replayed as if there were none."""
    done = CliRunner().invoke(app, ["dead-letters", *command, "--error", "nonsense"])

    assert isinstance(done.exception, UsageError)
    assert "too-late" in str(done.exception)
