"""A sweep that is killed, or whose MLflow server dies, loses nothing."""

import os
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from processes import ended, mlflow_server, python, wait_for
from stores import stored

from pipeline.sweep import results

ROOT = Path(__file__).parents[2]
QUICK = ["evaluate.folds=0", "data.simulation.rows=300"]
SWEEP = ["-m", "pipeline", "-m", "variant=none,smote", "seed=range(0,16)", *QUICK]


@pytest.fixture
def folder(tmp_path, store, monkeypatch):
    """Goes to a folder where sweeps can run, with an empty MLflow store."""
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    shutil.copy(store, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files():
    """The bytes of every finished run, by file, without the record of its settings, which has the folder."""
    runs = results.RUNS.glob("[!.]*/*")
    return {str(path): path.read_bytes() for path in runs if path.name not in ("run.json", results.HASHES)}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The files of each run of `SWEEP`, and its table."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "conf").symlink_to(ROOT / "conf")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        ended(python(*SWEEP, "tracking=none"))
        (table,) = folder.glob("multirun/*/summary.md")
        return files(), table.read_text(encoding="utf-8")


def children_of(pid):
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [line.split(None, 1) for line in listed.stdout.splitlines()]


@pytest.mark.parametrize("victim", ["parent", "worker"])
def test_a_killed_sweep_continues_where_it_was(folder, undisturbed, victim):
    launcher = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"] if victim == "worker" else []
    process = python(*SWEEP, *launcher)
    wait_for(lambda: len(list(results.RUNS.glob("[!.]*"))) >= 5)
    if victim == "parent":
        process.kill()
        process.communicate()
    else:
        (worker, _), *_ = [child for child in children_of(process.pid) if "LokyProcess" in child[1]]
        os.kill(int(worker), signal.SIGKILL)
        out, err = ended(process, status=1)
        assert "stopped  the launcher failed: TerminatedWorkerError" in out
        assert "Traceback" not in out + err
    there = {path.name for path in results.RUNS.glob("[!.]*")}
    assert 5 <= len(there) < 32
    out, _ = ended(python(*SWEEP, *launcher))
    assert int(out.split(" earlier)")[0].rsplit("(", 1)[1]) >= len(there)
    runs, table = undisturbed
    assert files() == runs
    (summary,) = folder.glob("multirun/*/summary.md")
    assert summary.read_text(encoding="utf-8") == table
    published, _ = stored(folder)
    assert [r.info.status for r in published] == ["FINISHED"] * 33
    assert len({r.info.run_name for r in published}) == 33


def runs_in(folder):
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        return database.execute("SELECT count(*) FROM runs").fetchone()[0]


def test_a_server_that_dies_in_mid_sweep_costs_no_result_and_publish_makes_up_for_it(folder, composed, free_port):
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    swept = ["-m", "variant=none,smote", "seed=range(0,8)", *QUICK, "tracking=server", f"tracking.uri={uri}"]
    with mlflow_server(port):
        process = python("-m", "pipeline", *swept)
        wait_for(lambda: runs_in(folder) >= 4)
    out, _ = ended(process)
    assert "runs     16 of 16 finished\n" in out
    assert f"MLflow   MLflow at {uri}: " in out
    assert 4 <= runs_in(folder) < 17
    Path("params.yaml").write_text(composed("tracking=none"), encoding="utf-8")
    out, _ = ended(python("-m", "pipeline.cli", "publish"))  # still dead: one line, no harm
    assert uri in out
    with mlflow_server(port):
        out, _ = ended(python("-m", "pipeline.cli", "publish"))
        assert "multirun: 1 sweep is published" in out
    published, _ = stored(folder)
    assert [r.info.status for r in published] == ["FINISHED"] * 17
    assert len({r.info.run_name for r in published}) == 17
