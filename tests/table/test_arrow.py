import subprocess
import sys
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from table_files import LEAVE, feather, parquet, refusal, refused

from pipeline.table.file import read_table


def test_typed_columns_become_numbers_and_text(written):
    table = pd.DataFrame(
        {
            "when": pd.to_datetime(["2026-01-02 03:04:05", None]),
            "level": pd.Categorical([" high", None]),
            "member": pd.array([True, None], dtype="boolean"),
            "pages": pd.array([3, None], dtype="Int64"),
            "price": pa.array([None, 1], pa.decimal128(5, 2)).to_pandas(),
            "note": ["", "NA"],
            "buy": [True, False],
        }
    )
    expected = pd.DataFrame(
        {
            "when": pd.Series(["2026-01-02 03:04:05", None], dtype="str"),
            "level": pd.Series(["high", None], dtype="str"),
            "member": pd.array([True, None], dtype="boolean"),
            "pages": [3.0, np.nan],
            "price": [np.nan, 1.0],
            "note": pd.Series([None, "NA"], dtype="str"),
            "buy": [True, False],
        }
    )
    pd.testing.assert_frame_equal(read_table(written(parquet(table), "v.parquet")), expected)


@refused(
    (
        "header only, Parquet",
        parquet({"time": [], "buy": []}),
        "v.parquet",
        ["expected rows and columns, found none. Correct data.path or the query."],
    ),
    (
        "numbers in two notations in Parquet",
        parquet({"time": [None, "1,234", "7"], "buy": [0, 1, 0]}),
        "v.parquet",
        [
            "column 'time', row 2: expected a number, found '1,234', which may mean 1234 or 1.234. Write numbers "
            f"with a decimal point and without thousands separators, {LEAVE}"
        ],
    ),
    (
        "lists and bytes in Parquet",
        parquet({"tags": [None, ["a"]], "raw": [b"a", b"b"], "buy": [0, 1]}),
        "v.parquet",
        [
            "column 'tags': expected numbers or text, found ndarray in row 2. Convert the column.",
            "column 'raw': expected numbers or text, found bytes in row 1. Convert the column.",
        ],
    ),
    (
        "names that repeat when stripped, in Parquet",
        parquet({"time": [1], "time ": [1], "": [1]}),
        "v.parquet",
        [
            "header: column 3 has no name. Add a name, or save the table without its index.",
            (
                "header: expected different column names, found 'time' more than once. Rename the duplicates in the "
                "file."
            ),
        ],
    ),
)
def test_columns_that_are_neither_numbers_nor_text_are_refused(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]


@pytest.mark.parametrize(("name", "content"), [("v.feather", feather), ("v.parquet", parquet)])
def test_a_new_process_reads_it(written, name, content):
    path = written(content({"x": [1.5, 2.5], "y": [0, 1]}), name)
    code = "from pathlib import Path; from pipeline.table.file import read_table; "
    code += f"print(read_table(Path('{path}')).x.sum())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "4.0\n"  # noqa: S603


@pytest.mark.parametrize("seconds", [[1.5, 90], [0, 86400], [-3, 7]])
def test_durations_are_seconds(written, seconds):
    table = {"x": [timedelta(seconds=each) for each in seconds], "y": [0, 1]}
    assert read_table(written(parquet(table), "v.parquet")).x.tolist() == seconds
