from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from weighted_table import settings, table

from pipeline import evaluate as evaluate_stage
from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import resample as resample_stage
from pipeline import split as split_stage
from pipeline import train as train_stage
from pipeline.files import read_json, read_table
from pipeline.fit import run
from pipeline.table import weights
from pipeline.tracking.describe import metrics_of


def test_stages_and_run_give_the_same_weighted_numbers(project, stage):
    params = settings(project, table())
    stage(ingest_stage)
    stage(split_stage)
    stage(preprocess_stage)
    for name in ("random_over", "class_weight"):
        for module in (resample_stage, train_stage, evaluate_stage):
            stage(module, name)
        made = run.run(params, name)
        folder = Path("data/evaluate") / name
        assert made.metrics == read_json(folder / "metrics.json")
        pd.testing.assert_frame_equal(made.predictions, read_table(folder / "predictions.parquet"))
        pd.testing.assert_frame_equal(made.folds, read_table(folder / "folds.parquet"))
        weight = table().w
        assert made.predictions.weight.tolist() == weight[made.predictions.index].tolist()
        assert made.out_of_fold.weight.tolist() == weight[made.out_of_fold.index].tolist()
    rows, judged = made.predictions, made.metrics["holdout"]
    assert judged["threshold_free"]["prevalence"] == pytest.approx(np.average(rows.y, weights=rows.weight))
    told, classes = read_json(folder / "classification_report.json"), read_json(Path("data/split/classes.json"))
    assert told["default"]["positive"]["support"] == pytest.approx(rows.weight[rows.y == 1].sum())
    assert classes["weight"]["test"]["positive"] == pytest.approx(rows.weight[rows.y == 1].sum())
    assert made.metrics["probabilities"]["corrections"] == {
        "trained": {"negative": 0.5, "positive": 0.5},
        "true": dict(zip(("negative", "positive"), weights.training(classes), strict=True)),
        "platt": made.metrics["probabilities"]["corrections"]["platt"],
        "isotonic": None,
        "best": "platt",
    }


def test_a_run_with_weights_of_one_is_the_run_without(project):
    rows = table().assign(w=1)
    weighted = run.run(settings(project, rows), "random_over")
    plain = run.run(settings(project, rows, "data.weight=null", drop="who,day,w"), "random_over")
    weighted.metrics["holdout"].pop("effective_positives")
    assert metrics_of(weighted.metrics) == pytest.approx(metrics_of(plain.metrics), rel=1e-5)
    pd.testing.assert_frame_equal(weighted.folds, plain.folds, check_dtype=False, rtol=1e-9)


def test_garbled_test_rows_and_their_weights_change_nothing_on_the_training_side(project):
    honest = run.run(settings(project, table()), "random_under")
    garbled, test = table(), honest.predictions.index
    garbled.loc[test, ["x", "z"]] = 1e6
    garbled.loc[test, "w"] = 1e3
    again = settings(project, garbled, "data.integers=true")  # other settings, so that it is read anew
    made = run.run(again, "random_under")
    assert list(made.predictions.index) == list(test)
    assert made.metrics["model"] == honest.metrics["model"]
    pd.testing.assert_frame_equal(made.out_of_fold, honest.out_of_fold)
    pd.testing.assert_frame_equal(made.folds, honest.folds)
    assert made.metrics["holdout"]["tuned"]["threshold"] == honest.metrics["holdout"]["tuned"]["threshold"]
    assert made.metrics["holdout"] != honest.metrics["holdout"]


@pytest.mark.parametrize(
    ("overrides", "drop"), [(["split=grouped", "data.group=who"], "day"), (["split=temporal", "data.time=day"], "who")]
)
def test_weights_travel_with_groups_and_times(project, overrides, drop):
    made = run.run(settings(project, table(), *overrides, drop=drop), "class_weight")
    weight = table().w
    assert made.predictions.weight.tolist() == weight[made.predictions.index].tolist()
    assert made.out_of_fold.weight.tolist() == weight[made.out_of_fold.index].tolist()
    assert set(made.folds.trained_proportion_1) == {0.5}
