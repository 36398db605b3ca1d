import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from pipeline.fit.provenance import components, provenance


def test_equal_rows_are_matched_one_to_one_and_one_too_many_is_synthetic():
    X = pd.DataFrame({"time": [5.0, 5.0, 7.0, 5.0]}, index=[11, 12, 13, 14])
    y = pd.Series([1, 1, 1, 0], index=X.index)
    given = pd.DataFrame({"time": [5.0, 7.0, 5.0, 5.0, 6.0]})
    origin = provenance(X, y, given, pd.Series([1, 1, 1, 1, 1]))
    assert origin.row_id.tolist() == [11, 13, 12, pd.NA, pd.NA]  # 14 is of the other class
    assert origin.synthetic.tolist() == [False, False, False, True, True]


@pytest.mark.parametrize("drawn", ["all", "some", "none"])
def test_rows_that_stay_in_place_are_matched_as_those_that_move(drawn):
    random = np.random.default_rng(0)
    for _ in range(50):
        X = pd.DataFrame({"time": random.integers(3, size=12) / 2, "shop": random.choice(["a", "b"], size=12)})
        X, y = X.set_axis(range(20, 32)), pd.Series(random.integers(2, size=12), index=range(20, 32))
        there = {"all": 12, "some": 5, "none": 0}[drawn]  # rows that stay where they are
        places = np.concatenate([np.arange(there), random.integers(12, size=9)])
        given, labels = X.iloc[places].reset_index(drop=True), y.iloc[places].reset_index(drop=True)
        given.loc[len(given) - 1, "time"] = 9.0  # a synthetic one
        found, left = [], {(*X.loc[row], y[row]): [] for row in X.index}
        for row in X.index:
            left[(*X.loc[row], y[row])].append(row)
        for row in given.index:  # the first original like it that isn't used yet
            same = left.get((*given.loc[row], labels[row]), [])
            found.append(same.pop(0) if same else pd.NA)
        assert provenance(X, y, given, labels).row_id.tolist() == found


def test_components_are_the_principal_ones_of_the_training_rows():
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(400, 3)) * [1, 5, 2], columns=list("abc"))
    y, synthetic = pd.Series((np.arange(400) % 4 == 0).astype(int)), np.zeros(400, dtype=bool)
    found = components(X, X, y, synthetic)
    expected = PCA(2).fit(X).transform(X)
    order = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)])
    for place, name in enumerate(("first", "second")):
        theirs = expected[order, place]
        assert np.abs(found[name] - theirs).max() < 1e-4 or np.abs(found[name] + theirs).max() < 1e-4
    assert found.positive.tolist() == [False] * 300 + [True] * 100


def test_of_many_rows_a_picture_keeps_evenly_spaced_ones_of_each_kind():
    X = pd.DataFrame({"a": np.arange(1000.0)})
    y, synthetic = pd.Series([0] * 900 + [1] * 100), np.arange(1000) >= 950
    found = components(X, X, y, synthetic)
    assert found.groupby(["positive", "synthetic"]).size().to_dict() == {
        (False, False): 300,
        (True, False): 50,
        (True, True): 50,
    }
    assert (found.second == 0).all()
    assert found["first"].min() == -499.5
