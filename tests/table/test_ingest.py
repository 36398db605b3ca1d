from io import StringIO

import numpy as np
import pandas as pd
import pytest
from table_refusals import ROWS, TWO, refusal

from pipeline.table.ingest import ingest


@pytest.fixture
def visits():
    return pd.DataFrame(
        {
            "time": [120, 250, 90, 310, 40, 75],
            "buy": ["no", "yes", "no", "yes", "no", "no"],
            "pages": [2.0, 3.0, np.nan, 4.0, 1.0, 2.0],
            "member": [True, False, True, True, False, False],
        }
    )


def test_features_come_first_then_the_target_as_1_for_the_rarer_class(visits):
    table = ingest(visits, target="buy")
    assert (table.positive, table.negative) == ("yes", "no")
    expected = pd.DataFrame(
        {
            "time": [120.0, 250.0, 90.0, 310.0, 40.0, 75.0],
            "pages": [2.0, 3.0, np.nan, 4.0, 1.0, 2.0],
            "member": [True, False, True, True, False, False],
            "buy": np.array([0, 1, 0, 1, 0, 0], dtype="int8"),
        },
        index=pd.RangeIndex(6, name="row_id"),
    )
    pd.testing.assert_frame_equal(table.data, expected)


def test_ingest_leaves_its_source_as_it_was(visits):
    before = visits.copy()
    ingest(visits, target="buy", drop=["pages"])
    pd.testing.assert_frame_equal(visits, before)


def test_integers_stay_integers_on_demand(visits):
    kept = ingest(visits.drop(columns="member"), target="buy", integers=True)
    assert kept.data.dtypes.astype(str).to_dict() == {"time": "int64", "pages": "float64", "buy": "int8"}


def test_dropped_columns_are_gone(visits):
    table = ingest(visits.assign(note="text"), target="buy", drop=["note", "member"])
    assert table.data.columns.tolist() == ["time", "pages", "buy"]


@pytest.mark.parametrize(
    ("columns", "settings", "problems"),
    [
        (
            {**ROWS, "buy": TWO},
            {"target": "buys"},
            ["the table has no column 'buys'; did you mean 'buy'?"],
        ),
        (
            {**ROWS, "buy": TWO},
            {"target": "outcome", "drop": ["ID"]},
            [
                "the table has no column 'outcome'; choose from 'x', 'buy'.",
                "the table has no column 'ID'; choose from 'x', 'buy'.",
            ],
        ),
        (
            {**ROWS, "buy": TWO},
            {"target": "buy", "declared": {"buyer": "categorical"}},
            ["the table has no column 'buyer'; did you mean 'buy'?"],
        ),
    ],
)
def test_settings_that_do_not_fit_the_table_are_refused(columns, settings, problems):
    assert refusal(pd.DataFrame(columns), **settings) == problems


def test_all_problems_are_listed_at_once():
    problems = refusal(
        pd.DataFrame({"a": ["x", "1", "2"], "b": [np.inf, 1, 2], "synthetic": [1, 2, 3], "buy": [1, np.nan, 0]}),
        target="buy",
    )
    assert [problem.split(":")[0] for problem in problems] == [
        "target 'buy', line 3",
        "column 'a', line 2",
        "column 'b', line 2",
        "column 'synthetic'",
    ]


def test_a_wide_table_raises_no_warning():
    names = [f"x{i}" for i in range(150)]
    rows = [f"{value}," * 150 + label for value, label in (("0.5", "0"), ("1.5", "0"), ("0.5", "1"))]
    wide = pd.read_csv(StringIO("\n".join([",".join([*names, "buy"]), *rows])))
    assert ingest(wide, target="buy").data.shape == (3, 151)
