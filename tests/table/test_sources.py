import csv
import gzip
import hashlib
import io
import shutil
import sqlite3
import threading
import zipfile
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import URLError

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
import scipy.io
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import dump_svmlight_file

from pipeline import ingest as ingest_stage
from pipeline.errors import InputError
from pipeline.files import read_json
from pipeline.table import formats
from pipeline.table.download import cached, content_sha256, download, sha256
from pipeline.table.file import read_table
from pipeline.table.repositories import fetch_imbalanced, fetch_openml
from pipeline.table.sql import read_sql

VISITS = "time,pages,buy\n120,2,0\n250.5,3,1\n"


def packed(files):
    """A zip file of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def zstandard(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def parquet(table):
    buffer = io.BytesIO()
    (table if isinstance(table, pd.DataFrame) else pd.DataFrame(table)).to_parquet(buffer)
    return buffer.getvalue()


def feather(table):
    buffer = io.BytesIO()
    pd.DataFrame(table).to_feather(buffer)
    return buffer.getvalue()


def workbook(**sheets):
    """An Excel workbook of these sheets, each a list of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The name of a file in the current folder with this content."""
    monkeypatch.chdir(tmp_path)

    def write(content, name="visits.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path.relative_to(tmp_path)

    return write


def refusal(path, **settings):
    with pytest.raises(InputError) as caught:
        read_table(path, **settings)
    return caught.value.problems


READ = pd.DataFrame({"time": [120.0, 250.5], "pages": [2, 3], "buy": [0, 1]})


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (VISITS, "visits.csv"),
        ("\ufeff" + VISITS, "visits.csv"),
        ("\n \n" + VISITS, "visits.csv"),
        (VISITS.rstrip(), "visits.csv"),
        (VISITS.replace("\n", "\r\n"), "visits.csv"),
        (VISITS.replace("\n", "\r"), "visits.csv"),
        (VISITS.encode("utf-16"), "visits.csv"),
        (VISITS.encode("utf-16-be").join([b"\xfe\xff", b""]), "visits.csv"),
        (VISITS.replace(",", ";"), "visits.csv"),
        (VISITS.replace(",", "\t"), "visits.tsv"),
        (VISITS.replace(",", "|"), "visits.txt"),
        (VISITS.replace(",", " , "), "visits.csv"),
        ("time;pages;buy\n120,0;2;0\n250,5;3;1\n", "visits.csv"),
        ("time\tpages\tbuy\n120\t2\t0\n250,5\t3\t1\n", "visits.tsv"),
        ('"time";"pages";"buy"\n"120";"2";"0"\n" 250,5 ";"3";"1"\n', "visits.csv"),
        (gzip.compress(VISITS.encode()), "visits.csv.gz"),
        (gzip.compress(VISITS.encode()), "visits.csv"),
        (zstandard(VISITS.encode()), "visits.csv.zst"),
        (packed({"visits.csv": VISITS}), "visits.zip"),
        (packed({"in/": "", "in/visits.csv": VISITS, "__MACOSX/._visits.csv": "x"}), "visits.zip"),
        (parquet(READ), "visits.parquet"),
        (parquet(READ), "visits.csv"),
        (parquet(READ.set_axis([3, 7])), "visits.parquet"),
        (gzip.compress(parquet(READ)), "visits.parquet.gz"),
        (feather(READ), "visits.feather"),
        (workbook(visits=[[*READ], *READ.astype(object).to_numpy().tolist()]), "visits.xlsx"),
        (workbook(a=[[], [None, *READ], [], *([None, *row] for row in READ.astype(object).to_numpy())], b=[]), "v.csv"),
    ],
    ids=[
        "commas",
        "byte order mark",
        "blank lines above",
        "no last line end",
        "Windows line ends",
        "old Mac line ends",
        "UTF-16",
        "UTF-16, big end first",
        "semicolons",
        "tabs",
        "vertical bars",
        "padded",
        "decimal commas",
        "decimal commas and tabs",
        "all quoted and padded",
        "gzip",
        "gzip named .csv",
        "Zstandard",
        "zip",
        "zip with a folder and a Mac's notes",
        "Parquet",
        "Parquet named .csv",
        "Parquet with an index",
        "gzip of Parquet",
        "Feather",
        "Excel",
        "Excel named .csv, with blank rows, a blank column and a blank sheet",
    ],
)
def test_one_table_reads_alike_however_it_is_written(written, content, name):
    pd.testing.assert_frame_equal(read_table(written(content, name)), READ)


def test_a_quoted_cell_may_follow_a_space(written):
    table = read_table(written('note, buy\n1, "y, z"\n2, "x"\n'))
    assert table.to_dict("list") == {"note": [1, 2], "buy": ["y, z", "x"]}


def test_windows_1252_is_read_where_nothing_else_fits(written, capsys):
    table = read_table(written("größe,buy\nklein,0\ngroß – 5 €,1\n".encode("cp1252")))
    assert table.to_dict("list") == {"größe": ["klein", "groß – 5 €"], "buy": [0, 1]}
    assert capsys.readouterr().out == "not UTF-8: read as Windows-1252\n"


def test_names_and_cells_beyond_ascii_are_kept(written):
    table = read_table(written("größe,店,buy\nклейн,١,0\n"))
    assert table.to_dict("list") == {"größe": ["клейн"], "店": ["١"], "buy": [0]}


def test_marks_of_missing_values_are_missing_in_numbers_and_classes_in_text(written):
    rows = ["1.5,NA,NA ,True", "?,none, ,NA", "NaN,,?,False", '"", x y ,4,', "None,null,N/A,True"]
    table = read_table(written("a,b,c,d\n" + "\n".join(rows) + "\n"))
    numbers = pd.DataFrame(
        {
            "a": [1.5, np.nan, np.nan, np.nan, np.nan],
            "c": [np.nan, np.nan, np.nan, 4.0, np.nan],
            "d": [1.0, np.nan, 0.0, np.nan, 1.0],
        }
    )
    pd.testing.assert_frame_equal(table[["a", "c", "d"]], numbers)
    pd.testing.assert_series_equal(table.b, pd.Series(["NA", "none", None, "x y", "null"], dtype="str", name="b"))


def test_empty_cells_at_the_end_of_full_rows_are_missing_values(written):
    table = read_table(written("buy,time,pages\n1,2,\n0,7,3\n"))
    assert table.pages.isna().tolist() == [True, False]
    table = read_table(written('buy,"time",pages\n1,2,\n0,7,3\n'))
    assert table.pages.isna().tolist() == [True, False]


def test_one_column_has_one_type_however_late_its_text_comes(written):
    table = read_table(written("time,buy\n" + "1,0\n" * 600_000 + "x,1\n"))
    assert {type(value) for value in table.time} == {str}


def test_decimal_commas_are_told_however_late_they_come(written):
    table = read_table(written("time;buy\n" + "1;0\n" * 2_000 + "2,5;1\n"))
    assert (table.time.dtype, table.time.iloc[-1]) == ("float64", 2.5)


def test_a_comma_with_three_digits_is_a_decimal_one_beside_another_that_must_be(written):
    table = read_table(written("weight;time;buy\n1,234;2,5;0\n0,5;3,25;1\n1,500;3;1\n"))
    assert table.weight.tolist() == [1.234, 0.5, 1.5]
    table = read_table(written("weight;time;buy\n1,234;2,5;0\n1,500;3;1\n"))
    assert table.weight.tolist() == [1.234, 1.5]


def test_a_whole_number_beyond_64_bits_is_a_float(written):
    table = read_table(written("id,code,buy\n99999999999999999999999,18446744073709551615,1\n,-1,0\n"))
    assert table.code.tolist() == [18446744073709551615.0, -1.0]
    assert table.id.iloc[0] == 1e23
    table = read_table(written(f"id,buy\n{'9' * 400},1\n2,0\n"))
    assert table.id.tolist() == [np.inf, 2.0]


def test_three_thousand_columns_read(written):
    names = [f"a rather long name of column {i}" for i in range(3_000)]
    table = read_table(written(",".join(names) + "\n" + ",".join(["1"] * 2_999 + ["x "]) + "\n"))
    assert table.shape == (1, 3_000)
    assert (table.columns[-1], table.iloc[0, -1]) == (names[-1], "x")


def test_columns_of_text_stay_text_where_all_cells_look_like_numbers(written):
    table = read_table(
        written("code,truth,none,time\n007,true,,1.50\n1e3,false,NA,2\n"), text=["code", "truth", "none"]
    )
    assert table.code.tolist() == ["007", "1e3"]
    assert table.truth.tolist() == ["true", "false"]
    assert table.none.isna().tolist() == [True, False]
    assert table.time.tolist() == [1.5, 2.0]


def test_what_looks_misread_is_let_pass_in_columns_that_are_dropped(written):
    table = read_table(written('price,buy\n"1,234",0\n5,1\n'), drop=["price"])
    assert table.buy.tolist() == [0, 1]
    table = read_table(written(parquet({"tags": [["a"], []], "buy": [0, 1]}), "v.parquet"), drop=["tags"])
    assert table.buy.tolist() == [0, 1]


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
            "member": [1.0, np.nan],
            "pages": [3.0, np.nan],
            "price": [np.nan, 1.0],
            "note": pd.Series([None, "NA"], dtype="str"),
            "buy": [True, False],
        }
    )
    pd.testing.assert_frame_equal(read_table(written(parquet(table), "v.parquet")), expected)


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
            "member": [1.0, np.nan, 0.0],
            "note": pd.Series(["a", None, "NA"], dtype="str"),
            "pages": [3.0, np.nan, 4.0],
            "buy": pd.Series(["no", "yes", "no"], dtype="str"),
        }
    )
    pd.testing.assert_frame_equal(read_table(written(workbook(visits=rows), "v.xlsx")), expected)


def test_one_sheet_of_several_is_read_by_its_name(written):
    book = written(workbook(visits=[["time", "buy"], [1, 0]], others=[["time", "buy"], [2, 1]]), "v.xlsx")
    assert read_table(book, sheet="others").to_dict("list") == {"time": [2], "buy": [1]}
    assert refusal(book, sheet="other") == [
        "v.xlsx: expected the sheet 'other', as data.sheet says, found none; nearest: 'others'"
    ]
    assert refusal(written(VISITS), sheet="visits") == [
        "visits.csv: expected an Excel workbook, since data.sheet is 'visits', found none: set data.sheet=null"
    ]


ARFF = """% a comment
@RELATION visits

