"""Converts a column to numbers, whole numbers, truth values, dates, ordered levels or text."""

import numpy as np
import pandas as pd

from pipeline.formatting import label_text

CELLS = 3  # rows named in an error
TRUTH = {**dict.fromkeys(("true", "t", "yes", "y", "1"), True), **dict.fromkeys(("false", "f", "no", "n", "0"), False)}
NUMBERED = ("%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
NAMED = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")
ISO = "ISO8601"
FORMATS = (ISO, *(day + time for day in NUMBERED + NAMED for time in ("", " %H:%M", " %H:%M:%S")))


class ColumnError(ValueError):
    """A column cannot be what it should be: what was expected, what was found, and where.

    Attributes
    ----------
    mend
        What to do besides leaving the column out.
    """

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.mend = mend


def lines(rows: np.ndarray) -> str:
    """Where rows stand: line numbers of the file, of which the header is the first."""
    shown = ", ".join(str(row + 2) for row in rows[:CELLS])
    return f"line{'s' if len(rows) > 1 else ''} {shown}" + (
        f" and {len(rows) - CELLS:,} more" if len(rows) > CELLS else ""
    )


def _cells(column: pd.Series, bad: np.ndarray) -> str:
    """The first of the bad cells, and where they stand."""
    return f"found {', '.join(repr(value) for value in column.iloc[bad[:CELLS]])} in {lines(bad)}"


def _declare(column: pd.Series, what: str) -> str:
    return f"-S 'data.columns={{{column.name}: {what}}}'"


def is_number(column: pd.Series) -> bool:
    """Whether a column has numbers, and not truth values."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def as_text(column: pd.Series) -> pd.Series:
    """The column as text without spaces around it; an empty cell is a hole."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.astype("str")
    return column.map(label_text, na_action="ignore").astype("str").replace("", np.nan)


def numeric(column: pd.Series) -> pd.Series:
    """The column as numbers: numpy's integers stay, all else becomes float64."""
    if is_number(column):
        whole = isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu"
        return column if whole else column.astype("float64")
    if pd.api.types.is_bool_dtype(column):
        return column.astype("float64")
    text = as_text(column)
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    if (bad := np.flatnonzero(text.notna() & numbers.isna())).size:
        raise ColumnError(f"expected numbers, {_cells(column, bad)}", "correct or empty these cells")
    return numbers


def integer(column: pd.Series) -> pd.Series:
    """The column as whole numbers."""
    numbers = numeric(column)
    exact = 2**53  # beyond it a float64 skips whole numbers
    if (bad := np.flatnonzero(numbers.notna() & ((numbers % 1 != 0) | (numbers.abs() > exact)))).size:
        raise ColumnError(
            f"expected whole numbers, {_cells(column, bad)}", "correct these cells, or declare it numeric"
        )
    return numbers.astype("Int64")


def boolean(column: pd.Series) -> pd.Series:
    """The column as truth values."""
    text = as_text(column)
    truth = text.str.lower().map(TRUTH)
    if (bad := np.flatnonzero(text.notna() & truth.isna())).size:
        raise ColumnError(f"expected true or false, yes or no, 1 or 0, {_cells(column, bad)}", "correct these cells")
    return truth.astype("boolean" if truth.isna().any() else "bool")


def ordinal(column: pd.Series, levels: list[str]) -> pd.Series:
    """The column as levels in this order."""
    if len(set(levels)) < max(2, len(levels)):
        raise ColumnError(
            f"data.columns: expected different levels in order, two or more, found {', '.join(levels)}",
            "name each once",
        )
    text = as_text(column)
    if (bad := np.flatnonzero(text.notna() & ~text.isin(levels))).size:
        raise ColumnError(
            f"expected one of {', '.join(map(repr, levels))}, {_cells(column, bad)}",
            "name all levels in order, or correct these cells",
        )
    return text.astype(pd.CategoricalDtype(pd.Index(levels, dtype="str"), ordered=True))


def utc(column: pd.Series) -> pd.Series:
    """Points in time without a zone, in UTC."""
    return column.dt.tz_convert(None) if isinstance(column.dtype, pd.DatetimeTZDtype) else column


def parsed(text: pd.Series, form: str) -> pd.Series:
    """Text as points in time, a hole where this format does not read it."""
    return pd.to_datetime(text, format=form, errors="coerce", utc=True).dt.tz_convert(None)


def as_date(column: pd.Series, formats: tuple[str, ...] | list[str]) -> pd.Series:
    """The column as dates, by the one of these formats that reads every cell."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return utc(column)
    text = as_text(column)
    spelled = pd.Series(text.dropna().unique(), dtype="str")
    ways = {form: parsed(spelled, form) for form in formats}
    best = max(ways, key=lambda form: int(ways[form].notna().sum()))  # of equals the first
    if not ways[best].notna().all():
        bad = np.flatnonzero(text.notna() & ~text.isin(spelled[ways[best].notna()]))
        how = "" if best == ISO else f" as in {best}"
        raise ColumnError(
            f"expected dates{how}, {_cells(column, bad)}",
            f"correct or empty these cells, or say that it holds levels with {_declare(column, 'categorical')}",
        )
    for other in ways:
        if ways[other].notna().all() and not ways[other].equals(ways[best]):
            raise ColumnError(
                f"every cell is a date as {best} and as {other}, such as {spelled[0]!r}",
                f"say which with {_declare(column, chr(34) + best + chr(34))}",
            )
    return text.map(dict(zip(spelled, ways[best], strict=True))).astype(ways[best].dtype)
