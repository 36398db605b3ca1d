"""Cells of delimited text: which columns are numbers, and why one that nearly is cannot be read."""

import re
from collections.abc import Collection, Container, Sequence
from typing import Any

import pandas as pd

from pipeline.errors import given
from pipeline.table.dialect import MISSING, Text, line_of, parse

WHOLE = r"[+-]?[0-9]+"
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
DECIMAL_COMMA = r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?"
THOUSANDS = r"[+-]?[0-9]{1,3}(?:[.,'\u2019 \u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?"
THOUSANDS_OR_DECIMAL = r"[+-]?[1-9][0-9]{0,2},[0-9]{3}"


def is_text(column: pd.Series) -> bool:
    """Whether a column was read as text."""
    return isinstance(column.dtype, pd.StringDtype)


def matches(column: pd.Series, *patterns: str) -> bool:
    """Whether every cell matches one of `patterns`, and there is a cell."""
    pattern = f"\\s*(?:{'|'.join(patterns)})\\s*"
    cells = column.dropna()
    return len(cells) > 0 and all(part.str.fullmatch(pattern).all() for part in (cells.iloc[:100], cells))


def clean(
    text: Text, table: pd.DataFrame, decimal: str, textual: Collection[int], missing: Sequence[str]
) -> pd.DataFrame:
    """`table` with its text as it stands in the file, and numbers in place of what white space or length hid."""
    # pandas leaves whole numbers beyond 64 bits in an object column, as it does true and false with missing cells.
    again = [
        place
        for place, column in table.items()
        if place in textual or (is_text(column) and column.hasnans) or _long(column)
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


def _long(column: pd.Series) -> bool:
    return bool(column.dtype == object and pd.api.types.infer_dtype(column) != "boolean")


def strip(column: pd.Series) -> pd.Series:
    """A column of text without white space around its cells; the empty ones are missing."""
    stripped = column.str.strip()
    return stripped.mask(stripped == "")


def _numbers(stripped: pd.Series, decimal: str) -> pd.Series:
    """The numbers in a column of text that are all its cells but the missing ones, or else the column."""
    cells = stripped.mask(stripped.isin(MISSING))
    if decimal == "," and matches(cells, WHOLE, DECIMAL_COMMA):
        cells = cells.str.replace(",", ".", regex=False)
    elif decimal == "," or not matches(cells, NUMBER):
        return stripped
    return cells.astype("float64")


def misread(text: Text, table: pd.DataFrame, decimal: str, drop: Container[str], textual: Collection[int]) -> list[str]:
    """What to say of columns whose text is numbers in another notation."""
    problems = []
    for place, column in table.items():
        if place in textual or text.names[place] in drop or not is_text(column):
            continue
        row = unread_number(column, decimal)
        if row is not None:
            cell = column.iloc[row]
            reason = "write it with a decimal point and without thousands separators"
            if decimal == ",":
                reason = "other columns have decimal commas: write all numbers alike"
            elif re.fullmatch(THOUSANDS_OR_DECIMAL, cell):
                reason = "it may be a decimal or have a thousands separator: write decimal points"
            problems.append(not_a_number(text.names[place], cell, f"line {line_of(text, row)}", reason))
    return problems


def unread_number(column: pd.Series, decimal: str = ".") -> int | None:
    """The first row of a column of text whose cell is a number in another notation, if all its cells are numbers."""
    cells = column.mask(column.isin(MISSING))
    if not matches(cells, NUMBER, DECIMAL_COMMA, THOUSANDS):
        return None
    plain = NUMBER if decimal == "." else f"(?:{WHOLE}|{DECIMAL_COMMA})"
    odd = cells.notna() & ~cells.str.fullmatch(plain).fillna(False).astype(bool)
    return int(odd.to_numpy().argmax()) if odd.any() else None


def not_a_number(name: str, cell: str, where: str, reason: str) -> str:
    """The line that refuses a cell."""
    return (
        f"column {name!r}: expected numbers, found {cell!r} in {where}: {reason}, "
        f"or leave the column out with {given('data.drop', [name])}"
    )
