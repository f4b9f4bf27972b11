"""Labels that the city has not listed are counted, by every run for itself, and added up for whoever asks."""

import msgspec
import pytest
from typer.testing import CliRunner

from streams.cli.classifiers.labels import cameras, labels
from streams.intake.meanings import Unlisted
from streams.intake.unlisted import MOST, OTHER_CAMERAS, OTHERS, LabelWatch, UnlistedCount, UnlistedTally, summed
from streams.kafka.topics import Names
from streams.settings import load_settings
from tests.support.cities import tiny_city
from tests.support.messages import NOW

RUNNER = CliRunner()
CAR = Unlisted("acme", "anpr", "car")
NAMES = Names("t")


def rows(tally: UnlistedTally, found: dict[Unlisted, int], now: int = NOW) -> dict[bytes | None, bytes | None]:
    """What a committed batch writes, by key."""
    counts = tally.raised(found, now)
    tally.settle(counts)
    return {send.key: send.value for send in tally.sends(NAMES, counts)}


def test_a_run_says_its_whole_count_under_one_key() -> None:
    """So that the topic keeps one record of it."""
    tally = UnlistedTally()
    before, after = rows(tally, {CAR: 2}), rows(tally, {CAR: 3}, NOW + 1000)

    assert before.keys() == after.keys()
    [said] = after.values()
    assert msgspec.json.decode(said or b"", type=UnlistedCount) == UnlistedCount(
        vendor="acme", algorithm="anpr", label="car", count=5,
        first="2026-03-01T08:00:00.000Z", last="2026-03-01T08:00:01.000Z",
    )  # fmt: skip


def test_a_batch_that_was_aborted_does_not_count() -> None:
    """Only what is settled stays."""
    tally = UnlistedTally()
    tally.raised({CAR: 2}, NOW)

    [count] = tally.raised({CAR: 1}, NOW).values()

    assert count.count == 1


def test_the_counts_of_several_runs_add_up() -> None:
    """A restart loses none; the most frequent label stands first, one that has been listed meanwhile is left out."""
    person = Unlisted("acme", "anpr", "person")
    earlier, later = UnlistedTally(), UnlistedTally()
    written = rows(earlier, {CAR: 2, person: 4, Unlisted("", "", "pothole"): 9}) | rows(later, {CAR: 3}, NOW + 60_000)

    found = summed((value for value in written.values() if value), tiny_city())

    assert [(each.label, each.count, each.first[:16], each.last[:16]) for each in found] == [
        ("car", 5, "2026-03-01T08:00", "2026-03-01T08:01"),
        ("person", 4, "2026-03-01T08:00", "2026-03-01T08:00"),
    ]


def test_the_command_lists_what_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a table for people, as a line each for programs; and says so when nothing has."""
    found = [UnlistedCount(vendor="acme", algorithm="anpr", label="car", count=5, first="a", last="b")]

    async def read(*_: object) -> list[UnlistedCount]:
        return found

    monkeypatch.setattr("streams.intake.unlisted.read_unlisted", read)
    shown, lines = (RUNNER.invoke(labels, ["unknown", *more]).stdout for more in ([], ["--json"]))
    found.clear()

    assert all(cell in shown for cell in ("acme", "anpr", "car", "5"))
    assert msgspec.json.decode(lines, type=UnlistedCount).count == 5
    assert "all that have come are listed" in RUNNER.invoke(labels, ["unknown"]).stdout


def test_cameras_are_listed_beside_labels() -> None:
    """Those that have got a row meanwhile are left out, and the many of one kind leave room for the other."""
    tally = UnlistedTally()
    many = {Unlisted(camera=f"d-{n}"): 1 for n in range(MOST + 5)}
    written = rows(tally, many | {Unlisted(camera="cam-sw-1"): 1, CAR: 2})

    found = summed((value for value in written.values() if value), tiny_city())

    assert (found[0].camera, found[0].count) == (OTHER_CAMERAS.camera, 6)
    assert [each.label for each in found if not each.camera] == ["car"]


def test_the_command_lists_strange_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no labels."""

    async def read(*_: object) -> list[UnlistedCount]:
        return [
            UnlistedCount(vendor="acme", label="car", count=5, first="a", last="b"),
            UnlistedCount(camera="d-1", count=2, first="a", last="b"),
        ]

    monkeypatch.setattr("streams.intake.unlisted.read_unlisted", read)
    lines = RUNNER.invoke(cameras, ["unknown", "--json"]).stdout

    assert [msgspec.json.decode(line, type=UnlistedCount).camera for line in lines.splitlines()] == ["d-1"]


def test_a_run_tells_a_bounded_number_of_labels_apart() -> None:
    """An algorithm that says something new each time fills neither memory nor topic."""
    tally = UnlistedTally()

    first = rows(tally, {Unlisted("a", "b", str(n)): 1 for n in range(MOST + 5)})
    second = rows(tally, {Unlisted("a", "b", "new"): 7, Unlisted("a", "b", "0"): 1})

    assert len(first) == MOST + 1
    said = [msgspec.json.decode(value or b"", type=UnlistedCount) for value in second.values()]
    assert {each.label: each.count for each in said} == {OTHERS.label: 12, "0": 2}


def test_what_status_shows_of_labels_and_of_cameras_are_two_lists() -> None:
    """The count is that of the labels."""
    watch, tally = LabelWatch(load_settings(kafka="nowhere:1"), tiny_city()), UnlistedTally()

    watch._show({str(key): value or b"" for key, value in rows(tally, {CAR: 2, Unlisted(camera="cam-new"): 3}).items()})

    shown = watch.section()
    assert shown is not None
    assert shown["count"] == 1
    assert [each["label"] for each in shown["labels"]] == ["car"]
    assert [(each["camera"], each["count"]) for each in shown["cameras"]] == [("cam-new", 3)]
