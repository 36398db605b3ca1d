"""Says what each column is: numeric, integer, boolean, ordinal, date or categorical, from its values or as declared."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import label_text
from pipeline.table.conversions import (
    FORMATS,
    ISO,
    ColumnError,
    _cells,
    _declare,
    as_date,
    as_text,
    boolean,
    integer,
    is_number,
    lines,
    numeric,
    ordinal,
    parsed,
    utc,
)

KINDS = ("numeric", "integer", "boolean", "ordinal", "date", "categorical")
LEVELS = 10  # so few may be as many as the cells, or partly numbers (2, 3, 4, 5more), and still be levels
RECURS = 0.05  # share of the cells that each of these levels then has
LARGEST = 1e100  # beyond it, squares overflow


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
        return ordinal(column, [label_text(level) for level in declared])
    if isinstance(declared, str) and ("%" in declared or declared == ISO):
        return as_date(column, (declared,))
    if declared in (None, "numeric"):
        return numeric(column) if declared or is_number(column) else _told(column)
    if declared == "integer":
        return integer(column)
    if declared == "boolean":
        return boolean(column)
    if declared == "date":
        return as_date(column, FORMATS)
    if declared == "categorical":
        return as_text(column)
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
    spelled = as_text(source).dropna().drop_duplicates()
    return next(form for form in FORMATS if parsed(spelled, form).equals(column[spelled.index]))


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


def _told(column: pd.Series) -> pd.Series:
    """The column by what its values are."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = column.cat.categories
        return ordinal(column, [label_text(level) for level in levels]) if column.cat.ordered else as_text(column)
    if pd.api.types.is_bool_dtype(column):
        return boolean(column)
    if pd.api.types.is_datetime64_any_dtype(column):
        return utc(column)
    types = {type(value) for value in column.dropna()}
    if not types:
        raise ColumnError("expected values, found none at all", "")
    if types <= {bool, np.bool_}:
        return boolean(column)
    if types <= {int, float, Decimal}:
        return numeric(column)
    if str in types:
        return _read(column)
    try:
        return utc(pd.to_datetime(column))
    except (TypeError, ValueError):
        found = next(iter(types)).__name__
        raise ColumnError(f"expected numbers, words or dates, found {found}", "make it one of these") from None


def _read(column: pd.Series) -> pd.Series:
    """A column of words as the numbers, dates or levels that they spell."""
    text = as_text(column)
    levels = text.value_counts(sort=False)
    cells = int(levels.sum())
    if not cells:
        raise ColumnError("expected values, found none at all", "")
    spelled = pd.to_numeric(pd.Series(levels.index, index=levels.index), errors="coerce").notna()
    numbers = int(levels[spelled].sum())
    if numbers == cells:
        return numeric(text)
    recurring = len(levels) <= LEVELS and levels.min() >= max(RECURS * cells, 2)
    if numbers > cells / 2 and not recurring:
        bad = np.flatnonzero(text.notna() & ~text.isin(levels.index[spelled]))
        raise ColumnError(
            f"expected numbers, {_cells(column, bad)}",
            f"correct or empty these cells, or say that it holds levels with {_declare(column, 'categorical')}",
        )
    head = pd.Series(levels.index[:20])
    formats = [form for form in FORMATS if parsed(head, form).notna().mean() > 0.5]
    if formats:
        return as_date(column, formats)
    if len(levels) > max(LEVELS, cells / 2):
        raise ColumnError(
            f"{len(levels):,} different values in {cells:,} cells, such as {levels.index[0][:40]!r}: ids or free text, "
            "of which a model learns nothing",
            f"say that they are levels with {_declare(column, 'categorical')}",
        )
    return text
