import json
from pathlib import Path

import pandas as pd
import pytest

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import code, run
from pipeline.sweep import planning, results

ROOT = Path(__file__).parents[2]
QUICK = ["evaluate.folds=0", "data.simulation.rows=300"]


@pytest.mark.parametrize(
    ("variant", "axes", "name"),
    [
        ("smote", {"variant": "smote", "model.C": "0.1", "seed": "3"}, "smote · C=0.1 · seed 3"),
        ("none", {"data": "article", "variant": "none"}, "none · article"),
        ("none", {}, "none"),
        ("none", {"model.C": "1", "variant.model.C": "2"}, "none · model.C=1 · variant.model.C=2"),
        ("none", {"data.path": "/a/b.csv"}, "none · b.csv"),
        ("none", {"seed": "1", "split.seed": "2"}, "none · seed 1 · split.seed 2"),
    ],
)
def test_a_run_is_named_after_what_varies(variant, axes, name):
    assert planning.label(variant, axes).replace("seed=", "seed ") == name


def test_runs_that_differ_by_seed_alone_are_one_configuration(planned):
    runs = planned("variant=none,smote", "seed=1,2", *QUICK)
    assert [r.name for r in runs] == ["none · seed 1", "none · seed 2", "smote · seed 1", "smote · seed 2"]
    assert [r.configuration for r in runs] == ["none", "none", "smote", "smote"]
    assert len({r.id for r in runs}) == 4


def test_tables_do_not_make_a_configuration(planned, tmp_path):
    for name, rows in (("a", 40), ("b", 50)):
        table = pd.DataFrame({"x": range(rows), "y": [0] * (rows - 10) + [1] * 10})
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    paths = f"data.path={tmp_path / 'a.csv'},{tmp_path / 'b.csv'}"
    runs = planned("data=csv", paths, "data.target=y", "evaluate.folds=0")
    assert [one.name for one in runs] == ["none · a.csv", "none · b.csv"]
    assert [one.configuration for one in runs] == ["none", "none"]


@pytest.mark.parametrize(
    "change",
    [
        "seed=43",
        "model.search=null",
        "model.search.C=[1,2]",
        "variant=smote",
        "split.test_size=0.31",
        "data.simulation.seed=1",
        "evaluate.folds=4",
        "model.tune_for=primary",
    ],
)
def test_what_a_run_depends_on_changes_its_identity(planned, change):
    (one,), (other,) = planned("seed=42"), planned(change)
    assert one.id != other.id


@pytest.mark.parametrize(
    "change", ["tracking=none", "sweep.fail_fast=true", "compare.rope=0.1", "+variant@variants.adasyn=adasyn"]
)
def test_what_a_run_does_not_depend_on_leaves_its_identity(planned, change):
    (one,), (other,) = planned("seed=42"), planned(change)
    assert one.id == other.id


def test_a_run_whose_c_is_chosen_for_the_primary_metric_depends_on_it(planned):
    (one,), (other,) = planned("model.tune_for=primary"), planned("model.tune_for=primary", "compare=roc_auc")
    assert one.id != other.id


@pytest.mark.parametrize("settings", ["model.tune_for=log_loss", "model.search=null"])
def test_a_run_whose_c_is_not_chosen_for_the_primary_metric_does_not_depend_on_it(planned, settings):
    (one,), (other,) = planned("seed=42", settings), planned("compare=roc_auc", settings)
    assert one.id == other.id


def test_changed_code_or_table_changes_the_identity(planned, monkeypatch, tmp_path):
    table = tmp_path / "t.csv"
    pd.DataFrame({"x": range(40), "y": [0] * 30 + [1] * 10}).to_csv(table, index=False)
    given = ["data=csv", f"data.path={table}", "data.target=y"]
    (before,) = planned(*given)
    monkeypatch.setattr(code, "code", lambda: "other")
    (recoded,) = planned(*given)
    monkeypatch.undo()
    table.write_text(table.read_text().replace("39,1", "41,1"))
    run.table(config.Config.model_validate(planned("seed=1")[0].settings).data)  # forget the table of that path
    (changed,) = planned(*given)
    assert len({before.id, recoded.id, changed.id}) == 3


