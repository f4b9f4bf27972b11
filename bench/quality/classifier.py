"""Figures of the classifier: gain over a plain pipeline, calibrated doubt, speed, cold start.

    scripts/bench classifier [--json FILE] [--part NAME ...]

The texts come from the optional data folder (`PAIDAN_SHARED`, by default ../shared); without it only the speed on the
bootstrap corpus is measured, and the shipped model judged by the second set. Speed is one core's: run it with
OMP_NUM_THREADS=1.
"""

import argparse
import json
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.quality import second_set
from models.classifier import Classifier
from models.classifier.judging.evaluation import figures, predict
from models.classifier.judging.nested import Yardstick, nested, plain_chinese, plain_english
from models.classifier.learning.bootstrap import bootstrap
from models.classifier.learning.labelled import Labelled, read
from models.classifier.learning.measures import cluster_bootstrap, confusion, macro_f1, top_k
from models.classifier.learning.shipped import TAXONOMY, calibration, corpus, known_before
from models.classifier.learning.taxonomy import Leaf, Taxonomy, read_taxonomy
from models.classifier.learning.training import Recipe, learn_prior, train

Figures = dict[str, Any]
SHARED = Path(os.environ.get("PAIDAN_SHARED") or Path(__file__).parents[3] / "shared") / "data"
# The seven topics of the hotline by groups of the demo city's categories.
TOPICS = {
    "城乡建设": ("road", "utilities", "sanitation", "greening", "street-order", "housing", "safety"),
    "环境保护": ("environment",),
    "交通运输": ("transport",),
    "劳动和社会保障": ("labour",),
    "教育文体": ("education",),
    "商贸旅游": ("commerce",),
    "卫生计生": ("health",),
}
SMALLEST = 10
REPEATS = 10
LENGTH = 400
SINGLES = 1_000
# What `caution = "cautious"` makes of the usual target of 0.97.
CAUTIOUS = 0.985
# Parts that need nothing from the data folder.
OWN = ("speed", "one by one", "second", "cautious", "third", "fourth", "fifth")
ROUNDS = 3


def hotline() -> Labelled:
    """The labelled messages of the hotline."""
    return read([SHARED / "hotline_zh" / "messages.csv"], "text", "label")


def keywords() -> Labelled:
    """The further hotline messages as segmented keywords."""
    return read([SHARED / "hotline_zh" / "extra_keywords.csv"], "text", "label")


def newport() -> Labelled:
    """Newport's descriptions, without Other, categories with at least `SMALLEST`."""
    rows = read([SHARED / "newport_311" / "issues.csv"], "description", "request_type", drop=["", "Other"])
    sizes = Counter(rows.labels)
    return rows.take(n for n, label in enumerate(rows.labels) if sizes[label] >= SMALLEST)


def quality(rows: Labelled, yardstick: Yardstick, extra: Labelled | None, repeats: int) -> Figures:
    """Nested cross-validation, `repeats` times with other folds; the gain is paired, its interval by cluster."""
    gains, found, plain, plain_f1 = [], [], [], []
    prior = learn_prior(known_before())
    for seed in range(repeats):
        outcome = nested(rows, yardstick, extra=extra, prior=prior, seed=seed)
        predictions = outcome.predictions
        right = outcome.plain == predictions.y
        gains.append(predictions.right.astype(np.float64) - right)
        found.append(figures(predictions, "", 0.97))
        plain.append(right.mean())
        plain_f1.append(macro_f1(confusion(predictions.y, outcome.plain, len(predictions.classes))))
    gain = cluster_bootstrap(np.mean(gains, axis=0), outcome.cluster)
    first = found[0]
    return {
        "rows": len(rows),
        "accuracy": float(np.mean([f.accuracy.mean for f in found])),
        "macro_f1": float(np.mean([f.macro_f1 for f in found])),
        "top2": float(np.mean([f.top2 for f in found])),
        "plain accuracy": float(np.mean(plain)),
        "plain macro_f1": float(np.mean(plain_f1)),
        "gain": [gain.mean, gain.low, gain.high],
        "calibration error": first.calibration_error,
        "calibration band": list(first.calibration_band),
        "automatic": first.automatic,
        "automatic accuracy": [first.automatic_accuracy.mean, first.automatic_accuracy.low],
    }


