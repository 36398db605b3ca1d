"""Steps of preprocessing by constructor calls: any transformer, and one's own."""

import numpy as np
import pandas as pd
import pytest
import yaml
from imblearn import FunctionSampler
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from preparing import fitted_on
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline as plain_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from pipeline import config
from pipeline.config import groups
from pipeline.errors import InputError
from pipeline.fit import chains, run
from pipeline.fit.encoding import PARTS, encode, levels, prepare, rounded
from pipeline.fit.preprocessing import preprocess
from pipeline.fit.samplers import suit
from pipeline.fit.steps import Steps
from pipeline.fit.steps import steps as built_steps
from pipeline.fit.stored import read_model, write_model
from pipeline.table.columns import categorical, typed

RANDOM = np.random.default_rng(5)
PAGES = pd.DataFrame(
    {
        "pages": pd.Series(RANDOM.integers(1, 40, 60), dtype="Int64"),
        "member": RANDOM.random(60) < 0.4,
        "time": RANDOM.gamma(2.0, 30.0, 60),
    }
)
Y = pd.Series(RANDOM.integers(0, 2, 60))
FIVE = StratifiedKFold(5, shuffle=True, random_state=3)
SHOPS = pd.DataFrame({"shop": pd.Series(RANDOM.choice(list("abcdefg"), 60), dtype="str"), "time": PAGES.time})


class Doubled(TransformerMixin, BaseEstimator):
    """A transformer that knows neither names nor a way back."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X * 2

    def get_feature_names_out(self, names=None):
        return np.asarray(["pages", "time"], dtype=object)


class Lossy(Doubled):
    """A transformer whose way back goes elsewhere."""

    def fit(self, X, y=None):
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        return self

    def inverse_transform(self, X):
        return X / 2 + 1


class Nameless(TransformerMixin, BaseEstimator):
    """A transformer without names of columns."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


@pytest.mark.parametrize(
    "scaler",
    [
        MinMaxScaler(),
        RobustScaler(),
        PowerTransformer(),
        QuantileTransformer(n_quantiles=20),
        plain_pipeline(RobustScaler(), PowerTransformer()),
    ],
)
def test_whole_numbers_keep_their_bits_and_what_lies_between_goes_to_the_nearest(scaler, tmp_path):
    fitted, rows = preprocess(PAGES, Y, Steps(scale=scaler))
    assert rounded(fitted) == ["pages", "member"]
    numbers = PAGES.astype("float64")
    pd.testing.assert_frame_equal(rows, scaler.set_output(transform="pandas").fit_transform(numbers), check_exact=True)
    pd.testing.assert_frame_equal(encode(fitted, rows), rows, check_exact=True)
    between = scaler.transform(numbers.head(1).assign(pages=[7.3], member=[0.4], time=[31.7]))
    expected = scaler.transform(numbers.head(1).assign(pages=[7.0], member=[0.0], time=[31.7]))
    found = encode(fitted, between)
    pd.testing.assert_frame_equal(found[["pages", "member"]], expected[["pages", "member"]])
    assert found.time.tolist() == between.time.tolist()
    write_model(tmp_path / "stored", fitted)
    pd.testing.assert_frame_equal(encode(read_model(tmp_path / "stored"), between), found, check_exact=True)


@pytest.mark.parametrize("scaler", [Doubled(), Lossy()])
def test_where_a_scale_has_no_way_back_nothing_is_rounded(scaler):
    fitted, rows = preprocess(PAGES.drop(columns="member"), Y, Steps(scale=scaler))
    assert rounded(fitted) == []
    between = rows.head(2) + 0.3
    pd.testing.assert_frame_equal(encode(fitted, between), between)


def test_rows_in_batches_are_those_of_all_at_once(monkeypatch):
    fitted, rows = fitted_on(PAGES)
    whole = encode(fitted, rows + 0.01)
    monkeypatch.setattr("pipeline.fit.encoding.BATCH", 7)
    pd.testing.assert_frame_equal(encode(fitted, rows + 0.01), whole, check_exact=True)


