import numpy as np
import pandas as pd
import pytest
from imblearn import FunctionSampler
from imblearn.combine import SMOTETomek
from imblearn.over_sampling import ADASYN, SMOTE, SMOTEN, SMOTENC, KMeansSMOTE, RandomOverSampler
from imblearn.under_sampling import ClusterCentroids, RandomUnderSampler
from omegaconf import OmegaConf
from preparing import fitted_on

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import variants
from pipeline.fit.encoding import encode, prepare
from pipeline.fit.provenance import provenance
from pipeline.fit.resampling import resample
from pipeline.fit.samplers import describe, suit
from pipeline.table import columns, ingest, split
from pipeline.table.split import separate

AUTO = {"mark": True, "encode": True, "min_frequency": 0.01}


@pytest.fixture
def mixed():
    """Four who buy, eight who do not, as preprocessing prepares them."""
    X = pd.DataFrame(
        {
            "time": [9.0, 8.0, 9.5, 7.0, 1.0, 2.0, 3.0, 2.5, 1.5, 0.5, 3.5, 2.2],
            "pages": [4.0, 4.5, 3.0, 5.0, 1.0, 2.0, 1.5, 0.2, 0.7, 1.9, 2.1, 1.3],
            "shop": ["north", "north", "east", "north", *["south", "west"] * 4],
            "sex": ["F", "M"] * 6,
        },
        index=pd.RangeIndex(20, 32, name="row_id"),
    )
    return X, pd.Series([1] * 4 + [0] * 8, index=X.index, name="buy", dtype="int8")


def test_smote_takes_the_form_that_the_columns_ask_for(mixed):
    X, _ = mixed
    smote = SMOTE(k_neighbors=2, sampling_strategy=0.9, random_state=7)
    assert suit(smote, X[["time", "pages"]]) is smote
    nominal = suit(smote, X)
    assert type(nominal) is SMOTENC
    assert nominal.categorical_features == ["shop", "sex"]
    alone = suit(smote, X[["shop", "sex"]])
    assert type(alone) is SMOTEN
    for form in (nominal, alone, suit(SMOTENC("auto", k_neighbors=2, sampling_strategy=0.9, random_state=7), X)):
        assert (form.k_neighbors, form.sampling_strategy, form.random_state) == (2, 0.9, 7)
    assert describe(smote, nominal, X) == "SMOTENC instead of SMOTE, because of 2 categorical and 2 numeric columns"
    assert describe(smote, alone, X[["sex"]]) == "SMOTEN instead of SMOTE, because of 1 categorical column"
    assert describe(smote, smote, X) == ""


def test_smotenc_is_smote_without_categories(mixed):
    X, y = mixed
    numbers = X[["time", "pages"]]
    given = SMOTENC("auto", k_neighbors=2, random_state=7)
    rows, _ = resample(numbers, y, suit(given, numbers), [0, 1])
    expected, _ = SMOTE(k_neighbors=2, random_state=7).fit_resample(numbers, y)
    pd.testing.assert_frame_equal(rows, expected, check_exact=True)
    assert suit(SMOTENC(["sex"], k_neighbors=2), X).categorical_features == ["sex"]


def test_synthetic_rows_have_levels_of_their_class_and_numbers_within_it(mixed):
    X, y = mixed
    rows, labels = resample(X, y, suit(SMOTE(k_neighbors=2, random_state=0), X), [0, 1])
    origin = provenance(X, y, rows, labels)
    assert origin.synthetic.tolist() == [False] * 12 + [True] * 4
    made, minority = rows[12:], X[y == 1]
    assert set(made["shop"]) <= {"north", "east"}
    assert set(made["sex"]) <= {"F", "M"}
    for name in ("time", "pages"):
        assert made[name].between(minority[name].min(), minority[name].max()).all()


def test_noise_moves_numbers_and_copies_categories(mixed):
    X, y = mixed
    given = RandomOverSampler(shrinkage=1.0, random_state=3)
    jitter = suit(given, X)
    rows, labels = resample(X, y, jitter, [0, 1])
    assert rows.columns.tolist() == X.columns.tolist()
    copied = X.iloc[jitter.sample_indices_]
    assert rows[["shop", "sex"]].to_numpy().tolist() == copied[["shop", "sex"]].to_numpy().tolist()
    alone, _ = RandomOverSampler(shrinkage=1.0, random_state=3).fit_resample(X[["time", "pages"]], y)
    assert rows[["time", "pages"]].equals(alone)
    assert provenance(X, y, rows, labels, jitter.sample_indices_).synthetic.tolist() == [False] * 12 + [True] * 4
    assert describe(given, jitter, X) == "adds noise to 2 numeric columns, copies 2 categorical columns"


