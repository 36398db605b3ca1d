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
# Where many rows have them: answers such as "don't know" beside 99, and the ends of what integers hold.
ANSWERS = {float(digit * digits) for digit in "78" for digits in (2, 3, 4)} | {
    nines - less for nines in NINES[:3] for less in (1, 2, 3)
}
LIMITS = {2.0**bits - off for bits in (15, 16, 31, 32, 63) for off in (0, 1)}
ENORMOUS = 1e15
MOST = 4  # at either end
DAY = 86400  # seconds
LAST_DAY = "2078-12-31"  # 2079-06-06 and 2099-12-31 are the ends of calendars, too
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
    """Values at either end that may stand for missing ones, with their rows; None if there are none; see `markers`."""
    cells = _numbers(typed.dropna(), kind)
    shown = (
        f"{_shown(each, kind)} in {share_of(int((cells == each).sum()), len(cells))}" for each in _ends(cells, kind)
    )
    return "; ".join(shown) or None


def markers(values: pd.Series, typed: pd.Series, kind: str | None) -> list[str]:
    """Values at either end that may stand for missing ones, as `data.missing` takes them: as they are written.

    A number of nines, or a day with which systems begin or end their calendar, farther from all others than these are
    from each other; many times, also 777, 998, 65535 or so; or one negative number, -1, -9, -99 or so, many times among
    others that are never negative.

    Parameters
    ----------
    values
        Shape (n,), as read from the source.
    typed, kind
        The same, from `pipeline.table.columns.typed`.
    """
    there = typed.dropna()
    cells = _numbers(there, kind)
    found = _ends(cells, kind)
    if kind == "date":
        return list(map(str, values[there.index][np.isin(cells, found)].unique()[:MOST]))
    return [f"{each:.10g}" if abs(each) < ENORMOUS else repr(float(each)) for each in found]


def _ends(cells: np.ndarray, kind: str | None) -> list[float]:
    values = _usable(cells)
    if len(values) < 4:
        return []
    ends = (
        [_marks(each, kind, often=_often(cells, each)) for each in side]
        for side in (values[:MOST], values[: -MOST - 1 : -1])
    )
    low, high = (next((place for place in range(MOST) if not side[place]), MOST) for side in ends)
    others = values[low : len(values) - high]
    if len(others) < 2:
        return []
    span = others[-1] - others[0]
    found = [each for each in values[:low] if others[0] - each > span]
    first = values[0]
    if not found and -first in (1, 9, *NINES) and values[1] >= 0 and _often(cells, first) and len(values) >= CLASSES:
        others = values[max(low, 1) : len(values) - high]
        found = [first]
    return [*found, *(each for each in values[len(values) - high :] if each - others[-1] > others[-1] - others[0])]


def _often(cells: np.ndarray, value: float) -> bool:
    return bool((cells == value).sum() >= max(FEWEST, 0.005 * len(cells)))


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


def _marks(value: float, kind: str | None, *, often: bool) -> bool:
    """Whether people and systems write this for a missing value; `often`, if it is frequent."""
    if kind == "date":
        day = _shown(value, kind)
        return day in FIRST_DAYS or day >= LAST_DAY
    size = abs(value)
    return size in NINES or (often and (size in ANSWERS or size in LIMITS or size >= ENORMOUS))


def _shown(value: float, kind: str | None) -> str:
    return str(np.datetime64(int(value), "D")) if kind == "date" else f"{value:.10g}"
