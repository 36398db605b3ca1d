import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, confusion_matrix, log_loss, precision_recall_fscore_support
from sklearn.metrics import classification_report as theirs

from pipeline import evaluate as evaluate_stage
from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import resample as resample_stage
from pipeline import split as split_stage
from pipeline import train as train_stage
from pipeline.files import read_json, read_model, read_table
from pipeline.measure import evaluation, thresholds
from pipeline.measure.calibration import correct_prior, platt, recalibrate
from pipeline.measure.evaluation import Folded, classification_report, evaluate
from pipeline.measure.metrics import holdout
from pipeline.measure.thresholds import choose


class Says:
    """A model whose probability of the positive class is the feature itself."""

    def predict_proba(self, X):
        return np.column_stack([1 - X.time, X.time])


def test_evaluate_judges_the_probability_of_the_positive_class():
    X = pd.DataFrame({"time": [0.1, 0.7, 0.4, 0.9]})
    probability, judged = evaluate(Says(), X, pd.Series([0, 0, 1, 1]), tuned=0.4, confidence=0.95)
    assert probability.tolist() == X.time.tolist()
    cells = [[judged[point][cell] for cell in ("tn", "fp", "fn", "tp")] for point in ("default", "tuned")]
    assert cells == [[1, 1, 1, 1], [1, 1, 0, 2]]
    assert judged["tuned"]["threshold"] == 0.4


def test_report_of_hand_counted_decisions():
    # tn 3, fp 1, fn 2, tp 2
    report = classification_report(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 0, 1, 1], dtype=bool))
    assert report["negative"] == pytest.approx({"precision": 3 / 5, "recall": 3 / 4, "f1-score": 6 / 9, "support": 4})
    assert report["positive"] == pytest.approx({"precision": 2 / 3, "recall": 2 / 4, "f1-score": 4 / 7, "support": 4})
    assert report["accuracy"] == pytest.approx(5 / 8)
    assert report["macro avg"]["recall"] == pytest.approx(5 / 8)


def test_report_is_scikit_learn_s():
    rng = np.random.default_rng(0)
    actual, called = rng.integers(0, 2, 50), rng.random(50) < 0.3
    expected = theirs(actual, called.astype(int), target_names=["negative", "positive"], output_dict=True)
    assert classification_report(actual, called) == expected


def test_report_of_a_model_that_alerts_on_nobody_has_null_precision_and_warns_nobody():
    report = classification_report(np.array([0, 0, 1]), np.zeros(3, dtype=bool))
    assert report["positive"] == {"precision": None, "recall": 0.0, "f1-score": 0.0, "support": 1.0}
    assert report["negative"]["precision"] == pytest.approx(2 / 3)
    assert report["macro avg"] == {"precision": None, "recall": 0.5, "f1-score": pytest.approx(0.4), "support": 3.0}
    assert report["weighted avg"]["precision"] is None


@pytest.fixture
def judged(project, stage):
    """Runs the stages for one variant on simulated visits."""

    def run(name, *overrides):
        folder = project("evaluate.repeats=2", *overrides)
        for module in (ingest_stage, split_stage, preprocess_stage):
            stage(module)
        for module in (resample_stage, train_stage, evaluate_stage):
            stage(module, name)
        return folder

    return run


def test_everything_reported_follows_from_the_kept_predictions(judged):
    folder = judged("smote", "data.simulation.rows=400", "data.simulation.prevalence=0.1")
    out = folder / "data/evaluate/smote"
    metrics, told = read_json(folder / "reports/smote/metrics.json"), read_table(out / "predictions.parquet")
    assert metrics == read_json(out / "metrics.json")
    # One row a test row, labels and all, from the model as it is on disk.
    test = read_table(folder / "data/preprocess/test.parquet")
    assert told.index.equals(test.index)
    assert told.y.tolist() == test.buy.tolist()
    model = read_model(folder / "data/train/smote/model.skops")
    assert told.probability.tolist() == model.predict_proba(test.drop(columns="buy"))[:, 1].tolist()
    # The threshold follows from the out-of-fold predictions, on training rows.
    held = read_table(out / "out_of_fold.parquet")
    assert set(held.index) == set(read_table(folder / "data/split/train.parquet").index)
    tuned = choose(held.y.to_numpy(), held.probability.to_numpy(), {"objective": "balanced_accuracy"})
    assert metrics["holdout"] == holdout(told.y.to_numpy(), told.probability.to_numpy(), tuned=tuned, confidence=0.95)
    for point, threshold in (("default", 0.5), ("tuned", tuned)):
        called = told.probability >= threshold
        matrix = confusion_matrix(told.y, called).tolist()
        assert read_json(out / "confusion_matrix.json")[point] == matrix
        cells = metrics["holdout"][point]
        assert [[cells["tn"], cells["fp"]], [cells["fn"], cells["tp"]]] == matrix
        precision, recall, f1, _ = precision_recall_fscore_support(told.y, called, average="binary")
        assert (cells["precision"], cells["recall"], cells["f1"]) == pytest.approx((precision, recall, f1))
        report = read_json(out / "classification_report.json")[point]["positive"]
        assert (report["precision"], report["recall"], report["f1-score"]) == pytest.approx((precision, recall, f1))
    assert metrics["variant"] == "smote"
    assert metrics["training"]["folds"] == 5
    assert metrics["training"]["repeats"] == 2
    rows = read_table(out / "folds.parquet")
    assert list(zip(rows.repeat, rows.fold, strict=True)) == [(r, k) for r in range(2) for k in range(5)]
    assert metrics["training"]["positive"] == metrics["training"]["negative"] == 252
    assert metrics["model"]["model"] == "LogisticRegression"


