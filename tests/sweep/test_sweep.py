import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from chromium import CHROMIUM, Chromium
from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_automatic_config_search_path
from hydra.types import RunMode
from imports import layers, reached
from omegaconf import OmegaConf
from stores import stored

from pipeline import config
from pipeline.errors import InputError
from pipeline.files import read_json, read_table
from pipeline.fit import code, run
from pipeline.sweep import composing, drive, planning, publish, results, summary, watch, worker
from pipeline.sweep.report import SORTED_BY
from pipeline.tracking import describe
from pipeline.tracking.runs import Published, page
from pipeline.tracking.store import StoreError, open_store, unreachable

ROOT = Path(__file__).parents[2]
QUICK = ["evaluate.folds=0", "data.simulation.rows=300"]
TINY = ["data.simulation.rows=60", "data.simulation.prevalence=0.1"]  # 4 training positives: too few for SMOTE


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Goes to a folder where sweeps can run."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """An empty MLflow store, made once."""
    folder = tmp_path_factory.mktemp("store")
    open_store(config.Tracking(uri=f"sqlite:///{folder}/mlflow.db", artifacts=None, experiment="x", timeout=3))
    return folder / "mlflow.db"


def start(*arguments, module="pipeline"):
    """Starts `python -m pipeline` in the current folder."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process, status=0):
    """What it printed, on both channels."""
    out, err = process.communicate(timeout=240)
    assert process.returncode == status, out + err
    return out, err


def made(folder=Path()):
    """The bytes of every finished run, by file."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted((folder / results.RUNS).glob("[!.]*/*"))
    }


@pytest.fixture
def loader():
    """Hydra's loader of conf/, and the configuration of a sweep."""
    search = create_automatic_config_search_path(None, None, str(ROOT / "conf"))
    made = ConfigLoaderImpl(config_search_path=search)
    master = made.load_configuration("sweep", overrides=[], run_mode=RunMode.MULTIRUN)
    return made, master


@pytest.fixture
def planned(loader):
    def plan(*arguments):
        return planning.planned_runs(list(arguments), loader[1], loader[0])

    return plan


def test_the_modules_that_identify_a_run_are_those_it_imports():
    assert set(code.PARTS) == layers(reached("fit/run.py"))


@pytest.mark.parametrize(
    ("variant", "axes", "name"),
    [
        ("smote", {"variant": "smote", "model.C": "0.1", "seed": "3"}, "smote · C=0.1 · seed 3"),
        ("none", {"data": "article", "variant": "none"}, "none · article"),
        ("none", {}, "none"),
        ("none", {"model.C": "1", "variant.model.C": "2"}, "none · model.C=1 · variant.model.C=2"),
        ("none", {"data.path": "/a/b.csv"}, "none · b.csv"),
        ("none", {"seed": "1", "split.seed": "2"}, "none · seed 1 · split.seed 2"),
    ],
)
def test_a_run_is_called_by_what_varies(variant, axes, name):
    assert planning.label(variant, axes).replace("seed=", "seed ") == name


def test_runs_that_differ_by_seed_alone_are_one_way(planned):
    runs = planned("variant=none,smote", "seed=1,2", *QUICK)
    assert [r.name for r in runs] == ["none · seed 1", "none · seed 2", "smote · seed 1", "smote · seed 2"]
    assert [r.way for r in runs] == ["none", "none", "smote", "smote"]
    assert len({r.id for r in runs}) == 4


