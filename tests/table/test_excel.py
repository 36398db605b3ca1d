from datetime import datetime

import numpy as np
import pandas as pd
from table_files import (
    VISITS,
    packed,
    refusal,
    refused,
    workbook,
)

from pipeline.table.file import read_table
from pipeline.table.reading import Reading


def test_cells_of_excel_have_the_types_of_other_formats(written):
    rows = [
        ["when", "member", "note", "pages", "buy"],
        [datetime(2026, 1, 2, 3, 4, 5), True, " a ", 3, "no"],
        [None, None, "", "#N/A", "yes"],
        [datetime(2026, 1, 3), False, "NA", 4, "no"],
    ]
    expected = pd.DataFrame(
        {
            "when": pd.Series(["2026-01-02 03:04:05", None, "2026-01-03 00:00:00"], dtype="str"),
            "member": pd.array([True, None, False], dtype="boolean"),
            "note": pd.Series(["a", None, "NA"], dtype="str"),
            "pages": [3.0, np.nan, 4.0],
            "buy": pd.Series(["no", "yes", "no"], dtype="str"),
        }
    )
    pd.testing.assert_frame_equal(read_table(written(workbook(visits=rows), "v.xlsx")), expected)


def test_one_sheet_of_several_is_read_by_its_name(written):
    book = written(workbook(visits=[["time", "buy"], [1, 0]], others=[["time", "buy"], [2, 1]]), "v.xlsx")
    assert read_table(book, Reading(sheet="others")).to_dict("list") == {"time": [2], "buy": [1]}
    assert refusal(book, sheet="other") == [
        "v.xlsx: data.sheet is 'other', but the workbook has no such sheet; did you mean 'others'?"
    ]
    assert refusal(written(VISITS), sheet="visits") == [
        "visits.csv: data.sheet is 'visits', but this isn't an Excel workbook. Set data.sheet=null."
    ]


@refused(
    (
        "Excel",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "v.xls",
        [
            "expected a table, found an Excel workbook that is older than 2007 or has a password. Save it as "
            ".xlsx without one."
        ],
    ),
    (
        "Excel that is broken",
        packed({"xl/workbook.xml": ""}),
        "v.xlsx",
        [
            "expected an Excel workbook, found a damaged one (\"There is no item named '[Content_Types].xml' "
            'in the archive"). Copy the file again.'
        ],
    ),
    (
        "Excel of two sheets",
        workbook(visits=[["time", "buy"], [1, 0]], notes=[[], ["by hand"]]),
        "v.xlsx",
        ["the workbook has 2 sheets ('visits', 'notes'). Choose one with -S data.sheet=visits."],
    ),
    (
        "empty Excel",
        workbook(visits=[], notes=[]),
        "v.xlsx",
        ["expected a table, found an empty workbook. Correct data.path."],
    ),
    (
        "Excel with a header only",
        workbook(visits=[["time", "buy"]]),
        "v.xlsx",
        ["expected rows below the header, found none. Correct data.path or data.skip_rows."],
    ),
    (
        "mixed types and a nameless column in Excel",
        workbook(visits=[["time", None, "buy"], [1, 2, 0], ["soon", 2, True]]),
        "v.xlsx",
        [
            "header: column 2 has no name. Add a name, or save the table without its index.",
            "column 'buy': expected values of one type, found numbers in row 2, booleans in row 3. Convert "
            "them to one type.",
        ],
    ),
)
def test_a_workbook_without_one_table_is_refused(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]
