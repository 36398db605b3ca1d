"""What MLflow shows of a reproduction."""

import ast
import importlib
import json
import math
import sys
import urllib.request
from pathlib import Path

import pandas as pd
import skops.io
from imports import layers, reached
from preparing import fitted_on
from reproductions import publish, set_tracking
from stores import stored

from pipeline.files import read_json
from pipeline.fit.stored import TRUSTED_TYPES
from pipeline.tracking import model
from pipeline.tracking.describe import metrics_of
from pipeline.tracking.runs import Model
from pipeline.tracking.scoring import Scorer

ROOT = Path(__file__).parents[2]


def artifacts(client, run, folder=None):
    found = []
    for entry in client.list_artifacts(run.info.run_id, folder):
        found += artifacts(client, run, entry.path) if entry.is_dir else [entry.path]
    return sorted(found)


def test_a_reproduction_is_one_finished_run_with_a_finished_run_for_each_variant(published):
    parent, children = published.parent, published.children
    assert published.published.new
    assert published.client.get_experiment(published.published.experiment_id).name == "mountain_shop"
    assert [run.info.status for run in published.runs] == ["FINISHED"] * 3
    assert parent.info.run_id == published.published.parent_id
    assert parent.info.run_name == f"mountain_shop {parent.data.tags['results_sha256'][:8]}"
    assert [run.info.run_name for run in children] == ["none", "smote"]
    assert [run.data.tags["mlflow.parentRunId"] for run in children] == [parent.info.run_id] * 2


def test_tags_show_the_data_settings_and_results_of_a_run(published):
    runs = published.runs
    sha256 = json.loads(Path("data/ingest/schema.json").read_text())["sha256"]
    assert [run.data.tags["data_sha256"] for run in runs] == [sha256] * 3
    assert len({run.data.tags["results_sha256"] for run in runs}) == 1
    assert len({run.data.tags["params_sha256"] for run in runs}) == 3
    assert [run.data.tags["kind"] for run in runs] == ["reproduction", "variant", "variant"]
    notes = [run.data.tags["mlflow.note.content"] for run in runs]
    assert notes[0] == Path("reports/comparison.md").read_text()
    assert notes[1].startswith("LogisticRegression without resampling, on mountain_shop. On 120 test rows it finds ")
    assert notes[2].startswith("SMOTE, then LogisticRegression, on mountain_shop. On 120 test rows it finds ")


def test_a_variant_s_run_has_its_own_settings_and_its_metrics(published):
    none, smote = published.none, published.smote
    assert smote.data.params["sampler._target_"] == "imblearn.over_sampling.SMOTE"
    assert smote.data.params["sampler.k_neighbors"] == "5"
    assert "sampler.k_neighbors" not in none.data.params
    for run in published.runs:
        assert run.data.params["seed"] == "42"
        assert run.data.params["split.test_size"] == "0.3"
        assert run.data.params["model.C"] == "1.0"
        assert run.data.params["data.simulation.rows"] == "400"
    judged = json.loads(Path("data/evaluate/smote/metrics.json").read_text())["holdout"]
    shown = smote.data.metrics
    assert shown["untuned/tp"] == judged["default"]["tp"]
    assert math.isclose(shown["test/log_loss"], judged["threshold_free"]["log_loss"], rel_tol=1e-5)
    low, high = judged["tuned"]["intervals"]["recall"]
    assert math.isclose(shown["tuned/recall_low"], low, rel_tol=1e-5)
    assert math.isclose(shown["tuned/recall_high"], high, rel_tol=1e-5)


def test_no_metric_is_the_same_for_all_variants_of_a_table_by_construction(published):
    def constant(found):
        first = found[0]
        return {name for name in first if all(metrics.get(name) == first[name] for metrics in found)}

    default = [metrics_of(read_json(path)) for path in sorted((ROOT / "reports").glob("*/metrics.json"))]
    assert len(default) == 6
    # What is equal by coincidence in six models, such as a recall of 1, is not in two others on other rows.
    assert constant(default) & constant([run.data.metrics for run in published.children]) == set()
    shown = published.smote.data.params
    assert shown["call"] == "none"  # this verdict judges no method
    assert (shown["test/rows"], shown["training/rows/positive"]) == ("120", shown["training/rows/negative"])


def test_a_variant_s_run_has_its_means_over_the_folds(published):
    for run in published.children:
        folds = pd.read_parquet(f"data/evaluate/{run.info.run_name}/folds.parquet")
        mean = sum(folds.average_precision) / len(folds)
        assert math.isclose(run.data.metrics["folds/average_precision"], mean, rel_tol=1e-5)


def test_runs_show_figures_tables_and_predictions(published):
    assert artifacts(published.client, published.parent) == [
        "comparison.csv",
        "comparison.json",
        "comparison.md",
        "figures/class_counts.png",
        "figures/roc.png",
        "index.html",
        "model_card.md",
        "verdict.json",
    ]
    assert artifacts(published.client, published.none) == [
        "class_counts.png",
        "classification_report.json",
        "confusion_matrix.json",
        "confusion_matrix.png",
        "metrics.json",
        "precision_recall.png",
        "predictions.csv",
        "reliability.png",
    ]
    file = published.client.download_artifacts(published.none.info.run_id, "predictions.csv")
    kept = pd.read_parquet("data/evaluate/none/predictions.parquet")
    pd.testing.assert_frame_equal(pd.read_csv(file, index_col="row_id"), kept.astype({"y": "int64"}))


