from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from folding import chained
from imblearn.over_sampling import SMOTE
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from pipeline import config
from pipeline import evaluate as evaluate_stage
from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import resample as resample_stage
from pipeline import split as split_stage
from pipeline import train as train_stage
from pipeline.errors import InputError
from pipeline.files import read_json, read_table
from pipeline.fit import models, run, sample_weights, tuning, variants
from pipeline.judge import costs
from pipeline.judge.action import judge
from pipeline.table import read, weights
from pipeline.tools import audit

OWN = ["data=csv", "data.path=t.csv", "data.target=y", "evaluate.folds=3", "evaluate.repeats=1"]


def table(rows=6000, seed=4):
    random = np.random.default_rng(seed)
    found = pd.DataFrame({"x": random.normal(size=rows), "z": random.normal(size=rows)})
    found["y"] = (random.random(rows) < 1 / (1 + np.exp(3.5 - found.x))).astype(int)
    return found


def settings(project, rows, *overrides):
    """The settings for a table, which is written as t.csv to the folder that `project` goes to."""
    project(*OWN, f"data.name={Path.cwd().name}", "data.negatives_per_positive=4", *overrides)
    rows.to_csv("t.csv", index=False)
    return config.load()


@pytest.mark.parametrize("C", [1.0, 0.01])
def test_a_fit_goes_without_weights_and_its_log_odds_move_by_the_share_of_the_negatives(C):
    rows = table(500)
    X, y = rows[["x", "z"]], rows.y
    weight = np.where(y == 1, 1.0, 8.0)
    plain = LogisticRegression(C=C).fit(X, y)
    moved, _ = models.train(X, y, LogisticRegression(C=C), weight, negatives=True)
    assert moved.coef_.tolist() == plain.coef_.tolist()
    assert moved.intercept_ - plain.intercept_ == pytest.approx(np.log(1 / 8))
    odds = plain.predict_proba(X)[:, 1] / plain.predict_proba(X)[:, 0] / 8
    assert moved.predict_proba(X)[:, 1] == pytest.approx(odds / (1 + odds))


@pytest.mark.parametrize("of_class", [None, "balanced", {0: 1.0, 1: 3.0}])
def test_probabilities_that_the_fit_moved_are_corrected_to_the_prevalence_of_the_whole_table(of_class):
    rows = table(3000)
    X, y = rows[["x", "z"]], rows.y
    weight = np.where(y == 1, 1.0, 8.0)
    model, _ = models.train(X, y, LogisticRegression(C=np.inf, class_weight=of_class), weight, negatives=True)
    trained = models.trained_proportions(model, y, weight, 2, negatives=True)
    # Without a penalty, the mean of a fit's probabilities is its prevalence.
    told = np.average(model.predict_proba(X)[:, 1], weights=weight if of_class is None else None)
    if of_class is None:
        assert trained == pytest.approx(weights.proportions(y, weight))
        assert told == pytest.approx(trained[1], rel=0.02)
    unmoved = models.trained_proportions(model, y, weights.ones(len(y)), 2)
    assert trained[1] / trained[0] == pytest.approx(unmoved[1] / unmoved[0] / 8)


def test_a_run_gives_the_numbers_of_a_script_that_samples_corrects_and_weights(project):
    params = settings(project, table(), "model.search=null")
    made = run.run(params, "none")
    rows, _, schema, roles = read.load(params.data)
    share = schema["negatives"]["read"] / schema["negatives"]["rows"]
    X, X_test, y, y_test = train_test_split(
        rows[["x", "z"]], rows.y, test_size=0.3, stratify=rows.y, random_state=params.seed
    )
    scaler = StandardScaler().fit(X)
    model = LogisticRegression(random_state=params.seed).fit(scaler.transform(X), y)
    odds = np.exp(model.decision_function(scaler.transform(X_test)) + np.log(share))
    probability, weight = odds / (1 + odds), np.where(y_test == 1, 1.0, 1 / share)
    assert list(made.predictions.index) == list(X_test.index)
    assert made.predictions.probability.to_numpy() == pytest.approx(probability, rel=1e-9)
    found, how = made.metrics["holdout"]["threshold_free"], {"sample_weight": weight}
    assert found["average_precision"] == pytest.approx(average_precision_score(y_test, probability, **how))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(y_test, probability, **how))
    assert found["prevalence"] == pytest.approx(np.average(y_test, weights=weight))
    stated = made.metrics["probabilities"]["raw"]
    assert stated["log_loss"] == pytest.approx(log_loss(y_test, probability, **how))
    assert stated["brier"] == pytest.approx(brier_score_loss(y_test, probability, **how))
    point = made.metrics["holdout"]["default"]
    assert point["fp"] == pytest.approx(weight[(probability >= 0.5) & (y_test == 0)].sum())


