"""The whole path through DVC, in a clone of its own: what a person at a terminal does, and gets."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from clones import Clone

from pipeline.files import read_json
from pipeline.table import mountain_shop

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone after `dvc repro`; tests leave it as they found it."""
    clone = Clone(tmp_path_factory.mktemp("elsewhere") / "clone")
    clone.first = clone.stages("dvc", "repro")
    return clone


@pytest.fixture
def untouched(clone):
    """The same, put back when the test ends."""
    yield clone
    clone.run("git", "checkout", "-q", ".")
    clone.run("git", "clean", "-fdq")
    clone.run("dvc", "checkout", "-q")


@pytest.fixture
def visits(tmp_path):
    """A table like the article's, and the file it is in."""
    table, _ = mountain_shop.simulate(rows=1000, prevalence=0.05, seed=5)
    table.to_csv(tmp_path / "sales_data.csv", index=False)
    return tmp_path / "sales_data.csv"


def test_every_stage_runs_once_in_a_fresh_clone(clone):
    variants = list(yaml.safe_load((ROOT / "params.yaml").read_text())["variants"])
    each = [f"{stage}@{variant}" for stage in ("resample", "train", "evaluate") for variant in variants]
    made = ["ingest", "split", "preprocess", *each, "compare", "track"]
    assert set(clone.first) <= set(made)
    # What equals another stage's output byte for byte is not made a second time.
    assert set(made) - set(clone.first) <= {"resample@class_weight"}


def test_a_clone_in_another_folder_gives_the_committed_lock_and_reports(clone):
    assert clone.run("git", "status", "--porcelain") == ""


def test_a_second_repro_runs_nothing(clone):
    assert clone.stages("dvc", "repro") == []
    assert clone.run("dvc", "status").split() == ["configure:", "always", "changed"]


def test_another_number_of_neighbours_reruns_smote_and_what_follows(untouched):
    ran = untouched.stages("dvc", "exp", "run", "-S", "variants.smote.sampler.k_neighbors=3")
    assert ran == ["resample@smote", "train@smote", "evaluate@smote", "compare", "track"]
    assert "variants.smote.sampler.k_neighbors" in untouched.run("dvc", "params", "diff")
    changed = untouched.run("dvc", "metrics", "diff")
    assert "reports/dvc/smote.json" in changed
    assert "reports/dvc/none.json" not in changed
    # What `dvc exp run` composed stays valid for `dvc repro`.
    assert untouched.stages("dvc", "repro") == []


def test_a_variant_taken_out_leaves_no_trace(untouched):
    untouched.run("dvc", "exp", "run", "-S", "~variant@variants.augmentation")
    for folder in ("data/evaluate", "data/train", "reports"):
        assert not (untouched.path / folder / "augmentation").exists()
    assert "augmentation" not in (untouched.path / "reports/comparison.md").read_text()


def test_an_edit_in_conf_stops_repro_before_anything_runs(untouched):
    file = untouched.path / "conf/variant/smote.yaml"
    file.write_text(file.read_text().replace("k_neighbors: 5", "k_neighbors: 4"))
    said = untouched.run("dvc", "repro", status=255)
    assert "variants.smote.sampler.k_neighbors: 5 in params.yaml, 4 in conf" in said
    assert "python -m pipeline.configure" in said
    assert "Running stage 'ingest'" not in said
    assert "Traceback" not in said
    untouched.run("python", "-m", "pipeline.cli", "configure")
    assert untouched.stages("dvc", "repro")[0] == "resample@smote"


def without(*variants):
    """Leave variants out: each costs three processes."""
    return [argument for name in variants for argument in ("-S", f"~variant@variants.{name}")]


QUICK = ("-S", "tracking=none", "-S", "evaluate.repeats=1")  # where folds and MLflow are not what is asked
OTHERS = ("random_under", "random_over", "augmentation", "class_weight")


def test_changed_bytes_of_a_table_rerun_what_depends_on_them(untouched, visits):
    chosen = ("-S", "data=csv", "-S", f"data.path={visits}", "-S", "data.target=buy", *QUICK)
    untouched.run("dvc", "exp", "run", *chosen, *without(*OTHERS, "smote"))
    table = pd.read_csv(visits)
    table.loc[0, "time_on_page"] += 1
    table.to_csv(visits, index=False)
    again = ["ingest", "split", "preprocess", "resample@none", "train@none", "evaluate@none", "compare", "track"]
    assert untouched.stages("dvc", "repro") == again


