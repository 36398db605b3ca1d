"""Garbles every test row, and asks which files of the training side changed."""

import numpy as np
import pandas as pd
import pytest

from checks.leaks import TEST_SIDE
from pipeline import config, files
from pipeline import evaluate as evaluate_stage
from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import resample as resample_stage
from pipeline import split as split_stage
from pipeline import train as train_stage
from pipeline.files import read_table, write_table
from pipeline.fit.preprocessing import preprocess
from pipeline.measure import thresholds
from pipeline.table import weights


def chain(stage, *modules):
    for module in modules:
        for name in config.load().variants if module in (resample_stage, train_stage, evaluate_stage) else [None]:
            stage(module, *([name] if name else []))


def training_side(folder):
    """The bytes of each file that test rows may not change, and each tuned threshold."""
    written = [path for path in (folder / "data").rglob("*") if path.is_file() and "ingest" not in path.parts]
    kept = {str(path.relative_to(folder)): path.read_bytes() for path in written if path.name not in TEST_SIDE}
    for path in (folder / "reports").rglob("metrics.json"):
        kept[f"threshold of {path.parent.name}"] = files.read_json(path)["holdout"]["tuned"]["threshold"]
    return kept


@pytest.fixture
def reproduce(project, stage):
    """Runs every stage, garbles the test rows on demand, and gives back the training side."""

    def run(*overrides, garbled):
        folder = project(
            "data.simulation.rows=200",
            "data.simulation.prevalence=0.2",
            "variants.smote.sampler.k_neighbors=3",
            "evaluate.repeats=1",
            "~variant@variants.random_under",
            "~variant@variants.class_weight",
            *overrides,
        )
        chain(stage, ingest_stage, split_stage)
        path = folder / "data/split/test.parquet"
        test = read_table(path)
        if garbled:
            garbage = np.random.default_rng(9).normal(1e6, 1e5, test.shape)
            garbage[::3, 0] = np.nan
            write_table(path, pd.DataFrame(garbage, test.index, test.columns).assign(buy=1 - test.buy))
        chain(stage, preprocess_stage, resample_stage, train_stage, evaluate_stage)
        return training_side(folder)

    return run


def test_garbled_test_rows_change_nothing_on_the_training_side(reproduce):
    clean, garbled = reproduce(garbled=False), reproduce(garbled=True)
    # The check sees what it should: each stage's training side.
    assert {
        "data/split/train.parquet",
        "data/preprocess/train.parquet",
        "data/preprocess/preprocessor.skops",
        "data/resample/smote/train.parquet",
        "data/train/smote/model.skops",
        "data/evaluate/smote/folds.parquet",
        "data/evaluate/smote/out_of_fold.parquet",
        "threshold of smote",
    } <= clean.keys()
    assert len(clean) == 4 + 4 * (3 + 2 + 2 + 1)
    assert {name for name in clean if clean[name] != garbled[name]} == set()
    assert clean.keys() == garbled.keys()


def changed(reproduce, *overrides):
    """What test rows change, with one C for all: a leak elsewhere shows without choosing it."""
    clean, garbled = (reproduce("model.search=null", *overrides, garbled=each) for each in (False, True))
    return {name for name in clean if clean[name] != garbled[name]}


def test_a_scaler_fitted_on_all_rows_is_caught(reproduce, monkeypatch):
    honest = preprocess

    def leaky(X, y, steps):
        test = read_table(files.SPLIT / "test.parquet").drop(columns="buy")
        fitted, rows = honest(pd.concat([X, test]), y, steps)
        return fitted, rows.loc[X.index]

    monkeypatch.setattr(preprocess_stage, "preprocess", leaky)
    caught = changed(reproduce, "~variant@variants.random_over", "~variant@variants.augmentation")
    assert {"data/preprocess/preprocessor.skops", "data/preprocess/train.parquet"} <= caught
    assert "data/train/none/model.skops" in caught


def test_a_threshold_chosen_on_test_rows_is_caught(reproduce, monkeypatch):
    honest = thresholds.choose

    def leaky(y, score, rule, **how):
        test = read_table(files.SPLIT / "test.parquet")
        score = test.time_on_page.fillna(0).to_numpy() / 1e6
        return honest(test.buy.to_numpy(), score, rule, weight=weights.ones(len(test)))

    monkeypatch.setattr(thresholds, "choose", leaky)
    names = ("none", "random_over", "augmentation", "smote")
    assert changed(reproduce) == {
        *(f"threshold of {name}" for name in names),
        *(f"data/evaluate/{name}/folds.parquet" for name in names),
    }
