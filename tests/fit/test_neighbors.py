import numpy as np
import pandas as pd
import pytest
from folding import chained
from imblearn import FunctionSampler
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from scipy.spatial.distance import cdist
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.preprocessing import StandardScaler

from pipeline.fit import chains, folds, neighbors
from pipeline.fit.neighbors import shares
from pipeline.fit.splits import derived
from pipeline.measure.multiclass import Multiclass
from pipeline.table import weights

NOISE = {"shrinkage": 1.0}


def blobs(rows, positives, apart, seed=0):
    """Two clouds, whose centers are this far apart in each of two features."""
    y = np.repeat([1, 0], [positives, rows - positives])
    X = np.random.default_rng(seed).normal(size=(rows, 2)) + apart * y[:, None]
    return pd.DataFrame(X, columns=["time", "pages"]).assign(buy=y.astype("int8")).rename_axis("row_id")


def fits(table, sampler, *, repeats=1, task=None):
    """What folds say of the sampler: the share of synthetic rows near another class, and that of real rows."""
    chain = chained(sampler)
    if task is not None:
        chain = chains.Chain(chain.preprocessing, chain.sampler, chain.model, None, None, task)
    how = {"folds": 5, "repeats": repeats, "seed": 42, "weight": weights.ones(len(table))}
    return folds.out_of_fold(table, target="buy", chain=chain, **how).fits


@pytest.mark.parametrize("sampler", [SMOTE(random_state=0), RandomOverSampler(random_state=0, **NOISE)])
def test_of_classes_far_apart_no_synthetic_row_lies_near_the_other(sampler):
    found = fits(blobs(300, 60, apart=30), sampler)
    assert found.synthetic_near_others.tolist() == found.real_near_others.tolist() == [0.0] * 5


@pytest.mark.parametrize("sampler", [SMOTE(random_state=0), RandomOverSampler(random_state=0, **NOISE)])
def test_of_labels_that_say_nothing_the_share_is_that_of_negatives(sampler):
    found = fits(blobs(1000, 200, apart=0), sampler, repeats=4)
    assert found.synthetic_near_others.mean() == pytest.approx(0.8, abs=0.04)
    assert found.real_near_others.mean() == pytest.approx(0.8, abs=0.04)


def test_the_shares_equal_those_computed_from_all_distances():
    table = blobs(400, 60, apart=1.5)
    found, expected = fits(table, SMOTE(random_state=7), repeats=2), []
    X, y = table.drop(columns="buy"), table.buy.to_numpy()
    for number, (fit, held) in enumerate(RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=42).split(X, y)):
        scaler = StandardScaler().fit(X.iloc[fit])
        rows, reference = scaler.transform(X.iloc[fit]), scaler.transform(X.iloc[held])
        made, _ = SMOTE(random_state=derived(42, *divmod(number, 5))).fit_resample(rows, y[fit])
        expected.append(
            [
                (y[held][cdist(points, reference).argmin(axis=1)] == 0).mean()
                for points in (made[len(fit) :], rows[y[fit] == 1])
            ]
        )
    assert found[list(neighbors.COLUMNS)].to_numpy() == pytest.approx(np.array(expected))
    assert 0.1 < found.synthetic_near_others.mean() < 0.9


def test_large_tables_are_sampled_evenly(monkeypatch):
    table = blobs(2000, 300, apart=1)
    whole = fits(table, SMOTE(random_state=7)).mean()
    monkeypatch.setattr(neighbors, "MOST", 150)
    monkeypatch.setattr(neighbors, "REFERENCE", 300)
    few = fits(table, SMOTE(random_state=7)).mean()
    for column in neighbors.COLUMNS:
        assert few[column] != whole[column]
        assert few[column] == pytest.approx(whole[column], abs=0.1)


@pytest.mark.parametrize(
    "sampler", [FunctionSampler(), RandomOverSampler(random_state=0), RandomUnderSampler(random_state=0)]
)
def test_without_synthetic_rows_there_is_nothing_to_count(sampler):
    assert fits(blobs(200, 40, apart=1), sampler)[list(neighbors.COLUMNS)].isna().all(axis=None)


def test_of_several_classes_a_row_must_be_near_its_own():
    # Class 1 lies on class 0; class 2 lies apart, and is as often among the synthetic rows.
    y = np.repeat([0, 1, 2], [200, 40, 40])
    X = np.random.default_rng(0).normal(size=(280, 2)) + 50 * (y == 2)[:, None]
    table = pd.DataFrame(X, columns=["time", "pages"]).assign(buy=y.astype("int8")).rename_axis("row_id")
    found = fits(table, SMOTE(random_state=0), repeats=3, task=Multiclass(["a", "b", "c"], ["a", "b", "c"]))
    expected = (200 / 240) / 2
    assert found.synthetic_near_others.mean() == pytest.approx(expected, abs=0.05)
    assert found.real_near_others.mean() == pytest.approx(expected, abs=0.05)


def test_each_class_of_real_rows_counts_as_among_the_synthetic_ones():
    held = (np.array([[0.0], [10.0], [20.0]]), np.array([0, 1, 2]))
    # Of class 1 one synthetic row of three is near another class, of class 2 the one there is not.
    synthetic = (np.array([[0.0], [10.0], [11.0], [21.0]]), np.array([1, 1, 1, 2]))
    # Of real rows of class 1 half are near another class, of class 2 all.
    real = (np.array([[1.0], [9.0], [12.0], [8.0]]), np.array([1, 1, 2, 2]))
    assert shares(synthetic, real, held) == (1 / 4, pytest.approx(3 / 4 * 1 / 2 + 1 / 4 * 1))
