"""A board for Grafana: a row for each role's metrics, a panel for each metric, none left out."""

import json
from collections import defaultdict
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from streams.monitoring.exposed import Metric, all_metrics, exposed_name, highest, labels, meaning, quantile, rate

_COLUMNS, _WIDTH, _HEIGHT = 3, 8, 8  # of Grafana's 24 units
_QUANTILES = (0.5, 0.99)


def board() -> str:
    """The dashboard's JSON model; on import Grafana asks for the data source."""
    panels: list[dict[str, Any]] = []
    top = 0
    for row, metrics in _rows().items():
        panels.append(_row(row, top))
        panels.extend(_panel(metric, n, top + 1) for n, metric in enumerate(metrics))
        top += 1 + -(-len(metrics) // _COLUMNS) * _HEIGHT
    for number, panel in enumerate(panels, start=1):
        panel["id"] = number
    model = {
        "title": "Paidan 派单",
        "uid": "paidan",
        "schemaVersion": 39,
        "tags": ["paidan"],
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "panels": panels,
    }
    return json.dumps(model, indent=1, ensure_ascii=False) + "\n"


def _rows() -> dict[str, list[Metric]]:
    """The metrics by the first word of their names, which says whose or of what they are."""
    rows: defaultdict[str, list[Metric]] = defaultdict(list)
    for metric in all_metrics():
        rows[exposed_name(metric).removeprefix("paidan_").partition("_")[0]].append(metric)
    return rows


def _row(title: str, top: int) -> dict[str, Any]:
    return {
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": top, "w": 24, "h": 1},
        "panels": [],
    }


def _panel(metric: Metric, number: int, top: int) -> dict[str, Any]:
    down, across = divmod(number, _COLUMNS)
    targets = [
        {"refId": chr(ord("A") + n), "expr": expression, "legendFormat": legend}
        for n, (expression, legend) in enumerate(_asked(metric))
    ]
    return {
        "type": "timeseries",
        "title": exposed_name(metric),
        "description": meaning(metric),
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "gridPos": {"x": across * _WIDTH, "y": top + down * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": _unit(metric), "min": 0}, "overrides": []},
        "targets": targets,
    }


def _asked(metric: Metric) -> list[tuple[str, str]]:
    """Each line of its panel: the expression, and how the line is called."""
    called = " ".join("{{" + name + "}}" for name in labels(metric))
    match metric:
        case Counter():
            return [(rate(metric), called or "a second")]
        case Gauge():
            return [(highest(metric), called or "highest")]
        case Histogram():
            return [(quantile(metric, share), f"p{share * 100:.0f} {called}".strip()) for share in _QUANTILES]


def _unit(metric: Metric) -> str:
    """Grafana's name of the unit: an event a second for what is counted, seconds where the name says so."""
    if isinstance(metric, Counter):
        return "ops"
    return "s" if exposed_name(metric).endswith("_seconds") else "short"
