from math import log, sqrt

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import norm
from sklearn.metrics import average_precision_score, roc_auc_score

from pipeline.measure import bootstrap
from pipeline.table.weights import ones

BOOTSTRAP = {"confidence": 0.95, "draws": 200, "seed": 5}


def bootstrap_logit(y, probability, metric, **how):
    """Of one metric, of rows without declared weights."""
    return bootstrap.bootstrap_logit(y, probability, [metric], weight=ones(len(y)), **how)[metric]


def drawn_row_by_row(y, probability, metric, *, confidence, draws, seed, weight=None):
    """The interval by drawing rows and handing them to scikit-learn."""
    random = np.random.default_rng(seed)
    positive, negative = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    scores = []
    for _ in range(draws):
        rows = np.concatenate([each[random.integers(len(each), size=len(each))] for each in (positive, negative)])
        scores.append(metric(y[rows], probability[rows], sample_weight=None if weight is None else weight[rows]))
    half = norm.ppf((1 + confidence) / 2) * np.std(logit(scores), ddof=1)
    return 1 / (1 + np.exp(-(logit(metric(y, probability, sample_weight=weight)) + np.array([-half, half]))))


def overlapping(rows, positives, *, seed):
    """Scores with ties, in steps of .05, that tell the classes apart somewhat."""
    y = np.repeat([1, 0], [positives, rows - positives])
    score = np.random.default_rng(seed).normal(np.where(y == 1, 0.6, 0.35), 0.15)
    return y, np.round(np.clip(score, 0, 1) * 20) / 20


def test_bootstrap_equals_drawing_row_by_row():
    y, probability = overlapping(120, 30, seed=0)
    how = {"confidence": 0.9, "draws": 40, "seed": 7}
    for name, metric in (("average_precision", average_precision_score), ("roc_auc", roc_auc_score)):
        assert bootstrap_logit(y, probability, name, **how) == pytest.approx(
            tuple(drawn_row_by_row(y, probability, metric, **how)), abs=1e-12
        )
    both = bootstrap.bootstrap_logit(y, probability, ["average_precision", "roc_auc"], weight=ones(len(y)), **how)
    assert both == {name: bootstrap_logit(y, probability, name, **how) for name in both}
    weight = np.arange(1.0, len(y) + 1)
    for name, metric in (("average_precision", average_precision_score), ("roc_auc", roc_auc_score)):
        found = bootstrap.bootstrap_logit(y, probability, [name], weight=weight, **how)[name]
        assert found == pytest.approx(tuple(drawn_row_by_row(y, probability, metric, weight=weight, **how)), abs=1e-12)


def test_bootstrap_lies_about_the_estimate_and_widens_with_confidence():
    y, probability = overlapping(300, 40, seed=1)
    low, high = bootstrap_logit(y, probability, "average_precision", **BOOTSTRAP)
    wider = bootstrap_logit(y, probability, "average_precision", **{**BOOTSTRAP, "confidence": 0.99})
    assert 0 < wider[0] < low < average_precision_score(y, probability) < high < wider[1] < 1
    # Four times the rows, half the width: .5 give or take what 200 draws leave open.
    more = bootstrap_logit(np.tile(y, 4), np.tile(probability, 4), "average_precision", **BOOTSTRAP)
    assert 0.4 < (logit(more[1]) - logit(more[0])) / (logit(high) - logit(low)) < 0.6


def test_bootstrap_is_its_seeds_alone_and_ranks_are_all_it_needs():
    y, probability = overlapping(120, 30, seed=2)
    for metric in ("average_precision", "roc_auc"):
        once = bootstrap_logit(y, probability, metric, **BOOTSTRAP)
        assert bootstrap_logit(y, probability, metric, **BOOTSTRAP) == once
        assert bootstrap_logit(y, probability**3 / 7, metric, **BOOTSTRAP) == once
        assert bootstrap_logit(y, probability, metric, **{**BOOTSTRAP, "seed": 6}) != once


def test_bootstrap_draws_at_the_end_of_the_scale_are_put_half_way():
    # One positive above the negative, one below: a draw has 0, 1 or 2 of the upper one, ROC AUC 0, 1/2 or 1.
    y, probability = np.array([1, 1, 0]), np.array([0.9, 0.1, 0.5])
    low, high = bootstrap_logit(y, probability, "roc_auc", confidence=0.95, draws=20_000, seed=0)
    # 1/4 at 1/4, half-way from 0; 1/2 at 1/2; 1/4 at 3/4, half-way to 1: logits -log 3, 0, log 3.
    assert (logit(high) - logit(low)) / 2 == pytest.approx(1.959964 * log(3) * sqrt(0.5), rel=0.01)
    assert (logit(high) + logit(low)) / 2 == pytest.approx(0, abs=1e-12)


def test_bootstrap_without_a_class_or_without_an_error_is_none():
    probability = np.array([0.1, 0.2, 0.8, 0.9])
    for metric in ("average_precision", "roc_auc"):
        for y in ([0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 1]):
            assert bootstrap_logit(np.array(y), probability, metric, **BOOTSTRAP) is None


def test_bootstrap_of_equal_probabilities_is_the_point_that_no_row_can_move():
    y, probability = np.array([1, 0, 0, 0]), np.full(4, 0.3)
    for metric, value in (("average_precision", 0.25), ("roc_auc", 0.5)):
        assert bootstrap_logit(y, probability, metric, **BOOTSTRAP) == pytest.approx((value, value), abs=1e-12)
