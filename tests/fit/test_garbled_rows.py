"""No model or variant looks at rows that a fold holds out: garbled ones change nothing that was fitted."""

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline import config
from pipeline.files import CONF
from pipeline.fit import chains, folds, splits
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import mountain_shop, weights

MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
VARIANTS = sorted(path.stem for path in (CONF / "variant").glob("*.yaml"))
FASTER = {"n_estimators": 5}  # trees of a forest
HOW = {"target": "buy", "folds": 2, "repeats": 1, "seed": 1}


@pytest.fixture(scope="module")
def tables():
    """A table, the same with half of the first fold's held rows garbled, and those whose predictions must stay."""
    whole, _ = mountain_shop.simulate(rows=240, prevalence=0.25, seed=3)
    whole = whole.astype(float).astype({"buy": "int8"}).rename_axis("row_id")
    whole = whole.fillna(whole.median())
    _, _, fit, held = next(splits.splits(whole.buy, folds=2, repeats=1, seed=1))
    spoilt, garbled = whole.copy(), held[::2]
    rows = np.random.default_rng(0).normal(1e3, 1e3, (len(garbled), whole.shape[1] - 1))
    spoilt.iloc[garbled, spoilt.columns.get_indexer(spoilt.columns.drop("buy"))] = rows
    return whole, spoilt, whole.index[held[1::2]], whole.index[fit]


def first_fold(table, params):
    made = chains.chain(params, "it", TWO_CLASSES)
    found = folds.out_of_fold(table, chain=made, weight=weights.ones(len(table)), **HOW)
    return found.predictions[found.predictions.fold == 0], found.fits.iloc[0]


def settings(composed, model, variant):
    raw = yaml.safe_load(composed(f"model={model}", f"+variant@variants.it={variant}"))
    for node in (raw["model"], raw["variants"]["it"]["model"]):
        node |= {key: value for key, value in FASTER.items() if key in node}
    return config.check(raw)


@pytest.mark.parametrize(
    ("model", "variant"),
    [
        *[(model, variant) for model in MODELS for variant in ("none", "smote")],
        *[("logistic_regression", variant) for variant in VARIANTS if variant not in ("none", "smote", "smote_nc")],
    ],
)
def test_what_a_fold_fits_does_not_depend_on_the_rows_it_holds(composed, tables, model, variant):
    whole, spoilt, untouched, fitted = tables
    params = settings(composed, model, variant)
    (clean, fit), (garbled, again) = (first_fold(table, params) for table in (whole, spoilt))
    pd.testing.assert_frame_equal(clean.loc[untouched], garbled.loc[untouched], check_exact=True)
    same = [key for key in fit.index if not key.endswith("near_others")]  # which are about the held rows
    assert fit[same].to_dict() == pytest.approx(again[same].to_dict(), nan_ok=True)
    assert not clean.drop(untouched).equals(garbled.drop(untouched))  # those that were garbled change
    changed, features = whole.copy(), whole.columns.drop("buy")
    changed.loc[fitted, features] = whole.loc[fitted[::-1], features].to_numpy()  # what is fitted does count
    assert not first_fold(changed, params)[0].loc[untouched].equals(clean.loc[untouched])
