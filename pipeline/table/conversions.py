"""Converts a column to numbers, whole numbers, booleans, dates, ordered levels or text."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from pipeline.formatting import ISO, label_text
from pipeline.table.origin import CELLS, Origin

BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}
DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d")
NAMED = ("%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%b %d %Y", "%B %d, %Y", "%B %d %Y") + (
    *("%d%b%Y", "%b-%d-%Y", "%d-%B-%Y", "%d/%b/%Y"),
)
WEEKDAYS = ("%a %d %b %Y", "%a, %d %b %Y", "%a %b %d %Y", "%a, %b %d, %Y", "%A, %B %d, %Y", "%A %d %B %Y")
SHORT = tuple(form.replace("%Y", "%y") for form in (*DAYS, *NAMED)) + ("%y-%m-%d",)
MONTHS = ("%b %Y", "%b-%Y", "%B %Y", "%B-%Y", "%b-%y", "%Y %b", "%m/%Y")  # their first day
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S.%f")
FORMATS = (
    ISO,
    *(day + time for day in (*DAYS, *NAMED, *WEEKDAYS, *SHORT) for time in TIMES),
    "%a %b %d %H:%M:%S %Y",
    *MONTHS,
)
MANY_DAYS, FEW_YEARS = 12, 3  # of two readings, the one with more days and so few years is right
TRIED = 100  # cells that choose the formats to try on all


class ColumnError(ValueError):
    """The values of a column aren't of the expected kind.

    Attributes
    ----------
    advice
        What to do, other than leaving the column out or declaring its kind; may be empty.
    kind
        The declaration with which the column can be used as it is; None where there is none.
    rows
        Places of the cells, from 0; None where it's about the whole column.
    """

    def __init__(
        self, message: str, advice: str = "", *, kind: str | None = None, rows: np.ndarray | None = None
    ) -> None:
        super().__init__(message)
        self.advice, self.kind, self.rows = advice, kind, rows

    def at(self, name: object, place: Origin) -> str:
        """The message with the column's name, and the lines of its cells."""
        where = "" if self.rows is None else f", {place.where(self.rows)}"
        return f"column {name!r}{where}: {self}."


def unexpected(column: pd.Series, rows: np.ndarray, expected: str, advice: str, kind: str | None = None) -> ColumnError:
    """The error for cells that aren't `expected`."""
    found = ", ".join(repr(value) for value in column.iloc[rows[:CELLS]])
    return ColumnError(f"expected {expected}, found {found}", advice, kind=kind, rows=rows)


def is_number(column: pd.Series) -> bool:
    """Whether a column's dtype is a number; booleans are none."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def as_text(column: pd.Series) -> pd.Series:
    """The column as text without spaces around it; empty text is missing."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.astype("str")
    return column.map(label_text, na_action="ignore").astype("str").replace("", np.nan)


def as_numeric(column: pd.Series) -> pd.Series:
    """The column as numbers: numpy's integers stay, everything else becomes float64."""
    if is_number(column):
        whole = isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu"
        return column if whole else column.astype("float64")
    if pd.api.types.is_bool_dtype(column):
        return column.astype("float64")
    text = as_text(column)
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    if (bad := np.flatnonzero(text.notna() & numbers.isna())).size:
        raise unexpected(column, bad, "numbers", "correct or empty these cells")
    return numbers


def as_integer(column: pd.Series) -> pd.Series:
    """The column as whole numbers."""
    numbers = as_numeric(column)
    exact = 2**53  # beyond it a float64 skips whole numbers
    if (bad := np.flatnonzero(numbers.notna() & ((numbers % 1 != 0) | (numbers.abs() > exact)))).size:
        raise unexpected(column, bad, "whole numbers", "correct these cells, or declare the column numeric")
    return numbers.astype("Int64")


