"""Finds columns that identify rows, or have numbers with units."""

import pandas as pd

from pipeline.formatting import cell
from pipeline.measure.single_column import CLASSES
from pipeline.table import columns
from pipeline.table.cells import DECIMAL_COMMA, NUMBER, THOUSANDS
from pipeline.tools.codes import words

UNITS = 3  # most different units in one column


def key_like(values: pd.Series, typed: pd.Series, kind: str | None) -> str | None:
    """Why a column looks like a row id; None if it doesn't."""
    if len(values) < 2 * CLASSES or values.nunique() < len(values):
        return None
    if kind is None and not pd.api.types.is_numeric_dtype(values):
        return f"different in every row, such as {cell(values.iloc[0])}"
    if kind not in ("numeric", "integer") or (typed.abs() > columns.LARGEST).any() or (typed % 1 != 0).any():
        return None
    first, last = cell(values.iloc[0]), cell(values.iloc[-1])
    if typed.is_monotonic_increasing or typed.is_monotonic_decreasing:
        return f"whole numbers in order, from {first} to {last}"
    named = any(word in ("id", "key", "uid", "uuid", "index", "nr", "no", "number") for word in words(values.name))
    if named or typed.max() - typed.min() < 2 * len(values):
        return f"whole numbers, different in every row, from {cell(values.min())} to {cell(values.max())}"
    return None


def units(text: pd.Series) -> str | None:
    """An example, if a column of text has numbers with a unit, a currency or a percent sign; else None."""
    cells = text.dropna().astype(str)
    number = rf"(?:{NUMBER}|{THOUSANDS}|{DECIMAL_COMMA})"
    parts = cells.str.extract(rf"^([^\w\s+-]?)\s?({number})\s?([^\d\s]{{0,4}})$")
    units = (parts[0] + parts[2]).dropna()
    written = units[units != ""]
    if len(units) <= 0.9 * len(cells) or len(written) <= len(cells) / 2 or written.nunique() > UNITS:
        return None
    return f"such as {cell(cells[written.index[0]])}"
