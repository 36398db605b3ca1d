import html
import re
from pathlib import Path

import pandas as pd
import pytest

from pipeline.files import read_json, read_table
from pipeline.measure.statistics import correlated, fold_ratio
from pipeline.report import models as of_models

ASKED = ("-m", "model=logistic_regression,decision_tree", "variant=none,random_over,smote")
QUICK = ("data.simulation.rows=300", "data.simulation.prevalence=0.1", "evaluate.repeats=1", "tracking=none")


@pytest.fixture
def swept(own_conf, app):
    """The folder of a sweep over two models with three variants, and what it printed."""
    out, _ = app(*ASKED, *QUICK, "model.search=null")
    (folder,) = (path.parent for path in Path("multirun").glob("*/models.json"))
    return folder, out


def folds_of(folder):
    """The folds of each run, by model and variant."""
    runs = pd.read_csv(folder / "runs.csv")
    pairs = zip(runs["swept.model"], runs.variant, runs.id, strict=True)
    return {
        pair: read_table(Path("multirun/runs", run[:16], "folds.parquet"))
        for *pair, run in pairs
        for pair in [tuple(pair)]
    }


def test_models_end_with_one_decision_one_table_and_a_report_of_each(swept):
    folder, out = swept
    decision = read_json(folder / "models.json")
    found = folds_of(folder)
    reference = found["logistic_regression", "none"]
    assert [(pair["model"], pair["variant"]) for pair in decision["pairs"]] == list(found)[1:]
    for pair in decision["pairs"]:
        rows = found[pair["model"], pair["variant"]]
        difference = rows.average_precision.to_numpy() - reference.average_precision.to_numpy()
        expected = correlated(difference, test_over_train=fold_ratio(reference), rope=0.01, alpha=0.05)
        assert (pair["mean"], pair["p_better"]) == (expected.mean, expected.p_better)
    for model in ("logistic_regression", "decision_tree"):
        verdict = read_json(folder / model / "verdict.json")
        assert {method["variant"] for method in verdict["methods"]} == {"random_over", "smote"}
        means = [found[model, name].average_precision.mean() for name in ("smote", "none")]
        (smote,) = (method for method in verdict["methods"] if method["variant"] == "smote")
        assert smote["mean"] == pytest.approx(means[0] - means[1])
        page = (folder / model / "index.html").read_text(encoding="utf-8")
        assert {"logistic_regression": "LogisticRegression", "decision_tree": "DecisionTreeClassifier"}[model] in page
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert decision["sentence"].partition(". ")[0] in page
    assert set(re.findall(r'href="(\w+)/index.html"', page)) == {"logistic_regression", "decision_tree"}
    assert decision["sentence"] in out
    assert re.search(r"\| decision_tree +\| +0\.\d{3} \[", out)


def test_a_sweep_over_models_ends_with_the_time_that_each_took(swept):
    _, out = swept
    by_model = {}
    for path in Path("multirun/runs").glob("*/run.json"):
        run = read_json(path)
        by_model.setdefault(run["settings"]["model"]["_target_"].rpartition(".")[2], []).append(run["seconds"])
    line, tree = (sum(by_model[name]) for name in ("LogisticRegression", "DecisionTreeClassifier"))
    assert tree > 0.05
    assert f"\ntime     logistic_regression {line:,.1f} s in 3 runs, decision_tree {tree:,.1f} s in 3 runs\n" in out


def test_the_page_ends_with_the_commands_that_train_and_score(swept):
    folder, _ = swept
    page = html.unescape((folder / "index.html").read_text(encoding="utf-8"))
    decision = read_json(folder / "models.json")
    assert f"dvc exp run -S model={decision['model']} -S data.simulation.rows=300" in page
    assert "-S tracking=none -S model.search=null</code>" in page
    assert f"rebalance predict variant={decision['variant']} data.path=NEW.csv" in page


def test_an_ensemble_that_takes_the_place_of_the_model_is_one_pair(own_conf, app):
    app(*ASKED[:2], "variant=none,balanced_bagging", *QUICK, "model.search=null")
    (folder,) = (path.parent for path in Path("multirun").glob("*/models.json"))
    decision = read_json(folder / "models.json")
    assert [(pair["model"], pair["variant"]) for pair in decision["pairs"]] == [
        ("balanced_bagging", "balanced_bagging"),
        ("decision_tree", "none"),
    ]
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "replaces the model" in page
    assert "with balanced_bagging" not in decision["sentence"]
    assert any(each.startswith("logistic_regression: Not the same model") for each in decision["caveats"])


@pytest.mark.parametrize(
    ("chosen", "train"),
    [
        (("k_nearest_neighbors", "smote"), "model=k_nearest_neighbors -S data=csv -S ~variant@variants.class_weight"),
        (("easy_ensemble", "easy_ensemble"), "model=line -S data=csv -S +variant@variants.easy_ensemble=easy_ensemble"),
        (("line", "none"), "model=line -S data=csv"),
    ],
)
def test_the_command_that_trains_can_be_run(chosen, train):
    model, name = chosen
    decision = {
        "action": "use",
        "model": model,
        "variant": name,
        "sentence": "Use it. So.",
        "declared": {"primary": "average_precision", "rope": 0.01, "metric": "average precision"},
        "pairs": [],
        "caveats": [],
        "reference": {"model": "line", "variant": "none", "mean_primary": 0.5},
        "models": [{"model": "line", "action": "none", "evidence": None, "variant": None, "sentence": ""}],
    }
    made = of_models.pages(
        decision,
        table="csv",
        command="python -m pipeline -m model=line,k_nearest_neighbors variant=none,smote variant.model.C=1 data=csv",
        compared=["none", "smote", "class_weight"],
        refused={"k_nearest_neighbors": ["class_weight"]},
    )
    page = html.unescape(made["index.html"])
    assert f"dvc exp run -S {train}</code>" in page.replace("'", "")
    assert f"rebalance predict variant={name} data.path=NEW.csv" in page


def test_where_runs_fail_there_is_no_decision_and_the_other_model_s_report(own_conf, app):
    greedy = "_target_: sklearn.neighbors.KNeighborsClassifier\nsearch: null\nn_neighbors: 10000\n"
    Path("conf/model/greedy.yaml").write_text(greedy, encoding="utf-8")
    asked = ("-m", "model=logistic_regression,greedy", "variant=none,smote")
    out, _ = app(*asked, *QUICK, status=1)
    (folder,) = (path.parent for path in Path("multirun").glob("*/models.json"))
    decision = read_json(folder / "models.json")
    assert decision["action"] == "none"
    assert decision["sentence"].startswith(
        "No decision: greedy without resampling has no result: fold 1 of 4: KNeighborsClassifier: Expected n_neighbors"
    )
    assert [each["model"] for each in decision["models"]] == ["logistic_regression"]
    assert (folder / "logistic_regression/index.html").is_file()
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "Fix this, and run it again:" in page
    assert decision["sentence"] in out
