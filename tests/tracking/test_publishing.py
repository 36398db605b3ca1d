"""The same results are published once, whatever happened to the store or an earlier attempt."""

import shutil
import subprocess
from pathlib import Path

import pytest
from reproductions import publish, set_tracking
from stores import stored

from pipeline import config, track
from pipeline.errors import InputError
from pipeline.tools import publish as by_hand
from pipeline.tracking import log, reproduction


def test_publishing_the_same_results_twice_adds_nothing(reproduced):
    first, second = publish(), publish()
    runs, client = stored(reproduced)
    assert (first.new, second.new) == (True, False)
    assert second.parent_id == first.parent_id
    assert len(runs) == 3
    assert len(client.search_logged_models([first.experiment_id])) == 2
    # Other results are published beside the first.
    Path("reports/comparison.json").write_text('{"variants": ["other"]}\n')
    third = publish()
    assert third.new
    assert third.experiment_id == first.experiment_id
    assert len(stored(reproduced)[0]) == 6


def test_a_new_commit_alone_is_not_a_new_result(reproduced):
    _, _, before = reproduction.gather(config.load())
    for arguments in (
        ["init", "-q"],
        ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "x", "--allow-empty"],
    ):
        subprocess.run(["git", *arguments], check=True)
    assert reproduction.gather(config.load())[2] == before


def test_deleted_artifacts_come_back_without_doubles(reproduced):
    publish()
    shutil.rmtree("mlruns")
    assert publish().new
    runs, client = stored(reproduced)
    assert len(runs) == 3
    assert all(client.list_artifacts(run.info.run_id) for run in runs)


def test_a_deleted_experiment_comes_back(reproduced):
    published = publish()
    _, client = stored(reproduced)
    client.delete_experiment(published.experiment_id)
    assert publish().experiment_id == published.experiment_id
    assert len(stored(reproduced)[0]) == 3


def test_a_publication_that_fails_is_marked_and_published_later(reproduced, monkeypatch, stage, capsys):
    from mlflow.exceptions import MlflowException

    def full(*_):
        raise MlflowException("no space left\nsecond line")

    with monkeypatch.context() as patch:
        patch.setattr(log, "log_artifacts", full)
        stage(track)
    assert capsys.readouterr().out == (
        "mountain_shop: MLflow at sqlite:///mlflow.db: no space left. Your results are complete. To publish them "
        "later, run `rebalance publish`.\n"
    )
    assert [run.info.status for run in stored(reproduced)[0]] == ["FAILED"]
    stage(track)
    out = capsys.readouterr().out
    assert out.startswith("mountain_shop: published 2 runs to sqlite:///mlflow.db\n")
    assert [run.info.status for run in stored(reproduced)[0]] == ["FINISHED"] * 3
    stage(track)
    assert capsys.readouterr().out.startswith("mountain_shop: 2 runs were already in sqlite:///mlflow.db\n")


def test_tracking_can_be_off(reproduced, stage, capsys):
    set_tracking("uri", "null")
    stage(track)
    assert capsys.readouterr().out.startswith("mountain_shop: tracking is off")
    assert by_hand.run(ui=True) == 0
    assert capsys.readouterr().out.startswith("mountain_shop: tracking is off")


def test_missing_results_are_refused(reproduced):
    Path("data/evaluate/smote/metrics.json").unlink()
    with pytest.raises(InputError, match="smote/metrics.json doesn't exist. Run `dvc repro` first."):
        reproduction.gather(config.load())
    shutil.rmtree("reports/figures/none")
    with pytest.raises(InputError, match=r"none/confusion_matrix.png and 1 more files don't exist. Run `dvc repro`"):
        reproduction.gather(config.load())


def test_settings_that_changed_since_the_results_were_made_are_found():
    now = {"seed": 1, "split": {"test_size": 0.3}, "variants": {"smote": {"sampler": {"k_neighbors": 3}}}}
    made = {"params.yaml": {"seed": 1, "split": {"test_size": 0.25}}}
    resampled = {"params.yaml": {"variants.smote.sampler": {"k_neighbors": 5}}}
    dropped = {"params.yaml": {"variants.adasyn.sampler": {}}}
    lock = {
        "split": made,
        "resample@smote": resampled,
        "resample@adasyn": dropped,
        "track": {"params.yaml": {"seed": 2}},
    }
    lock = {"stages": {stage: {"cmd": "c", "params": params} for stage, params in lock.items()}}
    assert reproduction.changed(lock, now) == ["split", "variants.smote.sampler"]
    now["split"]["test_size"] = 0.25
    now["variants"]["smote"]["sampler"]["k_neighbors"] = 5
    assert reproduction.changed(lock, now) == []


def test_results_of_other_settings_are_refused(project, monkeypatch):
    project("split.test_size=0.25", "data.target=7")
    monkeypatch.delenv("DVC_STAGE", raising=False)
    how = "{test_size: SIZE, seed: 42, by: rows, group_duplicates: false}"
    template = f"stages: {{split: {{params: {{params.yaml: {{data.target: 7, split: {how}}}}}}}}}"
    Path("dvc.lock").write_text(template.replace("SIZE", "0.3"))
    with pytest.raises(InputError, match="params.yaml: these settings changed after the results were made: split"):
        reproduction.refuse_changed()
    Path("dvc.lock").write_text(template.replace("SIZE", "0.25"))
    reproduction.refuse_changed()
