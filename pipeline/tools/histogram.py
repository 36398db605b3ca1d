"""Counts the values of a column for its histogram on the inspect page."""

import numpy as np
import pandas as pd

from pipeline.table import columns

BARS = 20


def bars(typed: pd.Series, rarest: np.ndarray) -> list[tuple[str, int, int]]:
    """Bars of a histogram: label, number of rows, and number of rows of the rarest class.

    Parameters
    ----------
    typed
        Shape (n,), from `columns.typed`.
    rarest
        Shape (n,): whether a row has the rarest class.
    """
    present = typed.notna().to_numpy()
    cells, rarest = typed[present], rarest[present]
    if cells.empty:
        return []
    if columns.kind(cells) in ("numeric", "integer", "date"):
        return _of_numbers(cells, rarest)
    return _of_levels(cells, rarest)


def _of_numbers(cells: pd.Series, rarest: np.ndarray) -> list[tuple[str, int, int]]:
    """Bars of equal width; the outermost include values below the 1st and above the 99th percentile."""
    dates = columns.kind(cells) == "date"
    numbers = (cells.astype("datetime64[s]").astype("int64") if dates else cells).to_numpy(dtype="float64")
    within = np.abs(numbers) <= columns.LARGEST
    numbers, rarest = numbers[within], rarest[within]
    if not len(numbers):
        return []
    low, high = np.quantile(numbers, [0.01, 0.99], method="nearest")
    low, high = (low, high) if low < high else (numbers.min(), numbers.max())
    edges = np.linspace(low, high, BARS + 1) if low < high else np.array([low, high])
    places = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
    counts, of_rarest = (np.bincount(p, minlength=len(edges) - 1) for p in (places, places[rarest]))
    shown = [str(np.datetime64(int(edge), "s"))[:10] if dates else f"{edge:g}" for edge in edges]
    labels = [f"{start} to {end}" for start, end in zip(shown, shown[1:], strict=False)]
    return [(label, int(a), int(b)) for label, a, b in zip(labels, counts, of_rarest, strict=True)]


def _of_levels(cells: pd.Series, rarest: np.ndarray) -> list[tuple[str, int, int]]:
    """A bar for each level, in order or by frequency, and one for all levels beyond the first."""
    levels = cells.astype(str)
    ordered = columns.kind(cells) == "ordinal"
    names = list(cells.cat.categories) if ordered else list(levels.value_counts().index)
    kept = names[: BARS - 1] if len(names) > BARS else names
    made = [(str(name), int((levels == name).sum()), int((levels[rarest] == name).sum())) for name in kept]
    if len(kept) < len(names):
        other = ~levels.isin(kept)
        made.append((f"{len(names) - len(kept):,} others", int(other.sum()), int(other[rarest].sum())))
    return made
