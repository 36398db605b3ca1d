"""Scores the test rows of real tables again, by the command and as MLflow does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from trained import judged, save_for_mlflow, scored, train

from pipeline.files import read_json
from pipeline.fit.stored import read_model
from pipeline.tools import predict
from pipeline.tracking import scoring


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    """Goes to an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "variant", "overrides"),
    [
        ("bank_small.csv", "smote", ()),
        ("thyroid_sick.csv", "none", ("data.drop=[TBG]",)),
        ("abalone_19.csv", "class_weight", ()),
        ("mammography.csv", "random_over", ()),
        ("us_crime.csv.gz", "none", ("preprocess=standard",)),
    ],
)
def test_test_rows_get_what_evaluate_gave_them(shared, name, variant, overrides):
    train(shared / name, variant, *overrides)
    predict.run([f"variant={variant}", "data.path=new.csv"])
    found, expected = scored(f"data/predict/{variant}.csv"), judged(variant)
    assert found.raw_probability.tolist() == expected.probability.tolist()
    metrics = read_json(Path("data/evaluate", variant, "metrics.json"))
    assert (found.decision == 1).tolist() == (expected.probability >= metrics["holdout"]["tuned"]["threshold"]).tolist()
    tuned = metrics["holdout"]["tuned"]
    assert ((found.decision == 1) & (expected.y == 1).to_numpy()).sum() == tuned["tp"]
    best = metrics["probabilities"]["corrections"]["best"]
    measured = metrics["probabilities"][best]["calibration_ratio"]
    assert found.probability.mean() / expected.y.mean() == pytest.approx(measured, rel=1e-12)


def test_the_article_s_integers_get_what_evaluate_gave_them(shared):
    train(shared / "sales_data.csv", "smote", "preprocess=none", "data.integers=true", target="buy")
    predict.run(["variant=smote", "data.path=new.csv"])
    assert scored("data/predict/smote.csv").raw_probability.tolist() == judged("smote").probability.tolist()


def test_mlflow_s_model_gives_the_same_predictions(shared, monkeypatch):
    import mlflow.pyfunc
    import mlflow.sklearn

    monkeypatch.setattr(sys, "path", sys.path)  # MLflow puts the model's code before it, and leaves it there
    train(shared / "thyroid_sick.csv", "smote", "data.drop=[TBG]")
    predict.run(["variant=smote", "data.path=new.csv"])
    save_for_mlflow("smote")
    rows, model = pd.read_csv("new.csv").rename_axis("row_id"), mlflow.pyfunc.load_model("model")
    schema = model.metadata.get_input_schema()
    # A whole number isn't a double for MLflow.
    typed = rows.astype(dict(zip(schema.input_names(), schema.pandas_types(), strict=True)))
    for found in (model.predict(typed), mlflow.sklearn.load_model("model").predict(rows)):
        pd.testing.assert_frame_equal(found, scored("data/predict/smote.csv"), check_exact=True)
    assert len(model.predict(model.input_example)) == 5
    assert isinstance(read_model(Path("model/model.skops")), scoring.Scorer)


@pytest.mark.slow
def test_mlflow_models_predict_gives_the_same_predictions(shared):
    train(shared / "bank_small.csv", "smote")
    predict.run(["variant=smote", "data.path=new.csv"])
    save_for_mlflow("smote")
    rows = pd.read_csv("new.csv")
    whole = {"columns": list(rows), "data": rows.astype(object).to_numpy().tolist()}
    Path("new.json").write_text(json.dumps({"dataframe_split": whole}))
    command = ["mlflow", "models", "predict", "-m", "model", "-i", "new.json", "-t", "json", "-o", "out.json"]
    # Elsewhere, with the modules that came with the model, and no store.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(
        [sys.executable, "-m", *command, "--env-manager", "local"],
        env={**environment, "MLFLOW_TRACKING_URI": "sqlite:///unused.db", "DO_NOT_TRACK": "true"},
        check=True,
        capture_output=True,
        timeout=300,
    )
    found = pd.DataFrame(read_json(Path("out.json"))["predictions"])
    pd.testing.assert_frame_equal(found, scored("data/predict/smote.csv").reset_index(drop=True), check_exact=True)
