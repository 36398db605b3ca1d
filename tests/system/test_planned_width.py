"""Holds the planned distance of bounds against that on tables drawn anew from the same truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from pipeline import config
from pipeline.measure.statistics import correlated, reach
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.tools import labels, plan

CHEAP = ("~variant@variants.random_under", "~variant@variants.augmentation", "~variant@variants.class_weight")


def normals(rng, rows):
    return rng.normal(size=(rows, 5))


def skewed(rng, rows):
    return rng.lognormal(size=(rows, 3))


def mixed(rng, rows):
    return np.column_stack([rng.normal(size=(rows, 4)), rng.random((rows, 4)) < 0.3])


def drawn(features, rows, positives, slope, shift, seed):
    """A table whose truth is logistic, all standardised features alike; slope and shift make its ROC AUC about .85."""
    rng = np.random.default_rng(seed)
    X = features(rng, rows)
    score = ((X - X.mean(axis=0)) / X.std(axis=0)).sum(axis=1) / np.sqrt(X.shape[1])
    buy = np.zeros(rows)
    while buy.sum() != positives:
        buy = rng.random(rows) < expit(shift + slope * score)
    table = pd.DataFrame(X, columns=[f"x{number}" for number in range(X.shape[1])]).assign(buy=buy.astype(int))
    return table.rename_axis("row_id")


@pytest.mark.parametrize(
    ("features", "rows", "positives", "slope", "shift", "tuning", "tables", "draws"),
    [
        (normals, 1000, 50, 1.59, -3.94, "model.search=null", 12, 8),
        (skewed, 600, 120, 1.90, -1.77, "model.search=null", 36, 20),
        (mixed, 1500, 60, 1.52, -4.16, "model.search=null", 12, 8),
        (normals, 600, 30, 1.59, -3.94, "model.search.C=[0.01,1.0]", 12, 8),
    ],
)
def test_the_planned_width_is_that_of_tables_drawn_anew(
    project, tmp_path, features, rows, positives, slope, shift, tuning, tables, draws
):
    how = {"rows": rows, "positives": positives, "slope": slope, "shift": shift}
    # Its whole path, as a process remembers the last table it read.
    folder = project(
        "data=csv", "data.target=buy", f"data.path={tmp_path / 'table.csv'}", *CHEAP, tuning, "evaluate.repeats=2"
    )
    drawn(features, **how, seed=1000).to_csv(folder / "table.csv", index=False)
    params = config.load()
    keys = config.Plan(roc_auc=0.85, tables=tables, rows=20_000, methods=["random_over", "smote"])
    expected = plan.plan(params, keys, jobs=1)
    alpha = expected.alpha / expected.family
    widths = []
    for seed in range(1001, 1001 + draws):
        again = drawn(features, **how, seed=seed)
        found, _ = labels.over_folds(again, params, pd.DataFrame(index=again.index), TWO_CLASSES)
        none = found.pop("none")
        over = none["rows"].sum() / none["training_rows"].sum()
        for each in found.values():
            differences = (each["average_precision"] - none["average_precision"]).to_numpy()
            test = correlated(differences, test_over_train=over, rope=0.01, alpha=0.05)
            widths.append(reach(test.standard_error, test.df, alpha=alpha))
    assert expected.reach == pytest.approx(np.mean(widths), rel=0.25)
