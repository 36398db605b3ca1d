"""The type of each column (numeric, integer, boolean, ordinal, date or categorical), inferred or as declared."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import ISO, label_text
from pipeline.table.conversions import (
    FORMATS,
    ColumnError,
    as_boolean,
    as_date,
    as_integer,
    as_numeric,
    as_ordinal,
    as_text,
    is_number,
    parsed,
    plausible,
    unexpected,
    without_zone,
)

KINDS = ("numeric", "integer", "boolean", "ordinal", "date", "categorical")
FEW_LEVELS = 10  # up to so many are levels even where most of them are numbers (2, 3, 4, 5more), if each recurs
RECURS = 0.05  # fraction of the cells that has each of these levels
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


def numbers(kinds: Mapping[str, Any]) -> list[str]:
    """The names of the columns of these kinds, or of these declarations, that hold numbers."""
    return [name for name, what in kinds.items() if what in ("numeric", "integer")]


def typed(column: pd.Series, declared: Any = None) -> pd.Series:
    """The column in the dtype of its kind; missing values stay missing.

    Parameters
    ----------
    column
        As read from its source.
    declared
        One of `KINDS` except `ordinal`; or a list of levels in order, which makes the column ordinal; or the format of
        its dates, such as `%d/%m/%Y` or `ISO8601`. None infers the kind from the values.

    Returns
    -------
    column
        numeric: float64 or a numpy integer; integer: Int64; boolean: bool, or boolean where values are missing;
        ordinal: an ordered category; date: datetime64; categorical: str.

    Raises
    ------
    ColumnError
        The values don't fit the declaration, or no kind fits them, or more than one.
    """
    if isinstance(declared, list):
        return as_ordinal(column, [label_text(level) for level in declared])
    if isinstance(declared, str) and ("%" in declared or declared == ISO):
        return as_date(column, (declared,))
    if declared in (None, "numeric"):
        return as_numeric(column) if declared or is_number(column) else _inferred(column)
    if declared == "integer":
        return as_integer(column)
    if declared == "boolean":
        return as_boolean(column)
    if declared == "date":
        return as_date(column, FORMATS)
    return as_text(column)


def declaration(source: pd.Series, column: pd.Series, declared: Any = None) -> Any:
    """The declaration that makes `typed` read other rows as it read `source`: a kind, levels or a date format.

    Parameters
    ----------
    source, declared
        The arguments of `typed`.
    column
        Its result.
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


def out_of_range(column: pd.Series) -> ColumnError | None:
    """The error for numbers that are infinite, or so large that computations overflow; None if there are none."""
    if kind(column) not in ("numeric", "integer"):
        return None
    values = column.to_numpy(dtype=float, na_value=np.nan)
    infinite, huge = np.flatnonzero(np.isinf(values)), np.flatnonzero(np.abs(values) > LARGEST)
    if infinite.size:
        return ColumnError("expected finite numbers, found inf", "correct or empty these cells", rows=infinite)
    if huge.size:
        return ColumnError(
            f"expected numbers up to {LARGEST:g}, found {values[huge[0]]:g}",
            "correct or empty these cells, or use a larger unit",
            rows=huge,
        )
    return None


def _inferred(column: pd.Series) -> pd.Series:
    """The column in the dtype of the kind that its values show."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = [label_text(level) for level in column.cat.categories]
        return as_ordinal(column, levels) if column.cat.ordered else as_text(column)
    if pd.api.types.is_bool_dtype(column):
        return as_boolean(column)
    if pd.api.types.is_datetime64_any_dtype(column):
        return without_zone(column)
    types = {type(value) for value in column.dropna()}
    if not types:
        raise ColumnError("all values are missing")
    if types <= {bool, np.bool_}:
        return as_boolean(column)
    if types <= {int, float, Decimal}:
        return as_numeric(column)
    if str in types:
        return _inferred_from_text(column)
    try:
        return without_zone(pd.to_datetime(column))
    except (TypeError, ValueError):
        found = next(iter(types)).__name__
        raise ColumnError(f"expected numbers, text or dates, found {found}", "convert the column") from None


def _inferred_from_text(column: pd.Series) -> pd.Series:
    """A column of text as numbers, dates or levels."""
    text = as_text(column)
    levels = text.value_counts(sort=False)
    cells = int(levels.sum())
    if not cells:
        raise ColumnError("all values are missing")
    spelled = pd.to_numeric(pd.Series(levels.index, index=levels.index), errors="coerce").notna()
    numbers = int(levels[spelled].sum())
    if numbers == cells:
        return as_numeric(text)
    recurring = len(levels) <= FEW_LEVELS and levels.min() >= max(RECURS * cells, 2)
    if numbers > cells / 2 and not recurring:
        bad = np.flatnonzero(text.notna() & ~text.isin(levels.index[spelled]))
        raise unexpected(column, bad, "numbers", "correct or empty these cells", "categorical")
    if formats := plausible(levels.index[:20]):
        return as_date(column, formats)
    if len(levels) > max(FEW_LEVELS, cells / 2):
        raise ColumnError(
            f"{len(levels):,} different values in {cells:,} cells, such as {levels.index[0][:40]!r}, look like ids or "
            "free text, which a model can't learn from",
            kind="categorical",
        )
    return text
