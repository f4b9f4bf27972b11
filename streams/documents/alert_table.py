"""The table of what to watch in docs/operations.md."""

from streams.documents.markdown import table
from streams.monitoring.alerts import ALERTS
from streams.monitoring.exposed import exposed_name


def alerts() -> str:
    """Every alert: its metrics, when to look, what it is called and how urgent it is."""
    rows = (
        (", ".join(f"`{exposed_name(each)}`" for each in alert.metrics), alert.look, f"`{alert.name}`", alert.severity)
        for alert in ALERTS
    )
    return table(("metric", "look when", "alert", "severity"), rows)