def test_another_imputer_sees_all_numbers():
    holes = PAGES.astype("float64").mask(RANDOM.random((60, 3)) < 0.1)
    _, rows = preprocess(holes, Y, Steps(KNNImputer(n_neighbors=3)))
    np.testing.assert_array_equal(rows, KNNImputer(n_neighbors=3).fit_transform(holes))


def test_an_encoder_that_looks_at_classes_learns_from_other_rows_and_comes_before_the_sampler(tmp_path):
    encoder = TargetEncoder(cv=FIVE)
    fitted, rows = preprocess(SHOPS, Y, Steps(encode=encoder))
    assert categorical(rows) == []
    np.testing.assert_array_equal(
        rows[["shop"]],
        TargetEncoder(cv=FIVE).fit_transform(SHOPS[["shop"]], Y),
    )
    assert isinstance(suit(SMOTE(), rows), SMOTE)
    new = pd.DataFrame({"shop": ["a", "zzz"], "time": [1.0, 2.0]})
    seen = encode(fitted, prepare(fitted, new))
    other = TargetEncoder(cv=FIVE).fit(SHOPS[["shop"]], Y)
    np.testing.assert_array_equal(seen[["shop"]], other.transform(new[["shop"]]))
    assert levels(fitted) == {"shop": set("abcdefg")}
    write_model(tmp_path / "stored", fitted)
    pd.testing.assert_frame_equal(read_model(tmp_path / "stored").transform(new), seen)


def test_rows_are_shared_between_variants_but_not_what_was_learned_of_other_labels():
    shared, known = chains.Shared(), Steps(encode=TargetEncoder(cv=FIVE))
    first, again = (shared(SHOPS, Y, SHOPS.head(2), known) for _ in range(2))
    assert first is again
    flipped = shared(SHOPS, 1 - Y, SHOPS.head(2), known)
    assert flipped.rows["shop"].tolist() == pytest.approx((1 - first.rows["shop"]).tolist(), abs=0.05)
    assert flipped.rows["shop"].tolist() != first.rows["shop"].tolist()


def test_parts_of_dates_stand_beside_their_days_and_stay_whole():
    assert tuple(PARTS) == groups.DATE_PARTS
    seen = pd.Series(["2024-02-29 13:30", "2025-12-31 00:00", None, "2023-06-05 07:00"], name="seen")
    dates = pd.DataFrame({"seen": typed(seen, "date"), "time": [1.0, 2.0, 3.0, 4.0]})
    fitted, rows = fitted_on(dates, scale=False, mark=True, date_parts=["month", "day_of_week", "hour"])
    assert rows.columns.tolist()[:5] == ["seen", "seen_month", "seen_day_of_week", "seen_hour", "time"]
    assert rows.seen_month.tolist() == [2, 12, 6, 6]  # the hole is the median
    assert rows.seen_day_of_week.tolist() == [3, 2, 2, 0]
    assert rows.seen_hour.tolist() == [13, 0, 7, 7]
    done = encode(fitted, rows.assign(seen_month=13.4, seen_day_of_week=-0.7, seen=rows.seen + 0.25))
    assert done.seen_month.tolist() == [12] * 4
    assert done.seen_day_of_week.tolist() == [0] * 4
    assert done.seen.tolist() == (rows.seen + 0.25).tolist()


def test_parts_that_have_the_name_of_a_column_are_refused():
    dates = pd.DataFrame({"seen": typed(pd.Series(["2024-02-29", "2025-12-31"]), "date"), "seen_month": [1.0, 2.0]})
    with pytest.raises(InputError, match="seen_month.* Rename"):
        fitted_on(dates, date_parts=["month"])


def test_what_a_step_says_of_rows_is_refused_in_one_line():
    fitted, _ = preprocess(SHOPS, Y, Steps(encode=OneHotEncoder()))
    with pytest.raises(InputError, match=r"^preprocess: Found unknown categories \['z'\].* choose another class.$"):
        encode(fitted, prepare(fitted, SHOPS.head(1).assign(shop="z")))
    with pytest.raises(InputError, match="^preprocess: .*strictly positive data"):
        preprocess(PAGES, Y, Steps(scale=PowerTransformer("box-cox")))


