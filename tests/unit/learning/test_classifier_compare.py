"""Verdicts on candidates, drift figures: known answers."""

import numpy as np
import pytest

from models.classifier.judging.compare import holm, promotable
from models.classifier.learning.drift import PSI_ALARM, PSI_WATCH, psi, recent_calibration, unseen_vocabulary
from streams.terminal.verdict import show_verdict

TRUTH = ["a"] * 100 + ["b"] * 100


def with_errors(count: int, start: int = 0) -> list[str]:
    """The truth, wrong on `count` rows from `start` on."""
    return ["wrong" if start <= n < start + count else label for n, label in enumerate(TRUTH)]


def test_a_better_candidate_may_be_promoted() -> None:
    """Ten errors fewer: a gain with an interval above 0 and the exact McNemar p of 10 against 0."""
    verdict = promotable(with_errors(10), TRUTH, TRUTH)
    assert verdict.promotable
    assert verdict.gain.mean == pytest.approx(0.05)
    assert verdict.gain.low > 0
    assert verdict.p == pytest.approx(2 * 0.5**10)


def test_a_candidate_with_shuffled_labels_is_refused(seed: int) -> None:
    """Poison: the whole loses more than half a point, and each class says so."""
    shuffled = np.random.default_rng(seed).permutation(np.array(TRUTH)).tolist()
    verdict = promotable(with_errors(5), shuffled, TRUTH)
    assert not verdict.promotable
    assert any("the whole loses" in reason for reason in verdict.reasons)


def test_one_ruined_class_is_refused_though_the_whole_gains() -> None:
    """Class b loses 15 of 100 while class a gains 40: better on the whole, refused all the same."""
    verdict = promotable(with_errors(40), with_errors(15, start=100), TRUTH)
    assert verdict.gain.mean > 0
    assert not verdict.promotable
    assert [change.name for change in verdict.classes if change.worse] == ["b"]


def test_noise_in_a_class_is_not_held_against_the_candidate() -> None:
    """One order lost in one class and three won in the other is no significant loss."""
    assert promotable(with_errors(3), with_errors(1, start=100), TRUTH).promotable


@pytest.mark.slow
def test_a_class_with_few_orders_is_not_judged_apart() -> None:
    """Fewer than 50 orders say nothing about one class alone."""
    truth = ["a"] * 49 + ["b"] * 5000
    verdict = promotable(truth, ["b"] * 10 + truth[10:], truth)
    assert [change.name for change in verdict.classes] == ["b"]
    assert verdict.promotable


def test_without_orders_nothing_is_promoted() -> None:
    """No evidence is no reason to change."""
    assert promotable([], [], []).reasons == ("there is no order to compare on",)


def test_rows_of_different_lengths_are_refused() -> None:
    """The same orders, or none."""
    with pytest.raises(ValueError, match="cannot be compared"):
        promotable(["a"], ["a", "b"], ["a"])


def test_holm_steps_down() -> None:
    """The example of Holm's paper: 0.01, 0.04, 0.03 become 0.03, 0.06, 0.06."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@pytest.mark.slow
def test_near_duplicates_widen_the_interval() -> None:
    """Ten copies of each order are no more evidence than one."""
    active = ["wrong" if n % 4 == 0 else "a" for n in range(200)]
    alone = promotable(active, ["a"] * 200, ["a"] * 200)
    copies = promotable(active, ["a"] * 200, ["a"] * 200, [n // 40 for n in range(200)])
    repeated = promotable(sorted(active), ["a"] * 200, ["a"] * 200, [n // 40 for n in range(200)])
    assert alone.gain.mean == copies.gain.mean == repeated.gain.mean
    assert repeated.gain.high - repeated.gain.low > alone.gain.high - alone.gain.low


def test_a_stable_mix_has_no_drift_and_a_swapped_one_alarms() -> None:
    """The population stability index is about 0 for the same mix and large for another."""
    assert psi({"a": 900, "b": 100}, {"a": 450, "b": 50}) < PSI_WATCH
    assert psi({"a": 900, "b": 100}, {"a": 100, "b": 900}) > PSI_ALARM
    assert psi({}, {"a": 1}) == 0


def test_a_class_that_appears_gives_a_finite_index() -> None:
    """Half an order is added to every class."""
    assert np.isfinite(psi({"a": 100}, {"a": 50, "new": 50}))


def test_unseen_vocabulary_is_the_mean_unknown_share() -> None:
    """And 0 without messages."""
    assert unseen_vocabulary([1.0, 0.5]) == pytest.approx(0.25)
    assert unseen_vocabulary([]) == 0


def test_recent_calibration_alarms_only_beyond_chance(seed: int) -> None:
    """Honest probabilities stay below the limit; answers half as good as stated do not."""
    chance = np.random.default_rng(seed)
    stated = chance.uniform(0.5, 1.0, 2000)
    assert recent_calibration(stated.tolist(), (chance.random(2000) < stated * 0.5).tolist()).alarm
    honest = recent_calibration(stated.tolist(), (chance.random(2000) < stated).tolist())
    assert honest.error < 2 * honest.limit
    assert recent_calibration([], []).orders == 0


def test_where_there_is_no_order_to_compare_on_only_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither accuracies of nothing nor a table without rows."""
    verdict = promotable([], [], [])

    show_verdict(verdict, verdict.reasons)

    assert capsys.readouterr().out == "refused: there is no order to compare on\n"
