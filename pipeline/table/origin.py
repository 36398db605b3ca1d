"""Where a table's rows are in its file, and how their values were interpreted."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from pipeline import formatting

KEY = "origin"  # in DataFrame.attrs, which columns inherit
CELLS = 3  # places shown in an error


@dataclass(frozen=True)
class Origin:
    """The place of each row in the file that a table was read from.

    Attributes
    ----------
    unit
        What the file counts: `line` of text, `row` of a sheet or of a typed file.
    first
        The number of the first row's line, where each row is one line.
    numbers
        Shape (n,): the number of each row's line, where some rows take several lines or lines are left out; else None.
    decimal
        The decimal mark of the file's numbers.
    text
        Columns that the file declares as text, even where all cells look like numbers.
    notes
        How values in the file were interpreted, a sentence each.
    left_out
        Rows of the other class that were not read; see `pipeline.table.negatives`.
    positive
        The label of the class that was read whole; None where all rows were read.
    """

    unit: str = "line"
    first: int = 2
    numbers: np.ndarray | None = None
    decimal: str = "."
    text: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    left_out: int = 0
    positive: Any = None

    def __deepcopy__(self, _: Any) -> Self:  # pandas copies attrs with every table that it makes
        return self

    def of(self, row: int) -> int:
        """The line of a row, which counts from 0."""
        return self.first + row if self.numbers is None else int(self.numbers[row])

    def where(self, rows: np.ndarray) -> str:
        """The lines of rows: "line 3", or "lines 3, 6, 7 and 2 more"."""
        return formatting.places(self.unit, [self.of(int(row)) for row in rows], CELLS)


def origin(table: pd.DataFrame | pd.Series) -> Origin:
    """Where the rows stand; where that isn't known, as in a text file whose first line is the header."""
    found = table.attrs.get(KEY)
    return found if isinstance(found, Origin) else Origin()


def placed(table: pd.DataFrame, place: Origin) -> pd.DataFrame:
    """The table with its origin."""
    table.attrs[KEY] = place
    return table


def noted(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """The table with more notes on its origin."""
    found = origin(table)
    return placed(table, replace(found, notes=(*found.notes, *notes)))
