"""Decides which columns of delimited text are plain numbers."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import set_param
from pipeline.table.dialect import Text, parse
from pipeline.table.marks import MISSING
from pipeline.table.notation import NUMBER

WHOLE = r"[+-]?[0-9]+"
DECIMAL_COMMA = r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?"
WINDOW = 2**16  # bytes that are looked at together, so that they stay in the processor's cache
THOUSANDS_OR_DECIMAL = r"[+-]?[1-9][0-9]{0,2},[0-9]{3}"


def is_text(column: pd.Series) -> bool:
    """Whether a column was read as text."""
    return isinstance(column.dtype, pd.StringDtype)


def matches(column: pd.Series, *patterns: str) -> bool:
    """Whether the column has values, and all of them match one of `patterns`."""
    pattern = f"\\s*(?:{'|'.join(patterns)})\\s*"
    cells = column.dropna()
    return len(cells) > 0 and all(part.str.fullmatch(pattern).all() for part in (cells.iloc[:100], cells))


def clean(
    text: Text, table: pd.DataFrame, decimal: str, textual: Collection[int], missing: Sequence[str]
) -> pd.DataFrame:
    """The table with text exactly as in the file, and with the numbers that pandas took for text.

    pandas reads numbers as text where they have spaces around them or more than 64 bits.
    """
    # Whole numbers beyond 64 bits come in an object column, and so do true and false with missing cells.
    again = [
        place
        for place, column in table.items()
        if place in textual or (is_text(column) and column.hasnans) or _beyond_64_bits(column)
    ]
    texts = parse(text, usecols=again, dtype="str", missing=missing) if again else pd.DataFrame()
    changed: dict[Any, pd.Series] = {}
    for place, column in table.items():
        if place in textual:
            changed[place] = strip(texts[place])
        elif is_text(column) or place in again:
            changed[place] = _numbers(strip(texts[place] if place in again else column), decimal)
        elif column.dtype == object:
            changed[place] = column.astype("boolean")
    return pd.DataFrame({place: changed.get(place, column) for place, column in table.items()}) if changed else table


def _beyond_64_bits(column: pd.Series) -> bool:
    return bool(column.dtype == object and pd.api.types.infer_dtype(column) != "boolean")


def strip(column: pd.Series) -> pd.Series:
    """A column of text without white space around its cells; empty cells are missing."""
    stripped = column.str.strip()
    return stripped.mask(stripped == "")


def zero_led(data: bytes, start: int) -> bool:
    """Whether a zero and another digit follow white space, a delimiter or a double quote from byte `start` on."""
    text = np.frombuffer(data, dtype=np.uint8)
    for begin in range(start, len(text) - 2, WINDOW):
        part = text[begin : begin + WINDOW + 2]
        before, zero, digit = part[:-2], part[1:-1] == ord("0"), part[2:] - ord("0") < 10
        between = before - ord("\t") < 5  # tab to carriage return, as a byte that is less wraps around
        for sign in b' ,;|"':
            between |= before == sign
        if (between & zero & digit).any():
            return True
    return False


def like_codes(cells: pd.Series) -> pd.Series:
    """Which cells are whole numbers that begin with a zero."""
    return cells.str.fullmatch(r"\s*0[0-9]+\s*").fillna(False).astype(bool)


def code_note(name: str, cells: pd.Series) -> str:
    """A note that a column with such cells was read as numbers."""
    return (
        f"column {name!r}: read cells such as {cells[like_codes(cells)].iloc[0].strip()!r} as numbers; if these are "
        f"codes, declare them with {set_param('data.columns', {name: 'categorical'})}"
    )


def _numbers(stripped: pd.Series, decimal: str) -> pd.Series:
    """The column as numbers if all its values are numbers, else as it is."""
    cells = stripped.mask(stripped.isin(MISSING))
    if decimal == "," and matches(cells, WHOLE, DECIMAL_COMMA):
        cells = cells.str.replace(",", ".", regex=False)
    elif decimal == "," or not matches(cells, NUMBER):
        return stripped
    return cells.astype("float64")
