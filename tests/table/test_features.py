import numpy as np
import pandas as pd
import pytest
from table_refusals import ROWS, TWO, refusal

from pipeline.table import columns
from pipeline.table.ingest import ingest


@pytest.mark.parametrize(
    ("columns", "settings", "problems"),
    [
        (
            {"x": [1, np.inf, 3, -np.inf, np.inf, np.inf], "buy": TWO},
            {"target": "buy"},
            [
                "column 'x', lines 3, 5, 6 and 1 more: expected finite numbers, found inf. Correct or empty these "
                'cells, or declare it missing with -S \'data.missing=["inf","-inf"]\'.'
            ],
        ),
        (
            {"x": [1, 2, 1e308, 4, 5, -1e308], "buy": TWO},
            {"target": "buy"},
            [
                "column 'x', lines 4, 7: expected numbers up to 1e+100, found 1e+308. Correct or empty these cells, "
                "or use a larger unit."
            ],
        ),
        (
            {"x": ["1", "two", "3", "4", "five", None], "buy": TWO},
            {"target": "buy"},
            [
                "column 'x', lines 3, 6: expected numbers, found 'two', 'five'. Correct or empty these cells, or "
                "declare it categorical with -S 'data.columns={x: categorical}', or leave the column out with -S "
                "'data.drop=[x]'."
            ],
        ),
        (
            {"x": range(12), "id": [*[f"a{i}" for i in range(11)], None], "z": 1, "buy": TWO * 2},
            {"target": "buy", "drop": ["z"]},
            [
                "column 'id': 11 different values in 11 cells, such as 'a0', look like ids or free text, which a "
                "model can't learn from. Declare it categorical with -S 'data.columns={id: categorical}', or leave "
                "the column out with -S 'data.drop=[z,id]'."
            ],
        ),
        (
            {**ROWS, "took": pd.to_timedelta(range(6), unit="h"), "buy": TWO},
            {"target": "buy"},
            [
                "column 'took': expected numbers, text or dates, found Timedelta. Convert the column, or leave "
                "the column out with -S 'data.drop=[took]'."
            ],
        ),
        (
            {**ROWS, "z": [np.nan] * 6, "buy": TWO},
            {"target": "buy"},
            ["column 'z': all values are missing. Leave the column out with -S 'data.drop=[z]'."],
        ),
        (
            {"row_id": range(6), "synthetic": range(6), "buy": TWO},
            {"target": "buy"},
            [
                "column 'row_id': this name is reserved. Rename the column in the file.",
                "column 'synthetic': this name is reserved. Rename the column in the file.",
            ],
        ),
        (
            {"x": range(20), "bought": ["y", *"nn"] * 6 + ["n"] * 2, "z": 1, "buy": [1, 0, 0] * 6 + [0] * 2},
            {"target": "buy", "drop": ["z"]},
            [
                "column 'bought' is a copy of the target 'buy': it has one value for each class. Leave the "
                "column out with -S 'data.drop=[z,bought]'."
            ],
        ),
        (
            {"x": 3.5, "shop": "north", "buy": TWO},
            {"target": "buy"},
            ["every feature is constant. Add features that differ between rows."],
        ),
        (
            {"x 1": ["1", "two", "3", "4", "5", "6"], "z": 1, "buy": TWO},
            {"target": "buy"},
            [
                "column 'x 1', line 3: expected numbers, found 'two'. Correct or empty these cells, or declare it "
                "categorical with -S 'data.columns={x 1: categorical}', or leave the column out with -S "
                "'data.drop=[\"x 1\"]'."
            ],
        ),
        (
            {"buy": TWO},
            {"target": "buy"},
            ["expected at least one feature besides the target, found none. Add one, or correct data.drop."],
        ),
        (
            {**ROWS, "buy": TWO},
            {"target": "buy", "drop": ["x"]},
            ["expected at least one feature besides the target, found none. Add one, or correct data.drop."],
        ),
    ],
)
def test_features_that_cannot_be_used_are_refused(columns, settings, problems):
    assert refusal(pd.DataFrame(columns), **settings) == problems


def test_few_rows_may_agree_with_the_target_by_chance():
    assert ingest(pd.DataFrame({"x": range(6), "member": TWO, "buy": TWO}), target="buy").data.shape == (6, 3)


@pytest.mark.parametrize("row", [None, 0, 1500, 2999])
def test_a_copy_of_the_target_agrees_with_it_in_every_row(row):
    buy = pd.Series([0, 0, 1, 0] * 750)
    colour = buy.map({0: "red", 1: "blue"})
    if row is not None:  # one more blue, or one red less
        colour[row] = "blue"
    source = pd.DataFrame({"x": range(3000), "colour": colour, "buy": buy})
    if row is None:
        assert [problem[:36] for problem in refusal(source, target="buy")] == ["column 'colour' is a copy of the tar"]
    else:
        assert ingest(source, target="buy").data.shape == (3000, 3)


def test_the_real_tables_kinds(shared):
    expected = {
        "bank_small.csv": {"numeric": 7, "categorical": 9},
        "car_vgood.csv": {"categorical": 6},
        "abalone_19.csv": {"numeric": 7, "categorical": 1},
        "thyroid_sick.csv": {"numeric": 6, "categorical": 22},
        "oil.csv": {"numeric": 49},
    }
    for name, counts in expected.items():
        source = pd.read_csv(shared / name)
        drop = ["TBG"] if "TBG" in source else []  # it has no value at all
        table = ingest(source, target="target", drop=drop).data.iloc[:, :-1]
        assert pd.Series({column: columns.kind(table[column]) for column in table}).value_counts().to_dict() == counts