def test_a_bad_table_is_refused_on_one_screen(untouched, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("height,buyer\n1.5,0\ntall,1\n1.7,0\n")
    said = untouched.run(
        "dvc", "exp", "run", "-S", "data=csv", "-S", f"data.path={bad}", "-S", "data.target=buyer", status=255
    )
    assert f"error: {bad}: column 'height', line 3: expected numbers, found 'tall'." in said
    assert "Traceback" not in said
    assert not (untouched.path / "data/ingest/table.parquet").exists()


def fifteen_lines():
    """The script in the documentation."""
    page = (ROOT / "docs/reproducibility.md").read_text()
    return re.search(r"```python\n(import pandas.*?)```", page, re.DOTALL)[1]


def agree_with_fifteen_lines(clone, path):
    article = ("-S", "experiment=article", "-S", "data.sha256=null", "-S", f"data.path={path}", *QUICK)
    clone.run("dvc", "exp", "run", *article, *without(*OTHERS))
    printed = subprocess.run(
        [sys.executable, "-c", fifteen_lines()], cwd=path.parent, capture_output=True, text=True, check=True
    ).stdout
    by_hand = [[int(count) for count in re.findall(r"\d+", line)] for line in printed.splitlines()]
    assert by_hand == [clone.matrix("none"), clone.matrix("smote")]
    return by_hand


def test_fifteen_lines_of_scikit_learn_give_the_same_numbers(untouched, visits):
    assert len(fifteen_lines().strip().splitlines()) <= 15
    agree_with_fifteen_lines(untouched, visits)


def test_the_article_s_table_gives_the_article_s_matrices(untouched, shared):
    by_hand = agree_with_fifteen_lines(untouched, shared / "sales_data.csv")
    assert by_hand == [[281, 4, 12, 3], [265, 20, 2, 13]]


def test_dvc_plots_draws_the_curves_of_every_variant_together(clone, tmp_path):
    clone.run("dvc", "plots", "show", "-q", "-o", str(tmp_path / "plots"))
    page = (tmp_path / "plots/index.html").read_text()
    for title in (
        "Precision and recall on rows the models have not seen",
        "ROC on rows the models have not seen",
        "Confusion matrices on rows the models have not seen",
    ):
        assert title in page
    assert '"best possible"' in page


SAME = ("metrics.json", "predictions.parquet", "out_of_fold.parquet", "folds.parquet", "confusion_matrix.json")


def variants_made(folder):
    """The files of each finished run in `folder` that the stages write too, by variant."""
    runs = [path for path in (folder / "multirun" / "runs").iterdir() if path.is_dir()]
    return {
        read_json(path / "run.json")["variant"]: {name: (path / name).read_bytes() for name in SAME} for path in runs
    }


def test_one_process_a_sweep_on_each_launcher_and_dvc_give_the_same_bytes(untouched):
    names = list(yaml.safe_load((ROOT / "params.yaml").read_text())["variants"])
    by_dvc = {
        name: {file: (untouched.path / "data/evaluate" / name / file).read_bytes() for file in SAME} for name in names
    }
    swept = ("python", "-m", "pipeline", "-m", f"variant={','.join(names)}", "tracking=none")
    for launcher in ((), ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")):
        untouched.run(*swept, *launcher)
        assert variants_made(untouched.path) == by_dvc
        (page,) = untouched.path.glob("multirun/*/comparison.json")
        swept_page, stages_page = read_json(page), read_json(untouched.path / "reports/comparison.json")
        for each in (swept_page, stages_page):  # a run's settings are of one variant
            del each["verdict"]["hashes"]["config"]
        assert swept_page == stages_page
        shutil.rmtree(untouched.path / "multirun")
    untouched.run("python", "-m", "pipeline", f"variant={names[-1]}", "tracking=none")
    assert variants_made(untouched.path) == {names[-1]: by_dvc[names[-1]]}
