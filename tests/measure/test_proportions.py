import numpy as np
import pytest
from scipy.stats import binom, binomtest
from scipy.stats.contingency import relative_risk

from pipeline.measure import binary
from pipeline.measure.proportions import share_of_classes, wilson


def test_wilson_limits_of_no_and_all_successes_by_hand():
    # z = 1.959964, z^2 = 3.841459; at no success the upper limit is z^2 / (n + z^2) = 3.841459 / 13.841459.
    assert wilson(0, 10, confidence=0.95) == (0.0, pytest.approx(0.2775328, abs=1e-7))
    assert wilson(10, 10, confidence=0.95) == (pytest.approx(1 - 0.2775328, abs=1e-7), 1.0)


def test_wilson_equals_scipy():
    for confidence in (0.8, 0.95, 0.99):
        for trials in (1, 2, 15, 300, 100_000):
            for successes in sorted({0, 1, trials // 3, trials // 2, trials - 1, trials}):
                theirs = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
                assert wilson(successes, trials, confidence=confidence) == pytest.approx(
                    (theirs.low, theirs.high), abs=1e-12
                )


def test_wilson_without_trials_is_none():
    assert wilson(0, 0, confidence=0.95) is None


def test_wilson_covers_the_truth_about_as_often_as_it_says():
    # Enumerated: at n = 15 the nominal 95 % is 91.4 % at worst, 95.4 % on average (Wald's interval: 53.6 % at worst).
    truth = np.linspace(0.05, 0.95, 9001)
    covered = np.zeros_like(truth)
    for successes in range(16):
        low, high = wilson(successes, 15, confidence=0.95)
        covered += binom.pmf(successes, 15, truth) * ((low <= truth) & (truth <= high))
    assert covered.min() == pytest.approx(0.9144, abs=5e-4)
    assert covered.mean() == pytest.approx(0.9543, abs=5e-4)


def test_wilson_of_failures_mirrors_wilson_of_successes():
    low, high = wilson(3, 15, confidence=0.95)
    assert wilson(12, 15, confidence=0.95) == pytest.approx((1 - high, 1 - low), abs=1e-15)
    wider = wilson(3, 15, confidence=0.99)
    assert wider[0] < low < 3 / 15 < high < wider[1]


def test_the_share_of_classes_is_scipy_s_relative_risk_of_the_classes():
    for right, n, wrong, m, weight in [(300, 600, 60, 6000, 33.0), (1, 20, 1, 30, 2.5), (40, 50, 3, 500, 0.2)]:
        risk = relative_risk(wrong, m, right, n).confidence_interval(0.9)
        # Precision is 1 / (1 + weight of false alarms / right alerts).
        ends = [1 / (1 + weight * m / n * ratio) for ratio in (risk.high, risk.low)]
        assert share_of_classes((right, n, 1.0), (wrong, m, weight), confidence=0.9) == pytest.approx(ends)
    assert share_of_classes((0, 20, 1.0), (3, 30, 2.0), confidence=0.9) is None
    assert share_of_classes((2, 20, 1.0), (0, 30, 2.0), confidence=0.9) is None


@pytest.mark.slow
def test_precision_of_a_sample_of_the_negatives_is_covered_as_often_as_asked():
    random, found = np.random.default_rng(0), []
    y, weight = np.repeat([1, 0], [600, 6000]), np.repeat([1.0, 33.0], [600, 6000])
    truth = 300 / (300 + 33 * 60)
    for _ in range(600):
        decision = random.random(y.size) < np.where(y == 1, 0.5, 0.01)
        low, high = binary.at_threshold(y, decision, 0.5, weight, confidence=0.95)["intervals"]["precision"]
        found.append(low <= truth <= high)
    assert 0.92 <= np.mean(found) <= 0.98


def test_other_intervals_and_weights_keep_effective_numbers_of_rows():
    y, decision = np.repeat([1, 0], [40, 60]), np.tile([True, False], 50)
    two, one = np.where(y == 1, 1.0, 3.0), np.full(100, 3.0)
    mixed = np.where(np.arange(100) == 7, 1.5, two)
    both = binary.at_threshold(y, decision, 0.5, two, confidence=0.95)["intervals"]
    assert both["precision"] == pytest.approx(share_of_classes((20, 40, 1.0), (30, 60, 3.0), confidence=0.95))
    assert both["recall"] == pytest.approx(wilson(20, 40, confidence=0.95))
    alike = binary.at_threshold(y, decision, 0.5, one, confidence=0.95)["intervals"]
    assert alike["precision"] == pytest.approx(wilson(20, 50, confidence=0.95))
    effective = 110**2 / (20 + 30 * 9)
    assert binary.at_threshold(y, decision, 0.5, mixed, confidence=0.95)["intervals"]["precision"] != both["precision"]
    assert both["precision"][1] - both["precision"][0] < np.diff(
        wilson(20 / 110 * effective, effective, confidence=0.95)
    )
