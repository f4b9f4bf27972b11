"""The jars of the local Kafka are those that are known, byte for byte."""

import asyncio
import csv
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.local import jars
from streams.local.jars import KAFKA_VERSION, JarsError, cache_folder, check_jars, fetch_jars, kafka_jars


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two jars, and a table that knows them."""
    (tmp_path / "libs").mkdir()
    rows = ["jar,sha256"]
    for name in ("a.jar", "b.jar"):
        (tmp_path / "libs" / name).write_text(name)
        rows.append(f"{name},{hashlib.sha256(name.encode()).hexdigest()}")
    (tmp_path / "jars.csv").write_text("\n".join(rows))
    monkeypatch.setattr(jars, "files", lambda _: tmp_path)
    return tmp_path / "libs"


def test_the_known_jars_are_taken(folder: Path) -> None:
    """Whichever repository they come from."""
    check_jars(folder)


@pytest.mark.parametrize("case", ["other bytes", "one more", "one less"])
def test_another_jar_is_not_run(folder: Path, case: str) -> None:
    """Other bytes, a jar that nobody knows, and one that is not there are each named."""
    match case:
        case "other bytes":
            (folder / "b.jar").write_text("other")
        case "one more":
            (folder / "c.jar").write_text("c")
        case "one less":
            (folder / "b.jar").unlink()

    with pytest.raises(JarsError, match="c.jar" if case == "one more" else "b.jar"):
        check_jars(folder)


def test_the_table_is_of_the_version_that_is_run() -> None:
    """Each name once, with a whole SHA-256; a new version needs a new table."""
    table = Path(jars.__file__).with_name("jars.csv").read_text(encoding="utf-8")
    pinned = {row["jar"]: row["sha256"] for row in csv.DictReader(table.splitlines())}

    assert f"kafka_2.13-{KAFKA_VERSION}.jar" in pinned
    assert len(pinned) == len(table.splitlines()) - 1
    assert {len(bytes.fromhex(digest)) for digest in pinned.values()} == {32}


@pytest.mark.parametrize("getting", [kafka_jars, lambda: asyncio.run(fetch_jars())], ids=["here", "in a process"])
def test_a_cache_that_cannot_be_used_is_named(
    getting: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder under a file, as under another user's home, is one sentence."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("PAIDAN_CACHE", str(tmp_path / "file" / "cache"))

    with pytest.raises(JarsError, match=r"PAIDAN_CACHE: the folder .*cache cannot be used: "):
        getting()


def test_who_has_no_home_is_asked_for_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a number without a name, under which a container may run."""
    for name in ("PAIDAN_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)

    with pytest.raises(JarsError, match="PAIDAN_CACHE must name the folder"):
        cache_folder()