def as_boolean(column: pd.Series) -> pd.Series:
    """The column as booleans."""
    text = as_text(column)
    truth = text.str.lower().map(BOOLEANS)
    if (bad := np.flatnonzero(text.notna() & truth.isna())).size:
        raise unexpected(column, bad, "true or false, yes or no, 1 or 0", "correct these cells")
    return truth.astype("boolean" if truth.isna().any() else "bool")


def as_ordinal(column: pd.Series, levels: list[str]) -> pd.Series:
    """The column as levels in this order."""
    text = as_text(column)
    if (bad := np.flatnonzero(text.notna() & ~text.isin(levels))).size:
        expected = f"one of {', '.join(map(repr, levels))}"
        raise unexpected(column, bad, expected, "declare all levels in order, or correct these cells")
    return text.astype(pd.CategoricalDtype(pd.Index(levels, dtype="str"), ordered=True))


def without_zone(column: pd.Series) -> pd.Series:
    """Points in time in UTC, without a time zone."""
    return column.dt.tz_convert(None) if isinstance(column.dtype, pd.DatetimeTZDtype) else column


def parsed(text: pd.Series, form: str) -> pd.Series:
    """Text as points in time; missing where this format doesn't read it."""
    return pd.to_datetime(text, format=form, errors="coerce", utc=True).dt.tz_convert(None)


def plausible(texts: Sequence[str]) -> list[str]:
    """The known formats that read most of these cells."""
    return [
        form
        for form in FORMATS
        if sum(_reads(form, text) for text in texts) > len(texts) / 2 and parsed(pd.Series(texts), form).notna().any()
    ]


def _reads(form: str, text: str) -> bool:
    """Whether Python's own parser, which is fast for one cell, reads it."""
    try:
        return bool(datetime.fromisoformat(text) if form == ISO else datetime.strptime(text, form))
    except ValueError:
        return form == ISO and text[:4].isdigit()  # pandas reads more of ISO 8601


def as_date(column: pd.Series, formats: tuple[str, ...] | list[str]) -> pd.Series:
    """The column as dates, by the one of these formats that reads every cell."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return without_zone(column)
    text = as_text(column)
    spelled = pd.Series(text.dropna().unique(), dtype="str")
    readings = {form: parsed(spelled, form) for form in _likely(spelled, formats)}
    best = max(readings, key=lambda form: int(readings[form].notna().sum()))  # the first where several are equal
    if not readings[best].notna().all():
        bad = np.flatnonzero(text.notna() & ~text.isin(spelled[readings[best].notna()]))
        raise unexpected(
            column,
            bad,
            "dates" if best == ISO else f"dates in the format {best}",
            "correct or empty these cells",
            "categorical",
        )
    whole = {form: read for form, read in readings.items() if read.notna().all()}
    whole = {form: read for form, read in whole.items() if _many_days_of_few_years(read)} or whole
    best = next(iter(whole))
    for other, read in whole.items():
        if (different := np.flatnonzero(read != whole[best])).size:
            at = int(different[0])
            both = " and ".join(
                f"{reading[at]:%Y-%m-%d} as {form}" for form, reading in ((best, whole[best]), (other, read))
            )
            raise ColumnError(
                f"expected unambiguous dates, found {spelled[at]!r}, which is {both}",
                kind=best,
            )
    return text.map(dict(zip(spelled, whole[best], strict=True))).astype(whole[best].dtype)


def _likely(spelled: pd.Series, formats: Sequence[str]) -> Sequence[str]:
    """The formats that read one of some cells spread over all of them; the first one if none does."""
    some = spelled.iloc[np.unique(np.linspace(0, len(spelled) - 1, TRIED).astype(int))] if len(spelled) else spelled
    return [form for form in formats if any(_reads(form, text) for text in some)] or formats[:1]


def _many_days_of_few_years(dates: pd.Series) -> bool:
    return bool(dates.dt.day.nunique() > MANY_DAYS and dates.dt.year.nunique() <= FEW_YEARS)
