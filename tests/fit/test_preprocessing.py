import numpy as np
import pandas as pd
import pytest
from preparing import fitted_on
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import split as split_stage
from pipeline.errors import InputError
from pipeline.files import read_table, write_table
from pipeline.fit.encoding import encode, prepare
from pipeline.fit.preprocessing import refuse_missing
from pipeline.fit.stored import read_model, write_model
from pipeline.table.columns import categorical
from pipeline.table.ingest import ingest


@pytest.fixture
def training():
    # time: mean 3, standard deviation sqrt(2); pages: median 2 of 1, 2, 9.
    return pd.DataFrame({"time": [1.0, 2.0, 3.0, 4.0, 5.0], "pages": [1.0, np.nan, 2.0, 9.0, np.nan]})


@pytest.fixture
def test():
    return pd.DataFrame({"time": [103.0, np.nan], "pages": [np.nan, 1000.0]}, index=[7, 9])


def test_holes_and_scale_come_from_the_training_rows_alone(training, test):
    fitted, _ = fitted_on(training)
    pages = np.array([1, 2, 2, 9, 2.0])
    done = fitted.transform(test)
    assert done.index.tolist() == [7, 9]
    assert done.time.tolist() == pytest.approx([100 / np.sqrt(2), 0])
    assert done.pages.tolist() == pytest.approx([(2 - 3.2) / pages.std(), (1000 - 3.2) / pages.std()])


@pytest.mark.parametrize(
    ("impute", "time", "pages"), [("median", 3.0, 2.0), ("mean", 3.0, 4.0), ("most_frequent", 1.0, 1.0)]
)
def test_each_way_to_fill_a_hole(training, test, impute, time, pages):
    done = fitted_on(training, impute=impute, scale=False)[0].transform(test)
    assert done.to_dict("list") == {"time": [103.0, time], "pages": [pages, 1000.0]}


def test_scaled_training_columns_have_mean_0_and_standard_deviation_1(training):
    done = fitted_on(training)[0].transform(training)
    assert done.mean().tolist() == pytest.approx([0, 0], abs=1e-15)
    assert done.std(ddof=0).tolist() == pytest.approx([1, 1])


def test_none_hands_rows_on_untouched_integers_included():
    visits = pd.DataFrame({"time": [1, 2], "pages": [0.5, np.pi]}, index=[4, 2])
    pd.testing.assert_frame_equal(fitted_on(visits, impute=None, scale=False)[0].transform(visits), visits)


def test_none_refuses_missing_values_by_column_and_row():
    visits = pd.DataFrame({"time": [1, np.nan, 2], "pages": [np.nan] * 3, "ski": 1}, index=[8, 5, 2])
    with pytest.raises(InputError) as caught:
        fitted_on(visits, impute=None, scale=False)
    expected = "expected no missing values, because preprocess.impute is null, found"
    advice = "Use preprocess=auto, or fill them in."
    assert caught.value.problems == [
        f"column 'time': {expected} 1 (row_id 5). {advice}",
        f"column 'pages': {expected} 3 (row_id 2, 5, 8). {advice}",
    ]
    with pytest.raises(InputError, match=r"found 4 \(row_id 0, 1, 2 \.\.\.\)"):
        refuse_missing(pd.DataFrame({"time": [np.nan] * 4}))


def test_a_column_empty_in_these_rows_keeps_its_place(test):
    fold = pd.DataFrame({"time": [np.nan, np.nan], "pages": [1.0, 3.0]})
    done = fitted_on(fold)[0].transform(test)
    assert done.columns.tolist() == ["time", "pages"]
    assert done.notna().all(axis=None)
    assert done.pages.tolist() == [0, 998]


def test_a_constant_column_becomes_0():
    done = fitted_on(pd.DataFrame({"time": [7.0, 7.0]}))[0].transform(pd.DataFrame({"time": [7.0]}))
    assert done.time.tolist() == [0]


@pytest.mark.parametrize("rows", [1, 2, 7, 8])
@pytest.mark.parametrize("holes", [0, 1, 8])
@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("categories", [False, True])
def test_medians_are_stored_as_scikit_learn_finds_them(rows, holes, scale, categories, tmp_path):
    random = np.random.default_rng(rows)
    X = pd.DataFrame({"time": random.normal(size=rows), "pages": random.integers(4, size=rows), "age": 0.1})
    X["time"] = X.time.mask(np.arange(rows) < holes)  # with eight holes, nothing is left
    if categories:
        X["shop"] = "north"
    settings = {"impute": "median", "scale": scale, "mark": True, "encode": True}
    write_model(tmp_path / "ours", fitted_on(X, **settings)[0]["prepare"])
    numbers = [("impute", SimpleImputer(strategy="median", keep_empty_features=True, add_indicator=holes > 0))]
    expected = Pipeline([*numbers, *([("scale", StandardScaler())] if scale else [])])
    if categories:
        levels = SimpleImputer(strategy="constant", fill_value="missing", keep_empty_features=True)
        parts = [("numbers", expected, ["time", "pages", "age"]), ("categories", levels, ["shop"])]
        expected = ColumnTransformer(parts, verbose_feature_names_out=False)
    write_model(tmp_path / "theirs", expected.set_output(transform="pandas").fit(X))
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


