import numpy as np
import pytest
from scipy.stats import binom, binomtest

from pipeline.statistics import wilson


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
