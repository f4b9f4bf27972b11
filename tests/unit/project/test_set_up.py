"""`scripts/setup`: of several that are started at once in one folder, each waits for the one before."""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

_READ = ("requirements/dev.lock", "pyproject.toml", "scripts/setup")


@pytest.fixture
def set_up(tmp_path: Path) -> Path:
    """A folder in which everything is set up as far as packages go."""
    seal = hashlib.sha256()
    for name in _READ:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
        seal.update((tmp_path / name).read_bytes())
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "paidan").touch(0o755)
    (tmp_path / ".venv" / ".paidan-stamp").write_text(seal.hexdigest())
    return tmp_path


@contextmanager
def begun(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A set-up of the packages there, which ends with the body."""
    with subprocess.Popen(["bash", "scripts/setup", "packages"], cwd=folder, stderr=subprocess.PIPE, text=True) as done:
        try:
            yield done
        finally:
            done.kill()


@pytest.mark.skipif(shutil.which("flock") is None, reason="there is no flock")
def test_a_set_up_waits_for_another_one_and_says_so(set_up: Path) -> None:
    """Both took each other's virtual environment away while it was filled."""
    with (set_up / "scripts" / "setup").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with begun(set_up) as waiting:
            assert waiting.stderr is not None
            assert waiting.stderr.readline() == "setup: another set-up is running here; waiting for its end\n"
            assert waiting.poll() is None

            fcntl.flock(other, fcntl.LOCK_UN)

            assert (waiting.wait(30), waiting.stderr.read()) == (0, "")


def test_a_set_up_that_is_alone_says_nothing_of_others(set_up: Path) -> None:
    """Nor does one that comes after another has ended."""
    for _ in range(2):
        with begun(set_up) as alone:
            assert alone.communicate(timeout=30)[1] == ""
            assert alone.returncode == 0
