from pathlib import Path

import pytest

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import chains, run


def test_the_last_table_is_kept_and_another_one_is_read(project, monkeypatch):
    project("data.simulation.rows=200")
    params = config.load()
    read = []
    monkeypatch.setattr(run.read, "load", lambda data: read.append(data.name) or (data.name, None, {}))
    asked = [params.data, params.data, params.data.model_copy(update={"name": "other"}), params.data]
    assert [run.table(data)[0] for data in asked] == ["mountain_shop", "mountain_shop", "other", "mountain_shop"]
    assert len(read) == 3
    run.table(params.data.model_copy(update={"name": "forgotten"}))


def test_variants_of_one_seed_share_the_preparation_of_their_folds(project, monkeypatch):
    project("data.simulation.rows=600", "evaluate.folds=2", "evaluate.repeats=1")
    params, calls, honest = config.load(), [], chains.preprocess
    run.prepared(
        params.data, params.split, params.preprocess, params.trusted_packages
    )  # the hold-out's, which has no part in the count
    monkeypatch.setattr(chains, "preprocess", lambda X, *parts, **how: calls.append(len(X)) or honest(X, *parts, **how))
    run.run(params, "none")
    alone = len(calls)
    run.run(params, "class_weight")
    assert len(calls) == alone > 0
    run.run(config.check({**config.read(Path("params.yaml")), "seed": 43}), "none")
    assert len(calls) == 2 * alone


def test_holes_are_refused_without_imputation(project, tmp_path):
    path = Path("holes.csv")
    path.write_text("x,y\n" + "".join(f"{row if row else ''},{int(row < 20)}\n" for row in range(60)), encoding="utf-8")
    project("data=csv", f"data.path={path}", "data.target=y", "preprocess=none")
    with pytest.raises(InputError, match="column 'x': expected no missing values"):
        run.run(config.load(), "none")


def test_a_run_leaves_the_working_folder_alone(project):
    folder = project("data.simulation.rows=200", "evaluate.folds=0")
    run.run(config.load(), "smote")
    assert [path.name for path in folder.iterdir()] == ["params.yaml"]
