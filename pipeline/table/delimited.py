"""Reads delimited text such as CSV, and refuses by line number what pandas would silently misread."""

import re
from collections import Counter
from collections.abc import Collection, Container, Sequence
from itertools import islice

import pandas as pd

from pipeline.errors import InputError
from pipeline.formatting import listed, name_text
from pipeline.table.cells import DECIMAL_COMMA, NUMBER, THOUSANDS_OR_DECIMAL, WHOLE, clean, is_text, matches, misread
from pipeline.table.dialect import DELIMITERS, SAMPLE, Dialect, Text, parse, records
from pipeline.table.encoding import utf8
from pipeline.table.row_lengths import no_short_rows, unclosed_quote, wrong_lengths


def read(data: bytes, *, drop: Container[str] = (), text: Container[str] = ()) -> pd.DataFrame:
    """The table in delimited text whose first line is the header.

    The delimiter (`,` `;` tab `|`) is detected, and so is a decimal comma unless the delimiter is a comma. Names and
    cells lose white space around them. Empty cells are missing. In columns of numbers or of true and false, the words
    in `MISSING`, such as NA, are missing too; in columns of text they are values. Numbers are read with pandas' default
    float_precision.

    Parameters
    ----------
    data
        In UTF-8, UTF-16 with a byte order mark, or Windows-1252.
    drop
        Columns that won't be used: they may hold numbers in another notation.
    text
        Columns that stay text even where all cells look like numbers.

    Raises
    ------
    InputError
        The text can't be read as a table; all problems are listed.
    """
    data = utf8(data)
    dialect = Dialect(_delimiter(data))
    _, last, fields = next(records(data, dialect))
    names = [name_text(name) for name in fields]
    start = 0
    for _ in range(last):
        start = data.find(b"\n", start) + 1 or len(data)
    textual = [place for place, name in enumerate(names) if name in text]
    return rows(Text(data, start, dialect, names), drop=drop, problems=header_problems(names), textual=textual)


def _delimiter(data: bytes) -> str:
    """The delimiter that splits the header, and most rows below it into as many fields."""
    fits: dict[str, tuple[float, int]] = {}  # fraction of records with as many fields as the header, and that number
    for delimiter in DELIMITERS:
        widths = [len(fields) for *_, fields in islice(records(data, Dialect(delimiter)), SAMPLE)]
        if widths and widths[0] > 1:
            fits[delimiter] = (widths.count(widths[0]) / len(widths), widths[0])
    most = max((fraction for fraction, _ in fits.values()), default=0)
    best = [delimiter for delimiter, (fraction, _) in fits.items() if fraction == most]
    if len(best) > 1:
        found = " and ".join(f"{DELIMITERS[delimiter]} ({fits[delimiter][1]} fields)" for delimiter in best)
        raise InputError(
            f"line 1: expected one delimiter, but {found} fit equally well. Quote cells that hold the other one, "
            "or save the file again with one delimiter."
        )
    if not best:
        lines = data.lstrip().splitlines() or [b""]
        raise InputError(
            "line 1: expected columns separated by commas, semicolons, tabs or vertical bars, "
            f"found {lines[0][:240].decode(errors='replace').strip()[:60]!r}. Save the file with commas."
        )
    return best[0]


def header_problems(names: Sequence[str]) -> list[str]:
    """What is wrong with the column names."""
    problems = []
    repeated = sorted(name for name, times in Counter(names).items() if name and times > 1)
    empty = [place for place, name in enumerate(names, 1) if not name]
    if repeated and all(re.fullmatch(NUMBER, name) for name in names):
        return [
            f"header: expected column names, found numbers, and {repeated[0]!r} more than once. Put a line of names "
            "above the rows."
        ]
    if empty:
        problems.append(
            f"header: column{'s' * (len(empty) > 1)} {listed(empty)} {'have' if len(empty) > 1 else 'has'} no name. "
            "Add a name, or save the table without its index."
        )
    if repeated:
        problems.append(
            f"header: expected different column names, found {listed(map(repr, repeated))} more than once. Rename the "
            "duplicates."
        )
    return problems


def rows(
    text: Text,
    *,
    drop: Container[str] = (),
    problems: Sequence[str] = (),
    textual: Collection[int] = (),
    missing: Sequence[str] = ("",),
) -> pd.DataFrame:
    """The table of `text`, which has at least two columns.

    Parameters
    ----------
    text
        The rows, and how to read them.
    drop
        See `read`.
    problems
        Problems of the header, raised together with those of the rows.
    textual
        Places of the columns that stay text even where all cells look like numbers.
    missing
        What stands for a missing value in a column of text.

    Raises
    ------
    InputError
        The rows can't be read; all problems are listed.
    """
    width = len(text.names)
    try:
        table, decimal = _parsed(text, drop)
    except pd.errors.ParserError as error:
        unread = [unclosed_quote(text)] if "EOF inside string" in str(error) else wrong_lengths(text)
        raise InputError([*problems, *unread] or f"expected delimited text, found {str(error).strip()!r}.") from None
    if table.empty:
        raise InputError([*problems, "expected rows below the header, found none."])
    # pandas turns extra fields of the first row into an index, and missing fields of any row into missing values.
    _, _, first = next(records(text.data, text.dialect, text.start))
    complete = len(first) == width and (bool(table[width - 1].notna().all()) or no_short_rows(text, len(table)))
    if not complete and (wrong := wrong_lengths(text)):
        raise InputError([*problems, *wrong])
    cleaned = clean(text, table, decimal, textual, missing)
    if found := [*problems, *misread(text, cleaned, decimal, drop, textual)]:
        raise InputError(found)
    return cleaned.set_axis(pd.Index(text.names, dtype="str"), axis=1)


def _parsed(text: Text, drop: Container[str]) -> tuple[pd.DataFrame, str]:
    """The table as pandas reads it, and its decimal mark."""
    if text.dialect.delimiter == ",":
        return parse(text), "."
    decimal = "."
    for sample in (1000, None):
        table = parse(text, nrows=sample, decimal=decimal)
        if decimal == "." and _has_decimal_commas(text, table, drop):
            decimal = ","
            table = parse(text, nrows=sample, decimal=decimal)
    return table, decimal


def _has_decimal_commas(text: Text, table: pd.DataFrame, drop: Container[str]) -> bool:
    """Whether a column clearly has decimal commas; in `1,234` alone the comma may separate thousands."""
    return any(
        is_text(column)
        and text.names[place] not in drop
        and matches(column, WHOLE, DECIMAL_COMMA)
        and not matches(column, WHOLE, THOUSANDS_OR_DECIMAL)
        for place, column in table.items()
    )
