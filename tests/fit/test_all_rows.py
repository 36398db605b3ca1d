"""Runs whose folds judge all rows, since none are held out for testing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import stages
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score, confusion_matrix, log_loss

from pipeline import compare, config
from pipeline.errors import InputError
from pipeline.files import EVALUATE, SPLIT, read_json, read_table
from pipeline.fit import run
from pipeline.measure import scores
from pipeline.report import verify

SMALL = ("data.simulation.rows=200", "split.test_size=0", "evaluate.folds=4", "evaluate.repeats=2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, composed):
    """A folder in which all stages up to the report were run for two variants."""
    others = [f"~variant@variants.{name}" for name in ("random_over", "augmentation", "smote", "class_weight")]
    path = tmp_path_factory.mktemp("all_rows")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        Path("params.yaml").write_text(composed(*SMALL, *others), encoding="utf-8")
        stages.reproduce(["none", "random_under"], compare)
    return path


@pytest.fixture
def there(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def best_threshold(y, score):
    """The score with the best balanced accuracy, the highest of equal ones, by trying each."""
    cuts = np.unique(score)[::-1]
    return cuts[np.argmax([round(balanced_accuracy_score(y, score >= cut), 12) for cut in cuts])]


def platts_line(y, x):
    """Platt's line, whose targets are (positives + 1) / (positives + 2) and 1 / (negatives + 2), as weights of both."""
    target = np.where(y == 1, (y.sum() + 1) / (y.sum() + 2), 1 / (len(y) - y.sum() + 2))
    both, weight = np.repeat([1, 0], len(y)), np.concatenate([target, 1 - target])
    return LogisticRegression(C=np.inf, tol=1e-10).fit(np.tile(x, 2)[:, None], both, weight)


@pytest.mark.parametrize("name", ["none", "random_under"])
def test_each_row_is_decided_by_a_threshold_and_recalibrated_by_a_line_of_the_other_folds(there, name):
    assert len(read_table(SPLIT / "test.parquet")) == 0
    seen = read_table(EVALUATE / name / "out_of_fold.parquet")
    once = seen[seen.repeat == 0]
    assert sorted(once.index) == sorted(read_table(SPLIT / "train.parquet").index) == list(range(200))
    score, decided, platt = scores.of(once), np.zeros(200, dtype=bool), np.zeros(200)
    for fold in range(4):
        held = (once.fold == fold).to_numpy()
        decided[held] = score[held] >= best_threshold(once.y[~held], score[~held])
        line = platts_line(once.y[~held].to_numpy(), logit(once.probability[~held].to_numpy()))
        platt[held] = expit(line.intercept_ + line.coef_[0] * logit(once.probability[held]))
    found = read_json(EVALUATE / name / "metrics.json")
    holdout = found["holdout"]
    counts = [holdout["tuned"][cell] for cell in ("tn", "fp", "fn", "tp")]
    assert counts == confusion_matrix(once.y, decided).ravel().tolist()
    counts = [holdout["default"][cell] for cell in ("tn", "fp", "fn", "tp")]
    assert counts == confusion_matrix(once.y, once.probability >= 0.5).ravel().tolist()
    ranked = average_precision_score(once.y, score)
    assert holdout["threshold_free"]["average_precision"] == pytest.approx(ranked, abs=1e-12)
    assert found["probabilities"]["platt"]["log_loss"] == pytest.approx(log_loss(once.y, platt), abs=1e-6)
    # `predict` scores new rows with the model of all rows, and decides by a threshold of all rows.
    assert holdout["tuned"]["threshold_score"] == best_threshold(seen.y, scores.of(seen))


def test_the_report_names_the_rows_and_follows_from_its_predictions(there):
    page = Path("reports/index.html").read_text(encoding="utf-8")
    assert verify.verify(page, None) == []
    assert "Confusion matrices on the out-of-fold rows" in page
    assert "No rows are held out for testing" in page
    for shown in (page, Path("reports/comparison.md").read_text(encoding="utf-8")):
        assert "test rows" not in shown.split('<script type="application/json"')[0]
    assert read_json(Path("reports/verdict.json"))["holdout_agrees"] is None


def test_a_run_in_one_process_gives_the_same(there):
    made = run.run(config.load(), "random_under")
    assert made.metrics == read_json(EVALUATE / "random_under" / "metrics.json")
    pd.testing.assert_frame_equal(made.predictions, read_table(EVALUATE / "random_under" / "predictions.parquet"))


def test_several_classes_are_judged_out_of_fold(project):
    rng = np.random.default_rng(5)
    rows = [f"{value},{'abc'[int(value + rng.normal() > 0) + int(value > 1)]}" for value in rng.normal(size=120)]
    Path("three.csv").write_text("x,y\n" + "\n".join(rows), encoding="utf-8")
    project("data=csv", "data.path=three.csv", "data.target=y", "split.test_size=0", "evaluate.repeats=1")
    made = run.run(config.load(), "none")
    assert made.metrics["holdout"]["rows"] == 120
    assert np.sum(made.metrics["holdout"]["default"]["matrix"]) == 120


def test_a_table_with_too_few_rows_for_folds_can_not_do_without_test_rows(project):
    rows = [f"{row},{int(row < 4)}" for row in range(60)]
    Path("few.csv").write_text("x,y\n" + "\n".join(rows), encoding="utf-8")
    project("data=csv", "data.path=few.csv", "data.target=y", "split.test_size=0")
    with pytest.raises(InputError, match=r"split.test_size: expected a share of the rows, because a class has too few"):
        run.run(config.load(), "none")


def test_rows_without_folds_are_refused(composed, project):
    project("split.test_size=0", "evaluate.folds=0")
    with pytest.raises(InputError, match=r"evaluate.folds: expected 2 or more with split.test_size=0, found 0"):
        config.load()
