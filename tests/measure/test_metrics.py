import json
from math import log, sqrt

import numpy as np
import pandas as pd
import pytest
from cuts import at
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as theirs

from pipeline.measure.binary import at_threshold, confusion
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.measure.thresholds import Threshold
from pipeline.table.weights import ones

CELL = st.integers(0, 40)


def of_matrix(**cells):
    """Each metric of decisions, of these cells."""
    return {metric.name: metric.binary(**cells) for metric in TWO_CLASSES.metrics("decisions")}


def threshold_free(actual, probability):
    """Each metric of probabilities, of rows without declared weights."""
    weight = ones(len(actual))
    return {metric.name: metric.binary(actual, probability, weight) for metric in TWO_CLASSES.metrics("probabilities")}


def test_metrics_of_hand_counted_matrix():
    # The article's benchmark: 285 non-buyers, 15 buyers.
    assert of_matrix(tn=281, fp=4, fn=12, tp=3) == pytest.approx(
        {
            "precision": 3 / 7,
            "recall": 3 / 15,
            "specificity": 281 / 285,
            "accuracy": 284 / 300,
            "f1": 6 / 22,
            "balanced_accuracy": (3 / 15 + 281 / 285) / 2,
            "g_mean": sqrt(3 / 15 * 281 / 285),
            "mcc": (3 * 281 - 4 * 12) / sqrt(7 * 15 * 285 * 293),
        },
        rel=1e-14,
    )


def test_a_perfect_and_a_perfectly_wrong_matrix():
    assert set(of_matrix(tn=9, fp=0, fn=0, tp=4).values()) == {1.0}
    wrong = of_matrix(tn=0, fp=9, fn=4, tp=0)
    assert wrong.pop("mcc") == -1.0
    assert set(wrong.values()) == {0.0}


def test_cells_of_hand_counted_rows():
    #                   tp tn fn fp tn tn
    actual = np.array([1, 0, 1, 0, 0, 0])
    predicted = np.array([True, False, False, True, False, False])
    assert confusion(actual, predicted, ones(6)) == {"tn": 3, "fp": 1, "fn": 1, "tp": 1}


@pytest.mark.parametrize(
    ("cells", "undefined"),
    [
        ({"tn": 9, "fp": 0, "fn": 3, "tp": 0}, {"precision", "mcc"}),  # nobody is predicted positive
        ({"tn": 0, "fp": 9, "fn": 0, "tp": 3}, {"mcc"}),  # everybody is
        ({"tn": 9, "fp": 3, "fn": 0, "tp": 0}, {"recall", "balanced_accuracy", "g_mean", "mcc"}),  # no positives
        ({"tn": 0, "fp": 0, "fn": 1, "tp": 3}, {"specificity", "balanced_accuracy", "g_mean", "mcc"}),  # no negatives
        ({"tn": 9, "fp": 0, "fn": 0, "tp": 0}, {"precision", "recall", "f1", "balanced_accuracy", "g_mean", "mcc"}),
        (
            {"tn": 0, "fp": 0, "fn": 0, "tp": 0},
            {"precision", "recall", "specificity", "accuracy", "f1", "balanced_accuracy", "g_mean", "mcc"},
        ),
    ],
)
def test_a_metric_that_divides_by_nothing_is_none_and_no_other(cells, undefined):
    assert {name for name, value in of_matrix(**cells).items() if value is None} == undefined


