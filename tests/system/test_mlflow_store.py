"""Publishing in processes of their own: killed, at once, to no store yet, and through MLflow's own server."""

import json
import os
import signal
import sqlite3
import time
import urllib.request
from contextlib import closing
from pathlib import Path

from processes import ended, python
from reproductions import publish, set_tracking
from stores import stored

from pipeline.tracking import store

ROOT = Path(__file__).parents[2]
TRACK = ("-m", "pipeline.track")


def test_a_dead_server_costs_one_line_and_nothing_else_is_printed(reproduced, free_port):
    port = free_port()
    set_tracking("uri", f"http://127.0.0.1:{port}")
    out, err = ended(python(*TRACK))
    assert err == ""
    (line,) = out.splitlines()
    assert line.startswith(f"mountain_shop: MLflow at http://127.0.0.1:{port}: no server there (Connection refused)")


def test_a_deleted_store_comes_back(reproduced):
    publish()
    # A process killed while it writes leaves a journal, which SQLite would replay into the new store.
    code = (
        "import os, signal, sqlite3; old = sqlite3.connect('mlflow.db', isolation_level=None)\n"
        "for line in ('pragma cache_size=1', 'begin', 'update metrics set value = 0', 'delete from alembic_version',"
        " 'create table junk as select zeroblob(5000) from metrics'): old.execute(line)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended(python("-c", code), status=-signal.SIGKILL)
    assert Path("mlflow.db-journal").stat().st_size > 0
    Path("mlflow.db").unlink()
    out, err = ended(python(*TRACK))
    assert err == ""
    assert out.splitlines()[0].startswith("mlflow.db: creating the MLflow store")
    assert out.splitlines()[1].startswith("mountain_shop: published 2 runs to sqlite:///mlflow.db")
    assert len(stored(reproduced)[0]) == 3
    with closing(sqlite3.connect("mlflow.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_publication_killed_in_between_leaves_no_doubles_and_nothing_running(reproduced):
    code = (
        "import os, signal; from pipeline import track; from pipeline.tracking import model\n"
        "log = model.log\n"
        "def last(*a): log(*a); a[3] == 'smote' and os.kill(os.getpid(), signal.SIGKILL)\n"
        "model.log = last; track.main()"
    )
    ended(python("-c", code), status=-signal.SIGKILL)
    before, _ = stored(reproduced)
    assert [run.info.status for run in before] == ["RUNNING", "FINISHED", "RUNNING"]
    # Other results first: the process of these runs is dead, so they go all the same.
    results = Path("reports/comparison.json").read_text()
    Path("reports/comparison.json").write_text('{"variants": ["other"]}\n')
    publish()
    assert {run.info.status for run in stored(reproduced)[0]} == {"FINISHED"}
    Path("reports/comparison.json").write_text(results)
    assert publish().new
    runs, client = stored(reproduced)
    assert [run.info.status for run in runs] == ["FINISHED"] * 6
    assert len(client.search_logged_models([runs[0].info.experiment_id])) == 4
    everything = client.search_runs([runs[0].info.experiment_id], run_view_type=3)
    assert "RUNNING" not in {run.info.status for run in everything}


def test_processes_that_publish_to_no_store_at_once_create_one_and_publish_once(reproduced):
    Path("mlflow.db").unlink()
    processes = [python(*TRACK) for _ in range(4)]
    outcomes = [ended(process) for process in processes]
    assert [err for _, err in outcomes] == [""] * 4
    texts = [out for out, _ in outcomes]
    assert sum("creating the MLflow store" in text for text in texts) == 1
    assert sum("published 2 runs" in text for text in texts) == 1
    assert sum("2 runs were already in" in text for text in texts) == 3
    assert len(stored(reproduced)[0]) == 3


def test_the_user_interface_serves_the_store_and_takes_runs_as_a_server(reproduced, free_port):
    port = free_port()
    Path("conf").symlink_to(ROOT / "conf")
    interface = python("-m", "pipeline.cli", "publish", "--ui", "--port", str(port))
    try:
        for _ in range(240):
            if store.unreachable(f"http://127.0.0.1:{port}", 1) is None:
                break
            assert interface.poll() is None
            time.sleep(0.25)
        set_tracking("uri", f"http://127.0.0.1:{port}")
        set_tracking("experiment", "shared")
        first, second = (ended(python(*TRACK)) for _ in range(2))
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/2.0/mlflow/runs/search",
            data=json.dumps({"experiment_ids": ["1", "2"]}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found = json.load(answer)["runs"]
        place = f"get-artifact?path=index.html&run_uuid={found[-1]['info']['run_id']}"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{place}", timeout=30) as answer:
            report = answer.read()
    finally:
        os.killpg(interface.pid, signal.SIGINT)  # as Ctrl-C does
        out, err = ended(interface)
    assert [err for _, err in (first, second)] == ["", ""]
    link = f"http://127.0.0.1:{port}/#/experiments/2/runs?workflowType=machine_learning&compareRunsMode=CHART"
    assert first[0].startswith(f"shared: published 2 runs to http://127.0.0.1:{port}\nmountain_shop: {link}")
    assert second[0].startswith(f"shared: 2 runs were already in http://127.0.0.1:{port}\nmountain_shop: {link}")
    assert sorted(run["info"]["status"] for run in found) == ["FINISHED"] * 6
    assert report == Path("reports/index.html").read_bytes()
    assert f"http://127.0.0.1:{port}/#/experiments/1/runs?" in out
    assert "Traceback" not in err
