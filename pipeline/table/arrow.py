"""Reads Parquet and Feather files, and converts typed columns to the dtypes that a CSV file would give."""

import datetime
import numbers
import re
from collections.abc import Callable, Container
from decimal import Decimal
from math import isnan, nan
from typing import Any
from uuid import UUID

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from pipeline.errors import InputError, broken
from pipeline.formatting import label_text, name_text
from pipeline.table import cells, delimited
from pipeline.table.notation import NUMBER
from pipeline.table.origin import KEY, Origin, origin, placed
from pipeline.table.room import refuse_unpacked

CELL = 1  # bytes of a value, at least
PANDAS_INDEX = re.compile(r"__index_level_\d+__")  # the index of a DataFrame, where it has no name
# What a damaged file makes pyarrow raise.
ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError, RuntimeError)
TYPES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("booleans", (bool,)),
    ("numbers", (numbers.Real, Decimal)),
    ("text", (str,)),
    ("dates", (datetime.date, datetime.time, datetime.timedelta, UUID)),
)


def parquet(data: bytes) -> pd.DataFrame:
    """The columns of a Parquet file."""
    return frame("a Parquet file", lambda: _all_rows(pyarrow.parquet.ParquetFile(pa.BufferReader(data))))


def _all_rows(file: Any) -> pa.Table:
    """The content of a Parquet file, which may be far larger than the file: equal values take no place in it."""
    about = file.metadata
    packed = sum(about.row_group(place).total_byte_size for place in range(about.num_row_groups))
    what = f"a table of {about.num_rows:,} rows and {about.num_columns:,} columns"
    refuse_unpacked(max(packed, CELL * about.num_rows * about.num_columns), what)
    return file.read()


def feather(data: bytes) -> pd.DataFrame:
    """The columns of a Feather file."""
    return frame("a Feather file", lambda: pyarrow.feather.read_table(pa.BufferReader(data)))


def frame(what: str, read: Callable[[], pa.Table]) -> pd.DataFrame:
    """The columns of an Arrow table, without the index that pandas may have saved.

    Parameters
    ----------
    what
        A name for the table's kind, such as "a Parquet file", for errors.
    read
        Gives the table.

    Raises
    ------
    InputError
        The table can't be read, or is damaged.
    """
    try:
        table = read()
        table.validate(full=True)
        kept = [place for place, name in enumerate(table.column_names) if not PANDAS_INDEX.fullmatch(name)]
        names = [table.column_names[place] for place in kept]
        bare = table.select(kept).rename_columns([str(i) for i in range(len(kept))])
        made = bare.to_pandas(ignore_metadata=True, split_blocks=True)  # numbers without holes are not copied
        made = made.astype(_categories(table, [table.column_names[place] for place in kept]))
    except InputError:
        raise
    except ERRORS as error:
        raise broken(what, error) from None
    return made.set_axis(pd.Index(names, dtype="str"), axis=1)


def _categories(table: pa.Table, names: list[str]) -> dict[str, pd.CategoricalDtype]:
    """By place, the type of each column that pandas wrote as categories, where the file keeps their values alone."""
    declared = {
        str(column["field_name"]): bool((column["metadata"] or {}).get("ordered"))
        for column in (table.schema.pandas_metadata or {}).get("columns", [])
        if column["pandas_type"] == "categorical"
    }
    return {
        str(place): pd.CategoricalDtype(ordered=declared[name])
        for place, name in enumerate(names)
        if name in declared and not pa.types.is_dictionary(table.schema.field(name).type)
    }


def columns(table: pd.DataFrame, *, drop: Container[str] = ()) -> pd.DataFrame:
    """The table with numpy's number types, and everything else as stripped text; empty text is missing.

    Parameters
    ----------
    table
        Shape (n, p), of any types.
    drop
        Columns that won't be used: no errors are raised about their values.

    Raises
    ------
    InputError
        There are no rows, or names are missing or repeated, or a column mixes types; all problems are listed.
    """
    names = [name_text(name) for name in table.columns]
    place_of = origin(table) if KEY in table.attrs else Origin("row", 1)
    problems = delimited.header_problems(names)
    if table.empty:
        problems.append("expected rows and columns, found none. Correct data.path or the query.")
    made: dict[int, pd.Series] = {}
    for place, name in enumerate(names):
        try:
            made[place] = _column(table.iloc[:, place].reset_index(drop=True), place_of)
        except InputError as error:
            if name in drop:
                made[place] = pd.Series(None, index=range(len(table)), dtype="float64")
            else:
                problems += [f"column {name!r}: {problem}" for problem in error.problems]
    if problems:
        raise InputError(problems)
    return placed(pd.DataFrame(made).set_axis(pd.Index(names, dtype="str"), axis=1), place_of)


def _column(column: pd.Series, place: Origin) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = pd.Index([label_text(level) for level in column.cat.categories], dtype="str")
        # Levels that are no numbers are recognized without the declaration.
        if levels.is_unique and (column.cat.ordered or all(re.fullmatch(NUMBER, level) for level in levels)):
            return column.cat.rename_categories(levels)
        column = column.astype(object)
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype("boolean" if column.hasnans else "bool")
    if pd.api.types.is_numeric_dtype(column.dtype):
        if isinstance(column.dtype, pd.api.extensions.ExtensionDtype):
            return column.astype("float64" if column.hasnans else column.dtype.type)
        return column
    if column.dtype == object:
        return _objects(column, place)
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        return column.dt.total_seconds()
    if not isinstance(column.dtype, pd.StringDtype):  # dates, times, periods
        column = column.astype("str").mask(column.isna())
    return cells.strip(column.astype("str"))


def _objects(column: pd.Series, place: Origin) -> pd.Series:
    """A column of Python objects as one type."""
    rows: dict[str, int] = {}
    for row, value in enumerate(column):
        if _is_there(value):
            rows.setdefault(
                next((kind for kind, types in TYPES if isinstance(value, types)), type(value).__name__), row
            )
    if set(rows) == {"numbers", "text"}:  # a word among numbers is asked about, as in a text file
        return cells.strip(pd.Series([label_text(v) if _is_there(v) else nan for v in column], dtype="str"))
    if len(rows) > 1:
        found = ", ".join(f"{kind} in {place.unit} {place.of(row)}" for kind, row in rows.items())
        raise InputError(f"expected values of one type, found {found}. Convert them to one type.")
    kind = next(iter(rows), "numbers")
    if kind not in dict(TYPES):
        raise InputError(
            f"expected numbers or text, found {kind} in {place.unit} {place.of(rows[kind])}. Convert the column."
        )
    if kind == "booleans":
        return column.astype("bool" if all(map(_is_there, column)) else "boolean")
    if kind == "numbers":
        return pd.Series([float(v) if _is_there(v) else nan for v in column], dtype="float64")
    return cells.strip(pd.Series([str(v) if _is_there(v) else nan for v in column], dtype="str"))


def _is_there(value: Any) -> bool:
    if value is None or value is pd.NA or value is pd.NaT:
        return False
    return not (isinstance(value, (float, Decimal)) and isnan(value))