@pytest.mark.parametrize(
    "overrides",
    [
        ["variant=smote", "variant.sampler.k_neighbors=3", "seed=7"],
        ["variant=class_weight", "model.C=0.5", "data.drop=[interest_ski]", "+model.tol=0.001"],
        ["evaluate=f_beta", "evaluate.beta=2", "preprocess=none", "data.positive=0"],
        ["experiment=article", "variant=smote", "data.path='a file.csv'", "tracking=none"],
        ["data=csv", "data.path=x.csv", 'data.target="größe"', "split.test_size=0.4"],
    ],
)
def test_composing_each_choice_of_groups_once_gives_what_hydra_composes(loader, overrides):
    composer = composing.Composer(*loader)
    composer([*overrides[:1], "seed=99"])
    composer(["seed=98"])
    ours, name = composer(overrides)
    with initialize_config_dir(str(ROOT / "conf"), version_base=None):
        theirs = compose("sweep", overrides=overrides, return_hydra_config=True)
    assert name == theirs.hydra.runtime.choices["variant"]
    assert OmegaConf.to_container(ours, resolve=True) == OmegaConf.to_container(composing.own(theirs), resolve=True)


@pytest.mark.parametrize("file", sorted(path.relative_to(ROOT / "conf") for path in (ROOT / "conf").glob("*/*.yaml")))
def test_every_file_in_conf_composes_under_a_sweep(loader, file):
    given = {
        "data/csv": ["data.path=x.csv", "data.target=y"],
        "data/url": ["data.url=https://h/x.csv", "data.target=y"],
        "data/openml": ["data.openml.id=310", "data.target=y"],
        "data/imbalanced": ["data.imbalanced=oil"],
        "data/sql": ["data.sql.url=sqlite:///x.db", "data.sql.query='select y from t order by y'", "data.target=y"],
        "evaluate/expected_cost": ["evaluate.false_negative_cost=9"],
        "compare/expected_cost": ["evaluate=expected_cost", "evaluate.false_negative_cost=9"],
        "compare/f_beta": ["evaluate=f_beta"],
        "split/grouped": ["data.group=who"],
        "split/temporal": ["data.time=day"],
    }.get(str(file.with_suffix("")), [])
    composed, name = composing.Composer(*loader)([f"{file.parts[0]}={file.stem}", *given])
    raw = OmegaConf.to_container(composed, resolve=True)
    raw["variants"] = {name: raw.pop("variant")}
    assert list(config.check(raw).variants) == [file.stem if file.parts[0] == "variant" else "none"]


@pytest.mark.parametrize(
    "change",
    [
        "seed=43",
        "model.tune=false",
        "model.grid=[1,2]",
        "variant=smote",
        "split.test_size=0.31",
        "data.simulation.seed=1",
        "evaluate.folds=4",
    ],
)
def test_what_a_run_depends_on_changes_its_identity(planned, change):
    (one,), (other,) = planned("seed=42"), planned(change)
    assert one.id != other.id


@pytest.mark.parametrize("change", ["tracking=none", "sweep.fail_fast=true", "+variant@variants.adasyn=adasyn"])
def test_what_a_run_does_not_depend_on_leaves_its_identity(planned, change):
    (one,), (other,) = planned("seed=42"), planned(change)
    assert one.id == other.id


def test_changed_code_or_table_changes_the_identity(planned, monkeypatch, tmp_path):
    table = tmp_path / "t.csv"
    pd.DataFrame({"x": range(40), "y": [0] * 30 + [1] * 10}).to_csv(table, index=False)
    given = ["data=csv", f"data.path={table}", "data.target=y"]
    (before,) = planned(*given)
    monkeypatch.setattr(code, "code", lambda: "other")
    (recoded,) = planned(*given)
    monkeypatch.undo()
    table.write_text(table.read_text().replace("39,1", "41,1"))
    run.table(config.Config.model_validate(planned("seed=1")[0].settings).data)  # forget the table of that path
    (changed,) = planned(*given)
    assert len({before.id, recoded.id, changed.id}) == 3


def test_the_code_hash_follows_the_modules(monkeypatch):
    before = code.code()
    monkeypatch.setattr(code, "PARTS", code.PARTS[1:])
    assert code.code() != before


def test_settings_come_back_from_disk_as_they_were(planned):
    for given in (["data=mountain_shop"], ["experiment=article", f"data.path={ROOT}/x.csv"]):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run, "table", lambda _: (None, None, {"sha256": "0", "positive": 1, "negative": 0}))
            (one,) = planned(*given)
        restored = config.Config.model_validate(json.loads(json.dumps(one.settings)))
        assert restored == config.check(one.settings)


