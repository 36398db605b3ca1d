"""Finds columns that identify rows."""

import pandas as pd

from pipeline.formatting import cell
from pipeline.measure.single_column import CLASSES
from pipeline.table import columns
from pipeline.tools.codes import words


def key_like(values: pd.Series, typed: pd.Series, kind: str | None) -> str | None:
    """Why a column looks like a row id; None if it doesn't."""
    if len(values) < 2 * CLASSES or values.nunique() < len(values):
        return None
    if kind is None and not pd.api.types.is_numeric_dtype(values):
        return f"a different value in every row, such as {cell(values.iloc[0])}"
    if kind not in ("numeric", "integer") or (typed.abs() > columns.LARGEST).any() or (typed % 1 != 0).any():
        return None
    first, last = cell(values.iloc[0]), cell(values.iloc[-1])
    if typed.is_monotonic_increasing or typed.is_monotonic_decreasing:
        return f"whole numbers in order, from {first} to {last}"
    named = any(word in ("id", "key", "uid", "uuid", "index", "nr", "no", "number") for word in words(values.name))
    if named or typed.max() - typed.min() < 2 * len(values):
        return f"a different whole number in every row, from {cell(values.min())} to {cell(values.max())}"
    return None
