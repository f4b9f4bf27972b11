"""Text from outside on a terminal: shown, not obeyed."""

import io
import json
from pathlib import Path

import pytest
from rich.table import Table
from typer.testing import CliRunner

from streams.cli.main import app
from streams.terminal.console import Console, whole_table
from streams.terminal.harmless import hand_out, harmless, say
from streams.terminal.status_table import status_table

STREAMS = Path(__file__).parents[3] / "streams"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("路灯\x1b]0;FAKE\x07", "路灯\\u001b]0;FAKE\\u0007"),
        ("\x1b[2J\x1b[31mred", "\\u001b[2J\\u001b[31mred"),
        ("\x9b2J", "\\u009b2J"),
        ("a\rb\x08\x7f", "a\\u000db\\u0008\\u007f"),
        ("\u202edesrever\u2069", "\\u202edesrever\\u2069"),
        ("two\nlines\tand\r\na third 路灯 é 🚧", "two\nlines\tand\r\na third 路灯 é 🚧"),
    ],
)
def test_commands_to_a_terminal_are_shown_as_their_numbers(text: str, shown: str) -> None:
    """Escape sequences of either kind, overwriting and reversed writing are seen; all other text is as it was."""
    assert harmless(text) == shown


def test_json_keeps_its_meaning() -> None:
    """What is written instead is what JSON itself would have written."""
    said = {"text": "\x1b\x9b\u202e\x7f"}

    assert json.loads(harmless(json.dumps(said, ensure_ascii=False))) == said


def test_a_table_shows_texts_as_they_are() -> None:
    """Neither escape sequences nor markup nor names of emoji in a cell, a heading or a title are obeyed."""
    out = io.StringIO()
    table = Table("[red]place\x1b[2J", title="[bold]t\x07")
    table.add_row("[/] :warning: \x1b]0;FAKE\x07")

    console = Console(file=out, width=80)
    console.print(table)
    console.print("[/]\x1b]0;FAKE\x07")

    shown = out.getvalue()
    assert not set(shown) & {"\x1b", "\x07"}
    for text in ("[red]place\\u001b[2J", "[bold]t\\u0007", "[/] :warning: \\u001b]0;FAKE\\u0007"):
        assert text in shown


