"""Whether a model may replace another: both judged by the same orders of the log, later than both models' training."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from dispatcher.order.final_label import Label
from models.classifier import Classifier
from models.classifier.judging.compare import LEVEL, Verdict, promotable
from models.classifier.learning.cross_validation import clusters
from models.classifier.learning.labelled import Labelled
from models.classifier.serving.artefact import Manifest
from models.classifier.serving.vectoriser import count
from models.times import from_text, to_ms
from streams.learning.labels import as_rows

LEAST_ORDERS = 100


class Judgement(msgspec.Struct, frozen=True):
    """What the comparison came to: on every order since `after` (ms UTC), and on those that people judged unseen.

    `reasons` says why the candidate is refused; empty when it may be promoted.
    """

    after: int
    every: Verdict
    blind: Verdict
    reasons: tuple[str, ...]


def trained_until(manifest: Manifest) -> int:
    """The instant (ms UTC) after which orders are new to a model: that of its newest label, or the end of its day."""
    trained = manifest.provenance.trained
    if "T" in trained:
        return from_text(trained)
    return to_ms(datetime.fromisoformat(f"{date.fromisoformat(trained) + timedelta(days=1)}T00:00:00+00:00"))


def judge(active: Classifier, candidate: Classifier, labels: Sequence[Label], zone: ZoneInfo) -> Judgement:
    """Both models guess anew what each order is that opened after both were trained and has a sure label.

    The orders that the active model dispatched and a department then handled confirm its guesses, so on all orders
    it is judged too kindly; on the blind ones both are judged alike.
    """
    after = max(trained_until(active.manifest), trained_until(candidate.manifest))
    later = [label for label in labels if label.opened_at > after and label.sure]
    every = verdict(active, candidate, as_rows(later, zone))
    blind = verdict(active, candidate, as_rows([label for label in later if label.blind], zone))
    reasons = list(every.reasons)
    if every.orders < LEAST_ORDERS:
        reasons = [
            f"only {every.orders} labelled orders are later than both models' training; {LEAST_ORDERS} are needed"
        ]
    # Exact McNemar test, one-sided: half of the two-sided p, as the distribution is symmetric.
    if blind.gain.mean < 0 and blind.p / 2 < LEVEL:
        reasons.append(f"blind reviews: {blind.active:.3f} -> {blind.candidate:.3f} on {blind.orders} orders")
    return Judgement(after, every, blind, tuple(reasons))


def verdict(active: Classifier, candidate: Classifier, rows: Labelled) -> Verdict:
    """Both models on the same rows, near-duplicates counted as one draw."""
    first, second = (
        [guess.category for guess in model.classify(rows.texts, rows.contexts)] for model in (active, candidate)
    )
    return promotable(first, second, rows.labels, clusters(count(rows.texts)).tolist() if len(rows) else None)