def test_all_problems_of_a_sweep_are_told_before_any_run(planned, project):
    with pytest.raises(InputError) as refused:
        planned("variant=none,smote", "seed=-1,1", "variant.sampler.k_neigbours=3")
    text = "\n".join(refused.value.problems)
    assert "seed: expected a whole number from 0 to 4294967295, found -1" not in text  # composing fails first
    assert "k_neigbours" in text
    with pytest.raises(InputError) as refused:
        planned("variant=smote", "seed=-1,-2", "variant.sampler.k_neighbors=0")
    assert [p.split(": ")[1] for p in refused.value.problems] == ["seed", "split.seed"] * 2
    with pytest.raises(InputError, match="variant.sampler: The 'k_neighbors' parameter"):
        planned("variant=smote", "variant.sampler.k_neighbors=0")
    assert not results.ROOT.exists()


def test_jobs_keep_runs_on_the_same_rows_together(planned):
    runs = planned("variant=none,smote,class_weight", "seed=1,2", *QUICK)
    batches = planning.together(runs, 3)
    assert [[r.settings["seed"] for r in batch] for batch in batches] == [[1, 1, 1], [2, 2, 2]]
    assert [len(batch) for batch in planning.together(runs, 4)] == [4, 2]
    one_split = planned("variant=none,smote", "seed=1,2", "split.seed=7", *QUICK)
    assert [each.settings["seed"] for (each,) in planning.together(one_split, 1)] == [1, 1, 2, 2]


def test_a_run_that_is_there_is_not_written_again(planned, project):
    (one,) = planned(*QUICK)
    results.save(one, {"metrics.json": {"first": True}})
    results.save(one, {"metrics.json": {"first": False}})
    assert read_json(one.folder / "metrics.json") == {"first": True}
    assert [path.name for path in results.RUNS.iterdir()] == [one.folder.name]


def test_leftovers_of_killed_processes_go_when_they_are_old(project):
    old, new = (results.RUNS / f"{results.PARTIAL}{name}" for name in ("old", "new"))
    for path in (old, new):
        path.mkdir(parents=True)
    os.utime(old, (1, 1))
    results.tidy()
    assert (old.exists(), new.exists()) == (False, True)


def frame(rows):
    return pd.DataFrame(rows, columns=["way", "variant", "data", "data_sha256", "swept.seed", "average_precision"])


def test_gains_are_against_none_with_the_same_seed(planned):
    runs = frame(
        [
            ("none", "none", "a", "0", "1", 0.5),
            ("none", "none", "a", "0", "2", 0.7),
            ("smote", "smote", "a", "0", "1", 0.6),
            ("smote", "smote", "a", "0", "2", 0.7),
        ]
    )
    for key in (*summary.DECISIONS, *summary.RANKING):
        if key not in runs:
            runs[key] = 0.5
    asked = results.Sweep("a", "c", {"variant": ["none", "smote"], "seed": ["1", "2"]}, None, {}, [])
    (block,) = summary.summarise(asked, runs, {})["tables"]
    gain = block["ways"][1]["figures"]["average_precision_gain"]
    assert gain == pytest.approx({"mean": 0.05, "low": 0.0, "high": 0.1, "defined": 2})
    plain = block["ways"][0]["figures"]["average_precision"]
    assert plain == pytest.approx({"mean": 0.6, "low": 0.5, "high": 0.7, "defined": 2})
    assert "+0.050" in summary.markdown(summary.summarise(asked, runs, {}))


def test_a_mean_of_some_runs_says_of_how_many():
    figure = summary.spread(pd.Series([0.5, None, None]))
    assert figure == {"mean": 0.5, "low": 0.5, "high": 0.5, "defined": 1}
    assert summary._mean(figure, 3) == "0.500 (1 of 3)"
    assert summary._mean(figure, 1) == "0.500"


