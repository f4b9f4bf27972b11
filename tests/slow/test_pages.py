"""The documentation as pages: complete, without a broken link, and nothing on them comes from elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

# The pages take some ten seconds to build, and a minute on a busy machine.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built strictly: a warning fails."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


def test_every_module_stands_in_the_reference(site: Path) -> None:
    """Each module of the three packages has its part on the page of its folder."""
    modules = [
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
        for package in ("models", "dispatcher", "streams")
        for path in (REPOSITORY / package).rglob("*.py")
        if path.stem not in {"__init__", "__main__"}
    ]

    pages = {name: site / "reference" / name / "index.html" for name in {each.rpartition(".")[0] for each in modules}}
    texts = {name: page.read_text() for name, page in pages.items()}

    assert [each for each in modules if f'id="{each}"' not in texts[each.rpartition(".")[0]]] == []


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """No page and no style names another host for a script, a style, a font, an image or a frame."""
    in_pages = re.compile(r'<(?:script|link|img|iframe|source|object|embed)\b[^>]*(?:src|href|data)="?(?:https?:)?//')
    in_styles = re.compile(r"(?:@import\s*|url\()\s*[\"']?(?:https?:)?//")

    pages = [page.name for page in site.rglob("*.html") if in_pages.search(page.read_text())]
    styles = [style.name for style in site.rglob("*.css") if in_styles.search(style.read_text())]

    assert pages + styles == []
