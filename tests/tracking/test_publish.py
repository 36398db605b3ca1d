import json
import math
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest
import skops.io
from imports import reached
from stores import stored

from pipeline import compose, config, track
from pipeline import evaluate as evaluate_stage
from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import resample as resample_stage
from pipeline import split as split_stage
from pipeline import train as train_stage
from pipeline.errors import InputError
from pipeline.files import TRUSTED_TYPES
from pipeline.tools import publish as by_hand
from pipeline.tracking import describe, log, reproduction, runs, store
from pipeline.tracking import publish as publish_
from pipeline.tracking.server import serve

ROOT = Path(__file__).parents[2]
OVERRIDES = ["data.simulation.rows=400"] + [
    f"~variant@variants.{name}" for name in ("random_under", "random_over", "augmentation", "class_weight")
]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415478da63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the real results of two variants, stand-ins for what compare writes, and an empty store."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        text = compose.compose(OVERRIDES)
        patch.chdir(folder)
        Path("params.yaml").write_text(text, encoding="utf-8")
        names = ("none", "smote")
        runs = [(module, ()) for module in (ingest_stage, split_stage, preprocess_stage)]
        runs += [(module, (name,)) for module in (resample_stage, train_stage, evaluate_stage) for name in names]
        for module, arguments in runs:
            patch.setattr(sys, "argv", [module.__name__, *arguments])
            module.main()
        pictures = ("class_counts", "roc", *(f"{name}/confusion_matrix" for name in (*names, "dropped")))
        for picture in pictures:
            path = Path("reports/figures", f"{picture}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(PIXEL)
        Path("reports/comparison.json").write_text('{"variants": []}\n', encoding="utf-8")
        Path("reports/verdict.json").write_text('{"action": "keep"}\n', encoding="utf-8")
        Path("reports/comparison.csv").write_text("variant\nnone\nsmote\n", encoding="utf-8")
        Path("reports/comparison.md").write_text("| variant |\n|---|\n| none |\n| smote |\n", encoding="utf-8")
        Path("reports/index.html").write_text("<!doctype html><title>none, smote</title>\n", encoding="utf-8")
        store.open_store(config.load().tracking)
    return folder


@pytest.fixture
def reproduced(made, tmp_path, monkeypatch):
    """Goes to a copy of `made` of the test's own."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def set_uri(uri):
    text = Path("params.yaml").read_text(encoding="utf-8")
    assert "uri: sqlite:///mlflow.db" in text
    Path("params.yaml").write_text(text.replace("uri: sqlite:///mlflow.db", f"uri: {uri}"), encoding="utf-8")


def publish():
    params = config.load()
    parent, children, results = reproduction.gather(params)
    return publish_.publish(params.tracking, parent, children, results=results)


def command(*words, code=None):
    """Starts `python -m pipeline.track` in the current folder, or a `rebalance` command, or Python code instead."""
    start = ["-c", code] if code else ["-m", "pipeline.cli", *words] if words else ["-m", "pipeline.track"]
    return subprocess.Popen(
        [sys.executable, *start],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process):
    """Exit status, standard output and standard error."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def artifacts(client, run, folder=None):
    found = []
    for entry in client.list_artifacts(run.info.run_id, folder):
        found += artifacts(client, run, entry.path) if entry.is_dir else [entry.path]
    return sorted(found)


def test_settings_are_flattened_to_their_dotted_keys():
    nested = {"seed": 7, "data": {"drop": [], "download": None}, "sampler": {"kmeans": {"n_init": 3}}}
    assert describe.flat_params(nested) == {
        "seed": "7",
        "data.drop": "[]",
        "data.download": "None",
        "sampler.kmeans.n_init": "3",
    }


def test_metrics_are_flattened_rounded_and_nulls_and_coefficients_left_out():
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


def test_any_text_becomes_a_name_that_mlflow_takes():
    from mlflow.utils.validation import _validate_metric_name

    assert runs.metric_name("holdout", "income > 5/year") == "holdout/income___5_year"
    for name in ("..", "", "a//b", "recall @ 10 %", "größe", "x" * 400, "x" * 243 + "/"):
        legal = runs.metric_name("model", name)
        _validate_metric_name(legal)
        assert len(legal) <= 250


def test_the_address_shows_the_children_with_charts():
    published = runs.Published("3", "abc", new=True)
    assert runs.page(published, metric="holdout/roc_auc") == (
        "#/experiments/3/runs?workflowType=machine_learning&compareRunsMode=CHART"
        "&searchFilter=tags.mlflow.parentRunId%3D%27abc%27"
        "&orderByKey=metrics.%60holdout%2Froc_auc%60&orderByAsc=false"
    )


def test_a_reproduction_is_one_finished_run_with_a_finished_run_per_variant(reproduced):
    published = publish()
    runs, client = stored(reproduced)
    parent, *children = runs
    assert published.new
    assert client.get_experiment(published.experiment_id).name == "mountain_shop"
    assert [run.info.status for run in runs] == ["FINISHED"] * 3
    assert parent.info.run_id == published.parent_id
    assert parent.info.run_name == f"mountain_shop {parent.data.tags['results_sha256'][:8]}"
    assert [run.info.run_name for run in children] == ["none", "smote"]
    assert [run.data.tags["mlflow.parentRunId"] for run in children] == [parent.info.run_id] * 2


def test_tags_say_which_data_settings_and_results_a_run_is_about(reproduced):
    publish()
    parent, none, smote = stored(reproduced)[0]
    sha256 = json.loads(Path("data/ingest/schema.json").read_text())["sha256"]
    assert [run.data.tags["data_sha256"] for run in (parent, none, smote)] == [sha256] * 3
    assert len({run.data.tags["results_sha256"] for run in (parent, none, smote)}) == 1
    assert len({run.data.tags["params_sha256"] for run in (parent, none, smote)}) == 3
    assert [run.data.tags["kind"] for run in (parent, none, smote)] == ["reproduction", "variant", "variant"]
    assert parent.data.tags["mlflow.note.content"] == Path("reports/comparison.md").read_text()
    assert smote.data.tags["mlflow.note.content"].startswith("SMOTE, then LogisticRegression, on mountain_shop. At ")
    assert none.data.tags["mlflow.note.content"].startswith("No resampling, then LogisticRegression, on mountain_shop.")


def test_git_tags_name_the_commit_and_say_whether_code_differs(tmp_path, monkeypatch):
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


def test_a_variants_run_has_its_own_settings_and_its_metrics(reproduced):
    publish()
    parent, none, smote = stored(reproduced)[0]
    assert smote.data.params["sampler._target_"] == "imblearn.over_sampling.SMOTE"
    assert smote.data.params["sampler.k_neighbors"] == "5"
    assert "sampler.k_neighbors" not in none.data.params
    for run in (parent, none, smote):
        assert run.data.params["seed"] == "42"
        assert run.data.params["split.test_size"] == "0.3"
        assert run.data.params["model.C"] == "1.0"
        assert run.data.params["data.simulation.rows"] == "400"
    judged = json.loads(Path("data/evaluate/smote/metrics.json").read_text())["holdout"]
    shown = smote.data.metrics
    assert shown["holdout/default/tp"] == judged["default"]["tp"]
    assert math.isclose(shown["holdout/log_loss"], judged["threshold_free"]["log_loss"], rel_tol=1e-5)
    low, high = judged["tuned"]["intervals"]["recall"]
    assert math.isclose(shown["holdout/tuned/recall_low"], low, rel_tol=1e-5)
    assert math.isclose(shown["holdout/tuned/recall_high"], high, rel_tol=1e-5)


def test_variants_override_the_model_in_their_settings(project):
    project()
    params = config.load()
    assert describe.settings(params, "class_weight")["model.class_weight"] == "balanced"
    assert describe.settings(params, "none")["model.class_weight"] == "None"
    assert "sampler._target_" not in describe.settings(params)


def test_runs_show_figures_tables_and_predictions(reproduced):
    publish()
    (parent, none, _), client = stored(reproduced)
    assert artifacts(client, parent) == [
        "comparison.csv",
        "comparison.json",
        "comparison.md",
        "figures/class_counts.png",
        "figures/none/confusion_matrix.png",
        "figures/roc.png",
        "figures/smote/confusion_matrix.png",
        "index.html",
        "verdict.json",
    ]
    assert artifacts(client, none) == [
        "class_counts.png",
        "classification_report.json",
        "confusion_matrix.json",
        "confusion_matrix.png",
        "metrics.json",
        "predictions.csv",
    ]
    shown = pd.read_csv(client.download_artifacts(none.info.run_id, "predictions.csv"), index_col="row_id")
    kept = pd.read_parquet("data/evaluate/none/predictions.parquet")
    pd.testing.assert_frame_equal(shown, kept.astype({"y": "int64"}))


def test_artifacts_stand_in_the_configured_folder(reproduced):
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("artifacts: mlruns", "artifacts: kept here"))
    publish()
    (parent, *_), _ = stored(reproduced)
    assert (reproduced / "kept here/mountain_shop" / parent.info.run_id / "artifacts/index.html").is_file()


