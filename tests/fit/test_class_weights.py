import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from pipeline import config, evaluate, ingest, preprocess, resample, split, train
from pipeline.errors import InputError
from pipeline.files import read_json
from pipeline.fit import chains, folds, models, run, sample_weights, variants
from pipeline.fit.linear_svm import LinearSVM
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import weights

RANDOM = np.random.default_rng(1)
X = pd.DataFrame(RANDOM.normal(size=(200, 3)), columns=list("abc")).rename_axis("row_id")
Y = pd.Series((X.a + RANDOM.normal(size=200) > 1.2).astype("int8"), name="y")
NAIVE = {"_target_": "sklearn.naive_bayes.GaussianNB", "search": None}
CALIBRATED = {
    "_target_": "sklearn.calibration.CalibratedClassifierCV",
    "estimator": {"_target_": "sklearn.svm.LinearSVC", "random_state": 1},
    "cv": 3,
    "ensemble": False,
    "search": None,
}


def settings(composed, model, *overrides):
    raw = yaml.safe_load(composed(*overrides))
    return config.check({**raw, "model": model})


LINEAR, TREE = LogisticRegression(tol=1e-10), DecisionTreeClassifier(max_depth=3, random_state=0)
GIVEN = {0: 1.0, 1: 7.0}


@pytest.mark.parametrize(
    ("model", "declared", "asked"),
    [
        *((LINEAR, declared, asked) for declared in (False, True) for asked in ("balanced", GIVEN)),
        # Of declared weights scikit-learn's trees balance the numbers of rows, whatever these weigh.
        *((TREE, False, asked) for asked in ("balanced", GIVEN)),
        (TREE, True, GIVEN),
    ],
)
def test_weights_of_rows_and_of_the_model_s_own_argument_are_the_same_fit(model, declared, asked):
    weight = np.random.default_rng(2).uniform(0.5, 2.0, size=200) if declared else weights.ones(200)
    carried = sample_weights.times(asked, Y, weight)
    by_rows, _ = models.train(X, Y, clone(model), carried)
    own, _ = models.train(X, Y, clone(model).set_params(class_weight=asked), weight)
    assert by_rows.predict_proba(X) == pytest.approx(own.predict_proba(X), abs=1e-6)
    assert models.trained_proportions(by_rows, Y, carried, 2) == pytest.approx(
        models.trained_proportions(own, Y, weight, 2)
    )


def test_a_support_vector_machine_balances_declared_weights_as_logistic_regression_does():
    weight = np.random.default_rng(2).uniform(0.5, 2.0, size=200)
    totals = np.array([weight[Y == 0].sum(), weight[Y == 1].sum()])
    own, _ = models.train(X, Y, LinearSVM(class_weight="balanced", random_state=0), weight)
    equal, _ = models.train(X, Y, LinearSVM(random_state=0), weight * weight.sum() / (2 * totals[Y]))
    assert own.coef_ == pytest.approx(equal.coef_, abs=1e-6)
    assert models.trained_proportions(own, Y, weight, 2) == pytest.approx([0.5, 0.5])


def test_a_model_without_the_argument_is_weighted_by_row_in_folds_and_on_all_rows(composed):
    params = settings(composed, NAIVE)
    weighted, plain = (chains.chain(params, name, TWO_CLASSES) for name in ("class_weight", "none"))
    assert (weighted.class_weight, plain.class_weight) == ("balanced", None)
    table = X.assign(y=Y)
    how = {"target": "y", "folds": 3, "repeats": 1, "seed": 1, "weight": weights.ones(200)}
    made = folds.out_of_fold(table, chain=weighted, **how)
    assert made.fits.trained_proportion_1.tolist() == pytest.approx([0.5] * 3)
    held = made.predictions[made.predictions.fold == 0].index
    fit = X.index.difference(held)
    prepared = chains.prepared(X.loc[fit], Y[fit], X.loc[held], weighted.preprocessing)
    factor = np.where(Y[fit] == 1, (Y[fit] == 0).sum() / (Y[fit] == 1).sum(), 1.0)  # balanced, up to a constant
    expected = GaussianNB().fit(prepared.rows, Y[fit], sample_weight=factor).predict_proba(prepared.unseen)[:, 1]
    found = made.predictions.probability[held].loc[prepared.unseen.index]
    assert found.tolist() == pytest.approx(expected.tolist())
    assert folds.out_of_fold(table, chain=plain, **how).fits.trained_proportion_1.max() < 0.3


def test_stages_and_a_run_weight_rows_alike(project, stage):
    project("data.simulation.rows=300", "data.simulation.prevalence=0.1", "evaluate.repeats=1")
    raw = config.read(config.PARAMS)
    config.PARAMS.write_text(yaml.safe_dump({**raw, "model": NAIVE}))
    for module in (ingest, split, preprocess):
        stage(module)
    for module in (resample, train, evaluate):
        stage(module, "class_weight")
    made = run.run(config.load(), "class_weight").metrics
    assert made == read_json(config.PARAMS.parent / "data/evaluate/class_weight/metrics.json")
    assert made["model"]["trained_proportions"]["positive"] == pytest.approx(0.5)


def test_what_is_calibrated_gets_the_weights_and_its_calibrator_does_not(composed):
    params = settings(composed, CALIBRATED)
    model = variants.model(params, "class_weight")
    assert model.estimator.class_weight == "balanced"
    assert variants.model(params, "none").estimator.class_weight is None
    assert chains.chain(params, "class_weight", TWO_CLASSES).class_weight is None


def test_a_model_that_can_t_be_weighted_is_refused_with_what_to_leave_out(composed):
    neighbors = {"_target_": "sklearn.neighbors.KNeighborsClassifier", "search": None}
    with pytest.raises(InputError) as refused:
        variants.refuse_unbuildable(settings(composed, neighbors))
    assert refused.value.problems == [
        "params.yaml: variants.class_weight.model.class_weight: expected a model that accepts class_weight or "
        "sample_weight, found KNeighborsClassifier. Choose another model, or leave out the variant: "
        "-S '~variant@variants.class_weight'."
    ]


def test_a_linear_support_vector_machine_decides_at_a_probability_of_a_half_and_ranks_by_its_margin():
    ours, theirs = LinearSVM(random_state=1).fit(X, Y), LinearSVC(random_state=1).fit(X, Y)
    probability = ours.predict_proba(X)
    assert probability.sum(axis=1) == pytest.approx(1)
    assert ((probability[:, 1] > 0.5) == (theirs.predict(X) == 1)).all()
    assert np.log(probability[:, 1] / probability[:, 0]) == pytest.approx(theirs.decision_function(X))
    several = np.digitize(X.a, [-0.5, 0.5])
    of_three = LinearSVM(random_state=1).fit(X, several)
    assert (of_three.predict_proba(X).argmax(axis=1) == of_three.predict(X)).all()
    rows = models.scored(of_three, X)
    assert rows[1] is not None  # ranked by the decision function
