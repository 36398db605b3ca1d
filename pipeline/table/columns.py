"""Says what each column is: numeric, integer, boolean, ordinal, date or categorical, from its values or as declared."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import label_text

KINDS = ("numeric", "integer", "boolean", "ordinal", "date", "categorical")
CELLS = 3  # rows named in an error
LEVELS = 10  # so few may be as many as the cells, or partly numbers (2, 3, 4, 5more), and still be levels
RECURS = 0.05  # share of the cells that each of these levels then has
LARGEST = 1e100  # beyond it, squares overflow
WORDS = {**dict.fromkeys(("true", "t", "yes", "y", "1"), True), **dict.fromkeys(("false", "f", "no", "n", "0"), False)}
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


def kind(column: pd.Series) -> str:
    """One of `KINDS`, by the dtype that `typed` gave the column."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "ordinal" if dtype.ordered else "categorical"
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if isinstance(dtype, pd.Int64Dtype):
        return "integer"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "date"
    return "numeric" if pd.api.types.is_numeric_dtype(dtype) else "categorical"


def categorical(X: pd.DataFrame) -> list[str]:
    """The names of the columns whose values are levels without an order."""
    return [str(name) for name, column in X.items() if kind(column) == "categorical"]


def typed(column: pd.Series, declared: Any = None) -> pd.Series:
    """The column in the dtype that says its kind, holes kept.

    Parameters
    ----------
    column
        As its source has it.
    declared
        What it is: one of `KINDS` but `ordinal`, a list of levels in order, which makes it ordinal, or the format of
        its dates, such as `%d/%m/%Y` or `ISO8601`. None tells by the values.

    Returns
    -------
    column
        numeric is float64 or a numpy integer; integer is Int64; boolean is bool, or with holes boolean; ordinal is an
        ordered category; date is datetime64; categorical is str.

    Raises
    ------
    ColumnError
        The values are not what was declared, or tell of no kind, or of more than one.
    """
    if isinstance(declared, list):
        return _ordinal(column, [label_text(level) for level in declared])
    if isinstance(declared, str) and ("%" in declared or declared == ISO):
        return _date(column, (declared,))
    if declared in (None, "numeric"):
        return _numeric(column) if declared or _is_number(column) else _told(column)
    if declared == "integer":
        return _integer(column)
    if declared == "boolean":
        return _boolean(column)
    if declared == "date":
        return _date(column, FORMATS)
    if declared == "categorical":
        return _text(column)
    mend = "give its levels in order, as in {size: [S, M, L]}" if declared == "ordinal" else "choose one of these"
    raise ColumnError(
        "data.columns: expected numeric, integer, boolean, categorical, date, a format of dates with %, or a list of "
        f"levels, found {declared!r}",
        mend,
    )


def declaration(source: pd.Series, column: pd.Series, declared: Any = None) -> Any:
    """What makes `typed` read other rows as it read `source`, whatever their values: a kind, levels, or a format.

    Parameters
    ----------
    source, column, declared
        What `typed` took, gave, and was told.
    """
    what = kind(column)
    if what == "ordinal":
        return column.cat.categories.tolist()
    if what != "date" or pd.api.types.is_datetime64_any_dtype(source):
        return what
    if isinstance(declared, str) and "%" in declared:
        return declared
    spelled = _text(source).dropna().drop_duplicates()
    return next(form for form in FORMATS if _parsed(spelled, form).equals(column[spelled.index]))


def out_of_reach(column: pd.Series) -> str | None:
    """What to say of a number that no computation survives; None if there is none."""
    if kind(column) not in ("numeric", "integer"):
        return None
    values = column.to_numpy(dtype=float, na_value=np.nan)
    infinite, huge = np.flatnonzero(np.isinf(values)), np.flatnonzero(np.abs(values) > LARGEST)
    if infinite.size:
        return f"expected finite numbers, found inf in {lines(infinite)}: correct or empty these cells"
    if huge.size:
        return (
            f"expected numbers within {LARGEST:g}, found {values[huge[0]]:g} in {lines(huge)}: "
            "correct or empty these cells, or use another unit"
        )
    return None


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


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _text(column: pd.Series) -> pd.Series:
    """The column as text without spaces around it; an empty cell is a hole."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.astype("str")
    return column.map(label_text, na_action="ignore").astype("str").replace("", np.nan)


def _told(column: pd.Series) -> pd.Series:
    """The column by what its values are."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = column.cat.categories
        return _ordinal(column, [label_text(level) for level in levels]) if column.cat.ordered else _text(column)
    if pd.api.types.is_bool_dtype(column):
        return _boolean(column)
    if pd.api.types.is_datetime64_any_dtype(column):
        return _utc(column)
    types = {type(value) for value in column.dropna()}
    if not types:
        raise ColumnError("expected values, found none at all", "")
    if types <= {bool, np.bool_}:
        return _boolean(column)
    if types <= {int, float, Decimal}:
        return _numeric(column)
    if str in types:
        return _read(column)
    try:
        return _utc(pd.to_datetime(column))
    except (TypeError, ValueError):
        found = next(iter(types)).__name__
        raise ColumnError(f"expected numbers, words or dates, found {found}", "make it one of these") from None


