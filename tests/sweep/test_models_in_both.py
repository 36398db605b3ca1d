"""The same models and methods as stages and as a sweep: one decision."""

from pathlib import Path

import pandas as pd
import pytest
from stages import reproduce

from pipeline import compare
from pipeline.files import read_json, read_table
from pipeline.tools import predict, verdict, verify

QUICK = ("data.simulation.rows=300", "data.simulation.prevalence=0.1", "evaluate.repeats=1", "tracking=none")
LINE, FOREST = ("none", "smote"), ("random_forest", "random_forest_smote")
OTHERS = (
    "class_weight",
    "hist_gradient_boosting",
    *(f"hist_gradient_boosting_{each}" for each in ("smote", "class_weight")),
)


@pytest.fixture
def reproduced(own_conf, project):
    """A folder in which two models of the preset, each with SMOTE, are compared by the stages."""
    smaller = [f"variants.{name}.model.n_estimators=5" for name in FOREST]
    left_out = [f"~variants.{name}" for name in (*OTHERS, "random_forest_class_weight")]
    project("experiment=models", *QUICK, *smaller, *left_out)
    reproduce([*LINE, *FOREST], compare)
    return own_conf


def test_stages_and_a_sweep_decide_the_same_by_the_same_numbers(reproduced, app):
    decision = read_json(Path("reports/comparison.json"))["models"]
    forest = Path("conf/model/random_forest.yaml")
    forest.write_text(forest.read_text(encoding="utf-8").replace("n_estimators: 100", "n_estimators: 5"), "utf-8")
    app("-m", "model=logistic_regression,random_forest", "variant=none,smote", *QUICK)
    (swept,) = (read_json(path) for path in Path("multirun").glob("*/models.json"))
    called = {"LogisticRegression": "logistic_regression"}
    assert [{**pair, "model": called.get(pair["model"], pair["model"])} for pair in decision["pairs"]] == swept["pairs"]
    for ours, theirs in zip(decision["models"], swept["models"], strict=True):
        assert {**ours, "model": called.get(ours["model"], ours["model"])} == theirs
    for name, word in called.items():
        decision["sentence"] = decision["sentence"].replace(name, word)
    assert decision["sentence"] == swept["sentence"]


def test_a_method_of_another_model_scores_new_rows_and_the_page_is_verified(reproduced):
    table = read_table(Path("data/ingest/table.parquet"))
    table.head(50).to_csv("new.csv", index=False)
    predict.run(["variant=random_forest_smote", "data.path=new.csv"])
    scored = pd.read_csv("data/predict/random_forest_smote.csv")
    assert len(scored) == 50
    assert scored.raw_probability.nunique() > 2
    assert verify.run() == 0


def test_the_printed_verdict_has_a_line_for_each_model(reproduced, capsys):
    assert verdict.run() in (0, 10, 20)
    said = capsys.readouterr().out
    for model in ("LogisticRegression", "random_forest"):
        assert f"\n{model}, its methods judged alone: " in said
