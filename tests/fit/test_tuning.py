import numpy as np
import pandas as pd
import pytest
from folding import ONES, chained, folded
from imblearn import FunctionSampler
from imblearn.over_sampling import SMOTE, KMeansSMOTE
from sklearn import preprocessing
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline

from pipeline.fit import splits, tuning


def test_c_is_the_one_with_the_lowest_log_loss_out_of_inner_folds_as_scikit_learn_finds_it(visits):
    X, y = visits.drop(columns="buy"), visits.buy
    grid = [0.01, 0.1, 1.0, 10.0]
    chosen, losses = tuning.tune(X, y, chained(grid=grid), where=(42,), weight=ONES)
    seed = int(np.random.SeedSequence((42,)).generate_state(1)[0])
    search = GridSearchCV(
        make_pipeline(preprocessing.StandardScaler(), LogisticRegression()),
        {"logisticregression__C": grid},
        scoring="neg_log_loss",
        cv=RepeatedStratifiedKFold(n_splits=3, n_repeats=1, random_state=seed),
    ).fit(X, y)
    assert chosen == search.best_params_["logisticregression__C"]
    assert list(losses.values()) == pytest.approx(list(-search.cv_results_["mean_test_score"]), rel=1e-6)


def test_resampling_s_shift_of_all_probabilities_does_not_choose_c(visits):
    # Weights of 1 and 1e4 shift all probabilities towards 1: raw log loss would choose by that.
    X, y = visits.drop(columns="buy"), visits.buy
    shifted = chained(model=LogisticRegression(class_weight={0: 1.0, 1: 50.0}, max_iter=1000), grid=[0.1, 1.0])
    _, losses = tuning.tune(X, y, shifted, where=(42,), weight=ONES)
    _, plain = tuning.tune(X, y, chained(grid=[0.1, 1.0]), where=(42,), weight=ONES)
    assert max(losses.values()) < 1.5 * max(plain.values())


def test_c_stays_as_it_is_without_a_grid_or_with_too_few_positives(visits):
    X, y = visits.drop(columns="buy"), visits.buy
    assert tuning.tune(X, y, chained(), where=(1,), weight=ONES) == (None, None)
    few = pd.concat([visits[visits.buy == 1].head(9), visits[visits.buy == 0]])
    assert tuning.tune(
        few.drop(columns="buy"), few.buy, chained(grid=[0.1, 1.0]), where=(1,), weight=ONES[: len(few)]
    ) == (None, None)


def test_c_is_that_of_the_rows_as_they_are_where_the_sampler_cannot_take_an_inner_fold(visits):
    X, y = visits.drop(columns="buy"), visits.buy
    greedy = chained(sampler=SMOTE(k_neighbors=int(y.sum()) - 1), grid=[0.1, 1.0])  # a third less is too few
    assert tuning.tune(X, y, greedy, where=(1,), weight=ONES) == tuning.tune(
        X, y, chained(grid=[0.1, 1.0]), where=(1,), weight=ONES
    )


def test_each_fold_chooses_its_c_from_its_own_training_rows(visits):
    grid = [0.01, 1.0, 100.0]
    found = folded(visits, grid=grid)
    X, y = visits.drop(columns="buy"), visits.buy
    expected = [
        tuning.tune(X.iloc[fit], y.iloc[fit], chained(grid=grid), where=(42, repeat, fold), weight=ONES[fit])[0]
        for repeat, fold, fit, _ in splits.splits(y, folds=3, repeats=1, seed=42)
    ]
    assert found.fits.C.tolist() == expected


def test_reseeded_sets_every_random_state_however_deep():
    sampler = KMeansSMOTE(random_state=1, kmeans_estimator=KMeans(n_clusters=4, random_state=2))
    one, again, other = (tuning.reseeded(sampler, 42, 0, fold) for fold in (0, 0, 1))
    assert one.random_state == one.kmeans_estimator.random_state == again.random_state
    assert one.random_state != other.random_state
    assert tuning.reseeded(sampler, 43, 0, 0).random_state != one.random_state
    assert one.kmeans_estimator.n_clusters == 4
    assert (sampler.random_state, sampler.kmeans_estimator.random_state) == (1, 2)


def test_reseeded_leaves_a_sampler_without_chance_alone():
    assert tuning.reseeded(FunctionSampler(), 42, 0).get_params() == FunctionSampler().get_params()