def test_the_data_set_of_a_run_is_named_with_its_columns(reproduced):
    publish()
    for run in stored(reproduced)[0]:
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


def test_the_logged_model_takes_raw_features_and_gives_the_pipelines_predictions(reproduced, monkeypatch):
    import mlflow.pyfunc

    monkeypatch.setattr(sys, "path", sys.path)  # MLflow puts the model's code before it, and leaves it there
    publish()
    (_, _, smote), client = stored(reproduced)
    (model,) = client.search_logged_models([smote.info.experiment_id], f"source_run_id = '{smote.info.run_id}'")
    assert str(model.status) == "READY"
    assert [output.model_id for output in smote.outputs.model_outputs] == [model.model_id]
    test = pd.read_parquet("data/split/test.parquet").drop(columns="buy")
    expected = pd.read_parquet("data/evaluate/smote/predictions.parquet").probability
    assert list(expected.index) == list(test.index)
    folder = Path(urllib.request.url2pathname(model.artifact_location.removeprefix("file://")))
    loaded = skops.io.load(folder / "model.skops", trusted=list(TRUSTED_TYPES))
    assert loaded.predict(test).raw_probability.tolist() == expected.tolist()
    served = mlflow.pyfunc.load_model(str(folder))
    pd.testing.assert_frame_equal(served.predict(test), loaded.predict(test), check_exact=True)
    assert served.metadata.signature.inputs.input_names() == list(test.columns)
    assert served.metadata.signature.outputs.input_names() == ["probability", "raw_probability", "decision"]
    assert len(served.input_example) == 5
    needed = (folder / "requirements.txt").read_text().split()
    packages = {"mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops"}
    assert {line.partition("==")[0] for line in needed} == packages
    assert all("==" in line for line in needed)


