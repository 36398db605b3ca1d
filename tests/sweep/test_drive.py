import shutil
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from stores import stored

from pipeline.files import read_json
from pipeline.report import verify
from pipeline.sweep import drive, results, watch, worker
from pipeline.table import room
from pipeline.tracking.runs import Published
from pipeline.tracking.store import StoreError

TINY = ["data.simulation.rows=60", "data.simulation.prevalence=0.1"]  # 4 training positives: too few for SMOTE
SETTINGS = OmegaConf.create({"fail_fast": False, "runs_per_job": 20})


def files():
    """The bytes of every finished run, by file."""
    return {str(path): path.read_bytes() for path in results.RUNS.glob("[!.]*/*")}


def test_a_sweep_continues_after_a_failure_and_reports_everything(folder, store, app):
    shutil.copy(store, folder)
    sweep = ["-m", "variant=smote,none,borderline_smote", "seed=1,2", *TINY]
    out, err = app(*sweep, status=1)
    assert err.count("failed: smote · seed 1: SMOTE needs 6 rows of each class that it oversamples") == 1
    assert out.count("\nfailed ") == 4
    assert "runs     2 of 6 finished, 4 failed\n" in out
    runs, _ = stored(folder)
    children = {r.info.run_name: r.info.status for r in runs if "mlflow.parentRunId" in r.data.tags}
    assert children == {"none · seed 1": "FINISHED", "none · seed 2": "FINISHED"}
    (parent,) = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    assert parent.info.status == "FAILED"
    # The same again: what failed is tried again, what is there is not.
    before = files()
    out, _ = app(*sweep, status=1)
    assert "runs     2 of 6 finished (2 earlier), 4 failed\n" in out
    assert files() == before
    assert len(stored(folder)[0]) == 3


def test_a_sweep_makes_damaged_runs_again(folder, app):
    sweep = ["-m", "variant=none,random_over", *TINY, "tracking=none"]
    app(*sweep)
    before = files()
    one, other = sorted({Path(path).parent for path in before})
    (one / "predictions.parquet").write_bytes(before[str(one / "predictions.parquet")][:100])
    for path in other.iterdir():
        path.unlink()
    out, _ = app(*sweep)
    assert out.count("\ndamaged ") + out.startswith("damaged ") == 2
    assert "predictions.parquet is not as written; moved to multirun/damaged/" in out
    assert "2 runs, 2 of them to do" in out
    again = files()
    timed = ("run.json", "sha256.json")  # the first has the seconds, and the second its hash
    assert before.keys() == again.keys()
    assert {path for path in before if before[path] != again[path]} <= {each for each in again if each.endswith(timed)}


def test_a_sampler_without_the_memory_it_needs_fails_with_settings_as_a_sweep_takes_them(folder, app):
    # 700 training rows, 35 of them positive, become 1,330 of 26 numbers: 276,640 bytes. The sampler may use half.
    out, _ = app("variant=smote", f"machine.memory={138_321 / room.total():.18f}", "tracking=none", status=1)
    assert "which needs about 277 kB of memory; machine.memory=" in out
    assert "Allow more: machine.memory=0.01.\n" in out
    assert "-S " not in out
    few = f"machine.memory={200_000 / room.total():.18f}"
    assert (
        "Make fewer rows: ++variant.sampler.sampling_strategy=0.4"
        in app("variant=smote", few, "tracking=none", status=1)[0]
    )


def test_machine_settings_change_no_run(folder, app):
    app("variant=none", *TINY, "tracking=none", "evaluate.folds=0", "machine.memory=0.5")
    before = [path.name for path in results.RUNS.glob("[!.]*")]
    out, _ = app("variant=none", *TINY, "tracking=none", "evaluate.folds=0", "machine.memory=0.7", "machine.jobs=1")
    assert "1 run, 0 of them to do" in out
    assert [path.name for path in results.RUNS.glob("[!.]*")] == before
    (made,) = results.RUNS.glob("[!.]*/run.json")
    assert read_json(made)["settings"]["machine"] == {"jobs": 1, "memory": 1.0}  # whatever it was made with


def test_fail_fast_stops_at_the_first_failure(folder, app):
    out, _ = app("-m", "variant=smote,none", "seed=1,2", *TINY, "tracking=none", "sweep.fail_fast=true", status=1)
    assert "runs     0 of 4 finished, 1 failed, 3 not started (to continue, run the same command again)" in out


def test_a_method_that_fails_prevents_the_verdict_of_a_sweep(folder, app):
    sweep = ["-m", "variant=none,class_weight,smote", *TINY[:1], "data.simulation.prevalence=0.25", "tracking=none"]
    # Five positives in each half of the training rows: too few for SMOTE.
    app(*sweep, "evaluate.folds=2", "evaluate.repeats=1", "split.test_size=0.3", status=1)
    (report,) = {path.parent for path in results.ROOT.rglob("verdict.json")}
    verdict = read_json(report / "verdict.json")
    assert verdict["action"] == "none"
    assert list(verdict["failed"]) == ["smote"]
    assert verdict["sentence"].startswith("No verdict: smote has no result: ")
    assert {one["variant"] for one in verdict["variants"]} == {"none", "class_weight"}
    assert verify.verify((report / "index.html").read_text(encoding="utf-8"), None) == []


@pytest.mark.parametrize("dies", ["__init__", "add", "close"])
def test_a_store_that_dies_costs_a_line_and_no_result(folder, planned, monkeypatch, dies, capsys):
    class Dying:
        published = Published("1", "p", new=True)

        def __init__(self, _):
            self.die("__init__")

        def die(self, where):
            if where == dies:
                raise StoreError("sqlite:///x.db", "gone")

        def add(self, planned):
            self.die("add")

        def close(self, *, interrupted):
            self.die("close")

    monkeypatch.setattr(watch, "Publisher", Dying)
    monkeypatch.setattr(drive, "report", lambda _: None)
    runs = planned("evaluate.folds=0", "data.simulation.rows=300")
    drive.drive(runs, axes={}, settings=SETTINGS, launch=worker.in_turn, machine={"jobs": 1, "memory": 1.0})
    out = capsys.readouterr().out
    assert "runs     1 of 1 finished" in out
    assert "MLflow   MLflow at sqlite:///x.db: gone. Your results are complete." in out
