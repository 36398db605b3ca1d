"""What a person sees of a sweep in MLflow's own pages."""

import shutil
import time
from pathlib import Path

import pytest
from chromium import CHROMIUM, Chromium
from processes import mlflow_server
from stores import stored

from pipeline.sweep.report import SORTED_BY
from pipeline.tracking.runs import Published, page

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_mlflow_shows_the_runs_of_a_sweep_with_their_names_and_metrics(tmp_path, store, app, free_port, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    shutil.copy(store, tmp_path)
    arguments = ["-m", "variant=none,smote", "model.C=0.1,1", "model.search=null", "seed=3"]
    app(*arguments, "data.simulation.rows=400", "evaluate.folds=2", "evaluate.repeats=2")
    runs, _ = stored(tmp_path)
    (parent,) = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    children = [r for r in runs if "mlflow.parentRunId" in r.data.tags]
    names = [f">{child.info.run_name}<" for child in children]
    wanted = [*names, "per_fold/average_precision", "untuned", "tuned"]
    address = page(Published("1", parent.info.run_id, new=False), metric=SORTED_BY)
    shown = seen(address, free_port(), wanted=wanted)
    assert [words for words in wanted if words not in shown] == []
    assert "<strong>4</strong> matching runs" in shown


def seen(address, port, *, wanted):
    """The HTML at `address` of MLflow's pages, once everything wanted is there."""
    with mlflow_server(port):
        browser = Chromium("profile")
        try:
            browser.show(f"http://127.0.0.1:{port}/{address}", width=1600, height=9000)
            for _ in range(240):
                shown = browser.value("document.documentElement.outerHTML")
                if all(words in shown for words in wanted):
                    break
                time.sleep(0.5)
            return shown
        finally:
            browser.close()