def test_too_few_positives_for_folds_give_no_tuned_threshold_and_still_a_result(judged):
    folder = judged("none", "data.simulation.rows=100", "data.simulation.prevalence=0.08")
    metrics = read_json(folder / "reports/none/metrics.json")
    assert metrics["holdout"]["tuned"] is None
    assert metrics["training"]["folds"] is None
    assert list(read_json(folder / "data/evaluate/none/confusion_matrix.json")) == ["default"]
    assert not (folder / "data/evaluate/none/out_of_fold.parquet").exists()


def test_a_variant_s_arguments_reach_the_model(judged):
    folder = judged(
        "class_weight", "data.simulation.rows=300", "data.simulation.prevalence=0.1", "model.tune=false", "model.C=0.5"
    )
    train = read_table(folder / "data/preprocess/train.parquet")
    expected = LogisticRegression(C=0.5, class_weight="balanced").fit(train.drop(columns="buy"), train.buy)
    found = read_json(folder / "data/train/class_weight/coefficients.json")
    assert list(found["coefficients"].values()) == pytest.approx(expected.coef_[0].tolist(), rel=1e-9)


def test_the_objective_moves_the_threshold(judged):
    thresholds = [
        read_json(
            judged("none", "data.simulation.rows=400", "data.simulation.prevalence=0.1", *chosen)
            / "reports/none/metrics.json"
        )["holdout"]["tuned"]["threshold"]
        for chosen in ([], ["evaluate=f_beta", "evaluate.beta=0.5"])
    ]
    assert thresholds[1] > thresholds[0]  # precision counts double


def test_a_fold_is_judged_at_a_threshold_and_a_correction_from_the_other_folds_of_its_repeat(judged):
    folder = judged("smote", "data.simulation.rows=400", "data.simulation.prevalence=0.1")
    out = folder / "data/evaluate/smote"
    rows, held = read_table(out / "folds.parquet"), read_table(out / "out_of_fold.parquet")
    row = rows[(rows.repeat == 1) & (rows.fold == 3)].iloc[0]
    mine, others = held[(held.repeat == 1) & (held.fold == 3)], held[(held.repeat == 1) & (held.fold != 3)]
    threshold = choose(others.y.to_numpy(), others.probability.to_numpy(), {"objective": "balanced_accuracy"})
    assert row.threshold == threshold
    assert [[row.tuned_tn, row.tuned_fp], [row.tuned_fn, row.tuned_tp]] == confusion_matrix(
        mine.y, mine.probability >= threshold
    ).tolist()
    slope, intercept = platt(others.y.to_numpy(), others.probability.to_numpy())
    mended = recalibrate(mine.probability.to_numpy(), slope=slope, intercept=intercept)
    assert row.recalibrated_log_loss == pytest.approx(log_loss(mine.y, mended))
    assert row.recalibrated_brier == pytest.approx(brier_score_loss(mine.y, mended))
    assert set(rows.C) <= {0.01, 0.1, 1.0, 10.0, 100.0}


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
    assert thresholds.worth({"tn": 4, "fp": 3, "fn": 1, "tp": 2}, rule) == pytest.approx(value)


def test_f_beta_of_no_positive_and_no_alert_is_not_defined():
    rule = {"objective": "f_beta", "beta": 1.0}
    assert thresholds.worth({"tn": 4, "fp": 0, "fn": 0, "tp": 0}, rule) == {"f_beta": None}
    assert thresholds.worth({"tn": 4, "fp": 1, "fn": 0, "tp": 0}, rule) == {"f_beta": 0.0}


def test_the_article_s_two_matrices(judged, shared):
    matrices = {}
    for name in ("none", "smote"):
        folder = judged(name, "experiment=article", f"data.path={shared / 'sales_data.csv'}")
        cells = read_json(folder / f"reports/{name}/metrics.json")["holdout"]["default"]
        matrices[name] = [cells[cell] for cell in ("tn", "fp", "fn", "tp")]
    assert matrices == {"none": [281, 4, 12, 3], "smote": [265, 20, 2, 13]}


def test_both_corrections_mend_what_oversampling_does_to_probabilities():
    rng = np.random.default_rng(5)
    logit = rng.normal(-3, 1.5, 200_000)
    y = (rng.random(200_000) < 1 / (1 + np.exp(-logit))).astype(int)
    true = y.mean()
    shifted = 1 / (1 + np.exp(-(logit + np.log((1 - true) / true))))  # as trained on as many of each class
    half = slice(100_000)
    folded = Folded(pd.DataFrame({"y": y[half], "probability": shifted[half]}), pd.DataFrame())
    worth = evaluation.mended(y[100_000:], shifted[100_000:], folded, trained=0.5, true=true)
    again = correct_prior(shifted[100_000:], trained=worth["corrections"]["trained"], true=worth["corrections"]["true"])
    assert worth["prior_corrected"]["predicted_over_observed"] == again.mean() / y[100_000:].mean()
    assert worth["raw"]["predicted_over_observed"] > 3
    for form in ("prior_corrected", "platt"):
        assert worth[form]["predicted_over_observed"] == pytest.approx(1, abs=0.05)
        assert worth[form]["slope"] == pytest.approx(1, abs=0.05)
        assert worth[form]["log_loss"] < worth["raw"]["log_loss"]
    assert evaluation.mended(y, shifted, None, trained=0.5, true=true)["platt"] is None
