"""Decides which columns of delimited text are numbers, and refuses numbers in another notation."""

import re
from collections.abc import Collection, Container, Sequence
from typing import Any

import pandas as pd

from pipeline.errors import set_param
from pipeline.table.dialect import MISSING, Text, line_of, parse

WHOLE = r"[+-]?[0-9]+"
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
DECIMAL_COMMA = r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?"
THOUSANDS = r"[+-]?[0-9]{1,3}(?:[.,'\u2019 \u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?"
THOUSANDS_OR_DECIMAL = r"[+-]?[1-9][0-9]{0,2},[0-9]{3}"
PLAIN_NUMBERS = "Write numbers with a decimal point and without thousands separators"


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
            changed[place] = column.astype("float64")
    return pd.DataFrame({place: changed.get(place, column) for place, column in table.items()}) if changed else table


def _beyond_64_bits(column: pd.Series) -> bool:
    return bool(column.dtype == object and pd.api.types.infer_dtype(column) != "boolean")


def strip(column: pd.Series) -> pd.Series:
    """A column of text without white space around its cells; empty cells are missing."""
    stripped = column.str.strip()
    return stripped.mask(stripped == "")


def _numbers(stripped: pd.Series, decimal: str) -> pd.Series:
    """The column as numbers if all its values are numbers, else as it is."""
    cells = stripped.mask(stripped.isin(MISSING))
    if decimal == "," and matches(cells, WHOLE, DECIMAL_COMMA):
        cells = cells.str.replace(",", ".", regex=False)
    elif decimal == "," or not matches(cells, NUMBER):
        return stripped
    return cells.astype("float64")


def misread(text: Text, table: pd.DataFrame, decimal: str, drop: Container[str], textual: Collection[int]) -> list[str]:
    """An error message for each column of numbers in another notation."""
    found = []
    for place, column in table.items():
        if place in textual or text.names[place] in drop or not is_text(column):
            continue
        row = unread_number(column, decimal)
        if row is not None:
            cell = column.iloc[row]
            advice = PLAIN_NUMBERS
            if decimal == ",":
                advice = "Other columns have decimal commas. Write all numbers the same way"
            elif re.fullmatch(THOUSANDS_OR_DECIMAL, cell):
                advice = "The comma may mark decimals or thousands. Write decimal points"
            found.append((text.names[place], cell, f"line {line_of(text, row)}", advice))
    return not_numbers(found, drop)


def unread_number(column: pd.Series, decimal: str = ".") -> int | None:
    """In a column of text that has only numbers, the first row with a number in another notation."""
    cells = column.mask(column.isin(MISSING))
    if not matches(cells, NUMBER, DECIMAL_COMMA, THOUSANDS):
        return None
    plain = NUMBER if decimal == "." else f"(?:{WHOLE}|{DECIMAL_COMMA})"
    odd = cells.notna() & ~cells.str.fullmatch(plain).fillna(False).astype(bool)
    return int(odd.to_numpy().argmax()) if odd.any() else None


def not_numbers(found: Sequence[tuple[str, str, str, str]], drop: Container[str]) -> list[str]:
    """The error messages for cells with a number in another notation.

    Parameters
    ----------
    found
        Column, cell, its line or row, and what to do.
    drop
        Columns that are left out already.
    """
    left_out = [*(drop if isinstance(drop, Sequence) else ()), *(name for name, *_ in found)]
    leave_out = set_param("data.drop", left_out)
    return [
        f"column {name!r}, {where}: expected a number, found {cell!r}. {advice}, or leave the column out with "
        f"{leave_out}."
        for name, cell, where, advice in found
    ]
