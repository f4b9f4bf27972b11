"""The pages that nobody lists by hand: the decisions, and the reference of the API, a page for each folder of code.

A hook of MkDocs (see mkdocs.yml). A page of the reference names the modules of its folder; mkdocstrings puts their
docstrings there.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("models", "dispatcher", "streams")
INDEX = "reference/README.md"
# What a browser would fetch from another host by itself. Material fetches what draws a diagram when it sees the class.
_FOREIGN = re.compile(
    r'<(?:script|link|img|iframe|source|object|embed)\b[^>]*(?:src|href|data)="?(?:https?:)?//|class="mermaid"'
)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Two more sections at the end of the navigation."""
    decisions = sorted(path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md"))
    reference = [{_dotted(folder): f"reference/{_dotted(folder)}.md"} for folder in _folders()]
    config.nav = [
        *(config.nav or []),
        {"Decisions": ["adr/README.md", *(f"adr/{name}" for name in decisions)]},
        {"Reference": [INDEX, *reference]},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages of the reference beside those of the docs folder."""
    files.append(File.generated(config, INDEX, content=_index()))
    for folder in _folders():
        files.append(File.generated(config, f"reference/{_dotted(folder)}.md", content=_page(folder)))
    return files


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuse a page that loads anything from elsewhere."""
    if found := _FOREIGN.search(output):
        raise PluginError(f"{page.file.src_uri}: loads from elsewhere: {output[found.start() : found.end() + 60]!r}")
    return output


def _folders() -> list[Path]:
    return [path.parent for package in PACKAGES for path in sorted((ROOT / package).rglob("__init__.py"))]


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _index() -> str:
    lines = ["# Reference", "", "Every public name of the code, from its docstrings; a page for each folder.", ""]
    lines += [f"- [{_dotted(folder)}]({_dotted(folder)}.md)" for folder in _folders()]
    return "\n".join(lines) + "\n"


def _page(folder: Path) -> str:
    """The docstring of the folder, then its modules in the order of their names."""
    options = "    options:\n      show_root_heading: false\n      members: false"
    blocks = [f"# {_dotted(folder)}", f"::: {_dotted(folder)}\n{options}"]
    modules = sorted(path for path in folder.glob("*.py") if path.stem not in {"__init__", "__main__"})
    blocks += [f"::: {_dotted(module)}" for module in modules]
    return "\n\n".join(blocks) + "\n"
