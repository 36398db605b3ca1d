"""Every model in conf/model with several variants on three small tables: numbers, mixed with holes, three classes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from threadpoolctl import threadpool_limits

from pipeline import config
from pipeline.fit import run, stored, variants
from pipeline.table.split import separate

ROOT = Path(__file__).parents[2]
MODELS = sorted(path.stem for path in (ROOT / "conf/model").glob("*.yaml"))
VARIANTS = ("none", "random_over", "smote", "class_weight")


def tables():
    random = np.random.default_rng(3)
    x = random.normal(size=(240, 3))
    score = x[:, 0] + 0.5 * x[:, 1] + random.normal(size=240)
    numbers = pd.DataFrame(x, columns=list("abc"))
    mixed = numbers.assign(kind=random.choice(["red", "green", "blue"], 240), whole=random.integers(0, 5, 240))
    mixed.loc[random.choice(240, 30, replace=False), "b"] = np.nan
    mixed.loc[random.choice(240, 20, replace=False), "kind"] = None
    cuts = np.quantile(score, [0.7, 0.88])
    return {
        "numbers": numbers.assign(y=(score > np.quantile(score, 0.85)).astype(int)),
        "mixed": mixed.assign(y=np.where(score > np.quantile(score, 0.85), "bad", "good")),
        "classes": numbers.assign(y=np.array(["one", "two", "three"])[np.digitize(score, cuts)]),
    }


def settings(project, table, model):
    tables()[table].to_csv("table.csv", index=False)
    folder = project(
        "data=csv", "data.path=table.csv", "data.target=y", f"model={model}", "evaluate.folds=2", "evaluate.repeats=1"
    )
    raw = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    for name in ("n_estimators", "max_iter"):  # quick
        if raw["model"].get(name) and model != "logistic_regression":
            raw["model"][name] = 10
    if "search" in raw["model"]:
        raw["model"]["search"] = {name: values[-2:] for name, values in raw["model"]["search"].items()}
    return config.check(raw)


@pytest.mark.parametrize("table", ["numbers", "mixed", "classes"])
@pytest.mark.parametrize("model", MODELS)
def test_every_model_runs_with_every_kind_of_variant_on_every_kind_of_table(project, model, table):
    params = settings(project, table, model)
    for name in VARIANTS:
        if (model, name) == ("k_nearest_neighbors", "class_weight"):
            continue  # which is refused
        made = run.run(params, name)
        ranked = made.metrics["holdout"]["threshold_free"]
        assert ranked["average_precision"] > ranked.get("prevalence", 1 / 3)
        tuning = made.metrics["model"]["tuning"]
        assert made.metrics["model"]["best_params"] in tuning["params"]
        assert set(tuning["params"][0]) == set(params.model["search"])
        assert all(f"param_{key}" in made.folds for key in params.model["search"])
        probability = made.out_of_fold.filter(like="probability").to_numpy()
        assert np.isfinite(probability).all()


@pytest.mark.parametrize("model", MODELS)
def test_every_model_gives_the_same_bytes_again_and_the_same_predictions_with_two_threads(project, tmp_path, model):
    params = settings(project, "numbers", model)
    X, y = separate(run.table(params.data)[0], "y")
    made = []
    for number, threads in enumerate((1, 1, 2)):
        with threadpool_limits(threads):
            fitted = variants.model(params, "none").fit(X, y)
            stored.write_model(tmp_path / str(number), fitted)
            made.append(((tmp_path / str(number)).read_bytes(), fitted.predict_proba(X).tobytes()))
    assert made[0] == made[1]
    assert made[0][1] == made[2][1]  # its file may say how many threads there were: the project always uses one
    assert stored.read_model(tmp_path / "0").predict_proba(X).tobytes() == made[0][1]


@pytest.mark.parametrize("model", MODELS)
def test_no_model_holds_out_rows_that_a_sampler_has_seen(composed, model):
    built = variants.model(config.check(yaml.safe_load(composed(f"model={model}"))), "none")
    given = built.get_params()
    assert not [name for name in given if name.rpartition("__")[2] in ("early_stopping", "oob_score") and given[name]]