def chinese() -> Figures:
    """Quality on the hotline, once."""
    return quality(hotline(), plain_chinese, keywords(), 1)


def english() -> Figures:
    """Quality on Newport, repeated."""
    return quality(newport(), plain_english, None, REPEATS)


def speed() -> Figures:
    """Messages per CPU second in batches at `LENGTH` characters, one message's time, size, load; beside the plain and
    the shipped one."""
    rows = hotline().plus(keywords()) if SHARED.is_dir() else corpus()
    started = time.process_time()
    data = train(rows, (Recipe(),), prior=learn_prior(known_before()), day="2026-01-01")
    trained = time.process_time() - started
    plain = plain_chinese().fit(rows.texts, rows.labels)
    texts = [(text * LENGTH)[:LENGTH] for text in rows.texts[:2_000]]
    started = time.perf_counter()
    model = Classifier.from_bytes(data)
    loaded = time.perf_counter() - started
    model.classify(texts[:256])
    # In turns, so that a busy machine slows both down alike.
    shipped = Classifier.shipped()
    shipped.classify(texts[:256])
    ours, theirs, whole = [], [], []
    for part in range(0, len(texts), 500):
        ours.append(_rate(model.classify, texts[part : part + 500]))
        whole.append(_rate(shipped.classify, texts[part : part + 500]))
        theirs.append(_rate(plain.predict, texts[part : part + 500]))
    single = [_seconds(model.classify, text) for text in texts[:SINGLES]]
    single_shipped = [_seconds(shipped.classify, text) for text in texts[:SINGLES]]
    single_plain = [_seconds(plain.predict, text) for text in texts[:SINGLES]]
    return {
        "messages/s": float(np.median(ours)),
        "shipped messages/s": float(np.median(whole)),
        "plain messages/s": float(np.median(theirs)),
        "ratio": float(np.median(ours) / np.median(theirs)),
        "single p50, p99 ms": [float(q * 1e3) for q in np.quantile(single, [0.5, 0.99])],
        "shipped single p50, p99 ms": [float(q * 1e3) for q in np.quantile(single_shipped, [0.5, 0.99])],
        "plain single p50, p99 ms": [float(q * 1e3) for q in np.quantile(single_plain, [0.5, 0.99])],
        "megabytes": len(data) / 1e6,
        "load s": loaded,
        "training CPU s": trained,
    }


def one_by_one() -> Figures:
    """What the shipped model takes for each message of the three sets by itself, clauses and all, and for as many in
    hundreds. Of `ROUNDS` rounds the least for each message is its own time, the rest what else the machine did."""
    texts = [
        row.text for path in (second_set.FILE, second_set.THIRD, second_set.FOURTH) for row in second_set.read(path)
    ]
    model = Classifier.shipped()
    model.classify(texts[:256])
    rounds = np.array([[_seconds(model.classify, text) for text in texts] for _ in range(ROUNDS)]) * 1e3
    least = rounds.min(axis=0)
    hundreds = [texts[start : start + 100] for start in range(0, len(texts), 100)]
    return {
        "messages": len(texts),
        "p50, p99, mean ms": [*map(float, np.quantile(rounds, [0.5, 0.99])), float(rounds.mean())],
        "least p50, p99, mean ms": [*map(float, np.quantile(least, [0.5, 0.99])), float(least.mean())],
        "in hundreds messages/s": float(np.median([_rate(model.classify, some) for some in hundreds])),
    }


def _rate(judge: Callable[[list[str]], Any], texts: list[str]) -> float:
    started = time.process_time()
    judge(texts)
    return len(texts) / (time.process_time() - started)


def _seconds(judge: Callable[[list[str]], Any], text: str) -> float:
    started = time.thread_time()
    judge([text])
    return time.thread_time() - started


