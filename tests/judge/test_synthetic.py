import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student_t

from pipeline.judge.synthetic import near_others, sentence, shares


def folds(synthetic, real=0.2):
    return pd.DataFrame({"synthetic_near_others": synthetic, "real_near_others": real, "rows": 20, "training_rows": 80})


def test_the_interval_is_over_the_folds_with_their_correction():
    values = [0.4, 0.5, 0.3, 0.45]
    found = near_others(folds(values), confidence=0.9)
    half = student_t.ppf(0.95, 3) * np.std(values, ddof=1) * np.sqrt(1 / 4 + 20 / 80)
    assert found == pytest.approx(
        {"synthetic": 0.4125, "low": 0.4125 - half, "high": 0.4125 + half, "real": 0.2}, rel=1e-12
    )


def test_the_interval_stays_within_0_and_1():
    found = near_others(folds([0.0, 0.0, 0.1]), confidence=0.95)
    assert (found["low"], found["high"] < 1) == (0.0, True)
    found = near_others(folds([1.0, 1.0, 0.9]), confidence=0.95)
    assert (found["low"] > 0, found["high"]) == (True, 1.0)


def test_without_synthetic_rows_or_folds_there_is_no_share():
    assert near_others(None, confidence=0.95) is None
    assert near_others(folds([np.nan, np.nan]), confidence=0.95) is None
    assert near_others(folds([np.nan, 0.3]), confidence=0.95) is None  # one fold has no interval
    assert shares(None) == "–"


def test_folds_without_synthetic_rows_are_left_out():
    assert near_others(folds([np.nan, 0.3, 0.5]), confidence=0.95)["synthetic"] == pytest.approx(0.4)


def test_the_share_in_words():
    found = {"synthetic": 0.424, "low": 0.391, "high": 0.457, "real": 0.35}
    assert sentence("smote", found) == (
        "42% of smote's synthetic rows (39% to 46%) are nearest to a held-out row of another class; of real rows of "
        "the same class, 35% are."
    )
