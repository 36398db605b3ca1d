from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.measure import thresholds
from pipeline.measure.thresholds import objective_value
from pipeline.table.weights import ones

ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 12)), min_size=2, max_size=40).filter(
    lambda rows: 0 < sum(y for y, _ in rows) < len(rows)
)


def choose(actual, probability, rule):
    """Of rows without declared weights."""
    return thresholds.choose(actual, probability, rule, weight=ones(len(actual)))


def best_of_all(actual, probability, rule):
    """Every threshold tried, scored in fractions, from the highest down."""
    scores, miss = {}, Fraction(rule.get("false_negative_cost", 0))
    for threshold in sorted(set(probability), reverse=True):
        predicted = probability >= threshold
        tp, fp = int((predicted & (actual == 1)).sum()), int((predicted & (actual == 0)).sum())
        fn, tn = int((actual == 1).sum()) - tp, int((actual == 0).sum()) - fp
        match rule["objective"]:
            case "f_beta":
                weight = Fraction(rule["beta"]) ** 2
                scores[threshold] = (1 + weight) * tp / ((1 + weight) * tp + weight * fn + fp)
            case "expected_cost":
                scores[threshold] = -miss * fn - Fraction(rule["false_positive_cost"]) * fp
            case "recall_at_precision":
                precision = Fraction(tp, tp + fp)
                enough = precision >= Fraction(rule["precision_floor"])
                scores[threshold] = (enough, tp if enough else precision)
            case "precision_at_recall":
                enough = Fraction(tp) >= Fraction(str(rule["recall_floor"])) * (tp + fn)
                scores[threshold] = (enough, Fraction(tp, tp + fp))
            case "alert_budget":
                enough = Fraction(tp + fp) <= Fraction(rule["alerts"]) * len(actual)
                scores[threshold] = (enough, tp if enough else -(tp + fp))
            case _:
                scores[threshold] = Fraction(tp, tp + fn) + Fraction(tn, tn + fp)
    best = max(scores, key=scores.get)  # the first of equal ones
    if rule["objective"] == "expected_cost" and scores[best] <= -miss * int(actual.sum()):
        return np.nextafter(max(probability), 2)
    return best


def test_threshold_of_six_rows_by_hand():
    # From .6 on: recall 1/2, specificity 4/4, .75; from .3 on: 2/2 and 3/4, .875; from .2 on: 2/2 and 2/4, .75.
    actual, probability = np.array([0, 0, 0, 0, 1, 1]), np.array([0.1, 0.15, 0.2, 0.4, 0.3, 0.6])
    assert choose(actual, probability, {"objective": "balanced_accuracy"}) == 0.3
    # F1 from .6 on: 2/3; from .4 on: 1/2; from .3 on: 4/5.
    assert choose(actual, probability, {"objective": "f_beta", "beta": 1.0}) == 0.3
    # At beta = .1 precision is nearly all: 1 from .6 on, 2/3 from .3 on.
    assert choose(actual, probability, {"objective": "f_beta", "beta": 0.1}) == 0.6


def test_of_equal_thresholds_the_highest_is_chosen_even_where_floats_disagree():
    # From .5 on: recall 1/2, specificity 4/6; from .1 on: 2/2 and 1/6. Both make 7/6, in fractions.
    actual = np.array([0, 0, 1, 0, 0, 0, 1, 0])
    probability = np.array([0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    assert choose(actual, probability, {"objective": "balanced_accuracy"}) == 0.5
    # F1 from .5 on: 2/(2 + 1 + 2) = 2/5; from .1 on: 4/(4 + 0 + 5) = 4/9.
    assert choose(actual, probability, {"objective": "f_beta", "beta": 1.0}) == 0.1


@pytest.mark.parametrize(
    "rule",
    [
        {"objective": "balanced_accuracy"},
        {"objective": "f_beta", "beta": 1.0},
        {"objective": "f_beta", "beta": 2.0},
        {"objective": "f_beta", "beta": 0.5},
        {"objective": "expected_cost", "false_negative_cost": 3.0, "false_positive_cost": 1.0},
        {"objective": "expected_cost", "false_negative_cost": 0.5, "false_positive_cost": 2.0},
        {"objective": "recall_at_precision", "precision_floor": 0.5},
        {"objective": "precision_at_recall", "recall_floor": 0.7},
        {"objective": "alert_budget", "alerts": 0.25},
    ],
)
@settings(max_examples=150, deadline=None)
@given(rows=ROWS)
def test_threshold_equals_brute_force(rule, rows):
    actual, probability = np.array([y for y, _ in rows]), np.array([p / 12 for _, p in rows])
    assert choose(actual, probability, rule) == best_of_all(actual, probability, rule)


def test_probabilities_that_tell_nothing_alert_on_everyone():
    assert choose(np.array([0, 1, 0]), np.full(3, 0.25), {"objective": "balanced_accuracy"}) == 0.25


def test_where_false_alarms_cost_most_no_row_is_predicted_positive():
    actual, probability = np.array([0, 1, 0]), np.array([0.9, 0.3, 0.2])
    costs = {"objective": "expected_cost", "false_negative_cost": 1.0, "false_positive_cost": 9.0}
    assert not (probability >= choose(actual, probability, costs)).any()


def test_a_budget_is_not_one_short_by_rounding():
    actual, probability = np.repeat([1, 0], 50), np.linspace(1, 0.01, 100)
    assert 0.29 * 100 < 29
    found = choose(actual, probability, {"objective": "alert_budget", "alerts": 0.29})
    assert (probability >= found).sum() == 29


def test_a_budget_that_ties_overrun_alerts_on_as_few_as_it_can():
    actual, probability = np.array([0, 1, 0, 0]), np.array([0.9, 0.9, 0.9, 0.2])
    assert choose(actual, probability, {"objective": "alert_budget", "alerts": 0.25}) == 0.9


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"objective": "f_beta", "beta": 2.0}, {"f_beta": 5 * 2 / (5 * 2 + 4 * 1 + 3)}),
        (
            {"objective": "expected_cost", "false_negative_cost": 19.0, "false_positive_cost": 1.0},
            {"expected_cost": (19 + 3) / 10},
        ),
        ({"objective": "balanced_accuracy"}, {}),
    ],
)
def test_the_objective_of_a_hand_counted_matrix(rule, value):
    assert objective_value({"tn": 4, "fp": 3, "fn": 1, "tp": 2}, rule) == pytest.approx(value)


def test_f_beta_of_no_positive_and_no_alert_is_not_defined():
    rule = {"objective": "f_beta", "beta": 1.0}
    assert objective_value({"tn": 4, "fp": 0, "fn": 0, "tp": 0}, rule) == {"f_beta": None}
    assert objective_value({"tn": 4, "fp": 1, "fn": 0, "tp": 0}, rule) == {"f_beta": 0.0}