def cold_start() -> Figures:
    """Top 1 and top 3 on the hotline of a model that saw category names, keywords and the shipped texts alone."""
    categories = read_taxonomy(TAXONOMY)
    topic_of = {group: topic for topic, groups in TOPICS.items() for group in groups}
    words: dict[str, list[str]] = {}
    for category in categories.leaves.values():
        words.setdefault(topic_of[category.group], []).extend((*category.names, *category.keywords))
    taxonomy = Taxonomy({name: Leaf(name, name, (name,), tuple(found), 1.0) for name, found in words.items()})
    own, tried = (_by_topic(rows, categories, topic_of) for rows in (corpus(), calibration()))
    data = bootstrap(taxonomy, own, tried, day="2026-01-01")
    model = Classifier.from_bytes(data)
    predictions, _ = predict(model, hotline())
    found: Figures = {"top1": float(predictions.right.mean()), "top3": top_k(predictions.probability, predictions.y, 3)}
    for target in (0.90, 0.95, 0.97):
        predictions, _ = predict(Classifier.from_bytes(data, target=target), hotline())
        one = figures(predictions, model.id, target)
        found[f"automatic at {target}"] = one.automatic
        found[f"automatic at {target}, accuracy"] = [one.automatic_accuracy.mean, one.automatic_accuracy.low]
    return found


def _by_topic(rows: Labelled, categories: Taxonomy, topic_of: Mapping[str, str]) -> Labelled:
    """The rows under the hotline's topics; what is no fault stays what it is."""
    of = {code: topic_of[group] for code, group in categories.groups.items()}
    return Labelled(rows.texts, [of.get(label, label) for label in rows.labels])


def second() -> Figures:
    """The shipped model, judged by the second set; nothing is trained."""
    return second_set.judge(Classifier.shipped())


def cautious() -> Figures:
    """The same at the target of a city that wants half the errors."""
    return second_set.judge(Classifier.shipped(target=CAUTIOUS))


def third() -> Figures:
    """The shipped model, judged by the third set, which chose between recipes."""
    return second_set.judge(Classifier.shipped(), second_set.THIRD)


def fourth() -> Figures:
    """The shipped model, judged by the fourth set."""
    return second_set.judge(Classifier.shipped(), second_set.FOURTH)


def fifth() -> Figures:
    """The shipped model, judged by the fifth set, of which it has learnt nothing."""
    return second_set.judge(Classifier.shipped(), second_set.FIFTH)


PARTS: dict[str, Callable[[], Figures]] = {
    "speed": speed,
    "one by one": one_by_one,
    "second": second,
    "cautious": cautious,
    "third": third,
    "fourth": fourth,
    "fifth": fifth,
    "cold start": cold_start,
    "english": english,
    "chinese": chinese,
}


def _table(title: str, rows: dict[str, dict[str, float]]) -> Table:
    """A figure that is a table itself; all its rows have the same columns."""
    table = Table("", *next(iter(rows.values())), title=title)
    for name, values in rows.items():
        table.add_row(name, *(f"{value:.4g}" for value in values.values()))
    return table


def main() -> None:
    """Measure, print tables, write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--part", action="append", choices=PARTS, help="measure only this; repeatable")
    asked = parser.parse_args()
    console = Console()
    wanted = asked.part or list(PARTS)
    if not SHARED.is_dir():
        wanted = [part for part in wanted if part in OWN]
        console.print(f"no data folder {SHARED.name!r}: only {' and '.join(wanted) or 'nothing'} can be measured")
    found: dict[str, Figures] = {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
        for part in wanted:
            console.print(f"measuring {part} …", style="dim")
            found[part] = PARTS[part]()
    table = Table("part", "figure", "value")
    tables = []
    for part, values in found.items():
        for name, value in values.items():
            if isinstance(value, dict):
                tables.append(_table(name, value))
                continue
            shown = ", ".join(f"{v:.4g}" for v in value) if isinstance(value, list) else f"{value:.4g}"
            table.add_row(part, name, shown)
    console.print(table, *tables)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
