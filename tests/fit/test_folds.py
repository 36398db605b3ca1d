from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from folding import ONES, chained, folded
from imblearn import FunctionSampler
from imblearn.over_sampling import SMOTE, RandomOverSampler
from preparing import NONE, steps
from sklearn import preprocessing
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline

from pipeline.errors import InputError
from pipeline.fit import chains, folds, splits


def predicted(visits, **settings):
    return folded(visits, **settings).predictions


@pytest.mark.parametrize(("positives", "number"), [(4, 0), (9, 1), (10, 2), (14, 2), (24, 4), (25, 5), (900, 5)])
def test_each_fold_keeps_five_rows_of_the_rarest_class(positives, number):
    y = pd.Series([1] * positives + [0] * 900)
    assert splits.count(y, 2, most=5) == number
    assert splits.count(1 - y, 2, most=5) == number  # it need not be the positive one
    assert splits.count(y.replace(0, 2), 3, most=5) == 0


def test_folds_along_time_keep_five_rows_of_the_rarer_class_in_each_block():
    y, day = pd.Series([1, 0, 0, 0] * 30), pd.Series(range(120))
    assert splits.count(y, 2, most=5, times=day) == 5  # six blocks of five
    assert splits.count(y[:116], 2, most=5, times=day[:116]) == 4
    for labels in (y, 1 - y):
        for number in (2, 5):
            found = list(splits.splits(labels, folds=number, repeats=1, seed=1, times=day))
            rare = labels == labels.value_counts().idxmin()
            assert [int(rare.iloc[held].sum()) for _, _, _, held in found] == [30 // (number + 1)] * number
    # Half the rows are of one day: of six blocks of five positives two would be empty, of three none is.
    clumped = day.where(day < 60, 60)
    assert splits.count(y, 2, most=5, times=clumped) == 2
    assert splits.count(y, 2, most=5, times=day * 0) == 0
    # A cut goes to the nearest day: of three days each is a block, though the first holds more than its share.
    three = pd.Series([1] * 13 + [0] * 60 + [1] * 11 + [0] * 60 + [1] * 8 + [0] * 60)
    days = pd.Series(np.repeat([1, 2, 3], [73, 71, 68]))
    assert splits.count(three, 2, most=5, times=days) == 2
    assert [len(held) for _, _, _, held in splits.splits(three, folds=2, repeats=1, seed=1, times=days)] == [71, 68]
    # Both classes must be in each block: here the first days have positives alone.
    drift = pd.Series([1] * 15 + [1, 0, 0, 0] * 15)
    assert splits.count(drift, 2, most=5, times=pd.Series(range(75))) == 0


def test_a_class_that_a_fold_cannot_learn_is_refused_with_the_mend():
    y = pd.Series([0, 1] * 20)
    groups = pd.Series(np.where(y == 1, -1, range(40)))
    table = pd.DataFrame({"x": np.arange(40.0), "buy": y.astype("int8")}).rename_axis("row_id")
    with pytest.raises(
        InputError, match="the training rows have no row of class 1, because its rows are in few groups"
    ):
        folded(table, number=2, groups=groups)


def test_the_plain_chain_equals_a_scikit_learn_pipeline_fold_by_fold(visits):
    X, y = visits.drop(columns="buy"), visits.buy
    expected = np.empty((2, 60))
    splits = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=42).split(X, y)
    for number, (fit, held) in enumerate(splits):
        chain = make_pipeline(preprocessing.StandardScaler(), LogisticRegression()).fit(X.iloc[fit], y.iloc[fit])
        expected[number // 3, held] = chain.predict_proba(X.iloc[held])[:, 1]
    found = predicted(visits, repeats=2)
    assert found.probability.tolist() == pytest.approx(expected.ravel().tolist(), rel=1e-12)
    assert found.repeat.tolist() == [0] * 60 + [1] * 60
    assert found.index.tolist() == [*visits.index, *visits.index]
    assert found.y.tolist() == [*y, *y]
    assert found.fold.tolist()[:60] != found.fold.tolist()[60:]


def test_the_folds_are_the_same_for_every_variant_and_stratified(visits):
    plain = predicted(visits)
    others = [
        predicted(visits, sampler=SMOTE(k_neighbors=3, random_state=5)),
        predicted(visits, model=LogisticRegression(class_weight="balanced")),
        predicted(visits, preprocessing=NONE),
    ]
    for other in others:
        assert other.fold.tolist() == plain.fold.tolist()
        assert other.probability.tolist() != plain.probability.tolist()
    assert plain.y.groupby(plain.fold).sum().tolist() == [5, 5, 5]
    assert predicted(visits, seed=43).fold.tolist() != plain.fold.tolist()


class Memory(ClassifierMixin, BaseEstimator):
    """Says 1 to each row it was fitted on, and 0 to all others."""

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        self.seen_ = set(map(tuple, X.to_numpy()))
        return self

    def predict_proba(self, X):
        seen = np.array([tuple(row) in self.seen_ for row in X.to_numpy()], dtype=float)
        return np.column_stack([1 - seen, seen])


def test_each_row_is_predicted_once_by_a_model_that_did_not_see_it(visits):
    distinct = visits.assign(time_on_page=np.arange(60.0))
    for sampler in (FunctionSampler(), RandomOverSampler(random_state=0), SMOTE(k_neighbors=3, random_state=0)):
        found = predicted(distinct, sampler=sampler, model=Memory(), preprocessing=NONE)
        assert found.probability.tolist() == [0.0] * 60
        assert sorted(found.fold.unique()) == [0, 1, 2]


def test_sampler_and_model_given_stay_unfitted(visits):
    sampler, model = SMOTE(k_neighbors=3, random_state=0), LogisticRegression()
    predicted(visits, sampler=sampler, model=model)
    assert not hasattr(sampler, "sampling_strategy_")
    assert not hasattr(model, "coef_")


def test_too_few_rows_in_a_fold_say_which_fold(visits):
    with pytest.raises(
        InputError, match=r"fold 1 of 3: SMOTE needs 12 rows of each class that it oversamples, but class 1 has 10"
    ):
        predicted(visits, sampler=SMOTE(k_neighbors=11))


def test_a_fold_that_does_not_converge_is_marked(visits):
    assert folded(visits).fits.converged.all()
    assert not folded(visits, model=LogisticRegression(max_iter=1)).fits.converged.any()


def test_each_fold_says_what_it_learned_from(visits):
    fits = folded(visits, sampler=RandomOverSampler(random_state=0), repeats=2).fits
    assert fits[["repeat", "fold"]].to_numpy().tolist() == [[r, k] for r in range(2) for k in range(3)]
    assert fits.training_rows.tolist() == [40] * 6
    assert fits.training_rows_1.tolist() == [10] * 6
    assert fits.trained_proportion_1.tolist() == [0.5] * 6
    assert "param_C" not in fits


class Vandal(BaseEstimator):
    """A sampler that spoils the rows it is given, in every way that pandas lets it."""

    def fit_resample(self, X, y):
        X.iloc[:, 0] = 9.0
        X["time_on_page"] *= -1
        X.insert(0, "planted", 1.0)
        return X.drop(columns="planted"), y


def made_by(visits, prepare, **parts):
    chain = chained(grid=[0.1, 1.0], **parts)
    return folds.out_of_fold(
        visits, target="buy", chain=chain, folds=3, repeats=2, seed=42, weight=ONES, prepare=prepare
    )


def same(one, other):
    pd.testing.assert_frame_equal(one.predictions, other.predictions, check_exact=True)
    pd.testing.assert_frame_equal(one.fits, other.fits, check_exact=True)
    return True


def test_variants_that_share_their_folds_give_what_each_gives_alone(visits):
    shared = chains.Shared()
    variants = (
        {"sampler": Vandal()},
        {},
        {"sampler": SMOTE(k_neighbors=2, random_state=0)},
        {"preprocessing": steps(scale=False)},
    )
    for parts in variants:
        assert same(made_by(visits, shared, **parts), made_by(visits, chains.prepared, **parts))


@pytest.mark.parametrize(("room", "times"), [(chains.SHARED, 18), (0, 36)])
def test_rows_of_a_fold_are_prepared_once_as_long_as_there_is_room(visits, monkeypatch, room, times):
    calls, honest = [], chains.preprocess
    monkeypatch.setattr(chains, "preprocess", lambda X, *parts, **how: calls.append(len(X)) or honest(X, *parts, **how))
    shared = chains.Shared(room)
    one, other = (made_by(visits, shared) for _ in range(2))
    assert len(calls) == times  # of 6 folds: each, and the two that choose its C
    assert same(one, other)


def test_rows_of_a_group_stay_in_one_fold(visits):
    groups = pd.Series(np.arange(60) // 2, index=visits.index)
    found = predicted(visits, groups=groups, repeats=2)
    assert found.groupby([found.repeat, groups[found.index].to_numpy()]).fold.nunique().eq(1).all()
    assert len(found) == 120
    assert found.fold.tolist()[:60] != found.fold.tolist()[60:]


def test_folds_along_time_learn_from_earlier_rows_alone():
    y = pd.Series([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    times = pd.Series([3, 3, 1, 1, 2, 2, 6, 6, 5, 5, 4, 4])
    found = list(splits.splits(y, folds=2, repeats=1, seed=1, times=times))
    # In order of time, two positives a block: times 1 and 2, then 3 and 4, then 5 and 6.
    assert [(repeat, fold) for repeat, fold, _, _ in found] == [(0, 0), (0, 1)]
    assert [fit.tolist() for _, _, fit, _ in found] == [[2, 3, 4, 5], [0, 1, 2, 3, 4, 5, 10, 11]]
    assert [held.tolist() for _, _, _, held in found] == [[0, 1, 10, 11], [6, 7, 8, 9]]


class Diary(BaseEstimator):
    """A sampler that changes nothing and notes its seed."""

    seeds: ClassVar[list] = []

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit_resample(self, X, y):
        self.seeds.append(self.random_state)
        return X, y


def test_each_fold_gives_its_sampler_a_seed_of_its_own(visits):
    Diary.seeds.clear()
    predicted(visits, sampler=Diary(random_state=1), seed=42, repeats=2)
    assert Diary.seeds == [
        int(np.random.SeedSequence((42, repeat, fold)).generate_state(1)[0]) for repeat in range(2) for fold in range(3)
    ]
    assert len(set(Diary.seeds)) == 6