@pytest.mark.parametrize("choice", ["auto", "standard", "none"])
def test_main_transforms_both_sides_with_what_it_writes(project, stage, choice):
    folder = project("data.simulation.rows=100", "data.simulation.prevalence=0.2", f"preprocess={choice}")
    for module in (ingest_stage, split_stage, preprocess_stage):
        stage(module)
    fitted = read_model(folder / "data/preprocess/preprocessor.skops")
    for side in ("train", "test"):
        before, after = (read_table(folder / f"data/{name}/{side}.parquet") for name in ("split", "preprocess"))
        pd.testing.assert_frame_equal(after.drop(columns="buy"), fitted.transform(before.drop(columns="buy")))
        pd.testing.assert_series_equal(after.buy, before.buy)
    train = read_table(folder / "data/preprocess/train.parquet").drop(columns="buy")
    assert np.allclose(train.mean(), 0) == (choice != "none")


def test_main_with_none_refuses_holes_on_the_test_side_too(project, stage):
    folder = project("data=csv", "data.path=v.csv", "data.target=buy", "preprocess=none")
    _, aside = train_test_split(range(40), test_size=0.3, stratify=[i % 2 for i in range(40)], random_state=42)
    hole = aside[0]
    rows = "".join(f"{'' if i == hole else i},{i % 2}\n" for i in range(40))
    (folder / "v.csv").write_text("time,buy\n" + rows)
    stage(ingest_stage)
    stage(split_stage)
    assert hole in read_table(folder / "data/split/test.parquet").index
    with pytest.raises(InputError, match=rf"column 'time': expected no missing values, .* found 1 \(row_id {hole}\)"):
        stage(preprocess_stage)
    assert not (folder / "data/preprocess").exists()


AUTO = {"mark": True, "encode": True, "min_frequency": 0.15}


@pytest.fixture
def mixed():
    """Eight visitors: income has mean 3 and standard deviation 2 after its hole becomes the median, 3."""
    return ingest(
        pd.DataFrame(
            {
                "shop": ["north", "south", "north", "east", "south", "north", "south", None],
                "income": [1.0, 5.0, 1.0, 5.0, np.nan, 3.0, 0.0, 6.0],
                "member": [True, False, True, False, True, False, True, False],
                "size": ["S", "M", "L", "S", "M", "L", "S", "M"],
                "seen": ["1970-01-02", *["1970-01-01"] * 6, "1970-01-03"],
                "sex": ["F", "M"] * 4,
                "buy": [0, 0, 1] + [0] * 5,
            }
        ),
        target="buy",
        declared={"size": ["S", "M", "L"]},
    ).data.drop(columns="buy")


def test_auto_is_standard_bit_for_bit_on_numbers_without_holes(training):
    whole = training.fillna({"pages": 2.5})
    standard = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    expected = standard.set_output(transform="pandas").fit_transform(whole)
    fitted, _ = fitted_on(whole, **AUTO)
    pd.testing.assert_frame_equal(fitted.transform(whole), expected, check_exact=True)
    assert encode(fitted, expected) is expected


def test_each_kind_becomes_numbers_with_readable_names(mixed):
    fitted, _ = fitted_on(mixed, **{**AUTO, "scale": False})
    rows = prepare(fitted, mixed)
    assert rows.columns.tolist() == ["income", "member", "size", "seen", "missingindicator_income", "shop", "sex"]
    assert categorical(rows) == ["shop", "sex"]
    assert rows["shop"].tolist()[-1] == "missing"
    done = encode(fitted, rows)
    assert done.dtypes.unique().tolist() == [np.dtype("float64")]
    # Of eight rows .15 is 1.2: east and missing, once each, are rare.
    assert done.to_dict("list") == {
        "income": [1, 5, 1, 5, 3, 3, 0, 6],
        "member": [1, 0, 1, 0, 1, 0, 1, 0],
        "size": [0, 1, 2, 0, 1, 2, 0, 1],
        "seen": [1, 0, 0, 0, 0, 0, 0, 2],
        "missingindicator_income": [0, 0, 0, 0, 1, 0, 0, 0],
        "shop=north": [1, 0, 1, 0, 0, 1, 0, 0],
        "shop=south": [0, 1, 0, 0, 1, 0, 1, 0],
        "shop=rare": [0, 0, 0, 1, 0, 0, 0, 1],
        "sex=M": [0, 1] * 4,
    }


def test_unseen_levels_and_holes_of_test_rows_are_rare_or_no_level(mixed):
    fitted, _ = fitted_on(mixed, **AUTO)
    other = mixed.head(2).assign(shop=["west", None], sex=["x", None], income=[np.nan, 3.0])
    done = encode(fitted, prepare(fitted, other))
    assert done["shop=rare"].tolist() == [1, 1]
    assert done["sex=M"].tolist() == [0, 0]
    assert done["income"].tolist() == [0, 0]
    assert done["missingindicator_income"].tolist()[0] > 0 > done["missingindicator_income"].tolist()[1]