@pytest.mark.parametrize(
    ("overrides", "problems"),
    [
        (
            ["preprocess.scale._target_=sklearn.preprocessing.RobstScaler", "preprocess.encode.drp=x"],
            [
                "preprocess.scale._target_: sklearn.preprocessing has no RobstScaler; did you mean 'RobustScaler', "
                "'robust_scale', 'MaxAbsScaler'?",
                "preprocess.encode.drp is not an argument of OneHotEncoder; did you mean 'drop', 'dtype'?",
            ],
        ),
        (
            ["preprocess.impute=null", "preprocess.scale._target_=sklearn.cluster.AgglomerativeClustering"],
            [
                "preprocess.scale: expected a class with transform, found sklearn.cluster.AgglomerativeClustering. "
                "Choose another class."
            ],
        ),
        (
            ["preprocess.scale._target_=shutil.rmtree"],
            [
                "preprocess.scale._target_: expected a class from sklearn, imblearn, pipeline, extensions, found "
                "shutil.rmtree. If you trust its package, add it to trusted_packages."
            ],
        ),
    ],
)
def test_steps_that_cannot_be_built_are_refused_before_anything_runs(composed, overrides, problems):
    from pipeline.fit.variants import refuse_unbuildable

    prefixed = [("+" if "drp" in each else "") + each for each in overrides]
    with pytest.raises(InputError) as caught:
        refuse_unbuildable(config.check(yaml.safe_load(composed(*prefixed))))
    assert caught.value.problems == [f"params.yaml: {problem}" for problem in problems]


def test_a_pipeline_is_built_from_its_steps_and_weighted_inside(composed):
    model = "{_target_: sklearn.linear_model.LogisticRegression}"
    scaled = f"[[scale,{{_target_: sklearn.preprocessing.RobustScaler}}],[model,{model}]]"
    own = ("~model", f"+model={{_target_: sklearn.pipeline.Pipeline, search: null, steps: {scaled}}}")
    raw = yaml.safe_load(
        composed(*own, "data.simulation.rows=300", "data.simulation.prevalence=0.2", "evaluate.folds=2")
    )
    params = config.check(raw)
    plain, weighted = (run.run(params, name) for name in ("none", "class_weight"))
    assert weighted.metrics["model"]["trained_proportions"] == pytest.approx({"negative": 0.5, "positive": 0.5})
    assert plain.metrics["model"]["trained_proportions"]["positive"] == pytest.approx(0.2, abs=0.01)
    X, y = (run.sides(params.data, params.split)[0].drop(columns="buy"), run.sides(params.data, params.split)[0].buy)
    alone = plain_pipeline(StandardScaler(), RobustScaler(), LogisticRegression(class_weight="balanced")).fit(X, y)
    test = run.sides(params.data, params.split)[1].drop(columns="buy")
    assert weighted.predictions.probability.tolist() == pytest.approx(
        alone.predict_proba(test)[:, 1].tolist(), abs=1e-6
    )


def test_folds_that_are_not_shuffled_are_those_of_cross_validate(composed):
    overrides = ["data.simulation.rows=200", "data.simulation.prevalence=0.12", "experiment=train_in_data"]
    params = config.check(yaml.safe_load(composed(*overrides)))
    rows, _ = run.sides(params.data, params.split)
    X, y = rows.drop(columns="buy"), rows.buy
    forest = RandomForestClassifier(100, max_depth=2, random_state=39)
    for name, sampler in (("none", FunctionSampler()), ("smote", SMOTE(random_state=0))):
        chain = make_pipeline(MinMaxScaler(), sampler, forest)
        expected = cross_validate(chain, X, y, cv=5, scoring="roc_auc")["test_score"]
        assert run.run(params, name).folds.roc_auc.tolist() == pytest.approx(expected.tolist(), abs=1e-12)


def test_repeats_of_folds_that_are_not_shuffled_are_refused(composed):
    with pytest.raises(InputError, match=r"evaluate.repeats: expected 1 with evaluate.shuffle=false.*, found 'auto'"):
        config.check(yaml.safe_load(composed("evaluate.shuffle=false")))