def test_data_for_another_program_are_handed_out_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for people is harmless in a pipe too; exported rows are so on a terminal alone."""
    say("\x1b[2J")
    hand_out("\x1b[2J\r\n")

    assert capsys.readouterr().out == "\\u001b[2J\n\x1b[2J\r\n"


def test_every_command_writes_through_these() -> None:
    """No other module prints, echoes or opens a console, but for the bars of progress, which show our own words."""
    own = {"harmless.py", "console.py", "progress.py"}
    others = {path: path.read_text(encoding="utf-8") for path in STREAMS.rglob("*.py") if path.name not in own}

    for forbidden in ("typer.echo(", "typer.secho(", " print(", "rich.console import Console"):
        assert [path.name for path, text in others.items() if forbidden in text] == []


def _indicators() -> dict[str, object]:
    return {
        "opened": 1234, "assigned": 1200, "open": 20, "overdue_open": 3, "closed": 1180,
        "closure_rate": 1.0, "on_time_closure_rate": 0.1, "dispatch_accuracy": 1.0,
        "response_seconds": {"p50": 1234.0}, "resolution_seconds": {"p50": None},
    }  # fmt: skip


@pytest.mark.parametrize("width", [200, 120, 100, 80, 60, 40])
def test_a_status_leaves_figures_out_and_cuts_none(width: int) -> None:
    """100.0 % and 10.0 % would look alike; what is left out is named."""
    out = io.StringIO()
    console = Console(file=out, width=width)
    rows = {"a-long-department": _indicators(), "-": _indicators()}
    city = {"name_en": "Yunhe"} | _indicators()
    window = {"from": "2026-11-26", "to": "2026-11-27"}
    status = {"window": window, "complete": True, "departments": rows, "city": city}

    console.print(status_table(status, console))

    shown = out.getvalue()
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width
    assert "(not assigned)" in shown
    assert ("left out" in shown) == ("response " not in shown.split("medians")[0].splitlines()[2])


@pytest.mark.parametrize(("rate", "shown"), [(1 / 16, "6.3%"), (3 / 16, "18.8%"), (2 / 3, "66.7%"), (1, "100.0%")])
def test_a_rate_is_rounded_as_the_pages_round_it(rate: float, shown: str) -> None:
    """A half goes up: whoever compares the two finds the same figure."""
    out = io.StringIO()
    city = {"name_en": "Yunhe"} | _indicators() | {"closure_rate": rate}
    window = {"from": "2026-11-26", "to": "2026-11-27"}
    status = {"window": window, "complete": True, "departments": {}, "city": city}

    console = Console(file=out, width=200)
    console.print(status_table(status, console))

    assert out.getvalue().split().count(shown) == (2 if rate == 1 else 1)


def test_a_status_with_those_below_asks_for_them_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures are the gateway's sums; without the option each department is by itself."""
    asked: list[dict[str, str]] = []
    window = {"from": "2026-11-26", "to": "2026-11-27"}
    city = {"name_en": "Yunhe"} | _indicators()

    def answer(_settings: object, _url: str, params: dict[str, str]) -> dict[str, object]:
        asked.append(params)
        return {"window": window, "complete": True, "departments": {"roads": _indicators()}, "city": city}

    monkeypatch.setattr("streams.terminal.gateway_client.ask_status", answer)

    summed, alone = [CliRunner().invoke(app, ["status", *given]).output for given in (["--below"], [])]

    assert asked == [{"below": "true"}, {}]
    assert "each department with all that stand below it" in summed
    assert "stand below" not in alone


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (
            80,
            """\
┏━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━┓
┃ at                       ┃ place                       ┃ message             ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━┩
│ 2026-11-27T02:42:40.000Z │ paidan.reports/0/1234567890 │ 路上有个大坑，电动  │
│                          │                             │ 车差点摔倒          │
└──────────────────────────┴─────────────────────────────┴─────────────────────┘
""",
        ),
        (
            40,
            """\
at       2026-11-27T02:42:40.000Z
place    paidan.reports/0/1234567890
message  路上有个大坑，电动车差点摔倒

""",
        ),
        (
            26,
            """\
at       2026-11-27T02:42:
         40.000Z
place    paidan.reports/0/
         1234567890
message  路上有个大坑，电
         动车差点摔倒

""",
        ),
    ],
)
def test_a_table_cuts_nothing_and_breaks_words_only_where_there_is_no_room_for_one(width: int, shown: str) -> None:
    """Where its columns have no room beside each other, each line of it is a block."""
    out = io.StringIO()
    table = whole_table("at", "place", "message")
    table.add_row("2026-11-27T02:42:40.000Z", "paidan.reports/0/1234567890", "路上有个大坑，电动车差点摔倒")

    Console(file=out, width=width).print(table)

    assert [line.rstrip() for line in out.getvalue().splitlines()] == shown.splitlines()


def test_an_empty_cell_of_a_table_that_is_printed_in_blocks_has_no_line() -> None:
    """Nor has what is empty a title beside it; the table's own stands once."""
    out = io.StringIO()
    table = whole_table("token", "until", title="all tokens")
    for token in ("a" * 20, "b" * 20):
        table.add_row(token, "")

    Console(file=out, width=30).print(table)

    said = [line.rstrip() for line in out.getvalue().splitlines()]
    assert said == ["all tokens", f"token  {'a' * 20}", "", f"token  {'b' * 20}", ""]


@pytest.mark.parametrize("width", [10, 16, 20, 24])
@pytest.mark.parametrize("heading", ["p of worse (Holm)", "count(*)FILTER(WHERE(state='closed'))"])
def test_a_heading_as_wide_as_the_terminal_leaves_room_for_what_it_heads(heading: str, width: int) -> None:
    """Such as `paidan query` has of an expression: it is broken itself, and a cell stands below it in one line where
    there is room for one."""
    out = io.StringIO()
    table = whole_table("category", heading, unbroken=("category",))
    table.add_row("street-light", "0.12345")
    table.add_row("路灯\x1b[2J", "0.5")

    Console(file=out, width=width).print(table)

    said = out.getvalue()
    assert heading.replace(" ", "") in "".join(said.split())
    assert [line.strip() for line in said.splitlines() if "0.12345" in line or "0.5" in line] == ["0.12345", "0.5"]
    assert "…" not in said
    assert "\x1b" not in said


def test_settings_are_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that begin alike looked the same, and of an address its end was missing."""
    brokers = "broker-one.example.org:9092,broker-two.example.org:9092"
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PAIDAN_KAFKA", brokers)

    shown = CliRunner().invoke(app, ["settings"]).output

    for whole in (brokers, "PAIDAN_KAFKA_CERTIFICATE", "PAIDAN_KAFKA_CERTIFICATE_KEY"):
        assert whole in shown.split()
