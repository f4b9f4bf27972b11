"""The command line is complete and explains itself."""

import importlib

import pytest
from typer.testing import CliRunner

from streams.cli.main import COMMANDS, app


def test_help_lists_every_command() -> None:
    """`paidan --help` names them all."""
    listed = CliRunner().invoke(app, ["--help"]).output
    assert [name for name in COMMANDS if f"  {name} " not in listed] == []


@pytest.mark.parametrize("group", ["", "city", "topics", "model", "token", "dead-letters", "labels", "tail"])
def test_a_list_of_commands_cuts_no_sentence(group: str) -> None:
    """What a command does is said to its end."""
    said = CliRunner().invoke(app, [*group.split(), "--help"]).output.partition("Commands:")[2]

    assert said
    assert "..." not in said


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """`paidan COMMAND --help` works, says what it does, and there is a function behind it."""
    file, attribute, _ = COMMANDS[name]
    target = getattr(importlib.import_module(f"streams.cli.{file}"), attribute)
    told = CliRunner().invoke(app, [name, "--help"])
    assert told.exit_code == 0
    assert f"Usage: paidan {name}" in told.output
    assert callable(target)
