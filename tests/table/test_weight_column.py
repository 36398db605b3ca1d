import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.table import ingest, weights


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ([1, 2, None, 1], "line 4: expected a value in every row, found a missing value."),
        (
            [1.0, 0.0, -2.5, np.inf],
            "lines 3, 4, 5: expected finite numbers above 0 (1e-50 to 1e+50), found 0, -2.5, inf.",
        ),
        (
            ["1", "2", "many", "1"],
            "line 4: expected numbers, found 'many'.",
        ),
        (
            [1.0, 1.0, 1.0, 1e200],
            "line 5: expected finite numbers above 0 (1e-50 to 1e+50), found 1e+200.",
        ),
    ],
)
def test_a_weight_that_is_no_number_of_rows_is_refused(column, problem):
    source = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "w": column, "y": [0, 0, 1, 0]})
    with pytest.raises(InputError) as refused:
        ingest.ingest(source, target="y", roles={"weight": "w"})
    advice = "Correct these cells, or leave out their rows."
    assert refused.value.problems == [f"data.weight: column 'w', {problem} {advice}"]


def test_a_weight_is_no_feature_and_written_numbers_are_numbers():
    source = pd.DataFrame({"x": [1.0, 2.0, 3.0], "w": ["1", "2", "0.5"], "y": [0, 0, 1]})
    table = ingest.ingest(source, target="y", roles={"weight": "w"})
    assert list(table.data.columns) == ["x", "y"]
    assert table.roles.weight.tolist() == [1.0, 2.0, 0.5]
    assert table.roles.weight.dtype == "float64"


def test_sums_of_weights_are_shown_as_people_read_them():
    given = [7, 1234, 7.0, 12.345, 0.01234, 99.96, 1234.5678]
    assert [str(weights.shown(amount)) for amount in given] == ["7", "1234", "7", "12.3", "0.0123", "100", "1235"]
