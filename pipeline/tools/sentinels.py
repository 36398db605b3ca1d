"""Finds values that may mark missing ones: zeros, -1, -999, 9999, 9999-12-31."""

import numpy as np
import pandas as pd

from pipeline.formatting import share_of
from pipeline.measure.single_column import CLASSES, FEWEST
from pipeline.table import columns

SPREAD = 0.5  # zeros are apart if the next value is so many interquartile ranges of the others away,
GAPS = 3  # and so many times the largest gap between values in the lower half of the others
LIKELY_GAPS = 2.5  # the same, where another column of the table has such zeros
STEPS = 5  # and so many typical steps
NINES = tuple(float("9" * digits) for digits in range(2, 11))
DAY = 86400  # seconds
FIRST_DAYS = ("0001-01-01", "1753-01-01", "1900-01-01", "1970-01-01")  # with which systems begin to count


def zeros(typed: pd.Series, *, likely: bool = False) -> str | None:
    """Zeros far below all other values, which may stand for missing ones; None if there are none.

    Far is outside the distribution of the others. An amount of which there may be little, or nothing, is not like that:
    its values thin out towards zero.

    Parameters
    ----------
    typed
        Shape (n,), numbers.
    likely
        Whether zeros stand for missing values elsewhere in the table, so that less is enough.
    """
    cells = typed.dropna().to_numpy(dtype="float64")
    values = _usable(cells)
    count = int((cells == 0).sum())
    if len(values) < CLASSES or values[0] != 0 or count < max(FEWEST, 0.005 * len(cells)):
        return None
    others = cells[cells > 0]
    low, middle, high = np.quantile(others, [0.25, 0.5, 0.75])
    gap, gaps = values[1], np.diff(values[(values > 0) & (values <= middle)])
    widest = gaps.max() if len(gaps) else np.inf
    if likely:
        apart = gap >= LIKELY_GAPS * widest and gap >= STEPS * np.median(np.diff(values[1:]))
    else:
        apart = gap >= GAPS * widest and gap >= SPREAD * (high - low)
    return f"{share_of(count, len(cells))}; the next value is {gap:g}" if apart else None


def sentinels(typed: pd.Series, kind: str | None) -> str | None:
    """Values at either end that may stand for missing ones, with their rows; None if there are none.

    A number of nines, or a day with which systems begin or end their calendar, farther from all others than these are
    from each other; or one negative number, -1, -9, -99 or so, many times among others that are never negative.
    """
    cells = _numbers(typed.dropna(), kind)
    values = _usable(cells)
    if len(values) < 4:
        return None
    low, high = (_marks(values[place], kind) for place in (0, -1))
    others = values[int(low) : len(values) - int(high)]
    span = others[-1] - others[0]
    found = [values[0]] if low and others[0] - values[0] > span else []
    found += [values[-1]] if high and values[-1] - others[-1] > span else []
    often = (cells == values[0]).sum() >= max(FEWEST, 0.005 * len(cells))
    if not found and -values[0] in (1, 9, *NINES) and values[1] >= 0 and often and len(values) >= CLASSES:
        found = [values[0]]
    shown = (f"{_shown(each, kind)} in {share_of(int((cells == each).sum()), len(cells))}" for each in found)
    return "; ".join(shown) or None


def _numbers(cells: pd.Series, kind: str | None) -> np.ndarray:
    """Numbers as they are, dates as days since 1970."""
    if kind == "date":
        cells = cells.astype("datetime64[s]").astype("int64") // DAY
    numbers: np.ndarray = cells.to_numpy(dtype="float64")
    return numbers


def _usable(cells: np.ndarray) -> np.ndarray:
    """The different values, in order, without those that are refused for their size."""
    values: np.ndarray = np.unique(cells[np.abs(cells) <= columns.LARGEST])
    return values


def _marks(value: float, kind: str | None) -> bool:
    """Whether people and systems write this for a missing value."""
    if kind == "date":
        day = _shown(value, kind)
        return day in FIRST_DAYS or day >= "2999"
    return abs(value) in NINES


def _shown(value: float, kind: str | None) -> str:
    return str(np.datetime64(int(value), "D")) if kind == "date" else f"{value:.10g}"