@attribute 'first visit' {yes, 'not yet'}
@attribute time NUMERIC
@attribute buy {0,1}
@DATA
yes,120,0
% another
'not yet',?,1

?,-1e3,1
"""


def test_arff_reads_as_scipy_s_reader_does(written):
    plain = ARFF.replace("'not yet'", "no")  # scipy's does not find a quoted class again
    table = read_table(written(plain, "v.arff"))
    rows, meta = scipy.io.arff.loadarff(io.StringIO(plain))
    expected = pd.DataFrame(rows)
    for name in ("first visit", "buy"):
        expected[name] = expected[name].str.decode("ascii").replace("?", None).astype("str")
    assert meta.names() == list(table.columns)
    pd.testing.assert_frame_equal(table, expected)


def test_arff_has_text_which_scipy_s_reader_refuses(written):
    text = "@relation r\n@attribute größe string\n@attribute n integer\n@data\n'a, b\\' ß',1\n?,2\n"
    table = read_table(written(text, "v.csv"))
    assert table["größe"].iloc[0] == "a, b' ß"
    assert table["größe"].isna().tolist() == [False, True]
    assert table.n.tolist() == [1.0, 2.0]
    assert read_table(written(ARFF, "v.arff"))["first visit"].iloc[1] == "not yet"


@pytest.mark.parametrize("name", ["v.svmlight", "v.csv"])
def test_svmlight_reads_dense(written, name):
    buffer = io.BytesIO()
    dump_svmlight_file(np.array([[0.5, 0, 2], [0, 1.25, 0]]), np.array([1, -1]), buffer, zero_based=True)
    table = read_table(written(buffer.getvalue(), name))
    pd.testing.assert_frame_equal(
        table, pd.DataFrame({"f0": [0.5, 0], "f1": [0, 1.25], "f2": [2.0, 0], "target": [1, -1]})
    )


WHOLE = gzip.compress("".join(f"{i / 7},{i % 2}\n" for i in range(40_000)).encode(), mtime=0)
QUOTE = "quote cells that hold the delimiter or a line end, and fill short rows up"
LEAVE = "or leave the column out with -S 'data.drop=[time]'"

# What is refused: an id, the content, the file's name, and each line said after the name.
REFUSED = [
    ("empty", "", "v.csv", ["expected a table, found an empty file"]),
    ("blank", " \n\n", "v.csv", ["expected a table, found an empty file"]),
    ("byte order mark alone", "\ufeff", "v.csv", ["expected a table, found an empty file"]),
    ("empty, packed", gzip.compress(b""), "v.csv.gz", ["expected a table, found an empty file"]),
    ("header only", "time,buy\n", "v.csv", ["expected rows under the header, found none"]),
    ("header only, no line end", "time,buy", "v.csv", ["expected rows under the header, found none"]),
    (
        "header only, Parquet",
        parquet({"time": [], "buy": []}),
        "v.parquet",
        ["expected rows and columns, found none"],
    ),
    (
        "git-lfs pointer",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "v.csv",
        ["expected a table, found a git-lfs pointer: run `git lfs pull` beside it"],
    ),
    (
        "git-lfs pointer named .gz",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "v.csv.gz",
        ["expected a table, found a git-lfs pointer: run `git lfs pull` beside it"],
    ),
    (
        "web page",
        "\n<!DOCTYPE html>\n<html><body>Sign in</body></html>",
        "v.csv",
        ["expected a table, found a web page: fetch the raw file itself"],
    ),
    ("web page named .gz", "<HTML>\n", "v.csv.gz", ["expected a table, found a web page: fetch the raw file itself"]),
    ("JSON", '[{"time": 1, "buy": 0}]', "v.csv", ["expected a table, found JSON: export the table as CSV"]),
    (
        "Excel",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "v.xls",
        [
            "expected a table, found an Excel workbook of before 2007, or one with a password: "
            "save it as .xlsx without one"
        ],
    ),
    (
        "Excel that is broken",
        packed({"xl/workbook.xml": ""}),
        "v.xlsx",
        [
            "expected an Excel workbook, found a broken one "
            "(\"There is no item named '[Content_Types].xml' in the archive\"): copy it again"
        ],
    ),
    (
        "Excel of two sheets",
        workbook(visits=[["time", "buy"], [1, 0]], notes=[[], ["by hand"]]),
        "v.xlsx",
        ["expected a workbook of one table, found 2 sheets: 'visits', 'notes': say which with -S data.sheet=NAME"],
    ),
    ("empty Excel", workbook(visits=[], notes=[]), "v.xlsx", ["expected a table, found an empty workbook"]),
    (
        "Excel with a header only",
        workbook(visits=[["time", "buy"]]),
        "v.xlsx",
        ["expected rows under the header, found none"],
    ),
    (
        "mixed types and a nameless column in Excel",
        workbook(visits=[["time", None, "buy"], [1, 2, 0], ["soon", 2, True]]),
        "v.xlsx",
        [
            "header: expected a name for every column, found none for column 2: "
            "name it, or leave the index out when saving",
            "column 'time': expected values of one type, found numbers in row 1, text in row 2: make them one type",
            "column 'buy': expected values of one type, found numbers in row 1, truth values in row 2: "
            "make them one type",
        ],
    ),
    (
        "NUL bytes",
        b"time,buy\n1,0\n\x00\x00,1\n",
        "v.csv",
        ["line 3: expected text, found a NUL byte, as in binary data: save the table as CSV in UTF-8"],
    ),
    (
        "UTF-16 without a mark",
        VISITS.encode("utf-16-le"),
        "v.csv",
        ["line 1: expected text, found a NUL byte, as in binary data: save the table as CSV in UTF-8"],
    ),
    (
        "UTF-16 cut off",
        VISITS.encode("utf-16")[:-1],
        "v.csv",
        ["expected UTF-16 text, as its first two bytes say, found truncated data at byte 67: save the file as UTF-8"],
    ),
    (
        "another encoding",
        "время,buy\n1,0\n".encode("cp1251"),
        "v.csv",
        ["line 1: expected UTF-8 text, found byte 0xe2: save the file as UTF-8"],
    ),
    (
        "two encodings",
        "größe,buy\n".encode() + "größer,0\n".encode("latin-1"),
        "v.csv",
        ["line 2: expected UTF-8 text, found byte 0xf6: save the file as UTF-8"],
    ),
    (
        "control characters",
        b"time,buy\n\x01\xe9,0\n",
        "v.csv",
        ["line 2: expected UTF-8 text, found byte 0xe9: save the file as UTF-8"],
    ),
    (
        "one column",
        "time\n1\n2\n",
        "v.csv",
        [
            "line 1: expected columns with commas, semicolons, tabs or vertical bars between them, found 'time': "
            "save the file comma-separated"
        ],
    ),
    (
        "white space between columns",
        "time pages buy\n1 2 0\n",
        "v.csv",
        [
            "line 1: expected columns with commas, semicolons, tabs or vertical bars between them, "
            "found 'time pages buy': save the file comma-separated"
        ],
    ),
    (
        "two delimiters",
        "a,b|c,d\n1,2|3,4\n",
        "v.csv",
        [
            "line 1: expected one delimiter, found commas (3 fields) and vertical bars (2 fields) that fit alike: "
            "quote the cells that hold the other, or save the file anew"
        ],
    ),
    (
        "repeated names",
        "time, time,buy,pages,buy \n1,2,0,1,0\n",
        "v.csv",
        ["header: expected different column names, found 'buy', 'time' more than once: rename all but one"],
    ),
    (
        "no header",
        "1,1,0\n1,2,1\n",
        "v.csv",
        ["header: expected names of columns, found numbers, '1' more than once: put a line of names above the rows"],
    ),
    (
        "an index without a name",
        ",time,buy\n0,1,0\n1,2,1\n",
        "v.csv",
        [
            "header: expected a name for every column, found none for column 1: "
            "name it, or leave the index out when saving"
        ],
    ),
    (
        "all that is wrong",
        "time,, time,\n1,2,3,4\n\n1,2\n1,2\n1,2\n1,2\n1,2,3,4,5\n",
        "v.csv",
        [
            "header: expected a name for every column, found none for columns 2, 4: "
            "name it, or leave the index out when saving",
            "header: expected different column names, found 'time' more than once: rename all but one",
            f"lines 4, 5, 6 and 1 more: expected 4 fields as in the header, found 2: {QUOTE}",
            f"line 8: expected 4 fields as in the header, found 5: {QUOTE}",
        ],
    ),
    (
        "a row too long",
        "time,pages,buy\n1,2,0\n1,2,3,0\n",
        "v.csv",
        [f"line 3: expected 3 fields as in the header, found 4: {QUOTE}"],
    ),
    (
        "the first row too long",
        "time,pages,buy\n1,2,a,b\n1,2,0\n",
        "v.csv",
        [f"line 2: expected 3 fields as in the header, found 4: {QUOTE}"],
    ),
    (  # pandas alone would take the first column for an index, which counts in equal steps
        "row numbers without a name",
        "time,pages,buy\n1,5,3,0\n2,7,3,0\n",
        "v.csv",
        ["lines 2, 3: expected 3 fields as in the header, found 4: name every column in the header, the first too"],
    ),
    (
        "a delimiter at the end of rows",
        "time;pages;buy\n1;2;0;\n3;2;1;\n",
        "v.csv",
        [
            "lines 2, 3: expected 3 fields as in the header, found 4: "
            "take the delimiter at the end of the rows off, or put it on the header too"
        ],
    ),
    (
        "decimal commas between commas",
        "time,pages,buy\n120,5,2,0\n250,5,3,1\n17,3,1\n",
        "v.csv",
        [
            "lines 2, 3: expected 3 fields as in the header, found 4: if these are decimal commas, write decimal "
            "points or put semicolons between columns; else name every column in the header"
        ],
    ),
    (  # pandas alone would fill the end with a missing value
        "a row too short",
        "buy,time,pages\n1,2,0\n\n0,7\n",
        "v.csv",
        [f"line 4: expected 3 fields as in the header, found 2: {QUOTE}"],
    ),
    (
        "a row too short beside a quoted comma",
        'note,time,buy\n"x,y",1,\n0,7\n',
        "v.csv",
        [f"line 3: expected 3 fields as in the header, found 2: {QUOTE}"],
    ),
    (
        "a row too short below cells of two lines",
        'buy,note,pages\n1,"a\nb",0\n\n \n0,"c\r\nd",\n0,7\n',
        "v.csv",
        [f"line 8: expected 3 fields as in the header, found 2: {QUOTE}"],
    ),
    (
        "a quote that does not close",
        'note,buy\na,0\n"b,1\nc,0\n',
        "v.csv",
        ["line 3: expected a quote that closes, found none up to the end: close it, or take it out"],
    ),
    (
        "a quote that does not close in the last column",
        'buy,note\n0,a\n1,"b\n0,c\n',
        "v.csv",
        ["line 3: expected a quote that closes, found none up to the end: close it, or take it out"],
    ),
    (
        "a quote that does not close, and nothing after it",
        'buy,note\n"b\n\n',
        "v.csv",
        ["line 2: expected a quote that closes, found none up to the end: close it, or take it out"],
    ),
    (  # pandas alone would lose the last row
        "a row too short among old Mac line ends",
        "buy,note\n0,1\nb\n\r,\r",
        "v.csv",
        [f"line 3: expected 2 fields as in the header, found 1: {QUOTE}"],
    ),
    (
        "a quote that does not close in a long file",
        'buy,note\n0,a\n1,"b\n' + "0,c\n" * 40_000,
        "v.csv",
        ["line 3: expected a quote that closes, found none up to the end: close it, or take it out"],
    ),
    (
        "thousands separators",
        'time,pages,buy\n567.5,2,0\n"1,234",3,1\n,3,1\n',
        "v.csv",
        [
            "column 'time': expected numbers, found '1,234' in line 3: "
            f"it may be a decimal or have a thousands separator: write decimal points, {LEAVE}"
        ],
    ),
    (
        "thousands separators and decimal commas",
        'note;time;buy\n"a\n";1,5;2,5\n\nb;1.234,5;3\n',
        "v.csv",
        [
            "column 'time': expected numbers, found '1.234,5' in line 5: "
            f"other columns have decimal commas: write all numbers alike, {LEAVE}"
        ],
    ),
    (
        "decimal points and decimal commas",
        'note;time;buy\n"a\n";3;2,5\n\nb;1.25;3\n',
        "v.csv",
        [
            "column 'time': expected numbers, found '1.25' in line 5: "
            f"other columns have decimal commas: write all numbers alike, {LEAVE}"
        ],
    ),
    (
        "decimals or thousands",
        "time;buy\n1,234;0\n2,500;1\n",
        "v.csv",
        [
            "column 'time': expected numbers, found '1,234' in line 2: "
            f"it may be a decimal or have a thousands separator: write decimal points, {LEAVE}"
        ],
    ),
    (
        "quoted decimal commas, and apostrophes",
        'time,price,buy\n"2,5",5\'000.50,0\n3,12,1\n',
        "v.csv",
        [
            "column 'time': expected numbers, found '2,5' in line 2: "
            f"write it with a decimal point and without thousands separators, {LEAVE}",
            "column 'price': expected numbers, found \"5'000.50\" in line 2: write it with a decimal point and without "
            "thousands separators, or leave the column out with -S 'data.drop=[price]'",
        ],
    ),
    (
        "thousands separators in Parquet",
        parquet({"time": ["1,234.5", None, "7"], "buy": [0, 1, 0]}),
        "v.parquet",
        [
            "column 'time': expected numbers, found '1,234.5' in row 1: "
            f"write it with a decimal point and without thousands separators, {LEAVE}"
        ],
    ),
    (
        "lists and bytes in Parquet",
        parquet({"tags": [None, ["a"]], "raw": [b"a", b"b"], "buy": [0, 1]}),
        "v.parquet",
        [
            "column 'tags': expected numbers or text, found ndarray in row 2: convert it",
            "column 'raw': expected numbers or text, found bytes in row 1: convert it",
        ],
    ),
    (
        "names that repeat when stripped, in Parquet",
        parquet({"time": [1], "time ": [1], "": [1]}),
        "v.parquet",
        [
            "header: expected a name for every column, found none for column 3: "
            "name it, or leave the index out when saving",
            "header: expected different column names, found 'time' more than once: rename all but one",
        ],
    ),
    (
        "half a gzip file",
        WHOLE[: len(WHOLE) // 2],
        "v.csv.gz",
        [
            "expected a gzip file, found a broken one "
            "(Compressed file ended before the end-of-stream marker was reached): copy it again"
        ],
    ),
    (
        "text named .gz",
        b"time,buy\n1,0\n",
        "v.csv.gz",
        [
            "expected a gzip file, as its name says, found b'time,buy\\n1,0\\n': "
            "copy it again, or name it for what it is"
        ],
    ),
    (
        "text named .parquet",
        b"time,buy\n1,0\n",
        "v.parquet",
        [
            "expected a Parquet file, as its name says, found b'time,buy\\n1,0\\n': "
            "copy it again, or name it for what it is"
        ],
    ),
    (
        "zip of two",
        packed({"a.csv": VISITS, "b.csv": VISITS}),
        "v.zip",
        ["expected a zip file of one table, found 2 files: a.csv, b.csv: unpack it"],
    ),
    ("zip of none", packed({}), "v.zip", ["expected a zip file of one table, found 0 files: unpack it"]),
    (
        "packed twice",
        gzip.compress(gzip.compress(VISITS.encode())),
        "v.csv.gz",
        ["expected a table, found a packed file in a packed file: unpack it"],
    ),
    (
        "ARFF whose rows and attributes differ",
        ARFF.replace("120", "12O").replace("'not yet',?", "never,?"),
        "v.arff",
        [
            "column 'first visit': expected one of {yes, 'not yet'} as its attribute says, found 'never' in line 10: "
            "correct it",
            "column 'time': expected numbers as its attribute says, found '12O' in line 8: correct it",
        ],
    ),
    (
        "ARFF with a row too short",
        ARFF.replace("yes,120,0", "yes,120"),
        "v.arff",
        [f"line 8: expected 3 fields as in the header, found 2: {QUOTE}"],
    ),
    (
        "ARFF with attributes that are none",
        ARFF.replace("NUMERIC", "relational").replace("@attribute buy", "@attribut buy"),
        "v.arff",
        [
            "line 5: expected @attribute NAME and numeric, string, date or {CLASSES}, "
            "found '@attribute time relational': correct it",
            "line 6: expected @attribute NAME and numeric, string, date or {CLASSES}, "
            "found '@attribut buy {0,1}': correct it",
        ],
    ),
    (
        "sparse ARFF",
        ARFF[: ARFF.index("yes,120")] + "{1 120}\n",
        "v.arff",
        ["expected a value for each attribute, found a sparse ARFF file: save it dense, or as CSV"],
    ),
    ("ARFF without rows", ARFF[: ARFF.index("yes,120")], "v.arff", ["expected rows under the header, found none"]),
    (
        "ARFF cut off",
        ARFF[: ARFF.index("@DATA")],
        "v.arff",
        ["expected a line @data above the rows, found none: copy the file again"],
    ),
    (
        "svmlight with a value that is none",
        "1 1:0.5\n-1 2:x\n",
        "v.svmlight",
        ["line 2: expected a class and INDEX:VALUE pairs, found '-1 2:x': correct it"],
    ),
    (
        "svmlight too wide",
        "1 1:0.5\n-1 200000000:1\n",
        "v.svmlight",
        [
            "expected a table of at most 200,000,000 cells, found 2 rows by 200,000,000 features: "
            "choose among the features first"
        ],
    ),
]


@pytest.mark.parametrize(
    ("content", "name", "problems"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_what_is_not_a_table_is_refused(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]


BROKEN = {
    "v.csv.gz": (WHOLE, "a gzip file"),
    "v.csv.zst": (zstandard(VISITS.encode() * 1000), "a Zstandard file"),
    "v.zip": (packed({"v.csv": VISITS}), "a zip file"),
    "v.parquet": (parquet(READ), "a Parquet file"),
    "v.feather": (feather(READ), "a Feather file"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("part", [0.5, 0.95])
def test_a_binary_file_that_was_cut_off_is_refused(written, name, part):
    data, kind = BROKEN[name]
    (problem,) = refusal(written(data[: int(len(data) * part)], name))
    assert problem.startswith(f"{name}: expected {kind}, found a broken one (")
    assert problem.endswith("): copy it again")


def test_a_packed_file_with_flipped_bits_is_refused(written):
    flipped = bytearray(WHOLE)
    flipped[-6] ^= 0xFF
    (problem,) = refusal(written(bytes(flipped), "v.csv.gz"))
    assert problem.startswith("v.csv.gz: expected a gzip file, found a broken one (CRC check failed")


def test_a_path_that_is_no_file_names_the_nearest_tables(written, tmp_path):
    written(VISITS)
    written(VISITS, "other.csv.gz")
    written(VISITS, "notes.md")
    written("outs:", "tracked.csv.dvc")
    missing = tmp_path / "vists.csv"
    assert refusal(missing) == [f"{missing}: no such file; nearest: 'visits.csv': correct the path"]
    nowhere = tmp_path / "nowhere" / "vists.csv"
    assert refusal(nowhere) == [f"{nowhere}: no such file: correct the path"]
    there = "there is: 'other.csv.gz', 'visits.csv'"
    assert refusal(tmp_path) == [f"{tmp_path}: expected a file, found a folder; {there}: correct the path"]
    tracked = tmp_path / "tracked.csv"
    assert refusal(tracked) == [
        f"{tracked}: no such file here, but DVC tracks it: run `dvc pull {tracked}`",
    ]
    assert refusal(tmp_path / ("x" * 300))[0].endswith(
        ": expected a file to read, found none (File name too long): correct the path"
    )


TABLES = (
    "abalone_19.csv",
    "ann_thyroid.csv",
    "bank_small.csv",
    "car_vgood.csv",
    "ecoli_imU.csv",
    "letter_Z.csv.gz",
    "mammography.csv",
    "multi_glass.csv",
    "oil.csv",
    "pima.csv",
    "sales_data.csv",
    "thyroid_sick.csv",
    "us_crime.csv.gz",
)


@pytest.mark.parametrize("name", TABLES)
def test_real_tables_have_the_values_that_pandas_reads(shared, name):
    pd.testing.assert_frame_equal(
        read_table(shared / name), pd.read_csv(shared / name, low_memory=False), check_exact=True
    )


def shapes(data):
    """Rows and columns that Python's own reader finds, with each delimiter and encoding."""
    found = set()
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        for delimiter in ",;\t|":
            try:
                lines = io.StringIO(data.decode(encoding), newline="")
                records = list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
            except (UnicodeDecodeError, csv.Error):
                continue
            widths = [len(row) for row in records if len(row) > 1 or "".join(row).strip(" \t")]
            if len(set(widths)) == 1:
                found.add((len(widths) - 1, widths[0]))
    return found