def test_artifacts_are_in_the_configured_folder(reproduced):
    set_tracking("artifacts", "kept here")
    publish()
    (parent, *_), _ = stored(reproduced)
    assert (reproduced / "kept here/mountain_shop" / parent.info.run_id / "artifacts/index.html").is_file()


def test_a_run_shows_its_data_set_and_the_columns(published):
    for run in published.runs:
        (shown,) = [entry.dataset for entry in run.inputs.dataset_inputs]
        assert shown.name == "mountain_shop"
        assert json.loads(Path("data/ingest/schema.json").read_text())["sha256"].startswith(shown.digest)
        assert len(shown.digest) == 12
        assert json.loads(shown.profile)["num_rows"] == 400
        assert [column["name"] for column in json.loads(shown.schema)["mlflow_colspec"]] == [
            "time_on_page",
            "pages_viewed",
            "interest_ski",
            "interest_climb",
            "buy",
        ]


def test_the_logged_model_takes_raw_features_and_gives_the_pipeline_s_predictions(published, monkeypatch):
    import mlflow.pyfunc

    monkeypatch.setattr(sys, "path", sys.path)  # MLflow puts the model's code before it, and leaves it there
    smote, client = published.smote, published.client
    (logged,) = client.search_logged_models([smote.info.experiment_id], f"source_run_id = '{smote.info.run_id}'")
    assert str(logged.status) == "READY"
    assert (logged.name, logged.model_type) == ("smote-LogisticRegression", "LogisticRegression")
    assert [output.model_id for output in smote.outputs.model_outputs] == [logged.model_id]
    test = pd.read_parquet("data/split/test.parquet").drop(columns="buy")
    expected = pd.read_parquet("data/evaluate/smote/predictions.parquet").probability
    assert list(expected.index) == list(test.index)
    folder = Path(urllib.request.url2pathname(logged.artifact_location.removeprefix("file://")))
    loaded = skops.io.load(folder / "model.skops", trusted=list(TRUSTED_TYPES))
    assert loaded.predict(test).raw_probability.tolist() == expected.tolist()
    served = mlflow.pyfunc.load_model(str(folder))
    pd.testing.assert_frame_equal(served.predict(test), loaded.predict(test), check_exact=True)
    assert served.metadata.signature.inputs.input_names() == list(test.columns)
    assert [str(kind) for kind in served.metadata.signature.inputs.input_types()] == ["DataType.double"] * 4
    holes = test.assign(time_on_page=test.time_on_page.where(test.index % 2 == 0))
    pd.testing.assert_frame_equal(served.predict(holes), loaded.predict(holes), check_exact=True)
    assert served.metadata.signature.outputs.input_names() == ["probability", "raw_probability", "score", "decision"]
    assert len(served.input_example) == 5
    needed = (folder / "requirements.txt").read_text().split()
    packages = {"mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops"}
    assert {line.partition("==")[0] for line in needed} == packages
    assert all("==" in line for line in needed)


def test_a_logged_model_of_an_extension_carries_its_code(tmp_path, monkeypatch):
    import mlflow.pyfunc

    monkeypatch.chdir(tmp_path)
    (tmp_path / "extensions").mkdir()
    (tmp_path / "extensions/logit.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n\n\nclass Logit(LogisticRegression):\n    pass\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    Logit = importlib.import_module("extensions.logit").Logit
    rows = pd.DataFrame({"time": [1.0, 2.0, 3.0, 4.0]})
    fitted, _ = fitted_on(rows, scale=False)
    scorer = Scorer(
        fitted,
        Logit().fit(rows, [0, 1, 0, 1]),
        declaration={"time": "numeric"},
        text=[],
        missing=None,
        rule={"threshold": 0.5},
        correction={"slope": 1.0, "intercept": 0.0},
        labels=["no", "yes"],
    )
    model.save(Model(scorer, rows), tmp_path / "model")
    (tmp_path / "extensions/logit.py").unlink()
    for name in [name for name in sys.modules if name.partition(".")[0] == "extensions"]:
        del sys.modules[name]
    served = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    pd.testing.assert_frame_equal(served.predict(rows), scorer.predict(rows))
    assert (tmp_path / "model/code/extensions/logit.py").is_file()


def test_a_model_carries_the_layers_that_scoring_imports_and_no_others():
    needed = layers(reached("tracking/scoring.py"))
    assert {part.partition("/")[0] for part in model.CODE} == {"__init__.py", *needed}
    assert [part for part in model.CODE if part.startswith("tracking")] == [
        "tracking/__init__.py",
        "tracking/scoring.py",
    ]


def test_scoring_imports_only_packages_that_a_model_requires():
    found = set()
    for path in reached("tracking/scoring.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            found |= {name.partition(".")[0] for name in names}
    assert found - set(sys.stdlib_module_names) == {"numpy", "pandas", "pipeline", "sklearn", "scipy"}
    assert {"numpy", "pandas", "scikit-learn", "scipy"} < set(model.PACKAGES)


def test_the_code_that_a_model_carries_has_no_caches_and_nothing_but_python(published):
    smote, client = published.smote, published.client
    (logged,) = client.search_logged_models([smote.info.experiment_id], f"source_run_id = '{smote.info.run_id}'")
    code = Path(urllib.request.url2pathname(logged.artifact_location.removeprefix("file://")), "code/pipeline")
    files = [path for path in code.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".py"}
    assert sum(path.stat().st_size for path in files) < 400_000
