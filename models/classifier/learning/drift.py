"""Whether the world still looks like what the model learnt: pure figures for `/status` and the alarms."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from models.classifier.learning.measures import ece, ece_band

# Industry practice for credit scorecards (Siddiqi 2006): below 0.1 stable, above 0.25 shifted.
PSI_WATCH, PSI_ALARM = 0.1, 0.25
_FLOOR = 0.5


def psi(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """Population stability index of the class mix: sum of (q - p) ln(q / p); 0 when either is empty.

    Half an order is added to every class on both sides, so that an empty one gives a finite figure.
    """
    names = sorted({*before, *now})
    if not sum(before.values()) or not sum(now.values()):
        return 0.0
    p = np.array([before.get(name, 0) + _FLOOR for name in names])
    q = np.array([now.get(name, 0) + _FLOOR for name in names])
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def psi_limit(before: Mapping[str, int], now: Mapping[str, int], shifted: float = PSI_ALARM) -> float:
    """`shifted`, or where that is more, what two samples of one and the same mix stay below 95 times in 100.

    Without any shift the index is distributed as (1/n + 1/m) chi-squared with classes - 1 degrees of freedom (Yurdakul
    2018), so with many classes and few orders chance alone passes the usual limits.
    """
    n, m, classes = sum(before.values()), sum(now.values()), len({*before, *now})
    if not n or not m or classes < 2:
        return shifted
    # As chi2.ppf of scipy.stats works it out, which takes a second to import; this takes a tenth of one, and is here so
    # that whoever watches need not wait for it to start.
    from scipy.special import gammaincinv

    quantile = 2 * float(gammaincinv((classes - 1) / 2, 0.95))
    return max(shifted, quantile * (1 / n + 1 / m))


def unseen_vocabulary(known: Sequence[float]) -> float:
    """The mean share of pieces that the model has not seen, over messages (`Encoded.known`); 0 for no message."""
    return float(1 - np.mean(known)) if len(known) else 0.0


class CalibrationCheck(msgspec.Struct, frozen=True):
    """Calibration error on recent labels, and the 97.5 % limit that a perfectly calibrated model would respect."""

    orders: int
    error: float
    limit: float

    @property
    def alarm(self) -> bool:
        """More miscalibrated than chance explains."""
        return self.error > self.limit


def recent_calibration(probability: Sequence[float], right: Sequence[bool]) -> CalibrationCheck:
    """The check on recent orders with a final label: the guesses' probabilities, and whether each was right."""
    confidence = np.asarray(probability, dtype=np.float64)
    if not len(confidence):
        return CalibrationCheck(0, 0.0, 0.0)
    return CalibrationCheck(
        len(confidence), ece(confidence, np.asarray(right, dtype=np.bool_)), ece_band(confidence, draws=500)[1]
    )