TEXT = (
    VISITS.encode(),
    VISITS.replace(",", ";").replace(".", ",").encode(),
    VISITS.encode("utf-16"),
    b'a\tb\tc\n"x\ny"\t1\t2\n\n"p""q"\t3\t4\n',
    "größe|é\n1|ü\n".encode("cp1252"),
)
PACKED = (
    *((name, data) for name, (data, _) in BROKEN.items() if name != "v.csv.gz"),
    ("v.csv.gz", gzip.compress(VISITS.encode(), mtime=0)),
    ("v.arff", ARFF.encode()),
    ("v.svmlight", b"1 1:0.5 3:2\n-1 2:1\n"),
)
EDIT = st.tuples(
    st.floats(0, 1), st.integers(0, 6), st.binary(max_size=3) | st.text(",;\t|\"'\r\n 1.-x%@{:", max_size=4)
)


def outcome(data, name):
    """A table and no problems, or none and some."""
    try:
        return formats.read(data, name), []
    except InputError as error:
        return None, error.problems


def edited(data, edits):
    """Bytes of which some are taken out and others put in, each at a place from 0, the beginning, to 1, the end."""
    for place, out, into in edits:
        at = int(place * len(data))
        data = data[:at] + (into if isinstance(into, bytes) else into.encode()) + data[at + out :]
    return data