def test_what_lies_between_whole_numbers_goes_to_the_nearest_within_reach():
    table = pd.DataFrame(
        {
            "pages": pd.Series([1, 3, 5, 7], dtype="Int64"),
            "member": [True, False, True, False],
            "time": [1.0, 2.0, 3.0, 4.0],
        }
    )
    fitted, _ = fitted_on(table, **AUTO)
    rows = prepare(fitted, table)
    pd.testing.assert_frame_equal(encode(fitted, rows), rows, check_exact=True)
    # pages: mean 4, standard deviation sqrt(5); member: mean .5, standard deviation .5.
    between = pd.DataFrame(
        {"pages": [(4.6 - 4) / 5**0.5, (9.2 - 4) / 5**0.5], "member": [0.4, 2.8], "time": [0.1, 9.9]}
    )
    done = encode(fitted, between)
    assert (done["pages"] * 5**0.5 + 4).tolist() == pytest.approx([5, 9])
    assert (done["member"] * 0.5 + 0.5).tolist() == [1, 1]
    assert done["time"].tolist() == [0.1, 9.9]


@pytest.mark.parametrize("settings", [{"impute": "median", "scale": True}, {"impute": None, "scale": False}])
def test_standard_and_none_refuse_categories_and_take_the_other_kinds_as_numbers(mixed, settings):
    whole = mixed.dropna()
    with pytest.raises(InputError) as caught:
        fitted_on(whole, **settings)
    assert str(caught.value) == (
        "expected only numbers, because preprocess.encode is null, found categories in 'shop', 'sex'. "
        "Use preprocess=auto, or leave them out with -S 'data.drop=[shop,sex]'."
    )
    numbers = whole.drop(columns=["shop", "sex"])
    done = fitted_on(numbers, **settings)[0].transform(numbers)
    assert done.dtypes.unique().tolist() == [np.dtype("float64")]


def test_a_table_of_categories_alone_is_encoded():
    cars = pd.DataFrame({"doors": ["2", "4", "5more"] * 2, "safety": ["low", "high"] * 3})
    fitted, _ = fitted_on(cars, **AUTO)
    assert fitted.transform(cars).columns.tolist() == ["doors=2", "doors=4", "doors=5more", "safety=low"]


def test_two_columns_of_one_name_are_refused():
    holes = pd.DataFrame({"x": [1.0, np.nan], "missingindicator_x": [0.0, 1.0]})
    for scale in (True, False):
        with pytest.raises(InputError, match=r"'missingindicator_x'.* Rename"):
            fitted_on(holes, **{**AUTO, "scale": scale})
    levels = pd.DataFrame({"x": ["a", "b", "c"], "x=a": [0.0, 1.0, 2.0]})
    with pytest.raises(InputError, match="preprocess: .*'x=a'.* Rename a column"):
        fitted_on(levels, **AUTO)


def test_a_mixed_preprocessor_is_stored_the_same_bytes_each_time(mixed, tmp_path):
    for name in ("one", "two"):
        write_model(tmp_path / name, fitted_on(mixed, **AUTO)[0])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    restored = read_model(tmp_path / "one")
    pd.testing.assert_frame_equal(restored.transform(mixed), fitted_on(mixed, **AUTO)[0].transform(mixed))
    # A new row may come as plain text, as a table read for scoring has it.
    plain = mixed.astype({"size": "str", "seen": "str"})
    pd.testing.assert_frame_equal(restored.transform(plain), restored.transform(mixed))


@pytest.mark.parametrize("hole", [2.0, np.nan])
def test_rows_lie_in_memory_as_those_read_from_a_file(hole, tmp_path):
    table = pd.DataFrame({"time": [1.0, 2.0, 4.0], "pages": [1.0, hole, 3.0]})
    fitted, _ = fitted_on(table, **AUTO)
    prepared = prepare(fitted, table)
    # As a sampler gives them, row by row.
    sampled = pd.DataFrame(np.ascontiguousarray(prepared.to_numpy()), columns=prepared.columns, copy=False)
    assert sampled.to_numpy().flags.c_contiguous
    for rows in (prepared, encode(fitted, sampled)):
        write_table(tmp_path / "rows.parquet", rows)
        assert rows.to_numpy().strides == read_table(tmp_path / "rows.parquet").to_numpy().strides


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("impute", ["median", "most_frequent", None])
@pytest.mark.parametrize("kinds", ["float64", "int64", "mixed"])
def test_without_holes_rows_are_the_same_whether_filling_is_left_out_or_not(scale, impute, kinds):
    X = pd.DataFrame({"a": [3.0, 1.0, 2.0, 2.0], "b": [7.0, 9.0, 8.0, 8.0]})
    X = X.astype({"a": "int64"} if kinds == "mixed" else kinds)
    (_, rows), (_, filled) = (fitted_on(X, impute=impute, scale=scale, holes=holes) for holes in (False, True))
    pd.testing.assert_frame_equal(rows, filled, check_exact=True)