def test_settings_come_back_from_disk_as_they_were(planned):
    for given in (["data=mountain_shop"], ["experiment=article", f"data.path={ROOT}/x.csv"]):
        with pytest.MonkeyPatch.context() as patch:
            schema = {"sha256": "0", "positive": 1, "negative": 0, "classes": {"negative": 1, "positive": 1}}
            patch.setattr(run, "table", lambda _, schema=schema: (None, None, schema))
            (one,) = planned(*given)
        restored = config.Config.model_validate(json.loads(json.dumps(one.settings)))
        assert restored == config.check(one.settings)


def test_all_problems_of_a_sweep_are_reported_before_any_run(planned, folder):
    with pytest.raises(InputError) as refused:
        planned("variant=none,smote", "seed=-1,1", "variant.sampler.k_neigbours=3")
    text = "\n".join(refused.value.problems)
    assert "seed: expected a whole number from 0 to 4294967295, found -1" not in text  # composing fails first
    assert "k_neigbours" in text
    with pytest.raises(InputError) as refused:
        planned("variant=smote", "seed=-1,-2", "variant.sampler.k_neighbors=0")
    assert [p.split(": ")[1] for p in refused.value.problems] == ["seed", "split.seed"] * 2
    with pytest.raises(InputError, match="variant.sampler: The 'k_neighbors' parameter"):
        planned("variant=smote", "variant.sampler.k_neighbors=0")
    assert not results.ROOT.exists()


@pytest.mark.parametrize("key", ["compare=average_precision,roc_auc", "tracking=local,none", "compare.rope=0.01,0.1"])
def test_what_all_runs_share_cannot_vary(planned, key):
    with pytest.raises(InputError, match="Run one sweep per value"):
        planned("variant=none,smote", key)


def test_batches_keep_runs_on_the_same_rows_together(planned):
    runs = planned("variant=none,smote,class_weight", "seed=1,2", *QUICK)
    batches = planning.batches(runs, 3)
    assert [[r.settings["seed"] for r in batch] for batch in batches] == [[1, 1, 1], [2, 2, 2]]
    assert [len(batch) for batch in planning.batches(runs, 4)] == [4, 2]
    one_split = planned("variant=none,smote", "seed=1,2", "split.seed=7", *QUICK)
    assert [each.settings["seed"] for (each,) in planning.batches(one_split, 1)] == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["model=logistic_regression,random_forest", "model.max_iter=3"],
            "model.max_iter is not a setting with model=random_forest. To set it whether it's there or not, write "
            "++model.max_iter=...",
        ),
        (
            ["model=random_forest,logistic_regression", "+model.solver=lbfgs", "+model.n_estimators=3"],
            "model.n_estimators is a setting already with model=random_forest. To set it whether it's there or not, "
            "write ++model.n_estimators=...",
        ),
        (
            ["variant=none,smote", "variant.sampler.k_neighbors=2"],
            "variant.sampler.k_neighbors is not a setting with variant=none. To set it whether it's there or not, "
            "write ++variant.sampler.k_neighbors=...",
        ),
    ],
)
def test_a_setting_that_only_some_choices_have_is_refused_with_the_choice(planned, words, problem):
    with pytest.raises(InputError) as refused:
        planned(*words, *QUICK)
    assert problem in refused.value.problems


def test_an_ensemble_that_cannot_be_used_is_left_out_of_the_sweep_s_variants(planned):
    with pytest.raises(InputError) as refused:
        planned("variant=none,balanced_bagging", "data.negatives_per_positive=2", *QUICK)
    (problem,) = refused.value.problems
    assert problem.endswith("found BalancedBaggingClassifier. Leave balanced_bagging out of variant=.")