fuzzed = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@fuzzed
@given(data=st.binary(max_size=80) | st.builds(edited, st.sampled_from(TEXT), st.lists(EDIT, max_size=5)))
def test_any_text_gives_its_rows_and_columns_or_is_refused(data):
    table, problems = outcome(data, "v.csv")
    assert all("\n" not in problem for problem in problems)
    assert table is None or table.shape in shapes(data)


@fuzzed
@given(seed=st.sampled_from(PACKED), edits=st.lists(EDIT, max_size=4), cut=st.floats(0, 1) | st.just(1.0))
def test_any_other_file_gives_a_table_or_is_refused(seed, edits, cut):
    name, data = seed
    data = edited(data, edits)
    table, problems = outcome(data[: int(len(data) * cut)], name)
    assert all("\n" not in problem for problem in problems)
    if table is not None:
        assert len(table) > 0
        assert all(pd.api.types.is_numeric_dtype(t) or isinstance(t, pd.StringDtype) for t in table.dtypes)


CELL = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5).map(lambda t: f"x{t}x")


@fuzzed
@given(
    rows=st.lists(st.tuples(CELL, st.integers(-9, 9), st.floats(-1e9, 1e9)), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    pack=st.sampled_from([bytes, gzip.compress, zstandard, lambda data: packed({"v.csv": data})]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_written_table_reads_back(rows, delimiter, pack, encoding):
    table = pd.DataFrame(rows, columns=["some text", "n", "x"]).astype({"some text": "str"})
    text = table.to_csv(index=False, sep=delimiter, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    back = formats.read(pack(text.encode(encoding)), "v.csv")
    table["some text"] = table["some text"].str.replace("\r(?!\n)", "\n", regex=True)  # line ends of old Macs
    np.testing.assert_allclose(back.x, table.x, rtol=1e-15)  # pandas' own precision
    if table["some text"].isna().all():
        table, back = table.drop(columns="some text"), back.drop(columns="some text")
    pd.testing.assert_frame_equal(back.drop(columns="x"), table.drop(columns="x"))


@pytest.fixture
def database(tmp_path):
    """The address of a database with three visits."""
    with sqlite3.connect(tmp_path / "visits.db") as connection:
        connection.execute("create table visits (id integer, time real, page text, mixed, buy integer)")
        rows = [(2, 250.5, " home", 1, 1), (1, 120, "", "x", 0), (3, None, "shop", 2.5, 0)]
        connection.executemany("insert into visits values (?, ?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{tmp_path / 'visits.db'}"


def test_a_query_gives_a_table(database):
    table = read_sql(database, "select time, page, buy from visits order by id")
    expected = pd.DataFrame(
        {"time": [120.0, 250.5, np.nan], "page": pd.Series([None, "home", "shop"], dtype="str"), "buy": [0, 1, 0]}
    )
    pd.testing.assert_frame_equal(table, expected)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (
            "select *\nfrom visits",
            "expected a SELECT with ORDER BY, found 'select * from visits': without it a database may give the rows in "
            "another order each time",
        ),
        (
            "drop table visits -- order by id",
            "expected a SELECT with ORDER BY, found 'drop table visits -- order by id': without it a database may give "
            "the rows in another order each time",
        ),
        (
            "select * from visit order by id",
            "{}: expected rows, found an error (no such table: visit): correct address or query",
        ),
        (
            "select mixed, buy from visits order by id",
            "{}: column 'mixed': expected values of one type, found text in row 1, numbers in row 2: "
            "make them one type",
        ),
        ("select * from visits where id > 3 order by id", "{}: expected rows and columns, found none"),
    ],
    ids=["no order", "no select", "no such table", "mixed types", "no rows"],
)
def test_a_query_that_gives_no_table_is_refused(database, query, problem):
    with pytest.raises(InputError) as caught:
        read_sql(database, query)
    assert caught.value.problems == [problem.format(database)]


def test_an_address_that_leads_nowhere_is_refused_and_its_password_not_told(tmp_path):
    query = "select 1 order by 1"
    with pytest.raises(InputError, match=r"no\.db: no such file: correct the address$"):
        read_sql(f"sqlite:///{tmp_path / 'no.db'}", query)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match=r"^visits: expected rows, found an error \(Could not parse SQLAlchemy URL"):
        read_sql("visits", query)
    with pytest.raises(InputError, match=r"^nosuch://h/d: expected rows, found an error \(Can't load plugin"):
        read_sql("nosuch://h/d", query)
    with pytest.raises(InputError, match=r"^mysql://u:\*\*\*@h/d: needs the driver 'MySQLdb': pip install it$"):
        read_sql("mysql://u:secret@h/d", query)
    with pytest.raises(InputError, match=r"@127.0.0.1:1/d: expected rows, found an error") as caught:
        read_sql("postgresql+psycopg2://u:secret@127.0.0.1:1/d", query)
    assert "secret" not in str(caught.value)


def test_a_password_comes_from_the_environment(monkeypatch, tmp_path):
    query = "select 1 order by 1"
    with pytest.raises(
        InputError, match=r"^postgresql\+psycopg2: expected \$NO_SUCH in the environment, as data.sql.url"
    ):
        read_sql("postgresql+psycopg2://u:$NO_SUCH@h/d", query)
    monkeypatch.setenv("SHOP_PASSWORD", "p@ss/w:rd")
    asked = []

    def unconnected(address):
        asked.append(address)
        raise sqlalchemy.exc.ArgumentError("no such database")

    monkeypatch.setattr("sqlalchemy.create_engine", unconnected)
    with pytest.raises(InputError, match=r"^postgresql\+psycopg2://u:\*\*\*@h/d: expected rows, found an error"):
        read_sql("postgresql+psycopg2://u:$SHOP_PASSWORD@h/d", query)
    assert (asked[0].password, asked[0].host) == ("p@ss/w:rd", "h")


def test_a_fetched_table_is_kept_under_the_sha256_of_its_content(tmp_path):
    table = pd.DataFrame({"time": [0.1, np.nan], "code": ["01", "02"], "buy": [0, 1]})
    expected = hashlib.sha256(b"time,code,buy\n0.1,01,0\n,02,1\n").hexdigest()
    assert content_sha256(table) == expected
    asked = []

    def fetch():
        asked.append(1)
        return table

    for declared in (None, expected, expected):  # the first says which sha256 to declare
        got, found = cached(fetch, declared, origin="visits", folder=tmp_path)
        pd.testing.assert_frame_equal(got, table)
        assert found == expected
    assert len(asked) == 1
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"half")
    pd.testing.assert_frame_equal(cached(fetch, expected, origin="visits", folder=tmp_path)[0], table)
    assert len(asked) == 2
    with pytest.raises(InputError, match=rf"^expected sha256 {'0' * 64}, found {expected}: the table has changed"):
        cached(fetch, "0" * 64, origin="visits", folder=tmp_path)
    assert list(tmp_path.iterdir()) == [kept]
    assert kept.name.startswith(f"{expected}-")
    cached(fetch, expected, origin="another query", folder=tmp_path)  # may give the same, but is asked
    assert len(asked) == 4


def unreachable(*_, **__):
    raise URLError("no route")


def test_openml_without_a_network_says_what_to_fetch(monkeypatch):
    monkeypatch.setattr("sklearn.datasets.fetch_openml", unreachable)
    with pytest.raises(InputError) as caught:
        fetch_openml(310)
    assert caught.value.problems == [
        "OpenML 310: cannot be fetched (no route): where there is a network, download it from "
        "https://www.openml.org/d/310 as ARFF or Parquet, then give it with -S data=csv -S data.path=FILE"
    ]
    with pytest.raises(InputError, match=r"^OpenML 'mammography' version 1: cannot be fetched \(no route\): .*openml"):
        fetch_openml(name="mammography", version=1)


def test_an_openml_table_has_text_and_numbers(monkeypatch):
    frame = pd.DataFrame({"x": [1, 2], "class": pd.Categorical(["'-1'", "1"])})
    asked = []

    def answer(**which):
        asked.append({key: which[key] for key in which if key in ("data_id", "name", "version")})
        return type("Found", (), {"frame": frame})

    monkeypatch.setattr("sklearn.datasets.fetch_openml", answer)
    for which in ({"data_id": 310}, {"name": "visits"}, {"name": "visits", "version": 2}):
        table = fetch_openml(**which)
        pd.testing.assert_frame_equal(table, pd.DataFrame({"x": [1, 2], "class": ["'-1'", "1"]}))
    assert asked == [{"data_id": 310}, {"name": "visits", "version": "active"}, {"name": "visits", "version": 2}]


def test_imbalanced_learn_s_tables_without_a_network_say_what_to_fetch(monkeypatch, tmp_path):
    monkeypatch.setattr("imblearn.datasets._zenodo.urlopen", unreachable)
    with pytest.raises(InputError) as caught:
        fetch_imbalanced("mammography", folder=tmp_path)
    assert caught.value.problems == [
        "imbalanced-learn's mammography: cannot be fetched (no route): where there is a network, download "
        "https://zenodo.org/record/61452/files/benchmark-imbalanced-learn.tar.gz, "
        f"and unpack it into {tmp_path / 'zenodo'}"
    ]
    with pytest.raises(InputError, match=r"^imbalanced-learn has no table 'mamography'; nearest: 'mammography'"):
        fetch_imbalanced("mamography", folder=tmp_path)


def test_imbalanced_learn_s_tables_are_read_where_they_were_unpacked(monkeypatch, tmp_path):
    monkeypatch.setattr("imblearn.datasets._zenodo.urlopen", unreachable)
    (tmp_path / "zenodo").mkdir()
    np.savez(tmp_path / "zenodo" / "x25data.npz", data=np.array([[0.5, 1], [2, 3]]), label=np.array([-1, 1]))
    table = fetch_imbalanced("mammography", folder=tmp_path)
    pd.testing.assert_frame_equal(table, pd.DataFrame({"f0": [0.5, 2], "f1": [1.0, 3], "target": [-1, 1]}))


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        self.server.asked.append(self.path)
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("Content-Length", str(len(VISITS) + (100 if self.path == "/cut" else 0)))
        self.end_headers()
        self.wfile.write(VISITS.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield server
        server.shutdown()
        thread.join()


DIGEST = hashlib.sha256(VISITS.encode()).hexdigest()


def test_a_download_is_fetched_once_and_kept_under_its_sha256(server, tmp_path):
    paths = [download(f"{server.url}/visits.csv", DIGEST, folder=tmp_path / "kept") for _ in range(2)]
    assert paths == [tmp_path / "kept" / f"{DIGEST}.csv"] * 2
    assert paths[0].read_text() == VISITS
    assert sha256(paths[0]) == DIGEST
    assert server.asked == ["/visits.csv"]


def test_a_download_keeps_what_its_name_tells_of_its_format(server, tmp_path):
    for address, ending in (("a.Parquet?x=1.csv", ".parquet"), ("v1.2.csv.gz", ".csv.gz"), ("get?id=7", "")):
        path = download(f"{server.url}/{address}", None, folder=tmp_path)
        assert path == tmp_path / f"{DIGEST}{ending}"
        assert download(f"{server.url}/{address}", DIGEST, folder=tmp_path) == path
    assert len(server.asked) == 3


def test_a_spoilt_copy_is_fetched_again(server, tmp_path):
    (tmp_path / f"{DIGEST}.csv").write_text("half a ta")
    assert download(f"{server.url}/visits.csv", DIGEST, folder=tmp_path).read_text() == VISITS


def test_a_download_with_another_sha256_is_refused_and_not_written(server, tmp_path):
    with pytest.raises(InputError) as caught:
        download(f"{server.url}/visits.csv", "0" * 64, folder=tmp_path / "kept")
    assert str(caught.value) == (
        f"{server.url}/visits.csv: expected sha256 {'0' * 64}, found {DIGEST}: "
        "the file has changed at its source, and is not used"
    )
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("path", ["/gone", "/cut"])
def test_a_failed_download_says_which_file_to_put_where(server, tmp_path, path):
    with pytest.raises(InputError) as caught:
        download(server.url + path, DIGEST, folder=tmp_path)
    assert str(caught.value).startswith(f"{server.url}{path}: cannot be fetched (")
    assert str(caught.value).endswith(f"give it with -S data.path=FILE, or put it at {tmp_path / DIGEST}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/visits.csv", "visits.csv", "http://[::1/visits.csv"])
def test_a_dead_server_and_a_broken_address_are_input_errors(tmp_path, url):
    with pytest.raises(InputError, match="cannot be fetched"):
        download(url, DIGEST, folder=tmp_path)


def told(stage):
    """The sha256 that a run says to declare."""
    with pytest.raises(InputError) as caught:
        stage(ingest_stage)
    (problem,) = caught.value.problems
    said, digest = problem.split("=")
    return said, digest


def read_once_declared(project, stage, folder, *chosen):
    """What the first run says, and the labels that the second one finds, which fetches nothing."""
    project(*chosen)
    said, digest = told(stage)
    assert not (folder / "data/ingest").exists()
    project(*chosen, f"data.sha256={digest}")
    stage(ingest_stage)
    schema = read_json(folder / "data/ingest/schema.json")
    assert schema["sha256"] == digest
    return said, schema


def test_a_table_at_an_address_is_fetched_once_and_its_sha256_is_told(project, stage, server, tmp_path):
    chosen = ("data=url", f"data.url={server.url}/visits.csv", "data.target=buy", "data.name=visits")
    said, schema = read_once_declared(project, stage, tmp_path, *chosen)
    assert said == (
        "visits: fetched and kept, 2 rows, 3 columns: say that everyone is to get this table with -S data.sha256"
    )
    assert schema["features"] == ["time", "pages"]
    assert server.asked == ["/visits.csv"]
    project("data=url", "data.url=http://127.0.0.1:1/v.csv", f"data.sha256={DIGEST}", "data.target=buy")
    stage(ingest_stage)  # a copy is known by its bytes, wherever it came from


def test_a_copy_in_place_of_a_download_has_its_bytes(project, stage, server, tmp_path):
    chosen = ("data=url", f"data.url={server.url}/visits.csv", f"data.sha256={DIGEST}", "data.target=buy")
    project(*chosen, "data.path=copy.csv")
    (tmp_path / "copy.csv").write_text(VISITS)
    stage(ingest_stage)
    (tmp_path / "copy.csv").write_text(VISITS.replace("120", "121"))
    with pytest.raises(InputError, match=rf"^copy.csv: expected sha256 {DIGEST}, found .*: for a table of your own"):
        stage(ingest_stage)
    assert server.asked == []


def test_a_query_is_asked_once_and_its_sha256_is_told(project, stage, database, tmp_path):
    query = "data.sql.query='select time, page, buy from visits order by id'"
    chosen = ("data=sql", f"data.sql.url={database}", query, "data.target=buy")
    said, schema = read_once_declared(project, stage, tmp_path, *chosen)
    assert said.startswith("sql: fetched and kept, 3 rows, 3 columns")
    assert schema["features"] == ["time", "page"]
    (tmp_path / "visits.db").unlink()
    stage(ingest_stage)
    project(*chosen[:2], query.replace("time, ", ""), chosen[3], f"data.sha256={schema['sha256']}")
    with pytest.raises(InputError, match=r"visits\.db: no such file"):  # another query is another table
        stage(ingest_stage)


def test_tables_of_openml_and_imbalanced_learn_are_fetched_once_and_their_sha256_is_told(
    project, stage, monkeypatch, tmp_path
):
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "target": [-1, 1, -1]})
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda **_: type("Found", (), {"frame": frame}))
    chosen = ("data=openml", "data.openml.name=visits", "data.openml.version=1", "data.target=target")
    said, _ = read_once_declared(project, stage, tmp_path, *chosen)
    assert said.startswith("openml: fetched and kept, 3 rows, 2 columns")
    monkeypatch.setattr("sklearn.datasets.fetch_openml", unreachable)
    stage(ingest_stage)
    found = {"data": frame[["x"]].to_numpy(), "target": frame.target.to_numpy()}
    monkeypatch.setattr("imblearn.datasets.fetch_datasets", lambda **_: {"oil": type("Bunch", (), found)})
    shutil.rmtree(tmp_path / "data/ingest")
    said, schema = read_once_declared(project, stage, tmp_path, "data=imbalanced", "data.imbalanced=oil")
    assert said.startswith("imbalanced: fetched and kept, 3 rows, 2 columns")
    assert schema["features"] == ["f0"]