def test_stages_and_run_give_the_same_numbers_and_samplers_may_make_up_rows(project, stage):
    params = settings(project, table())
    for module in (ingest_stage, split_stage, preprocess_stage):
        stage(module)
    roles = read_table(Path("data/ingest/roles.parquet"))
    for name in ("none", "smote", "class_weight"):
        for module in (resample_stage, train_stage, evaluate_stage):
            stage(module, name)
        made, folder = run.run(params, name), Path("data/evaluate") / name
        assert made.metrics == read_json(folder / "metrics.json")
        pd.testing.assert_frame_equal(made.predictions, read_table(folder / "predictions.parquet"))
        pd.testing.assert_frame_equal(made.folds, read_table(folder / "folds.parquet"))
        assert made.predictions.weight.tolist() == roles.weight[made.predictions.index].tolist()
        # Whatever the sampler did, its corrected probabilities add up to the positives of the whole table.
        assert made.metrics["probabilities"]["prior_corrected"]["calibration_ratio"] == pytest.approx(1, abs=0.25)
    assert made.metrics["probabilities"]["raw"]["calibration_ratio"] > 2


def test_c_is_chosen_as_if_the_fit_were_moved(project):
    params = settings(project, table())
    rows, _, _, roles = read.load(params.data)
    chain = chained(SMOTE(random_state=0), LogisticRegression(), grid=[0.01, 1.0])
    moved = chained(SMOTE(random_state=0), Moved(), grid=[0.01, 1.0])
    found = []
    for each in (chain, moved):
        how = {"where": (1,), "weight": weights.of(roles)}
        found.append(tuning.tune(rows[["x", "z"]], rows.y, replace(each, negatives=True), **how)[1])
    assert found[0] == pytest.approx(found[1], rel=1e-4)


class Moved(LogisticRegression):
    """Fitted one C after the other, not along a path."""


def test_made_up_rows_weigh_as_much_as_their_class():
    y, weight = np.array([1, 0, 0]), np.array([1.0, 5.0, 5.0])
    assert sample_weights.by_class([0, 1, 1, 0], weight).tolist() == [5, 1, 1, 5]
    made = sample_weights.carried(weight, SMOTE(), pd.Series([*y, 1]), negatives=True)
    assert made.tolist() == [1, 5, 5, 1]
    assert sample_weights.by_class([0, 1], weights.ones(3)).tolist() == [1, 1]  # nothing was left out


def test_a_model_without_an_intercept_is_refused_before_anything_runs(project):
    params = settings(project, table())
    variants.refuse_unbuildable(params)
    for name, found in [
        ("ensemble.RandomForestClassifier", "RandomForestClassifier"),
        ("linear_model.SGDClassifier", "SGDClassifier"),
        ("linear_model.LogisticRegression", "LogisticRegression without one"),
    ]:
        model = {"_target_": f"sklearn.{name}", "search": None}
        model |= {"loss": "modified_huber"} if name.endswith("SGDClassifier") else {}
        model |= {"fit_intercept": False} if name.endswith("Regression") else {}
        with pytest.raises(InputError) as refused:
            variants.refuse_unbuildable(params.model_copy(update={"model": model}))
        # One line, though six variants have this model.
        *_, problem = refused.value.problems
        assert problem == (
            "params.yaml: data.negatives_per_positive: expected LogisticRegression with an intercept, found "
            f"{found}. Choose another model, or set data.negatives_per_positive=null."
        )


def test_an_ensemble_is_to_be_left_out_where_a_model_needs_an_intercept(project):
    params = settings(project, table())
    forest = {"_replace_": True, "_target_": "sklearn.ensemble.RandomForestClassifier"}
    own = params.variants["none"].model_copy(update={"model": forest})
    with pytest.raises(InputError) as refused:
        variants.refuse_unbuildable(params.model_copy(update={"variants": {**params.variants, "forest": own}}))
    assert refused.value.problems == [
        "params.yaml: data.negatives_per_positive: expected LogisticRegression with an intercept, found "
        "RandomForestClassifier. Leave out forest: -S '~variants.forest'."
    ]


def test_garbled_test_rows_change_nothing_on_the_training_side(project):
    honest = run.run(settings(project, table()), "smote")
    garbled = table()
    garbled.loc[honest.predictions.index, ["x", "z"]] = 1e6
    made = run.run(settings(project, garbled, "data.integers=true"), "smote")  # other settings, so that it is read anew
    assert list(made.predictions.index) == list(honest.predictions.index)
    assert made.metrics["model"] == honest.metrics["model"]
    pd.testing.assert_frame_equal(made.out_of_fold, honest.out_of_fold)
    assert made.metrics["holdout"] != honest.metrics["holdout"]


def test_an_audit_weights_shuffled_labels_by_their_class(project, monkeypatch):
    params, seen = settings(project, table()), []

    def kept(rows, _, roles, __):
        seen.append((rows, roles))
        raise InputError("seen")

    monkeypatch.setattr(audit, "over_folds", kept)
    schema = read.load(params.data)[2]
    with pytest.raises(InputError, match="seen"):
        audit.outcome(params, 0, criterion=judge, sha256=schema["sha256"])
    ((rows, roles),) = seen
    weight = schema["negatives"]["rows"] / schema["negatives"]["read"]
    assert roles.weight.tolist() == np.where(rows.y == 1, 1.0, weight).tolist()


def test_what_balancing_costs_is_told_of_log_odds_that_move_to_all_negatives():
    assert costs.balanced({}) == 0.5
    share = costs.balanced({"negatives": {"rows": 990, "read": 90}})
    assert share / (1 - share) == pytest.approx(90 / 990)
