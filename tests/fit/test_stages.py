from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, confusion_matrix, log_loss, precision_recall_fscore_support
from stages import reproduce

from pipeline import config
from pipeline import ingest as ingest_stage
from pipeline import split as split_stage
from pipeline.files import read_json, read_table
from pipeline.fit import run as run_module
from pipeline.fit.stored import read_model
from pipeline.measure import thresholds
from pipeline.measure.calibration import platt, recalibrate
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table.weights import ones


def balanced(rows):
    """The threshold that balanced accuracy chooses on these predictions."""
    rule, score = {"objective": "balanced_accuracy"}, rows.score.to_numpy()
    cut = thresholds.choose(rows.y.to_numpy(), score, rule, weight=ones(len(rows)))
    return thresholds.at(cut, score, rows.probability.to_numpy())


VISITS = ("data.simulation.rows=400", "data.simulation.prevalence=0.1")


@pytest.fixture
def judged(project):
    """Runs the stages for one variant on simulated visits."""

    def run(name, *overrides):
        folder = project("evaluate.repeats=2", *overrides)
        reproduce([name])
        return folder

    return run


@pytest.fixture(scope="module")
def made(composed, tmp_path_factory):
    """A folder with what the stages make of SMOTE on 400 visits; tests leave it as it is."""
    text, folder = composed("evaluate.repeats=2", *VISITS), tmp_path_factory.mktemp("made")
    with chdir(folder):
        Path("params.yaml").write_text(text, encoding="utf-8")
        reproduce(["smote"])
    return folder


def test_everything_reported_follows_from_the_kept_predictions(made):
    out = made / "data/evaluate/smote"
    metrics, told = read_json(made / "reports/smote/metrics.json"), read_table(out / "predictions.parquet")
    assert metrics == read_json(out / "metrics.json")
    # One row a test row, labels and all, from the model as it is on disk.
    test = read_table(made / "data/preprocess/test.parquet")
    assert told.index.equals(test.index)
    assert told.y.tolist() == test.buy.tolist()
    model = read_model(made / "data/train/smote/model.skops")
    assert told.probability.tolist() == model.predict_proba(test.drop(columns="buy"))[:, 1].tolist()
    assert told.score.tolist() == np.round(model.decision_function(test.drop(columns="buy")), 9).tolist()
    # The threshold follows from the out-of-fold predictions, on training rows.
    held = read_table(out / "out_of_fold.parquet")
    assert set(held.index) == set(read_table(made / "data/split/train.parquet").index)
    tuned = balanced(held)
    assert metrics["holdout"] == TWO_CLASSES.holdout(told, tuned=tuned, trained=np.array([0.5, 0.5]), confidence=0.95)
    for point, called in (("default", told.probability >= 0.5), ("tuned", told.score >= tuned.score)):
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
    assert metrics["training"]["rows"] == {"negative": 252, "positive": 252}
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
        "class_weight", "data.simulation.rows=300", "data.simulation.prevalence=0.1", "model.search=null", "model.C=0.5"
    )
    train = read_table(folder / "data/preprocess/train.parquet")
    expected = LogisticRegression(C=0.5, class_weight="balanced").fit(train.drop(columns="buy"), train.buy)
    found = read_json(folder / "data/train/class_weight/coefficients.json")
    assert list(found["coefficients"]["positive"].values()) == pytest.approx(expected.coef_[0].tolist(), rel=1e-9)


def test_the_objective_moves_the_threshold(judged):
    thresholds = [
        read_json(judged("none", *VISITS, "model.search=null", *chosen) / "reports/none/metrics.json")["holdout"][
            "tuned"
        ]["threshold"]
        for chosen in ([], ["evaluate=f_beta", "evaluate.beta=0.5"])
    ]
    assert thresholds[1] > thresholds[0]  # precision counts double


def test_a_fold_is_judged_at_a_threshold_and_a_correction_from_the_other_folds_of_its_repeat(made):
    out = made / "data/evaluate/smote"
    rows, held = read_table(out / "folds.parquet"), read_table(out / "out_of_fold.parquet")
    row = rows[(rows.repeat == 1) & (rows.fold == 3)].iloc[0]
    mine, others = held[(held.repeat == 1) & (held.fold == 3)], held[(held.repeat == 1) & (held.fold != 3)]
    threshold = balanced(others)
    assert row.threshold == threshold.probability
    assert [[row.tuned_tn, row.tuned_fp], [row.tuned_fn, row.tuned_tp]] == confusion_matrix(
        mine.y, mine.score >= threshold.score
    ).tolist()
    line = platt(others.y.to_numpy(), others.probability.to_numpy(), ones(len(others)))
    corrected = recalibrate(mine.probability.to_numpy(), **line)
    assert row.recalibrated_log_loss == pytest.approx(log_loss(mine.y, corrected))
    assert row.recalibrated_brier == pytest.approx(brier_score_loss(mine.y, corrected))
    assert set(rows.param_C) <= {0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0}


def test_the_article_s_two_matrices(judged, shared):
    matrices = {}
    for name in ("none", "smote"):
        folder = judged(name, "experiment=article", f"data.path={shared / 'sales_data.csv'}")
        cells = read_json(folder / f"reports/{name}/metrics.json")["holdout"]["default"]
        matrices[name] = [cells[cell] for cell in ("tn", "fp", "fn", "tp")]
    assert matrices == {"none": [281, 4, 12, 3], "smote": [265, 20, 2, 13]}


def test_ingest_reports_weights_only_where_they_are_declared(project, stage, tmp_path, capsys):
    project("data.simulation.rows=100", "data.simulation.prevalence=0.2")
    stage(ingest_stage)
    assert "weight" not in capsys.readouterr().out
    pd.DataFrame({"size": range(10), "stands": 2.0, "y": [0, 1] * 5}).to_csv(tmp_path / "t.csv", index=False)
    project("data=csv", f"data.path={tmp_path / 't.csv'}", "data.target=y", "data.weight=stands")
    stage(ingest_stage)
    assert "weighted by stands, total weight 20, effective sample size 10" in capsys.readouterr().out


def test_split_notes_columns_that_look_too_good_on_training_rows_as_a_sweep_does(project, stage):
    rng = np.random.default_rng(0)
    y = np.arange(600) % 8 == 0
    table = pd.DataFrame({"minutes": y * 1.5 + rng.normal(size=600), "noise": rng.normal(size=600), "buy": y * 1})
    folder = project("data=csv", "data.path=calls.csv", "data.target=buy")
    for name, rows in {"calls": table, "plain": table.assign(minutes=rng.normal(size=600))}.items():
        rows.to_csv("calls.csv", index=False)
        stage(ingest_stage)
        stage(split_stage)
        found = {key: each for key, each in read_json(folder / "data/split/classes.json").items() if key == "suspects"}
        assert list(found.get("suspects", {})) == (["minutes"] if name == "calls" else [])
        params = config.load()
        again = params.data.model_copy(update={"name": name})  # a process remembers the last table
        assert found == run_module.noted(again, params.split)