def test_tables_of_one_name_are_told_apart(planned, tmp_path):
    for name, rows in (("a", 40), ("b", 50)):
        pd.DataFrame({"x": range(rows), "y": [0] * (rows - 10) + [1] * 10}).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    paths = f"data.path={tmp_path / 'a.csv'},{tmp_path / 'b.csv'}"
    runs = planned("data=csv", paths, "data.target=y", "evaluate.folds=0")
    assert [one.name for one in runs] == ["none · a.csv", "none · b.csv"]
    assert [one.way for one in runs] == ["none", "none"]
    made = run.run(config.Config.model_validate(runs[0].settings), "none").metrics
    rows = summary.frame(runs, {one.id: made for one in runs})
    assert list(rows.data) == [f"a {runs[0].data_sha256[:8]}", f"b {runs[1].data_sha256[:8]}"]


@pytest.mark.parametrize("key", ["compare=average_precision,roc_auc", "tracking=local,none", "compare.rope=0.01,0.1"])
def test_what_no_run_depends_on_cannot_vary(planned, key):
    with pytest.raises(InputError, match="make a sweep for each value"):
        planned("variant=none,smote", key)


def test_without_none_there_is_no_gain():
    runs = frame([("smote", "smote", "a", "0", "1", 0.6)])
    assert summary._gains(runs, ["seed"]).isna().all()
    assert summary._gains(runs, []).isna().all()


@pytest.mark.slow
def test_a_sweep_goes_on_after_a_failure_and_tells_all(project, store):
    shutil.copy(store, project)
    out, err = ended(start("-m", "variant=smote,none,borderline_smote", "seed=1,2", *TINY), status=1)
    assert err.count("failed: smote · seed 1: SMOTE needs 6 rows of each class it raises") == 1
    assert out.count("\nfailed ") == 4
    assert "runs     2 of 6 runs finished; 4 failed\n" in out
    runs, client = stored(project)
    children = {r.info.run_name: r.info.status for r in runs if "mlflow.parentRunId" in r.data.tags}
    assert children == {"none · seed 1": "FINISHED", "none · seed 2": "FINISHED"}
    (parent,) = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    assert parent.info.status == "FAILED"
    # The same again: what failed is tried again, what is there is not.
    before = made()
    out, _ = ended(start("-m", "variant=smote,none,borderline_smote", "seed=1,2", *TINY), status=1)
    assert "runs     2 of 6 runs finished, 2 of them before; 4 failed\n" in out
    assert made() == before
    assert len(stored(project)[0]) == 3


@pytest.mark.slow
def test_fail_fast_stops_at_the_first_failure(project):
    out, _ = ended(
        start("-m", "variant=smote,none", "seed=1,2", *TINY, "tracking=none", "sweep.fail_fast=true"), status=1
    )
    assert "runs     0 of 4 runs finished; 1 failed; 3 not made: the same command goes on" in out


@pytest.mark.slow
def test_a_remedy_that_fails_forbids_the_verdict_of_a_sweep(project):
    command = ["-m", "variant=none,class_weight,smote", *TINY[:1], "data.simulation.prevalence=0.25", "tracking=none"]
    # Five positives in each half of the training rows: too few for SMOTE.
    few = ["evaluate.folds=2", "evaluate.repeats=1", "split.test_size=0.3"]
    ended(start(*command, *few), status=1)
    (folder,) = {path.parent for path in results.ROOT.rglob("verdict.json")}
    said = read_json(folder / "verdict.json")
    assert said["action"] == "invalid"
    assert list(said["failed"]) == ["smote"]
    assert said["sentence"].startswith("No verdict: smote has no result: ")
    assert {one["variant"] for one in said["variants"]} == {"none", "class_weight"}
    found = subprocess.run([sys.executable, "-m", "pipeline.cli", "verify", str(folder / "index.html")], check=False)
    assert found.returncode == 0