def test_noise_on_categories_alone_is_repetition(mixed):
    X, y = mixed[0][["shop", "sex"]], mixed[1]
    jitter = suit(RandomOverSampler(shrinkage=1.0, random_state=3), X)
    rows, labels = resample(X, y, jitter, [0, 1])
    expected, _ = RandomOverSampler(random_state=3).fit_resample(X, y)
    assert rows.equals(expected)
    assert not provenance(X, y, rows, labels, jitter.sample_indices_).synthetic.any()


@pytest.mark.parametrize("sampler", [FunctionSampler(), RandomOverSampler(random_state=1), RandomUnderSampler()])
def test_what_repeats_or_drops_rows_takes_any_column(mixed, sampler):
    X, y = mixed
    rows, labels = resample(X, y, suit(sampler, X), [0, 1])
    assert {tuple(row) for row in rows.to_numpy()} <= {tuple(row) for row in X.to_numpy()}
    assert rows.dtypes.tolist() == X.dtypes.tolist()
    assert len(rows) == len(labels)


@pytest.mark.parametrize("sampler", [ADASYN(), SMOTETomek(), ClusterCentroids()])
def test_what_computes_with_numbers_is_refused_by_name(mixed, sampler):
    with pytest.raises(InputError) as caught:
        suit(sampler, mixed[0])
    assert str(caught.value) == (
        f"{type(sampler).__name__} needs numbers, but these columns are categorical: 'shop', 'sex'. Use smote_nc, "
        "random_over or random_under instead."
    )
    assert suit(sampler, mixed[0][["time"]]) is sampler


@pytest.mark.parametrize(
    "table",
    [
        "abalone_19.csv",
        "ann_thyroid.csv",
        "bank_small.csv",
        "car_vgood.csv",
        "ecoli_imU.csv",
        "letter_Z.csv.gz",
        "mammography.csv",
        "oil.csv",
        "pima.csv",
        "sales_data.csv",
        "thyroid_sick.csv",
        "us_crime.csv.gz",
    ],
)
@pytest.mark.parametrize("variant", ["smote", "augmentation"])
def test_synthetic_rows_of_real_tables_are_valid(shared, composed, table, variant):
    text = composed("data=csv", "data.path=x", "data.target=target")
    params = config.check(OmegaConf.to_container(OmegaConf.create(text)))
    source = pd.read_csv(shared / table)
    target = source.columns[-1]
    whole = [name for name in source.columns[:-1] if source[name].dtype == "int64"]
    rows = ingest.ingest(
        source,
        target=target,
        drop=["TBG"] if "TBG" in source else [],
        declared=dict.fromkeys(whole, "integer"),
    ).data
    X, y = separate(split.split(rows, target=target, test_size=0.3, seed=42, labels=[0, 1])[0], target)
    fitted, _ = fitted_on(X, **AUTO)
    prepared = prepare(fitted, X)
    sampler = suit(variants.sampler(params, variant), prepared)
    made, labels = resample(prepared, y, sampler, [0, 1])
    origin = provenance(prepared, y, made, labels, getattr(sampler, "sample_indices_", None))
    synthetic = np.flatnonzero(origin.synthetic)
    for name in columns.categorical(prepared):
        assert set(made[name]) <= set(prepared[name])
    done, before = encode(fitted, made), encode(fitted, prepared)
    assert done.columns.tolist() == before.columns.tolist()
    assert done.notna().all(axis=None)
    dummies = [name for name in done if name not in prepared]
    assert done[dummies].isin([0, 1]).all(axis=None)
    # Whole numbers, back in their own unit, are whole.
    mean, sd = X[whole].astype(float).mean(), X[whole].astype(float).std(ddof=0).replace(0, 1)
    own = done.iloc[synthetic][whole] * sd + mean
    assert np.allclose(own, own.round(), atol=1e-6)
    if variant == "smote":
        assert len(synthetic) > 0
        lowest, highest = before[y == 1].min(), before[y == 1].max()
        inside = (done.iloc[synthetic] >= lowest - 1e-9) & (done.iloc[synthetic] <= highest + 1e-9)
        assert inside.all(axis=None)


@pytest.mark.parametrize("values", [[1.0] * 40, [0.0, 1.0] * 20, [0.0, 0.0, 1.0, 2.0] * 10])
def test_equal_rows_are_the_cause_in_words_where_kmeans_smote_divides_by_their_distance(values):
    y = pd.Series([1] * 40 + [0] * 260)
    X = pd.DataFrame({"a": [*values, *[9.0] * 260], "b": 0.0})
    with pytest.raises(InputError, match="KMeansSMOTE finds a cluster in which all rows of a class are equal"):
        resample(X, y, KMeansSMOTE(random_state=0, cluster_balance_threshold=0.1), ["no", "yes"])
