import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, softmax
from visitors import of_evaluate

from pipeline.judge.cost_map import cost_map
from pipeline.measure import scores, thresholds
from pipeline.measure.bootstrap import bootstrap_logit
from pipeline.measure.multiclass import Multiclass
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.measure.thresholds import Threshold
from pipeline.report.figures.points import precision_recall_points, roc_points
from pipeline.table.weights import ones

# Log odds of which the upper three saturate: all have the probability 1 exactly, and only the first two are positive.
LOG_ODDS = np.array([-2.0, 60.0, 50.0, 40.0, -1.0, 1.0])
ACTUAL = np.array([0, 1, 1, 0, 0, 1])
SATURATED = pd.DataFrame({"y": ACTUAL, "probability": expit(LOG_ODDS), "score": LOG_ODDS})


def two_columns(log_odds):
    return np.column_stack([1 - expit(log_odds), expit(log_odds)])


def test_log_odds_beyond_37_rank_though_their_probabilities_are_equal():
    assert (SATURATED.probability[1:4] == 1).all()
    found = TWO_CLASSES.holdout(SATURATED, tuned=None, trained=np.empty(0), confidence=0.95)["threshold_free"]
    # The positives stand first, second and fourth; of nine pairs one is in the wrong order.
    assert found["average_precision"] == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert found["roc_auc"] == pytest.approx(8 / 9)
    tied = TWO_CLASSES.holdout(SATURATED.drop(columns="score"), tuned=None, trained=np.empty(0), confidence=0.95)
    assert tied["threshold_free"]["average_precision"] == pytest.approx((2 / 3 + 2 / 3 + 3 / 4) / 3)


def test_a_threshold_is_reported_as_a_probability_and_applied_to_the_score():
    rule = {"objective": "recall_at_precision", "precision_floor": 0.9}
    chosen = TWO_CLASSES.choose(SATURATED, of_evaluate(**rule))
    assert chosen == Threshold(1.0, 50.0)
    tuned = TWO_CLASSES.holdout(SATURATED, tuned=chosen, trained=np.empty(0), confidence=0.95)["tuned"]
    assert (tuned["threshold"], tuned["threshold_score"]) == (1.0, 50.0)
    assert [tuned[cell] for cell in ("tn", "fp", "fn", "tp")] == [3, 0, 1, 2]
    assert TWO_CLASSES.predicted(SATURATED, tuned, trained=None).tolist() == [0, 1, 1, 0, 0, 0]


def test_a_threshold_above_all_rows_is_a_probability_still():
    assert thresholds.at(np.inf, LOG_ODDS, expit(LOG_ODDS)) == Threshold(1.0, np.inf)
    assert thresholds.at(np.inf, LOG_ODDS[:1], np.array([0.25])).probability == np.nextafter(0.25, 1)


def test_curves_intervals_costs_and_matched_decisions_rank_by_the_score():
    assert precision_recall_points(SATURATED).recall.nunique() == 4
    assert (roc_points(SATURATED).true_positive_rate.to_numpy()[[1, 2]] == [2 / 3, 2 / 3]).any()
    how = {"confidence": 0.95, "draws": 50, "seed": 1, "weight": ones(6)}
    by_score = bootstrap_logit(ACTUAL, LOG_ODDS, ["roc_auc"], **how)
    assert by_score == bootstrap_logit(ACTUAL, np.argsort(np.argsort(LOG_ODDS)), ["roc_auc"], **how)
    # The two folds hold the same rows, so that each is decided at the threshold that is cheapest for itself.
    twice = pd.concat([SATURATED.assign(repeat=0, fold=fold) for fold in (0, 1)], ignore_index=True)
    found = cost_map({"none": twice}, ratios=[1.0], test_over_train=1.0, alpha=0.05)[0]["variants"]["none"]
    assert (found["cost"], found["threshold"]) == (pytest.approx(1 / 6), 1.0)
    # A method that alerts on two rows is matched by the first two, though three have the highest probability.
    method = SATURATED.assign(probability=[0.1, 0.9, 0.9, 0.1, 0.1, 0.1])
    matched = TWO_CLASSES.match(SATURATED, method, {})
    assert (matched["same_decisions"], matched["baseline_alert_rate"], matched["threshold"]) == (1.0, 2 / 6, 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_equal_rows_tie_wherever_they_stand(seed):
    """A matrix product gives equal rows last bits by their place; rounding takes them off."""
    random = np.random.default_rng(seed)
    rows = np.repeat(random.normal(size=(40, 23)), 50, axis=0)[random.permutation(2000)]
    log_odds = rows @ random.normal(size=23)
    log_odds += random.choice([-1e-14, 0, 1e-14], 2000)  # of a build that shows it
    assert len(np.unique(log_odds)) > 40
    assert len(np.unique(scores.from_decision(log_odds, two_columns(log_odds)))) == 40
    assert len(np.unique(scores.from_probability(expit(log_odds)))) == 40


@pytest.mark.parametrize("value", [0.0, 1.0, 0.3, 1e-9, 1e-300, 5e-324, 1 - 1e-9])
def test_probabilities_are_rounded_in_proportion_to_their_size(value):
    rounded = float(scores.from_probability(np.array(value)))
    assert rounded == pytest.approx(value, rel=2.0**-32, abs=0)
    assert float(scores.from_probability(np.array(value * (1 + 1e-15)))) == pytest.approx(rounded, rel=1e-9, abs=0)


def test_small_probabilities_of_a_model_without_decision_function_still_rank():
    rows = pd.DataFrame({"y": [0, 1, 0], "probability": [1e-20, 1e-15, 1e-30]})
    found = TWO_CLASSES.holdout(rows, tuned=None, trained=np.empty(0), confidence=0.95)["threshold_free"]
    assert (found["average_precision"], found["roc_auc"]) == (1.0, 1.0)


def test_a_class_against_the_rest_is_ranked_by_its_log_odds():
    decision = np.array([[100.0, 10.0, 0.0], [90.0, 10.0, 0.0], [0.0, 1.0, 2.0], [50.0, 50.0, 0.0]])
    probability = softmax(decision, axis=1)
    found, rest = scores.from_decision(decision, probability), np.log1p(np.exp(-10))
    assert (probability[:2, 0] == 1).all()
    assert found[:, 0] == pytest.approx([90 - rest, 80 - rest, -np.log(np.e + np.e**2), 0], abs=2e-9)
    assert expit(found[2:]) == pytest.approx(probability[2:], abs=1e-9)
    task = Multiclass(list("abc"), list("abc"))
    rows = pd.DataFrame({"y": [0, 1, 2, 1], **task.columns(probability, found)})
    assert task.score(rows).tolist() == found.tolist()
    judged = task.holdout(rows, tuned=None, trained=np.full(3, 1 / 3), confidence=0.95)
    assert judged["classes"]["a"]["average_precision"] == 1.0  # by probabilities two rows would tie for the first place


@pytest.mark.parametrize(
    ("decision", "probability"),
    [
        (np.array([[1.0, 2.0, 3.0]]), np.array([[0.2, 0.3, 0.5]])),  # one against the rest each, as SVC has it
        (np.array([[1.0, 2.0, 3.0]]), np.array([[0.5, 0.5]])),
        (np.array([1.0]), np.array([[0.2, 0.3, 0.5]])),
    ],
)
def test_a_decision_function_that_says_nothing_of_a_class_against_the_rest_ranks_nothing(decision, probability):
    assert scores.from_decision(decision, probability) is None
