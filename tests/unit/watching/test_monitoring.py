"""The alert rules and the board ask for series that Paidan has, in expressions that Prometheus can read."""

import json
import re
from typing import Any

import promql_parser
import pytest
from prometheus_client import Histogram

from streams.monitoring.alerts import ALERTS, rules
from streams.monitoring.board import board
from streams.monitoring.exposed import all_metrics, exposed_name, labels

RULES: list[dict[str, Any]] = json.loads(rules())["groups"][0]["rules"]
PANELS: list[dict[str, Any]] = [panel for panel in json.loads(board())["panels"] if panel["type"] != "row"]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [asked["expr"] for panel in PANELS for asked in panel["targets"]]
SERIES = {exposed_name(each) + ("_bucket" if isinstance(each, Histogram) else "") for each in all_metrics()}


@pytest.mark.parametrize("expression", sorted(set(EXPRESSIONS)))
def test_an_expression_is_promql_over_series_that_are_exposed(expression: str) -> None:
    """Read by Prometheus' own grammar; each name in it is one that a role serves."""
    promql_parser.parse(expression)

    assert set(re.findall(r"\bpaidan_\w+", expression)) <= SERIES


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_is_about_the_first_of_its_metrics(alert: Any) -> None:
    """The page names the metric that the rule looks at."""
    assert exposed_name(alert.metrics[0]) in alert.expression


def test_each_rule_is_named_once_and_says_what_is_the_matter() -> None:
    """What a person who is woken reads first."""
    assert len({rule["alert"] for rule in RULES}) == len(RULES) == len(ALERTS)
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] in ("page", "ticket") for rule in RULES)


def test_the_board_shows_every_metric_once_and_no_panel_covers_another() -> None:
    """A metric that nobody sees need not be measured."""
    places = [tuple(panel["gridPos"][side] for side in "xy") for panel in PANELS]

    assert sorted(panel["title"] for panel in PANELS) == sorted(map(exposed_name, all_metrics()))
    assert len(set(places)) == len(places)


def test_a_panel_keeps_the_labels_apart() -> None:
    """Each line of a metric with labels is called by their values."""
    for metric in all_metrics():
        [panel] = [panel for panel in PANELS if panel["title"] == exposed_name(metric)]

        assert all(
            "{{" + label + "}}" in asked["legendFormat"] for asked in panel["targets"] for label in labels(metric)
        )
