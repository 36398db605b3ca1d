"""PostgreSQL: a table that a query gives, and eight processes that publish to one store at once, or to a local file."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy

from pipeline import ingest as ingest_stage
from pipeline.config import Tracking
from pipeline.errors import InputError
from pipeline.files import read_json, read_table
from pipeline.tracking import publication
from pipeline.tracking.store import open_store, unreachable

PROCESSES, SEEDS = 8, 5
VARIANTS = ("none", "random_over", "random_under", "smote", "class_weight")
QUICK = ("evaluate.folds=0", "model.search=null", "data.simulation.rows=300")  # what is published is as much
EXPERIMENT = "mountain_shop"
PATIENCE = 60  # seconds: eight processes and two servers may share one core here


@contextmanager
def running(command, *, log, ready, stop, **options):
    """A server, from the time that `ready()` is true; what it prints is in `log`."""
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True, **options)
    try:
        for _ in range(480):
            if ready():
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.25)
        else:
            pytest.fail(log.read_text())
        yield
    finally:
        os.killpg(process.pid, stop)
        process.wait(timeout=120)


@pytest.fixture
def postgresql(tmp_path, free_port):
    """The address of an empty database in a cluster of its own."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    bin, port = programs[-1].parent, free_port()
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))  # tmp_path is closed to other users
    other = {}
    if os.geteuid() == 0:  # as which PostgreSQL refuses to run
        shutil.chown(folder, "postgres", "postgres")
        other = {"user": "postgres", "group": "postgres", "extra_groups": []}
    subprocess.run(
        [bin / "initdb", "--pgdata", folder / "data", "--username", "team", "--auth", "trust", "--no-sync"],
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        **other,
    )
    settings = (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off")
    command = [bin / "postgres", "-D", folder / "data", *(word for setting in settings for word in ("-c", setting))]
    reached = [bin / "pg_isready", "--quiet", "--host", "127.0.0.1", "--port", str(port)]
    try:
        with running(
            command,
            log=tmp_path / "postgresql.log",
            ready=lambda: subprocess.run(reached).returncode == 0,
            stop=signal.SIGINT,  # to PostgreSQL: end now, in order
            cwd=folder,
            **other,
        ):
            yield f"postgresql+psycopg2://team@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def server(postgresql, tmp_path, free_port):
    """The address of an MLflow server on PostgreSQL, which keeps artifacts in tmp_path/kept."""
    port = free_port()
    store = ["--backend-store-uri", postgresql, "--artifacts-destination", tmp_path / "kept"]
    with running(
        [sys.executable, "-m", "mlflow", "server", *store, "--port", str(port), "--workers", "1"],
        log=tmp_path / "mlflow.log",
        ready=lambda: unreachable(f"http://127.0.0.1:{port}", 1) is None,
        stop=signal.SIGTERM,
        cwd=tmp_path,
        env={**os.environ, "DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true"},
    ):
        yield f"http://127.0.0.1:{port}"


def sweep_at_once(sweeps, folders, *overrides):
    """Let one process for each folder make 25 runs, all at the same time; what each prints."""
    processes = [
        sweeps.begin(
            folder,
            "-m",
            f"variant={','.join(VARIANTS)}",
            f"seed=range({SEEDS * number},{SEEDS * (number + 1)})",
            *QUICK,
            *overrides,
        )
        for number, folder in enumerate(folders)
    ]
    printed = [process.communicate(timeout=900)[0] for process in processes]
    for process, out in zip(processes, printed, strict=True):
        assert process.returncode == 0, out
        assert "25 of 25 finished" in out
        assert "Your results are complete" not in out  # part of the report of a store that failed
    return printed


def check_all_are_there_once(client):
    """All 200 runs below eight parents, also among those that were deleted; the runs."""
    (experiment,) = [found for found in client.search_experiments() if found.name == EXPERIMENT]
    found = client.search_runs([experiment.experiment_id], run_view_type=3)  # deleted ones too
    assert {(run.info.lifecycle_stage, run.info.status) for run in found} == {("active", "FINISHED")}
    parents = {run.info.run_id for run in found if "mlflow.parentRunId" not in run.data.tags}
    children = [run for run in found if run.info.run_id not in parents]
    planned = {f"{variant} · seed {seed}" for variant in VARIANTS for seed in range(PROCESSES * SEEDS)}
    assert sorted(run.info.run_name for run in children) == sorted(planned)
    assert len({run.data.tags[publication.KEY] for run in children}) == 200
    assert Counter(run.data.tags["mlflow.parentRunId"] for run in children) == dict.fromkeys(parents, 25)
    assert len(parents) == PROCESSES
    return children


def check_artifacts(client, runs, folders, tmp_path):
    """Each run shows the metrics that its folder has, and gives them back."""
    for run in runs:
        name = f"multirun/runs/{run.data.tags[publication.KEY][:16]}/metrics.json"
        (kept,) = [folder / name for folder in folders if (folder / name).is_file()]
        assert "metrics.json" in [entry.path for entry in client.list_artifacts(run.info.run_id)]
    fetched = client.download_artifacts(run.info.run_id, "metrics.json", tmp_path)
    assert Path(fetched).read_bytes() == kept.read_bytes()


@pytest.mark.slow
def test_a_team_of_eight_publishes_200_runs_at_once_to_a_server_on_postgresql(server, sweeps, tmp_path):
    # A folder each, as on machines of their own: no lock of ours holds between them.
    folders = [f"member {number}" for number in range(PROCESSES)]
    printed = sweep_at_once(
        sweeps, folders, "tracking=server", f"tracking.uri={server}", f"tracking.timeout={PATIENCE}"
    )
    assert all(f"MLflow   {server}/#/experiments/" in out for out in printed)
    client = open_store(Tracking(uri=server, artifacts=None, experiment=EXPERIMENT, timeout=PATIENCE))
    runs = check_all_are_there_once(client)
    assert all(run.info.artifact_uri.startswith("mlflow-artifacts:") for run in runs)
    check_artifacts(client, runs, [sweeps.root / folder for folder in folders], tmp_path)
    assert len(list((tmp_path / "kept").rglob("metrics.json"))) == 200


@pytest.mark.slow
def test_eight_processes_publish_200_runs_at_once_to_a_local_store_that_is_not_there_yet(sweeps, tmp_path):
    printed = sweep_at_once(sweeps, ["together"] * PROCESSES)
    assert sum("creating the MLflow store" in out for out in printed) == 1
    folder = sweeps.root / "together"
    store = Tracking(uri=f"sqlite:///{folder}/mlflow.db", artifacts=None, experiment=EXPERIMENT, timeout=PATIENCE)
    client = open_store(store)
    check_artifacts(client, check_all_are_there_once(client), [folder], tmp_path)


VISITS = """
create table visits (id integer primary key, time numeric(6, 1), seen timestamp, member boolean, page text, buy text);
insert into visits values
  (2, 250.5, '2026-01-02 03:04:05', true, ' home', 'yes'), (1, 120, '2026-01-01', false, '', 'no'),
  (3, null, null, null, 'shop', 'no'), (4, 60, '2026-01-04', false, 'home', 'no');
"""


@pytest.mark.slow
def test_a_query_to_postgresql_gives_a_table_with_a_password_from_the_environment(
    postgresql, project, stage, monkeypatch, tmp_path
):
    with sqlalchemy.create_engine(postgresql).begin() as connection:
        connection.execute(sqlalchemy.text(VISITS))
    monkeypatch.setenv("SHOP_PASSWORD", "s/e@cret")
    address = postgresql.replace("team@", "team:$SHOP_PASSWORD@")
    query = "data.sql.query='select time, seen, member, page, buy from visits order by id'"
    chosen = ("data=sql", f"data.sql.url={address}", query, "data.target=buy")
    project(*chosen)
    with pytest.raises(InputError, match=r"^sql: fetched 4 rows and 5 columns\. .* -S data.sha256=") as caught:
        stage(ingest_stage)
    project(*chosen, f"data.sha256={str(caught.value).rpartition('=')[2]}")
    monkeypatch.delenv("SHOP_PASSWORD")  # nothing is asked again
    stage(ingest_stage)
    table = read_table(tmp_path / "data/ingest/table.parquet")
    assert table.buy.tolist() == [0, 1, 0, 0]
    assert table.time.tolist()[:2] == [120.0, 250.5]
    kinds = read_json(tmp_path / "data/ingest/schema.json")["columns"]
    assert kinds == {"time": "numeric", "seen": "date", "member": "boolean", "page": "categorical"}
    assert "cret" not in "".join(path.read_text(errors="replace") for path in tmp_path.rglob("*.*"))
