"""The table of settings in docs/operations.md."""

from typing import Any

from pydantic import SecretStr

from streams.documents.markdown import table
from streams.settings import DEMO_CITY, Settings


def settings() -> str:
    """All settings: variable, default, meaning."""
    rows = (
        (f"`PAIDAN_{name.upper()}`", _shown(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    )
    return table(("variable", "default", "meaning"), rows)


def _shown(default: Any) -> str:
    if isinstance(default, SecretStr):
        return "a development key" if default.get_secret_value() else "–"
    if default == DEMO_CITY:
        return "`cities/demo`"
    text = ",".join(default) if isinstance(default, tuple) else str(default)
    return f"`{text}`" if text else "–"