SWEPT = ["-m", "variant=none,smote", "seed=range(0,40)", *QUICK]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The bytes of each run of `SWEPT`, and how its table reads."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copytree(ROOT / "conf", folder / "conf")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        ended(start(*SWEPT, "tracking=none"))
        (summed,) = folder.glob("multirun/*/summary.md")
        return {name: data for name, data in made().items() if not name.endswith("run.json")}, summed.read_text()


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def children_of(pid):
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [line.split(None, 1) for line in listed.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["parent", "worker"])
def test_a_killed_sweep_is_taken_up_where_it_was(project, store, undisturbed, victim):
    shutil.copy(store, project)
    launcher = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"] if victim == "worker" else []
    process = start(*SWEPT, *launcher)
    wait_for(lambda: len(list(results.RUNS.glob("[!.]*"))) >= 5)
    if victim == "parent":
        process.kill()
        process.communicate()
    else:
        (worker, _), *_ = [child for child in children_of(process.pid) if "LokyProcess" in child[1]]
        os.kill(int(worker), signal.SIGKILL)
        out, err = ended(process, status=1)
        assert "stopped  the launcher gave up: TerminatedWorkerError" in out
        assert "Traceback" not in out + err
    there = {path.name for path in results.RUNS.glob("[!.]*")}
    assert 5 <= len(there) < 80
    out, _ = ended(start(*SWEPT, *launcher))
    assert int(out.split(" of them before")[0].rsplit(" ", 1)[1]) >= len(there)
    runs, table = undisturbed
    assert {name: data for name, data in made().items() if not name.endswith("run.json")} == runs
    (summed,) = project.glob("multirun/*/summary.md")
    assert summed.read_text() == table
    published, _ = stored(project)
    assert [r.info.status for r in published] == ["FINISHED"] * 81
    assert len({r.info.run_name for r in published}) == 81


@pytest.mark.slow
def test_a_server_that_dies_in_mid_sweep_costs_no_result_and_publish_makes_it_good(project, store, composed, free_port):
    shutil.copy(store, project)
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    server = serve(port)
    swept = ["-m", "variant=none,smote", "seed=range(0,8)", *QUICK, "tracking=server", f"tracking.uri={uri}"]
    try:
        process = start(*swept)
        wait_for(lambda: runs_in(project) >= 4)
    finally:
        stop(server)
    out, _ = ended(process)
    assert "runs     16 of 16 runs finished\n" in out
    assert f"MLflow   MLflow at {uri}: " in out
    assert 4 <= runs_in(project) < 17
    Path("params.yaml").write_text(composed("tracking=none"), encoding="utf-8")
    out, _ = ended(start("publish", module="pipeline.cli"))  # still dead: one line, no harm
    assert uri in out
    server = serve(port)
    try:
        out, _ = ended(start("publish", module="pipeline.cli"))
        assert "multirun: 1 sweep is published" in out
    finally:
        stop(server)
    published, _ = stored(project)
    assert [r.info.status for r in published] == ["FINISHED"] * 17
    assert len({r.info.run_name for r in published}) == 17


def runs_in(folder):
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        return database.execute("SELECT count(*) FROM runs").fetchone()[0]


