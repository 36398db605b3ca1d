import shutil

from stores import stored

from pipeline import config
from pipeline.files import read_json, read_table
from pipeline.sweep import publish, results, worker
from pipeline.tracking import describe


def test_settings_that_are_published_are_those_of_the_run(planned, folder):
    (one,) = planned("variant=class_weight", "evaluate.folds=0", "data.simulation.rows=300")
    worker.attempt(one, folder, one.settings["machine"])
    child = publish.child_run(one, {"git_commit": "abc"})
    content = read_json(one.folder / "metrics.json")
    assert child.params == {"variant": "class_weight", "seed": "42", **describe.facts_of(content)}
    assert child.tags["git_commit"] == "abc"
    everything = describe.metrics_of(content)
    assert child.metrics.items() <= everything.items()
    assert {name.rpartition("_")[2] for name in everything.keys() - child.metrics.keys()} == {"low", "high"}
    sweep = results.Sweep("a", "c", {}, config.Config.model_validate(one.settings).tracking, {}, [one])
    assert publish.parent_run(sweep).params["model.class_weight"] == "balanced"


def test_mlflow_has_a_sweep_with_names_axes_steps_and_its_report(folder, store, app):
    shutil.copy(store, folder)
    arguments = ["-m", "variant=none,smote", "model.C=0.1,1", "model.search=null", "seed=3"]
    arguments += ["data.simulation.rows=400", "evaluate.folds=2", "evaluate.repeats=2"]
    app(*arguments)
    runs, client = stored(folder)
    (parent,) = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    children = [r for r in runs if "mlflow.parentRunId" in r.data.tags]
    assert {r.info.run_name for r in children} == {f"{v} · C={c}" for v in ("none", "smote") for c in (0.1, 1)}
    assert parent.data.tags["swept.model.C"] == "0.1, 1"
    assert parent.data.tags["command"] == f"python -m pipeline {' '.join(arguments)}"
    assert "average precision" in parent.data.tags["mlflow.note.content"]
    listed = {entry.path for entry in client.list_artifacts(parent.info.run_id)}
    assert {"index.html", "summary.md", "summary.json", "runs.csv", "figures"} <= listed
    one = children[0]
    assert {"variant", "model.C", "seed"} <= one.data.params.keys()
    steps = client.get_metric_history(one.info.run_id, "per_fold/average_precision")
    rows = read_table(next(results.RUNS.glob("*/folds.parquet")))
    assert sorted(m.step for m in steps) == list(range(len(rows))) == list(range(2 * 2))
    assert {"untuned/tp", "tuned/recall", "test/average_precision"} <= one.data.metrics.keys()
