from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from folding import LOG_LOSS, ONES, chained, folded
from imblearn import FunctionSampler
from imblearn.over_sampling import SMOTE, KMeansSMOTE
from sklearn import metrics, preprocessing
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from pipeline.errors import InputError
from pipeline.fit import splits, tuning
from pipeline.measure.multiclass import Multiclass
from pipeline.measure.primary import COLUMNS, Criterion
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import weights


def tuned(X, y, chain, **how):
    """The C that is chosen, and each one's metric."""
    best, values = tuning.tune(X, y, chain, **how)
    if best is None:
        return None, None
    return best["C"], dict(zip([each["C"] for each in chain.search], values, strict=True))


def test_c_is_the_one_with_the_lowest_log_loss_out_of_inner_folds_as_scikit_learn_finds_it(visits):
    X, y = visits.drop(columns="buy"), visits.buy
    grid = [0.01, 0.1, 1.0, 10.0]
    chosen, losses = tuned(X, y, chained(model=LogisticRegression(tol=1e-10), grid=grid), where=(42,), weight=ONES)
    seed = int(np.random.SeedSequence((42,)).generate_state(1)[0])
    search = GridSearchCV(
        make_pipeline(preprocessing.StandardScaler(), LogisticRegression(solver="newton-cholesky", tol=1e-10)),
        {"logisticregression__C": grid},
        scoring="neg_log_loss",
        cv=RepeatedStratifiedKFold(n_splits=3, n_repeats=1, random_state=seed),
    ).fit(X, y)
    assert chosen == search.best_params_["logisticregression__C"]
    assert list(losses.values()) == pytest.approx(list(-search.cv_results_["mean_test_score"]), rel=1e-6)


def criterion(primary):
    rules = {
        "expected_cost": {"objective": "expected_cost", "false_negative_cost": 5.0, "false_positive_cost": 1.0},
        "f_beta": {"objective": "f_beta", "beta": 1.0},
    }
    return Criterion(COLUMNS[primary][0], primary, COLUMNS[primary][1], rule=rules.get(primary))


def average_precision(y, probability):
    if probability.shape[1] == 2:
        return metrics.average_precision_score(y, probability[:, 1])
    return metrics.average_precision_score(np.eye(probability.shape[1])[y], probability, average="macro")


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    ("chosen_for", "metric", "best"),
    [
        (LOG_LOSS, metrics.log_loss, min),
        (criterion("average_precision"), average_precision, max),
    ],
    ids=["log_loss", "primary"],
)
def test_c_is_the_one_that_is_best_on_the_pooled_rows_of_inner_folds(visits, classes, chosen_for, metric, best):
    X, grid = visits.drop(columns="buy"), [0.001, 0.01, 0.1, 1.0, 10.0]
    # Of three classes, those who don't buy are told apart by their interests, which they share with a noise.
    skis = X.interest_ski + np.random.default_rng(2).normal(size=60) > X.interest_climb
    y = visits.buy if classes == 2 else visits.buy.where(visits.buy == 1, 2 * skis).astype("int8")
    task = TWO_CLASSES if classes == 2 else Multiclass(list("abc"), list("abc"))
    model = LogisticRegression(class_weight="balanced", tol=1e-10)
    exact = clone(model).set_params(solver="newton-cholesky")
    chain = chained(model=model, grid=grid, criterion=chosen_for, task=task)
    chosen, values = tuned(X, y, chain, where=(42,), weight=ONES)
    seed = int(np.random.SeedSequence((42,)).generate_state(1)[0])
    expected = {}
    for C in grid:
        pooled = np.empty((60, classes))
        for fit, held in RepeatedStratifiedKFold(n_splits=3, n_repeats=1, random_state=seed).split(X, y):
            fitted = make_pipeline(preprocessing.StandardScaler(), clone(exact).set_params(C=C))
            balanced = fitted.fit(X.iloc[fit], y.iloc[fit]).predict_proba(X.iloc[held])
            corrected = balanced * np.bincount(y.iloc[fit]) / len(fit) * classes
            pooled[held] = corrected / corrected.sum(axis=1, keepdims=True)
        expected[C] = metric(y, pooled)
    assert list(values.values()) == pytest.approx(list(expected.values()), rel=1e-6)
    assert chosen == best(expected, key=expected.get)