@settings(max_examples=60, deadline=None)
@given(CELL, CELL, CELL, CELL)
def test_metrics_of_any_matrix_agree_with_scikit_learn(tn, fp, fn, tp):
    if tn + fp + fn + tp == 0:
        return
    actual = np.repeat([0, 0, 1, 1], [tn, fp, fn, tp])
    predicted = np.repeat([0, 1, 0, 1], [tn, fp, fn, tp])
    ours = of_matrix(**confusion(actual, predicted == 1, ones(len(actual))))
    expected = {
        "precision": theirs.precision_score(actual, predicted, zero_division=np.nan),
        "recall": theirs.recall_score(actual, predicted, zero_division=np.nan),
        "specificity": theirs.recall_score(actual, predicted, pos_label=0, zero_division=np.nan),
        "f1": theirs.f1_score(actual, predicted, zero_division=np.nan),
        "accuracy": theirs.accuracy_score(actual, predicted),
    }
    for name, value in expected.items():
        assert ours[name] == (None if np.isnan(value) else pytest.approx(value, abs=1e-12)), name
    if 0 < actual.mean() < 1:
        assert ours["balanced_accuracy"] == pytest.approx(theirs.balanced_accuracy_score(actual, predicted), abs=1e-12)
        if 0 < predicted.mean() < 1:
            assert ours["mcc"] == pytest.approx(theirs.matthews_corrcoef(actual, predicted), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(CELL, CELL, CELL, CELL)
def test_swapping_the_classes_swaps_recall_and_specificity_and_keeps_the_rest(tn, fp, fn, tp):
    one, other = of_matrix(tn=tn, fp=fp, fn=fn, tp=tp), of_matrix(tn=tp, fp=fn, fn=fp, tp=tn)
    assert (one["recall"], one["specificity"]) == (other["specificity"], other["recall"])
    for name in ("accuracy", "balanced_accuracy", "g_mean", "mcc"):
        assert one[name] == pytest.approx(other[name], abs=1e-15), name


def test_a_row_on_the_threshold_is_predicted_positive():
    rows = pd.DataFrame({"y": [0, 1], "probability": [0.3, 0.3], "score": [-0.85, -0.85]})
    for cut, found in ((-0.85, 1), (np.nextafter(-0.85, 0), 0)):
        tuned = TWO_CLASSES.holdout(rows, tuned=Threshold(0.3, cut), trained=np.empty(0), confidence=0.95)["tuned"]
        assert (tuned["threshold"], tuned["threshold_score"], tuned["tp"], tuned["fp"]) == (0.3, cut, found, found)


def test_intervals_are_of_the_counts_their_proportion_divides():
    # tn 3, fp 2, fn 1, tp 4
    actual = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    probability = np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.4, 0.6, 0.7, 0.8, 0.9])
    found = at_threshold(actual, probability >= 0.5, 0.5, ones(10), confidence=0.9)["intervals"]
    counts = {"precision": (4, 6), "recall": (4, 5), "specificity": (3, 5), "accuracy": (7, 10)}
    assert found.keys() == counts.keys()
    for name, (successes, trials) in counts.items():
        theirs_ = binomtest(successes, trials).proportion_ci(0.9, method="wilson")
        assert found[name] == pytest.approx([theirs_.low, theirs_.high], abs=1e-12), name


def test_metrics_without_a_threshold_of_four_rows_by_hand():
    actual, probability = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    assert threshold_free(actual, probability) == pytest.approx(
        {
            "roc_auc": 3 / 4,  # of four pairs, (.4, .35) is in the wrong order
            "average_precision": (1 / 1 + 2 / 3) / 2,  # precision where each positive stands: first, and third
            "prevalence": 1 / 2,
            "log_loss": -(log(0.9) + log(0.6) + log(0.35) + log(0.8)) / 4,
            "brier": (0.01 + 0.16 + 0.4225 + 0.04) / 4,
            "brier_skill": 1 - 0.158125 / 0.25,
            "calibration_ratio": 0.4125 / 0.5,
        },
        rel=1e-12,
    )


def test_a_model_that_says_the_prevalence_to_everyone_has_no_skill():
    actual = np.array([1, 0, 0, 0])
    found = threshold_free(actual, np.full(4, 0.25))
    assert found["brier_skill"] == pytest.approx(0, abs=1e-15)
    assert (found["roc_auc"], found["average_precision"], found["calibration_ratio"]) == (0.5, 0.25, 1.0)


def test_ranking_metrics_stay_when_probabilities_are_stretched():
    actual, probability = np.array([0, 0, 1, 0, 1, 0]), np.array([0.05, 0.1, 0.15, 0.2, 0.3, 0.4])
    before, after = threshold_free(actual, probability), threshold_free(actual, probability**3)
    for name in ("roc_auc", "average_precision"):
        assert before[name] == after[name]
    assert before["brier"] != after["brier"]


def test_metrics_that_need_both_classes_are_none_with_one():
    probability = np.array([0.2, 0.4])
    negatives, positives = threshold_free(np.zeros(2), probability), threshold_free(np.ones(2), probability)
    assert {name for name, value in negatives.items() if value is None} == {
        "roc_auc",
        "average_precision",
        "brier_skill",
        "calibration_ratio",
    }
    # Of positives alone any ranking has an average precision of 1.
    undefined = {"roc_auc", "average_precision", "brier_skill"}
    assert {name for name, value in positives.items() if value is None} == undefined
    assert negatives["brier"] == pytest.approx((0.04 + 0.16) / 2)


def test_holdout_holds_integer_cells_at_both_thresholds_and_is_json():
    rows = pd.DataFrame({"y": np.array([0, 0, 0, 1], dtype="int8"), "probability": [0.1, 0.2, 0.4, 0.3]})
    how = {"trained": np.array([0.75, 0.25]), "confidence": 0.95}
    found = TWO_CLASSES.holdout(rows, tuned=at(0.3), **how)
    assert (found["rows"], found["positives"]) == (4, 1)
    cells = {point: {c: found[point][c] for c in ("tn", "fp", "fn", "tp")} for point in ("default", "tuned")}
    assert cells == {"default": {"tn": 3, "fp": 0, "fn": 1, "tp": 0}, "tuned": {"tn": 2, "fp": 1, "fn": 0, "tp": 1}}
    assert {type(cell) for point in cells.values() for cell in point.values()} == {int}
    assert found["default"]["precision"] is None
    assert found["default"]["intervals"]["precision"] is None
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert TWO_CLASSES.holdout(rows, tuned=None, **how)["tuned"] is None
