import numpy as np
import pytest
from cuts import at
from weighted import RULES, alike, holdout, twin, visits, without_counts

from pipeline.config.groups import OBJECTIVES
from pipeline.measure import bootstrap, calibration, proportions, thresholds
from pipeline.measure.binary import at_threshold, confusion
from pipeline.table import weights


def test_metrics_with_whole_weights_are_those_of_repeated_rows():
    y, probability, weight = visits()
    ours = holdout(y, probability, weight, tuned=at(0.37))
    theirs = holdout(*twin(y, probability, weight), tuned=at(0.37))
    assert alike(without_counts(ours), without_counts(theirs))
    assert ours["default"]["tp"] == theirs["default"]["tp"]
    assert (ours["rows"], ours["positives"]) == (120, int(y.sum()))


@pytest.mark.parametrize("rule", RULES, ids=[rule["objective"] for rule in RULES])
def test_thresholds_with_whole_weights_are_those_of_repeated_rows(rule):
    assert {rule["objective"] for rule in RULES} == set(OBJECTIVES)
    for seed in range(20):
        y, probability, weight = visits(seed=seed)
        actual, repeats, ones = twin(y, probability, weight)
        assert thresholds.choose(y, probability, rule, weight=weight) == thresholds.choose(
            actual, repeats, rule, weight=ones
        )


def test_calibration_with_whole_weights_is_that_of_repeated_rows():
    y, probability, weight = visits()
    assert calibration.platt(y, probability, weight) == pytest.approx(
        calibration.platt(*twin(y, probability, weight)), rel=1e-12
    )
    assert alike(
        calibration.calibration(y, probability, weight), calibration.calibration(*twin(y, probability, weight)), 1e-11
    )
    same = np.full(len(y), 0.3)
    assert calibration.platt(y, same, weight) == pytest.approx(calibration.platt(*twin(y, same, weight)), rel=1e-12)


def test_weights_of_one_give_the_figures_of_no_weights():
    y, probability, _ = visits()
    declared, none = np.ones(len(y)), weights.ones(len(y))
    ones = holdout(y, probability, declared, tuned=at(0.37))
    assert ones.pop("effective_positives") == y.sum()
    assert ones == holdout(y, probability, none, tuned=at(0.37))
    how = {"confidence": 0.95, "draws": 200, "seed": 1}
    weighted, plain = (
        bootstrap.bootstrap_logit(y, probability, ("average_precision", "roc_auc"), weight=weight, **how)
        for weight in (declared, none)
    )
    assert weighted == plain


def test_without_weights_a_confusion_matrix_counts_rows_in_whole_numbers_and_libraries_get_no_weights():
    y, probability, _ = visits()
    cells = confusion(y, probability >= 0.37, weights.ones(len(y)))
    assert all(type(count) is int for count in cells.values())
    assert weights.for_library(weights.ones(3)) is None
    assert weights.for_library(np.ones(3)).tolist() == [1.0, 1.0, 1.0]


def test_ten_times_the_weights_leave_proportions_intervals_and_choices():
    y, probability, _ = visits()
    weight = np.random.default_rng(5).uniform(0.2, 3.0, len(y))
    for rule in RULES:
        assert thresholds.choose(y, probability, rule, weight=weight) == thresholds.choose(
            y, probability, rule, weight=10 * weight
        )
    one, ten = (at_threshold(y, probability >= 0.37, 0.37, w, confidence=0.95) for w in (weight, 10 * weight))
    for cell in ("tn", "fp", "fn", "tp"):
        assert ten.pop(cell) == pytest.approx(10 * one.pop(cell))
    for name, ends in one.pop("intervals").items():
        assert ten["intervals"][name] == pytest.approx(ends)
    ten.pop("intervals")
    assert ten == pytest.approx(one)
    free, times_ten = (holdout(y, probability, w, tuned=None)["threshold_free"] for w in (weight, 10 * weight))
    assert times_ten == pytest.approx(free)
    how = {"confidence": 0.95, "draws": 200, "seed": 1}
    one, ten = (
        bootstrap.bootstrap_logit(y, probability, ["average_precision"], weight=w, **how)["average_precision"]
        for w in (weight, 10 * weight)
    )
    assert ten == pytest.approx(one)


def test_four_rows_by_hand():
    #                    tp   fn   fp   tn
    y = np.array([1, 1, 0, 0])
    weight = np.array([3.0, 1.0, 2.0, 0.5])
    probability = np.array([0.9, 0.2, 0.7, 0.1])
    assert confusion(y, probability >= 0.5, weight) == {"tn": 0.5, "fp": 2.0, "fn": 1.0, "tp": 3.0}
    found = at_threshold(y, probability >= 0.5, 0.5, weight, confidence=0.95)
    assert (found["recall"], found["precision"], found["specificity"]) == (3 / 4, 3 / 5, 0.2)
    # The two positives tell as much as 4^2 / (3^2 + 1^2) = 1.6 of equal weight.
    assert weights.effective(weight[:2]) == pytest.approx(1.6)
    assert found["intervals"]["recall"] == pytest.approx(proportions.wilson(1.2, 1.6, confidence=0.95))
    assert found["intervals"]["precision"] == pytest.approx(proportions.wilson(0.6 * 25 / 13, 25 / 13, confidence=0.95))
    assert weights.effective(np.array([])) == 0.0


def test_a_class_that_is_told_apart_has_no_bootstrap_interval_whatever_its_weights():
    y, apart = np.repeat([1, 0], 20), np.linspace(1, 0, 40)
    for seed in range(20):  # sums of weights may fall short of each other by rounding
        how = {"weight": np.random.default_rng(seed).uniform(0.1, 1.0, 40), "confidence": 0.95, "draws": 2, "seed": 1}
        metrics = ("average_precision", "roc_auc")
        assert bootstrap.bootstrap_logit(y, apart, metrics, **how) == dict.fromkeys(metrics)
