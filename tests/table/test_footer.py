import pytest
from table_files import parquet, refusal, workbook

from pipeline.table.file import read_table
from pipeline.table.reading import Reading

ROWS = [["pq"[n % 2], n / 2, n % 5, n % 2] for n in range(20)]
HEADER = ["a", "b", "c", "y"]
TABLE = "".join(",".join(map(str, row)) + "\n" for row in [HEADER, *ROWS])


@pytest.mark.parametrize(
    ("last", "found"),
    [
        (["Total", 95.0, 40, 10], "'Total'"),
        (["Grand total:", 95.0, "", ""], "'Grand total:'"),
        (["", "Average", 2, ""], "'Average'"),
        (["", 95.0, "", ""], "the sum of column 'b'"),
        (["p", "", "", 10], "the sum of column 'y'"),
        (["Source: Agency", "2024", "all rights reserved", ""], "'Source: Agency'"),
    ],
)
def test_a_total_or_a_note_below_the_rows_is_refused_with_its_line(written, last, found):
    said = f"expected a row of the table, found a total or a note: {found}. Delete it."
    path = written(TABLE + ",".join(map(str, last)) + "\n")
    assert refusal(path) == [f"visits.csv: line 22: {said}"]
    sheet = [HEADER, *ROWS, [], [None if cell == "" else cell for cell in last]]
    assert refusal(written(workbook(v=sheet), "v.xlsx")) == [f"v.xlsx: row 23: {said}"]


@pytest.mark.parametrize(
    ("name", "last"), [("a", ["Total", 3.5, 2, 1]), ("b", ["p", 95.0, 2, 1]), ("c", ["p", 3.5, 40, 1])]
)
def test_columns_that_are_left_out_or_declared_show_no_total(written, name, last):
    path = written(TABLE + ",".join(map(str, last)) + "\n")
    assert len(read_table(path, Reading(text=[name]))) == 21
    assert len(read_table(path, Reading(drop=[name]))) == 21


@pytest.mark.parametrize(
    "columns",
    [
        {"x": [0.0] * 20 + [0.0]},  # the sum of zeros
        {"x": ["Total", "Third party"] * 10 + ["Total"]},
        {"x": [1] + [0] * 19 + [1]},
        {"x": [1.5, float("inf")] * 10 + [2.5]},
        {"x": [1e308] * 20 + [2.5]},
        {"x": [-3, 2, 4, 5] * 5 + [40]},
        {"x": ["good"] * 20 + ["Summary"]},
    ],
)
def test_rows_are_no_totals(written, columns):
    table = {**columns, "y": [0, 1] * 10 + [1]}
    assert len(read_table(written(parquet(table), "v.parquet"))) == 21
