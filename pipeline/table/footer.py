"""Refuses a table whose last row is a total or a note."""

import re
from math import isfinite

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.table.origin import origin
from pipeline.table.reading import Reading

FEWEST = 10  # rows above it
NONZERO = 3  # of these, different from zero
EXACT = 1e-3  # relative: totals are rounded
WORDS = re.compile(
    r"(?:(?:grand |sub-?)?totals?|sum(?:me|ma|s)?|averages?|mean|mittelwert|gesamt|insgesamt|somme|moyenne|suma)"
    r"(?: of .*)?[:.]?|(?:source|note|quelle)s?: .*",
    re.IGNORECASE,
)


def refuse(table: pd.DataFrame, how: Reading) -> None:
    """Raise InputError if the last row has a word such as Total, or the sum of a column.

    Parameters
    ----------
    table
        As it is written in a file.
    how
        What the settings say about it. Columns that are left out or declared don't count.
    """
    if len(table) <= FEWEST:
        return
    found = None
    for name, column in table.items():
        if name in how.drop or name in how.text:
            continue
        last, above = column.iloc[-1], column.iloc[:-1]
        if isinstance(column.dtype, pd.StringDtype):
            if isinstance(last, str) and WORDS.fullmatch(last) and not (above == last).any():
                found = repr(last)
        elif pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column) and _is_sum(above, last):
            found = found or f"the sum of column {name!r}"
    if found:
        place = origin(table)
        raise InputError(
            f"{place.unit} {place.of(len(table) - 1)}: expected a row of the table, found a total or a note: {found}. "
            "Delete it."
        )


def _is_sum(above: pd.Series, last: float) -> bool:
    with np.errstate(over="ignore"):
        total = float(above.sum())
    near = isfinite(total) and abs(last - total) <= EXACT * total
    return near and (above > 0).sum() >= NONZERO and not (above < 0).any()