def test_publishing_the_same_results_twice_adds_nothing(reproduced):
    first, second = publish(), publish()
    runs, client = stored(reproduced)
    assert (first.new, second.new) == (True, False)
    assert second.parent_id == first.parent_id
    assert len(runs) == 3
    assert len(client.search_logged_models([first.experiment_id])) == 2


def test_other_results_are_published_beside_the_first(reproduced):
    first = publish()
    Path("reports/comparison.json").write_text('{"variants": ["other"]}\n')
    second = publish()
    assert second.new
    assert second.experiment_id == first.experiment_id
    assert len(stored(reproduced)[0]) == 6


def test_a_new_commit_alone_is_not_a_new_result(reproduced):
    _, _, before = reproduction.gather(config.load())
    for arguments in (
        ["init", "-q"],
        ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "x", "--allow-empty"],
    ):
        subprocess.run(["git", *arguments], check=True)
    assert reproduction.gather(config.load())[2] == before


def test_a_deleted_store_comes_back(reproduced):
    publish()
    # A process killed while it writes leaves a journal, which SQLite would replay into the new store.
    code = (
        "import os, signal, sqlite3; old = sqlite3.connect('mlflow.db', isolation_level=None)\n"
        "for line in ('pragma cache_size=1', 'begin', 'update metrics set value = 0', 'delete from alembic_version',"
        " 'create table junk as select zeroblob(5000) from metrics'): old.execute(line)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert ended(command(code=code))[0] == -signal.SIGKILL
    assert Path("mlflow.db-journal").stat().st_size > 0
    Path("mlflow.db").unlink()
    status, out, err = ended(command())
    assert (status, err) == (0, "")
    assert out.splitlines()[0].startswith("mlflow.db: making the MLflow store")
    assert out.splitlines()[1].startswith("mountain_shop: 2 runs published to sqlite:///mlflow.db")
    assert len(stored(reproduced)[0]) == 3
    with closing(sqlite3.connect("mlflow.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_deleted_artifacts_come_back_without_doubles(reproduced):
    publish()
    shutil.rmtree("mlruns")
    assert publish().new
    runs, client = stored(reproduced)
    assert len(runs) == 3
    assert all(artifacts(client, run) for run in runs)


def test_a_deleted_experiment_comes_back(reproduced):
    published = publish()
    _, client = stored(reproduced)
    client.delete_experiment(published.experiment_id)
    assert publish().experiment_id == published.experiment_id
    assert len(stored(reproduced)[0]) == 3


def test_a_publication_killed_in_between_leaves_no_doubles_and_nothing_running(reproduced):
    code = (
        "import os, signal, sys; from pipeline import track, tracking\n"
        "log = tracking._log_model\n"
        "def last(*a): log(*a); a[3] == 'smote' and os.kill(os.getpid(), signal.SIGKILL)\n"
        "tracking._log_model = last; sys.argv = ['track']; track.main()"
    )
    assert ended(command(code=code))[0] == -signal.SIGKILL
    before, _ = stored(reproduced)
    assert [run.info.status for run in before] == ["RUNNING", "FINISHED", "RUNNING"]
    # Other results first: what was left belongs to nobody that lives, so it goes all the same.
    was = Path("reports/comparison.json").read_text()
    Path("reports/comparison.json").write_text('{"variants": ["other"]}\n')
    publish()
    assert {run.info.status for run in stored(reproduced)[0]} == {"FINISHED"}
    Path("reports/comparison.json").write_text(was)
    assert publish().new
    runs, client = stored(reproduced)
    assert [run.info.status for run in runs] == ["FINISHED"] * 6
    assert len(client.search_logged_models([runs[0].info.experiment_id])) == 4
    everything = client.search_runs([runs[0].info.experiment_id], run_view_type=3)
    assert "RUNNING" not in {run.info.status for run in everything}


def test_a_publication_that_fails_is_marked_and_made_good_later(reproduced, monkeypatch, capsys):
    from mlflow.exceptions import MlflowException

    def full(*_):
        raise MlflowException("no space left\nsecond line")

    with monkeypatch.context() as patch:
        patch.setattr(log, "_log_artifacts", full)
        track.main()
    assert capsys.readouterr().out == (
        "MLflow at sqlite:///mlflow.db: no space left. The results are complete without it; "
        "`rebalance publish` publishes them later\n"
    )
    assert [run.info.status for run in stored(reproduced)[0]] == ["FAILED"]
    track.main()
    assert [run.info.status for run in stored(reproduced)[0]] == ["FINISHED"] * 3


class SaysOK(BaseHTTPRequestHandler):
    """A web server that is not MLflow and answers everything with OK."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"OK")

    do_POST = do_GET

    def log_message(self, *_):
        pass


class SaysNo(SaysOK):
    def do_GET(self):
        self.send_error(404)


@pytest.fixture
def silent():
    """The port of a server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=5) as server:
        yield server.getsockname()[1]


@pytest.fixture(params=[SaysOK, SaysNo])
def other(request):
    """The port of a web server that is not MLflow."""
    with HTTPServer(("127.0.0.1", 0), request.param) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def check_one_line_and_success(port, reason):
    set_uri(f"http://127.0.0.1:{port}")
    status, out, err = ended(command())
    assert (status, err) == (0, "")
    assert len(out.splitlines()) == 1
    assert out.startswith(f"MLflow at http://127.0.0.1:{port}: {reason}")
    assert "`rebalance publish` publishes them later" in out


def test_publishing_by_hand_to_a_dead_server_is_a_failure_of_one_line(reproduced, free_port, capsys):
    set_uri(f"http://127.0.0.1:{free_port()}")
    assert by_hand.run() == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert "no server there (Connection refused)" in line


def test_a_dead_server_costs_one_line(reproduced, free_port):
    check_one_line_and_success(free_port(), "no server there (Connection refused)")


def test_a_server_that_never_answers_costs_one_line(reproduced, silent):
    check_one_line_and_success(silent, "no answer within 3 s")


def test_a_server_that_is_not_mlflow_costs_one_line(reproduced, other):
    check_one_line_and_success(other, "")


def test_a_file_that_is_no_store_costs_one_line_and_stays(reproduced, capsys):
    Path("mlflow.db").write_text("my notes, long enough to be something")
    track.main()
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("MLflow at sqlite:///mlflow.db: expected an SQLite database, found another file")
    assert Path("mlflow.db").read_text() == "my notes, long enough to be something"


def test_tracking_can_be_off(reproduced, capsys):
    set_uri("null")
    track.main()
    assert capsys.readouterr().out.startswith("tracking is off")
    assert by_hand.run(ui=True) == 0
    assert capsys.readouterr().out.startswith("tracking is off")


def test_missing_results_are_refused(reproduced):
    Path("data/evaluate/smote/metrics.json").unlink()
    shutil.rmtree("reports/figures/none")
    with pytest.raises(InputError, match=r"none/confusion_matrix.png and 1 more: .* run `dvc repro` first"):
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
    with pytest.raises(InputError, match="params.yaml: split: expected what the results were made with"):
        reproduction.refuse_changed()
    Path("dvc.lock").write_text(template.replace("SIZE", "0.25"))
    reproduction.refuse_changed()


def test_a_taken_port_is_refused(project):
    project()
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(InputError, match="taken"):
        serve(config.load().tracking, port=server.getsockname()[1], address="")


@pytest.mark.slow
def test_processes_that_publish_to_no_store_at_once_make_one_and_publish_once(reproduced):
    Path("mlflow.db").unlink()
    processes = [command() for _ in range(4)]
    outcomes = [ended(process) for process in processes]
    assert [(status, err) for status, _, err in outcomes] == [(0, "")] * 4
    texts = [out for _, out, _ in outcomes]
    assert sum("making the MLflow store" in text for text in texts) == 1
    assert sum("2 runs published" in text for text in texts) == 1
    assert sum("2 runs already there" in text for text in texts) == 3
    assert len(stored(reproduced)[0]) == 3


@pytest.mark.slow
def test_the_user_interface_serves_the_store_and_takes_runs_as_a_server(reproduced, free_port):
    port = free_port()
    Path("conf").symlink_to(ROOT / "conf")
    interface = command("publish", "--ui", "--port", str(port))
    try:
        for _ in range(240):
            if store.unreachable(f"http://127.0.0.1:{port}", 1) is None:
                break
            assert interface.poll() is None
            time.sleep(0.25)
        set_uri(f"http://127.0.0.1:{port}")
        text = Path("params.yaml").read_text()
        Path("params.yaml").write_text(text.replace("  experiment: mountain_shop", "  experiment: shared"))
        first, second = (ended(command()) for _ in range(2))
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
        status, out, err = ended(interface)
    assert [(code, text) for code, _, text in (first, second)] == [(0, "")] * 2
    link = f"http://127.0.0.1:{port}/#/experiments/2/runs?workflowType=machine_learning&compareRunsMode=CHART"
    assert first[1].startswith(f"shared: 2 runs published to http://127.0.0.1:{port}\n{link}")
    assert second[1].startswith(f"shared: 2 runs already there, in http://127.0.0.1:{port}\n{link}")
    assert sorted(run["info"]["status"] for run in found) == ["FINISHED"] * 6
    assert report == Path("reports/index.html").read_bytes()
    assert f"http://127.0.0.1:{port}/#/experiments/1/runs?" in out
    assert "Traceback" not in err
    assert status == 0


def test_a_model_takes_the_modules_along_that_score():
    ours = {"__init__", *reached("scoring")}
    assert set(log.SCORING) == ours
