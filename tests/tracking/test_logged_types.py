"""The types in a logged model's signature, and what MLflow does to rows on their way to the model."""

import json
import sys
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from preparing import fitted_on
from sklearn.linear_model import LogisticRegression

from pipeline.fit.encoding import encode, prepare
from pipeline.table.columns import declaration, typed
from pipeline.tracking import model
from pipeline.tracking.runs import Model
from pipeline.tracking.scoring import Scorer, spelled

DECLARED = {"pages": "integer", "visits": "integer", "seen": "%d/%m/%Y", "member": "boolean", "newsletter": "boolean"}
SOURCE = pd.DataFrame(
    {
        "time": [1.5, np.nan, 3.0, 4.0, 5.0, 6.0],
        "pages": [1, 2, 3, 1, 2, 3],
        "visits": [1, None, 3, 1, 2, 3],
        "shop": ["007", "north", "south", None, "north", "south"],
        "seen": ["02/01/1970", "01/01/1970", "31/01/1970", None, "01/01/1970", "03/02/1970"],
        "since": pd.to_datetime(["2020-01-02", "2020-03-04", None, "2020-05-06", "2021-01-01", "2022-01-01"]),
        "member": ["yes", "no", "yes", "no", "yes", "no"],
        "newsletter": ["yes", None, "no", "no", "yes", "no"],
    }
)
TYPES = {
    "time": "double",
    "pages": "long",
    "visits": "double",  # MLflow's long has no missing values
    "shop": "string",
    "seen": "string",  # MLflow would read 03/02 as March 2
    "since": "datetime",
    "member": "boolean",
    "newsletter": "string",  # MLflow would make a missing value false
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model that is saved for MLflow, its scorer, and the raw rows it was fitted on."""
    read = pd.DataFrame({name: typed(column, DECLARED.get(name)) for name, column in SOURCE.items()})
    fitted, _ = fitted_on(read, mark=True, encode=True)
    learned = {name: declaration(SOURCE[name], column, DECLARED.get(name)) for name, column in read.items()}
    scorer = Scorer(
        fitted,
        LogisticRegression().fit(encode(fitted, prepare(fitted, read)), [0, 1] * 3),
        declaration=learned,
        text=["shop", "seen", "member", "newsletter"],
        missing=None,
        rule={"threshold": 0.5},
        correction={"slope": 1.0, "intercept": 0.0},
        labels=["no", "yes"],
    )
    raw = spelled(read, learned)
    place = tmp_path_factory.mktemp("saved") / "model"
    model.save(Model(scorer, raw), place)
    return place, scorer, raw


@pytest.fixture
def served(saved, monkeypatch):
    """The model as MLflow loads it."""
    import mlflow.pyfunc

    monkeypatch.setattr(sys, "path", sys.path)  # MLflow puts the model's code before it, and leaves it there
    return mlflow.pyfunc.load_model(str(saved[0]))


def test_each_column_has_its_type(served):
    inputs = served.metadata.get_input_schema().inputs
    assert {column.name: column.type.name for column in inputs} == TYPES
    outputs = served.metadata.get_output_schema().inputs
    assert {column.name: column.type.name for column in outputs} == {
        **dict.fromkeys(("probability", "raw_probability", "score"), "double"),
        "decision": "string",
    }


def test_rows_with_missing_values_get_the_scorer_s_predictions(saved, served):
    _, scorer, raw = saved
    assert raw.isna().any().sum() == 6
    expected = scorer.predict(SOURCE)
    pd.testing.assert_frame_equal(served.predict(raw), expected, check_exact=True)


def test_rows_as_json_get_the_scorer_s_predictions(saved, served):
    from mlflow.pyfunc.scoring_server import _parse_json_data

    _, scorer, raw = saved
    sent = json.dumps({"dataframe_split": json.loads(raw.to_json(orient="split", date_format="iso"))})
    read = _parse_json_data(sent, served.metadata, served.metadata.get_input_schema()).data
    pd.testing.assert_frame_equal(served.predict(read), scorer.predict(SOURCE), check_exact=True)


def test_a_server_reads_whole_numbers_in_a_csv_as_declared(saved, served):
    from mlflow.pyfunc.scoring_server import parse_csv_input
    from mlflow.types import Schema

    _, scorer, raw = saved
    # Without dates, which MLflow's reader of CSV files can't type.
    schema = Schema([column for column in served.metadata.get_input_schema().inputs if column.name != "since"])
    rows = SOURCE.assign(time=[1, 2, 3, 4, 5, 6], member=raw.member, since=pd.NaT)
    read = parse_csv_input(StringIO(rows.drop(columns="since").to_csv(index=False)), schema).assign(since=pd.NaT)
    read["since"] = read.since.astype("datetime64[ns]")
    assert read.time.dtype == "float64"
    assert read["shop"][0] == "007"
    pd.testing.assert_frame_equal(served.predict(read), scorer.predict(rows), check_exact=True)


def test_scikit_learn_s_flavor_takes_any_table_that_predict_takes(saved, monkeypatch):
    import mlflow.sklearn

    monkeypatch.setattr(sys, "path", sys.path)
    place, scorer, _ = saved
    whole = SOURCE.assign(time=[1, 2, 3, 4, 5, 6])
    loaded = mlflow.sklearn.load_model(str(place))
    pd.testing.assert_frame_equal(loaded.predict(whole), scorer.predict(whole), check_exact=True)
