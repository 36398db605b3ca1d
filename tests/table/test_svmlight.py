import io

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import dump_svmlight_file
from table_files import refusal, refused

from pipeline.table.file import read_table


@pytest.mark.parametrize("name", ["v.svmlight", "v.csv"])
def test_svmlight_reads_dense(written, name):
    buffer = io.BytesIO()
    dump_svmlight_file(np.array([[0.5, 0, 2], [0, 1.25, 0]]), np.array([1, -1]), buffer, zero_based=True)
    table = read_table(written(buffer.getvalue(), name))
    pd.testing.assert_frame_equal(
        table, pd.DataFrame({"f0": [0.5, 0], "f1": [0, 1.25], "f2": [2.0, 0], "target": [1, -1]})
    )


@refused(
    (
        "svmlight with a value that is none",
        "1 1:0.5\n-1 2:x\n",
        "v.svmlight",
        ["line 2: expected a class and INDEX:VALUE pairs, found '-1 2:x'. Correct this line."],
    ),
    (
        "svmlight too wide",
        "1 1:0.5\n-1 200000000:1\n",
        "v.svmlight",
        ["expected a table of at most 200,000,000 cells, found 2 rows by 200,000,000 features. Select fewer features."],
    ),
)
def test_svmlight_with_errors_is_refused(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]
