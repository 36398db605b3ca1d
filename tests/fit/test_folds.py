from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from imblearn import FunctionSampler
from imblearn.over_sampling import SMOTE, KMeansSMOTE, RandomOverSampler
from sklearn import preprocessing
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline

from pipeline import config, files
from pipeline import evaluate as evaluate_stage
from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import resample as resample_stage
from pipeline import split as split_stage
from pipeline import train as train_stage
from pipeline.errors import InputError
from pipeline.files import read_table, write_table
from pipeline.fit import chains, folds, splits, tuning
from pipeline.fit.preprocessing import preprocess
from pipeline.measure import thresholds
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import mountain_shop, weights

ONES = weights.ones(60)
STANDARD = {"impute": "median", "scale": True}


@pytest.fixture(scope="module")
def visits():
    """60 visits, 15 of them with a purchase, in an order that says nothing."""
    table, _ = mountain_shop.simulate(rows=60, prevalence=0.25, seed=8)
    index = pd.Index(np.random.default_rng(1).permutation(500)[:60], name="row_id")
    return table.astype(float).astype({"buy": "int8"}).set_axis(index)


def chained(sampler=None, model=None, preprocessing=STANDARD, grid=None):
    return chains.Chain(preprocessing, sampler or FunctionSampler(), model or LogisticRegression(), grid, TWO_CLASSES)


def folded(visits, *, number=3, repeats=1, seed=42, groups=None, times=None, **parts):
    how = {"folds": number, "repeats": repeats, "seed": seed, "groups": groups, "times": times, "weight": ONES}
    return folds.out_of_fold(visits, target="buy", chain=chained(**parts), **how)


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
    with pytest.raises(InputError, match="class 1 is not among the training rows, since its rows stay together"):
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
        predicted(visits, preprocessing={"impute": None, "scale": False}),
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
    identity = {"impute": None, "scale": False}
    for sampler in (FunctionSampler(), RandomOverSampler(random_state=0), SMOTE(k_neighbors=3, random_state=0)):
        found = predicted(distinct, sampler=sampler, model=Memory(), preprocessing=identity)
        assert found.probability.tolist() == [0.0] * 60
        assert sorted(found.fold.unique()) == [0, 1, 2]


def test_sampler_and_model_given_stay_unfitted(visits):
    sampler, model = SMOTE(k_neighbors=3, random_state=0), LogisticRegression()
    predicted(visits, sampler=sampler, model=model)
    assert not hasattr(sampler, "sampling_strategy_")
    assert not hasattr(model, "coef_")


def test_too_few_rows_in_a_fold_say_which_fold(visits):
    with pytest.raises(InputError, match=r"fold 1 of 3: SMOTE needs 12 rows of each class it raises; .* 1 has 10"):
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
    assert fits.C.isna().all()


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
        {"preprocessing": {**STANDARD, "scale": False}},
    )
    for parts in variants:
        assert same(made_by(visits, shared, **parts), made_by(visits, chains.prepared, **parts))


@pytest.mark.parametrize(("room", "times"), [(chains.SHARED, 18), (0, 36)])
def test_rows_of_a_fold_are_prepared_once_as_long_as_there_is_room(visits, monkeypatch, room, times):
    calls, honest = [], chains.preprocess
    monkeypatch.setattr(chains, "SHARED", room)
    monkeypatch.setattr(chains, "preprocess", lambda X, **how: calls.append(len(X)) or honest(X, **how))
    shared = chains.Shared()
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


# What follows garbles every test row, and asks which files of the training side changed.

TEST_SIDE = {"test.parquet", "predictions.parquet", "metrics.json", "confusion_matrix.json"}
TEST_SIDE |= {"classification_report.json"}


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
    folder = project(
        "data.simulation.rows=200",
        "data.simulation.prevalence=0.2",
        "variants.smote.sampler.k_neighbors=3",
        "evaluate.repeats=1",
        "~variant@variants.random_under",
        "~variant@variants.class_weight",
    )

    def run(garbled):
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


def changed(reproduce):
    clean, garbled = reproduce(garbled=False), reproduce(garbled=True)
    return {name for name in clean if clean[name] != garbled[name]}


def test_a_scaler_fitted_on_all_rows_is_caught(reproduce, monkeypatch):
    honest = preprocess

    def leaky(X, **settings):
        test = read_table(files.SPLIT / "test.parquet").drop(columns="buy")
        return honest(pd.concat([X, test]), **settings)

    monkeypatch.setattr(preprocess_stage, "preprocess", leaky)
    caught = changed(reproduce)
    assert {"data/preprocess/preprocessor.skops", "data/preprocess/train.parquet"} <= caught
    assert "data/train/none/model.skops" in caught


def test_a_threshold_chosen_on_test_rows_is_caught(reproduce, monkeypatch):
    honest = thresholds.choose

    def leaky(y, probability, rule, **how):
        test = read_table(files.SPLIT / "test.parquet")
        return honest(test.buy.to_numpy(), test.time_on_page.fillna(0).to_numpy(), rule, weight=weights.ones(len(test)))

    monkeypatch.setattr(thresholds, "choose", leaky)
    names = ("none", "random_over", "augmentation", "smote")
    assert changed(reproduce) == {
        *(f"threshold of {name}" for name in names),
        *(f"data/evaluate/{name}/folds.parquet" for name in names),
    }
