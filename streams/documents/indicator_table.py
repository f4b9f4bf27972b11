"""The table of docs/indicators.md."""

from dispatcher.figures.indicators import COMING, INDICATORS, Indicator
from streams.documents.markdown import table


def indicators() -> str:
    """Each indicator with its version, definition, formula and source."""
    rows = (
        (
            *(f"`{each.name}`", str(each.version), each.title, each.kind),
            *(_formula(each), each.definition, each.source or "–"),
        )
        for each in (*INDICATORS.values(), *COMING)
    )
    return table(("indicator", "version", "名称", "kind", "from", "definition", "source"), rows)


def _formula(indicator: Indicator) -> str:
    """What is divided by what."""
    top = " + ".join(f"`{name}`" for name in indicator.top)
    return f"{top} / {' + '.join(f'`{name}`' for name in indicator.bottom)}" if indicator.bottom else top
