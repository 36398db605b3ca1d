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


CONTENT = {
    "variant": "none",
    "holdout": {
        "rows": 300,
        "positives": 15,
        "threshold_free": {"roc_auc": 2 / 3, "prevalence": 0.05, "log_loss": 0.2},
        "default": {
            "threshold": 0.5,
            "tp": 15,
            "precision": None,
            "recall": 1.0,
            "intervals": {"recall": [0.1234567, None]},
        },
        "tuned": {"threshold": 0.25, "recall": 0.75},
    },
    "training": {"rows": {"negative": 8, "positive": 8}, "synthetic": {"negative": 0, "positive": 6}, "folds": None},
    "model": {
        "model": "LogisticRegression",
        "best_params": {"C": 0.1},
        "converged": True,
        "tuning": {"params": [{"C": 0.1}, {"C": 1.0}], "values": [0.2, 0.3]},
        "trained_proportions": {"negative": 0.5, "positive": 0.5},
        "intercept": {"positive": 0.5},
        "coefficients": {"positive": {"income > 5": 1.5}},
    },
    "probabilities": {
        "platt": None,
        "raw": {"log_loss": 0.2, "slope": 1.5},
        "prior_corrected": {"log_loss": 0.1},
        "corrections": {
            "trained": {"negative": 0.5, "positive": 0.5},
            "true": {"negative": 0.95, "positive": 0.05},
            "platt": {"slope": 0.9, "intercept": -1.0},
        },
    },
}


def test_metrics_are_what_measures_a_model_rounded_by_short_names():
    assert describe.metrics_of(CONTENT) == {
        "test/roc_auc": 0.666667,
        "test/log_loss": 0.2,
        "test/slope": 1.5,
        "untuned/tp": 15,
        "untuned/recall": 1.0,
        "untuned/recall_low": 0.123457,
        "tuned/threshold": 0.25,
        "tuned/recall": 0.75,
        "prior/log_loss": 0.1,
    }


def test_counts_and_what_was_fitted_are_parameters():
    assert describe.facts_of(CONTENT) == {
        "test/rows": "300",
        "test/positives": "15",
        "test/prevalence": "0.05",
        "untuned/threshold": "0.5",
        "training/rows/negative": "8",
        "training/rows/positive": "8",
        "training/synthetic/negative": "0",
        "training/synthetic/positive": "6",
        "training/proportions/negative": "0.95",
        "training/proportions/positive": "0.05",
        "trained/C": "0.1",
        "trained/converged": "True",
        "trained/proportions/negative": "0.5",
        "trained/proportions/positive": "0.5",
        "trained/platt/slope": "0.9",
        "trained/platt/intercept": "-1",
    }


def test_classes_that_mlflow_gives_one_name_keep_their_metrics_apart():
    classes = {"a<b": {"f1": 0.25, "support": 3}, "a>b": {"f1": 0.5, "support": 4}}
    content = {"holdout": {"default": {"classes": classes, "matrix": [[1, 2], [3, 4]]}}}
    assert describe.metrics_of(content) == {"untuned/a_b/f1": 0.25, "untuned/a_b_2/f1": 0.5}
    assert describe.facts_of(content) == {"untuned/a_b/support": "3", "untuned/a_b_2/support": "4"}


def test_a_class_may_be_named_like_a_count():
    content = {"holdout": {"classes": {"rows": {"roc_auc": 0.5}}}}
    assert describe.metrics_of(content) == {"test/rows/roc_auc": 0.5}


def test_names_of_metrics_fit_where_mlflow_shows_them(evidence):
    names = describe.metrics_of(evidence.results["smote"])
    assert len(names) > 40
    assert max(map(len, names)) <= 25


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
