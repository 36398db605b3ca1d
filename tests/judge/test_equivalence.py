import numpy as np
import pandas as pd
import pytest
from imblearn import FunctionSampler
from imblearn.over_sampling import SMOTE, RandomOverSampler
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from pipeline.fit import folds
from pipeline.fit.chains import Chain
from pipeline.fit.steps import Steps
from pipeline.judge import equivalence as equivalence_
from pipeline.measure.evaluation import Folded
from pipeline.measure.multiclass import Multiclass
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table.weights import ones


def frame(*held, y):
    """One repeat, a fold for each list of probabilities."""
    place = np.repeat(np.arange(len(held)), [len(rows) for rows in held])
    columns = {"repeat": 0, "fold": place, "y": np.tile(y, len(held)), "probability": np.concatenate(held)}
    return pd.DataFrame(columns).assign(converged=True).rename_axis("row_id")


def equivalence(plain, method, *, alpha):
    """What both share, of folds that are as large as each other."""
    folded, ratio = Folded(plain, plain[["repeat", "fold"]].drop_duplicates()), 1 / (plain.fold.nunique() - 1)
    return equivalence_.equivalence(TWO_CLASSES, folded, method, test_over_train=ratio, alpha=alpha)


def sentence(name, found):
    """What both share, in words."""
    return equivalence_.sentence(TWO_CLASSES, name, found)


def test_six_rows_in_two_folds_by_hand():
    y = [0, 1, 1]
    plain = frame([0.1, 0.2, 0.3], [0.4, 0.2, 0.1], y=y)
    # Fold 0: two alerts, rows 0 and 2; plain alerts on rows 1 and 2 from .2 on: 1/3 the same, recall 1/2 and 1.
    # Fold 1: one alert, row 1; plain alerts on row 0 from .4 on: 1/3 the same, recall 1/2 and 0.
    method = frame([0.6, 0.2, 0.5], [0.4, 0.7, 0.1], y=y)
    found = equivalence(plain, method, alpha=0.05)
    assert found["same_decisions"] == pytest.approx(1 / 3)
    assert found["alert_rate"] == found["baseline_alert_rate"] == pytest.approx(1 / 2)
    assert found["threshold"] == pytest.approx(0.3)
    # Gains -1/2 and 1/2: variance 1/2, two folds: 1/2 + 1/1 for the training rows they share.
    half = t.ppf(0.975, 1) * np.sqrt(0.5 * (1 / 2 + 1))
    assert found["gain"] == pytest.approx({"mean": 0.0, "low": -half, "high": half})


