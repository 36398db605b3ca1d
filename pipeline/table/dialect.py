"""Describes delimited text: its delimiter and quotes, its header, and the lines of its rows."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

from pipeline.table.marks import MISSING

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
SAMPLE = 200  # records from which the delimiter is detected

csv.field_size_limit(2**31 - 1)  # as in pandas, so that a quote that is never closed is reported as such


@dataclass(frozen=True)
class Dialect:
    """How the cells of a row are separated, quoted and escaped."""

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
        Byte in `data` where the first row begins.
    dialect
        How the cells of a row are separated.
    names
        Column names.
    """

    data: bytes
    start: int
    dialect: Dialect
    names: list[str]


def line_of(text: Text, row: int) -> int:
    """The line on which a row begins; rows count from 0, lines from 1."""
    return next(islice(records(text.data, text.dialect, text.start), row, None))[0]


def records(data: bytes, dialect: Dialect, start: int = 0) -> Iterator[tuple[int, int, list[str]]]:
    """First line, last line and fields of each record from byte `start` on; blank lines are skipped."""
    buffer = io.BytesIO(data)
    buffer.seek(start)
    line = ""

    def lines() -> Iterator[str]:
        nonlocal line
        for line in io.TextIOWrapper(buffer, encoding="utf-8", newline=""):  # noqa: UP028  read below
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
    """The rows as pandas reads them."""
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
        low_memory=False,  # read at once, so that a column has one type
    )


def line_number(data: bytes, place: int) -> int:
    """The number of the line that holds byte `place`; lines count from 1."""
    return 1 + data.count(b"\n", 0, place)
