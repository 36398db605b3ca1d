import numpy as np
import pandas as pd
import pytest
import yaml
from altered import changed
from scipy.special import expit
from sklearn import metrics as theirs
from sklearn.linear_model import LogisticRegression

from pipeline import config
from pipeline.measure.multiclass import Multiclass
from pipeline.measure.primary import COLUMNS, PRIOR_CORRECTED, criterion
from pipeline.measure.tasks import TWO_CLASSES

rng = np.random.default_rng(5)
Y = np.repeat([0, 1], [45, 15])
P = expit(rng.normal(size=60) + 1.5 * Y - 2)
ROWS = pd.DataFrame({"y": Y, "probability": P})
WEIGHED = ROWS.assign(weight=rng.uniform(0.5, 2, size=60))
VEHICLES = Multiclass(["bus", "car", "van"], ["bus", "car", "van"])
TRIPS = pd.DataFrame({"y": np.arange(60) % 3, **VEHICLES.columns(rng.dirichlet([1, 1, 1], size=60))})
# Codes' proportions as they are, so that folds correct nothing.
FIT = {f"{key}_{code}": 20 / 60 for key in ("training_rows", "trained_proportion") for code in range(3)}
COSTS = ["evaluate=expected_cost", "evaluate.false_negative_cost=4"]
CHOICES = {"expected_cost": COSTS, "f_beta": ["evaluate=f_beta", "evaluate.beta=2"]}


@pytest.fixture
def declared(composed):
    """The settings where this metric is the primary one."""
    return lambda primary: config.check(
        yaml.safe_load(composed(f"compare={primary}", *CHOICES.get(primary, ()), "model.tune_for=primary"))
    )


@pytest.mark.parametrize("rows", [ROWS, WEIGHED], ids=["rows", "weighted"])
@pytest.mark.parametrize("primary", COLUMNS)
def test_what_c_is_chosen_for_is_what_a_fold_measures(declared, primary, rows):
    params, (column, sign) = declared(primary), COLUMNS[primary]
    found = criterion(params, "none")
    assert (found.name, found.sign) == (column, sign)
    assert found.value(rows, TWO_CLASSES) == TWO_CLASSES.fold(rows, rows, {}, params.evaluate)[column]


@pytest.mark.parametrize("primary", ["average_precision", "roc_auc", "log_loss", "brier"])
def test_what_c_is_chosen_for_of_several_classes_is_what_a_fold_measures(declared, primary):
    params, (column, _) = declared(primary), COLUMNS[primary]
    measured = VEHICLES.fold(TRIPS, TRIPS, FIT, params.evaluate)[column]
    assert criterion(params, "none").value(TRIPS, VEHICLES) == pytest.approx(measured, rel=1e-12)


def test_every_primary_metric_as_scikit_learn_has_it(declared):
    def found(primary, rows=ROWS):
        return criterion(declared(primary), "none").value(rows, TWO_CLASSES)

    weight = WEIGHED.weight
    assert found("average_precision") == pytest.approx(theirs.average_precision_score(Y, P))
    assert found("roc_auc", WEIGHED) == pytest.approx(theirs.roc_auc_score(Y, P, sample_weight=weight))
    decisions = [cut <= P for cut in (*P, 2.0)]
    assert found("f_beta") == pytest.approx(max(theirs.fbeta_score(Y, each, beta=2) for each in decisions))
    cost = [np.average(np.where(Y == 1, 4 * ~each, each), weights=weight) for each in decisions]
    assert found("expected_cost", WEIGHED) == pytest.approx(min(cost))
    # Platt's targets: 15 positives towards 16/17, 45 negatives towards 1/47. As weights, each row is of both classes.
    logits, target = np.log(P / (1 - P))[:, None], np.where(Y == 1, 16 / 17, 1 / 47)
    line = LogisticRegression(C=np.inf, tol=1e-10).fit(
        np.vstack([logits, logits]), np.repeat([1, 0], 60), sample_weight=np.append(target, 1 - target)
    )
    recalibrated = line.predict_proba(logits)[:, 1]
    assert found("log_loss") == pytest.approx(theirs.log_loss(Y, recalibrated), rel=1e-6)
    assert found("brier") == pytest.approx(theirs.brier_score_loss(Y, recalibrated), rel=1e-6)


def test_the_log_loss_that_chooses_c_is_that_of_the_probabilities_as_they_are(declared, raw):
    found = criterion(config.check(changed(raw, "model.tune_for", "log_loss")), "none")
    assert (found.name, found.sign) == (PRIOR_CORRECTED, -1)
    assert found.value(ROWS, TWO_CLASSES) == pytest.approx(theirs.log_loss(Y, P))
    assert found.value(ROWS, TWO_CLASSES) > criterion(declared("log_loss"), "none").value(ROWS, TWO_CLASSES)


def test_nothing_is_chosen_where_c_stays_as_it_is(raw):
    assert criterion(config.check(changed(raw, "model.search", None)), "none") is None


def test_rows_of_one_class_have_no_primary_metric(declared):
    with pytest.raises(ValueError, match=r"expected rows of each class, found codes \[0\]"):
        criterion(declared("average_precision"), "none").value(ROWS[ROWS.y == 0], TWO_CLASSES)
