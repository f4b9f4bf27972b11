"""The metrics as Prometheus has them: their names, labels and kinds, and the expressions that are asked of them."""

from collections.abc import Iterator

from prometheus_client import Counter, Gauge, Histogram

from streams import metrics

Metric = Counter | Gauge | Histogram
WINDOW = "5m"  # of every rate: several scrapes of a Prometheus that asks each 15 to 60 s


def all_metrics() -> Iterator[Metric]:
    """Every metric of every role, in the order of `streams/metrics.py`."""
    return (each for each in vars(metrics).values() if isinstance(each, Counter | Gauge | Histogram))


def exposed_name(metric: Metric) -> str:
    """The name of its series: a counter's ends with `_total`; a histogram's is followed by `_bucket`."""
    [family] = metric.describe()
    return f"{family.name}_total" if isinstance(metric, Counter) else family.name


def meaning(metric: Metric) -> str:
    """What it counts or measures."""
    [family] = metric.describe()
    return family.documentation


def labels(metric: Metric) -> tuple[str, ...]:
    """The labels that tell its series apart."""
    return tuple(map(str, metric._labelnames))


def risen(metric: Counter, window: str = WINDOW, where: str = "") -> str:
    """By how much a counter has grown in the window, of all processes together, for each value of its labels.

    `increase` takes no notice of a series' first value, so one that was not there before the window counts whole.
    """
    series = f"{exposed_name(metric)}{where}"
    grown = f"increase({series}[{window}]) > 0 or ({series} unless {series} offset {window})"
    return f"sum{_by(labels(metric))}({grown})"


def rate(metric: Counter) -> str:
    """How often a second, of all processes together, for each value of its labels."""
    return f"sum{_by(labels(metric))}(rate({exposed_name(metric)}[{WINDOW}]))"


def highest(metric: Gauge) -> str:
    """The highest value that any process gives, for each value of its labels."""
    return f"max{_by(labels(metric))}({exposed_name(metric)})"


def lowest(metric: Gauge) -> str:
    """The lowest value above zero that any process gives, for each value of its labels."""
    return f"min{_by(labels(metric))}({exposed_name(metric)} > 0)"


def quantile(metric: Histogram, share: float) -> str:
    """What so many of the window's observations lie below, of all processes together, for each value of its labels."""
    buckets = f"rate({exposed_name(metric)}_bucket[{WINDOW}])"
    return f"histogram_quantile({share}, sum{_by(('le', *labels(metric)))}({buckets}))"


def _by(names: tuple[str, ...]) -> str:
    return f" by ({', '.join(names)}) " if names else ""