@pytest.mark.parametrize("primary", COLUMNS)
def test_c_has_the_highest_primary_metric_or_the_lowest_where_lower_is_better(visits, primary):
    X, y = visits.drop(columns="buy"), visits.buy
    chain = chained(grid=[0.001, 0.03, 1.0, 30.0], criterion=criterion(primary))
    chosen, values = tuned(X, y, chain, where=(42,), weight=ONES)
    assert len(set(values.values())) > 1
    lower = primary in ("log_loss", "brier", "expected_cost")
    assert values[chosen] == (min if lower else max)(values.values())


def test_of_equal_candidates_the_first_is_chosen(visits):
    X, y = visits.drop(columns="buy"), visits.buy
    separated = X.assign(time_on_page=100.0 * y)
    chain = chained(grid=[1.0, 10.0, 0.1], criterion=criterion("average_precision"))
    chosen, values = tuned(separated, y, chain, where=(42,), weight=ONES)
    assert list(values.values()) == pytest.approx([1, 1, 1])
    assert chosen == 1.0


def test_declared_weights_choose_c(visits):
    X, y = visits.drop(columns="buy"), visits.buy
    chain = chained(grid=[0.01, 1.0], criterion=criterion("average_precision"))
    weight = np.random.default_rng(0).uniform(0.5, 2.0, size=60)
    _, values = tuned(X, y, chain, where=(42,), weight=weight)
    seed = int(np.random.SeedSequence((42,)).generate_state(1)[0])
    for C, value in values.items():
        pooled = np.empty(60)
        for fit, held in RepeatedStratifiedKFold(n_splits=3, n_repeats=1, random_state=seed).split(X, y):
            scaler = preprocessing.StandardScaler().fit(X.iloc[fit])
            model = LogisticRegression(C=C).fit(scaler.transform(X.iloc[fit]), y.iloc[fit], sample_weight=weight[fit])
            pooled[held] = model.predict_proba(scaler.transform(X.iloc[held]))[:, 1]
        assert value == pytest.approx(metrics.average_precision_score(y, pooled, sample_weight=weight), rel=1e-6)


def test_resampling_s_shift_of_all_probabilities_does_not_choose_c(visits):
    # Weights of 1 and 1e4 shift all probabilities towards 1: raw log loss would choose by that.
    X, y = visits.drop(columns="buy"), visits.buy
    shifted = chained(model=LogisticRegression(class_weight={0: 1.0, 1: 50.0}, max_iter=1000), grid=[0.1, 1.0])
    _, losses = tuned(X, y, shifted, where=(42,), weight=ONES)
    _, plain = tuned(X, y, chained(grid=[0.1, 1.0]), where=(42,), weight=ONES)
    assert max(losses.values()) < 1.5 * max(plain.values())


def test_c_stays_as_it_is_without_a_grid_or_with_too_few_positives(visits):
    X, y = visits.drop(columns="buy"), visits.buy
    assert tuned(X, y, chained(), where=(1,), weight=ONES) == (None, None)
    few = pd.concat([visits[visits.buy == 1].head(9), visits[visits.buy == 0]])
    assert tuned(few.drop(columns="buy"), few.buy, chained(grid=[0.1, 1.0]), where=(1,), weight=ONES[: len(few)]) == (
        None,
        None,
    )


def test_c_is_that_of_the_rows_as_they_are_where_the_sampler_cannot_take_an_inner_fold(visits):
    X, y = visits.drop(columns="buy"), visits.buy
    greedy = chained(sampler=SMOTE(k_neighbors=int(y.sum()) - 1), grid=[0.1, 1.0])  # a third less is too few
    assert tuned(X, y, greedy, where=(1,), weight=ONES) == tuned(
        X, y, chained(grid=[0.1, 1.0]), where=(1,), weight=ONES
    )


def test_each_fold_chooses_its_c_from_its_own_training_rows(visits):
    grid = [0.01, 1.0, 100.0]
    found = folded(visits, grid=grid)
    X, y = visits.drop(columns="buy"), visits.buy
    expected = [
        tuned(X.iloc[fit], y.iloc[fit], chained(grid=grid), where=(42, repeat, fold), weight=ONES[fit])[0]
        for repeat, fold, fit, _ in splits.splits(y, folds=3, repeats=1, seed=42)
    ]
    assert found.fits.param_C.tolist() == expected


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


