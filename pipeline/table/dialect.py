"""Delimited text: its delimiter, its header, and the lines of its rows."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
MISSING = ("NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "<NA>", "#N/A", "?")
SAMPLE = 200  # records that tell the delimiter


@dataclass(frozen=True)
class Dialect:
    """How cells are told apart."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None


@dataclass(frozen=True)
class Text:
    """Rows of delimited text.

    Attributes
    ----------
    data
        All of the file, in UTF-8.
    start
        Where in `data` the first row begins, in bytes.
    dialect
        How the cells of a row are told apart.
    names
        Of the columns.
    """

    data: bytes
    start: int
    dialect: Dialect
    names: list[str]


def line_of(text: Text, row: int) -> int:
    """The line, from 1, on which row number `row`, from 0, begins."""
    return next(islice(records(text.data, text.dialect, text.start), row, None))[0]


def records(data: bytes, dialect: Dialect, start: int = 0) -> Iterator[tuple[int, int, list[str]]]:
    """First line, last line and fields of each record from byte `start` on; blank lines are none."""
    buffer = io.BytesIO(data)
    buffer.seek(start)
    line = ""

    def lines() -> Iterator[str]:
        nonlocal line
        for line in io.TextIOWrapper(buffer, encoding="utf-8", newline=""):  # noqa: UP028  it is looked at below
            yield line

    reader = csv.reader(
        lines(),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        skipinitialspace=True,
    )
    before = line_number(data, start) - 1
    first = before + 1
    for fields in reader:
        last = before + reader.line_num
        if len(fields) > 1 or last > first or line.strip(" \t\r\n"):
            yield first, last, fields
        first = last + 1


def parse(
    text: Text,
    *,
    decimal: str = ".",
    nrows: int | None = None,
    usecols: list[int] | None = None,
    dtype: Any = None,
    missing: Sequence[str] = ("", *MISSING),
) -> pd.DataFrame:
    """The rows of the text as pandas reads them, with these settings."""
    buffer = io.BytesIO(text.data)
    buffer.seek(text.start)
    return pd.read_csv(
        buffer,
        sep=text.dialect.delimiter,
        quotechar=text.dialect.quote,
        escapechar=text.dialect.escape,
        decimal=decimal,
        header=None,
        names=range(len(text.names)),
        usecols=usecols,
        nrows=nrows,
        dtype=dtype,
        skipinitialspace=True,
        keep_default_na=False,
        na_values=list(missing),
        low_memory=False,  # in one piece, so that a column has one type
    )


def line_number(data: bytes, place: int) -> int:
    """The number of the line, from 1, that holds byte `place`."""
    return 1 + data.count(b"\n", 0, place)
