"""The jars of Apache Kafka, resolved once with Maven and kept in the user's cache folder.

`python -m streams.local.jars` resolves them and prints their folder; with `--where` it only says where they will be.
Which jars they are, byte for byte, stands in jars.csv: whatever a repository hands out instead is not run.
"""

import asyncio
import csv
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from filelock import FileLock

from models.errors import PaidanError
from streams.local.children import java_environment, signal_group, spawn

KAFKA_VERSION = "4.1.1"
_SLF4J_VERSION = "1.7.36"
_RESOLVE_TIMEOUT_S = 600
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>paidan</groupId><artifactId>local-broker</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>{_SLF4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""


class JarsError(PaidanError):
    """The jars could not be had."""


def cache_folder() -> Path:
    """PAIDAN_CACHE, else `paidan` in XDG_CACHE_HOME or ~/.cache. A matter of the user, not of the city.

    Raises JarsError when there is no such user.
    """
    if own := os.environ.get("PAIDAN_CACHE"):
        return Path(own)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paidan"
    except RuntimeError:
        raise JarsError("PAIDAN_CACHE must name the folder for Kafka: this user has no home folder") from None


def kafka_jars() -> Path:
    """The folder with the jars, resolved on the first call. Raises JarsError with what to do."""
    folder = _folder()
    with _in_the_cache(folder.parent):
        if folder.is_dir():
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / "lock"):  # another process may be resolving them right now
            if not folder.is_dir():
                _resolve(folder)
    return folder


async def fetch_jars() -> Path:
    """The same, in a process of its own where it takes long: cancelling it ends Maven. Call it from the main thread."""
    folder = _folder()
    with _in_the_cache(folder.parent):
        is_there = folder.is_dir()
    if not is_there:
        child = spawn([sys.executable, "-m", "streams.local.jars"], output=subprocess.PIPE)
        try:
            said, _ = await asyncio.to_thread(child.communicate)
        finally:
            signal_group(child, signal.SIGTERM)
        if child.returncode != 0:
            raise JarsError(said.decode(errors="replace").strip())
    return folder


@contextmanager
def _in_the_cache(cache: Path) -> Iterator[None]:
    """What the system refuses there is one sentence: the folder may be another user's, or on a full disk."""
    try:
        yield
    except OSError as error:
        raise JarsError(f"PAIDAN_CACHE: the folder {cache} cannot be used: {error.strerror or error}") from error


def _folder() -> Path:
    return cache_folder() / f"kafka-{KAFKA_VERSION}"


def _resolve(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise JarsError(
            "Maven is needed once to fetch Kafka: run scripts/setup, install it (Debian: apt-get install maven), "
            "or set PAIDAN_KAFKA=host:port to use a cluster you have"
        )
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        (Path(scratch) / "pom.xml").write_text(_POM)
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=libs"]
        try:
            done = subprocess.run(
                [maven, "--batch-mode", "--quiet", *goal],
                cwd=scratch,
                env=java_environment(),
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=_RESOLVE_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise JarsError(f"Maven did not fetch Kafka within {_RESOLVE_TIMEOUT_S} s: check the network") from late
        if done.returncode != 0:
            reason = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stderr.strip())
            raise JarsError(f"Maven could not fetch Kafka {KAFKA_VERSION}: {reason}")
        libs = Path(scratch) / "libs"
        check_jars(libs)
        libs.rename(folder)  # complete or not there at all


def check_jars(folder: Path) -> None:
    """Raises JarsError unless the folder holds the jars of jars.csv, each with its SHA-256, and nothing else."""
    with (files("streams.local") / "jars.csv").open(encoding="utf-8") as table:
        pinned = {row["jar"]: row["sha256"] for row in csv.DictReader(table)}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in folder.iterdir()}
    if wrong := sorted(name for name in pinned.keys() | found.keys() if pinned.get(name) != found.get(name)):
        raise JarsError(f"these jars are not those that streams/local/jars.csv knows: {', '.join(wrong)}")


if __name__ == "__main__":
    # Ended as by an exception: Maven ends, too, and nothing half-done stays.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    try:
        sys.stdout.write(f"{_folder() if '--where' in sys.argv else kafka_jars()}\n")
    except JarsError as error:
        sys.exit(f"{error}")