def test_published_figures_come_again(composed, shared):
    """Train in Data 2026: ROC AUC .9135 with a standard error of .0160, with SMOTE .9207 and .0253."""
    table = [f"data.path={shared / 'ecoli_imU.csv'}", "data.target=target", "data=csv"]
    params = config.check(yaml.safe_load(composed("experiment=train_in_data", *table)))
    found = {name: run.run(params, name).folds.roc_auc.astype(float) for name in ("none", "smote")}
    assert {name: round(values.mean(), 4) for name, values in found.items()} == {"none": 0.9135, "smote": 0.9207}
    errors = {name: values.std(ddof=0) / np.sqrt(5) for name, values in found.items()}
    assert errors == pytest.approx({"none": 0.0160, "smote": 0.0253}, abs=5e-5)


@pytest.mark.parametrize("scaler", [FunctionTransformer(), Nameless()])
def test_a_step_that_names_no_columns_is_refused_beside_categories(scaler):
    with pytest.raises(InputError, match="^preprocess: .* Let its class name its columns by get_feature_names_out"):
        preprocess(SHOPS, Y, Steps(scale=scaler, encode=OneHotEncoder(sparse_output=False)))


def test_target_encoding_is_a_preset_of_preprocessing(composed):
    raw = yaml.safe_load(composed("preprocess=target_encoder", "seed=7"))
    made = built_steps(config.check(raw).preprocess, raw["trusted_packages"])
    assert made.supervised
    assert repr(made.encode.cv) == "StratifiedKFold(n_splits=5, random_state=7, shuffle=True)"


def test_an_encoder_inside_a_pipeline_learns_from_other_rows_too():
    inside = plain_pipeline(TargetEncoder(cv=FIVE), StandardScaler())
    known = Steps(encode=inside)
    assert known.supervised
    _, rows = preprocess(SHOPS, Y, known)
    expected = plain_pipeline(TargetEncoder(cv=FIVE), StandardScaler()).fit_transform(SHOPS[["shop"]], Y)
    np.testing.assert_array_equal(rows[["shop"]], expected)


def test_what_fills_a_hole_keeps_its_value_beyond_the_column_s_own():
    holes = PAGES.assign(member=PAGES.member.astype("boolean").mask(PAGES.index < 5))
    filler = SimpleImputer(strategy="constant", fill_value=-1)
    for scaler in (None, StandardScaler()):
        fitted, rows = preprocess(holes, Y, Steps(filler, scaler))
        pd.testing.assert_frame_equal(encode(fitted, rows), rows)
        assert rounded(fitted) == ["pages", "member"]


def test_random_states_that_are_not_given_are_0_and_splitters_too(composed):
    own = "{_target_: sklearn.preprocessing.QuantileTransformer, n_quantiles: 20}"
    params = config.check(yaml.safe_load(composed("~preprocess.scale", f"+preprocess.scale={own}")))
    assert built_steps(params.preprocess, params.trusted_packages).scale.random_state == 0
    splitter = "{_target_: sklearn.model_selection.StratifiedKFold, shuffle: true}"
    for cv, seeded in ((splitter, True), ("5", False)):
        own = f"{{_target_: sklearn.preprocessing.TargetEncoder, cv: {cv}}}"
        params = config.check(yaml.safe_load(composed("~preprocess.encode", f"+preprocess.encode={own}")))
        if seeded:
            assert built_steps(params.preprocess, params.trusted_packages).encode.cv.random_state == 0
        else:
            with pytest.raises(InputError, match=r"^preprocess.encode.cv: expected a splitter with a random_state"):
                built_steps(params.preprocess, params.trusted_packages)


def test_a_step_that_changes_the_columns_leaves_nothing_to_round():
    fitted, rows = preprocess(PAGES, Y, Steps(plain_pipeline(SimpleImputer(), PCA(2))))
    assert rounded(fitted) == []
    pd.testing.assert_frame_equal(encode(fitted, rows), rows)
