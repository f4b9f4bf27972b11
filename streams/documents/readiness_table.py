"""The table of what `/readyz` looks at in docs/operations.md."""

from streams.documents.markdown import table
from streams.readiness.checks import CHECKS, Bound


def readiness() -> str:
    """All figures with their limits."""
    rows = ((f"`{each.name}`", f"{each.unit} {each.meaning}".strip(), _limit(each), each.wrong) for each in CHECKS)
    return table(("check", "what is looked at", "good", "else"), rows)


def _limit(bound: Bound) -> str:
    return f"at least {bound.least:g}" if bound.most is None else f"at most {bound.most:g}"
