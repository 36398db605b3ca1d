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


def test_a_declared_positive_class_wins_over_the_rarer(visits):
    table = ingest(visits, target="buy", positive="no")
    assert (table.positive, table.negative) == ("no", "yes")
    assert table.data.buy.tolist() == [1, 0, 1, 0, 1, 1]


@pytest.mark.parametrize(
    ("labels", "positive", "one"),
    [
        ([1, 2, 1, 1], None, 2),
        ([1, 2, 2, 1], None, 2),  # of two equal classes the larger label
        ([1, 2, 1, 1], 1, 1),
        ([1, 2, 1, 1], "1", 1),  # as the command line may give it
        ([0, 0, 0, 1], 0, 0),
        ([0.0, 1.0, 0.0, 0.0], 1, 1.0),
        ([False, True, True, True], None, False),
        ([False, True, True, True], True, True),
        (["a", "b", "a", "a"], "a", "a"),
        (["no", "yes ", " no", "no"], None, "yes"),
        (["no", "yes ", "no", "yes"], " no", "no"),
    ],
)
def test_the_positive_class_by_default_and_as_declared(labels, positive, one):
    table = ingest(pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": labels}), target="y", positive=positive)
    assert table.positive == one
    assert table.data.y.tolist() == [int(str(label).strip() == str(one)) for label in labels]
    assert type(table.positive) in (int, float, bool, str)


@pytest.mark.parametrize("target", ["y", "fold", "probability", "self", "index", "größe", "a b"])
def test_a_target_may_be_called_nearly_anything(target):
    table = ingest(pd.DataFrame({"x": [1, 2, 3], target: [0, 0, 1]}), target=target)
    assert table.data.columns.tolist() == ["x", target]
    assert table.data[target].tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("columns", "settings", "problems"),
    [
        (
            {**ROWS, "buy": [1] * 6},
            {"target": "buy"},
            [("target 'buy': expected two or more classes, found one: 1 (6). Check data.target and data.classes.")],
        ),
        (
            {**ROWS, "buy": ["a", "a", "a", "b", "b", "c"]},
            {"target": "buy"},
            [
                "target 'buy': expected at least two rows of each class, one for training and one for testing, found "
                "one row of 'c'. Merge such a class into another with -S 'data.classes={c: OTHER}', or leave it out "
                "with null instead of OTHER."
            ],
        ),
        (
            {"x": range(1000), "buy": [*range(8), *[0] * 992]},
            {"target": "buy"},
            [
                "target 'buy': expected at least two rows of each class, one for training and one for testing, found "
                "one row of 1, 2, 3, 4, 5, 6 and 1 more. Merge such a class into another with -S "
                "'data.classes={1: OTHER}', or leave it out with null instead of OTHER."
            ],
        ),
        (
            {**ROWS, "buy": [0, np.nan, 1, 0, np.nan, 0]},
            {"target": "buy"},
            [
                "target 'buy', lines 3, 6: expected a class in every row, found a missing value. Fill in these "
                "cells, or delete their rows."
            ],
        ),
        (
            {**ROWS, "buy": [0, np.inf, 0, 0, 0, 0]},
            {"target": "buy"},
            ["target 'buy', line 3: expected a class in every row, found inf. Correct these cells."],
        ),
        (
            {**ROWS, "buy": TWO},
            {"target": "buy", "positive": "yes"},
            ["target 'buy': data.positive is 'yes', but the target has no such class; choose from 0 (4), 1 (2)."],
        ),
        (
            {**ROWS, "synthetic": TWO},
            {"target": "synthetic"},
            ["target 'synthetic': this name is reserved. Rename the column in the file."],
        ),
        (
            {**ROWS, "row_id": TWO},
            {"target": "row_id"},
            ["target 'row_id': this name is reserved. Rename the column in the file."],
        ),
    ],
)
def test_a_target_that_cannot_be_used_is_refused(columns, settings, problems):
    assert refusal(pd.DataFrame(columns), **settings) == problems
