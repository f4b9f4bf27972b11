"""What a run of the bench is shown as."""

import re
import sysconfig
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench import interpreter
from bench.end_to_end import tables
from bench.end_to_end.measured import Beside, Latencies, Measured, read, write
from bench.on_kafka import cameras
from bench.on_kafka.pages import PAGES
from streams.gateway.seats import LISTS
from tests.support.measured import MACHINE, run, step

PAGE_FILES = Path(__file__).parents[3] / "streams" / "gateway" / "page_files"


def reached(measured: Measured) -> dict[str, bool]:
    """Of each aim whether the table says that it is reached."""
    rows = [row.split(" | ") for row in tables.aims(measured).splitlines()[2:]]
    return {row[0].removeprefix("| "): row[-1] == "yes |" for row in rows}


def test_an_aim_is_reached_only_by_what_was_measured() -> None:
    """A rate that was not held does not count, and one that was not tried neither."""
    found = reached(run(step(), step(rate=23_000, kept_up=False)))

    assert found["p50 / p99 at 1,000 detections/s, ms"]
    assert not found["p50 / p99 at 100 detections/s, ms"]
    assert not found["detections/s held with p99 ≤ 250 ms"]
    assert not found["takeover after SIGKILL with a session of 4 s"]


def test_an_aim_beside_a_load_is_judged_by_the_worst_of_the_rates_that_were_kept_up() -> None:
    """The table names that rate; one that was not kept up with does not count, and one without a figure is no yes."""

    def beside(rate: float, status: float | None, fresh: float | None, *, kept_up: bool = True) -> Beside:
        return Beside(step(rate=rate, kept_up=kept_up), 20, 240, 0, Latencies(9.0, status, status), 0.2, fresh)

    slow_when_idle = beside(1_000, 64.0, 0.5)
    late_when_busy = beside(10_000, 27.0, 5.0)
    behind = beside(15_000, 900.0, 60.0, kept_up=False)
    found = replace(run(), beside=(slow_when_idle, late_when_busy, behind))

    assert "| `/status` p99 at worst, beside 1,000/s, ms | ≤ 50 | 64 | **no** |" in tables.aims(found)
    assert "| decision to tables p99 at worst, beside 10,000/s, s | ≤ 1 | ≤ 5 | **no** |" in tables.aims(found)
    good = reached(replace(run(), beside=(beside(1_000, 40.0, 0.5), beside(5_000, 50.0, 1.0))))
    assert good["`/status` p99 at worst, beside 5,000/s, ms"]
    assert good["decision to tables p99 at worst, beside 5,000/s, s"]
    assert not reached(replace(run(), beside=(beside(1_000, None, 0.5),)))["`/status` p99 at worst, beside 1,000/s, ms"]


def test_the_table_of_the_cameras_says_where_and_beside_what_it_was_measured() -> None:
    """Day, machine and other work stand above it, as above the table of the whole path."""
    shown = cameras.table(cameras.Measured(replace(MACHINE, busy=1.5), (step(),)))

    assert shown.startswith("Measured on 2026-03-01: 2 cores (a processor)")
    assert "**Other work ran beside it** (load average 1.5 before).\n\n| load |" in shown


def test_a_rate_that_is_not_held_is_said() -> None:
    """How late the last decision was stands where others say yes."""
    table = tables.rates(run(step(kept_up=False)))

    assert "no: 4.0 s late after 12 s" in table


def test_other_work_on_the_machine_is_said() -> None:
    """Figures of a busy machine are not taken for its best."""
    quiet, busy = (tables.where(replace(run(), machine=replace(MACHINE, busy=load))) for load in (0.1, 7.0))

    assert "Other work" not in quiet
    assert "Other work ran beside it** (load average 7.0 before)" in busy


def test_a_run_that_is_kept_is_read_again(tmp_path: Path) -> None:
    """What is written is what was measured."""
    measured = run(step())
    write(measured, tmp_path / "run.json")

    assert read(tmp_path / "run.json") == measured


@pytest.mark.parametrize(
    ("configured", "schemes", "optimised"),
    [
        ("'--prefix=/opt' '--enable-optimizations' '--with-lto'", ("posix_prefix",), True),
        ("'--enable-shared' '--without-ensurepip'", ("posix_prefix", "deb_system"), True),
        ("'--enable-shared'", ("posix_prefix",), False),
        (None, ("nt",), False),
    ],
)
def test_an_interpreter_is_known_by_how_it_was_configured(
    monkeypatch: pytest.MonkeyPatch, configured: str | None, schemes: tuple[str, ...], optimised: bool
) -> None:
    """Debian's, which does not say it, by its installation scheme."""
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: configured)
    monkeypatch.setattr(sysconfig, "get_scheme_names", lambda: schemes)

    assert interpreter.optimised() is optimised


def test_the_bench_of_the_pages_asks_for_all_that_the_pages_ask_for() -> None:
    """Each address, and each seat with each of its lists; but for what is asked for once, or streams."""
    scripts = "".join(file.read_text() for file in PAGE_FILES.glob("*.js"))
    asked = set(re.findall(r'\bask\(["`](/[a-z-]+)', scripts)) - {"/openapi", "/open", "/events"}
    measured = {document for _, documents in PAGES.values() for document in documents}

    assert {"/" + document.split("/")[1].partition("?")[0] for document in measured} == asked
    assert LISTS.keys() <= PAGES.keys()