@pytest.mark.parametrize(
    ("classes", "features", "weighted", "settings"),
    [
        (2, 4, False, {}),
        (2, 4, True, {"class_weight": "balanced"}),
        (2, 4, False, {"class_weight": {0: 1.0, 1: 7.0}, "fit_intercept": False}),
        (2, 40, False, {}),  # more coefficients than Newton's method is used for
        (3, 4, False, {"class_weight": "balanced"}),
        (3, 20, True, {}),
        (3, 4, False, {"fit_intercept": False}),
    ],
)
def test_models_along_the_path_are_those_fitted_one_by_one(classes, features, weighted, settings):
    random = np.random.default_rng(7)
    X, unseen = random.normal(size=(300, features)), random.normal(size=(50, features))
    codes = np.digitize(X[:, 0] + random.normal(size=300), [0.5, 1.5][: classes - 1])
    weight = random.uniform(0.5, 2.0, size=300) if weighted else weights.ones(300)
    model = LogisticRegression(tol=1e-10, max_iter=10_000, **settings)
    search, seen = [{"C": C} for C in (0.001, 0.1, 10.0)], (X, codes, weight)
    path, alone = ([p for _, p in way(model, search, seen, unseen)] for way in (tuning._path, tuning._one_by_one))
    assert len(path) == len(alone) == 3
    for one, other in zip(path, alone, strict=True):
        assert one.shape == (50, classes)
        assert one == pytest.approx(other, abs=1e-6)


@pytest.mark.parametrize(
    ("settings", "along"),
    [
        ({"class_weight": "balanced", "max_iter": 7, "n_jobs": 2, "random_state": 1}, True),
        ({"solver": "newton-cg"}, False),
        ({"C": np.inf, "l1_ratio": 0.5, "solver": "saga"}, False),
        ({"dual": True}, False),
    ],
)
def test_only_models_that_differ_in_what_the_path_takes_are_fitted_along_it(settings, along):
    assert tuning._has_path(LogisticRegression(**settings)) is along
    assert not tuning._has_path(type("Own", (LogisticRegression,), {})())


def test_a_path_that_newton_s_method_cannot_follow_says_nothing(recwarn):
    random = np.random.default_rng(7)
    X, codes = random.normal(size=(100, 2)), random.integers(0, 2, size=100)
    twins = np.column_stack([X, X[:, 0]])
    seen = (twins, codes, weights.ones(100))
    _, last = list(tuning._path(LogisticRegression(), [{"C": 1.0}, {"C": np.inf}], seen, twins))[-1]
    ((_, alone),) = tuning._one_by_one(LogisticRegression(tol=1e-8), [{"C": np.inf}], seen, twins)
    assert last == pytest.approx(alone, abs=1e-3)
    assert not recwarn.list


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("sampler", [FunctionSampler(), SMOTE(k_neighbors=2)])
def test_c_stays_where_an_inner_fold_has_no_row_of_a_class(visits, classes, sampler):
    X = visits.drop(columns="buy")
    y = pd.Series(np.repeat(range(classes), 60 // classes), X.index, name="buy").astype("int8")
    # The last class lies in two groups: of three inner folds, one holds each, and two lack half of it or all.
    groups = pd.Series(np.arange(60), X.index).where(y < classes - 1, 60)
    task = TWO_CLASSES if classes == 2 else Multiclass(list("abc"), list("abc"))
    chain = chained(sampler=sampler, grid=[0.1, 1.0], task=task)
    assert tuned(X, y, chain, where=(42,), groups=groups, weight=ONES) == (None, None)


def test_candidates_that_do_not_suit_a_fold_are_left_out_and_refused_where_none_does(visits):
    X, y = visits.drop(columns="buy"), visits.buy
    chain = replace(chained(model=KNeighborsClassifier(), grid=[1]), search=[{"n_neighbors": 500}, {"n_neighbors": 3}])
    best, values = tuning.tune(X, y, chain, where=(1,), weight=ONES)
    assert best == {"n_neighbors": 3}
    assert values[0] is None
    assert values[1] > 0
    with pytest.raises(InputError, match=r"model.search: expected a value that suits the rows of a fold, found none"):
        tuning.tune(X, y, replace(chain, search=[{"n_neighbors": 500}, {"n_neighbors": 600}]), where=(1,), weight=ONES)