def _read(column: pd.Series) -> pd.Series:
    """A column of words as the numbers, dates or levels that they spell."""
    text = _text(column)
    levels = text.value_counts(sort=False)
    cells = int(levels.sum())
    if not cells:
        raise ColumnError("expected values, found none at all", "")
    spelled = pd.to_numeric(pd.Series(levels.index, index=levels.index), errors="coerce").notna()
    numbers = int(levels[spelled].sum())
    if numbers == cells:
        return _numeric(text)
    recurring = len(levels) <= LEVELS and levels.min() >= max(RECURS * cells, 2)
    if numbers > cells / 2 and not recurring:
        bad = np.flatnonzero(text.notna() & ~text.isin(levels.index[spelled]))
        raise ColumnError(
            f"expected numbers, {_cells(column, bad)}",
            f"correct or empty these cells, or say that it holds levels with {_declare(column, 'categorical')}",
        )
    head = pd.Series(levels.index[:20])
    formats = [form for form in FORMATS if _parsed(head, form).notna().mean() > 0.5]
    if formats:
        return _date(column, formats)
    if len(levels) > max(LEVELS, cells / 2):
        raise ColumnError(
            f"{len(levels):,} different values in {cells:,} cells, such as {levels.index[0][:40]!r}: ids or free text, "
            "of which a model learns nothing",
            f"say that they are levels with {_declare(column, 'categorical')}",
        )
    return text


def _numeric(column: pd.Series) -> pd.Series:
    """The column as numbers: numpy's integers stay, all else becomes float64."""
    if _is_number(column):
        whole = isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu"
        return column if whole else column.astype("float64")
    if pd.api.types.is_bool_dtype(column):
        return column.astype("float64")
    text = _text(column)
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    if (bad := np.flatnonzero(text.notna() & numbers.isna())).size:
        raise ColumnError(f"expected numbers, {_cells(column, bad)}", "correct or empty these cells")
    return numbers


def _integer(column: pd.Series) -> pd.Series:
    numbers = _numeric(column)
    exact = 2**53  # beyond it a float64 skips whole numbers
    if (bad := np.flatnonzero(numbers.notna() & ((numbers % 1 != 0) | (numbers.abs() > exact)))).size:
        raise ColumnError(
            f"expected whole numbers, {_cells(column, bad)}", "correct these cells, or declare it numeric"
        )
    return numbers.astype("Int64")


def _boolean(column: pd.Series) -> pd.Series:
    text = _text(column)
    truth = text.str.lower().map(WORDS)
    if (bad := np.flatnonzero(text.notna() & truth.isna())).size:
        raise ColumnError(f"expected true or false, yes or no, 1 or 0, {_cells(column, bad)}", "correct these cells")
    return truth.astype("boolean" if truth.isna().any() else "bool")


def _ordinal(column: pd.Series, levels: list[str]) -> pd.Series:
    if len(set(levels)) < max(2, len(levels)):
        raise ColumnError(
            f"data.columns: expected different levels in order, two or more, found {', '.join(levels)}",
            "name each once",
        )
    text = _text(column)
    if (bad := np.flatnonzero(text.notna() & ~text.isin(levels))).size:
        raise ColumnError(
            f"expected one of {', '.join(map(repr, levels))}, {_cells(column, bad)}",
            "name all levels in order, or correct these cells",
        )
    return text.astype(pd.CategoricalDtype(pd.Index(levels, dtype="str"), ordered=True))


def _utc(column: pd.Series) -> pd.Series:
    """Points in time without a zone, in UTC."""
    return column.dt.tz_convert(None) if isinstance(column.dtype, pd.DatetimeTZDtype) else column


def _parsed(text: pd.Series, form: str) -> pd.Series:
    """Text as points in time, a hole where this format does not read it."""
    return pd.to_datetime(text, format=form, errors="coerce", utc=True).dt.tz_convert(None)


def _date(column: pd.Series, formats: tuple[str, ...] | list[str]) -> pd.Series:
    """The column as dates, by the one of these formats that reads every cell."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return _utc(column)
    text = _text(column)
    spelled = pd.Series(text.dropna().unique(), dtype="str")
    ways = {form: _parsed(spelled, form) for form in formats}
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
