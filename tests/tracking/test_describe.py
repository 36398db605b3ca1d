import subprocess
from pathlib import Path

import pytest

from pipeline import config
from pipeline.tracking import describe


def test_settings_are_flattened_to_their_dotted_keys():
    nested = {"seed": 7, "data": {"drop": [], "download": None}, "sampler": {"kmeans": {"n_init": 3}}}
    assert describe.flat_params(nested) == {
        "seed": "7",
        "data.drop": "[]",
        "data.download": "None",
        "sampler.kmeans.n_init": "3",
    }


@pytest.mark.parametrize("name", ["Price [EUR]", "a b=c", "'q'q", "", "../x", "50%", "größe (m²)"])
def test_settings_of_columns_and_classes_whose_names_mlflow_refuses_are_one_text(name):
    from mlflow.utils.validation import _validate_param

    flat = describe.flat_params({"data": {"columns": {"age": "numeric", name: "categorical"}, "classes": {name: None}}})
    assert flat == {
        "data.columns": str({"age": "numeric", name: "categorical"}),
        "data.classes": str({name: None}),
    }
    for key, text in flat.items():
        _validate_param(key, text)
    assert describe.flat_params({"columns": {"größe": "numeric"}}) == {"columns.größe": "numeric"}


def test_metrics_are_flattened_and_rounded_without_nulls_and_coefficients():
    nested = {
        "variant": "none",
        "holdout": {
            "threshold_free": {"roc_auc": 2 / 3},
            "default": {"tp": 15, "precision": None, "recall": 1.0, "intervals": {"recall": [0.1234567, None]}},
            "tuned": None,
        },
        "model": {"converged": True, "intercept": 0.5, "coefficients": {"income > 5": 1.5}},
    }
    assert describe.flat_metrics(nested) == {
        "holdout/roc_auc": 0.666667,
        "holdout/default/tp": 15,
        "holdout/default/recall": 1.0,
        "holdout/default/recall_low": 0.123457,
        "model/converged": 1,
    }


def test_classes_that_mlflow_gives_one_name_keep_their_metrics_apart():
    nested = {"classes": {"a<b": {"f1": 0.25}, "a>b": {"f1": 0.5}}, "matrix": [[1, 2], [3, 4]]}
    assert describe.flat_metrics(nested) == {"classes/a_b/f1": 0.25, "classes/a_b_2/f1": 0.5}


def test_git_tags_have_the_commit_and_whether_code_differs_from_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert describe.git_tags() == {}
    git = ["git", "-c", "user.name=n", "-c", "user.email=e"]
    Path("params.yaml").write_text("seed: 1\n")
    for arguments in (["init", "-q"], ["add", "params.yaml"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *arguments], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    assert describe.git_tags() == {"git_commit": commit, "git_changed": "false", "mlflow.source.git.commit": commit}
    Path("params.yaml").write_text("seed: 2\n")
    assert describe.git_tags()["git_changed"] == "true"


def test_variants_override_the_model_in_their_settings(project):
    project()
    params = config.load()
    assert describe.settings(params, "class_weight")["model.class_weight"] == "balanced"
    assert describe.settings(params, "none")["model.class_weight"] == "None"
    assert "sampler._target_" not in describe.settings(params)