def serve(port):
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(
        [*command, "--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "served"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "DO_NOT_TRACK": "true"},
        start_new_session=True,
    )
    wait_for(lambda: unreachable(f"http://127.0.0.1:{port}", 1) is None)
    return server


def stop(server):
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()


@pytest.mark.parametrize("dies", ["__init__", "add", "close"])
def test_a_store_that_dies_leaves_a_line_and_all_results(project, planned, monkeypatch, dies, capsys):
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
    settings = OmegaConf.create({"fail_fast": False, "runs_per_job": 20})
    drive.drive(planned(*QUICK), axes={}, settings=settings, launch=worker.in_turn, at_once=True)
    out = capsys.readouterr().out
    assert "runs     1 of 1 runs finished" in out
    assert "MLflow   MLflow at sqlite:///x.db: gone. The results are complete without it" in out


@pytest.mark.slow
def test_mlflow_shows_a_sweep_with_names_axes_steps_and_its_report(project, store, free_port):
    shutil.copy(store, project)
    arguments = ["-m", "variant=none,smote", "model.C=0.1,1", "model.tune=false", "seed=3"]
    arguments += ["data.simulation.rows=400", "evaluate.repeats=2"]
    ended(start(*arguments))
    runs, client = stored(project)
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
    assert {"holdout/default/tp", "holdout/tuned/recall", "holdout/average_precision"} <= one.data.metrics.keys()
    names = [f">{child.info.run_name}<" for child in children]
    wanted = [*names, "per_fold/average_precision", "holdout/default", "holdout/tuned"]
    address = page(Published("1", parent.info.run_id, new=False), metric=SORTED_BY)
    shown = page_in_browser(address, free_port(), wanted=wanted)
    assert [words for words in wanted if words not in shown] == []
    assert "<strong>4</strong> matching runs" in shown


def page_in_browser(address, port, *, wanted):
    """What a person sees at `address` of MLflow's own pages, as HTML, once all that is wanted is there."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    server, browser = serve(port), Chromium("profile")
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
        stop(server)


@pytest.mark.slow
def test_one_run_needs_no_sweep_and_writes_its_report(project):
    out, _ = ended(start("variant=smote", "seed=5", "data.simulation.rows=500", "tracking=none"))
    assert "| smote " in out
    (page,) = project.glob("multirun/*/index.html")
    assert "python -m pipeline variant=smote seed=5" in page.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-m", "variant=smot,none"], ["smot"]),
        (["variant=smote", "seed=-1"], ["conf: seed: expected a whole number"]),
        (["data=csv"], ["conf: data.path must be given: python -m pipeline data.path="]),
        (["-m", "data=csv", "data.path=no.csv", "data.target=y", "seed=1,2"], ["no.csv"]),
        (["sed=1"], ["sed"]),
        (["-m", "seed=1,2", "--cfg", "job"], ["leave out --multirun"]),
        (["variant=smote", "variants.smote.sampler.k_neighbors=3"], ["say variant=NAME and variant.KEY=VALUE"]),
        (["model.tune=false", "model.C=-1"], ["conf: model: The 'C' parameter"]),
        (["-m", "model.C=0.1,1"], ["conf: model.C: expected 1.0 unless model.tune=false: C is chosen", "found 0.1"]),
        (["model.C=0.1"], ["conf: model.C: expected 1.0 unless model.tune=false: C is chosen for each variant"]),
        (["-m", "variants.smote.sampler.k_neighbors=3,4"], ["say variant=NAME and variant.KEY=VALUE"]),
    ],
)
def test_a_command_that_cannot_work_is_refused_on_one_screen(project, arguments, words):
    out, err = ended(start(*arguments), status=2)
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 20
    assert all(word in err for word in words)
    assert not results.RUNS.exists()


def test_a_sweep_runs_in_one_process_at_a_time(project):
    asked = results.Sweep("a", "c", {}, None, {}, [])
    with results.alone(asked), pytest.raises(InputError, match="is running in another process"), results.alone(asked):
        pass


def test_settings_that_are_published_are_those_of_the_run(planned, project):
    (one,) = planned("variant=class_weight", *QUICK)
    worker.attempt(one, project)
    child = publish.child_run(one, {"git_commit": "abc"})
    assert child.params == {"variant": "class_weight", "seed": "42"}
    assert child.tags["git_commit"] == "abc"
    everything = describe.flat_metrics(read_json(one.folder / "metrics.json"))
    assert child.metrics.items() <= everything.items()
    assert {name.rpartition("_")[2] for name in everything.keys() - child.metrics.keys()} == {"low", "high"}
    asked = results.Sweep("a", "c", {}, config.Config.model_validate(one.settings).tracking, {}, [one])
    assert publish.parent_run(asked).params["model.class_weight"] == "balanced"
