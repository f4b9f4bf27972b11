"""What somebody should look at, as one table: the rules for Prometheus and the page of operations are made from it."""

import json
from typing import Literal, NamedTuple

from streams import metrics
from streams.monitoring.exposed import Metric, exposed_name, highest, lowest, quantile, risen

Severity = Literal["page", "ticket"]


class Alert(NamedTuple):
    """One row: it holds when `expression` (PromQL) gives a series for `minutes`. `page`: somebody is woken, orders wait
    or figures are wrong; `ticket`: somebody looks within the day. `look` completes the sentence "look when …"."""

    name: str
    metrics: tuple[Metric, ...]
    expression: str
    minutes: int
    severity: Severity
    look: str


_GAPS = '{reason=~"unknown-department|nobody-responsible|unknown-category"}'
_LOST_STEPS = '{reason=~"refused|no-hub|unreadable"}'

ALERTS: tuple[Alert, ...] = (
    Alert(
        "PaidanCoreError", (metrics.CORE_ERRORS,), f"{risen(metrics.CORE_ERRORS)} > 0", 0, "page",
        "it moves: a bug; the record is in the dead letters. A timer at which the core raised leaves a `quarantined` "
        "fact and a notice to the supervisor; the order's timers stand still until somebody takes a step "
        "(`GET /orders?quarantined=true`)",
    ),
    Alert(
        "PaidanPackHasGap", (metrics.SENT_TO_REVIEW,), f"{risen(metrics.SENT_TO_REVIEW, '1h', _GAPS)} > 0", 0, "ticket",
        "it rises with `reason` `unknown-department`, `nobody-responsible` or `unknown-category`: a table of the city "
        "pack has a gap, and people decide what the city meant to go out by itself",
    ),
    Alert(
        "PaidanDeadLetters", (metrics.DEAD_LETTERS,),
        f"{risen(metrics.DEAD_LETTERS, '1h')} > 20", 0, "ticket",
        'it rises faster than usual: an upstream has changed; with `error="ahead-of-time"` its clock is wrong',
    ),
    Alert(
        "PaidanPlacesOutsideTheCity", (metrics.DETECTIONS_MISPLACED,),
        f"{risen(metrics.DETECTIONS_MISPLACED, '1d')} > 0", 0, "ticket",
        "it rises: devices give a place outside the city (mostly what their maker has set), and the registry's is "
        "taken",
    ),
    Alert(
        "PaidanCamerasNotRegistered", (metrics.DETECTIONS_UNREGISTERED,),
        f"{risen(metrics.DETECTIONS_UNREGISTERED, '1d')} > 0", 0, "ticket",
        "it rises: `cameras.csv` lacks a camera, which is taken where it says itself that it stands; "
        "`paidan cameras unknown` lists all of them",
    ),
    Alert(
        "PaidanLabelsNotListed", (metrics.DETECTIONS_UNLISTED,),
        f"{risen(metrics.DETECTIONS_UNLISTED, '1d')} > 0", 0, "ticket",
        "it rises: `labels.csv` does not list the label, and nothing is opened; `paidan labels unknown` lists all of "
        "them",
    ),
    Alert(
        "PaidanCamerasLostTheRight", (metrics.RECHECKS_WITHOUT_RIGHT,),
        f"{risen(metrics.RECHECKS_WITHOUT_RIGHT, '1d')} > 0", 0, "ticket",
        "it rises: in this category cameras and inspectors have agreed too seldom of late, and inspectors make every "
        "check until they agree again ([lifecycle.md](lifecycle.md)); `recheck_agreement` of `/status?by=category` "
        "tells how often they do",
    ),
    Alert(
        "PaidanFallsBehind", (metrics.WAITING_SECONDS, metrics.WAITING_RECORDS),
        f"{highest(metrics.WAITING_SECONDS)} > 60", 2, "page",
        "they keep rising: intake or the desk is behind or stands still",
    ),
    Alert(
        "PaidanTransactionsFail", (metrics.STAGE_FAILURES,),
        f"{risen(metrics.STAGE_FAILURES)} > 5", 5, "page",
        "it keeps rising: the cluster is in trouble",
    ),
    Alert(
        "PaidanCommitsSlowly", (metrics.STAGE_COMMIT_SECONDS,),
        f"{quantile(metrics.STAGE_COMMIT_SECONDS, 0.99)} > 1", 10, "ticket",
        "its 99th percentile passes a second",
    ),
    Alert(
        "PaidanTablesLag", (metrics.TABLES_FRESH_SECONDS,),
        f"{quantile(metrics.TABLES_FRESH_SECONDS, 0.99)} > 1", 10, "ticket",
        "its 99th percentile passes a second: the status shows what was true then",
    ),
    Alert(
        "PaidanWebhookAway", (metrics.NOTIFY_OPEN,), f"{highest(metrics.NOTIFY_OPEN)} > 0", 15, "ticket",
        "it stays 1: this target's webhook is away; what it is owed waits in Kafka ([notices.md](notices.md))",
    ),
    Alert(
        "PaidanBridgeStands", (metrics.BRIDGE_AT_WORK_ON,),
        f"(time() - {exposed_name(metrics.BRIDGE_AT_WORK_ON)}) * ({exposed_name(metrics.BRIDGE_AT_WORK_ON)} > bool 0) "
        "> 300", 5, "ticket",
        "it stays the same: the cluster on the other side is away, and what is to cross waits in Kafka "
        "([hubs.md](hubs.md))",
    ),
    Alert(
        "PaidanBridgeRefused", (metrics.BRIDGE_KEPT,),
        f"{risen(metrics.BRIDGE_KEPT, '1h', _LOST_STEPS)} > 0", 0, "ticket",
        "it rises with `reason` `refused`, `no-hub` or `unreadable`: the two platforms may not agree on an order; the "
        "bridge's log names it",
    ),
    Alert(
        "PaidanHubAway", (metrics.HUB_HEARD,),
        f"time() - max by (hub) ({exposed_name(metrics.HUB_HEARD)}) > 300", 5, "ticket",
        "it stays the same: this hub has not told its figures for minutes; its bridge, its cluster or the link between "
        "is away ([hubs.md](hubs.md))",
    ),
    Alert(
        "PaidanPackMissing", (metrics.PACK_MISSING,), f"{highest(metrics.PACK_MISSING)} > 0", 5, "page",
        "it stays 1: the role waits for the city pack in force, which it cannot load from the store "
        "([city-pack.md](city-pack.md))",
    ),
    Alert(
        "PaidanCalendarEnds", (metrics.CALENDAR_ENDS,),
        f"({highest(metrics.CALENDAR_ENDS)} > 0) - time() < 30 * 86400", 60, "ticket",
        "it comes within a month: `calendar.csv` names no holidays of the year that follows, into which limits in "
        "working time reach; publish a pack with that year's days ([city-pack.md](city-pack.md#tables))",
    ),
    Alert(
        "PaidanTokenEnds", (metrics.GATEWAY_TOKEN_ENDS,),
        f"({highest(metrics.GATEWAY_TOKEN_ENDS)} > 0) - time() < 14 * 86400", 60, "ticket",
        "it comes within two weeks: whoever has that token is refused from then on; `paidan token list` names it. Hand "
        "a new one out, and revoke the old one ([access.md](access.md#tokens-in-a-file))",
    ),
    Alert(
        "PaidanCertificateEnds", (metrics.CERTIFICATE_ENDS,),
        f"{lowest(metrics.CERTIFICATE_ENDS)} - time() < 14 * 86400", 60, "ticket",
        "it comes within two weeks: a role that has this file then speaks with Kafka no more. Put a new certificate in "
        "its place, and start the roles again one after the other; of an authority put the next one beside it first",
    ),
    Alert(
        "PaidanModelNotLoaded", (metrics.MODEL_LOAD_FAILURES,), f"{risen(metrics.MODEL_LOAD_FAILURES, '1h')} > 0", 0,
        "ticket", "it moves: the promoted classifier could not be loaded, the old one stays in force",
    ),
    Alert(
        "PaidanDrifts", (metrics.DRIFT_ALARM,), f"{highest(metrics.DRIFT_ALARM)} > 0", 60, "ticket",
        "it stays 1: the newest orders are unlike what the classifier learnt ([learning.md](learning.md))",
    ),
)  # fmt: skip


def rules() -> str:
    """A file of alerting rules for Prometheus, in JSON, which is YAML too."""
    group = {"name": "paidan", "rules": [_rule(alert) for alert in ALERTS]}
    return json.dumps({"groups": [group]}, indent=2, ensure_ascii=False) + "\n"


def _rule(alert: Alert) -> dict[str, object]:
    subject = " and ".join(map(exposed_name, alert.metrics))
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": f"{alert.minutes}m",
        "labels": {"severity": alert.severity},
        "annotations": {"summary": f"{subject}: {alert.look}"},
    }