def test_logits_all_shifted_alike_make_the_same_decisions():
    rng = np.random.default_rng(0)
    y = np.tile([1, 0, 0, 0, 0], 20)
    logits = [rng.normal(size=100) - 3 for _ in range(3)]
    found = equivalence(
        frame(*map(expit, logits), y=y), frame(*(expit(rows + 2.9) for rows in logits), y=y), alpha=0.05
    )
    assert found["same_decisions"] == 1.0
    assert found["gain"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert found["threshold"] == pytest.approx(expit(-2.9), abs=0.02)
    assert found["alert_rate"] == found["baseline_alert_rate"] > 0.3


def test_another_order_on_either_side_of_the_threshold_makes_the_same_decisions():
    y = [0, 1, 0, 1]
    plain = frame([0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1], y=y)
    method = frame([0.2, 0.1, 0.9, 0.8], [0.7, 0.9, 0.1, 0.2], y=y)
    found = equivalence(plain, method, alpha=0.05)
    assert (found["same_decisions"], found["gain"]["mean"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("alerts", "threshold", "called"),
    [
        (1, 0.9, 1),
        (2, 0.9, 1),  # 1 and 4 can be had
        (3, 0.3, 4),
        (4, 0.3, 4),
        (5, 0.3, 4),  # 4 and 6 are as near: the smaller
        (6, 0.1, 6),
    ],
)
def test_ties_are_called_alike_and_the_nearest_number_is_taken(alerts, threshold, called):
    y = [1, 0, 0, 0, 0, 0]
    plain = [0.9, 0.3, 0.3, 0.3, 0.1, 0.1]
    method = [0.8] * alerts + [0.2] * (6 - alerts)
    found = equivalence(frame(plain, plain, y=y), frame(method, method, y=y), alpha=0.05)
    assert found["threshold"] == threshold
    assert (found["alert_rate"], found["baseline_alert_rate"]) == pytest.approx((alerts / 6, called / 6))
    assert found["same_decisions"] == pytest.approx(1 - abs(alerts - called) / 6)


def test_a_method_without_alerts_needs_no_threshold():
    y = [0, 1]
    found = equivalence(frame([0.1, 0.2], [0.2, 0.1], y=y), frame([0.1, 0.2], [0.3, 0.1], y=y), alpha=0.05)
    assert (found["threshold"], found["alert_rate"], found["same_decisions"]) == (None, 0.0, 1.0)
    assert (
        sentence("smote", found)
        == "At 0.5, smote predicts no positives. A high threshold of the baseline does the same."
    )


def test_a_fold_without_alerts_does_not_move_the_threshold():
    y = [0, 1]
    found = equivalence(frame([0.1, 0.2], [0.2, 0.1], y=y), frame([0.1, 0.9], [0.3, 0.1], y=y), alpha=0.05)
    assert (found["threshold"], found["alert_rate"]) == (0.2, 0.25)


def test_sentence_says_threshold_decisions_rate_and_gain():
    found = {
        "same_decisions": 0.974,
        "alert_rate": 0.203,
        "baseline_alert_rate": 0.203,
        "threshold": 0.061,
        "gain": {"mean": 0.004, "low": -0.009, "high": 0.018},
    }
    assert sentence("smote", found) == (
        "With its threshold at 0.061, the baseline makes 97.4% of smote's decisions at the same alert rate (20.3%). "
        "At that rate, smote's recall differs by +0.4 percentage points (-0.9 to +1.8)."
    )
    equal = {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert sentence("smote", {**found, "gain": equal}).endswith(
        " At that rate, both have the same recall in every fold."
    )
    nearly = sentence("smote", {**found, "baseline_alert_rate": 0.25})
    assert "at a similar alert rate (25.0% instead of 20.3%)" in nearly
    assert "its threshold above every probability, the baseline" in sentence(
        "smote", {**found, "threshold": None, "baseline_alert_rate": 0.0}
    )


def test_frames_of_other_folds_are_refused():
    plain = frame([0.1, 0.2], [0.2, 0.1], y=[0, 1])
    with pytest.raises(ValueError, match="the same rows in the same folds"):
        equivalence(plain, plain.assign(fold=[1, 1, 0, 0]), alpha=0.05)
    with pytest.raises(ValueError, match="positives in every fold"):
        equivalence(plain.assign(y=0), plain.assign(y=0), alpha=0.05)


def simulated(seed):
    """Logistic data: 3000 rows, five Gaussian features, 5 % positive by the intercept."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(3000, 5))
    slopes = X @ np.array([1.0, -0.8, 0.6, 0.4, 0.0])
    intercept = brentq(lambda at: expit(slopes + at).mean() - 0.05, -20, 20)
    y = (rng.random(3000) < expit(slopes + intercept)).astype("int8")
    return pd.DataFrame(X, columns=list("abcde")).assign(y=y).rename_axis("row_id")


@pytest.mark.parametrize("sampler", [SMOTE(random_state=0), RandomOverSampler(random_state=0)])
def test_oversampling_is_the_baseline_with_its_threshold_near_the_prevalence(sampler):
    found = []
    for seed in range(4):
        table = simulated(seed)
        preprocessing = Steps(scale=StandardScaler())
        chains = (
            Chain(preprocessing, each, LogisticRegression(), None, None, TWO_CLASSES)
            for each in (FunctionSampler(), sampler)
        )
        how = {"folds": 5, "repeats": 2, "seed": seed, "weight": ones(len(table))}
        plain, method = (folds.out_of_fold(table, target="y", chain=chain, **how).predictions for chain in chains)
        found.append(equivalence(plain, method, alpha=0.05))
    assert np.mean([each["same_decisions"] for each in found]) > 0.95
    assert np.mean([each["gain"]["mean"] for each in found]) == pytest.approx(0, abs=0.02)
    assert logit(np.mean([each["threshold"] for each in found])) == pytest.approx(logit(0.05), abs=0.4)


def test_a_method_that_is_the_baseline_by_class_weights_makes_its_decisions():
    rng = np.random.default_rng(0)
    probability = rng.dirichlet([1, 2, 3], size=40)
    y = np.tile(np.arange(3), 14)[:40]
    rows = pd.DataFrame({"repeat": 0, "fold": np.repeat([0, 1], 20), "y": y})
    task, trained = Multiclass(list("abc"), list("abc")), np.array([0.2, 0.3, 0.5])
    weighed = probability / trained / (probability / trained).sum(axis=1, keepdims=True)
    baseline, method = (rows.assign(**task.columns(p)) for p in (probability, weighed))
    proportions = {f"trained_proportion_{code}": share for code, share in enumerate(trained)}
    fits = pd.DataFrame({"repeat": [0, 0], "fold": [0, 1], **proportions})
    found = equivalence_.equivalence(task, Folded(baseline, fits), method, test_over_train=1.0, alpha=0.05)
    assert found["same_decisions"] == 1.0
    assert found["gain"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert equivalence_.sentence(task, "smote", found) == (
        "By class weights, the baseline predicts the class that smote finds most probable in 100.0% of the rows; "
        "smote's macro recall differs by 0.0 percentage points (0.0 to 0.0)."
    )
