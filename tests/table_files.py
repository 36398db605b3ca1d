"""Tables of visits as files of every format, and the errors that reading them raises."""

import io
import zipfile

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

from pipeline.config import Data
from pipeline.errors import InputError
from pipeline.table.file import read_table
from pipeline.table.reading import Reading

VISITS = "time,pages,buy\n120,2,0\n250.5,3,1\n"
READ = pd.DataFrame({"time": [120.0, 250.5], "pages": [2, 3], "buy": [0, 1]})

QUOTE = "Quote cells that contain the delimiter or a line break, and complete short rows."
LEAVE = "or leave the column out with -S 'data.drop=[time]'."

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


def settings(**changed):
    """The settings of a table in a file with a target y."""
    given = dict.fromkeys(Data.model_fields)
    given |= {
        "name": "v",
        "path": "v.csv",
        "target": "y",
        "drop": [],
        "integers": False,
        "header": True,
        "skip_rows": 0,
    }
    return Data.model_validate(given | changed)


def refusal(path, **settings):
    """The problems for which reading a file is refused."""
    with pytest.raises(InputError) as caught:
        read_table(path, Reading(**settings))
    return caught.value.problems


def refused(*cases):
    """Parametrizes a test by a file's content and name, and the problems that follow its name; each case has an id."""
    return pytest.mark.parametrize(
        ("content", "name", "problems"), [case[1:] for case in cases], ids=[case[0] for case in cases]
    )
