import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from pipeline import ingest as stage_ingest
from pipeline import preprocess as stage_preprocess
from pipeline import split as stage_split
from pipeline.errors import InputError
from pipeline.files import read_model, read_table
from pipeline.preprocess import preprocess, refuse_missing


@pytest.fixture
def training():
    # time: mean 3, standard deviation sqrt(2); pages: median 2 of 1, 2, 9.
    return pd.DataFrame({"time": [1.0, 2.0, 3.0, 4.0, 5.0], "pages": [1.0, np.nan, 2.0, 9.0, np.nan]})


@pytest.fixture
def test():
    return pd.DataFrame({"time": [103.0, np.nan], "pages": [np.nan, 1000.0]}, index=[7, 9])


def test_holes_and_scale_come_from_the_training_rows_alone(training, test):
    fitted = preprocess(training, impute="median", scale=True)
    pages = np.array([1, 2, 2, 9, 2.0])
    done = fitted.transform(test)
    assert done.index.tolist() == [7, 9]
    assert done.time.tolist() == pytest.approx([100 / np.sqrt(2), 0])
    assert done.pages.tolist() == pytest.approx([(2 - 3.2) / pages.std(), (1000 - 3.2) / pages.std()])


@pytest.mark.parametrize(
    ("impute", "time", "pages"), [("median", 3.0, 2.0), ("mean", 3.0, 4.0), ("most_frequent", 1.0, 1.0)]
)
def test_each_way_to_fill_a_hole(training, test, impute, time, pages):
    done = preprocess(training, impute=impute, scale=False).transform(test)
    assert done.to_dict("list") == {"time": [103.0, time], "pages": [pages, 1000.0]}


def test_scaled_training_columns_have_mean_0_and_standard_deviation_1(training):
    done = preprocess(training, impute="median", scale=True).transform(training)
    assert done.mean().tolist() == pytest.approx([0, 0], abs=1e-15)
    assert done.std(ddof=0).tolist() == pytest.approx([1, 1])


def test_none_hands_rows_on_untouched_integers_included():
    visits = pd.DataFrame({"time": [1, 2], "pages": [0.5, np.pi]}, index=[4, 2])
    pd.testing.assert_frame_equal(preprocess(visits, impute=None, scale=False).transform(visits), visits)


def test_none_refuses_missing_values_by_column_and_row():
    visits = pd.DataFrame({"time": [1, np.nan, 2], "pages": [np.nan] * 3, "ski": 1}, index=[8, 5, 2])
    with pytest.raises(InputError) as caught:
        preprocess(visits, impute=None, scale=False)
    mend = "preprocess.impute is null and takes none: use preprocess=standard, or fill them in"
    assert caught.value.problems == [
        f"column 'time': 1 missing (row_id 5); {mend}",
        f"column 'pages': 3 missing (row_id 2, 5, 8); {mend}",
    ]
    with pytest.raises(InputError, match=r"4 missing \(row_id 0, 1, 2 \.\.\.\)"):
        refuse_missing(pd.DataFrame({"time": [np.nan] * 4}))


def test_a_column_empty_in_these_rows_keeps_its_place(test):
    fold = pd.DataFrame({"time": [np.nan, np.nan], "pages": [1.0, 3.0]})
    done = preprocess(fold, impute="median", scale=True).transform(test)
    assert done.columns.tolist() == ["time", "pages"]
    assert done.notna().all(axis=None)
    assert done.pages.tolist() == [0, 998]


def test_a_constant_column_becomes_0():
    done = preprocess(pd.DataFrame({"time": [7.0, 7.0]}), impute="median", scale=True).transform(
        pd.DataFrame({"time": [7.0]})
    )
    assert done.time.tolist() == [0]


@pytest.mark.parametrize("choice", ["standard", "none"])
def test_main_transforms_both_sides_with_what_it_writes(project, stage, choice):
    folder = project("data.simulation.rows=100", "data.simulation.prevalence=0.2", f"preprocess={choice}")
    for module in (stage_ingest, stage_split, stage_preprocess):
        stage(module)
    fitted = read_model(folder / "data/preprocess/preprocessor.skops")
    for side in ("train", "test"):
        before, after = (read_table(folder / f"data/{name}/{side}.parquet") for name in ("split", "preprocess"))
        pd.testing.assert_frame_equal(after.drop(columns="buy"), fitted.transform(before.drop(columns="buy")))
        pd.testing.assert_series_equal(after.buy, before.buy)
    train = read_table(folder / "data/preprocess/train.parquet").drop(columns="buy")
    assert np.allclose(train.mean(), 0) == (choice == "standard")


def test_main_with_none_refuses_holes_on_the_test_side_too(project, stage):
    folder = project("data=csv", "data.path=v.csv", "data.target=buy", "preprocess=none")
    _, aside = train_test_split(range(40), test_size=0.3, stratify=[i % 2 for i in range(40)], random_state=42)
    hole = aside[0]
    rows = "".join(f"{'' if i == hole else i},{i % 2}\n" for i in range(40))
    (folder / "v.csv").write_text("time,buy\n" + rows)
    stage(stage_ingest)
    stage(stage_split)
    assert hole in read_table(folder / "data/split/test.parquet").index
    with pytest.raises(InputError, match=rf"column 'time': 1 missing \(row_id {hole}\)"):
        stage(stage_preprocess)
    assert not (folder / "data/preprocess").exists()
